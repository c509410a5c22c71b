//! The data server: takes requests as the faults in force allow, and keeps every one of them.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use faultwire::protocol::{Envelope, Timestamp, Value};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::HeaderValue;
use hyper::{Method, Request, Response, StatusCode};
use serde_json::json;

use crate::decode::{self, Refusal};
use crate::faults::{Faults, Mode, Plan};
use crate::guard;
use crate::page;
use crate::port::CutSwitch;
use crate::problems;
use crate::stdout::Stdout;
use crate::store::{Kept, Record, Store};
use crate::text::Paint;

/// What every connection shares.
#[derive(Debug)]
pub struct Sink {
    /// What was received.
    pub store: Store,
    /// What is to happen to requests.
    pub faults: Faults,
    /// Where events are reported as they arrive; none with `--quiet`.
    pub report: Option<(Stdout, Paint)>,
    /// What the page shows clients to send to.
    pub dsn: String,
    /// Set while the data port is closed.
    pub closed: AtomicBool,
}

/// The connection is to be cut without an answer.
#[derive(Debug)]
pub struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("cut on purpose")
    }
}

impl std::error::Error for Cut {}

/// An answer.
pub type Answer = Response<Full<Bytes>>;

/// Answers one request of the data port.
///
/// # Errors
/// [`Cut`] when the mode is `reset`.
pub async fn handle(
    sink: Arc<Sink>,
    connection: u64,
    switch: CutSwitch,
    request: Request<Incoming>,
) -> Result<Answer, Cut> {
    // The report is for people: it does not count as a request, and no fault hits it.
    if request.method() == Method::GET && request.uri().path() == "/" {
        return Ok(if guard::asked_by_loopback(request.headers()) {
            page::answer(&sink)
        } else {
            json_answer(403, &json!({"detail": "Host: expected a loopback address"}))
        });
    }
    let (record, event_id) = receive(connection, request).await;
    let plan = sink.faults.next();
    let (ticket, refusal) = sink.store.add(Record { mode: plan.mode.name(), ..record });
    tokio::time::sleep(plan.delay).await;
    let (status, body) = match (plan.mode, refusal) {
        (Mode::Stall | Mode::Refuse, _) => match std::future::pending::<Infallible>().await {},
        (Mode::Reset, _) => {
            switch.reset();
            return Err(Cut);
        }
        (Mode::Status(status), _) => (status, json!({"detail": format!("the sink answers {status} on purpose")})),
        (Mode::Ok, Some(refusal)) => {
            let detail = format!("{}: {}", refusal.field, refusal.message);
            (refusal.status, json!({"detail": detail, "field": refusal.field}))
        }
        (Mode::Ok, None) => (200, event_id.map_or_else(|| json!({}), |id| json!({"id": id}))),
    };
    // The client learns of it after every question to the control API can be answered.
    if let Some(record) = sink.store.answered(ticket, status)
        && let Some((stdout, paint)) = &sink.report
    {
        stdout.say(sink.store.with(|records| paint.record(&record, records)));
    }
    Ok(with_headers(json_answer(status, &body), &plan))
}

