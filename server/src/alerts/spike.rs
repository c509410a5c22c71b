//! How many a minute: counters of the issues that occur now, and which of them are in an episode of too many.
//!
//! Occurrences are counted when they happened, in slots of ten seconds; a rate is the sum of six in a row. An episode
//! begins when a rate is above a threshold, and ends when it has fallen to half of it, so that a rate that trembles
//! around the threshold is one episode. Episodes are kept in the store: a restart does not tell them again.

use std::collections::HashMap;

use crate::IssueId;
use crate::clock::MINUTE;

/// Milliseconds of a slot.
const SLOT: i64 = 10_000;
/// Slots of a minute.
const WINDOW: i64 = MINUTE / SLOT;
/// Slots kept: what is not a late replay finds its own.
const SLOTS: usize = 36;
/// Issues with counters, some 200 bytes each. Beyond, those that were quiet for a minute are forgotten, then all.
const MAX_ISSUES: usize = 8192;

/// Counters of all issues that occurred lately.
#[derive(Debug, Default)]
pub struct Spikes {
    counters: HashMap<IssueId, Counter>,
    /// Of each issue in an episode: the threshold that was told.
    episodes: HashMap<IssueId, f64>,
}

#[derive(Debug)]
struct Counter {
    counts: [f32; SLOTS],
    /// Number of the newest slot.
    newest: i64,
    /// The first slot that was counted here: before, nobody watched.
    since: i64,
}

/// What an occurrence does to the episode of its issue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Turn {
    /// Nothing to tell.
    Same,
    /// The rate is above thresholds that were not told yet.
    Above(Crossed),
    /// The episode is over.
    Over,
}

/// Thresholds that a rate has passed: above `from`, which was told before or is 0, up to `to`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crossed {
    /// The highest that was told before in the episode.
    pub from: f64,
    /// The highest that the rate is above.
    pub to: f64,
}

impl Counter {
    fn add(&mut self, slot: i64, weight: f64) {
        let fresh = (slot - self.newest).clamp(0, SLOTS as i64);
        for skipped in 0..fresh {
            if let Some(count) = self.counts.get_mut((slot - skipped).rem_euclid(SLOTS as i64) as usize) {
                *count = 0.0;
            }
        }
        self.newest = self.newest.max(slot);
        if let Some(count) = self.counts.get_mut(slot.rem_euclid(SLOTS as i64) as usize)
            && slot > self.newest - SLOTS as i64
        {
            *count += weight as f32;
        }
    }

    /// The count of the minute that ends with a slot.
    fn rate(&self, last: i64) -> f64 {
        let slots =
            (last - WINDOW + 1..=last).filter(|slot| *slot <= self.newest && *slot > self.newest - SLOTS as i64);
        slots.filter_map(|slot| self.counts.get(slot.rem_euclid(SLOTS as i64) as usize)).map(|c| f64::from(*c)).sum()
    }

    /// The highest of the minutes that a slot is part of.
    fn highest(&self, slot: i64) -> f64 {
        (slot..slot + WINDOW).map(|last| self.rate(last)).fold(0.0, f64::max)
    }
}

impl Spikes {
    /// Goes on with episodes that the store knows.
    pub fn resume(episodes: HashMap<IssueId, f64>) -> Self {
        Spikes { episodes, ..Spikes::default() }
    }

    /// Counts `weight` occurrences, evenly from `first` to `last`, of an issue that was quiet for `quiet` milliseconds
    /// before; `thresholds` are the rates a minute above which there is something to tell.
    pub fn count(
        &mut self,
        issue: IssueId,
        (first, last): (i64, i64),
        weight: f64,
        quiet: i64,
        thresholds: &[f64],
    ) -> Turn {
        let newest = last.div_euclid(SLOT);
        let slot = first.div_euclid(SLOT).clamp(newest - SLOTS as i64 + 1, newest);
        self.bound(newest);
        let counter = self.counters.entry(issue).or_insert(Counter { counts: [0.0; SLOTS], newest: slot, since: slot });
        let before = counter.rate(slot);
        let slots = slot..=newest;
        slots.clone().for_each(|one| counter.add(one, weight / (newest - slot + 1) as f64));
        let rate = slots.map(|one| counter.highest(one)).fold(0.0, f64::max);
        let told = self.episodes.get(&issue).copied();
        let has_watched = quiet >= MINUTE || slot - counter.since >= WINDOW;
        let is_over = told.is_some_and(|told| has_watched && newest == counter.newest && before <= told / 2.0);
        let base = told.filter(|_| !is_over).unwrap_or(0.0);
        match thresholds.iter().copied().filter(|one| rate > *one && *one > base).reduce(f64::max) {
            Some(to) => Turn::Above(Crossed { from: base, to }),
            None if is_over => Turn::Over,
            None => Turn::Same,
        }
    }

    /// It was told that an issue is above a threshold.
    pub fn told(&mut self, issue: IssueId, threshold: f64) {
        self.episodes.insert(issue, threshold);
    }

