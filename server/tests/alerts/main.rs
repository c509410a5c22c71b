//! Who is told what: the real server, and receivers that speak the protocols of its channels.

mod http;
mod smtp;
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
