//! A record of the log, item by item. What of it cannot be read is an outcome, listed under the event's id.

use std::borrow::Cow;

use faultwire::protocol::{Envelope, Timestamp};
use serde::Deserialize;

use super::occurrence::{Occurrence, Origin, Reading, parse_fingerprint, parse_hex};
use super::sessions::{Sender, Told};
use super::times::correct;
use crate::ProjectId;
use crate::clock::HOUR;
use crate::ingest::body::decompress;
use crate::issues::Fingerprint;
use crate::log::Record;
use crate::outcome::{Outcome, Reason};
use crate::store::{Counted, Id};

/// What was let in once fits again.
const NO_LIMIT: u64 = 1 << 30;
/// Reasons and categories of one report.
const MAX_DISCARDED: usize = 50;

/// What the ledger takes.
pub enum Arrival {
    /// An event.
    Occurrence(Box<Occurrence>),
    /// Occurrences that a client folded.
    Counts(Counts),
    /// What is said of sessions.
    Sessions(ProjectId, Told),
    /// What a client left out.
    Report(Report),
    /// What cannot be counted.
    Outcome(ProjectId, i64, Outcome),
}

impl Arrival {
    /// Whose it is.
    pub fn project(&self) -> ProjectId {
        match self {
            Arrival::Occurrence(occurrence) => occurrence.project,
            Arrival::Counts(counts) => counts.project,
            Arrival::Report(report) => report.project,
            Arrival::Sessions(project, _) | Arrival::Outcome(project, ..) => *project,
        }
    }

    /// Of which event it is, if of one.
    pub fn event_id(&self) -> Option<String> {
        match self {
            Arrival::Occurrence(occurrence) => Some(occurrence.event.event_id.to_string()),
            Arrival::Outcome(_, _, outcome) => outcome.event_id.clone(),
            Arrival::Counts(_) | Arrival::Report(_) | Arrival::Sessions(..) => None,
        }
    }
}

/// A count item: so many more of a fault whose last event was sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Counts {
    /// Whose.
    pub project: ProjectId,
    /// Counts once under it.
    pub id: Id,
    /// Of what.
    pub fingerprint: Fingerprint,
    /// How many.
    pub counted: Counted,
    /// Time of the first of them.
    pub first: i64,
    /// Time of the last of them.
    pub last: i64,
    /// When it came.
    pub received: i64,
    /// Where they occurred.
    pub release: Option<String>,
    /// Where they occurred.
    pub environment: Option<String>,
}

/// A client report: how many of what, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Whose.
    pub project: ProjectId,
    /// Hours since 1970.
    pub hour: i64,
    /// Reason, category, how many.
    pub discarded: Vec<(String, String, u64)>,
}

/// All that a record holds. An event that brings the code down is an outcome, not the end of the server.
pub fn read(record: Record, reading: &mut Reading) -> Vec<Arrival> {
    let (project, received) = (record.project, record.received);
    let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| items(&record, reading)));
    read.unwrap_or_else(|_| {
        tracing::error!(project = project.0, "an event could not be read: a fault of the server");
        let named = std::panic::catch_unwind(|| event_id(&record)).unwrap_or_default();
        vec![Arrival::Outcome(project, received, Outcome::internal_error(named))]
    })
}

/// The event that a record is of, as its envelope says.
fn event_id(record: &Record) -> Option<String> {
    let body = decompress(record.encoding, &record.body, NO_LIMIT).ok()?;
    let (header, _) = Envelope::split(&body).ok()?;
    header.event_id.map(|id| id.to_string())
}

