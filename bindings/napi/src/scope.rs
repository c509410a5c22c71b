//! Scope cells, and the layers that a call says of itself.

use std::sync::{Arc, LazyLock};

use faultwire::protocol::{Breadcrumb, Level, Map, Request, Timestamp, User, Value};
use faultwire::scope::{Layer, Layers, Scope, Trace};
use napi_derive::napi;
use serde_json::json;

use crate::client;
use crate::guard::guard;

/// The layer under all others, of the whole process.
static EVERYWHERE: LazyLock<Arc<faultwire::scope::ScopeCell>> = LazyLock::new(|| {
    let cell = Arc::<faultwire::scope::ScopeCell>::default();
    cell.set_layer(Layer::Global);
    cell
});

/// A place that holds a current, immutable scope snapshot; a change swaps the snapshot. Structures come
/// in as JSON, bounded by the package.
#[napi]
pub struct ScopeCell {
    cell: Arc<faultwire::scope::ScopeCell>,
}

fn level_of(level: Option<&str>) -> Option<Level> {
    level.and_then(|l| l.parse().ok())
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}

fn json_map(text: &str) -> Option<Map> {
    match parsed(text) {
        Value::Object(map) => Some(map),
        _ => None,
    }
}

/// A text, or how a value is written.
fn text_of(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

#[napi]
impl ScopeCell {
    /// A cell that starts from what `parent` holds now, or empty.
    #[napi(constructor)]
    pub fn new(parent: Option<&ScopeCell>) -> Self {
        let cell = guard("ScopeCell", None, || parent.map(|p| p.cell.fork()));
        ScopeCell { cell: Arc::new(cell.unwrap_or_default()) }
    }

    #[napi]
    pub fn set_tag(&self, key: String, value: String) {
        guard("setTag", (), || self.cell.update(|s| s.set_tag(key, value)));
    }

    #[napi]
    pub fn remove_tag(&self, key: String) {
        guard("removeTag", (), || self.cell.update(|s| s.remove_tag(&key)));
    }

    #[napi]
    pub fn set_user(&self, user: Option<String>) {
        guard("setUser", (), || {
            let user = user.and_then(|u| User::from_value(parsed(&u)));
            self.cell.update(|s| s.set_user(user));
        });
    }

    #[napi]
    pub fn set_session(&self, session_id: Option<String>) {
        guard("setSession", (), || self.cell.update(|s| s.set_session(session_id.as_deref())));
    }

    #[napi]
    pub fn set_context(&self, key: String, value: Option<String>) {
        guard("setContext", (), || {
            let value = value.and_then(|v| json_map(&v)).map_or(Value::Null, Value::Object);
            self.cell.update(|s| s.set_context(key, value));
        });
    }

    #[napi]
    pub fn set_extra(&self, key: String, value: String) {
        guard("setExtra", (), || {
            let value = parsed(&value);
            self.cell.update(|s| s.set_extra(key, value));
        });
    }

    #[napi]
    pub fn set_level(&self, level: Option<String>) {
        guard("setLevel", (), || self.cell.update(|s| s.set_level(level_of(level.as_deref()))));
    }

    #[napi]
    pub fn set_transaction(&self, name: Option<String>) {
        guard("setTransaction", (), || self.cell.update(|s| s.set_transaction(name.as_deref())));
    }

    #[napi]
    pub fn set_fingerprint(&self, fingerprint: Option<Vec<String>>) {
        guard("setFingerprint", (), || self.cell.update(|s| s.set_fingerprint(fingerprint)));
    }

    /// Takes a W3C `traceparent` or a `sentry-trace` header; false when it fits neither.
    #[napi]
    pub fn continue_trace(&self, header: String) -> bool {
        guard("continueTrace", false, || {
            let trace = Trace::from_header(&header);
            let fits = trace.is_some();
            if fits {
                self.cell.update(|s| s.set_trace(trace));
            }
            fits
        })
    }

    /// `data` is a JSON object, `timestamp` Unix seconds.
    #[napi]
    pub fn add_breadcrumb(
        &self,
        message: Option<String>,
        category: Option<String>,
        level: Option<String>,
        kind: Option<String>,
        data: Option<String>,
        timestamp: Option<f64>,
    ) {
        guard("addBreadcrumb", (), || {
            let Some(state) = client::enabled() else { return };
            let crumb = Breadcrumb {
                timestamp: Some(timestamp.and_then(Timestamp::from_secs).unwrap_or_else(Timestamp::now)),
                ty: kind,
                category,
                level: level_of(level.as_deref()),
                message,
                data: data.and_then(|d| json_map(&d)).unwrap_or_default(),
            };
            self.cell.update(|s| s.add_breadcrumb(crumb, state.client.options().max_breadcrumbs));
        });
    }

    #[napi]
    pub fn clear_breadcrumbs(&self) {
        guard("clearBreadcrumbs", (), || self.cell.update(Scope::clear_breadcrumbs));
    }

    #[napi]
    pub fn clear(&self) {
        guard("clear", (), || self.cell.update(Scope::clear));
    }
}

/// The cell under all others. The same in every environment of the process.
#[napi]
pub fn global_cell() -> ScopeCell {
    let cell = guard("globalCell", Arc::default(), || Arc::clone(&EVERYWHERE));
    ScopeCell { cell }
}

/// The trace that goes on with a W3C `traceparent` or a `sentry-trace` header, as the JSON of a [`layer`]'s
/// `trace`; nothing when it fits neither. Each call makes a span of its own, which all events of a request share.
#[napi]
pub fn trace_of(header: String) -> Option<String> {
    guard("traceOf", None, || {
        let Trace { trace_id, span_id, parent_span_id } = Trace::from_header(&header)?;
        Some(json!({"trace_id": trace_id, "span_id": span_id, "parent_span_id": parent_span_id}).to_string())
    })
}

/// Snapshots for a capture: `call` and `surroundings` are JSON objects of [`layer`].
pub(crate) fn layers(
    isolation: &ScopeCell,
    current: Option<&ScopeCell>,
    call: Option<&str>,
    surroundings: Option<&str>,
) -> Layers {
    Layers {
        fallback: surroundings.and_then(layer),
        global: EVERYWHERE.snapshot(),
        isolation: isolation.cell.snapshot(),
        current: current.and_then(|c| c.cell.snapshot()),
        call: call.and_then(layer),
    }
}

/// A layer from `{level, transaction, tags, extra, contexts, user, fingerprint, request, trace}`, each of
/// them optional, `trace` of `{trace_id, span_id, parent_span_id}`; `None` when it says nothing.
fn layer(text: &str) -> Option<Box<Scope>> {
    let mut said = json_map(text)?;
    let mut take = |name: &str| said.remove(name).filter(|v| !v.is_null());
    let mut scope = Scope::default();
    scope.set_level(take("level").and_then(|l| level_of(l.as_str())));
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
    (!scope.is_empty()).then(|| Box::new(scope))
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
