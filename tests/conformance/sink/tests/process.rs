//! The process: what it binds, what it prints, and that it never stays behind.

#![allow(clippy::unwrap_used, reason = "a test helper fails by panicking")]

mod support;

use std::time::{Duration, Instant};

use support::{Sink, binary};

fn ends_soon(sink: &mut Sink) -> bool {
    let deadline = Instant::now() + Duration::from_secs(10);
    while Instant::now() < deadline {
        if let Some(status) = sink.child.try_wait().unwrap() {
            return status.success();
        }
        std::thread::yield_now();
    }
    false
}

#[test]
fn it_ends_with_its_standard_input_though_clients_are_stalled() {
    let mut sink = Sink::quiet();
    sink.mode(r#"{"mode":"stall"}"#);
    let stalled = support::post(&support::agent(Duration::from_millis(200)), &sink.envelope_url(), &[], b"{}\n");
    assert!(stalled.is_err());
    drop(sink.stdin.take());
    assert!(ends_soon(&mut sink));
}

#[test]
fn it_ends_when_told_and_says_so() {
    let mut sink = Sink::quiet();
    assert_eq!(sink.order("/_sink/quit", "").status, 200);
    assert!(ends_soon(&mut sink));
}

#[test]
fn it_listens_on_loopback_only() {
    for address in ["0.0.0.0", "::", "10.0.0.1"] {
        let run = binary().args(["--host", address]).output().unwrap();
        assert_eq!(run.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&run.stderr).contains("--host"));
        assert!(run.stdout.is_empty());
    }
}

#[test]
fn a_port_that_is_taken_is_an_error_not_a_second_sink() {
    let sink = Sink::quiet();
    let port = sink.data.rsplit(':').next().unwrap().to_owned();
    let second = binary().args(["--port", &port]).output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(second.stdout.is_empty() && !second.stderr.is_empty());
}

#[test]
fn the_dsn_is_one_the_core_reads() {
    let sink = Sink::quiet();
    let dsn: faultwire::protocol::Dsn = sink.dsn.parse().unwrap();
    assert_eq!(dsn.envelope_url(), sink.envelope_url());
}
