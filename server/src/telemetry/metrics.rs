//! Every metric, once.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::tasks;
use crate::clock;
use crate::health::Trouble;
use crate::outcome::{Outcome, Reason};

/// Seconds: from a quick answer to one that a client gives up on.
const SECONDS: [f64; 14] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Why {
    reason: Reason,
}

impl EncodeLabelValue for Reason {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        EncodeLabelValue::encode(&self.as_str(), encoder)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
    method: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Delivered {
    channel: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Wrong {
    cause: &'static str,
}

/// What is counted while the server runs.
pub struct Metrics {
    registry: Registry,
    accepted: Counter,
    refused: Family<Why, Counter>,
    ingest_seconds: Histogram,
    counted: Counter,
    outcomes: Family<Why, Counter>,
    batch_seconds: Histogram,
    /// Seconds from acceptance to being counted.
    pub lag: Histogram,
    /// Attempts to consume that failed and are repeated.
    pub consume_failures: Counter,
    /// Damaged stretches of the log.
    pub log_damaged: Counter,
    /// Bytes of the log.
    pub log_bytes: Gauge<i64>,
    requests: Family<Route, Histogram>,
    alert_seconds: Family<Delivered, Histogram>,
    /// Streams that are open.
    pub streams: Gauge<i64>,
    disk_free: Gauge<i64>,
    behind_seconds: Gauge<f64, AtomicU64>,
    troubles: Family<Wrong, Gauge<i64>>,
    /// What was accepted until then is counted.
    counted_to: AtomicI64,
    uptime: Gauge<f64, AtomicU64>,
    started: std::time::Instant,
}

pub(super) fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Metrics {
            registry: Registry::with_prefix("faultwire"),
            accepted: Counter::default(),
            refused: Family::default(),
            ingest_seconds: seconds(),
            counted: Counter::default(),
            outcomes: Family::default(),
            batch_seconds: seconds(),
            lag: seconds(),
            consume_failures: Counter::default(),
            log_damaged: Counter::default(),
            log_bytes: Gauge::default(),
            requests: Family::new_with_constructor(seconds),
            alert_seconds: Family::new_with_constructor(seconds),
            streams: Gauge::default(),
            disk_free: Gauge::default(),
            behind_seconds: Gauge::default(),
            troubles: Family::default(),
            counted_to: AtomicI64::new(clock::now()),
            uptime: Gauge::default(),
            started: std::time::Instant::now(),
        };
        let registry = &mut metrics.registry;
        registry.register("ingest_accepted", "Requests answered 200", metrics.accepted.clone());
        registry.register("ingest_refused", "Requests not accepted", metrics.refused.clone());
        registry.register("ingest_seconds", "Time to answer", metrics.ingest_seconds.clone());
        registry.register("consume_counted", "Events counted", metrics.counted.clone());
        registry.register("outcomes", "Of known projects, refused or not counted later", metrics.outcomes.clone());
        registry.register("consume_batch_seconds", "Time of a batch", metrics.batch_seconds.clone());
        registry.register("consume_lag_seconds", "From acceptance to being counted", metrics.lag.clone());
        registry.register("consume_failures", "Batches to be repeated", metrics.consume_failures.clone());
        registry.register("log_damaged", "Damaged stretches that were skipped", metrics.log_damaged.clone());
        registry.register("log_bytes", "Size of the log", metrics.log_bytes.clone());
        registry.register("http_seconds", "Time of a request, by route", metrics.requests.clone());
        registry.register("alert_seconds", "Time of an attempt to send a message", metrics.alert_seconds.clone());
        registry.register("task_seconds", "Time of a round of what runs by itself", tasks::rounds());
        registry.register("live_streams", "Streams that are open", metrics.streams.clone());
        registry.register("disk_free_bytes", "Room on the disk of the data directory", metrics.disk_free.clone());
        registry.register("consume_behind_seconds", "By which counting is behind now", metrics.behind_seconds.clone());
        registry.register("troubles", "What the server alerts on, by cause", metrics.troubles.clone());
        registry.register("uptime_seconds", "Since the start", metrics.uptime.clone());
        metrics
    }
}

impl Metrics {
    /// A request was answered.
    pub fn ingested(&self, answer: Result<(), Reason>, took: Duration) {
        match answer {
            Ok(()) => self.accepted.inc(),
            Err(reason) => self.refused.get_or_create(&Why { reason }).inc(),
        };
        self.ingest_seconds.observe(took.as_secs_f64());
    }

    /// A batch was counted.
    pub fn consumed(&self, events: u64, took: Duration) {
        self.counted.inc_by(events);
        self.batch_seconds.observe(took.as_secs_f64());
    }

    /// All that was accepted until `time` is counted.
    pub fn caught_up(&self, time: i64) {
        self.counted_to.store(time, Ordering::Relaxed);
    }

    /// Milliseconds by which counting is behind at `now`. What is stuck falls behind, also while nothing comes.
    pub fn behind(&self, now: i64) -> i64 {
        (now - self.counted_to.load(Ordering::Relaxed)).max(0)
    }

    /// What was found when the server looked at itself.
    pub fn health(&self, disk_free: Option<u64>, behind: i64, troubles: &[Trouble]) {
        if let Some(free) = disk_free {
            self.disk_free.set(free as i64);
        }
        self.behind_seconds.set(behind as f64 / 1000.0);
        for cause in ["disk", "lag", "quota"] {
            let count = troubles.iter().filter(|trouble| trouble.cause.name() == cause).count();
            self.troubles.get_or_create(&Wrong { cause }).set(count as i64);
        }
    }

    /// These are listed as not counted.
    pub fn not_counted<'o>(&self, outcomes: impl Iterator<Item = &'o Outcome>) {
        for outcome in outcomes {
            self.outcomes.get_or_create(&Why { reason: outcome.reason }).inc_by(outcome.quantity);
        }
    }

    /// A route of the API answered.
    pub fn answered(&self, route: &str, method: &str, status: u16, took: Duration) {
        let labels = Route { route: route.to_owned(), method: method.to_owned(), status };
        self.requests.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// A message was sent, or was not, over a kind of channel.
    pub fn delivered(&self, channel: &'static str, outcome: &'static str, took: Duration) {
        self.alert_seconds.get_or_create(&Delivered { channel, outcome }).observe(took.as_secs_f64());
    }

    /// All of it, as Prometheus reads it.
    pub fn text(&self) -> String {
        self.uptime.set(self.started.elapsed().as_secs_f64());
        let mut out = String::new();
        // Writing into a text cannot fail.
        let _ = text::encode(&mut out, &self.registry);
        out
    }
}
