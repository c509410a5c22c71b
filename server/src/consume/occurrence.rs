//! An event as it is counted: sanitized, in time, with the name of its fault.

use std::sync::Arc;

use faultwire::fingerprint;
use faultwire::protocol::{Event, EventId, Frame, Map, Timestamp, Value};
use faultwire::sanitize::{Memory, Sanitizer};
use faultwire::stacktrace::{self, Rules};

use super::foresight::Foresight;
use super::light;
use super::times::correct;
use crate::ProjectId;
use crate::issues::similar::Traits;
use crate::issues::{Facts, Fingerprint, hash};
use crate::log::KeyKind;
use crate::project_settings::ByProject;
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
    /// Among the settings of projects is the tag whose values are customers.
    pub of: Arc<ByProject>,
}

/// The tables, and what was learnt: what the sanitizer learnt of names is each thread's own.
pub struct Reading {
    tables: Arc<Tables>,
    /// Which events are stored.
    pub(super) foresight: Arc<Foresight>,
    memory: Memory,
}

impl Reading {
    /// By these tables.
    pub fn new(tables: Tables) -> Self {
        Reading { tables: Arc::new(tables), foresight: Arc::default(), memory: Memory::default() }
    }

    /// Another, for another thread.
    pub fn again(&self) -> Self {
        Reading { tables: self.tables.clone(), foresight: self.foresight.clone(), memory: Memory::default() }
    }

    fn sanitize(&mut self, event: &mut Event) {
        self.tables.sanitizer.event_with(event, &mut self.memory);
    }
}

/// How an event came.
#[derive(Debug, Clone, Copy)]
pub struct Origin {
    /// Whose it is.
    pub project: ProjectId,
    /// With what kind of key it was sent.
    pub key: KeyKind,
    /// Its id, if the envelope says so.
    pub id: Option<EventId>,
    /// When the envelope was sent.
    pub sent: Option<i64>,
    /// When it came.
    pub received: i64,
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
    /// What of it counts, sanitized; or all of it.
    pub event: Event,
    /// All of it, as it came, where only what counts was read.
    text: Option<Box<[u8]>>,
    /// Whether its client has named the fault, and so knows which frames count.
    is_resolved: bool,
    /// What was done to its time.
    remark: Option<&'static str>,
}

