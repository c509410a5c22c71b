//! An outbox that lasts as long as the process.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{Outbox, Record};

/// Like the worker (`queue.rs`), a shipper that had something to do lately naps and looks again by
/// itself, which spares the worker a system call an event; only an idle one is woken.
const NAP: Duration = Duration::from_millis(4);
const RESTLESS: Duration = Duration::from_secs(1);

/// What a record costs beside its bytes.
const OVERHEAD: usize = 128;

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Record>,
    /// Bytes waiting and leased.
    bytes: usize,
    woken: bool,
    /// The shipper waits for a signal rather than looking again by itself, see [`RESTLESS`].
    asleep: bool,
}

#[derive(Debug)]
pub(crate) struct MemoryOutbox {
    state: Mutex<State>,
    changed: Condvar,
    max_bytes: usize,
}

impl MemoryOutbox {
    pub fn new(max_bytes: usize) -> Self {
        MemoryOutbox { state: Mutex::default(), changed: Condvar::new(), max_bytes }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cost(record: &Record) -> usize {
    record.items.len() + OVERHEAD
}

impl Outbox for MemoryOutbox {
    fn push(&self, record: Record) -> Vec<Record> {
        let mut state = self.state();
        let mut evicted = Vec::new();
        while state.bytes + cost(&record) > self.max_bytes {
            let Some(oldest) = state.waiting.pop_front() else {
                evicted.push(record);
                return evicted;
            };
            state.bytes -= cost(&oldest);
            evicted.push(oldest);
        }
        state.bytes += cost(&record);
        state.waiting.push_back(record);
        let asleep = state.asleep;
        drop(state);
        if asleep {
            self.changed.notify_one();
        }
        evicted
    }

    fn lease(&self, patience: Duration) -> Option<Record> {
        let mut state = self.state();
        let start = Instant::now();
        while state.waiting.is_empty() && !state.woken {
            let waited = start.elapsed();
            let Some(left) = patience.checked_sub(waited).filter(|left| !left.is_zero()) else { break };
            state.asleep = waited >= RESTLESS;
            let span = if state.asleep { left } else { left.min(NAP) };
            state = self.changed.wait_timeout(state, span).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.asleep = false;
        state.woken = false;
        state.waiting.pop_front()
    }

    fn release(&self, record: &Record) {
        let mut state = self.state();
        state.bytes = state.bytes.saturating_sub(cost(record));
    }

    fn wake(&self) {
        self.state().woken = true;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flush::Epochs;
    use crate::outbox::Kind;
    use crate::protocol::EventId;

    fn record(bytes: usize) -> Record {
        let epoch = Epochs::default().enter();
        Record { kind: Kind::Event, id: EventId::random(), items: vec![0; bytes], fold: None, epoch }
    }

    #[test]
    fn drops_the_oldest_and_never_what_is_leased() {
        let outbox = MemoryOutbox::new(3 * (100 + OVERHEAD));
        let records: Vec<Record> = (0..4).map(|_| record(100)).collect();
        assert!(outbox.push(records[0].clone()).is_empty());
        let leased = outbox.lease(Duration::ZERO).unwrap();
        assert!(outbox.push(records[1].clone()).is_empty());
        assert!(outbox.push(records[2].clone()).is_empty());
        let evicted = outbox.push(records[3].clone());
        assert_eq!(evicted.iter().map(|r| r.id).collect::<Vec<_>>(), [records[1].id]);
        outbox.release(&leased);
        assert!(outbox.push(record(100)).is_empty());
        let too_large = record(1000);
        assert_eq!(outbox.push(too_large.clone()).last().map(|r| r.id), Some(too_large.id));
    }

    #[test]
    fn a_wake_ends_the_wait() {
        let outbox = MemoryOutbox::new(1000);
        outbox.wake();
        assert!(outbox.lease(Duration::from_secs(60)).is_none());
    }
}
