//! Who may do what: stories told to a real server over HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod commands;
mod doors;
mod erased;
mod foreign;
mod keys;
mod matrix;
mod projects;
mod proxies;
mod support;
mod tokens;
