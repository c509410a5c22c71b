//! An event as both reports show it: read leniently, put in reading order, every text made visible.

use std::collections::{BTreeMap, BTreeSet};

use faultwire::protocol::{Event, Exception, Frame, Level, Map, Request, Stacktrace, Value};

use crate::filtered::{Filtered, filtered, named, remarks};
use crate::format::{Pair, moment, shown, span, visible};
use crate::store::Record;

/// One event, ready to be laid out.
#[derive(Debug, Default)]
pub struct Report {
    /// Number of the request it came in.
    pub number: u64,
    /// Severity.
    pub level: Level,
    /// Type of the raised error, or the message of an event that is no error.
    pub title: String,
    /// The error's message.
    pub message: String,
    /// False when nobody caught it.
    pub handled: Option<bool>,
    /// `2026-01-31 14:03:22.120 UTC`.
    pub time: String,
    /// Route or task.
    pub transaction: Option<String>,
    /// Release and build.
    pub release: Option<String>,
    /// Deployment.
    pub environment: Option<String>,
    /// The raised error first, then its causes.
    pub chain: Vec<Link>,
    /// The HTTP request.
    pub request: Option<RequestView>,
    /// Who was hit.
    pub user: Vec<Pair>,
    /// Short searchable texts.
    pub tags: Vec<Pair>,
    /// Where it ran: logger, server, runtime and the like.
    pub facts: Vec<Pair>,
    /// What happened before, the latest first.
    pub breadcrumbs: Vec<Crumb>,
    /// Free detail.
    pub extra: Vec<Pair>,
    /// Ours, from `contexts.faultwire.fingerprint`.
    pub fingerprint: Option<String>,
    /// The event's own `fingerprint`.
    pub grouping: Vec<String>,
    /// Places where something was filtered.
    pub filtered: Vec<Filtered>,
    /// Other remarks: what was cut, and from how much.
    pub remarks: Vec<Pair>,
    /// Occurrences that were folded into this event's fingerprint, by all count items so far.
    pub folded: u64,
    /// Name and version of the SDK.
    pub sdk: String,
    /// `gzip`, `zstd`, ...
    pub encoding: String,
    /// Bytes of the envelope as sent.
    pub wire_bytes: usize,
    /// Bytes of the envelope decompressed.
    pub raw_bytes: usize,
    /// Connection it came on.
    pub connection: u64,
    /// The event's id.
    pub id: String,
    /// What a strict server would object to, and what could not be read here.
    pub problems: Vec<String>,
}

/// One error of the chain.
#[derive(Debug, Default)]
pub struct Link {
    /// How it relates to the one before: `caused by`, `while handling`, ...; empty for the raised one.
    pub relation: String,
    /// Type.
    pub kind: String,
    /// Message.
    pub message: String,
    /// How it was captured.
    pub mechanism: Option<String>,
    /// The stack, the crash first.
    pub stack: Vec<Calls>,
}

/// A stretch of a stack.
#[derive(Debug)]
pub enum Calls {
    /// One call in the application's own code.
    App(FrameView),
    /// Calls in libraries, between those of the application.
    Library(Vec<FrameView>),
}

/// One call.
#[derive(Debug)]
pub struct FrameView {
    /// Name of the function.
    pub function: String,
    /// `file:line`, or the module.
    pub place: String,
    /// Source around the line.
    pub source: Vec<SourceLine>,
    /// Local variables.
    pub locals: Vec<Pair>,
}

/// A line of source.
#[derive(Debug)]
pub struct SourceLine {
    /// Its number, where known.
    pub number: Option<u32>,
    /// Its text.
    pub text: String,
    /// The line that was executed.
    pub hit: bool,
}

/// The HTTP request.
#[derive(Debug)]
pub struct RequestView {
    /// HTTP method, upper case.
    pub method: String,
    /// URL with the query.
    pub url: String,
    /// Headers.
    pub headers: Vec<Pair>,
    /// Cookies.
    pub cookies: Vec<Pair>,
    /// Server variables.
    pub env: Vec<Pair>,
    /// The body.
    pub body: Option<String>,
}

/// Something that happened before.
#[derive(Debug)]
pub struct Crumb {
    /// How long before the event, `-1.2 s`.
    pub before: String,
    /// Category or type.
    pub category: String,
    /// Severity.
    pub level: Level,
    /// Text.
    pub message: String,
    /// Detail.
    pub data: Vec<Pair>,
}

