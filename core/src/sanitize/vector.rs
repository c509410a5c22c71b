//! The door through which every language runs the shared vectors: a kind, an input, options, and
//! out comes what the sanitizer made of it. Not for applications.

use super::patterns::PATTERNS;
use super::rules::KEY_RULES;
use super::{Config, Sanitizer};
use crate::Error;
use crate::protocol::{Event, Value};

/// Runs one vector. Kinds: `text`, `code`, `url`, `query`, `cookies` (text to text), `key` (text to
/// the rule's name or null), `header` (`[name, value]` to text), `value` (`{key?, value}` to value),
/// `body` (value to value), `event` (event to event; members that are random or absent in the input
/// stay as the protocol writes them).
///
/// Options: `send_default_pii`, `sanitize_keys`, `sanitize_patterns` (`[[kind, regex], ...]`),
/// `max_value_length`.
///
/// # Errors
/// [`crate::ErrorKind::InvalidPayload`] for a kind or input of the wrong form, otherwise what
/// [`Sanitizer::new`] says of the options.
pub fn vector(kind: &str, input: &Value, options: &Value) -> Result<Value, Error> {
    let sanitizer = Sanitizer::new(config(options)?)?;
    let text = || input.as_str().ok_or_else(|| Error::payload("input", "expected a text"));
    Ok(match kind {
        "text" => Value::from(sanitizer.text(text()?)),
        "code" => Value::from(sanitizer.code(text()?)),
        "url" => Value::from(sanitizer.url(text()?)),
        "query" => Value::from(sanitizer.query(text()?)),
        "cookies" => Value::from(sanitizer.cookies(text()?)),
        "key" => sanitizer.key_rule(text()?).map_or(Value::Null, Value::from),
        "header" => {
            let part = |i: usize| {
                input.get(i).and_then(Value::as_str).ok_or_else(|| Error::payload("input", "expected [name, value]"))
            };
            Value::from(sanitizer.header(part(0)?, part(1)?))
        }
        "value" => {
            let mut value = input.get("value").cloned().unwrap_or_default();
            sanitizer.value(input.get("key").and_then(Value::as_str), &mut value);
            value
        }
        "body" => {
            let mut value = input.clone();
            sanitizer.body(&mut value);
            value
        }
        "event" => {
            let mut event = Event::from_value(input.clone())?;
            sanitizer.event(&mut event);
            serde_json::to_value(&event).map_err(|error| Error::payload("event", error.to_string()))?
        }
        _ => return Err(Error::payload("kind", format!("{kind:?} is no kind of sanitize vector"))),
    })
}

/// Every row of both tables: its name and where the rule comes from. For the test that each name
/// has a vector, and for documentation.
pub fn rules() -> Vec<(&'static str, &'static str)> {
    let keys = KEY_RULES.iter().map(|rule| (rule.name, rule.why));
    keys.chain(PATTERNS.iter().map(|pattern| (pattern.name, pattern.source))).collect()
}

fn config(options: &Value) -> Result<Config, Error> {
    let mut config = Config::default();
    let Value::Object(options) = options else {
        return if options.is_null() { Ok(config) } else { Err(Error::payload("options", "expected an object")) };
    };
    for (name, value) in options {
        let wrong = |expected: &str| Error::option(name.as_str(), format!("expected {expected}"));
        match name.as_str() {
            "send_default_pii" => config.send_default_pii = value.as_bool().ok_or_else(|| wrong("a boolean"))?,
            "max_value_length" => {
                let number = value.as_u64().and_then(|n| usize::try_from(n).ok());
                config.max_value_length = number.ok_or_else(|| wrong("a number"))?;
            }
            "sanitize_keys" => {
                let list = value.as_array().ok_or_else(|| wrong("a list of texts"))?;
                config.extra_keys = list.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            }
            "sanitize_patterns" => {
                let list = value.as_array().ok_or_else(|| wrong("a list of [kind, regex]"))?;
                for pair in list {
                    let part = |i: usize| pair.get(i).and_then(Value::as_str).map(str::to_owned);
                    let pair = part(0).zip(part(1)).ok_or_else(|| wrong("a list of [kind, regex]"))?;
                    config.extra_patterns.push(pair);
                }
            }
            _ => return Err(Error::option(name.as_str(), "unknown option of sanitize vectors")),
        }
    }
    Ok(config)
}
