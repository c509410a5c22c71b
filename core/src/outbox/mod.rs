//! Where finished events wait to be sent. One implementation each for how long they must last.

mod memory;

use std::time::Duration;

pub(crate) use memory::MemoryOutbox;

use crate::flush::Epoch;
use crate::protocol::EventId;
use crate::storm::FoldKey;

/// What a record is, for rate limits and counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An event.
    Event,
    /// The folded counts of one place: so many occurrences.
    Counts(u64),
}

/// Serialised items that are sent in one envelope, without its header.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub kind: Kind,
    /// Event id, or the id that makes a count item count once.
    pub id: EventId,
    /// Item headers and payloads, as on the wire.
    pub items: Vec<u8>,
    pub fold: Option<FoldKey>,
    pub epoch: Epoch,
}

/// A bounded store of records, oldest first.
///
/// A record is pushed by the worker, leased by the shipper, and released when its fate is known;
/// a leased record is not evicted.
pub(crate) trait Outbox: Send + Sync {
    /// Stores a record. What had to go to make room is returned, oldest first; the record itself is
    /// among it when it alone is larger than the bound.
    fn push(&self, record: Record) -> Vec<Record>;
    /// The oldest record that is not leased; waits up to `patience` for one, or until [`wake`](Outbox::wake).
    fn lease(&self, patience: Duration) -> Option<Record>;
    /// Forgets a leased record: delivered, or counted as dropped.
    fn release(&self, record: &Record);
    /// Ends a wait in `lease`.
    fn wake(&self);
}
