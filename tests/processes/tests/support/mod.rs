//! Runs the program and compares what is seen of it from outside.

#![allow(dead_code, reason = "each test uses its part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test helper fails by panicking")]

#[path = "../../../../core/tests/support/server.rs"]
pub mod server;

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use server::Server;

/// A hang is a failure, and ends before the test run does.
const TOO_LONG: Duration = Duration::from_secs(120);

/// What is waited for comes far sooner.
const SOON: Duration = Duration::from_secs(30);

/// What is seen of a process from outside.
#[derive(Debug, PartialEq, Eq)]
pub struct Seen {
    pub status: String,
    pub stdout: String,
    pub stderr: String,
}

/// Runs a scenario that reports to `server`, or to nobody.
pub fn run(scenario: &str, server: Option<&Server>) -> Seen {
    run_in(tempfile::tempdir().unwrap().path(), scenario, server)
}

/// The same as one of several lives, which share the place `state` for what they keep on disk.
pub fn run_in(state: &Path, scenario: &str, server: Option<&Server>) -> Seen {
    start(state, scenario, server).end()
}

/// A process that runs.
pub struct Started {
    scenario: String,
    child: Child,
}

/// Starts a scenario, whose standard input is open until [`Started::end`].
pub fn start(state: &Path, scenario: &str, server: Option<&Server>) -> Started {
    let child = Command::new(env!("CARGO_BIN_EXE_faultwire-processes"))
        .arg(scenario)
        .env_remove("SENTRY_DSN")
        .env("XDG_STATE_HOME", state)
        .env("RUST_BACKTRACE", "0")
        .env("FAULTWIRE_DSN", server.map(Server::dsn_text).unwrap_or_default())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    Started { scenario: scenario.to_owned(), child }
}

impl Started {
    /// Waits until something is seen of it while it runs.
    pub fn until(&mut self, what: &str, is_so: impl Fn() -> bool) {
        let start = Instant::now();
        while !is_so() {
            if start.elapsed() > SOON || self.child.try_wait().unwrap().is_some() {
                let _ = self.child.kill();
                panic!("{}: {what} did not come about in {:?}", self.scenario, start.elapsed());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Closes its standard input and waits for its end.
    pub fn end(mut self) -> Seen {
        let pid = self.child.id();
        drop(self.child.stdin.take());
        let (done, ended) = std::sync::mpsc::channel();
        let child = self.child;
        let waiter = std::thread::spawn(move || {
            let output = child.wait_with_output().unwrap();
            let _ = done.send(());
            output
        });
        let start = Instant::now();
        if ended.recv_timeout(TOO_LONG).is_err() {
            let _ = Command::new("kill").args(["-9", &pid.to_string()]).status();
            panic!("{} hung for {:?}", self.scenario, start.elapsed());
        }
        seen(waiter.join().unwrap())
    }
}

fn seen(output: Output) -> Seen {
    let Output { status, stdout, stderr } = output;
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    // What differs between two runs anyway: the number of a thread (`thread 'main' (123) panicked`), and
    // the addresses of the stack that is printed before an abort.
    let alike = |text: String| {
        let in_stack = |line: &&str| line.starts_with(' ');
        let numberless = |line: &str| match (line.find("' ("), line.find(") panicked")) {
            (Some(from), Some(to)) if from < to => format!("{}{}\n", &line[..=from], &line[to + 1..]),
            _ => format!("{line}\n"),
        };
        text.lines().filter(|line| !in_stack(line)).map(numberless).collect::<String>()
    };
    Seen { status: status.to_string(), stdout: text(stdout), stderr: alike(text(stderr)) }
}

/// The same program with and without Faultwire looks the same; what the server got.
pub fn unchanged(scenario: &str) -> Vec<faultwire::Value> {
    let server = Server::start();
    let (with, without) = (run(scenario, Some(&server)), run(scenario, None));
    assert_eq!(with, without, "{scenario}");
    server.events()
}
