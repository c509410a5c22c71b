//! Core's errors as answers: the package makes the exceptions, so that they are classes of its own.

use faultwire::protocol::Value;
use faultwire::{Error, ErrorKind};
use serde_json::json;

/// The answer of an export that can fail, as JSON: `{"ok": ...}` or `{"error": {kind, field, message}}`.
pub(crate) fn answer(outcome: Result<Value, Error>) -> String {
    match outcome {
        Ok(value) => json!({ "ok": value }),
        Err(error) => json!({
            "error": { "kind": error.kind.as_str(), "field": error.field, "message": error.message },
        }),
    }
    .to_string()
}

/// The answer for a bug that was caught.
pub(crate) fn internal() -> String {
    answer(Err(Error::new(ErrorKind::Internal, "", "internal error, please report it")))
}
