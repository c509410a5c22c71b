//! The bridge between Faultwire's engine and Kotlin, Java and Swift.
//!
//! - [`client`]: the process-wide client; [`callbacks`]: code of the application that it calls;
//! - [`scope`]: scope cells; [`event`]: the capture calls; [`raw`]: what they are handed, as core's raw captures;
//! - [`error`]: core's errors; [`vector`]: the shared vectors; [`guard`]: the guard of every export;
//! - [`jvm`]: the same cells and captures for the JVM, by JNI, where a call through UniFFI costs microseconds.
//!
//! Structures cross as JSON in a text, numbers with a sign: Java has no others.

mod callbacks;
mod client;
mod error;
mod event;
mod guard;
mod jvm;
mod raw;
mod scope;
mod vector;

uniffi::setup_scaffolding!("faultwire");

/// Captures are allocated on the application's threads and freed on the worker. Here that needs no lock
/// that the application's thread could wait for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
