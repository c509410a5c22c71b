//! Faultwire: error tracking that does not cost you anything you did not agree to.
//!
//! # The path of an event
//! See the module list below.

mod error;
pub mod fingerprint;
pub mod protocol;
pub mod sanitize;
pub mod shrink;
pub mod stacktrace;

pub use error::{Error, ErrorKind};

/// How often this process has been forked from the one that loaded the library.
pub(crate) fn fork_generation() -> u64 {
    0
}