/// The report of one event of `record`; `folded` is what count items add to its fingerprint.
pub fn report(payload: &Value, record: &Record, folds: &Folds) -> Report {
    let (event, unreadable) = read(payload);
    let sdk = event.sdk.as_ref().map(|sdk| (sdk.name.clone(), sdk.version.clone()));
    let sdk = sdk.or_else(|| record.sdk().map(|sdk| (sdk.name, sdk.version)));
    let message = event.logentry.as_ref().and_then(|entry| entry.formatted.clone().or_else(|| entry.message.clone()));
    let chain = chain(&event);
    let raised = event.exception.values.last();
    let (title, message) = match (raised, message) {
        (Some(error), _) => (kind_of(error), error.value.clone().unwrap_or_default()),
        (None, Some(message)) => (message, String::new()),
        (None, None) => ("An event without error or message".to_owned(), String::new()),
    };
    let fingerprint = event.contexts.get("faultwire").and_then(|ours| ours.get("fingerprint")).and_then(Value::as_str);
    let remarks = remarks(&event.meta);
    let filtered = filtered(payload, &remarks);
    let mut problems: Vec<String> = record.problems.iter().map(|problem| visible(problem)).collect();
    problems.extend(unreadable.iter().map(|problem| visible(problem)));
    let text = |text: &Option<String>| text.as_deref().filter(|text| !text.is_empty()).map(visible);
    let release = match (&event.release, &event.dist) {
        (Some(release), Some(dist)) => Some(visible(&format!("{release} ({dist})"))),
        (release, _) => text(release),
    };
    Report {
        number: record.number,
        level: event.level,
        title: visible(&title),
        message: visible(&message),
        handled: raised.and_then(|error| error.mechanism.as_ref()?.handled),
        time: moment(event.timestamp),
        transaction: text(&event.transaction),
        release,
        environment: text(&event.environment),
        request: event.request.as_ref().map(request),
        user: event.user.as_ref().map(|user| members(serde_json::to_value(user).ok())).unwrap_or_default(),
        tags: event.tags.iter().map(|(name, value)| (visible(name), visible(value))).collect(),
        facts: facts(&event),
        breadcrumbs: crumbs(&event),
        extra: pairs(&event.extra),
        folded: fingerprint.map_or(0, |fingerprint| folds.of(fingerprint)),
        fingerprint: fingerprint.map(visible),
        grouping: event.fingerprint.iter().map(|part| visible(part)).collect(),
        remarks: remarks
            .into_iter()
            .filter(|(path, _)| filtered.iter().all(|place| place.path != *path))
            .map(|(path, text)| (visible(&named(&path, payload)), visible(&text)))
            .collect(),
        filtered,
        sdk: sdk.map(|(name, version)| visible(format!("{name} {version}").trim())).unwrap_or_default(),
        encoding: record.encoding.clone(),
        wire_bytes: record.wire.len(),
        raw_bytes: record.raw.len(),
        connection: record.connection,
        id: payload.get("event_id").map(shown).unwrap_or_default(),
        problems,
        chain,
    }
}

/// Reads what can be read: a key that does not fit is left out and named.
fn read(payload: &Value) -> (Event, Vec<String>) {
    let mut object = payload.as_object().cloned().unwrap_or_default();
    let mut unreadable = Vec::new();
    loop {
        match Event::from_value(Value::Object(object.clone())) {
            Ok(event) => return (event, unreadable),
            Err(error) if object.remove(&error.field).is_some() => unreadable.push(format!("not shown: {error}")),
            Err(error) => {
                unreadable.push(format!("not shown: {error}"));
                return (Event::default(), unreadable);
            }
        }
    }
}

/// Folded occurrences by fingerprint.
#[derive(Debug, Default)]
pub struct Folds(BTreeMap<String, u64>);

impl Folds {
    /// The sums of all accepted count items.
    pub fn of_all(records: &[Record]) -> Folds {
        let mut folds = Folds::default();
        let mut seen = BTreeSet::new();
        for record in records.iter().filter(|record| record.accepted()) {
            for count in record.items_of("faultwire_counts").filter_map(|item| count(&item.payload)) {
                // One that was sent again under the same id counts once.
                if count.id.is_none_or(|id| seen.insert(id)) {
                    let sum = folds.0.entry(count.fingerprint).or_default();
                    *sum = sum.saturating_add(count.count);
                }
            }
        }
        folds
    }

