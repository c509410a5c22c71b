//! The ladder: what goes first, what stays, and that nothing is too absurd for it.

use super::*;
use crate::protocol::{Breadcrumb, EventId, Frame, LogEntry, Mechanism, Request, Timestamp, User};
use serde_json::json;

fn frames(n: usize) -> Stacktrace {
    let frame = |i: usize| Frame { function: Some(format!("f{i}")), lineno: Some(i as u32), ..Frame::default() };
    Stacktrace { frames: (0..n).map(frame).collect() }
}

fn chain(n: usize) -> Vec<Exception> {
    // On the wire the root, number 0, comes last.
    let link = |i: usize| Exception {
        ty: Some(format!("E{i}")),
        mechanism: Some(Mechanism {
            exception_id: Some((n - 1 - i) as u32),
            parent_id: (n - 1 - i).checked_sub(1).map(|p| p as u32),
            ..Mechanism::default()
        }),
        ..Exception::default()
    };
    (0..n).map(link).collect()
}

fn blank() -> Event {
    Event { event_id: EventId(7), timestamp: Timestamp(0), ..Event::default() }
}

fn size(event: &Event) -> usize {
    serde_json::to_vec(event).unwrap().len()
}

/// An event whose parts weigh about `part` bytes each.
fn heavy(part: usize) -> Event {
    let text = |of: usize| "x".repeat(of);
    let mut event = blank();
    event.breadcrumbs.values = (0..100)
        .map(|i| Breadcrumb { message: Some(format!("{i:03}{}", text(part / 100))), ..Breadcrumb::default() })
        .collect();
    let mut stack = frames(50);
    for frame in &mut stack.frames {
        frame.vars.insert("v".to_owned(), Value::from(text(part / 50)));
        frame.pre_context = vec![text(part / 50)];
        frame.context_line = Some("raise".to_owned());
    }
    event.exception.values =
        vec![Exception { ty: Some("E".to_owned()), stacktrace: Some(stack), ..Exception::default() }];
    event.request = Some(Request { data: Value::from(text(part)), ..Request::default() });
    event.extra.insert("big".to_owned(), Value::from(text(part)));
    event.extra.insert("small".to_owned(), Value::from("kept"));
    event.contexts.insert("order".to_owned(), json!({ "v": text(part / 2) }));
    event.contexts.insert("trace".to_owned(), json!({ "trace_id": "0123456789abcdef0123456789abcdef" }));
    event
}

#[test]
fn a_small_event_is_returned_as_it_came() {
    let mut event = heavy(1000);
    let bytes = serde_json::to_vec(&event).unwrap();
    let before = event.clone();
    assert_eq!(fit(&mut event, bytes.clone()), bytes);
    assert_eq!(event, before);
    assert_eq!(bound_counts(&mut event), Shrunk::default());
    assert_eq!(event, before);
}

#[test]
fn each_step_is_taken_only_when_the_one_before_was_not_enough() {
    // Limits below the whole by ever more parts.
    let whole = size(&heavy(100_000));
    let cut = |by: usize| shrink(&mut heavy(100_000), whole - by).cut.keys().copied().collect::<Vec<_>>();
    assert_eq!(cut(1), ["breadcrumbs"]);
    assert_eq!(cut(90_000), ["breadcrumbs"]);
    assert_eq!(cut(150_000), ["breadcrumbs", "vars"]);
    assert_eq!(cut(250_000), ["bodies", "breadcrumbs", "vars"]);
    assert_eq!(cut(350_000), ["bodies", "breadcrumbs", "extra", "vars"]);
    assert_eq!(cut(440_000), ["bodies", "breadcrumbs", "contexts", "extra", "vars"]);
    assert_eq!(cut(500_000), ["bodies", "breadcrumbs", "context_lines", "contexts", "extra", "vars"]);
}

#[test]
fn oldest_breadcrumbs_and_outermost_locals_go_first() {
    let mut event = heavy(100_000);
    let limit = size(&event) - 40_000;
    let shrunk = shrink(&mut event, limit);
    assert_eq!(shrunk.cut["breadcrumbs"], 50);
    assert!(event.breadcrumbs.values[0].message.as_deref().unwrap().starts_with("050"));
    assert_eq!(event.meta["breadcrumbs"]["values"][""]["len"], 100);

    let mut event = heavy(100_000);
    event.breadcrumbs.values.clear();
    let limit = size(&event) - 40_000;
    let gone = shrink(&mut event, limit).cut["vars"] as usize;
    let frames = &event.exception.values[0].stacktrace.as_ref().unwrap().frames;
    assert!((15..30).contains(&gone), "{gone}");
    assert!(frames.iter().enumerate().all(|(i, frame)| frame.vars.is_empty() == (i < gone)));
}

