//! How long to leave a server alone that did not answer, or not as it should.

use std::time::{Duration, Instant};

use crate::protocol::random_u64;

/// The first wait is up to this long; each further failure doubles it.
const FIRST: Duration = Duration::from_millis(500);
/// No wait is longer, but for what the server itself asks for.
const LONGEST: Duration = Duration::from_secs(60);
/// No wait is shorter: chance may say nothing at all.
const SHORTEST: Duration = Duration::from_millis(20);
/// `Retry-After` of a server that is down is believed up to this long.
const LONGEST_ASKED: Duration = Duration::from_secs(5 * 60);

/// Exponential backoff with full jitter: a wait of any length up to the limit, so that the clients of a server that
/// comes back do not come back all at once. Times are given by the caller, by a clock that cannot be set.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
    until: Option<Instant>,
    /// As long as the server itself asked for: nobody passes that.
    asked_until: Option<Instant>,
}

impl Backoff {
    /// Another failure at `now`; `asked` is what the server asked for.
    pub fn fail(&mut self, now: Instant, asked: Option<Duration>) {
        let limit = FIRST.saturating_mul(1 << self.failures.min(16)).min(LONGEST);
        let share = random_u64() as f64 / u64::MAX as f64;
        let wait = limit.mul_f64(share).max(SHORTEST);
        self.failures = self.failures.saturating_add(1);
        self.until = Some(now + wait);
        self.asked_until = asked.map(|asked| now + asked.min(LONGEST_ASKED));
    }

    /// The server took something.
    pub fn succeed(&mut self) {
        *self = Backoff::default();
    }

    /// How much longer to wait at `now`; `None` when it is over. Who is in a `hurry` waits only for what the server
    /// asked for.
    pub fn left(&self, now: Instant, hurry: bool) -> Option<Duration> {
        let until = self.until.filter(|_| !hurry).max(self.asked_until)?;
        until.checked_duration_since(now).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each wait lies within its limit, the limits double up to the longest, and they are really random.
    #[test]
    fn waits_grow_within_limits_until_a_success() {
        let now = Instant::now();
        let mut waits = vec![Vec::new(); 12];
        for _ in 0..200 {
            let mut backoff = Backoff::default();
            assert_eq!(backoff.left(now, false), None);
            for of_failure in &mut waits {
                backoff.fail(now, None);
                of_failure.push(backoff.left(now, false).unwrap());
            }
            assert_eq!(backoff.left(now, true), None, "a hurry passes what is only chance");
            backoff.succeed();
            assert_eq!(backoff.left(now, false), None);
        }
        for (failure, waits) in waits.iter().enumerate() {
            let limit = FIRST.saturating_mul(1 << failure).min(LONGEST);
            let (least, most) = (*waits.iter().min().unwrap(), *waits.iter().max().unwrap());
            assert!(least >= SHORTEST && most <= limit, "failure {failure}: {least:?} to {most:?}");
            assert!(least < limit / 4 && most > limit / 4 * 3, "failure {failure}: {least:?} to {most:?}");
        }
    }

    #[test]
    fn what_the_server_asks_for_is_kept_within_reason() {
        let now = Instant::now();
        let mut backoff = Backoff::default();
        backoff.fail(now, Some(Duration::from_secs(90)));
        assert_eq!(
            (backoff.left(now, false), backoff.left(now, true)),
            (Some(Duration::from_secs(90)), Some(Duration::from_secs(90)))
        );
        backoff.fail(now, Some(Duration::from_secs(86_400)));
        assert_eq!(backoff.left(now, false), Some(LONGEST_ASKED));
        assert_eq!(backoff.left(now + LONGEST_ASKED, true), None);
    }
}
