//! What the server says of itself, and whether it is so: the document of its API, what it finds, its metrics.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod bulk;
mod conform;
mod document;
mod lost_updates;
mod pages;
mod search;
#[path = "../people/support.rs"]
#[allow(dead_code, reason = "shared with the tests of people")]
mod support;
mod telemetry;
mod why;
