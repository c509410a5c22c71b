//! Whole events: no secret survives in any text field, ordinary content does, twice is once.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::collections::BTreeMap;
use std::time::Instant;

use faultwire::protocol::{
    Breadcrumb, Event, EventId, Exception, Frame, Level, LogEntry, Map, Mechanism, Request, SdkInfo, Stacktrace,
    Thread, Timestamp, User, Value, Values,
};
use faultwire::sanitize::{Config, Sanitizer};
use serde_json::json;

fn text(s: &str) -> Option<String> {
    Some(s.to_owned())
}

fn map(value: Value) -> Map {
    value.as_object().cloned().unwrap()
}

fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn frame() -> Frame {
    Frame {
        function: text("login"),
        module: text("app.auth"),
        filename: text("app/auth.py"),
        abs_path: text("/srv/app/auth.py"),
        lineno: Some(3),
        colno: Some(1),
        pre_context: vec!["def login(user):".into(), "    x = 1".into()],
        context_line: text("    check(user)"),
        post_context: vec!["    return x".into()],
        in_app: Some(true),
        vars: map(json!({"user": "bob", "self": {"name_tag": "x", "items": ["a", "b"]}, "n": 1})),
        package: text("app"),
        platform: text("python"),
        instruction_addr: text("0x7f00"),
        symbol_addr: text("0x7f00"),
        image_addr: text("0x7000"),
        tape_position: None,
        untouched: faultwire::protocol::Untouched::default(),
    }
}

