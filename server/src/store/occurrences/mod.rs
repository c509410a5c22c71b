//! Payloads of stored occurrences.
//!
//! [`OccurrenceStore`] asks for no more than a bucket of objects can give: what was put is written in one go, a file
//! once finished is only read, and goes as a whole when it is too old. [`Files`] is the embedded one.
//!
//! An occurrence differs little from others of its fault. So each is compressed against the first of its pattern in
//! the same file; a file needs no other.

mod files;

use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use crate::PatternId;

pub use files::{Files, Reader};

/// Where a payload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// Number of the file, from 1.
    pub file: u32,
    /// Bytes into it.
    pub offset: u32,
    /// Bytes of its frame.
    pub length: u32,
    /// Where in the same file that is which it was compressed against; its own offset if it stands alone.
    pub base: u32,
}

/// What the store takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Number of the oldest file that is finished, and when it was written last.
    pub oldest: Option<(u32, SystemTime)>,
    /// Bytes of all files.
    pub bytes: u64,
}

/// The writer of payloads; there is one. What was put is read once it is flushed, and survives a power cut once it is
/// synced.
pub trait OccurrenceStore: Send {
    /// Takes a payload; where it will be. Places grow. Only what `is_kept` for as long as its file may be needed by others.
    ///
    /// # Errors
    /// When the medium refuses a new file, or to finish the last.
    fn put(&mut self, pattern: PatternId, payload: &[u8], is_kept: bool) -> io::Result<Place>;

    /// Writes what was put: it is there for readers, and survives the process.
    ///
    /// # Errors
    /// When the medium refuses; asking again is harmless.
    fn flush(&mut self) -> io::Result<()>;

    /// Has what was flushed survive a power cut.
    ///
    /// # Errors
    /// When the medium refuses.
    fn sync(&mut self) -> io::Result<()>;

    /// Forgets what was put and not flushed, for a batch that failed.
    fn discard(&mut self);

    /// Behind the last payload; nothing before the first of this process. The issue store keeps it: what is behind it at
    /// the next start was never named by a transaction, and goes.
    fn end(&self) -> Option<Place>;

    /// Has no payload that comes need any of these.
    fn leave(&mut self, places: &[Place]);

    /// Makes payloads unreadable that nothing names any more, with all that were compressed against them.
    ///
    /// # Errors
    /// When the medium refuses; asking again is harmless.
    fn erase(&mut self, places: &[Place]) -> io::Result<()>;

    /// What there is.
    ///
    /// # Errors
    /// When the medium cannot be read.
    fn usage(&self) -> io::Result<Usage>;

    /// Takes a finished file away.
    ///
    /// # Errors
    /// When the medium refuses.
    fn remove(&mut self, file: u32) -> io::Result<()>;

    /// A reader of what is flushed.
    fn reader(&self) -> Arc<dyn OccurrenceReader>;
}

/// Reads payloads, from any thread.
pub trait OccurrenceReader: Send + Sync {
    /// The payload at `place`.
    ///
    /// # Errors
    /// When it is gone or damaged.
    fn get(&self, place: Place) -> io::Result<Vec<u8>>;
}
