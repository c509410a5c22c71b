//! What this library writes, read by another implementation of the protocol, and compared field by field.

use std::collections::BTreeMap;

use faultwire::protocol::{
    Breadcrumb, Envelope, EnvelopeHeader, Event, EventId, Exception, Frame, Item, Level, LogEntry, Map, Mechanism,
    Request, SdkInfo, Stacktrace, Thread, Timestamp, User, Value,
};
use sentry_types::protocol::latest as theirs;
use serde_json::json;

/// Fields the other implementation has no place for, and what it writes in another form.
const THEIRS_LACKS: &[&str] = &[
    "/_meta",
    "/logentry/formatted",
    "/exception/values/0/mechanism/source",
    "/exception/values/0/mechanism/exception_id",
    "/exception/values/0/mechanism/parent_id",
    "/exception/values/0/mechanism/is_exception_group",
    "/exception/values/0/stacktrace/frames/0/platform",
    // Times, compared apart: it writes float seconds.
    "/timestamp",
    "/breadcrumbs/values/0/timestamp",
    // It writes an empty secret: `public:@`.
    "/dsn",
];

fn map(value: Value) -> Map {
    value.as_object().cloned().unwrap_or_default()
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

const MOMENT: Timestamp = Timestamp(1_763_719_200_250_000);
const ID: EventId = EventId(0x9ec7_9c33_ec99_42ab_8353_589f_cb2e_04dc);

/// An event with every field set; a new field does not compile here until it is.
fn full_event() -> Event {
    let frame = Frame {
        function: text("place"),
        module: text("shop.orders"),
        filename: text("shop/orders.py"),
        abs_path: text("/srv/shop/orders.py"),
        lineno: Some(41),
        colno: Some(7),
        pre_context: vec!["def place(order):".to_owned(), "    \"é\\n\"".to_owned()],
        context_line: text("    raise PlaceError(order)"),
        post_context: vec![String::new()],
        in_app: Some(true),
        vars: map(json!({ "order": { "id": 7, "lines": [1, 2.5, null, true] } })),
        package: text("shop"),
        platform: text("python"),
        instruction_addr: text("0x7f0000001000"),
        symbol_addr: text("0x7f0000000f00"),
        image_addr: text("0x7f0000000000"),
        tape_position: None,
        untouched: faultwire::protocol::Untouched::default(),
    };
    let stack = Stacktrace { frames: vec![frame] };
    Event {
        event_id: ID,
        timestamp: MOMENT,
        platform: "python".to_owned(),
        level: Level::Fatal,
        logger: text("shop.orders"),
        transaction: text("/orders/{id}"),
        server_name: text("web-1"),
        release: text("shop@1.2.3"),
        dist: text("42"),
        environment: text("staging"),
        logentry: Some(LogEntry {
            message: text("order %s failed"),
            params: json!([7]),
            formatted: text("order 7 failed"),
        }),
        exception: vec![Exception {
            ty: text("PlaceError"),
            value: text("no stock \u{1f980} \"left\""),
            module: text("shop.errors"),
            thread_id: Some(json!(12)),
            mechanism: Some(Mechanism {
                ty: "auto.wsgi".to_owned(),
                handled: Some(false),
                synthetic: Some(true),
                source: text("__cause__"),
                exception_id: Some(0),
                parent_id: Some(0),
                is_exception_group: Some(true),
                meta: map(json!({ "errno": { "number": 2, "name": "ENOENT" } })),
                data: map(json!({ "hook": "middleware" })),
            }),
            stacktrace: Some(stack.clone()),
        }]
        .into(),
        threads: vec![Thread {
            id: Some(json!("main")),
            name: text("MainThread"),
            crashed: Some(true),
            current: Some(true),
            stacktrace: Some(Stacktrace { frames: vec![Frame { platform: None, ..stack.frames[0].clone() }] }),
        }]
        .into(),
        breadcrumbs: vec![Breadcrumb {
            timestamp: Some(MOMENT),
            ty: text("query"),
            category: text("db"),
            level: Some(Level::Warning),
            message: text("SELECT 1"),
            data: map(json!({ "rows": 1 })),
        }]
        .into(),
        user: Some(User {
            id: text("7"),
            email: text("ann@example.com"),
            username: text("ann"),
            ip_address: text("203.0.113.7"),
            other: [("plan".to_owned(), json!("gold"))].into(),
        }),
        request: Some(Request {
            url: text("https://shop.example.com/orders"),
            method: text("POST"),
            query_string: json!("a=b"),
            headers: texts(&[("Accept", "*/*")]),
            cookies: json!("theme=dark"),
            data: json!("{\"item\":1}"),
            env: texts(&[("SERVER_NAME", "web-1")]),
        }),
        contexts: map(json!({
            "runtime": { "name": "CPython", "version": "3.12.1" },
            "os": { "name": "Linux", "version": "6.1" },
            "trace": { "trace_id": "0123456789abcdef0123456789abcdef", "span_id": "0123456789abcdef" },
            "faultwire": { "fingerprint": "ab", "shrunk": { "breadcrumbs": 3 } },
        })),
        tags: texts(&[("tenant", "acme")]),
        extra: map(json!({ "cart": [1, { "a": null }] })),
        modules: texts(&[("flask", "3.0.0")]),
        fingerprint: vec!["{{ default }}".to_owned(), "orders".to_owned()],
        sdk: Some(SdkInfo {
            name: "faultwire.python".to_owned(),
            version: "0.1.0".to_owned(),
            integrations: vec!["flask".to_owned()],
            packages: vec![json!({ "name": "pypi:faultwire", "version": "0.1.0" })],
        }),
        debug_meta: json!({ "images": [{
            "type": "symbolic",
            "name": "libshop.so",
            "image_addr": "0x7f0000000000",
            "image_size": 4096,
            "id": "9ec79c33-ec99-42ab-8353-589fcb2e04dc",
        }] }),
        meta: json!({ "extra": { "cart": { "": { "rem": [["!limit", "x"]] } } } }),
    }
}

/// Every leaf of `ours` that is not in `theirs` with the same value.
fn differences(ours: &Value, theirs: &Value, path: &str, out: &mut Vec<String>) {
    if THEIRS_LACKS.contains(&path) {
        return;
    }
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, value) in a {
                differences(value, b.get(key).unwrap_or(&Value::Null), &format!("{path}/{key}"), out);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (at, (a, b)) in a.iter().zip(b).enumerate() {
                differences(a, b, &format!("{path}/{at}"), out);
            }
        }
        _ if ours == theirs => {}
        _ => out.push(format!("{path}: {ours} arrived as {theirs}")),
    }
}