fn items(record: &Record, reading: &mut Reading) -> Vec<Arrival> {
    let (project, received) = (record.project, record.received);
    let outcome = |reason, event_id: Option<String>, detail: String| {
        Arrival::Outcome(project, received, Outcome { reason, event_id, quantity: 1, detail })
    };
    let plain = record.plain.as_deref().map(Cow::Borrowed).map(Ok);
    let Ok(body) = plain.unwrap_or_else(|| decompress(record.encoding, &record.body, NO_LIMIT).map(Cow::Owned)) else {
        return vec![outcome(Reason::InvalidEncoding, None, "the body could be read once, and no more".into())];
    };
    let (header, items) = match Envelope::split(&body) {
        Ok(split) => split,
        Err(error) => return vec![outcome(Reason::InvalidEnvelope, None, error.to_string())],
    };
    let sent = header.sent_at.map(|sent| sent.0.div_euclid(1000));
    let mut arrivals = Vec::with_capacity(items.len());
    for (item, payload) in items {
        match item.ty.as_str() {
            "event" => {
                let id = header.event_id.map(|id| id.to_string());
                let origin = Origin { project, key: record.key, id: header.event_id, sent, received };
                arrivals.push(match Occurrence::read(origin, payload, reading) {
                    Ok(occurrence) => Arrival::Occurrence(Box::new(occurrence)),
                    Err(error) => outcome(Reason::InvalidEvent, id, error.to_string()),
                });
            }
            "faultwire_counts" => arrivals.push(match counts(project, payload, sent, received) {
                Ok(counts) => Arrival::Counts(counts),
                Err(error) => outcome(Reason::InvalidEvent, None, format!("faultwire_counts: {error}")),
            }),
            "client_report" => match report(project, payload, received) {
                Ok(report) => arrivals.push(Arrival::Report(report)),
                Err(error) => arrivals.push(outcome(Reason::InvalidEvent, None, format!("client_report: {error}"))),
            },
            ty @ ("session" | "sessions") => {
                let sender = Sender { project, sent, received };
                let told = if ty == "session" { sender.update(payload) } else { sender.ended(payload) };
                arrivals.push(match told {
                    Ok(told) => Arrival::Sessions(project, told),
                    Err(error) => outcome(Reason::InvalidEvent, None, format!("{ty}: {error}")),
                });
            }
            _ => {}
        }
    }
    arrivals
}

/// A count may stand for so many: what a client folds in a minute is bounded by what it can raise.
const MAX_COUNT: u64 = 10_000_000;
/// As an event's weight.
const MAX_WEIGHT: f64 = 1000.0;

fn counts(project: ProjectId, payload: &[u8], sent: Option<i64>, received: i64) -> Result<Counts, String> {
    #[derive(Deserialize)]
    struct Wire {
        id: String,
        fingerprint: String,
        count: u64,
        first: Timestamp,
        last: Timestamp,
        #[serde(default)]
        sample_rate: Option<f64>,
        #[serde(default)]
        release: Option<String>,
        #[serde(default)]
        environment: Option<String>,
    }
    let wire: Wire = serde_json::from_slice(payload).map_err(|e| e.to_string())?;
    let rate = wire.sample_rate.filter(|rate| *rate > 0.0).map_or(1.0, |rate| (1.0 / rate).clamp(1.0, MAX_WEIGHT));
    let time = |claimed: Timestamp| correct(claimed.0.div_euclid(1000), sent, received).time;
    let raw = wire.count.min(MAX_COUNT);
    Ok(Counts {
        project,
        id: parse_hex(&wire.id).ok_or("id: expected 32 hexadecimal digits")?,
        fingerprint: parse_fingerprint(&wire.fingerprint).ok_or("fingerprint: expected 64 hexadecimal digits")?,
        counted: Counted { raw, estimated: raw as f64 * rate },
        first: time(wire.first),
        last: time(wire.last),
        received,
        release: wire.release.map(|text| text.chars().take(200).collect()),
        environment: wire.environment.map(|text| text.chars().take(64).collect()),
    })
}

fn report(project: ProjectId, payload: &[u8], received: i64) -> Result<Report, String> {
    #[derive(Deserialize)]
    struct Wire {
        #[serde(default)]
        discarded_events: Vec<Discarded>,
    }
    #[derive(Deserialize)]
    struct Discarded {
        reason: String,
        category: String,
        quantity: u64,
    }
    let wire: Wire = serde_json::from_slice(payload).map_err(|e| e.to_string())?;
    let name = |text: String| -> String {
        text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')).take(64).collect()
    };
    let discarded = wire.discarded_events.into_iter().take(MAX_DISCARDED);
    let discarded = discarded.map(|d| (name(d.reason), name(d.category), d.quantity.min(MAX_COUNT))).collect();
    Ok(Report { project, hour: received.div_euclid(HOUR), discarded })
}