    /// The sum of all.
    pub fn total(&self) -> u64 {
        self.0.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// The sum for one fingerprint.
    fn of(&self, fingerprint: &str) -> u64 {
        self.0.get(fingerprint).copied().unwrap_or(0)
    }
}

/// One count of folded occurrences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// Fixed before it was spooled: the same in each attempt to deliver it.
    pub id: Option<String>,
    /// Of the location's last full event.
    pub fingerprint: String,
    /// How many were folded.
    pub count: u64,
}

/// The count in a `faultwire_counts` payload.
pub fn count(payload: &Value) -> Option<Count> {
    let text = |key: &str| payload.get(key).and_then(Value::as_str).map(str::to_owned);
    let fingerprint = text("fingerprint").unwrap_or_default();
    Some(Count { id: text("id"), fingerprint, count: payload.get("count")?.as_u64()? })
}

/// The losses of a `client_report` payload: reason, category, quantity.
pub fn losses(payload: &Value) -> Vec<(String, String, u64)> {
    let text = |one: &Value, key: &str| one.get(key).map(shown).unwrap_or_default();
    let list = payload.get("discarded_events").and_then(Value::as_array);
    let read = |one: &Value| {
        (text(one, "reason"), text(one, "category"), one.get("quantity").and_then(Value::as_u64).unwrap_or(0))
    };
    list.map(|list| list.iter().map(read).collect()).unwrap_or_default()
}

fn kind_of(error: &Exception) -> String {
    error.ty.clone().filter(|ty| !ty.is_empty()).unwrap_or_else(|| "Error".to_owned())
}

fn chain(event: &Event) -> Vec<Link> {
    let mut chain: Vec<Link> = Vec::new();
    for error in event.exception.values.iter().rev() {
        let mechanism = error.mechanism.as_ref();
        let relation = match mechanism.and_then(|m| m.source.as_deref()) {
            _ if chain.is_empty() => String::new(),
            Some("__context__") => "raised while handling".to_owned(),
            Some(source) if source.contains('[') => visible(source),
            _ => "caused by".to_owned(),
        };
        let mechanism = mechanism.filter(|m| !m.ty.is_empty()).map(|m| visible(&m.ty));
        chain.push(Link {
            relation,
            kind: visible(&kind_of(error)),
            message: visible(error.value.as_deref().unwrap_or_default()),
            mechanism,
            stack: error.stacktrace.as_ref().map(stack).unwrap_or_default(),
        });
    }
    // A message carries the stack of its thread instead.
    if chain.iter().all(|link| link.stack.is_empty()) {
        let threads = event.threads.values.iter().filter(|thread| thread.stacktrace.is_some());
        let at_fault = threads.clone().find(|thread| thread.crashed == Some(true) || thread.current == Some(true));
        if let Some(thread) = at_fault.or_else(|| threads.clone().next()) {
            chain.push(Link {
                kind: "Thread".to_owned(),
                message: visible(thread.name.as_deref().unwrap_or_default()),
                stack: thread.stacktrace.as_ref().map(stack).unwrap_or_default(),
                ..Link::default()
            });
        }
    }
    chain
}

fn stack(stack: &Stacktrace) -> Vec<Calls> {
    // Where nothing is marked, the reader has not been told what is a library.
    let marked = stack.frames.iter().any(|frame| frame.in_app.is_some());
    let mut calls: Vec<Calls> = Vec::new();
    for frame in stack.frames.iter().rev() {
        let view = frame_view(frame);
        match calls.last_mut() {
            _ if frame.in_app == Some(true) || !marked => calls.push(Calls::App(view)),
            Some(Calls::Library(run)) => run.push(view),
            _ => calls.push(Calls::Library(vec![view])),
        }
    }
    calls
}

fn frame_view(frame: &Frame) -> FrameView {
    let file = frame.filename.as_deref().or(frame.abs_path.as_deref()).or(frame.module.as_deref());
    let file = file.or(frame.package.as_deref()).or(frame.instruction_addr.as_deref()).unwrap_or("?");
    let place = match (frame.lineno, frame.colno) {
        (Some(line), Some(column)) => format!("{file}:{line}:{column}"),
        (Some(line), None) => format!("{file}:{line}"),
        _ => file.to_owned(),
    };
    let mut source = Vec::new();
    if let Some(hit) = &frame.context_line {
        let above = frame.pre_context.len() as u32;
        let lines = frame.pre_context.iter().chain([hit]).chain(&frame.post_context);
        for (offset, text) in (0u32..).zip(lines) {
            let number = frame.lineno.and_then(|line| line.checked_add(offset)?.checked_sub(above));
            source.push(SourceLine { number, text: visible(&text.replace('\t', "    ")), hit: offset == above });
        }
    }
    outdent(&mut source);
    let function = frame.function.as_deref().filter(|name| !name.is_empty()).unwrap_or("?");
    FrameView { function: visible(function), place: visible(&place), source, locals: pairs(&frame.vars) }
}

