//! Stories of the engine, one topic a file: what becomes of captures, whatever the server does.

#![cfg(feature = "client")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "../support/mod.rs"]
mod support;

mod conservation;
mod gate;
mod hooks;
mod idle;
mod limits;
mod maps;
mod outage;
mod places;
mod spool;
mod storm;
mod texts;
mod threads;
mod wire;
