//! Everything that was received, in order, in memory; and the questions the control API asks of it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use faultwire::protocol::{EnvelopeHeader, ItemHeader, Map, SdkInfo, Timestamp, Value};
use hyper::body::Bytes;
use serde_json::json;
use tokio::sync::watch;

use crate::decode::Refusal;

/// Most bytes kept of all bodies together; later requests are answered 507 until a reset.
const MAX_KEPT_BYTES: usize = 512 << 20;

/// One item of an envelope.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Its header.
    pub header: ItemHeader,
    /// Bytes of the payload.
    pub bytes: usize,
    /// The payload, if it is JSON; otherwise a text, lossy.
    pub payload: Value,
}

/// One request on the data port.
#[derive(Debug, Clone)]
pub struct Record {
    /// 1 for the first since the start or the last reset.
    pub number: u64,
    /// The connection it came on; 1 for the first since the start.
    pub connection: u64,
    /// When its head had arrived.
    pub arrived: Timestamp,
    /// HTTP method.
    pub method: String,
    /// Path without the query.
    pub path: String,
    /// Query, without `?`.
    pub query: String,
    /// Project in the path.
    pub project: Option<String>,
    /// Headers in the order sent, names in lower case.
    pub headers: Vec<(String, String)>,
    /// `sentry_*` fields, and `dsn` from the envelope header.
    pub auth: BTreeMap<String, String>,
    /// Content encoding, `identity` when none.
    pub encoding: String,
    /// The body as sent.
    pub wire: Bytes,
    /// The body decompressed.
    pub raw: Bytes,
    /// Name of the mode the request met.
    pub mode: &'static str,
    /// What was answered; none while nothing is.
    pub status: Option<u16>,
    /// Why it was not taken, whatever the mode answered.
    pub refusal: Option<Refusal>,
    /// The envelope's header.
    pub envelope: Option<EnvelopeHeader>,
    /// The envelope's items; empty when it is refused.
    pub items: Vec<Kept>,
    /// What a strict server would object to.
    pub problems: Vec<String>,
}

impl Record {
    /// True when the client may forget what it sent: it was well-formed and answered with a success.
    pub fn accepted(&self) -> bool {
        self.refusal.is_none() && self.status.is_some_and(|status| (200..300).contains(&status))
    }

    /// The events in it.
    pub fn events(&self) -> impl Iterator<Item = &Value> {
        self.items_of("event").map(|item| &item.payload)
    }

    /// The items of one type.
    pub fn items_of(&self, ty: &str) -> impl Iterator<Item = &Kept> {
        self.items.iter().filter(move |item| item.header.ty == ty)
    }

    /// Who sent it: by the envelope header, the event, or the authentication.
    pub fn sdk(&self) -> Option<SdkInfo> {
        let named = self.envelope.as_ref().and_then(|header| header.sdk.clone());
        let in_event = || self.events().find_map(|event| serde_json::from_value(event.get("sdk")?.clone()).ok());
        let in_auth = || {
            let (name, version) = self.auth.get("sentry_client")?.split_once('/')?;
            Some(SdkInfo { name: name.to_owned(), version: version.to_owned(), ..SdkInfo::default() })
        };
        named.or_else(in_event).or_else(in_auth)
    }

    /// What stands under `_envelope` beside each event and item.
    pub fn about(&self) -> Value {
        let header = self.envelope.as_ref();
        json!({
            "number": self.number,
            "connection": self.connection,
            "arrived": self.arrived,
            "status": self.status,
            "mode": self.mode,
            "headers": self.header_map(),
            "envelope_header": header,
            "sdk": self.sdk(),
            "sent_at": header.and_then(|h| h.sent_at),
            "auth": self.auth,
            "project": self.project,
            "encoding": self.encoding,
            "wire_bytes": self.wire.len(),
            "raw_bytes": self.raw.len(),
            "problems": self.problems,
        })
    }

    fn header_map(&self) -> BTreeMap<&str, String> {
        let mut map: BTreeMap<&str, String> = BTreeMap::new();
        for (name, value) in &self.headers {
            map.entry(name)
                .and_modify(|before| {
                    before.push_str(", ");
                    before.push_str(value);
                })
                .or_insert_with(|| value.clone());
        }
        map
    }

