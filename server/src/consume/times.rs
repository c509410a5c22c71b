//! When it really happened: clients' clocks are wrong in all ways, and no event is refused for it.

use crate::clock::{DAY, MINUTE};

/// Below, the difference between two clocks is the network's.
const TOLERANCE: i64 = MINUTE;
/// Clients keep events for days, not for months: an older time is a clock that was never set.
const MAX_AGE: i64 = 30 * DAY;

/// A time that was changed, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Corrected {
    /// Milliseconds since 1970.
    pub time: i64,
    /// What was done to it.
    pub remark: Option<&'static str>,
}

/// The time of an event that says `claimed`, in an envelope that says it was sent at `sent`, and was `received`.
pub fn correct(claimed: i64, sent: Option<i64>, received: i64) -> Corrected {
    let drift = sent.map_or(0, |sent| received.saturating_sub(sent));
    let (time, remark) = if drift.saturating_abs() > TOLERANCE {
        (claimed.saturating_add(drift), Some("clock_drift"))
    } else {
        (claimed, None)
    };
    if time > received.saturating_add(TOLERANCE) {
        Corrected { time: received, remark: Some("future") }
    } else if time < received - MAX_AGE {
        Corrected { time: received, remark: Some("ancient") }
    } else {
        Corrected { time: time.min(received), remark }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::HOUR;

    #[test]
    fn clocks() {
        let now = 1_700_000_000_000;
        let is = |claimed, sent, time, remark| assert_eq!(correct(claimed, sent, now), Corrected { time, remark });
        is(now - 50, Some(now - 10), now - 50, None);
        is(now + 50, None, now, None);
        // An hour fast, an hour slow: what lies between capture and sending is kept.
        is(now + HOUR - 500, Some(now + HOUR), now - 500, Some("clock_drift"));
        is(now - HOUR - 500, Some(now - HOUR), now - 500, Some("clock_drift"));
        // From the spool of days ago.
        is(now - 3 * DAY, Some(now), now - 3 * DAY, None);
        is(now + HOUR, None, now, Some("future"));
        is(5, None, now, Some("ancient"));
        is(i64::MIN, Some(i64::MAX), now, Some("ancient"));
    }
}
