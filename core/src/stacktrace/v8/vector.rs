//! Runs the vectors of `tests/vectors/v8-stack`; shared by the runners of all languages.

use serde::Deserialize;
use serde_json::json;

use super::{place_hash, places};
use crate::Error;
use crate::protocol::Value;
use crate::stacktrace::{Rules, complete, parse};

/// A stack text, and the message of its error.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    stack: String,
    #[serde(default)]
    message: String,
    root: Option<String>,
}

/// Runs one case of `tests/vectors/v8-stack`.
///
/// - `{stack, message?, root?}` gives `{frames}`, caller to callee, each with what its path says;
/// - `{stacks: [{stack, message?}, ...]}` gives `{groups}`: equal numbers for stacks that fold into one
///   another, counted from 0 by first appearance, null for one that never folds.
///
/// # Errors
/// [`crate::ErrorKind::InvalidPayload`] when the input is neither.
pub fn vector(input: &Value) -> Result<Value, Error> {
    let read = |input: &Value| Text::deserialize(input).map_err(|e| Error::payload("vector", e.to_string()));
    if let Some(stacks) = input.get("stacks").and_then(Value::as_array) {
        let mut hashes = Vec::new();
        let mut groups = Vec::new();
        for stack in stacks {
            let Text { stack, message, .. } = read(stack)?;
            let hash = place_hash(places(&stack, &message));
            groups.push((hash != 0).then(|| {
                hashes.iter().position(|known| *known == hash).unwrap_or_else(|| {
                    hashes.push(hash);
                    hashes.len() - 1
                })
            }));
        }
        return Ok(json!({ "groups": groups }));
    }
    let Text { stack, message, root } = read(input)?;
    let rules = Rules { root, ..Rules::default() };
    let mut frames = parse("node", &stack, &message);
    frames.iter_mut().for_each(|frame| complete("node", frame, &rules));
    Ok(json!({ "frames": frames }))
}