impl Occurrence {
    /// Reads an event: what of it counts, or all of it where it is going to be stored.
    ///
    /// # Errors
    /// When that is no event: which field does not fit.
    pub fn read(origin: Origin, text: &[u8], reading: &mut Reading) -> Result<Self, faultwire::Error> {
        let settings = reading.tables.of.of(origin.project);
        if reading.foresight.expects(&settings, origin.id.map(id_of).as_ref()) {
            // What only its details are wrong with, or what they bring the code down with, is counted without them.
            let whole = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| Self::of(origin, text, reading)));
            if let Ok(Ok(whole)) = whole {
                return Ok(whole);
            }
        }
        let light = light::cut(text);
        let mut counts = Self::of(origin, light.as_deref().unwrap_or(text), reading)?;
        counts.text = Some(text.into());
        Ok(counts)
    }

    fn of(origin: Origin, text: &[u8], reading: &mut Reading) -> Result<Self, faultwire::Error> {
        let Origin { project, key, id, sent, received } = origin;
        let (mut event, remark) = parse(text, received)?;
        event.event_id = id.unwrap_or(event.event_id);
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
        let customer = event.tags.get(&reading.tables.of.of(project).customer_tag).map(|value| salted(value));
        let known = ours(&event, "fingerprint").and_then(parse_fingerprint).filter(|_| key == KeyKind::Server);
        if known.is_none() {
            resolve(&mut event, &reading.tables.rules);
        }
        reading.sanitize(&mut event);
        let fingerprint = known.unwrap_or_else(|| {
            let blocked = |platform: &str, frame: &Frame| reading.tables.rules.blocklist.blocks(platform, frame);
            parse_fingerprint(&fingerprint::compute(&event, &blocked).hash).unwrap_or_default()
        });
        let rate =
            event.contexts.get("error_sampling").and_then(|c| c.get("client_sample_rate")).and_then(Value::as_f64);
        let weight = rate.filter(|rate| *rate > 0.0).map_or(1.0, |rate| (1.0 / rate).clamp(1.0, MAX_WEIGHT));
        Ok(Occurrence {
            project,
            id: id_of(event.event_id),
            time: corrected.time,
            received,
            fingerprint,
            weight: if key == KeyKind::Server { weight } else { 1.0 },
            user,
            session,
            customer,
            event,
            text: None,
            is_resolved: known.is_some(),
            remark: remark.or(corrected.remark),
        })
    }

    /// By what its pattern is found among others. Not cheap: for the first of a fault.
    pub fn traits(&self, facts: &Facts, reading: &Reading) -> Traits {
        let blocked = |platform: &str, frame: &Frame| reading.tables.rules.blocklist.blocks(platform, frame);
        Traits::new(&fingerprint::explain(&self.event, &blocked, &[]), facts)
    }

    /// The clue of the trace that it is part of.
    pub fn trace(&self) -> Option<Clue> {
        let trace = self.event.contexts.get("trace")?.get("trace_id")?.as_str()?;
        Some(trace_clue(&trace.replace('-', "").to_ascii_lowercase()))
    }

    /// The whole event as it is stored: everything in it sanitized, its time marked if it was changed. Where only the
    /// parts that count can be read, it is these, and what is wrong with the others.
    pub fn into_payload(self, reading: &mut Reading) -> Vec<u8> {
        let (time, remark) = (self.time, self.remark);
        let mut event = match &self.text {
            None => self.event,
            Some(text) => {
                // An event that brings the code down is stored without what did.
                let whole = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.whole(text, reading)));
                let whole = whole.unwrap_or_else(|_| Err("a fault of the server; its log says more".to_owned()));
                whole.unwrap_or_else(|wrong| {
                    let mut event = self.event;
                    note(&mut event, "unreadable", wrong.into());
                    event
                })
            }
        };
        if let Some(remark) = remark {
            let claimed = serde_json::to_value(event.timestamp).unwrap_or_default();
            note(&mut event, "timestamp", serde_json::json!({ "claimed": claimed, "corrected": remark }));
            event.timestamp = Timestamp(time.saturating_mul(1000));
        }
        serde_json::to_vec(&event).unwrap_or_default()
    }

    fn whole(&self, text: &[u8], reading: &mut Reading) -> Result<Event, String> {
        let (mut event, _) = parse(text, self.received).map_err(|error| error.to_string())?;
        // What a client leaves out is made up when it is read, and was so before.
        (event.event_id, event.timestamp) = (self.event.event_id, self.event.timestamp);
        if !self.is_resolved {
            resolve(&mut event, &reading.tables.rules);
        }
        reading.sanitize(&mut event);
        Ok(event)
    }
}

/// An event, and a remark on its time: no event is refused for that. What cannot be read is the time it came.
fn parse(text: &[u8], received: i64) -> Result<(Event, Option<&'static str>), faultwire::Error> {
    let error = match Event::from_slice(text) {
        Ok(event) => return Ok((event, None)),
        Err(error) => error,
    };
    if error.field != "timestamp" {
        return Err(error);
    }
    let mut object: Map = serde_json::from_slice(text).map_err(|_| error)?;
    object.insert("timestamp".into(), (received as f64 / 1000.0).into());
    Event::from_value(object.into()).map(|event| (event, Some("unreadable")))
}