#[test]
fn what_was_cut_is_told_and_the_rest_stays() {
    let mut event = heavy(400_000);
    event.contexts.insert("faultwire".to_owned(), json!({ "fingerprint": "ab" }));
    let bytes = serde_json::to_vec(&event).unwrap();
    let sent = fit(&mut event, bytes);
    assert!(sent.len() <= MAX_EVENT_BYTES);
    let sent: Value = serde_json::from_slice(&sent).unwrap();
    assert_eq!(sent["contexts"]["faultwire"]["fingerprint"], "ab");
    assert_eq!(sent["contexts"]["faultwire"]["shrunk"]["breadcrumbs"], 100);
    assert_eq!(sent["contexts"]["faultwire"]["shrunk"]["bodies"], 1);
    assert_eq!(sent["_meta"]["request"]["data"][""]["rem"][0][0], "!limit");
    assert_eq!(sent["extra"]["small"], "kept");
    assert_eq!(sent["exception"]["values"][0]["stacktrace"]["frames"][49]["context_line"], "raise");
}

#[test]
fn remarks_move_with_what_they_are_said_of() {
    let mut event = blank();
    event.exception.values = vec![Exception { stacktrace: Some(frames(300)), ..Exception::default() }];
    let frame = |n: &str| json!({ n: { "vars": { "": { "rem": [["@password", "s"]] } } } });
    let mut said = Map::new();
    for n in ["0", "24", "25", "224", "225", "299"] {
        said.extend(frame(n).as_object().unwrap().clone());
    }
    event.meta = json!({ "exception": { "values": { "0": { "stacktrace": { "frames": said } } } } });
    let bounded = bound_counts(&mut event);
    assert_eq!(bounded.cut["frames"], 200);
    let said = &event.meta["exception"]["values"]["0"]["stacktrace"]["frames"];
    let keys: Vec<&str> = said.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["", "0", "24", "25", "99"]);
    assert_eq!(said[""]["len"], 300);
    let lines: Vec<u32> =
        event.exception.values[0].stacktrace.as_ref().unwrap().frames.iter().filter_map(|f| f.lineno).collect();
    assert_eq!((lines[24], lines[25], lines.len()), (24, 225, MAX_FRAMES));
    assert_eq!(event.contexts["faultwire"]["shrunk"]["frames"], 200);
}

#[test]
fn a_chain_keeps_both_ends_and_stays_a_chain() {
    let mut event = blank();
    event.exception.values = chain(100_000);
    assert_eq!(bound_counts(&mut event).cut["exceptions"], 99_950);
    let values = &event.exception.values;
    assert_eq!((values.len(), values[0].ty.as_deref(), values[49].ty.as_deref()), (50, Some("E0"), Some("E99999")));
    let mechanism = |i: usize| values[i].mechanism.as_ref().unwrap();
    // The last one before the gap hangs on the first one after it.
    assert_eq!(mechanism(24).parent_id, mechanism(25).exception_id);
    assert_eq!(mechanism(49).parent_id, None);
    assert_eq!(event.meta["exception"]["values"][""]["len"], 100_000);
}

#[test]
fn parents_in_a_circle_end_without_one() {
    let mut event = blank();
    event.exception.values = chain(100);
    for exception in &mut event.exception.values {
        let mechanism = exception.mechanism.as_mut().unwrap();
        mechanism.parent_id = Some((mechanism.exception_id.unwrap() + 1) % 100);
        if mechanism.exception_id == Some(74) {
            mechanism.parent_id = Some(30);
        }
    }
    bound_counts(&mut event);
    assert_eq!(event.exception.values.len(), 50);
}

#[test]
fn a_hundred_thousand_levels_are_cut_and_freed_without_overflow() {
    let mut deep = Value::from("bottom");
    for i in 0..100_000 {
        deep =
            if i % 2 == 0 { Value::Array(vec![deep]) } else { Value::Object(Map::from_iter([("k".to_owned(), deep)])) };
    }
    let mut event = blank();
    event.extra.insert("deep".to_owned(), deep);
    assert_eq!(bound_counts(&mut event).cut["nested"], 1);
    let text = serde_json::to_string(&event).unwrap();
    assert!(text.contains("nested too deep"));
    assert!(serde_json::from_str::<Value>(&text).is_ok());
}

