//! Faultwire: error tracking that does not cost you anything you did not agree to.
//!
//! A Rust program calls [`init`], keeps the guard, and then [`capture_error`]; panics are captured by
//! themselves. See [`sdk`] for the rest. Other languages stand on the same engine.
//!
//! # The path of an event
//! On the app thread, which never blocks and does no I/O:
//! - [`gate`]: the cheap "no" ([`sampling`], [`storm`]);
//! - [`capture`]: what is extracted for a "yes", too long texts [`cut`](mod@cut); values on a [`tape`], context in [`scope`]s, names [`interned`], their hashes in [`keys`];
//! - `queue`: bounded, to the worker.
//!
//! On the worker: `pipeline`, one screen of stages:
//! - `assemble`: scope and capture become a [`protocol::Event`]; code met before comes from `places`;
//! - [`stacktrace`]: symbols, source maps, in-app, blocklist, recursion, source lines;
//! - [`sanitize`]: one walk over the whole event;
//! - [`fingerprint`]: names the fault;
//! - `shrink`: always fits the wire;
//! - `outbox`: waits to be sent, on disk too, by `framing`; folded counts come from `exemplars`.
//!
//! On the shipper: `shipper`, [`transport`]. At a bad end: `crash`, `sigterm`. Every loss is counted in [`loss`]; [`stats`] shows it.
//! [`client`] holds it together across [forks](mod@fork) of the process.

mod base64;
mod error;
pub mod fingerprint;
mod packed;
pub mod protocol;
pub mod sanitize;
pub mod shrink;
pub mod stacktrace;

#[cfg(feature = "client")]
mod assemble;
#[cfg(feature = "client")]
pub mod capture;
#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "client")]
mod crash;
#[cfg(feature = "client")]
pub mod cut;
#[cfg(all(feature = "client", unix))]
mod descriptor;
#[cfg(feature = "client")]
mod earlier;
#[cfg(feature = "client")]
mod engine;
#[cfg(feature = "client")]
mod exemplars;
#[cfg(feature = "client")]
mod flush;
#[cfg(feature = "client")]
mod fork;
#[cfg(feature = "framing")]
pub mod framing;
#[cfg(feature = "client")]
pub mod gate;
#[cfg(feature = "client")]
pub mod interned;
#[cfg(feature = "client")]
pub mod keys;
#[cfg(feature = "client")]
mod log;
#[cfg(feature = "client")]
pub mod loss;
#[cfg(feature = "client")]
pub mod options;
#[cfg(feature = "client")]
mod outbox;
#[cfg(feature = "client")]
mod own;
#[cfg(feature = "client")]
mod pipeline;
#[cfg(feature = "client")]
mod places;
#[cfg(feature = "client")]
mod queue;
#[cfg(feature = "client")]
pub mod sampling;
#[cfg(feature = "client")]
pub mod scope;
#[cfg(feature = "client")]
pub mod sdk;
#[cfg(feature = "client")]
pub mod settings;
#[cfg(feature = "client")]
mod shipper;
#[cfg(all(feature = "client", unix))]
mod sigterm;
#[cfg(feature = "client")]
pub mod stats;
#[cfg(feature = "client")]
pub mod storm;
#[cfg(feature = "client")]
mod symbols;
#[cfg(feature = "client")]
mod system;
#[cfg(feature = "client")]
pub mod tape;
#[cfg(feature = "client")]
pub mod testing;
#[cfg(feature = "client")]
mod threads;
#[cfg(feature = "client")]
pub mod transport;
#[cfg(feature = "client")]
mod worker;

pub use error::{Error, ErrorKind};
#[cfg(feature = "client")]
pub use options::Options;
pub use protocol::{Breadcrumb, Event, EventId, Level, User, Value};
#[cfg(feature = "client")]
pub use sdk::{
    FutureExt, InitGuard, ScopeGuard, ScopeHandle, Scoped, Scopes, Setup, add_breadcrumb, capture_error, capture_event,
    capture_message, clear_breadcrumbs, close, continue_trace, explain, flush, global_scope, init, init_with,
    is_enabled, isolation_scope, last_event_id, new_scope, remove_tag, set_context, set_extra, set_fingerprint,
    set_level, set_session, set_tag, set_tags, set_transaction, set_user, stats, with_scope,
};
#[cfg(feature = "client")]
pub use settings::Hooks;

/// How often this process has been forked from the one that loaded the library.
pub(crate) fn fork_generation() -> u64 {
    #[cfg(feature = "client")]
    return fork::generation();
    #[cfg(not(feature = "client"))]
    0
}

/// The README's examples are run.
#[cfg(all(doctest, feature = "client"))]
#[doc = include_str!("../README.md")]
struct ReadMe;