/// Says something of an event among our own context.
fn note(event: &mut Event, name: &str, what: Value) {
    let ours = event.contexts.entry("faultwire").or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(ours) = ours {
        ours.insert(name.to_owned(), what);
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

fn id_of(id: EventId) -> Id {
    id.0.to_be_bytes()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project_settings::InForce;

    fn reading(is_stored: bool) -> Reading {
        let settings = InForce {
            customer_tag: "tenant".to_owned(),
            auto_resolve_days: 0,
            hourly_new_issues: 0,
            store_first: 0,
            store_one_in: u64::MAX,
            retention_days: 0,
            cleanup_quiet: false,
            hourly_quota: 0,
        };
        let reading = Reading::new(Tables {
            sanitizer: Sanitizer::default(),
            rules: Rules::new(Vec::new(), Vec::new(), &[]).unwrap(),
            salt: "salt".to_owned(),
            of: Arc::new(ByProject::new(settings)),
        });
        (0..100).for_each(|_| reading.foresight.note(is_stored));
        reading
    }

    /// Events as clients send them, among them hostile ones.
    fn events() -> Vec<Value> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors");
        let file = |name: &str| -> Value {
            serde_json::from_slice(&std::fs::read(format!("{folder}/{name}.json")).unwrap()).unwrap()
        };
        let mut events: Vec<Value> = Vec::new();
        for name in ["sanitize/event", "fingerprint/pinned", "fingerprint/same", "fingerprint/different"] {
            for case in file(name)["cases"].as_array().unwrap() {
                let input = &case["input"];
                events.extend(input["events"].as_array().unwrap_or(&vec![input.clone()]).iter().cloned());
            }
        }
        events
    }

    #[test]
    fn an_event_counts_alike_however_it_is_read() {
        let (mut whole, mut light) = (reading(true), reading(false));
        let events = events();
        assert!(events.len() > 50, "{}", events.len());
        for mut event in events {
            // One that says neither gets its own each time.
            event["event_id"] = "0123456789abcdef0123456789abcdef".into();
            event["timestamp"] = 1_700_000_000.5.into();
            event["tags"]["tenant"] = "acme".into();
            event["user"] = serde_json::json!({"id": "7", "email": "bob@example.com"});
            event["extra"] = serde_json::json!({"password": "hunter2", "n": [1, 2.5]});
            let text = event.to_string();
            let origin = Origin {
                project: ProjectId(1),
                key: KeyKind::Browser,
                id: None,
                sent: None,
                received: 1_700_000_000_500,
            };
            let read = |reading: &mut Reading| Occurrence::read(origin, text.as_bytes(), reading);
            let (Ok(one), Ok(other)) = (read(&mut whole), read(&mut light)) else { panic!("{text}") };
            assert!(one.text.is_none() && other.text.is_some());
            // What may not be stored is neither read nor sanitized beyond what counts.
            assert!(!one.event.extra.is_empty() && other.event.extra.is_empty());
            assert_eq!(
                (one.id, one.time, one.fingerprint, one.weight, one.user, one.session, one.customer),
                (other.id, other.time, other.fingerprint, other.weight, other.user, other.session, other.customer)
            );
            assert!(crate::issues::facts(&one.event) == crate::issues::facts(&other.event), "{text}");
            assert_eq!((one.trace(), &one.event.tags), (other.trace(), &other.event.tags));
            let (one, other) = (one.into_payload(&mut whole), other.into_payload(&mut light));
            assert_eq!(String::from_utf8(one).unwrap(), String::from_utf8(other).unwrap());
        }
    }

    #[test]
    fn what_only_its_details_are_wrong_with_is_counted() {
        for is_stored in [true, false] {
            let mut reading = reading(is_stored);
            let text = r#"{"level": "warning", "message": "m", "extra": 7}"#;
            let origin = Origin { project: ProjectId(1), key: KeyKind::Server, id: None, sent: None, received: 7 };
            let read = Occurrence::read(origin, text.as_bytes(), &mut reading).unwrap();
            let stored: Value = serde_json::from_slice(&read.into_payload(&mut reading)).unwrap();
            assert!(stored["contexts"]["faultwire"]["unreadable"].as_str().unwrap().contains("extra"), "{stored}");
        }
    }
}