#[test]
fn one_absurd_field_of_each_kind_fits() {
    let long = || "\u{1}é\"".repeat(200_000);
    let many = |n: u32| (0..n).map(|i| (format!("k{i}"), "v".to_owned())).collect::<BTreeMap<_, _>>();
    type Absurd = Box<dyn Fn(&mut Event)>;
    let cases: Vec<(&str, Absurd)> = vec![
        ("tags", Box::new(move |e| e.tags = many(1_000_000))),
        ("modules", Box::new(move |e| e.modules = many(100_000))),
        ("chain", Box::new(|e| e.exception.values = chain(100_000))),
        ("release", Box::new(move |e| e.release = Some(long()))),
        ("platform", Box::new(move |e| e.platform = long())),
        (
            "message",
            Box::new(move |e| {
                e.logentry = Some(LogEntry { message: Some(long()), params: json!([long()]), formatted: Some(long()) })
            }),
        ),
        ("tag key", Box::new(move |e| drop(e.tags.insert(long(), String::new())))),
        ("user", Box::new(move |e| e.user = User::from_value(json!({ "id": long(), long(): long() })))),
        ("fingerprint", Box::new(|e| e.fingerprint = vec!["x".repeat(50); 100_000])),
        ("meta", Box::new(move |e| e.meta = json!({ "extra": { "k": long() } }))),
        ("meta that is no object", Box::new(move |e| e.meta = Value::from(long()))),
        ("our own context", Box::new(move |e| drop(e.contexts.insert("faultwire".to_owned(), Value::from(long()))))),
        (
            "our own counts",
            Box::new(move |e| drop(e.contexts.insert("faultwire".to_owned(), json!({ "shrunk": long(), long(): 1 })))),
        ),
        ("a known context", Box::new(|e| drop(e.contexts.insert("os".to_owned(), json!(vec![1u64 << 60; 300_000]))))),
        ("many extras", Box::new(|e| e.extra = (0..200_000).map(|i| (i.to_string(), json!(i))).collect())),
        ("debug_meta", Box::new(|e| e.debug_meta = json!(vec!["image"; 300_000]))),
        ("headers", Box::new(move |e| e.request = Some(Request { headers: many(100_000), ..Request::default() }))),
        (
            "threads",
            Box::new(|e| {
                e.threads.values = (0..500)
                    .map(|i| Thread { id: Some(json!(i)), stacktrace: Some(frames(300)), ..Thread::default() })
                    .collect()
            }),
        ),
    ];
    for (name, absurd) in cases {
        let mut event = blank();
        event.exception.values = chain(2);
        absurd(&mut event);
        let mut again = event.clone();
        for limit in [MAX_EVENT_BYTES, 50_000, 0] {
            let shrunk = shrink(&mut event, limit);
            let bytes = serde_json::to_vec(&event).unwrap();
            assert_eq!(shrunk.bytes, bytes.len(), "{name}");
            assert!(bytes.len() <= limit.max(MIN_EVENT_BYTES), "{name}: {} at {limit}, {:?}", bytes.len(), shrunk.cut);
            assert!(event.exception.values.last().and_then(|e| e.mechanism.as_ref()).is_some(), "{name}");
            serde_json::from_slice::<Event>(&bytes).unwrap();
        }
        shrink(&mut again, MAX_EVENT_BYTES);
        shrink(&mut again, 50_000);
        shrink(&mut again, 0);
        assert_eq!(event, again, "{name}: the same event loses the same");
    }
}

