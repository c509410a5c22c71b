//! Signals that end a process.
//!
//! An earlier process wrote, in its last moments and by nothing that could fail once more, what had happened (`signal`,
//! `chain`, `room`, `registers`, `stack`, `unwind`, `host`, into a `record`); while all was well its worker had written who
//! it was (`scope`, `modules`, in a `file` beside); a later one makes an event of both (`report`, `symbols`).
//! `station` holds that together for an engine. Where the host reports crashes itself ([`hs_err`](super::hs_err)) there is
//! no handler, and in the place of a record stands where its report would be.

mod chain;
mod fault;
mod file;
mod host;
mod modules;
mod record;
mod registers;
mod report;
mod room;
mod scope;
pub(crate) mod signal;
mod stack;
mod station;
mod symbols;
mod unwind;

#[cfg(any(feature = "jvm", test))]
pub(super) use fault::{Fault, describe, mechanism, signal_name};
pub(crate) use station::Station;
