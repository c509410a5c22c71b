//! What is captured when code fails without asking.
//!
//! Panics of Rust: `panic_hook`. Signals, opt-in: an earlier process wrote, in its last moments and by nothing that
//! could fail once more, what had happened (`signal`, `registers`, `stack`, `unwind`, into a `record`); while all was well its
//! worker had written who it was (`said`, `scope`, `modules`, in a `file` beside); a later one makes an event of both
//! (`report`). `station` holds that together for an engine.

#[cfg(unix)]
mod file;
#[cfg(unix)]
mod modules;
pub(crate) mod panic_hook;
#[cfg(unix)]
mod record;
#[cfg(unix)]
mod registers;
#[cfg(unix)]
mod report;
pub(crate) mod said;
#[cfg(unix)]
mod scope;
#[cfg(unix)]
pub(crate) mod signal;
#[cfg(unix)]
mod stack;
#[cfg(unix)]
mod station;
#[cfg(unix)]
mod symbols;
#[cfg(unix)]
mod unwind;

#[cfg(not(unix))]
#[path = "nowhere.rs"]
mod station;

pub(crate) use station::Station;