/// Reads the body and what it means. What is torn or malformed is kept with the reason.
async fn receive(connection: u64, request: Request<Incoming>) -> (Record, Option<String>) {
    let arrived = Timestamp::now();
    let (head, body) = request.into_parts();
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    let query = head.uri.query().unwrap_or_default().to_owned();
    let path = head.uri.path().to_owned();
    let endpoint = endpoint(&path);
    let mut record = Record {
        number: 0,
        connection,
        arrived,
        method: head.method.to_string(),
        project: endpoint.map(|(project, _)| project.to_owned()),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect(),
        auth: decode::auth(header("x-sentry-auth").or_else(|| header("authorization")), &query),
        encoding: decode::encoding_name(header("content-encoding")),
        wire: Bytes::new(),
        raw: Bytes::new(),
        mode: "",
        status: None,
        refusal: None,
        envelope: None,
        items: Vec::new(),
        problems: Vec::new(),
        query,
        path: path.clone(),
    };
    let (wire, torn) = read_body(body).await;
    let (raw, undecodable) = decode::decompress(&record.encoding, &wire);
    record.raw = if raw == wire { wire.clone() } else { raw.into() };
    record.wire = wire;
    let parsed = match (torn.or(undecodable), endpoint) {
        (Some(refusal), _) => Err(refusal),
        (None, None) => Err(Refusal::new(404, "path", "expected /api/{project}/envelope/ or /api/{project}/store/")),
        (None, Some(_)) if head.method != Method::POST => Err(Refusal::new(405, "method", "expected POST")),
        (None, Some((_, Endpoint::Store))) => decode::store_body(&record.raw),
        (None, Some((_, Endpoint::Envelope))) => Envelope::parse(&record.raw).map_err(Refusal::from),
    };
    let parsed = parsed.and_then(|envelope| Ok((items(&envelope)?, envelope)));
    let mut event_id = None;
    match parsed {
        Err(refusal) => record.refusal = Some(refusal),
        Ok((items, envelope)) => {
            record.problems = problems::of(&envelope, matches!(endpoint, Some((_, Endpoint::Store))));
            record.items = items;
            event_id = envelope.header.event_id.map(|id| id.to_string());
            if let Some(dsn) = &envelope.header.dsn {
                record.auth.insert("dsn".to_owned(), dsn.clone());
            }
            record.envelope = Some(envelope.header);
        }
    }
    (record, event_id)
}

#[derive(Debug, Clone, Copy)]
enum Endpoint {
    Envelope,
    Store,
}

/// Project and kind of `/api/{project}/{envelope|store}/`, with or without the last slash.
fn endpoint(path: &str) -> Option<(&str, Endpoint)> {
    let path = path.strip_prefix("/api/")?;
    match path.strip_suffix('/').unwrap_or(path).split_once('/')? {
        ("", _) => None,
        (project, "envelope") => Some((project, Endpoint::Envelope)),
        (project, "store") => Some((project, Endpoint::Store)),
        _ => None,
    }
}

/// The body as sent, as far as it came.
async fn read_body(mut body: Incoming) -> (Bytes, Option<Refusal>) {
    let mut wire = Vec::new();
    while let Some(frame) = body.frame().await {
        match frame {
            Err(error) => return (wire.into(), Some(Refusal::new(400, "body", format!("ended early: {error}")))),
            Ok(frame) => {
                let Ok(data) = frame.into_data() else { continue };
                if wire.len() + data.len() > decode::MAX_WIRE_BYTES {
                    let message = format!("expected at most {} bytes as sent", decode::MAX_WIRE_BYTES);
                    return (wire.into(), Some(Refusal::new(413, "body", message)));
                }
                wire.extend_from_slice(&data);
            }
        }
    }
    (wire.into(), None)
}

/// The items with their payloads read; events, reports and counts must be JSON objects.
fn items(envelope: &Envelope) -> Result<Vec<Kept>, Refusal> {
    let mut kept = Vec::with_capacity(envelope.items.len());
    for (number, item) in envelope.items.iter().enumerate() {
        let payload = match item.header.ty.as_str() {
            "event" | "client_report" => decode::object(number, item)?,
            _ => serde_json::from_slice(&item.payload)
                .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&item.payload).into_owned())),
        };
        kept.push(Kept { header: item.header.clone(), bytes: item.payload.len(), payload });
    }
    Ok(kept)
}

/// An answer with a JSON body.
pub fn json_answer(status: u16, body: &Value) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(body.to_string())));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    answer
}

fn with_headers(mut answer: Answer, plan: &Plan) -> Answer {
    if let Some(version) = &plan.server_version {
        answer.headers_mut().insert("x-faultwire", version.clone());
    }
    for (name, value) in &plan.headers {
        answer.headers_mut().insert(name, value.clone());
    }
    answer
}

impl Sink {
    /// True while the data port is closed.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }
}