#[test]
fn every_field_of_an_event_arrives_unchanged() {
    let ours = full_event();
    let bytes = serde_json::to_vec(&ours).unwrap();
    let read: theirs::Event = serde_json::from_slice(&bytes).unwrap();
    let mut out = Vec::new();
    differences(&serde_json::to_value(&ours).unwrap(), &serde_json::to_value(&read).unwrap(), "", &mut out);
    assert!(out.is_empty(), "{}", out.join("\n"));

    let moment = std::time::UNIX_EPOCH + std::time::Duration::from_micros(MOMENT.0 as u64);
    assert_eq!((read.timestamp, read.breadcrumbs.values[0].timestamp), (moment, moment));
    assert_eq!(read.event_id.as_u128(), ID.0);
    assert_eq!(read.level, theirs::Level::Fatal);
    let frame = &read.exception.values[0].stacktrace.as_ref().unwrap().frames[0];
    assert_eq!((frame.lineno, frame.instruction_addr), (Some(41), Some(theirs::Addr(0x7f00_0000_1000))));
}

#[test]
fn what_it_writes_is_read_here_the_same() {
    let ours = full_event();
    let read: theirs::Event = serde_json::from_value(serde_json::to_value(&ours).unwrap()).unwrap();
    let back = Event::from_value(serde_json::to_value(&read).unwrap()).unwrap();
    assert_eq!((back.event_id, back.timestamp, back.level), (ours.event_id, ours.timestamp, ours.level));
    assert_eq!((back.user, back.request, back.tags), (ours.user, ours.request, ours.tags));
    assert_eq!((back.threads, back.breadcrumbs, back.extra), (ours.threads, ours.breadcrumbs, ours.extra));
}

