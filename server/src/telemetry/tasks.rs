//! What the server does beside answering, as a list: whatever runs by itself is one of these, and says how long each
//! round of it took and whether it worked.
//!
//! Counted for the process: threads that begin before there are metrics count as well.

use std::sync::LazyLock;
use std::time::Instant;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;

use super::metrics::seconds;

/// Threads and tasks. See [`crate::threads`], by which alone they are started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Task {
    /// Makes the log's next segment. A round is one segment.
    LogSpare,
    /// Writes what was accepted. A round is a write that is durable.
    LogCommit,
    /// Reads the log ahead of the ledger. A round is a stretch of it.
    Read,
    /// Owns the ledger. A round is what people want, then a batch.
    Consume,
    /// Makes what a batch stores. A round is a batch's.
    Store,
    /// Looks for what is to be told. A round is a look.
    Outbox,
    /// Sends messages. A round is an attempt.
    Deliver,
    /// Tells live readers of issues. A round is a second's.
    Live,
    /// Notes that sessions and tokens are used. A round is a note.
    Note,
    /// Looks how the server is. A round is a look.
    Health,
    /// Writes an alert of the server's own. A round is one.
    Alarm,
    /// Looks for a newer certificate. A round is a look.
    Certificate,
    /// Serves a connection. A round is its life.
    Connection,
}

static ROUNDS: LazyLock<Family<Round, Histogram>> = LazyLock::new(|| Family::new_with_constructor(seconds));

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Round {
    task: &'static str,
    result: &'static str,
}

/// For the registry.
pub(super) fn rounds() -> Family<Round, Histogram> {
    ROUNDS.clone()
}

impl Task {
    /// All there are.
    pub const ALL: [Task; 13] = [
        Task::LogSpare,
        Task::LogCommit,
        Task::Read,
        Task::Consume,
        Task::Store,
        Task::Outbox,
        Task::Deliver,
        Task::Live,
        Task::Note,
        Task::Health,
        Task::Alarm,
        Task::Certificate,
        Task::Connection,
    ];

    /// The name that threads and metrics have for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Task::LogSpare => "log-spare",
            Task::LogCommit => "log-commit",
            Task::Read => "read",
            Task::Consume => "consume",
            Task::Store => "store",
            Task::Outbox => "outbox",
            Task::Deliver => "deliver",
            Task::Live => "live",
            Task::Note => "note",
            Task::Health => "health",
            Task::Alarm => "alarm",
            Task::Certificate => "certificate",
            Task::Connection => "connection",
        }
    }

    /// A round that began at `started` has ended.
    pub fn ended(self, started: Instant, is_ok: bool) {
        let round = Round { task: self.as_str(), result: if is_ok { "ok" } else { "failed" } };
        ROUNDS.get_or_create(&round).observe(started.elapsed().as_secs_f64());
    }

    /// A round of it.
    pub fn round<T, E>(self, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let started = Instant::now();
        let done = work();
        self.ended(started, done.is_ok());
        done
    }
}
