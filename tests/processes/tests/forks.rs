//! Forked processes: each sends its own events, once, and none hangs.

#![cfg(unix)]
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod support;

use std::collections::BTreeSet;

use support::server::Server;
use support::{run, start};

fn texts(server: &Server) -> Vec<String> {
    server.events().iter().map(|e| e["logentry"]["formatted"].as_str().unwrap_or_default().to_owned()).collect()
}

fn ids(server: &Server) -> BTreeSet<String> {
    server.events().iter().map(|e| e["event_id"].as_str().unwrap().to_owned()).collect()
}

/// A master that captured, then 8 workers x 20: 160 + 1, once each, ids unique, scopes inherited.
#[test]
fn a_prefork_server_loses_and_repeats_nothing() {
    let server = Server::start();
    let seen = run("prefork", Some(&server));
    assert_eq!((seen.status.as_str(), seen.stderr.as_str()), ("exit status: 0", ""));
    let texts = texts(&server);
    assert_eq!((texts.len(), ids(&server).len()), (161, 161));
    let distinct: BTreeSet<_> = texts.iter().collect();
    assert_eq!(distinct.len(), 161);
    assert!(server.events().iter().all(|e| e["tags"]["from"] == "master"));
    assert!(server.connections() >= 9, "sockets are not shared");
}

/// Made before the fork, first used after it: random numbers are not those of the other children.
#[test]
fn children_of_an_unused_client_make_their_own_ids() {
    let server = Server::start();
    let seen = run("fork-untouched", Some(&server));
    assert_eq!((seen.status.as_str(), seen.stderr.as_str()), ("exit status: 0", ""));
    assert_eq!((texts(&server).len(), ids(&server).len()), (4, 4));
}

/// Fifty forks while four threads capture and change scopes: no child hangs, each sends its event.
#[test]
fn a_fork_under_load_does_not_hang() {
    let server = Server::start();
    let seen = run("fork-under-load", Some(&server));
    assert_eq!((seen.status.as_str(), seen.stderr.as_str()), ("exit status: 0", ""));
    let texts = texts(&server);
    for round in 0..50 {
        let child = format!("child {round}");
        assert_eq!(texts.iter().filter(|t| **t == child).count(), 1, "{child}");
    }
    assert_eq!(texts.iter().filter(|t| *t == "the parent goes on").count(), 1);
    assert_eq!(ids(&server).len(), texts.len());
}

/// The parent's connection is the parent's alone: it is of use after the fork, and the server sees its end although the
/// child lives and has yet to send something.
#[test]
fn a_child_does_not_keep_the_connection_of_its_parent() {
    let server = Server::start();
    let state = tempfile::tempdir().unwrap();
    let mut started = start(state.path(), "fork-connected", Some(&server));
    started.until("the end of the parent's connection", || server.ended() == 1);
    assert_eq!(texts(&server), ["before the fork", "the parent goes on"]);
    let seen = started.end();
    assert_eq!((seen.status.as_str(), seen.stderr.as_str()), ("exit status: 0", ""));
    assert_eq!(texts(&server), ["before the fork", "the parent goes on", "the child"]);
    assert_eq!(server.requests().iter().map(|r| r.connection).collect::<Vec<_>>(), [0, 0, 1]);
}

/// Nor one that is being made: to a server that does not answer that takes seconds.
#[test]
#[cfg(target_os = "linux")]
fn a_child_does_not_keep_a_connection_that_its_parent_was_making() {
    let seen = run("fork-connecting", None);
    assert_eq!((seen.status.as_str(), seen.stderr.as_str()), ("exit status: 0", ""));
}

/// `before_send` starts a program, on the worker, which holds off forks while it works.
#[test]
fn a_hook_may_fork() {
    let server = Server::start();
    let seen = run("fork-in-hook", Some(&server));
    assert_eq!((seen.status.as_str(), seen.stderr.as_str()), ("exit status: 0", ""));
    assert_eq!(texts(&server), ["through a hook that forks"]);
}

/// Whatever is made once a process, at the first request, is not half made in any child.
#[test]
#[cfg(target_os = "linux")]
fn a_fork_in_the_midst_of_the_first_request_leaves_nothing_half_made() {
    const ENOUGH: usize = 6;
    let mut forks = 0;
    // On a busy machine one process comes to a few only.
    for _ in 0..2 * ENOUGH {
        let server = Server::start();
        let seen = run("fork-early", Some(&server));
        assert_eq!((seen.status.as_str(), seen.stderr.as_str()), ("exit status: 0", ""));
        let count: usize = seen.stdout.trim().parse().unwrap();
        let told: BTreeSet<_> = texts(&server).into_iter().collect();
        let expected = (0..count).map(|n| format!("worker {n}")).chain(["master".to_owned()]).collect();
        assert_eq!((told, ids(&server).len()), (expected, count + 1));
        forks += count;
        if forks >= ENOUGH {
            return;
        }
    }
    panic!("only {forks} forks");
}

/// What other threads free of the forking thread's is freed while no fork can come, from their first breath to the last.
#[test]
#[cfg(target_os = "linux")]
fn nothing_of_the_forking_thread_is_half_freed() {
    let server = Server::start();
    let seen = run("fork-free", Some(&server));
    assert_eq!((seen.status.as_str(), seen.stderr.as_str()), ("exit status: 0", ""));
}
