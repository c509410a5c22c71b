//! Storm folding: the same fault, thousands of times, costs a hash and a counter.
//!
//! A fixed table of atomic slots, so that no capture ever waits for another: a key finds its slot by
//! probing a few places; when all are taken by busy keys, the capture is simply not folded. The first
//! `burst` captures of a key in a window are full events; the rest are counted here, and the worker
//! collects the counts ([`Storm::drain`]) and sends them with what it knows of the key's last full event.

use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::loss::Reason;
use crate::protocol::{EventId, Timestamp};

/// Slots of the table: places that can storm at the same time. 64 bytes each.
const SLOTS: usize = 1024;
/// Slots looked at for a key before giving up on folding it.
const PROBES: usize = 8;

/// A place in the code, hashed by the language layer. Zero stands for "cannot be folded".
pub type FoldKey = NonZeroU64;

#[derive(Debug, Default)]
struct Slot {
    key: AtomicU64,
    /// Milliseconds since the table was made, at which the window began.
    window: AtomicU64,
    /// Full events of the window.
    full: AtomicU32,
    /// Folded since the last drain.
    folded: AtomicU64,
    /// First and last fold since the last drain, microseconds since 1970.
    first: AtomicU64,
    last: AtomicU64,
    /// Id of the last full event; the halves are read as one only if `exemplar_seq` is even and unchanged.
    exemplar: [AtomicU64; 2],
    exemplar_seq: AtomicU32,
    /// Full events since the key took the slot, and how many of them were lost, last for which reason.
    fulls: AtomicU32,
    lost: AtomicU32,
    lost_reason: AtomicU32,
}

/// What the gate is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fold {
    /// Make a full event of it.
    Full,
    /// Counted; the id is the last full event's.
    Folded(Option<EventId>),
}

/// The folds of one key since the last drain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Folds {
    pub key: FoldKey,
    pub count: u64,
    pub first: Timestamp,
    pub last: Timestamp,
}

#[derive(Debug)]
pub(crate) struct Storm {
    slots: Box<[Slot]>,
    burst: u32,
    window_ms: u64,
    start: Instant,
}

impl Storm {
    pub fn new(burst: usize, window: Duration) -> Self {
        Storm {
            slots: (0..SLOTS).map(|_| Slot::default()).collect(),
            burst: u32::try_from(burst).unwrap_or(u32::MAX),
            window_ms: window.as_millis() as u64,
            start: Instant::now(),
        }
    }

    /// Decides on one capture of `key` by `id`.
    pub fn admit(&self, key: FoldKey, id: EventId, timestamp: Timestamp) -> Fold {
        let now = self.start.elapsed().as_millis() as u64;
        let Some(slot) = self.slot(key, now) else { return Fold::Full };
        let began = slot.window.load(Ordering::Relaxed);
        if now.saturating_sub(began) >= self.window_ms
            && slot.window.compare_exchange(began, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            slot.full.store(0, Ordering::Relaxed);
        }
        if slot.full.load(Ordering::Relaxed) < self.burst && slot.full.fetch_add(1, Ordering::Relaxed) < self.burst {
            slot.fulls.fetch_add(1, Ordering::Relaxed);
            slot.set_exemplar(id);
            return Fold::Full;
        }
        let micros = timestamp.0.max(1) as u64;
        let _ = slot.first.compare_exchange(0, micros, Ordering::Relaxed, Ordering::Relaxed);
        slot.last.store(micros, Ordering::Relaxed);
        slot.folded.fetch_add(1, Ordering::Release);
        Fold::Folded(slot.exemplar())
    }

    /// The slot of `key`: its own, an empty one, or one whose window is over and whose folds are drained.
    fn slot(&self, key: FoldKey, now: u64) -> Option<&Slot> {
        if let Some(slot) = self.held_slot(key) {
            return Some(slot);
        }
        self.probes(key).find(|slot| {
            let held = slot.key.load(Ordering::Acquire);
            let idle = held == 0
                || (slot.folded.load(Ordering::Acquire) == 0
                    && now.saturating_sub(slot.window.load(Ordering::Relaxed)) >= self.window_ms);
            if !idle || slot.key.compare_exchange(held, key.get(), Ordering::AcqRel, Ordering::Relaxed).is_err() {
                return false;
            }
            slot.window.store(now, Ordering::Relaxed);
            for counter in [&slot.full, &slot.fulls, &slot.lost] {
                counter.store(0, Ordering::Relaxed);
            }
            true
        })
    }

    /// The few slots that a key may take.
    fn probes(&self, key: FoldKey) -> impl Iterator<Item = &Slot> {
        let home = (key.get() ^ (key.get() >> 32)) as usize;
        (0..PROBES).map(move |n| &self.slots[(home + n) % SLOTS])
    }

    fn held_slot(&self, key: FoldKey) -> Option<&Slot> {
        self.probes(key).find(|s| s.key.load(Ordering::Acquire) == key.get())
    }