    fn as_request(&self) -> Value {
        let types: Vec<&str> = self.items.iter().map(|item| item.header.ty.as_str()).collect();
        let ids: Vec<&Value> = self.events().filter_map(|event| event.get("event_id")).collect();
        let error = self.refusal.as_ref();
        let error = error.map(|r| json!({"status": r.status, "field": r.field, "message": r.message}));
        let mut request = match self.about() {
            Value::Object(about) => about,
            _ => Map::new(),
        };
        request.extend([
            ("method".to_owned(), json!(self.method)),
            ("path".to_owned(), json!(self.path)),
            ("query".to_owned(), json!(self.query)),
            ("items".to_owned(), json!(types)),
            ("event_ids".to_owned(), json!(ids)),
            ("error".to_owned(), json!(error)),
        ]);
        Value::Object(request)
    }
}

/// A request's place in the store; stale after a reset.
#[derive(Debug, Clone, Copy)]
pub struct Ticket {
    generation: u64,
    number: u64,
}

#[derive(Debug, Default)]
struct Inner {
    generation: u64,
    records: Vec<Record>,
    kept_bytes: usize,
    connections: Connections,
    tally: Tally,
}

/// Numbers of what was accepted, kept as it happens: `wait` asks at each change.
#[derive(Debug, Default, Clone)]
pub struct Tally {
    /// Requests, accepted or not.
    pub requests: u64,
    /// Accepted events.
    pub events: u64,
    /// Accepted items by type.
    pub items: BTreeMap<String, u64>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Connections {
    opened: u64,
    open: u64,
    reset: u64,
}

/// All records, and a bell that rings at each change.
#[derive(Debug)]
pub struct Store {
    inner: Mutex<Inner>,
    changed: watch::Sender<()>,
}

impl Store {
    /// An empty store.
    pub fn new() -> Self {
        Store { inner: Mutex::default(), changed: watch::Sender::new(()) }
    }

