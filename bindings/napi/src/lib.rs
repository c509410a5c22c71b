//! The bridge between Faultwire's engine and Node: the addon behind `sdk-node`.
//!
//! - [`event`]: the capture calls; [`raw`]: what they are handed, as core's raw captures; [`text`]: how texts cross;
//! - [`scope`]: scope cells; [`client`]: the process-wide client; [`types`]: what the options say of error types;
//! - [`error`]: core's errors as answers; [`vector`]: the shared vectors;
//! - [`lifecycle`]: environments and threads; [`guard`]: the guard of every export.
//!
//! One client serves the process, whatever number of environments (worker threads) have loaded the addon.
//! Nothing here calls into JavaScript or keeps hold of anything of it: the application's hooks run in the
//! package, which hands their results back. What crosses is numbers, texts, and JSON in a text.

// Under `cfg(test)` the exports are not registered, so nothing seems to use them.
#![cfg_attr(test, allow(dead_code))]

mod client;
mod error;
mod event;
mod guard;
mod lifecycle;
mod raw;
mod scope;
mod text;
mod types;
mod vector;

/// Captures are allocated on the application's threads and freed on the worker. Here that needs no lock
/// that the application's thread could wait for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
