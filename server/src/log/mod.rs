//! The durable log: between "accepted" and "counted".
//!
//! A client has its 200 once its envelope is here, and whatever happens then, it is consumed. [`Log`] is as narrow as
//! that: append, read on from a position, forget what is behind one. [`Files`] is the embedded one.

mod committer;
mod files;
mod fresh;
mod record;
mod segment;

use std::sync::Arc;

use crate::threads::Bell;

pub use files::Files;
pub use record::{Encoding, KeyKind, Record};

/// A place in the log; later ones are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    /// Number of the segment, from 1; 0 is before all.
    pub segment: u32,
    /// Bytes into it.
    pub offset: u32,
}

impl Position {
    /// As one number that orders in the same way.
    pub fn to_u64(self) -> u64 {
        u64::from(self.segment) << 32 | u64::from(self.offset)
    }

    /// Reverse of [`Position::to_u64`].
    pub fn from_u64(number: u64) -> Self {
        Position { segment: (number >> 32) as u32, offset: number as u32 }
    }
}

/// Why a record was not taken. The client may come again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// More is waiting to be written than may.
    Busy,
    /// The disk refused: full, read-only, broken.
    Disk(String),
}

/// Resolves when the record is durable, or will never be.
pub type Ticket = tokio::sync::oneshot::Receiver<Result<Position, Refused>>;

/// What was read in one go.
#[derive(Debug, Default)]
pub struct Batch {
    /// The records, in the order in which they were accepted.
    pub records: Vec<Record>,
    /// Where to read on.
    pub next: Position,
    /// Stretches that were damaged: torn by a power cut, or rotten.
    pub damaged: usize,
}

/// Where accepted envelopes wait. Shaped for a partition of a distributed log as well.
pub trait Log: Send + Sync {
    /// Takes a record; never blocks. The ticket says when it is durable.
    ///
    /// # Errors
    /// [`Refused::Busy`], at once, when too much waits.
    fn append(&self, record: Record) -> Result<Ticket, Refused>;

    /// The durable records from `from` on, about `bytes` of them; none at the end. Blocks on the disk.
    ///
    /// # Errors
    /// When the medium cannot be read.
    fn read(&self, from: Position, bytes: usize) -> std::io::Result<Batch>;

    /// Rings `bell` whenever there is more to read.
    fn ring(&self, bell: Arc<Bell>);

    /// Everything before `position` is no longer needed.
    ///
    /// # Errors
    /// When the medium refuses; asking again is harmless.
    fn trim(&self, position: Position) -> std::io::Result<()>;

    /// What was appended until now is to lie around no longer than it takes to be consumed: at the next trim behind it all
    /// of it goes, even if nothing comes after it. Returns at once.
    fn turn(&self);

    /// Whether the medium refused what was appended last, a moment ago.
    fn is_failing(&self) -> bool;

    /// Bytes accepted and not trimmed.
    fn depth(&self) -> u64;
}
