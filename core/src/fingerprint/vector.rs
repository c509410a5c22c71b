//! The shared vectors, run the same way from every language: topic and input in, JSON out.

use serde_json::json;

use super::message::normalize;
use super::{blocked, v1};
use crate::Error;
use crate::protocol::{Event, Value};
use crate::stacktrace::normalize::{file_name, function_name, module_name};

/// The topics of [`vector`]; each has its folder under `tests/vectors/`.
pub const TOPICS: &[&str] = &["message", "function-names", "fingerprint"];

/// What a case of `topic` gives for `input`; a runner compares it with the case's `expected`.
///
/// | topic | input | output |
/// |---|---|---|
/// | `message` | a text | the normalised text |
/// | `function-names` | `{platform, function \| module \| filename}` | `{function \| module \| filename}` |
/// | `fingerprint` | `{events: [event, ...], blocked: [prefix, ...]}` | `{groups: [0, 0, 1, ...]}`: equal numbers for equal hashes |
/// | `fingerprint` | `{event, blocked, additions}` | the record |
///
/// Shared by the runners of all languages, each through its own bridge.
///
/// # Errors
/// [`crate::ErrorKind::InvalidPayload`] naming the topic or the field that does not fit.
pub fn vector(topic: &str, input: &Value) -> Result<Value, Error> {
    match topic {
        "message" => {
            let text = input.as_str().ok_or_else(|| Error::payload("input", "expected a text"))?;
            Ok(json!(normalize(text)))
        }
        "function-names" => names(input),
        "fingerprint" => fingerprint(input),
        _ => Err(Error::payload("topic", format!("unknown topic {topic:?}"))),
    }
}

fn names(input: &Value) -> Result<Value, Error> {
    let platform =
        input.get("platform").and_then(Value::as_str).ok_or_else(|| Error::payload("platform", "expected a text"))?;
    type Normalise = fn(&str, &str) -> String;
    let parts: [(&str, Normalise); 3] = [
        ("function", |platform, name| function_name(platform, name).into_owned()),
        ("module", |platform, name| module_name(platform, name).into_owned()),
        ("filename", |platform, name| file_name(platform, name).into_owned()),
    ];
    for (part, normalise) in parts {
        if let Some(name) = input.get(part) {
            let name = name.as_str().ok_or_else(|| Error::payload(part, "expected a text"))?;
            return Ok(json!({ part: normalise(platform, name) }));
        }
    }
    Err(Error::payload("input", "expected function, module or filename"))
}

fn fingerprint(input: &Value) -> Result<Value, Error> {
    let blocked = texts(input, "blocked")?;
    let blocks = blocked::below(&blocked);
    if let Some(event) = input.get("event") {
        let event = Event::from_value(event.clone())?;
        let record = v1::explain(&event, &blocks, &texts(input, "additions")?);
        return serde_json::to_value(record).map_err(|e| Error::payload("record", e.to_string()));
    }
    let events =
        input.get("events").and_then(Value::as_array).ok_or_else(|| Error::payload("events", "expected a list"))?;
    let mut hashes = Vec::new();
    let mut groups = Vec::new();
    for event in events {
        let hash = v1::compute(&Event::from_value(event.clone())?, &blocks).hash;
        groups.push(hashes.iter().position(|h| *h == hash).unwrap_or_else(|| {
            hashes.push(hash);
            hashes.len() - 1
        }));
    }
    Ok(json!({ "groups": groups }))
}

fn texts(input: &Value, field: &str) -> Result<Vec<String>, Error> {
    let Some(list) = input.get(field) else { return Ok(Vec::new()) };
    serde_json::from_value(list.clone()).map_err(|e| Error::payload(field, e.to_string()))
}