/// splitmix64 (Steele, Lea, Flood): enough to vary monsters, the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Mostly small, sometimes up to `max`.
    fn count(&mut self, max: usize) -> usize {
        let top = match self.next() % 4 {
            0 => max,
            1 => max / 20,
            _ => max / 200,
        };
        (self.next() as usize) % (top + 1)
    }

    fn text(&mut self, max: usize) -> String {
        let len = self.count(max);
        let alphabet = ['a', ' ', '"', '\n', '\u{7}', 'é', '漢', '🦀'];
        (0..len).map(|_| alphabet[self.next() as usize % alphabet.len()]).collect()
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.next() % if depth == 0 { 4 } else { 6 } {
            0 => Value::Null,
            1 => json!(self.next()),
            2 => json!(self.next().is_multiple_of(2)),
            3 => Value::from(self.text(3000)),
            4 => (0..self.count(60)).map(|_| self.value(depth - 1)).collect(),
            _ => Value::Object(self.map(60, depth - 1)),
        }
    }

    fn map(&mut self, max: usize, depth: usize) -> Map {
        (0..self.count(max)).map(|_| (self.text(300), self.value(depth))).collect()
    }

    fn texts(&mut self, max: usize) -> BTreeMap<String, String> {
        (0..self.count(max)).map(|_| (self.text(300), self.text(3000))).collect()
    }

    fn stack(&mut self) -> Option<Stacktrace> {
        let frame = |r: &mut Random| Frame {
            function: Some(r.text(200)),
            abs_path: Some(r.text(2000)),
            pre_context: vec![r.text(2000)],
            context_line: Some(r.text(2000)),
            vars: r.map(20, 2),
            ..Frame::default()
        };
        (!self.next().is_multiple_of(4))
            .then(|| Stacktrace { frames: (0..self.count(400)).map(|_| frame(self)).collect() })
    }

    fn event(&mut self) -> Event {
        let exception = |r: &mut Random| Exception {
            ty: Some(r.text(300)),
            value: Some(r.text(100_000)),
            mechanism: Some(Mechanism {
                exception_id: Some(r.next() as u32 % 50),
                parent_id: Some(r.next() as u32 % 50),
                data: r.map(10, 2),
                ..Mechanism::default()
            }),
            stacktrace: r.stack(),
            ..Exception::default()
        };
        let crumb =
            |r: &mut Random| Breadcrumb { message: Some(r.text(9000)), data: r.map(10, 2), ..Breadcrumb::default() };
        Event {
            event_id: EventId(u128::from(self.next())),
            timestamp: Timestamp(0),
            platform: self.text(50),
            release: Some(self.text(100_000)),
            logentry: Some(LogEntry { message: Some(self.text(100_000)), params: self.value(3), formatted: None }),
            exception: (0..self.count(200)).map(|_| exception(self)).collect::<Vec<_>>().into(),
            threads: (0..self.count(50))
                .map(|_| Thread { stacktrace: self.stack(), ..Thread::default() })
                .collect::<Vec<_>>()
                .into(),
            breadcrumbs: (0..self.count(400)).map(|_| crumb(self)).collect::<Vec<_>>().into(),
            user: Some(User { other: self.map(20, 2).into_iter().collect(), ..User::default() }),
            request: Some(Request {
                headers: self.texts(300),
                data: self.value(4),
                env: self.texts(300),
                ..Request::default()
            }),
            contexts: self.map(30, 3),
            tags: self.texts(500),
            extra: self.map(100, 3),
            modules: self.texts(2000),
            fingerprint: (0..self.count(500)).map(|_| self.text(300)).collect(),
            debug_meta: self.value(3),
            meta: self.value(3),
            ..Event::default()
        }
    }
}

#[test]
fn generated_monsters_fit_stay_readable_and_keep_their_crash() {
    let mut random = Random(1);
    let mut cut = 0;
    for round in 0..8 {
        let monster = random.event();
        for limit in [MAX_EVENT_BYTES, 100_000, MIN_EVENT_BYTES] {
            let mut event = monster.clone();
            let shrunk = shrink(&mut event, limit);
            let bytes = serde_json::to_vec(&event).unwrap();
            assert_eq!(shrunk.bytes, bytes.len());
            assert!(bytes.len() <= limit, "round {round}: {} of {limit}, {:?}", bytes.len(), shrunk.cut);
            let read: Event = serde_json::from_slice(&bytes).unwrap();
            assert_eq!(read.event_id, monster.event_id);
            assert_eq!(event.exception.is_empty(), monster.exception.is_empty());
            let told = event.contexts.get("faultwire").and_then(|f| f.get("shrunk"));
            assert_eq!(told.is_some(), !shrunk.cut.is_empty());
            cut += shrunk.cut.len();
            // What fits is not cut again.
            let before = event.clone();
            assert_eq!(shrink(&mut event, limit).cut, BTreeMap::new(), "round {round} at {limit}");
            assert_eq!(event, before);
        }
    }
    assert!(cut > 100, "the generator makes monsters: {cut}");
}
