//! Names a fault independently of where and when it happened.
//!
//! | part | what it does |
//! |---|---|
//! | [`v1`] | the algorithm: event in, 64 hexadecimal digits out, and [`Record`], what was hashed, for people |
//! | `stack` | which frames of a stack count, by which names |
//! | `recursion` | a function entered again leads back to its first entry, so that depth does not count |
//! | [`message`] | messages without the values in them |
//! | `digest` | SHA-256 over parts with their lengths |
//! | [`tables`] | every rule as data: pinned by a hash, since v1 never changes once released |
//! | [`vector`] | the shared vectors, run the same way from every language |
//!
//! Names of functions and modules: [`crate::stacktrace::normalize`].

pub mod blocked;
mod digest;
pub mod message;
mod record;
mod recursion;
mod stack;
mod suppressed;
mod tables;
pub mod v1;
mod vector;

pub use record::{Basis, Dropped, ExceptionRecord, FrameRecord, MessageRecord, Record};
pub use tables::{Row, Table, tables};
pub use v1::{Fingerprint, compute, explain};
pub use vector::{TOPICS, vector};