/// Every field of the protocol, filled. No `..`: a new field must be seen here too.
fn full_event() -> Event {
    let stack = Stacktrace { frames: vec![frame(), frame()] };
    Event {
        event_id: EventId(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef),
        timestamp: Timestamp::now(),
        platform: "python".into(),
        level: Level::Error,
        logger: text("app"),
        transaction: text("GET /users/{id}"),
        server_name: text("web1"),
        release: text("app@1.2.3"),
        dist: text("7"),
        environment: text("production"),
        logentry: Some(LogEntry { message: text("hello %s"), params: json!(["bob"]), formatted: text("hello bob") }),
        exception: Values::from(vec![Exception {
            ty: text("ValueError"),
            value: text("it broke"),
            module: text("builtins"),
            thread_id: Some(json!("main")),
            mechanism: Some(Mechanism {
                ty: "generic".into(),
                handled: Some(true),
                synthetic: Some(false),
                source: text("__cause__"),
                exception_id: Some(0),
                parent_id: None,
                is_exception_group: Some(false),
                meta: map(json!({"errno": {"number": 2, "label": "ENOENT"}})),
                data: map(json!({"note": "x"})),
            }),
            stacktrace: Some(stack.clone()),
        }]),
        threads: Values::from(vec![Thread {
            id: Some(json!("t1")),
            name: text("worker"),
            crashed: Some(false),
            current: Some(true),
            stacktrace: Some(stack),
        }]),
        breadcrumbs: Values::from(vec![Breadcrumb {
            timestamp: Some(Timestamp::now()),
            ty: text("http"),
            category: text("requests"),
            level: Some(Level::Info),
            message: text("GET /x"),
            data: map(json!({"url": "https://x.com/", "http.query": "a=1", "body": "x", "status": 200})),
        }]),
        user: Some(User {
            id: text("42"),
            email: text("e"),
            username: text("u"),
            ip_address: text("i"),
            other: BTreeMap::from([("plan".to_owned(), json!("gold")), ("data".to_owned(), json!({"a": "b"}))]),
        }),
        request: Some(Request {
            url: text("https://x.com/a"),
            method: text("POST"),
            query_string: json!("a=1"),
            headers: texts(&[("Accept", "*/*"), ("Referer", "https://x.com/"), ("Cookie", "a=b"), ("User-Agent", "x")]),
            cookies: json!({"theme": "dark"}),
            data: json!({"items": [{"a": "b"}]}),
            env: texts(&[("SERVER_NAME", "web1"), ("QUERY_STRING", "a=1"), ("REQUEST_URI", "/a")]),
        }),
        contexts: map(json!({
            "runtime": {"name": "CPython", "version": "3.12.1"}, "custom": {"a": {"b": "c"}},
            "trace": {"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "span_id": "00f067aa0ba902b7", "op": "http", "data": {"a": "b"}},
            "faultwire": {"fingerprint": "ab", "record": ["a", {"b": "c"}]},
        })),
        tags: texts(&[("route", "x")]),
        extra: map(json!({"a": "b", "list": ["a", {"b": "c"}]})),
        modules: texts(&[("requests", "2.31.0")]),
        fingerprint: vec!["{{ default }}".into(), "custom".into()],
        sdk: Some(SdkInfo {
            name: "faultwire.python".into(),
            version: "0.1.0".into(),
            integrations: vec!["django".into()],
            packages: vec![json!({"name": "pypi:faultwire", "version": "0.1.0"})],
        }),
        debug_meta: json!({"images": [{"type": "elf", "code_file": "/lib/x.so", "debug_id": "ab"}]}),
        meta: json!({"extra": {"a": {"": {"rem": [["x", "s"]], "err": ["bad"], "val": "before"}}}}),
    }
}

/// Replaces every text of the event by what `make` says, and every key of the free maps.
fn inject(value: &mut Value, path: &str, count: &mut usize, make: &dyn Fn(&str, usize) -> Option<String>) {
    match value {
        Value::String(s) => {
            *count += 1;
            if let Some(new) = make(path, *count) {
                *s = new;
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|v| inject(v, path, count, make)),
        Value::Object(map) => {
            for (key, v) in map.iter_mut() {
                inject(v, &format!("{path}.{key}"), count, make);
            }
        }
        _ => {}
    }
}

/// Places that hold no free text: the reader rejects or ignores anything else.
const TYPED: &[&str] = &[".event_id", ".timestamp", ".level"];
/// Places that are names, paths, ids: pairs and addresses are legal parts of them.
const NAMES: &[&str] = &[
    ".platform",
    ".logger",
    ".server_name",
    ".release",
    ".dist",
    ".environment",
    ".type",
    ".module",
    ".source",
    ".function",
    ".filename",
    ".abs_path",
    ".package",
    "_addr",
    ".category",
    ".method",
    ".id",
    ".thread_id",
    ".modules",
    ".sdk",
    ".debug_meta",
    ".faultwire",
    "exception.values.module",
    ".requests",
];

/// Source lines: a name assigned to a name is code, so a bare word behind `=` stays.
fn is_source(path: &str) -> bool {
    path.contains("_context") || path.contains("context_line")
}

fn is_typed(path: &str) -> bool {
    TYPED.iter().any(|end| path.ends_with(end))
}

fn is_name(path: &str) -> bool {
    NAMES.iter().any(|part| path.ends_with(part) || path.contains(&format!("{part}.")))
}

/// A part of the secret that is unlike anything else, one for each place.
fn core_of(n: usize) -> String {
    format!("Zq7{n:04}Xw9Kd3Vb")
}

fn run(sanitizer: &Sanitizer, make: &dyn Fn(&str, usize) -> Option<String>) -> (String, usize) {
    let mut value = serde_json::to_value(full_event()).unwrap();
    let mut count = 0;
    inject(&mut value, "", &mut count, make);
    let mut event = Event::from_value(value).unwrap();
    sanitizer.event(&mut event);
    let once = serde_json::to_value(&event).unwrap();
    sanitizer.event(&mut event);
    let twice = serde_json::to_value(&event).unwrap();
    if once != twice {
        for (key, value) in once.as_object().unwrap() {
            assert_eq!(Some(value), twice.get(key), "a second pass changed {key}");
        }
    }
    assert_eq!(once, twice);
    (once.to_string(), count)
}

/// Kinds of secrets: a token that is one by its looks, and those that need running text.
fn secrets(core: &str) -> Vec<(bool, String)> {
    vec![
        (true, format!("ghp_{core}{core}{core}")),
        (true, format!("sk-ant-{core}{core}")),
        (true, format!("postgres://app:{core}@db/shop")),
        (true, format!("-----BEGIN PRIVATE KEY----- {core}")),
        (false, format!("password={core}")),
        (false, format!("\"api_key\": \"{core}\"")),
        (false, format!("GET /?token={core}&a=b")),
        (false, format!("{{\"secret\": \"{core}")),
        (false, format!("{core}@example.com")),
    ]
}

#[test]
fn no_secret_survives_in_any_field_at_any_limit() {
    let sanitizer = Sanitizer::default();
    // Zero, and around every limit: of tags, names, values, messages and bodies.
    let paddings = [
        0, 30, 50, 63, 190, 199, 245, 256, 990, 1000, 1010, 1020, 1023, 1024, 1025, 2040, 8150, 8180, 8190, 8192, 9000,
    ];
    for variant in 0..secrets("").len() {
        for padding in paddings {
            let make = |path: &str, n: usize| {
                let (anywhere, secret) = secrets(&core_of(n)).swap_remove(variant);
                let bare = secret.contains("password=") || secret.contains("?token=");
                if is_typed(path) || (!anywhere && is_name(path)) || (bare && is_source(path)) {
                    return None;
                }
                Some(format!("{}{secret}", pad(padding)))
            };
            let (json, count) = run(&sanitizer, &make);
            assert!(count > 60, "the sample event has lost its fields");
            for n in 1..=count {
                let core = core_of(n);
                // Half of it is a leak too.
                let half = &core[..9];
                assert!(
                    !json.contains(half),
                    "variant {variant}, padding {padding}: {half} survived: {}",
                    around(&json, half)
                );
            }
        }
    }
}

fn pad(len: usize) -> String {
    let mut text = "lorem ipsum ".repeat(len / 12 + 1);
    text.truncate(len.saturating_sub(1));
    if len > 0 {
        text.push(' ');
    }
    text
}

fn around(json: &str, part: &str) -> String {
    let at = json.find(part).unwrap_or(0);
    json.chars().skip(at.saturating_sub(200)).take(300).collect()
}

#[test]
fn a_secret_under_a_secret_key_goes_wherever_a_map_is_free() {
    let sanitizer = Sanitizer::default();
    let mut event = full_event();
    let secret = || json!("hunter2hunter2");
    let nest = || json!({"deep": [{"password": secret()}], "api_key": secret(), "credentials": {"a": secret()}});
    event.extra.insert("nest".into(), nest());
    event.contexts.insert("mine".into(), nest());
    event.user.as_mut().unwrap().other.insert("nest".into(), nest());
    event.breadcrumbs.values[0].data.insert("nest".into(), nest());
    let request = event.request.as_mut().unwrap();
    request.data = nest();
    request.query_string = json!({"token": secret()});
    request.cookies = json!([["sid", secret()]]);
    request.headers.insert("X-Auth-Token".into(), "hunter2hunter2".into());
    request.env.insert("DB_PASSWORD".into(), "hunter2hunter2".into());
    event.tags.insert("secret".into(), "hunter2hunter2".into());
    let exception = &mut event.exception.values[0];
    exception.mechanism.as_mut().unwrap().data.insert("nest".into(), nest());
    exception.mechanism.as_mut().unwrap().meta.insert("nest".into(), nest());
    exception.stacktrace.as_mut().unwrap().frames[0].vars.insert("nest".into(), nest());
    event.logentry.as_mut().unwrap().params = nest();
    sanitizer.event(&mut event);
    let json = serde_json::to_string(&event).unwrap();
    assert!(!json.contains("hunter2"), "{}", around(&json, "hunter2"));
}

#[test]
fn an_ordinary_event_is_left_alone() {
    let sanitizer = Sanitizer::new(Config { send_default_pii: true, ..Config::default() }).unwrap();
    let mut event = full_event();
    event.request.as_mut().unwrap().headers.remove("Cookie");
    event.meta = Value::Null;
    let before = serde_json::to_value(&event).unwrap();
    sanitizer.event(&mut event);
    assert_eq!(serde_json::to_value(&event).unwrap(), before);
}

/// Random texts out of the pieces that rules look for: once is enough.
#[test]
fn any_mixture_of_pieces_is_settled_after_one_pass() {
    const PIECES: &[&str] = &[
        "password",
        "token",
        "api_key",
        "=",
        ":",
        ": ",
        "\"",
        "'",
        " ",
        "\\",
        "\\n",
        "&",
        "&quot;",
        "('token', '",
        ";",
        ",",
        "[",
        "]",
        "{",
        "}",
        "(",
        ")",
        "<",
        ">",
        "</",
        "@",
        "://",
        "a",
        "bob",
        "x.com",
        "1.2.3.4",
        "4111111111111111",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIi",
        "ghp_0A1b2C3d4E5f6G7h8I9j0K1l",
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        "Bearer ",
        "Basic dXNlcjpodW50ZXIy",
        "--",
        "-u ",
        "%3D",
        "%26",
        "…",
        "...",
        "[Filtered]",
        "[Filtered:token]",
        "name=\"",
        "\r\n\r\n",
        "\n",
        "é",
        "078-05-1120",
        "DE89370400440532013000",
        "2001:db8::1",
        "Some(",
        "b",
        "cookie",
        "authorization",
        "identified by",
        "str = ",
        "hunter2",
        "?",
        "#",
        "/",
        "null",
        "%s",
        "$1",
        "|",
        "==",
        ":=",
        "=>",
    ];
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut next = |n: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % n as u64) as usize
    };
    let sanitizer = Sanitizer::default();
    let cut = Sanitizer::new(Config { max_value_length: 40, ..Config::default() }).unwrap();
    for _ in 0..60_000 {
        let text: String = (0..1 + next(14)).map(|_| PIECES[next(PIECES.len())]).collect();
        for (name, run) in [
            ("text", Sanitizer::text as fn(&Sanitizer, &'static str) -> std::borrow::Cow<'static, str>),
            ("code", Sanitizer::code),
            ("url", Sanitizer::url),
            ("query", Sanitizer::query),
            ("cookies", Sanitizer::cookies),
        ] {
            // Leaked on purpose: a test of a few megabytes.
            let once: &'static str =
                Box::leak(run(&sanitizer, Box::leak(text.clone().into_boxed_str())).into_owned().into_boxed_str());
            let twice = run(&sanitizer, once);
            assert_eq!(twice, once, "{name} of {text:?}");
        }
        let mut once = Value::from(text.as_str());
        cut.value(None, &mut once);
        let mut twice = once.clone();
        cut.value(None, &mut twice);
        assert_eq!(once, twice, "cut of {text:?}");
    }
}

#[test]
fn options_that_cannot_work_are_named() {
    let broken = Config { extra_patterns: vec![("acme".into(), "(".into())], ..Config::default() };
    let error = Sanitizer::new(broken).unwrap_err();
    assert_eq!(error.field, "sanitize_patterns");
    assert!(error.message.contains("acme"), "{error}");
    let kind = Config { extra_patterns: vec![("not a kind".into(), "x".into())], ..Config::default() };
    assert_eq!(Sanitizer::new(kind).unwrap_err().field, "sanitize_patterns");
    let empty = Config { extra_patterns: vec![("acme".into(), "x*".into())], ..Config::default() };
    assert_eq!(Sanitizer::new(empty).unwrap_err().field, "sanitize_patterns");
    // Compiled without the tables of scripts: refused, not taken for something else.
    let script = Config { extra_patterns: vec![("greek".into(), r"\p{Greek}+".into())], ..Config::default() };
    assert_eq!(Sanitizer::new(script).unwrap_err().field, "sanitize_patterns");
    let key = Config { extra_keys: vec!["--".into()], ..Config::default() };
    assert_eq!(Sanitizer::new(key).unwrap_err().field, "sanitize_keys");
}

fn assert_shared<T: Send + Sync>() {}

#[test]
fn a_sanitizer_can_be_shared() {
    assert_shared::<Sanitizer>();
}

#[test]
fn big_values_are_made_to_fit_and_say_so() {
    let sanitizer = Sanitizer::default();
    let mut event = full_event();
    let list: Vec<Value> = (0..90).map(|i| json!(format!("{i} {}", "x".repeat(900)))).collect();
    event.extra.insert("big".into(), json!({"list": list}));
    for i in 0..90 {
        event.extra.insert(
            format!("k{i:02}"),
            json!(["y".repeat(1000), "y".repeat(1000), "y".repeat(1000), "y".repeat(1000)]),
        );
    }
    event.contexts.insert("big".into(), json!({"list": list}));
    event.breadcrumbs.values[0].data.insert("big".into(), json!(list));
    sanitizer.event(&mut event);
    let size = |v: &Value| v.to_string().len();
    assert!(event.extra.values().all(|v| size(v) <= 16 * 1024));
    assert!(event.extra.values().map(size).sum::<usize>() <= 257 * 1024);
    assert!(size(&event.contexts["big"]) <= 8 * 1024);
    assert!(size(&Value::Object(event.breadcrumbs.values[0].data.clone())) <= 2 * 1024);
    assert!(event.meta["extra"]["big"][""]["rem"][0][0] == "!limit");
    let once = event.clone();
    sanitizer.event(&mut event);
    assert_eq!(event, once);
}

/// Prints what the walk of a 50 kB event costs: `cargo test --release ... -- --ignored --nocapture`.
#[test]
#[ignore = "prints a timing, asserts none"]
fn timing_of_a_large_event() {
    let mut event = full_event();
    let lines = [
        "def handle(self, request, *args, **kwargs):",
        "    order = self.orders.get(pk=kwargs[\"order_id\"])",
        "    if order.total > limit and not order.paid:",
        "        raise PaymentError(f\"order {order.id} is over {limit}\")",
        "    return self.render(request, \"order.html\", {\"order\": order})",
        "",
    ];
    let frame = |i: usize| Frame {
        function: Some(format!("handle_{i}")),
        module: text("shop.orders.views"),
        filename: text("shop/orders/views.py"),
        abs_path: text("/srv/app/shop/orders/views.py"),
        pre_context: lines[..5].iter().map(|l| (*l).to_owned()).collect(),
        context_line: Some(lines[3].to_owned()),
        post_context: lines[..5].iter().map(|l| (*l).to_owned()).collect(),
        vars: map(json!({
            "self": "<shop.orders.views.OrderView object at 0x7f3c2c0d5e80>", "request": "<WSGIRequest: POST '/orders/17/pay'>",
            "order_id": 17, "order": {"id": 17, "state": "open", "total": "199.90"}, "limit": "100", "kwargs": {"order_id": "17"},
        })),
        ..frame()
    };
    event.exception.values[0].stacktrace = Some(Stacktrace { frames: (0..50).map(frame).collect() });
    let size = serde_json::to_string(&event).unwrap().len();
    let sanitizer = Sanitizer::default();
    let first = Instant::now();
    sanitizer.event(&mut event.clone());
    let first = first.elapsed();
    let mut times: Vec<_> = (0..400)
        .map(|_| {
            let mut event = event.clone();
            let start = Instant::now();
            sanitizer.event(&mut event);
            start.elapsed()
        })
        .collect();
    times.sort();
    println!("{size} bytes: first {first:?}, median {:?}, fastest {:?}", times[200], times[0]);
}
