//! What events come to mean: stories told to a real server over HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says so by failing")]

mod live;
mod live_all;
mod overview;
mod quiet;
mod sessions;
mod settings;
mod similar;
mod storm;
mod story;
#[path = "../people/support.rs"]
#[allow(dead_code, reason = "shared with the stories of people, who need more of it")]
mod support;
