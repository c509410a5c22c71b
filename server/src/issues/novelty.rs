//! Is this new? What one occurrence is worth telling: at most one thing.
//!
//! | status before | tells |
//! |---|---|
//! | (there was no issue) | new |
//! | resolved | regressed, if it is; else nothing |
//! | ignored | unignored, if the condition has come; else nothing |
//! | others | recurred, after quiet; else a milestone |

use super::{Change, Status};
use crate::clock::MINUTE;
use crate::store::Event;

/// Quiet for so long, and it occurs again.
pub const QUIET: i64 = 30 * MINUTE;
/// What comes later than this after it happened says nothing of now.
pub const LATE: i64 = 5 * MINUTE;

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
    /// It passed a milestone.
    pub is_milestone: bool,
}

/// What to tell.
pub fn novelty(what: Circumstances<'_>) -> Option<Event> {
    let Some(before) = what.before else { return Some(Event::New) };
    match (before, what.change) {
        (_, Some(Change::Regressed)) => Some(Event::Regressed),
        (_, Some(Change::Unignored)) => Some(Event::Unignored),
        (Status::Resolved { .. } | Status::Ignored { .. }, None) => None,
        _ if what.quiet > QUIET && what.delay < LATE => Some(Event::Recurred),
        _ if what.is_milestone => Some(Event::Milestone),
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

    /// Every status with every trigger.
    #[test]
    fn the_table() {
        let resolved = Status::Resolved { at: 0, resolved: Resolved::Now };
        let ignored = Status::Ignored { ignored: Ignored::Count(5) };
        let open = [Status::Unresolved, Status::Acknowledged, Status::Regressed];
        let plain = Circumstances { before: None, change: None, quiet: 0, delay: 0, is_milestone: false };
        let loud = Circumstances { quiet: QUIET + 1, is_milestone: true, ..plain };
        assert_eq!(novelty(loud), Some(Event::New));
        for status in &open {
            let before = Some(status);
            assert_eq!(novelty(Circumstances { before, ..plain }), None);
            assert_eq!(novelty(Circumstances { before, ..loud }), Some(Event::Recurred));
            assert_eq!(novelty(Circumstances { before, delay: LATE, ..loud }), Some(Event::Milestone));
            assert_eq!(novelty(Circumstances { before, quiet: QUIET, ..loud }), Some(Event::Milestone));
        }
        for (status, change, told) in
            [(&resolved, Change::Regressed, Event::Regressed), (&ignored, Change::Unignored, Event::Unignored)]
        {
            let before = Some(status);
            assert_eq!(novelty(Circumstances { before, ..loud }), None);
            assert_eq!(novelty(Circumstances { before, change: Some(change), ..loud }), Some(told));
        }
    }
}