    /// An episode is over.
    pub fn over(&mut self, issue: IssueId) {
        self.episodes.remove(&issue);
    }

    fn bound(&mut self, now: i64) {
        if self.counters.len() >= MAX_ISSUES {
            self.counters.retain(|_, counter| counter.newest > now - WINDOW);
        }
        if self.counters.len() >= MAX_ISSUES {
            self.counters.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUE: IssueId = IssueId(1);

    fn above(from: f64, to: f64) -> Turn {
        Turn::Above(Crossed { from, to })
    }

    /// Counts as the ledger does: what is told is noted.
    fn count(spikes: &mut Spikes, time: i64, weight: f64, thresholds: &[f64]) -> Turn {
        let turn = spikes.count(ISSUE, (time, time), weight, 0, thresholds);
        match turn {
            Turn::Above(crossed) => spikes.told(ISSUE, crossed.to),
            Turn::Over => spikes.over(ISSUE),
            Turn::Same => {}
        }
        turn
    }

    #[test]
    fn once_an_episode_and_again_in_the_next() {
        let mut spikes = Spikes::default();
        let mut told = Vec::new();
        // Two a second for five minutes, five minutes of one in ten seconds, two a second again.
        for second in 0..900 {
            let is_busy = !(300..600).contains(&second);
            if is_busy || second % 10 == 0 {
                let weight = if is_busy { 2.0 } else { 1.0 };
                if let Turn::Above(_) = count(&mut spikes, second * 1000, weight, &[100.0]) {
                    told.push(second);
                }
            }
        }
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0] < 60 && (600..660).contains(&told[1]), "{told:?}");
    }

    #[test]
    fn a_rate_that_trembles_is_one_episode() {
        let mut spikes = Spikes::default();
        let turns: Vec<_> = (0..60)
            .map(|n| count(&mut spikes, n * SLOT, if n % 12 < 6 { 19.0 } else { 15.0 }, &[100.0]))
            .filter(|turn| *turn != Turn::Same)
            .collect();
        assert_eq!(turns, [above(0.0, 100.0)]);
    }

    #[test]
    fn exactly_as_many_as_allowed_are_allowed_and_weights_count() {
        let mut spikes = Spikes::default();
        assert!((0..10).all(|n| count(&mut spikes, n, 1.0, &[10.0]) == Turn::Same));
        assert_eq!(count(&mut spikes, 10, 1.0, &[10.0]), above(0.0, 10.0));
        assert_eq!(count(&mut Spikes::default(), 0, 10.5, &[10.0]), above(0.0, 10.0));
    }

    #[test]
    fn a_minute_is_any_minute_and_order_is_no_matter() {
        let times: Vec<i64> = (0..12).map(|n| 55_000 + n * 900).collect();
        for times in [times.clone(), times.into_iter().rev().collect()] {
            let mut spikes = Spikes::default();
            let told = times.iter().filter(|time| count(&mut spikes, **time, 1.0, &[10.0]) != Turn::Same).count();
            assert_eq!(told, 1);
        }
    }

    #[test]
    fn a_higher_threshold_is_told_on_its_own() {
        let mut spikes = Spikes::default();
        let turns: Vec<_> = (0..30).map(|n| count(&mut spikes, n, 1.0, &[10.0, 20.0])).collect();
        let told: Vec<_> = turns.into_iter().filter(|turn| *turn != Turn::Same).collect();
        assert_eq!(told, [above(0.0, 10.0), above(10.0, 20.0)]);
        assert_eq!(count(&mut Spikes::default(), 0, 30.0, &[10.0, 20.0]), above(0.0, 20.0));
    }

    #[test]
    fn a_restart_within_an_episode_tells_nothing_and_one_after_it_does() {
        let episodes = HashMap::from([(ISSUE, 10.0)]);
        let mut spikes = Spikes::resume(episodes.clone());
        assert!((0..30).all(|n| spikes.count(ISSUE, (n, n), 1.0, 1, &[10.0]) == Turn::Same));
        let mut spikes = Spikes::resume(episodes);
        assert_eq!(spikes.count(ISSUE, (0, 0), 1.0, MINUTE, &[10.0]), Turn::Over);
    }

    #[test]
    fn what_a_client_folded_is_spread_over_its_time() {
        let fold = |minutes: i64| Spikes::default().count(ISSUE, (0, minutes * MINUTE), 300.0, 0, &[100.0]);
        assert_eq!((fold(0), fold(1), fold(4)), (above(0.0, 100.0), above(0.0, 100.0), Turn::Same));
    }

    #[test]
    fn counters_are_bounded() {
        let mut spikes = Spikes::default();
        for n in 0..3 * MAX_ISSUES as i64 {
            spikes.count(IssueId(n), (0, 0), 1.0, 0, &[10.0]);
        }
        assert!(spikes.counters.len() <= MAX_ISSUES);
    }
}
