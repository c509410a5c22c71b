//! What is captured when code fails without asking.
//!
//! Panics of Rust: `panic_hook`. Signals, opt-in: an earlier process wrote, in its last moments and by nothing that
//! could fail once more, what had happened (`signal`, `chain`, `room`, `registers`, `stack`, `unwind`, `host`, into a `record`); while all
//! was well its worker had written who it was (`said`, `scope`, `modules`, in a `file` beside); a later one makes an
//! event of both (`report`, `symbols`). `station` holds that together for an engine. `build.rs` says where there are
//! `native_crashes`.

#[cfg(native_crashes)]
mod chain;
#[cfg(native_crashes)]
mod file;
#[cfg(native_crashes)]
mod host;
#[cfg(native_crashes)]
mod modules;
pub(crate) mod panic_hook;
#[cfg(native_crashes)]
mod record;
#[cfg(native_crashes)]
mod registers;
#[cfg(native_crashes)]
mod report;
#[cfg(native_crashes)]
mod room;
#[cfg_attr(not(native_crashes), allow(dead_code, reason = "there are no signals"))]
pub(crate) mod said;
#[cfg(native_crashes)]
mod scope;
#[cfg(native_crashes)]
pub(crate) mod signal;
#[cfg(native_crashes)]
mod stack;
#[cfg(native_crashes)]
mod station;
#[cfg(native_crashes)]
mod symbols;
#[cfg(native_crashes)]
mod unwind;

#[cfg(not(native_crashes))]
#[path = "nowhere.rs"]
mod station;

pub(crate) use station::Station;
