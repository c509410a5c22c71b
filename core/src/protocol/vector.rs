//! Runs the vectors of the protocol's own topics; shared by the runners of all languages.

use serde_json::json;

use super::{Dsn, Envelope, Item, Value};
use crate::{Error, base64};

/// Runs one case of `tests/vectors/dsn` or `tests/vectors/envelope`.
///
/// - `dsn`: `{dsn, client?}` gives `{public_key, project_id, host, tls, envelope_url, auth_header, shown}`.
/// - `envelope`: `{text}` or `{base64}` gives `{header, items: [{header, text | base64}], rewritten}`,
///   where `rewritten` is the envelope as this library writes it, as text or base64 too.
///
/// What the input is refused for gives `{error: {kind, field, message}}`.
///
/// # Errors
/// [`crate::ErrorKind::InvalidPayload`] when the topic or the form of the input is unknown.
pub fn vector(topic: &str, input: &Value) -> Result<Value, Error> {
    let text = |key: &str| input.get(key).and_then(Value::as_str);
    let unknown = |what: &str| Error::payload("vector", what);
    let outcome = match topic {
        "dsn" => dsn(text("dsn").ok_or_else(|| unknown("expected `dsn`"))?, text("client").unwrap_or("faultwire/0")),
        "envelope" => {
            let plain = text("text").map(|t| t.as_bytes().to_vec());
            let bytes = plain.or_else(|| text("base64").and_then(|text| base64::decode(text.as_bytes())));
            envelope(&bytes.ok_or_else(|| unknown("expected `text` or `base64`"))?)
        }
        _ => return Err(unknown("expected the topic dsn or envelope")),
    };
    Ok(outcome.unwrap_or_else(|error| error_vector(&error)))
}

/// An error as vectors write it.
pub(crate) fn error_vector(error: &Error) -> Value {
    json!({ "error": { "kind": error.kind.as_str(), "field": error.field, "message": error.message } })
}

fn dsn(text: &str, client: &str) -> Result<Value, Error> {
    let dsn: Dsn = text.parse()?;
    Ok(json!({
        "public_key": dsn.public_key(),
        "project_id": dsn.project_id(),
        "host": dsn.host(),
        "tls": dsn.is_tls(),
        "envelope_url": dsn.envelope_url(),
        "auth_header": dsn.auth_header(client),
        "shown": dsn.to_string(),
    }))
}

fn envelope(bytes: &[u8]) -> Result<Value, Error> {
    let envelope = Envelope::parse(bytes)?;
    let item = |item: &Item| {
        let (key, value) = bytes_as_json(&item.payload);
        json!({ "header": item.header, key: value })
    };
    let (_, rewritten) = bytes_as_json(&envelope.to_bytes());
    Ok(json!({
        "header": envelope.header,
        "items": envelope.items.iter().map(item).collect::<Vec<_>>(),
        "rewritten": rewritten,
    }))
}

/// Text where it is UTF-8, base64 elsewhere.
fn bytes_as_json(bytes: &[u8]) -> (&'static str, String) {
    match std::str::from_utf8(bytes) {
        Ok(text) => ("text", text.to_owned()),
        Err(_) => ("base64", base64::encode(bytes)),
    }
}
