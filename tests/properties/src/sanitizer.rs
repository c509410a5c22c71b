//! The sanitizer: twice is once, and time grows with the text and no faster.

use faultwire::protocol::Value;
use faultwire::sanitize::{Config, Sanitizer};

use crate::fields;
use crate::time::{BOUND, FACTOR, SMALL, ratio};

/// The ordinary one, one that lets personal data through, and one that cuts early.
fn sanitizers() -> [Sanitizer; 3] {
    let make = |config| Sanitizer::new(config).expect("the options are valid");
    [
        Sanitizer::default(),
        make(Config { send_default_pii: true, ..Config::default() }),
        make(Config { max_value_length: 40, ..Config::default() }),
    ]
}

/// Input: an event as JSON, or lines for its fields ([`fields`]).
pub fn whole_event(input: &[u8]) {
    let Some(event) = crate::text(input).and_then(fields::event) else { return };
    for sanitizer in sanitizers() {
        let mut once = event.clone();
        sanitizer.event(&mut once);
        let mut twice = once.clone();
        sanitizer.event(&mut twice);
        if once != twice {
            let show = |event| serde_json::to_value(event).unwrap_or_default();
            let (place, before, after) = differs("", &show(&once), &show(&twice)).unwrap_or_default();
            panic!("{place}: {before} became {after}");
        }
    }
}

/// Where two values differ first.
fn differs(path: &str, a: &Value, b: &Value) -> Option<(String, Value, Value)> {
    match (a, b) {
        (Value::Object(x), Value::Object(y)) if x.keys().eq(y.keys()) => {
            x.iter().find_map(|(key, value)| differs(&format!("{path}.{key}"), value, y.get(key)?))
        }
        (Value::Array(x), Value::Array(y)) if x.len() == y.len() => {
            x.iter().zip(y).enumerate().find_map(|(i, (x, y))| differs(&format!("{path}.{i}"), x, y))
        }
        _ => (a != b).then(|| (path.to_owned(), a.clone(), b.clone())),
    }
}

/// The doors for a single text.
type Door = fn(&Sanitizer, &str) -> String;

const DOORS: &[(&str, Door)] = &[
    ("text", |s, text| s.text(text).into_owned()),
    ("code", |s, text| s.code(text).into_owned()),
    ("url", |s, text| s.url(text).into_owned()),
    ("query", |s, text| s.query(text).into_owned()),
    ("cookies", |s, text| s.cookies(text).into_owned()),
    ("header", |s, text| s.header("Referer", text).into_owned()),
];

/// Input: a text.
pub fn single_text(input: &[u8]) {
    let Some(text) = crate::text(input) else { return };
    for sanitizer in sanitizers() {
        for (name, door) in DOORS {
            let once = door(&sanitizer, text);
            let twice = door(&sanitizer, &once);
            assert_eq!(twice, once, "{name} of {text:?}");
        }
        for name in ["value", "body"] {
            let run = |value: &mut Value| match name {
                "body" => sanitizer.body(value),
                _ => sanitizer.value(None, value),
            };
            let mut once = Value::from(text);
            run(&mut once);
            let mut twice = once.clone();
            run(&mut twice);
            assert_eq!(twice, once, "{name} of {text:?}");
        }
    }
}

/// Input: what is repeated, after what stands before it and a TAB, if there is one.
pub fn linear(input: &[u8]) {
    let Some(text) = crate::text(input) else { return };
    let (head, unit) = text.split_once('\t').unwrap_or(("", text));
    if unit.is_empty() || text.len() > 64 {
        return;
    }
    let sanitizer = Sanitizer::default();
    let long = |bytes: usize| format!("{head}{} x", unit.repeat(bytes / unit.len()));
    let (small, large) = (long(SMALL), long(SMALL * FACTOR));
    for (name, door) in DOORS {
        let ratio = ratio(&|| drop(door(&sanitizer, &small)), &|| drop(door(&sanitizer, &large)));
        assert!(ratio < BOUND, "{name}: {unit:?} behind {head:?} took {ratio:.1} times as long");
    }
}