    /// A full event of `key` was lost.
    pub fn exemplar_dropped(&self, key: FoldKey, reason: Reason) {
        if let Some(slot) = self.held_slot(key) {
            slot.lost_reason.store(reason as u32, Ordering::Relaxed);
            slot.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The reason for which the full events of `key` were lost, if all were: then its folds say nothing to anybody.
    pub fn all_dropped(&self, key: FoldKey) -> Option<Reason> {
        let slot = self.held_slot(key)?;
        let reason = *Reason::ALL.get(slot.lost_reason.load(Ordering::Relaxed) as usize)?;
        let (fulls, lost) = (slot.fulls.load(Ordering::Relaxed), slot.lost.load(Ordering::Relaxed));
        (fulls > 0 && lost >= fulls).then_some(reason)
    }

    /// Collects and clears the folds of all keys.
    pub fn drain(&self) -> Vec<Folds> {
        let mut out = Vec::new();
        for slot in &self.slots {
            let Some(key) = FoldKey::new(slot.key.load(Ordering::Acquire)) else { continue };
            let count = slot.folded.swap(0, Ordering::AcqRel);
            if count > 0 {
                let first = slot.first.swap(0, Ordering::Relaxed) as i64;
                let last = (slot.last.load(Ordering::Relaxed) as i64).max(first);
                out.push(Folds { key, count, first: Timestamp(first), last: Timestamp(last) });
            }
        }
        out
    }
}

impl Slot {
    /// One writer at a time: the odd sequence number is a lock that losers do not wait for.
    fn set_exemplar(&self, id: EventId) {
        let seq = self.exemplar_seq.load(Ordering::Relaxed);
        if seq % 2 == 1
            || self.exemplar_seq.compare_exchange(seq, seq + 1, Ordering::Acquire, Ordering::Relaxed).is_err()
        {
            return;
        }
        self.exemplar[0].store((id.0 >> 64) as u64, Ordering::Relaxed);
        self.exemplar[1].store(id.0 as u64, Ordering::Relaxed);
        self.exemplar_seq.store(seq.wrapping_add(2), Ordering::Release);
    }

    fn exemplar(&self) -> Option<EventId> {
        let seq = self.exemplar_seq.load(Ordering::Acquire);
        let halves = [0, 1].map(|i| u128::from(self.exemplar[i].load(Ordering::Relaxed)));
        std::sync::atomic::fence(Ordering::Acquire);
        let whole = seq.is_multiple_of(2) && self.exemplar_seq.load(Ordering::Relaxed) == seq && seq != 0;
        whole.then_some(EventId((halves[0] << 64) | halves[1]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u64) -> FoldKey {
        FoldKey::new(n).unwrap()
    }

    #[test]
    fn full_and_folded_add_up_to_raised_across_threads() {
        let storm = Storm::new(100, Duration::from_secs(60));
        let full = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..25_000 {
                        if storm.admit(key(7), EventId::random(), Timestamp(1)) == Fold::Full {
                            full.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        let folds = storm.drain();
        assert_eq!(full.load(Ordering::Relaxed), 100);
        assert_eq!(folds.iter().map(|f| f.count).sum::<u64>(), 99_900);
        assert_eq!(storm.drain(), []);
    }

    #[test]
    fn a_fold_names_the_last_full_event() {
        let storm = Storm::new(1, Duration::from_secs(60));
        let id = EventId::random();
        assert_eq!(storm.admit(key(1), id, Timestamp(5)), Fold::Full);
        assert_eq!(storm.admit(key(1), EventId::random(), Timestamp(6)), Fold::Folded(Some(id)));
        assert_eq!(storm.drain(), [Folds { key: key(1), count: 1, first: Timestamp(6), last: Timestamp(6) }]);
    }

    #[test]
    fn folds_without_any_surviving_full_event_take_its_reason() {
        let storm = Storm::new(2, Duration::from_secs(60));
        for _ in 0..3 {
            storm.admit(key(1), EventId::random(), Timestamp(5));
        }
        storm.exemplar_dropped(key(1), Reason::BeforeSend);
        assert_eq!(storm.all_dropped(key(1)), None);
        storm.exemplar_dropped(key(1), Reason::BeforeSend);
        assert_eq!(storm.all_dropped(key(1)), Some(Reason::BeforeSend));
    }

    #[test]
    fn a_full_table_folds_less_and_loses_nothing() {
        let storm = Storm::new(1, Duration::from_secs(60));
        let mut full = 0;
        for n in 1..=10_000u64 {
            for _ in 0..2 {
                full += u64::from(storm.admit(key(n * 0x9e37_79b9), EventId::random(), Timestamp(1)) == Fold::Full);
            }
        }
        assert_eq!(full + storm.drain().iter().map(|f| f.count).sum::<u64>(), 20_000);
    }
}
