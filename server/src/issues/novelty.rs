//! Is this new? What one occurrence is worth telling: at most one thing.
//!
//! | status before | tells |
//! |---|---|
//! | (there was no issue) | new |
//! | ignored | unignored, if the condition has come; else nothing |
//! | any other | overflow, if it is the first of an hour that had no room for a new issue |
//! | resolved | regressed, if it is; else nothing |
//! | others | spike, if an episode of it begins; else recurred, after quiet; else a milestone |

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Change, Status};
use crate::clock::MINUTE;

/// Quiet for so long, and it occurs again.
pub const QUIET: i64 = 30 * MINUTE;
/// What comes later than this after it happened says nothing of now.
pub const LATE: i64 = 5 * MINUTE;

/// What can be told of an issue: the one list, for the feed, rules and channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// It is new.
    New,
    /// It was mended and is back.
    Regressed,
    /// The condition came until which it was ignored.
    Unignored,
    /// There are more of it in a minute than a rule allows.
    Spike,
    /// It was quiet for 30 minutes, and occurs again.
    Recurred,
    /// Its count passed 10, 50, 100, 500, ...
    Milestone,
    /// The project opened as many issues this hour as it may: what comes goes into one.
    Overflow,
}

/// What is known of an occurrence when it is counted.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'s> {
    /// Where the issue stood; `None` if the occurrence opened it.
    pub before: Option<&'s Status>,
    /// What it did to that.
    pub change: Option<Change>,
    /// Since the last occurrence before it.
    pub quiet: i64,
    /// From when it happened to when it came.
    pub delay: i64,
    /// There are now more of it in a minute than a rule allows, and that is not told yet.
    pub is_spike: bool,
    /// It passed a milestone.
    pub is_milestone: bool,
    /// It is the first this hour that would have opened an issue and may not.
    pub is_overflow: bool,
}

/// What to tell.
pub fn novelty(what: Circumstances<'_>) -> Option<Trigger> {
    let Some(before) = what.before else { return Some(Trigger::New) };
    match (before, what.change) {
        (Status::Ignored { .. }, None) => None,
        _ if what.is_overflow => Some(Trigger::Overflow),
        (_, Some(Change::Regressed)) => Some(Trigger::Regressed),
        (_, Some(Change::Unignored)) => Some(Trigger::Unignored),
        (Status::Resolved { .. }, None) => None,
        _ if what.is_spike && what.delay < LATE => Some(Trigger::Spike),
        _ if what.quiet > QUIET && what.delay < LATE => Some(Trigger::Recurred),
        _ if what.is_milestone => Some(Trigger::Milestone),
        _ => None,
    }
}

/// The highest of 10, 50, 100, 500, 1000, ... that is not above `count`; 0 below 10.
pub fn milestone(count: f64) -> u64 {
    let mut reached = 0;
    let mut next = 10;
    while next as f64 <= count && next < 1 << 60 {
        reached = next;
        next *= if next.to_string().starts_with('1') { 5 } else { 2 };
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::issues::{Ignored, Resolved};

    #[test]
    fn milestones() {
        let reached = |count: f64| milestone(count);
        assert_eq!(
            [0.0, 9.9, 10.0, 49.0, 50.0, 100.0, 499.9, 7000.0, 1e4].map(reached),
            [0, 0, 10, 10, 50, 100, 100, 5000, 10_000]
        );
    }

    /// Every status with every trigger, alone and with all that come after it.
    #[test]
    fn the_table() {
        let resolved = Status::Resolved { at: 0, resolved: Resolved::Now };
        let ignored = Status::Ignored { ignored: Ignored::Forever };
        let (quiet, delay, is_overflow) = (0, 0, false);
        let plain = Circumstances {
            before: None,
            change: None,
            quiet,
            delay,
            is_spike: false,
            is_milestone: false,
            is_overflow,
        };
        let triggers = [
            (Circumstances { change: Some(Change::Regressed), ..plain }, Trigger::Regressed),
            (Circumstances { change: Some(Change::Unignored), ..plain }, Trigger::Unignored),
            (Circumstances { is_spike: true, ..plain }, Trigger::Spike),
            (Circumstances { quiet: QUIET + 1, ..plain }, Trigger::Recurred),
            (Circumstances { is_milestone: true, ..plain }, Trigger::Milestone),
        ];
        let open: &[Trigger] = &[Trigger::Spike, Trigger::Recurred, Trigger::Milestone];
        let tells = [
            (Status::Unresolved, open),
            (Status::Acknowledged, open),
            (Status::Regressed, open),
            (resolved, &[Trigger::Regressed]),
            (ignored, &[Trigger::Unignored]),
        ];
        for (status, told) in &tells {
            let before = Some(status);
            assert_eq!(novelty(Circumstances { before, ..plain }), None, "{status:?}");
            for (at, (trigger, event)) in triggers.iter().enumerate() {
                // What no status can be moved by is not asked.
                if trigger.change.is_some() && !told.contains(event) {
                    continue;
                }
                let alone = novelty(Circumstances { before, ..*trigger });
                assert_eq!(alone, told.contains(event).then_some(*event), "{status:?} {event:?}");
                let later = &triggers[at + 1..];
                let quiet = trigger.quiet.max(later.iter().map(|(t, _)| t.quiet).max().unwrap_or(0));
                let is_spike = trigger.is_spike || later.iter().any(|(t, _)| t.is_spike);
                let all =
                    Circumstances { before, change: trigger.change, quiet, is_spike, is_milestone: true, ..plain };
                assert_eq!(novelty(all), told.contains(event).then_some(*event), "{status:?} {event:?} with others");
                assert_eq!(novelty(Circumstances { before: None, ..all }), Some(Trigger::New));
                let is_silent = matches!(status, Status::Ignored { .. }) && trigger.change.is_none();
                let full = novelty(Circumstances { is_overflow: true, ..all });
                assert_eq!(full, (!is_silent).then_some(Trigger::Overflow), "{status:?} {event:?} without room");
            }
        }
    }

    /// What comes late says nothing of now, and its count is a count.
    #[test]
    fn late_replays() {
        let before = Some(&Status::Unresolved);
        let (quiet, delay, is_overflow) = (QUIET + 1, LATE, false);
        let loud =
            Circumstances { before, change: None, quiet, delay, is_spike: true, is_milestone: true, is_overflow };
        assert_eq!(novelty(loud), Some(Trigger::Milestone));
        assert_eq!(novelty(Circumstances { delay: LATE - 1, ..loud }), Some(Trigger::Spike));
        assert_eq!(novelty(Circumstances { delay: LATE - 1, is_spike: false, ..loud }), Some(Trigger::Recurred));
        assert_eq!(
            novelty(Circumstances { delay: 0, quiet: QUIET, is_spike: false, ..loud }),
            Some(Trigger::Milestone)
        );
    }
}
