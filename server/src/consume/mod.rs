//! From the log to issues: each record once, in batches.
//!
//! | step | file |
//! |---|---|
//! | the next batch, while this one is counted | `ahead` |
//! | a record's bytes to its items | `arrival` |
//! | when it really happened | `times` |
//! | whether it will be stored, and so is read whole | `foresight` |
//! | else what is large and counts for nothing is cut | `light` |
//! | sanitized, fingerprinted: an occurrence | `occurrence` |
//! | what is said of sessions | `sessions` |
//! | counted, its issue moved, stored or not | [`ledger`] |
//! | past what brings the code down | `one_by_one` |
//!
//! One thread reads, another counts, and makes the changes of people as well, which come by the [`Doorway`]: so
//! nothing changes under its hands. A batch is one transaction; what is stored is written before it.

mod ahead;
mod arrival;
pub mod doorway;
mod foresight;
pub mod ledger;
mod light;
mod occurrence;
mod one_by_one;
mod sessions;
mod times;

use std::sync::Arc;
use std::time::{Duration, Instant};

pub use arrival::{Counts, Report};
pub use doorway::Doorway;
pub use ledger::Ledger;
pub use occurrence::{Occurrence, Origin, Reading, Tables, parse_hex, trace_clue, user_clue};
pub use sessions::{Sender as SessionSender, Told};

use crate::clock;
use crate::log::{Log, Position};
use crate::telemetry::{Metrics, Task};
use ahead::{Ahead, Next};
use arrival::Arrival;

/// The longest sleep: what is due by the clock is looked after then.
const TICK: Duration = Duration::from_secs(1);
/// After a failure of the disk, until the next attempt.
const RETRY: Duration = Duration::from_secs(1);
/// How often the database is brought to disk and the log trimmed.
const CHECKPOINT: Duration = Duration::from_secs(5);

/// The thread's state.
pub struct Consumer {
    log: Arc<dyn Log>,
    ahead: Ahead,
    ledger: Ledger,
    doorway: Doorway,
    /// For records that are read one by one.
    reading: Reading,
    metrics: Arc<Metrics>,
    checkpointed: Instant,
    /// Counted, and not yet known to be on disk.
    is_dirty: bool,
}

/// What one step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Done,
    Idle,
    End,
}

/// What `work` comes to, unless a fault of the server ends it.
fn caught<T>(work: impl FnOnce() -> T) -> Option<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).ok()
}

