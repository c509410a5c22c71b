//! Where finished events wait to be sent: in memory, and, where there is a [`spool`], on disk as well.
//!
//! The worker pushes records, the shipper leases one at a time and releases it when its fate is known, or puts
//! it back for later. What is on disk need not stay in memory: beyond `max_outbox_bytes` the oldest are dropped
//! from memory, and only those that are nowhere else are lost.

pub(crate) mod spool;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use spool::{Appended, Place, Segment, Spool, Unusable};

use crate::flush::Epoch;
use crate::fork;
use crate::loss::Reason;
use crate::own;
use crate::protocol::{EventId, Timestamp};
use crate::storm::FoldKey;

/// Like the worker (`queue.rs`), a shipper that had something to do lately naps and looks again by
/// itself, which spares the worker a system call an event; only an idle one is woken.
const NAP: Duration = Duration::from_millis(4);
const RESTLESS: Duration = Duration::from_secs(1);

/// What a record in memory costs beside its bytes.
const OVERHEAD: usize = 128;
/// Every so many'th lease is of what has waited longest, however much comes in: neither starves the other.
const TURNS: u32 = 4;

/// What a record is, for rate limits and counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An event.
    Event,
    /// The folded counts of one place: so many occurrences.
    Counts(u64),
}

/// Who captured a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// This process.
    Own { epoch: Epoch, fold: Option<FoldKey> },
    /// An earlier one, which left it on disk.
    Recovered,
}

/// Serialised items that are sent in one envelope, without its header.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub kind: Kind,
    /// Event id, or the id that makes a count item count once.
    pub id: EventId,
    /// When it was captured, by the clock of the wall: what is too old is not sent.
    pub captured: Timestamp,
    /// Item headers and payloads, as on the wire.
    pub items: Vec<u8>,
    pub origin: Origin,
}

impl Record {
    fn is_own_event(&self) -> bool {
        self.kind == Kind::Event && matches!(self.origin, Origin::Own { .. })
    }
}

/// A record that waits. Its items are empty when they are on disk alone.
#[derive(Debug)]
struct Entry {
    record: Record,
    place: Option<Place>,
}

/// A record that the shipper has in its hands.
#[derive(Debug)]
pub(crate) struct Leased {
    pub record: Record,
    place: Option<Place>,
}

/// What a lease gives.
#[derive(Debug)]
pub(crate) enum Lease {
    Send(Leased),
    /// It cannot or should not be sent any more.
    Lost(Leased, Reason),
    /// So many damaged records were found in what an earlier process left.
    Damaged(u64),
}

#[derive(Debug, Default)]
struct State {
    /// In memory, newest last.
    fresh: VecDeque<Entry>,
    /// On disk alone: what an outage or an earlier process left.
    backlog: VecDeque<Entry>,
    /// Bytes in memory, waiting and leased.
    bytes: usize,
    leases: u32,
    woken: bool,
    /// The shipper waits for a signal rather than looking again by itself, see [`RESTLESS`].
    asleep: bool,
}

#[derive(Debug)]
pub(crate) struct Outbox {
    state: Mutex<State>,
    changed: Condvar,
    max_bytes: usize,
    max_age: Duration,
    spool: Result<Spool, Unusable>,
    /// Events of this process on disk that are not done.
    spooled: AtomicU64,
    /// Records of this process on disk that are not done.
    stored: AtomicU64,
    recovered: AtomicU64,
}

fn cost(record: &Record) -> usize {
    record.items.len() + OVERHEAD
}

