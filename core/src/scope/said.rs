//! A layer of scope that a call brings along, as the bridges hand it over: JSON in a text.

use super::{Scope, Trace};
use crate::protocol::{Map, Request, User, Value};

impl Scope {
    /// A layer from a JSON object of `{level, transaction, tags, extra, contexts, user, fingerprint, request, trace}`,
    /// each of them optional, `trace` of `{trace_id, span_id, parent_span_id}`. `None` when it says nothing.
    pub fn from_json(text: &str) -> Option<Scope> {
        let mut said = object(serde_json::from_str(text).ok()?)?;
        let mut take = |name: &str| said.remove(name).filter(|v| !v.is_null());
        let mut scope = Scope::default();
        scope.set_level(take("level").and_then(|l| l.as_str()?.parse().ok()));
        scope.set_transaction(take("transaction").and_then(|t| t.as_str().map(str::to_owned)).as_deref());
        for (key, value) in take("tags").and_then(object).unwrap_or_default() {
            scope.set_tag(key, text_of(value));
        }
        for (key, value) in take("extra").and_then(object).unwrap_or_default() {
            scope.set_extra(key, value);
        }
        for (key, value) in take("contexts").and_then(object).unwrap_or_default() {
            scope.set_context(key, value);
        }
        scope.set_user(take("user").and_then(User::from_value));
        scope.set_fingerprint(take("fingerprint").map(|parts| match parts {
            Value::Array(list) => list.into_iter().map(text_of).collect(),
            other => vec![text_of(other)],
        }));
        scope.set_request(take("request").and_then(|r| serde_json::from_value::<Request>(r).ok()));
        scope.set_trace(take("trace").and_then(|t| trace(&t)));
        (!scope.is_empty()).then_some(scope)
    }
}

/// A text, or how a value is written.
fn text_of(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn object(value: Value) -> Option<Map> {
    match value {
        Value::Object(map) => Some(map),
        _ => None,
    }
}

fn trace(said: &Value) -> Option<Trace> {
    let text = |name: &str| said.get(name)?.as_str().map(str::to_owned);
    Some(Trace { trace_id: text("trace_id")?, span_id: text("span_id")?, parent_span_id: text("parent_span_id") })
}
