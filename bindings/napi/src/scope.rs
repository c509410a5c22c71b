//! Scope cells, and the layers that a call says of itself.

use std::sync::{Arc, LazyLock};

use faultwire::protocol::{Breadcrumb, Level, Map, Timestamp, User, Value};
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

/// The trace that goes on with a W3C `traceparent` or a `sentry-trace` header, as the JSON of the `trace` of
/// [`Scope::from_json`]; nothing when it fits neither. Each call makes a span of its own, which all events of a request share.
#[napi]
pub fn trace_of(header: String) -> Option<String> {
    guard("traceOf", None, || {
        let Trace { trace_id, span_id, parent_span_id } = Trace::from_header(&header)?;
        Some(json!({"trace_id": trace_id, "span_id": span_id, "parent_span_id": parent_span_id}).to_string())
    })
}

/// What the scopes say of the place that a capture folds by: its level, an empty text if none. Nothing where they group
/// the event themselves, which then never folds.
#[napi]
pub fn said_place(isolation: &ScopeCell, current: Option<&ScopeCell>) -> Option<String> {
    guard("saidPlace", None, || {
        let layers = layers(isolation, current, None, None);
        layers.fingerprint().is_none().then(|| layers.level().map_or("", Level::as_str).to_owned())
    })
}

/// What a sampler is told of a capture beside its type, as its event would say it.
#[napi(object)]
pub struct Asked {
    pub level: String,
    pub transaction: Option<String>,
}

/// See [`Asked`]; `level` is the usual one of such a capture.
#[napi]
pub fn asked(
    isolation: &ScopeCell,
    current: Option<&ScopeCell>,
    call: Option<String>,
    surroundings: Option<String>,
    level: String,
) -> Asked {
    let nothing = Asked { level: level.clone(), transaction: None };
    guard("asked", nothing, || {
        let layers = layers(isolation, current, call.as_deref(), surroundings.as_deref());
        let said = layers.level().map_or(level, |level| level.as_str().to_owned());
        Asked { level: said, transaction: layers.transaction().map(str::to_owned) }
    })
}

/// Snapshots for a capture: `call` and `surroundings` are JSON objects of [`Scope::from_json`].
pub(crate) fn layers(
    isolation: &ScopeCell,
    current: Option<&ScopeCell>,
    call: Option<&str>,
    surroundings: Option<&str>,
) -> Layers {
    Layers {
        fallback: surroundings.and_then(Scope::from_json).map(Box::new),
        global: EVERYWHERE.snapshot(),
        isolation: isolation.cell.snapshot(),
        current: current.and_then(|c| c.cell.snapshot()),
        call: call.and_then(Scope::from_json).map(Box::new),
    }
}