impl Outbox {
    pub fn new(max_bytes: usize, max_age: Duration, spool: Result<Spool, Unusable>) -> Self {
        Outbox {
            state: Mutex::default(),
            changed: Condvar::new(),
            max_bytes,
            max_age,
            spool,
            spooled: AtomicU64::new(0),
            stored: AtomicU64::new(0),
            recovered: AtomicU64::new(0),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores a record, on disk first. What had to go to make room is returned, oldest first; the record itself is
    /// among it when there is nowhere to keep it.
    pub fn push(&self, record: Record) -> Vec<Record> {
        let appended = self.spool.as_ref().map(|spool| spool.append(&record)).unwrap_or_default();
        self.keep(record, appended)
    }

    /// When the disk is to be tried again for what is in memory alone because it refused.
    pub fn retry_at(&self) -> Option<Instant> {
        let at = self.spool.as_ref().ok()?.retry_at()?;
        // Newer ones were refused as well, so that one is found soon.
        self.state().fresh.iter().rev().any(|entry| entry.place.is_none()).then_some(at)
    }

    /// Tries the disk again, and gives what had to go, see [`push`](Outbox::push). For the thread that pushes.
    pub fn retry(&self) -> Vec<Record> {
        let Ok(spool) = &self.spool else { return Vec::new() };
        if spool.retry_at().is_none() {
            return Vec::new();
        }
        spool.retry_now();
        let waiting = self.state().take_out(|entry| entry.place.is_none());
        waiting.into_iter().flat_map(|entry| self.push(entry.record)).collect()
    }

    /// Stores an event of which an earlier process left the traces, on disk or, giving false, not at all.
    #[cfg_attr(not(native_crashes), allow(dead_code, reason = "there are no signals"))]
    pub fn recover(&self, record: Record) -> (bool, Vec<Record>) {
        let appended = self.spool.as_ref().map(|spool| spool.append(&record)).unwrap_or_default();
        if appended.place.is_none() {
            return (false, self.evict(appended.evicted, appended.evicted_orphans));
        }
        self.recovered.fetch_add(1, Ordering::SeqCst);
        (true, self.keep(record, appended))
    }

    /// Takes what was in deleted files out of the books.
    fn evict(&self, segments: Vec<Arc<Segment>>, orphans: Vec<Record>) -> Vec<Record> {
        let events = orphans.iter().filter(|r| r.kind == Kind::Event).count();
        self.recovered.fetch_add(events as u64, Ordering::SeqCst);
        let mut lost = orphans;
        for segment in segments {
            let evicted = self.state().take_out(|entry| entry.place.as_ref().is_some_and(|p| p.is_in(&segment)));
            lost.extend(evicted.into_iter().map(|entry| self.undo(entry)));
        }
        lost
    }

    fn keep(&self, record: Record, appended: Appended) -> Vec<Record> {
        let mut lost = self.evict(appended.evicted, appended.evicted_orphans);
        if appended.place.is_some() && matches!(record.origin, Origin::Own { .. }) {
            self.stored.fetch_add(1, Ordering::SeqCst);
            self.spooled.fetch_add(u64::from(record.is_own_event()), Ordering::SeqCst);
        }
        let mut state = self.state();
        state.bytes += cost(&record);
        state.fresh.push_back(Entry { record, place: appended.place });
        while state.bytes > self.max_bytes {
            let Some(mut oldest) = state.fresh.pop_front() else { break };
            state.bytes -= cost(&oldest.record);
            if oldest.place.is_some() {
                oldest.record.items = Vec::new();
                state.backlog.push_back(oldest);
            } else {
                lost.push(oldest.record);
            }
        }
        let asleep = state.asleep;
        drop(state);
        if asleep {
            self.changed.notify_one();
        }
        lost
    }

    /// The next record, waiting up to `patience` for one or until [`wake`](Outbox::wake). Fresh ones go first, with
    /// turns for those that have waited longer.
    pub fn lease(&self, patience: Duration) -> Option<Lease> {
        let start = Instant::now();
        let mut state = self.state();
        loop {
            if let Some(entry) = state.next() {
                drop(state);
                let _busy = fork::busy();
                return Some(self.load(entry));
            }
            if std::mem::take(&mut state.woken) {
                return None;
            }
            drop(state);
            if let Some(damaged) = self.adopt() {
                return Some(Lease::Damaged(damaged));
            }
            state = self.state();
            if !state.backlog.is_empty() || !state.fresh.is_empty() || state.woken {
                continue;
            }
            let waited = start.elapsed();
            let left = patience.checked_sub(waited).filter(|left| !left.is_zero())?;
            state.asleep = waited >= RESTLESS;
            let span = if state.asleep { left } else { left.min(NAP) };
            state = self.changed.wait_timeout(state, span).unwrap_or_else(PoisonError::into_inner).0;
            state.asleep = false;
        }
    }

    /// Takes over what an earlier process left, if it is time to look; gives the damage that was found.
    fn adopt(&self) -> Option<u64> {
        let _busy = fork::busy();
        let adopted = self.spool.as_ref().ok()?.adopt(Instant::now());
        let events = adopted.records.iter().filter(|(record, _)| record.kind == Kind::Event).count() as u64;
        self.recovered.fetch_add(events + adopted.damaged, Ordering::SeqCst);
        let entries = adopted.records.into_iter().map(|(mut record, place)| {
            record.items = Vec::new();
            Entry { record, place: Some(place) }
        });
        self.state().backlog.extend(entries);
        (adopted.damaged > 0).then_some(adopted.damaged)
    }

    /// Reads what is on disk alone.
    fn load(&self, Entry { mut record, place }: Entry) -> Lease {
        let age = Timestamp::now().0.saturating_sub(record.captured.0);
        if age > self.max_age.as_micros() as i64 {
            return Lease::Lost(Leased { record, place }, Reason::SpoolExpired);
        }
        if let Some(on_disk) = place.as_ref().filter(|_| record.items.is_empty()) {
            let Some(read) = Spool::read(on_disk) else {
                return Lease::Lost(Leased { record, place }, Reason::SpoolDamaged);
            };
            record.items = read.items;
            self.state().bytes += cost(&record);
        }
        Lease::Send(Leased { record, place })
    }

    /// Forgets a leased record, whose fate is known; to be called before that is counted.
    pub fn release(&self, leased: Leased) -> Record {
        if !leased.record.items.is_empty() {
            let mut state = self.state();
            state.bytes = state.bytes.saturating_sub(cost(&leased.record));
        }
        let Leased { record, place } = leased;
        if let Some(place) = &place {
            place.set_leased(false);
            place.acknowledge();
        }
        self.undo(Entry { record, place })
    }

    /// Takes a record off the counters of the disk.
    fn undo(&self, Entry { record, place }: Entry) -> Record {
        if place.is_some() && matches!(record.origin, Origin::Own { .. }) {
            self.spooled.fetch_sub(u64::from(record.is_own_event()), Ordering::SeqCst);
            self.stored.fetch_sub(1, Ordering::SeqCst);
        }
        record
    }

    /// Gives a leased record back, to be sent later.
    pub fn put_back(&self, Leased { mut record, place }: Leased) {
        let mut state = self.state();
        match place {
            Some(place) if !place.is_gone() => {
                place.set_leased(false);
                state.bytes = state.bytes.saturating_sub(cost(&record));
                record.items = Vec::new();
                state.backlog.push_back(Entry { record, place: Some(place) });
            }
            // Its file had to go just before it was leased.
            place => {
                let record = self.undo(Entry { record, place });
                state.fresh.push_back(Entry { record, place: None });
            }
        }
    }

    /// Ends a wait in `lease`.
    pub fn wake(&self) {
        self.state().woken = true;
        self.changed.notify_all();
    }

    /// Events of this process whose records a later start would send.
    pub fn spooled(&self) -> u64 {
        self.spooled.load(Ordering::SeqCst)
    }

    /// Records of this process on disk that are not done.
    pub fn stored(&self) -> u64 {
        self.stored.load(Ordering::SeqCst)
    }

    /// Events of earlier processes that this one took over.
    pub fn recovered(&self) -> u64 {
        self.recovered.load(Ordering::SeqCst)
    }

    /// Where records are kept, for `stats()`.
    pub fn describe(&self) -> String {
        let refusal = match &self.spool {
            Ok(spool) => spool.refusal(),
            Err(Unusable(reason)) => Some(reason.clone()),
        };
        let place = refusal.map_or_else(|| "disk".to_owned(), |reason| format!("memory: {reason}"));
        if own::was_closed() { place + "; the application had closed its files" } else { place }
    }

    /// True when something waits.
    pub fn has_waiting(&self) -> bool {
        let state = self.state();
        !state.fresh.is_empty() || !state.backlog.is_empty()
    }

    /// True when a dead process has left something.
    pub fn has_orphans(&self) -> bool {
        self.spool.as_ref().is_ok_and(Spool::has_orphans)
    }

    /// Gives up the files: what waits in them is for a later start.
    pub fn close(&self) {
        if let Ok(spool) = &self.spool {
            spool.close();
            self.state().take_out(|entry| entry.place.is_some());
        }
    }

    /// Gives up what is in memory alone.
    pub fn abandon(&self) -> Vec<Record> {
        let abandoned = self.state().take_out(|entry| entry.place.is_none());
        abandoned.into_iter().map(|entry| entry.record).collect()
    }
}

impl State {
    fn next(&mut self) -> Option<Entry> {
        self.leases = self.leases.wrapping_add(1);
        let (first, second) = match self.leases % TURNS {
            0 => (&mut self.backlog, &mut self.fresh),
            _ => (&mut self.fresh, &mut self.backlog),
        };
        let entry = first.pop_front().or_else(|| second.pop_front())?;
        if let Some(place) = &entry.place {
            place.set_leased(true);
        }
        Some(entry)
    }

    fn take_out(&mut self, which: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        let mut taken = Vec::new();
        for lane in [&mut self.backlog, &mut self.fresh] {
            let (out, left): (VecDeque<Entry>, VecDeque<Entry>) = lane.drain(..).partition(|entry| which(entry));
            *lane = left;
            taken.extend(out);
        }
        let in_memory = taken.iter().filter(|entry| !entry.record.items.is_empty());
        self.bytes = self.bytes.saturating_sub(in_memory.map(|entry| cost(&entry.record)).sum());
        taken
    }
}
