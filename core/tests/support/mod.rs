//! What the stories stand on: a backend in the process, a server on a socket, and waiting for conditions.

#![allow(dead_code, reason = "each test uses its part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test helper fails by panicking")]

pub mod backend;
pub mod server;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use faultwire::capture::{Body, Capture};
use faultwire::client::Client;
use faultwire::gate::{Candidate, Verdict};
use faultwire::protocol::{EventId, Level, LogEntry};
use faultwire::sampling::SamplingContext;
use faultwire::scope::Layers;
use faultwire::settings::Sdk;
use faultwire::stats::Stats;
use faultwire::storm::FoldKey;
use faultwire::tape::Tape;
use faultwire::{Hooks, Options};

/// Far longer than anything here takes: only a bug meets it.
pub const SOON: Duration = Duration::from_secs(30);

/// Waits until `done`, and fails with `what` when it does not come about.
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + SOON;
    while !done() {
        assert!(Instant::now() < deadline, "{what} did not come about within {SOON:?}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A client whose events go to `backend`.
pub fn client(options: Options, hooks: Hooks, backend: &backend::Backend) -> Client {
    Client::new(options, hooks, Sdk::default(), Some(backend.transport())).unwrap()
}

/// One capture as a language layer makes it.
#[derive(Default)]
pub struct Raised<'a> {
    pub text: &'a str,
    pub ty: Option<&'a str>,
    pub ignored: bool,
    pub fold: Option<u64>,
}

impl Raised<'_> {
    pub fn capture(&self, client: &Client) -> Option<EventId> {
        let sampling =
            SamplingContext { exception_type: self.ty, level: Level::Error, logger: None, transaction: None };
        let candidate = Candidate { sampling, ignored: self.ignored, rate: client.options().sample_rate.0 };
        let rate = client.sample(&candidate)?;
        let admission = match client.admit(self.fold.and_then(FoldKey::new), rate) {
            Verdict::No => return None,
            Verdict::Folded(exemplar) => return exemplar,
            Verdict::Yes(admission) => admission,
        };
        client.submit(Capture {
            timestamp: admission.timestamp,
            admission,
            platform: "rust",
            level: Level::Error,
            logger: None,
            body: Body::Message { entry: Box::new(LogEntry::from(self.text.to_owned())), stack: None },
            layers: Layers::default(),
            thread: None,
            tape: Tape::default(),
            bytes: 512 + self.text.len(),
        })
    }
}

/// A capture that never folds.
pub fn raise(client: &Client, text: &str) -> Option<EventId> {
    Raised { text, ..Raised::default() }.capture(client)
}

/// How many captures [`under_load`] makes.
pub const LOAD: u64 = 2000;

/// Four threads raise [`LOAD`] distinct errors, `pause` after each, while `others` threads do something else
/// over and over.
pub fn under_load(client: &Client, pause: Duration, others: usize, something_else: impl Fn() + Sync) {
    let working = AtomicBool::new(true);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|worker| {
                scope.spawn(move || {
                    (0..LOAD / 4).for_each(|n| {
                        raise(client, &format!("{worker}:{n}"));
                        std::thread::sleep(pause);
                    })
                })
            })
            .collect();
        for _ in 0..others {
            scope.spawn(|| {
                while working.load(Ordering::Relaxed) {
                    something_else();
                }
            });
        }
        workers.into_iter().for_each(|worker| worker.join().unwrap());
        working.store(false, Ordering::Relaxed);
    });
}

/// The counters, after the conservation law was checked.
pub fn lawful(stats: Stats) -> Stats {
    let accounted = stats.delivered + stats.spooled + stats.pending + stats.folded + dropped(&stats);
    assert_eq!(stats.captured, accounted, "{stats:?}");
    stats
}

pub fn dropped(stats: &Stats) -> u64 {
    stats.dropped.values().sum()
}

/// How often something was dropped for a reason.
pub fn dropped_for(stats: &Stats, reason: &str) -> u64 {
    stats.dropped.get(reason).copied().unwrap_or(0)
}
