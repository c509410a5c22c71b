//! An application that closes descriptors which are not its own, and opens others under their numbers: nothing of ours
//! gets into them, and nothing is lost.

#![cfg(unix)]
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod support;

use std::path::Path;

use support::server::Server;
use support::{Seen, run_in, start};

/// What the server got, a text an id.
fn texts(server: &Server) -> Vec<String> {
    let text = |event: &faultwire::Value| event["logentry"]["formatted"].as_str().map(str::to_owned);
    let mut all: Vec<(String, String)> =
        server.events().iter().filter_map(|event| Some((event["event_id"].to_string(), text(event)?))).collect();
    all.sort();
    all.dedup();
    let mut texts: Vec<String> = all.into_iter().map(|(_, text)| text).collect();
    texts.sort();
    texts
}

const ALL: [&str; 6] = ["after 0", "after 1", "after 2", "before 0", "before 1", "before 2"];

fn ended_well(seen: &Seen) {
    assert_eq!((seen.status.as_str(), seen.stderr.as_str()), ("exit status: 0", ""));
}

/// The application's files as it wrote them.
fn untouched(state: &Path) {
    let files: Vec<_> = std::fs::read_dir(state.join("application")).unwrap().flatten().collect();
    assert!(files.len() > 40);
    for file in files {
        assert_eq!(std::fs::read(file.path()).unwrap(), b"theirs", "{file:?}");
    }
    std::fs::remove_dir_all(state.join("application")).unwrap();
}

#[test]
fn the_spool_and_the_connection_are_opened_again() {
    let (state, server) = (tempfile::tempdir().unwrap(), Server::start());
    let seen = run_in(state.path(), "closed-up", Some(&server));
    ended_well(&seen);
    assert_eq!(seen.stdout, "disk; the application had closed its files\n");
    assert_eq!(texts(&server), ALL);
    assert_eq!(server.events().len(), 6, "each once");
    untouched(state.path());
}

/// All that a program captured while its server was down is on disk when it ends, and sent by the next start.
fn left_to_the_next_start(scenario: &str) {
    let (state, server) = (tempfile::tempdir().unwrap(), Server::start());
    server.refuses();
    ended_well(&run_in(state.path(), scenario, Some(&server)));
    untouched(state.path());
    server.answers(200);
    ended_well(&run_in(state.path(), "recover", Some(&server)));
    assert_eq!(texts(&server), ALL);
}

#[test]
fn what_is_on_disk_is_left_to_the_next_start() {
    left_to_the_next_start("closed-down");
}

/// What could not be written while the application was closing files is written soon after.
#[test]
fn a_slow_closing_is_waited_for() {
    left_to_the_next_start("closed-slowly");
}

#[test]
fn what_is_on_disk_alone_is_read_by_its_name() {
    let (state, server) = (tempfile::tempdir().unwrap(), Server::start());
    server.refuses();
    let mut life = start(state.path(), "closed-backlog", Some(&server));
    life.until("all on disk", || state.path().join("application/ready").exists());
    server.answers(200);
    ended_well(&life.end());
    untouched(state.path());
    assert_eq!(texts(&server).len(), 400);
    assert_eq!(server.events().len(), 400, "each once");
}

#[test]
fn a_child_leaves_them_open() {
    let (state, server) = (tempfile::tempdir().unwrap(), Server::start());
    ended_well(&run_in(state.path(), "closed-fork", Some(&server)));
    untouched(state.path());
    assert_eq!(texts(&server), ALL);
}

#[test]
fn a_crash_writes_into_none_of_them() {
    let (state, server) = (tempfile::tempdir().unwrap(), Server::start());
    for scenario in ["closed-crash", "closed-crash-later"] {
        let seen = run_in(state.path(), scenario, Some(&server));
        assert!(seen.status.starts_with("signal: 11 (SIGSEGV)") && seen.stderr.is_empty(), "{seen:?}");
        untouched(state.path());
        ended_well(&run_in(state.path(), "crash-report", Some(&server)));
        let crashes = server.events().iter().filter(|event| event["level"] == "fatal").count();
        // The worker has looked in between only in the second case.
        assert_eq!(crashes, usize::from(scenario == "closed-crash-later"), "{scenario}");
    }
}

#[test]
fn sigterm_is_told_by_another_pipe() {
    let (state, server) = (tempfile::tempdir().unwrap(), Server::start());
    let seen = run_in(state.path(), "closed-sigterm", Some(&server));
    assert!(seen.status.starts_with("signal: 15 (SIGTERM)") && seen.stderr.is_empty(), "{seen:?}");
    untouched(state.path());
    assert_eq!(texts(&server), ALL);
}