    /// Rings at each change.
    pub fn watch(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Counts a new connection and numbers it.
    pub fn connection_opened(&self) -> u64 {
        let mut inner = self.lock();
        inner.connections.opened += 1;
        inner.connections.open += 1;
        inner.connections.opened
    }

    /// Counts the end of a connection; `reset` if the sink cut it.
    pub fn connection_closed(&self, reset: bool) {
        let mut inner = self.lock();
        inner.connections.open = inner.connections.open.saturating_sub(1);
        inner.connections.reset += u64::from(reset);
        drop(inner);
        self.changed.send_replace(());
    }

    /// Keeps a request that is not answered yet. When the store is full its bodies are let go and it is refused.
    pub fn add(&self, mut record: Record) -> (Ticket, Option<Refusal>) {
        let mut inner = self.lock();
        let bytes = record.wire.len() + record.raw.len();
        if inner.kept_bytes + bytes > MAX_KEPT_BYTES {
            record.refusal = Some(Refusal::new(507, "body", "the sink is full: POST /_sink/reset"));
            (record.wire, record.raw) = (Bytes::new(), Bytes::new());
            record.items.clear();
        } else {
            inner.kept_bytes += bytes;
        }
        record.number = inner.records.len() as u64 + 1;
        let ticket = Ticket { generation: inner.generation, number: record.number };
        let refusal = record.refusal.clone();
        inner.tally.requests = record.number;
        inner.records.push(record);
        drop(inner);
        self.changed.send_replace(());
        (ticket, refusal)
    }

    /// Notes what was answered, and returns the record as it stands now.
    pub fn answered(&self, ticket: Ticket, status: u16) -> Option<Record> {
        let mut inner = self.lock();
        if inner.generation != ticket.generation {
            return None;
        }
        let record = inner.records.get_mut(usize::try_from(ticket.number).ok()?.checked_sub(1)?)?;
        record.status = Some(status);
        let record = record.clone();
        if record.accepted() {
            for item in &record.items {
                *inner.tally.items.entry(item.header.ty.clone()).or_default() += 1;
            }
            inner.tally.events = inner.tally.items.get("event").copied().unwrap_or(0);
        }
        drop(inner);
        self.changed.send_replace(());
        Some(record)
    }

    /// Forgets all records; connections keep their numbers.
    pub fn reset(&self) {
        let mut inner = self.lock();
        inner.generation += 1;
        inner.records.clear();
        inner.kept_bytes = 0;
        inner.tally = Tally::default();
        inner.connections.reset = 0;
        drop(inner);
        self.changed.send_replace(());
    }

    /// Calls `read` with all records.
    pub fn with<T>(&self, read: impl FnOnce(&[Record]) -> T) -> T {
        read(&self.lock().records)
    }

    /// Accepted events as sent, each with its `_envelope`; `all` adds those that were not accepted.
    pub fn events(&self, all: bool) -> Vec<Value> {
        let inner = self.lock();
        let mut list = Vec::new();
        for record in inner.records.iter().filter(|record| all || record.accepted()) {
            let about = record.about();
            for event in record.events() {
                let mut event = event.clone();
                if let Value::Object(object) = &mut event {
                    object.insert("_envelope".to_owned(), about.clone());
                }
                list.push(event);
            }
        }
        list
    }

    /// Accepted items, of one type if named; `all` adds those that were not accepted.
    pub fn items(&self, ty: Option<&str>, all: bool) -> Vec<Value> {
        let inner = self.lock();
        let mut list = Vec::new();
        for record in inner.records.iter().filter(|record| all || record.accepted()) {
            let about = record.about();
            for item in record.items.iter().filter(|item| ty.is_none_or(|ty| ty == item.header.ty)) {
                list.push(json!({
                    "type": item.header.ty,
                    "header": item.header,
                    "bytes": item.bytes,
                    "payload": item.payload,
                    "_envelope": about,
                }));
            }
        }
        list
    }

    /// Every request, answered or not.
    pub fn requests(&self) -> Vec<Value> {
        self.lock().records.iter().map(Record::as_request).collect()
    }

    /// Heads and bodies of every request, as sent and decompressed: where no secret may be found.
    pub fn raw(&self) -> Vec<u8> {
        let inner = self.lock();
        let mut out = Vec::with_capacity(inner.kept_bytes + 512 * inner.records.len());
        for record in &inner.records {
            let mut head = format!("{} {}", record.method, record.path);
            if !record.query.is_empty() {
                head.push('?');
                head.push_str(&record.query);
            }
            head.push('\n');
            for (name, value) in &record.headers {
                head.push_str(&format!("{name}: {value}\n"));
            }
            out.extend_from_slice(head.as_bytes());
            out.push(b'\n');
            out.extend_from_slice(&record.wire);
            out.push(b'\n');
            if record.wire != record.raw {
                out.extend_from_slice(&record.raw);
                out.push(b'\n');
            }
        }
        out
    }

    /// Numbers of what was accepted, cheap.
    pub fn tally(&self) -> Tally {
        self.lock().tally.clone()
    }

    /// Numbers of everything.
    pub fn stats(&self) -> Stats {
        let inner = self.lock();
        let mut stats = Stats { connections: inner.connections, tally: inner.tally.clone(), ..Stats::default() };
        let mut ids = std::collections::BTreeSet::new();
        for record in &inner.records {
            stats.wire_bytes += record.wire.len();
            stats.raw_bytes += record.raw.len();
            *stats.by_mode.entry(record.mode).or_default() += 1;
            let status = record.status.map_or_else(|| "none".to_owned(), |status| status.to_string());
            *stats.by_status.entry(status).or_default() += 1;
            stats.malformed += u64::from(record.refusal.is_some());
            stats.problems += record.problems.len() as u64;
            for event in record.events().filter(|_| record.accepted()) {
                ids.insert(event.get("event_id").and_then(Value::as_str));
            }
        }
        stats.distinct_events = ids.len() as u64;
        stats
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Numbers of everything since the start or the last reset.
#[derive(Debug, Default)]
pub struct Stats {
    /// What was accepted.
    pub tally: Tally,
    /// Accepted events that differ in their id.
    pub distinct_events: u64,
    /// Requests that were not well-formed.
    pub malformed: u64,
    /// What a strict server would object to.
    pub problems: u64,
    /// Requests by the mode they met.
    pub by_mode: BTreeMap<&'static str, u64>,
    /// Requests by answer; `none` where there was none.
    pub by_status: BTreeMap<String, u64>,
    /// Bytes of bodies as sent.
    pub wire_bytes: usize,
    /// Bytes of bodies decompressed.
    pub raw_bytes: usize,
    connections: Connections,
}

impl Stats {
    /// As the control API answers it.
    pub fn to_json(&self) -> Value {
        json!({
            "events": self.tally.events,
            "distinct_events": self.distinct_events,
            "items": self.tally.items,
            "requests": self.tally.requests,
            "malformed": self.malformed,
            "problems": self.problems,
            "by_mode": self.by_mode,
            "by_status": self.by_status,
            "wire_bytes": self.wire_bytes,
            "raw_bytes": self.raw_bytes,
            "connections": {
                "opened": self.connections.opened,
                "open": self.connections.open,
                "reset": self.connections.reset,
            },
        })
    }
}