#[test]
fn the_smallest_event_and_a_shrunk_one_are_read() {
    let small = Event::default();
    let read: theirs::Event = serde_json::from_slice(&serde_json::to_vec(&small).unwrap()).unwrap();
    assert_eq!(read.event_id.as_u128(), small.event_id.0);

    let mut large = full_event();
    large.extra.insert("large".to_owned(), Value::from("x".repeat(2_000_000)));
    let bytes = serde_json::to_vec(&large).unwrap();
    let bytes = faultwire::shrink::fit(&mut large, bytes);
    let read: theirs::Event = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(read.exception.values[0].ty, "PlaceError");
    assert!(!read.extra.contains_key("large"));
}

#[test]
fn an_envelope_arrives_with_its_header_and_items() {
    let event = serde_json::to_vec(&full_event()).unwrap();
    let mut attachment = Item::new("attachment", b"a\nb\n\x00\xff".to_vec());
    attachment.header.other.insert("filename".to_owned(), Value::from("a.bin"));
    let report = json!({ "timestamp": 1_763_719_200, "discarded_events": [{ "reason": "sample_rate", "category": "error", "quantity": 3 }] });
    let envelope = Envelope {
        header: EnvelopeHeader {
            event_id: Some(ID),
            sent_at: Some(MOMENT),
            dsn: text("https://public@example.io/1"),
            sdk: full_event().sdk,
            trace: Some(json!({ "trace_id": "0123456789abcdef0123456789abcdef", "public_key": "public" })),
            other: Map::new(),
        },
        items: vec![Item::new("event", event), attachment, Item::new("client_report", report.to_string().into_bytes())],
    };
    let read = sentry_types::protocol::v7::Envelope::from_slice(&envelope.to_bytes()).unwrap();
    assert_eq!(read.uuid().map(|id| id.as_u128()), Some(ID.0));
    let mut out = Vec::new();
    let mut ours = serde_json::to_value(&envelope.header).unwrap();
    ours["event_id"] = json!("9ec79c33-ec99-42ab-8353-589fcb2e04dc");
    ours["sent_at"] = json!("2025-11-21T10:00:00.25Z");
    differences(&ours, &serde_json::to_value(read.headers()).unwrap(), "", &mut out);
    assert!(out.is_empty(), "{}", out.join("\n"));

    let items: Vec<_> = read.items().collect();
    assert_eq!(items.len(), 3);
    assert_eq!(read.event().map(|e| e.release.as_deref()), Some(Some("shop@1.2.3")));
    let attachments: Vec<_> = items
        .iter()
        .filter_map(|item| match item {
            theirs::EnvelopeItem::Attachment(a) => Some((a.filename.as_str(), a.buffer.as_slice())),
            _ => None,
        })
        .collect();
    assert_eq!(attachments, [("a.bin", b"a\nb\n\x00\xff".as_slice())]);
    assert!(items.iter().any(|item| matches!(item, theirs::EnvelopeItem::ClientReport(_))));

    // And the other way: what it writes is read here.
    let mut bytes = Vec::new();
    read.to_writer(&mut bytes).unwrap();
    let back = Envelope::parse(&bytes).unwrap();
    assert_eq!((back.header.event_id, back.items.len()), (Some(ID), 3));
    assert_eq!(back.items[1].payload, b"a\nb\n\x00\xff");
}
