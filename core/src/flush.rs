//! Waiting, with a deadline, until all that was captured before is settled.
//!
//! Each accepted capture belongs to the epoch in which it was accepted. A flush ends the epoch and
//! waits until nothing of that or an earlier one is pending: later captures never delay it, and the
//! order in which events settle does not matter.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Instant;

/// Epochs that can be told apart; with more unsettled, a flush waits for more than it must.
const RING: u64 = 64;

#[derive(Debug)]
pub(crate) struct Epochs {
    current: AtomicU64,
    pending: [AtomicUsize; RING as usize],
    waiters: AtomicUsize,
    lock: Mutex<()>,
    settled: Condvar,
}

/// The epoch a capture belongs to; to be [settled](Epochs::settle) exactly once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Epoch(u64);

impl Default for Epochs {
    fn default() -> Self {
        Epochs {
            current: AtomicU64::new(0),
            pending: std::array::from_fn(|_| AtomicUsize::new(0)),
            waiters: AtomicUsize::new(0),
            lock: Mutex::new(()),
            settled: Condvar::new(),
        }
    }
}

impl Epochs {
    /// Counts one more pending capture.
    pub fn enter(&self) -> Epoch {
        let epoch = self.current.load(Ordering::SeqCst);
        self.pending[(epoch % RING) as usize].fetch_add(1, Ordering::SeqCst);
        Epoch(epoch)
    }

    /// The capture was delivered or counted as dropped.
    pub fn settle(&self, epoch: Epoch) {
        self.pending[(epoch.0 % RING) as usize].fetch_sub(1, Ordering::SeqCst);
        self.notify();
    }

    /// Wakes those who wait, for them to look again.
    pub fn notify(&self) {
        if self.waiters.load(Ordering::SeqCst) > 0 {
            let _guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
            self.settled.notify_all();
        }
    }

    /// Captures that are not settled.
    pub fn pending(&self) -> usize {
        self.pending.iter().map(|n| n.load(Ordering::SeqCst)).sum()
    }

    /// Ends the epoch; the returned one is what a flush waits for.
    pub fn advance(&self) -> Epoch {
        let epoch = self.current.load(Ordering::SeqCst);
        let empty = |e: u64| self.pending[(e % RING) as usize].load(Ordering::SeqCst) == 0;
        // A slot still in use by an old epoch cannot start a new one (and one is kept between them, see
        // `is_settled`): then the flush covers newer captures too.
        if empty(epoch + 1) && empty(epoch + 2) {
            let _ = self.current.compare_exchange(epoch, epoch + 1, Ordering::SeqCst, Ordering::SeqCst);
        }
        Epoch(epoch)
    }

    /// True when nothing of `epoch` or before is pending.
    pub fn is_settled(&self, epoch: Epoch) -> bool {
        let oldest = epoch.0.saturating_sub(RING - 2);
        (oldest..=epoch.0).all(|e| self.pending[(e % RING) as usize].load(Ordering::SeqCst) == 0)
    }

    /// Waits until `done` says so, asked again whenever something settles; false at the deadline.
    pub fn wait(&self, deadline: Instant, done: impl Fn() -> bool) -> bool {
        self.waiters.fetch_add(1, Ordering::SeqCst);
        let mut guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        let settled = loop {
            if done() {
                break true;
            }
            let Some(left) = deadline.checked_duration_since(Instant::now()).filter(|d| !d.is_zero()) else {
                break false;
            };
            guard = self.settled.wait_timeout(guard, left).unwrap_or_else(PoisonError::into_inner).0;
        };
        drop(guard);
        self.waiters.fetch_sub(1, Ordering::SeqCst);
        settled
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_flush_waits_for_what_came_before_and_not_for_what_came_after() {
        let epochs = Epochs::default();
        let before = epochs.enter();
        let flush = epochs.advance();
        let after = epochs.enter();
        assert!(!epochs.wait(Instant::now() + Duration::from_millis(5), || epochs.is_settled(flush)));
        epochs.settle(before);
        assert!(epochs.wait(Instant::now() + Duration::from_secs(5), || epochs.is_settled(flush)));
        assert_eq!(epochs.pending(), 1);
        epochs.settle(after);
    }

    #[test]
    fn many_flushes_over_a_stuck_capture_stay_correct() {
        let epochs = Epochs::default();
        let stuck = epochs.enter();
        let flushes: Vec<Epoch> = (0..200).map(|_| epochs.advance()).collect();
        assert!(flushes.iter().all(|f| !epochs.is_settled(*f)));
        epochs.settle(stuck);
        assert!(flushes.iter().all(|f| epochs.is_settled(*f)));
    }
}
