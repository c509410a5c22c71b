//! Whether work grows with the input and no faster, by the time it takes.
//!
//! Times are compared, not judged on their own. The fastest of several measurements counts, because the
//! machine has other things to do.

use std::time::Duration;

/// Bytes of the shorter text: more than any field may keep, for cutting is work of its own.
pub const SMALL: usize = 16 * 1024;
/// How many times as long the longer one is.
pub const FACTOR: usize = 8;
/// How many times as long it may take: a quadratic rule takes the square of [`FACTOR`].
pub const BOUND: f64 = 32.0;
const ATTEMPTS: usize = 10;

/// What this thread has computed: what other programs do with the machine does not count.
fn thread_time() -> Duration {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a live timespec.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut now) };
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
}

fn time(run: &dyn Fn()) -> Duration {
    let start = thread_time();
    run();
    thread_time().saturating_sub(start)
}

/// How many times as long `large` takes as `small`; measured again as long as it looks like [`BOUND`] or more.
pub fn ratio(small: &dyn Fn(), large: &dyn Fn()) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..ATTEMPTS {
        let (s, l) = (time(small), time(large));
        best = best.min(l.as_secs_f64() / s.as_secs_f64().max(1e-6));
        if best < BOUND {
            break;
        }
    }
    best
}
