//! An event as it is counted: sanitized, in time, with the name of its fault.

use std::sync::Arc;

use faultwire::fingerprint;
use faultwire::protocol::{Event, Frame, Value};
use faultwire::sanitize::{Memory, Sanitizer};
use faultwire::stacktrace::{self, Rules};

use super::heavy::Heavy;
use super::times::correct;
use crate::ProjectId;
use crate::issues::{Fingerprint, hash};
use crate::log::KeyKind;
use crate::store::{Clue, Id};

/// An occurrence may stand for so many: a client's sample rate is its word.
const MAX_WEIGHT: f64 = 1000.0;

/// What reading events needs, the same for all.
pub struct Tables {
    /// The rules that clients use as well.
    pub sanitizer: Sanitizer,
    /// The same of frames.
    pub rules: Rules,
    /// Mixed into the hashes of users, so that a stolen database does not tell who they are.
    pub salt: String,
    /// Tag whose values are customers.
    pub customer_tag: String,
}

/// The tables, and what the sanitizer learnt of names: one for each thread.
pub struct Reading {
    tables: Arc<Tables>,
    memory: Memory,
}

impl Reading {
    /// By these tables.
    pub fn new(tables: Tables) -> Self {
        Reading { tables: Arc::new(tables), memory: Memory::default() }
    }

    /// Another, for another thread.
    pub fn again(&self) -> Self {
        Reading { tables: self.tables.clone(), memory: Memory::default() }
    }

    fn sanitize(&mut self, event: &mut Event) {
        self.tables.sanitizer.event_with(event, &mut self.memory);
    }
}

/// One event, to be counted and perhaps stored.
pub struct Occurrence {
    /// Whose it is.
    pub project: ProjectId,
    /// The event's id.
    pub id: Id,
    /// When it happened.
    pub time: i64,
    /// When it came.
    pub received: i64,
    /// What names its fault.
    pub fingerprint: Fingerprint,
    /// How many happened for this one.
    pub weight: f64,
    /// Hash of who was hit.
    pub user: Option<u64>,
    /// Hash of the session.
    pub session: Option<u64>,
    /// Hash of the customer.
    pub customer: Option<u64>,
    /// All but the heavy parts, sanitized.
    pub event: Event,
    heavy: Heavy,
    /// What was done to its time.
    pub(super) remark: Option<&'static str>,
}

impl Occurrence {
    /// Reads an event that came in an envelope sent at `sent`.
    pub fn new(
        project: ProjectId,
        key: KeyKind,
        sent: Option<i64>,
        received: i64,
        mut event: Event,
        reading: &mut Reading,
    ) -> Self {
        let claimed = event.timestamp.0.div_euclid(1000);
        let corrected = correct(claimed, sent, received);
        // Before the sanitizer takes away who it is: only the hash stays.
        let salted = |text: &str| user_clue(&reading.tables.salt, text);
        let user = event.user.as_ref().and_then(|user| {
            [&user.id, &user.email, &user.username, &user.ip_address]
                .into_iter()
                .flatten()
                .find(|t| !t.is_empty())
                .map(|t| salted(t))
        });
        let session = ours(&event, "session").map(salted);
        let customer = event.tags.get(&reading.tables.customer_tag).map(|value| salted(value));
        let known = ours(&event, "fingerprint").and_then(parse_fingerprint).filter(|_| key == KeyKind::Server);
        if known.is_none() {
            resolve(&mut event, &reading.tables.rules);
        }
        let heavy = Heavy::take(&mut event);
        reading.sanitize(&mut event);
        let fingerprint = known.unwrap_or_else(|| {
            let blocked = |platform: &str, frame: &Frame| reading.tables.rules.blocklist.blocks(platform, frame);
            parse_fingerprint(&fingerprint::compute(&event, &blocked).hash).unwrap_or_default()
        });
        let rate =
            event.contexts.get("error_sampling").and_then(|c| c.get("client_sample_rate")).and_then(Value::as_f64);
        let weight = rate.filter(|rate| *rate > 0.0).map_or(1.0, |rate| (1.0 / rate).clamp(1.0, MAX_WEIGHT));
        Occurrence {
            project,
            id: id_of(&event),
            time: corrected.time,
            received,
            fingerprint,
            weight: if key == KeyKind::Server { weight } else { 1.0 },
            user,
            session,
            customer,
            event,
            heavy,
            remark: corrected.remark,
        }
    }

    /// The clue of the trace that it is part of.
    pub fn trace(&self) -> Option<Clue> {
        let trace = self.event.contexts.get("trace")?.get("trace_id")?.as_str()?;
        Some(trace_clue(&trace.replace('-', "").to_ascii_lowercase()))
    }

    /// The whole event as it is stored: everything in it sanitized, its time marked if it was changed.
    pub fn into_payload(mut self, reading: &mut Reading) -> Vec<u8> {
        self.heavy.restore(&mut self.event);
        reading.sanitize(&mut self.event);
        if let Some(remark) = self.remark {
            let claimed = serde_json::to_value(self.event.timestamp).unwrap_or_default();
            let ours = self.event.contexts.entry("faultwire").or_insert_with(|| Value::Object(Default::default()));
            if let Value::Object(ours) = ours {
                ours.insert("timestamp".into(), serde_json::json!({ "claimed": claimed, "corrected": remark }));
            }
            self.event.timestamp = faultwire::protocol::Timestamp(self.time.saturating_mul(1000));
        }
        serde_json::to_vec(&self.event).unwrap_or_default()
    }
}

/// The clue of a user of an application, by whatever names them in its events.
pub fn user_clue(salt: &str, user: &str) -> Clue {
    hash(&format!("{salt}{user}"))
}

/// The clue of a trace: 32 hexadecimal digits in lower case.
pub fn trace_clue(trace: &str) -> Clue {
    hash(&format!("trace {trace}"))
}

/// What our own clients have done already.
fn resolve(event: &mut Event, rules: &Rules) {
    let platform = event.platform.clone();
    let exceptions = event.exception.values.iter_mut().filter_map(|e| e.stacktrace.as_mut());
    let threads = event.threads.values.iter_mut().filter_map(|t| t.stacktrace.as_mut());
    for stack in exceptions.chain(threads) {
        stacktrace::resolve(&platform, stack, rules);
    }
}

fn ours<'e>(event: &'e Event, name: &str) -> Option<&'e str> {
    event.contexts.get("faultwire")?.get(name)?.as_str()
}

/// 64 hexadecimal digits.
pub fn parse_fingerprint(text: &str) -> Option<Fingerprint> {
    parse_hex(text)
}

fn id_of(event: &Event) -> Id {
    parse_hex(&event.event_id.to_string()).unwrap_or_default()
}

/// As many bytes as `text` has pairs of hexadecimal digits.
pub fn parse_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}
