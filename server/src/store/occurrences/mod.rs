//! Payloads of stored occurrences, in files that only grow.
//!
//! An occurrence differs little from others of its fault. So each is compressed against the first of its pattern in
//! the same file; a file needs no other, and goes as a whole when it is too old.

mod files;

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