impl Consumer {
    /// One that reads `log` into `ledger`.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub fn new(
        log: Arc<dyn Log>,
        ledger: Ledger,
        doorway: Doorway,
        reading: Reading,
        metrics: Arc<Metrics>,
    ) -> std::io::Result<Self> {
        let ahead = Ahead::start(log.clone(), ledger.position(), reading.again(), doorway.bell())?;
        let (checkpointed, is_dirty) = (Instant::now(), false);
        Ok(Consumer { log, ahead, ledger, doorway, reading, metrics, checkpointed, is_dirty })
    }

    /// Until the doorway is closed and the log is consumed. Runs on a thread of its own.
    pub fn run(mut self) {
        loop {
            if self.doorway.is_closed() {
                self.ahead.close();
            }
            let mut is_fault = false;
            let step = Task::Consume.round(|| {
                let step = caught(|| self.step());
                is_fault = step.is_none();
                step.unwrap_or_else(|| Err(anyhow::anyhow!("a fault of the server")))
            });
            match step {
                Ok(Step::Done) => {}
                Ok(Step::Idle) => self.doorway.bell().wait(TICK),
                Ok(Step::End) => break,
                Err(error) => {
                    tracing::error!(error = format!("{error:#}"), "cannot consume; nothing is lost, it is tried again");
                    self.metrics.consume_failures.inc();
                    self.ledger.abandon();
                    let is_past = is_fault && matches!(caught(|| self.count_one_by_one()), Some(Ok(())));
                    if is_fault && !is_past {
                        self.ledger.abandon();
                    }
                    self.ahead.seek(self.ledger.position());
                    if is_past {
                        continue;
                    }
                    if self.doorway.is_closed() {
                        // The log has it, for the next start.
                        break;
                    }
                    self.doorway.bell().wait(RETRY);
                }
            }
        }
        let tidied = self.checkpoint().and_then(|()| self.ledger.tidy());
        if let Err(error) = tidied {
            tracing::warn!(error = format!("{error:#}"), "the last checkpoint failed; the next start repeats it");
        }
    }

    /// What people want, then one batch.
    fn step(&mut self) -> anyhow::Result<Step> {
        let tasks = self.doorway.tasks();
        let mut done = if tasks.is_empty() { Step::Idle } else { Step::Done };
        for task in tasks {
            task(&mut self.ledger);
        }
        if self.ledger.has_erased() {
            // What the log has of it as it came goes with the rest of what is counted.
            self.log.turn();
        }
        // They write as well, past the batches.
        self.is_dirty |= done == Step::Done;
        for (project, time, outcome) in self.doorway.outcomes() {
            if self.ledger.is_known(project)? {
                self.ledger.outcome(project, time, outcome);
            }
        }
        if let Err(error) = self.ledger.chores(clock::now()) {
            // Nothing waits for it, so it holds nothing up.
            tracing::warn!(error = format!("{error:#}"), "payloads that should go are still there; tried again later");
        }
        match self.ahead.next() {
            Next::Batch(ahead::Batch { arrivals, received, next, damaged, .. }) => {
                self.count(arrivals, received, next, damaged)?;
                done = Step::Done;
            }
            next => {
                self.ledger.tick(clock::now())?;
                if self.ledger.has_changes() {
                    self.commit(self.ledger.position())?;
                }
                if self.ahead.is_at_end() {
                    self.metrics.caught_up(clock::now());
                }
                if matches!(next, Next::End) {
                    done = Step::End;
                }
            }
        }
        if self.is_dirty && self.checkpointed.elapsed() >= CHECKPOINT {
            self.checkpoint()?;
        }
        Ok(done)
    }

    fn count(
        &mut self,
        arrivals: Vec<Arrival>,
        received: Vec<i64>,
        next: Position,
        damaged: usize,
    ) -> anyhow::Result<()> {
        let started = Instant::now();
        if damaged > 0 {
            tracing::error!(stretches = damaged, "log: damaged stretches were skipped");
            self.metrics.log_damaged.inc_by(damaged as u64);
        }
        self.take(arrivals)?;
        self.ledger.tick(clock::now())?;
        let counted = self.commit(next)?;
        self.metrics.consumed(counted, started.elapsed());
        let now = clock::now();
        if let Some(last) = received.last() {
            self.metrics.caught_up(*last);
        }
        received.into_iter().for_each(|at| self.metrics.lag.observe((now - at).max(0) as f64 / 1000.0));
        Ok(())
    }

    fn take(&mut self, arrivals: Vec<Arrival>) -> anyhow::Result<()> {
        for arrival in arrivals {
            // What was still on its way to a project that was deleted.
            if !self.ledger.is_known(arrival.project())? {
                continue;
            }
            match arrival {
                Arrival::Occurrence(occurrence) => self.ledger.occurrence(*occurrence)?,
                Arrival::Counts(counts) => self.ledger.counts(counts)?,
                Arrival::Sessions(_, told) => self.ledger.sessions(told)?,
                Arrival::Report(report) => self.ledger.report(report),
                Arrival::Outcome(project, time, outcome) => self.ledger.outcome(project, time, outcome),
            }
        }
        Ok(())
    }

    fn commit(&mut self, position: Position) -> anyhow::Result<u64> {
        self.is_dirty = true;
        self.ledger.commit(position)
    }

    /// Brings all to disk, then forgets what of the log is there.
    fn checkpoint(&mut self) -> anyhow::Result<()> {
        self.checkpointed = Instant::now();
        match self.ledger.checkpoint() {
            Ok(position) => {
                self.is_dirty = false;
                Ok(self.log.trim(position)?)
            }
            // The log keeps it, and the next time will do.
            Err(error) => {
                tracing::debug!(error = format!("{error:#}"), "checkpoint put off");
                Ok(())
            }
        }
    }
}
