//! The server looks after itself: what is about to go wrong is told before it does.
//!
//! | step | file |
//! |---|---|
//! | room on the disk | `disk` |
//! | what is wrong, and for how long | `watch` |
//! | once a second: looked at, logged, counted, told | here |
//! | told past a ledger that does not answer | `direct` |
//!
//! Told at most once an hour a cause, which is written down with the alert, so that a restart tells nothing again. What
//! is about a project goes to that project's channels, all else to those of the first project.

mod direct;
pub mod disk;
mod watch;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Serialize;

pub use direct::Direct;
pub use watch::{Alarm, Bounds, Cause, Trouble, Vitals};

use crate::clock;
use crate::consume::Doorway;
use crate::ingest::{Full, Quotas};
use crate::live::Live;
use crate::log::Log;
use crate::settings::Settings;
use crate::telemetry::{Metrics, Task};
use crate::threads;
use disk::Room;
use watch::Watch;

/// How often all is looked at.
const EVERY: Duration = Duration::from_secs(1);
/// An alert that could not be written, or that no channel was there for, is tried again after so long.
const RETRY: i64 = 5_000;
/// A ledger that does not answer for so long is stuck, or as good as that.
const PATIENCE: Duration = Duration::from_secs(5);
/// A trouble that lasts is logged again after so long.
const SAY_AGAIN: i64 = clock::HOUR;

impl From<&Settings> for Bounds {
    fn from(settings: &Settings) -> Self {
        Bounds {
            free_bytes: settings.alert_free_bytes,
            lag: settings.alert_lag_seconds as i64 * 1000,
            patience: settings.alert_patience_seconds as i64 * 1000,
        }
    }
}

/// What it looks at. Shared.
pub struct Health {
    /// The folder whose disk it is.
    pub folder: PathBuf,
    /// When something is wrong.
    pub bounds: Bounds,
    /// For what was refused.
    pub quotas: Arc<Quotas>,
    /// For its depth.
    pub log: Arc<dyn Log>,
    /// To where the lag is told, and where it is known.
    pub metrics: Arc<Metrics>,
    /// To where alerts are written.
    pub doorway: Doorway,
    /// To where alerts go that cannot be written.
    pub direct: Arc<Direct>,
    /// What is wrong now.
    pub troubles: Mutex<Vec<Trouble>>,
}

/// How the server is.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Report {
    /// `ok` or `trouble`.
    pub status: &'static str,
    /// What is wrong.
    pub troubles: Vec<Trouble>,
    /// Room on the disk of the data; none if it could not be measured.
    pub disk: Option<Room>,
    /// By how much counting is behind.
    pub lag_ms: i64,
    /// What of the log is not counted or not yet on disk as counted.
    pub log_bytes: u64,
    /// Projects that may send no more this hour.
    pub quotas_used_up: Vec<Full>,
    /// When something is wrong.
    pub bounds: Bounds,
    /// The server's version.
    pub version: &'static str,
}

impl Health {
    fn wrong(&self) -> MutexGuard<'_, Vec<Trouble>> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How it is. Waits for the disk.
    pub fn vitals(&self) -> Vitals {
        let now = clock::now();
        let room = disk::room(&self.folder).ok();
        Vitals { room, lag: self.metrics.behind(now), full: self.quotas.full(now) }
    }

    /// How it is, as the API shows it. Waits for the disk.
    pub fn report(&self) -> Report {
        let Vitals { room, lag, full } = self.vitals();
        let troubles = self.wrong().clone();
        Report {
            status: if troubles.is_empty() { "ok" } else { "trouble" },
            troubles,
            disk: room,
            lag_ms: lag,
            log_bytes: self.log.depth(),
            quotas_used_up: full,
            bounds: self.bounds,
            version: env!("CARGO_PKG_VERSION"),
        }
    }

    /// Looks until the server stops.
    pub async fn run(self: Arc<Self>, live: Arc<Live>) {
        let mut watch = Watch::default();
        let mut second = tokio::time::interval(EVERY);
        // What is being written now is not asked for again before it is.
        let telling: Arc<Mutex<HashSet<Cause>>> = Arc::default();
        while !live.is_closed() {
            second.tick().await;
            let (looking, started) = (self.clone(), Instant::now());
            let Ok(vitals) = tokio::task::spawn_blocking(move || looking.vitals()).await else { continue };
            let now = clock::now();
            let troubles = watch.look(&vitals, self.bounds, now);
            self.metrics.health(vitals.room.map(|room| room.free), vitals.lag, &troubles);
            for trouble in &troubles {
                if watch.should_say(trouble.cause, now, SAY_AGAIN) {
                    let cause = trouble.cause.to_string();
                    tracing::error!(cause, since = trouble.since, detail = trouble.detail, "the server needs care");
                }
                if watch.should_tell(trouble.cause, now, RETRY) {
                    self.tell(&telling, Alarm::of(trouble, now));
                }
            }
            *self.wrong() = troubles;
            Task::Health.ended(started, true);
        }
    }

    /// Has an alert written, beside looking: the one who writes may be what is in trouble. Then it is sent past it, once
    /// an hour; it may be told twice if the ledger was about to write it.
    fn tell(self: &Arc<Self>, telling: &Arc<Mutex<HashSet<Cause>>>, alarm: Alarm) {
        let cause = alarm.cause;
        if !telling.lock().unwrap_or_else(PoisonError::into_inner).insert(cause) {
            return;
        }
        let (health, telling) = (self.clone(), telling.clone());
        threads::start(Task::Alarm, async move {
            let started = Instant::now();
            let told = health.told(&alarm).await;
            Task::Alarm.ended(started, told.is_ok());
            if let Err(error) = told {
                tracing::warn!(error = format!("{error:#}"), "an alert of the server's own was not written");
            }
            telling.lock().unwrap_or_else(PoisonError::into_inner).remove(&cause);
        });
    }

    async fn told(&self, alarm: &Alarm) -> anyhow::Result<()> {
        let is_told = self.direct.has_told(alarm);
        let (is_late, theirs) = (Arc::new(AtomicBool::new(false)), alarm.clone());
        let is_too_late = is_late.clone();
        let mut writing = std::pin::pin!(self.doorway.ask(move |ledger| match is_told {
            true => ledger.was_told(&theirs),
            false if is_too_late.load(Ordering::Acquire) => Ok(()),
            false => ledger.alarm(&theirs).map(drop),
        }));
        let written = tokio::time::timeout(PATIENCE, &mut writing).await;
        if matches!(written, Ok(Ok(Ok(())))) {
            if is_told {
                self.direct.is_noted(alarm.cause);
            }
            return Ok(());
        }
        is_late.store(true, Ordering::Release);
        if !is_told && !self.doorway.is_closed() {
            let (direct, alarm) = (self.direct.clone(), alarm.clone());
            let told = tokio::task::spawn_blocking(move || direct.tell(&alarm)).await;
            if let Err(error) = told.map_err(anyhow::Error::from).flatten() {
                tracing::warn!(error = format!("{error:#}"), "an alert of the server's own cannot be sent");
            }
        }
        match written {
            Ok(done) => done.map_err(|_| anyhow::anyhow!("busy"))?,
            // What waits for who is stuck waits once.
            Err(_) => writing.await.map_err(|_| anyhow::anyhow!("busy"))?,
        }
    }
}
