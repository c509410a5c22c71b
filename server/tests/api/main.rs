//! What the server says of itself, and whether it is so: the document of its API, its log, its metrics, its pages.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod conform;
mod document;
#[path = "../people/support.rs"]
#[allow(dead_code, reason = "shared with the tests of people")]
mod support;
