//! Who is told what: the real server, and receivers that speak the protocols of its channels.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod health;
mod http;
mod smtp;
mod tls;
mod world;

mod api;
mod crash;
mod email;
mod outage;
mod pagerduty;
mod rules;
mod secrets;
mod slack;
mod webhook;
