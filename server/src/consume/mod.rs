//! From the log to issues: each record once, in batches.
//!
//! | step | file |
//! |---|---|
//! | a record's bytes to its items | `arrival` |
//! | when it really happened | `times` |
//! | what is large and counts for nothing is set aside | `heavy` |
//! | sanitized, fingerprinted: an occurrence | `occurrence` |
//! | counted, its issue moved, stored or not | [`ledger`] |
//!
//! One thread does it, and makes the changes of people as well, which come by the [`Doorway`]: so nothing changes under
//! its hands. A batch is one transaction; what is stored is written before it.

mod arrival;
pub mod doorway;
mod heavy;
pub mod ledger;
mod occurrence;
mod times;

use std::sync::Arc;
use std::time::{Duration, Instant};

pub use doorway::Doorway;
pub use ledger::Ledger;
pub use occurrence::{Occurrence, Reading, parse_hex};

use crate::clock;
use crate::log::Log;
use crate::telemetry::Metrics;
use arrival::Arrival;

/// Bytes of the log that are consumed in one transaction: some 300 events.
const BATCH_BYTES: usize = 1 << 20;
/// The longest sleep: what is due by the clock is looked after then.
const TICK: Duration = Duration::from_secs(1);
/// After a failure of the disk, until the next attempt.
const RETRY: Duration = Duration::from_secs(1);
/// How often the database is brought to disk and the log trimmed.
const CHECKPOINT: Duration = Duration::from_secs(5);

/// The thread's state.
pub struct Consumer {
    log: Arc<dyn Log>,
    ledger: Ledger,
    doorway: Doorway,
    reading: Reading,
    metrics: Arc<Metrics>,
    checkpointed: Instant,
}

impl Consumer {
    /// One that reads `log` into `ledger`.
    pub fn new(log: Arc<dyn Log>, ledger: Ledger, doorway: Doorway, reading: Reading, metrics: Arc<Metrics>) -> Self {
        log.ring(doorway.bell());
        Consumer { log, ledger, doorway, reading, metrics, checkpointed: Instant::now() }
    }

    /// Until the doorway is closed and the log is consumed. Runs on a thread of its own.
    pub fn run(mut self) {
        loop {
            let is_closing = self.doorway.is_closed();
            let progressed = match self.step() {
                Ok(progressed) => progressed,
                Err(error) => {
                    tracing::error!(error = format!("{error:#}"), "cannot consume; nothing is lost, it is tried again");
                    self.metrics.consume_failures.inc();
                    self.ledger.abandon();
                    self.doorway.bell().wait(RETRY);
                    is_closing
                }
            };
            if !progressed {
                if is_closing {
                    break;
                }
                self.doorway.bell().wait(TICK);
            }
        }
        if let Err(error) = self.checkpoint() {
            tracing::warn!(error = format!("{error:#}"), "the last checkpoint failed; the next start repeats it");
        }
    }

    /// One batch, and what people want; whether there was anything.
    fn step(&mut self) -> anyhow::Result<bool> {
        let started = Instant::now();
        let asked = self.doorway.tasks();
        let has_tasks = !asked.is_empty();
        for task in asked {
            task(&mut self.ledger);
        }
        let batch = self.log.read(self.ledger.position(), BATCH_BYTES)?;
        let outcomes = self.doorway.outcomes();
        let has_moved = batch.next != self.ledger.position();
        if batch.damaged > 0 {
            tracing::error!(stretches = batch.damaged, "log: damaged stretches were skipped");
            self.metrics.log_damaged.inc_by(batch.damaged as u64);
        }
        let mut newest = None;
        for record in batch.records {
            newest = newest.max(Some(record.received));
            for arrival in arrival::read(record, &mut self.reading) {
                match arrival {
                    Arrival::Occurrence(occurrence) => self.ledger.occurrence(*occurrence, &mut self.reading)?,
                    Arrival::Counts(counts) => self.ledger.counts(counts)?,
                    Arrival::Report(report) => self.ledger.report(report),
                    Arrival::Outcome(project, time, outcome) => self.ledger.outcome(project, time, outcome),
                }
            }
        }
        outcomes.into_iter().for_each(|(project, time, outcome)| self.ledger.outcome(project, time, outcome));
        self.ledger.tick(clock::now(), &mut self.reading)?;
        if has_moved || self.ledger.has_changes() {
            let counted = self.ledger.commit(batch.next)?;
            self.metrics.consumed(counted, started.elapsed());
            if let Some(received) = newest {
                self.metrics.lag.observe((clock::now() - received).max(0) as f64 / 1000.0);
            }
        }
        if self.checkpointed.elapsed() >= CHECKPOINT && has_moved {
            self.checkpoint()?;
        }
        Ok(has_moved || has_tasks)
    }

    /// Brings all to disk, then forgets what of the log is there.
    fn checkpoint(&mut self) -> anyhow::Result<()> {
        self.checkpointed = Instant::now();
        match self.ledger.checkpoint() {
            Ok(position) => Ok(self.log.trim(position)?),
            // The log keeps it, and the next time will do.
            Err(error) => {
                tracing::debug!(error = format!("{error:#}"), "checkpoint put off");
                Ok(())
            }
        }
    }
}
