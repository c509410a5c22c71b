//! What a process could not send before it died, the next one sends.

#![cfg(unix)]
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod support;

use std::time::{Duration, Instant};

use support::run_in;
use support::server::Server;

/// Aborted by a panic while the server is down: the process ends at once, as without Faultwire, and the panic
/// arrives at the next start.
#[test]
fn an_abort_while_the_server_is_down_arrives_later() {
    let state = tempfile::tempdir().unwrap();
    let server = Server::start();
    server.refuses();
    for scenario in ["panic-extern-c", "panic-main", "panic-in-drop"] {
        let bare = run_in(state.path(), scenario, None);
        let start = Instant::now();
        let seen = run_in(state.path(), scenario, Some(&server));
        assert_eq!(seen, bare);
        assert!(start.elapsed() < Duration::from_secs(10), "{scenario} waited: {:?}", start.elapsed());
    }
    server.answers(200);
    let seen = run_in(state.path(), "recover", Some(&server));
    assert_eq!((seen.status.as_str(), seen.stderr.as_str()), ("exit status: 0", ""));
    let mut values: Vec<String> = server
        .events()
        .iter()
        .map(|event| event["exception"]["values"][0]["value"].as_str().unwrap_or_default().to_owned())
        .collect();
    values.sort();
    assert_eq!(values, ["a number", "in a callback of C", "in a destructor", "the first one"]);
}

/// A thread that the system refused is asked for again, and what was captured before it came is delivered.
#[test]
#[cfg(target_os = "linux")]
fn threads_that_were_refused_are_asked_for_again() {
    let (state, server) = (tempfile::tempdir().unwrap(), Server::start());
    let seen = run_in(state.path(), "no-threads", Some(&server));
    assert_eq!((seen.status.as_str(), seen.stderr.as_str()), ("exit status: 0", ""));
    let first = &server.events()[0];
    assert_eq!(first["logentry"]["formatted"], "while there are none");
}