/// Takes away the indentation all lines share: deep code reads as well as shallow code.
fn outdent(source: &mut [SourceLine]) {
    let indent = |text: &str| text.len() - text.trim_start_matches(' ').len();
    let full = source.iter().filter(|line| !line.text.trim().is_empty());
    let shared = full.map(|line| indent(&line.text)).min().unwrap_or(0);
    for line in source {
        line.text = line.text.get(shared..).unwrap_or_default().trim_end().to_owned();
    }
}

fn request(request: &Request) -> RequestView {
    let mut url = request.url.clone().unwrap_or_default();
    let query = match &request.query_string {
        Value::Null => String::new(),
        Value::String(text) => text.trim_start_matches('?').to_owned(),
        other => {
            let pairs = text_pairs(other);
            pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
        }
    };
    if !query.is_empty() && !url.contains('?') {
        url.push('?');
        url.push_str(&query);
    }
    let body = match &request.data {
        Value::Null => None,
        Value::String(text) => Some(visible(text)),
        other => serde_json::to_string_pretty(other).ok().map(|text| visible(&text)),
    };
    let texts = |map: &BTreeMap<String, String>| map.iter().map(|(k, v)| (visible(k), visible(v))).collect();
    RequestView {
        method: visible(&request.method.as_deref().unwrap_or("GET").to_uppercase()),
        url: visible(&url),
        headers: texts(&request.headers),
        cookies: text_pairs(&request.cookies),
        env: texts(&request.env),
        body,
    }
}

/// Pairs of a map, a list of pairs, or a text `a=b; c=d`.
fn text_pairs(value: &Value) -> Vec<Pair> {
    match value {
        Value::Object(object) => pairs(object),
        Value::Array(list) => {
            let pair = |pair: &Value| Some((shown(pair.get(0)?), shown(pair.get(1)?)));
            list.iter().filter_map(pair).collect()
        }
        Value::String(text) => {
            let pairs = text.split(';').map(str::trim).filter(|pair| !pair.is_empty());
            pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(k, v)| (visible(k), visible(v)))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Contexts worth a line, and where it ran.
fn facts(event: &Event) -> Vec<Pair> {
    let mut facts = Vec::new();
    let mut say = |name: &str, text: Option<String>| {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            facts.push((visible(name), text));
        }
    };
    say("logger", event.logger.as_deref().map(visible));
    say("server", event.server_name.as_deref().map(visible));
    say("platform", Some(visible(&event.platform)));
    for (name, context) in event.contexts.iter().filter(|(name, _)| *name != "faultwire") {
        let part = |key: &str| context.get(key).and_then(Value::as_str);
        let text = match (name.as_str(), part("name"), part("version"), part("trace_id")) {
            ("trace", _, _, Some(trace)) => visible(trace),
            (_, Some(product), version, _) => visible(format!("{product} {}", version.unwrap_or_default()).trim()),
            _ => shown(context),
        };
        say(name, Some(text));
    }
    let ours = event.contexts.get("faultwire").and_then(Value::as_object);
    for (key, value) in ours.into_iter().flatten().filter(|(key, _)| *key != "fingerprint" && *key != "record") {
        say(key, Some(shown(value)));
    }
    facts
}

fn crumbs(event: &Event) -> Vec<Crumb> {
    let crumb = |crumb: &faultwire::protocol::Breadcrumb| Crumb {
        before: crumb.timestamp.map(|at| span(event.timestamp.0 - at.0)).unwrap_or_default(),
        category: visible(crumb.category.as_deref().or(crumb.ty.as_deref()).unwrap_or("default")),
        level: crumb.level.unwrap_or(Level::Info),
        message: visible(crumb.message.as_deref().unwrap_or_default()),
        data: pairs(&crumb.data),
    };
    event.breadcrumbs.values.iter().rev().map(crumb).collect()
}

fn members(value: Option<Value>) -> Vec<Pair> {
    match value {
        Some(Value::Object(object)) => pairs(&object),
        _ => Vec::new(),
    }
}

fn pairs(map: &Map) -> Vec<Pair> {
    map.iter().map(|(name, value)| (visible(name), shown(value))).collect()
}
