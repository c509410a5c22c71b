//! Scope cells, and the layers that a call says of itself.

use std::sync::{Arc, LazyLock};

use faultwire::protocol::{Breadcrumb, Level, Timestamp, User, Value};
use faultwire::scope::{Layer, Layers, Scope, ScopeCell as Cell, Trace};

use crate::client;
use crate::guard::guard;
use crate::raw::map;

/// The layer under all others, of the whole process.
static EVERYWHERE: LazyLock<Arc<Cell>> = LazyLock::new(|| {
    let cell = Arc::<Cell>::default();
    cell.set_layer(Layer::Global);
    cell
});

/// A place that holds a current, immutable scope snapshot; a change swaps the snapshot. Structures come
/// in as JSON, bounded by the package.
#[derive(Debug, uniffi::Object)]
pub struct ScopeCell {
    cell: Arc<Cell>,
}

/// A part of a scope that is one value. Absent, it is forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Part {
    /// `debug`, `info`, `warning`, `error` or `fatal`.
    Level,
    Transaction,
    Session,
    /// A JSON object, or a text that is the id.
    User,
    /// A JSON list of texts.
    Fingerprint,
    /// A JSON object by the protocol's names.
    Request,
}

impl Part {
    pub(crate) const ALL: [Part; 6] =
        [Part::Level, Part::Transaction, Part::Session, Part::User, Part::Fingerprint, Part::Request];
}

pub(crate) fn level_of(level: Option<&str>) -> Option<Level> {
    level.and_then(|l| l.parse().ok())
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}

#[uniffi::export]
impl ScopeCell {
    /// A cell that starts from what `parent` holds now, or empty. `current`: a layer within a request, not a request's.
    #[uniffi::constructor]
    pub fn new(parent: Option<Arc<ScopeCell>>, current: bool) -> Arc<Self> {
        guard("scope_new", None, || Some(Arc::new(ScopeCell::within(parent.as_deref(), current))))
            .unwrap_or_else(|| Arc::new(ScopeCell { cell: Arc::default() }))
    }

    /// Sets a tag; nothing forgets it.
    pub fn set_tag(&self, key: String, value: Option<String>) {
        guard("scope_set_tag", (), || {
            self.cell.update(|s| match value {
                Some(value) => s.set_tag(key, value),
                None => s.remove_tag(&key),
            });
        });
    }

    /// Sets a named JSON object; nothing forgets it.
    pub fn set_context(&self, key: String, value: Option<String>) {
        guard("scope_set_context", (), || {
            let value = value.and_then(|v| map(&v)).map_or(Value::Null, Value::Object);
            self.cell.update(|s| s.set_context(key, value));
        });
    }

    /// Sets free detail, in JSON.
    pub fn set_extra(&self, key: String, value: String) {
        guard("scope_set_extra", (), || {
            let value = parsed(&value);
            self.cell.update(|s| s.set_extra(key, value));
        });
    }

    /// Sets or forgets what a scope has one of. What does not parse says nothing.
    pub fn set_part(&self, part: Part, value: Option<String>) {
        guard("scope_set_part", (), || {
            let json = |text: &String| parsed(text);
            match part {
                Part::Level => {
                    let level = level_of(value.as_deref());
                    self.cell.update(|s| s.set_level(level));
                }
                Part::Transaction => self.cell.update(|s| s.set_transaction(value.as_deref())),
                Part::Session => self.cell.update(|s| s.set_session(value.as_deref())),
                Part::User => {
                    let user = value.as_ref().map(json).and_then(User::from_value);
                    self.cell.update(|s| s.set_user(user));
                }
                Part::Fingerprint => {
                    let parts = value.as_ref().map(json).and_then(|v| serde_json::from_value(v).ok());
                    self.cell.update(|s| s.set_fingerprint(parts));
                }
                Part::Request => {
                    let request = value.as_ref().map(json).and_then(|v| serde_json::from_value(v).ok());
                    self.cell.update(|s| s.set_request(request));
                }
            }
        });
    }

    /// Takes a W3C `traceparent` or a `sentry-trace` header; false when it fits neither.
    pub fn continue_trace(&self, header: String) -> bool {
        guard("scope_continue_trace", false, || {
            let trace = Trace::from_header(&header);
            let fits = trace.is_some();
            if fits {
                self.cell.update(|s| s.set_trace(trace));
            }
            fits
        })
    }

    /// `data` is a JSON object, `timestamp` Unix seconds.
    pub fn add_breadcrumb(
        &self,
        message: Option<String>,
        category: Option<String>,
        level: Option<String>,
        kind: Option<String>,
        data: Option<String>,
        timestamp: Option<f64>,
    ) {
        guard("scope_add_breadcrumb", (), || {
            let Some(state) = client::enabled() else { return };
            let crumb = Breadcrumb {
                timestamp: Some(timestamp.and_then(Timestamp::from_secs).unwrap_or_else(Timestamp::now)),
                ty: kind,
                category,
                level: level_of(level.as_deref()),
                message,
                data: data.and_then(|d| map(&d)).unwrap_or_default(),
            };
            if let Some(crumb) = state.client.filter_breadcrumb(crumb) {
                self.cell.update(|s| s.add_breadcrumb(crumb, state.client.options().max_breadcrumbs));
            }
        });
    }

    pub fn clear_breadcrumbs(&self) {
        guard("scope_clear_breadcrumbs", (), || self.cell.update(Scope::clear_breadcrumbs));
    }

    pub fn clear(&self) {
        guard("scope_clear", (), || self.cell.update(Scope::clear));
    }
}

impl ScopeCell {
    /// See [`ScopeCell::new`].
    pub(crate) fn within(parent: Option<&ScopeCell>, current: bool) -> ScopeCell {
        let cell = parent.map(|p| p.cell.fork()).unwrap_or_default();
        if current {
            cell.set_layer(Layer::Current);
        }
        ScopeCell { cell: Arc::new(cell) }
    }
}

/// The cell under all others.
#[uniffi::export]
pub fn global_cell() -> Arc<ScopeCell> {
    let cell = guard("global_cell", Arc::default(), || Arc::clone(&EVERYWHERE));
    Arc::new(ScopeCell { cell })
}

/// Snapshots for a capture; `call` is a JSON object of [`Scope::from_json`].
pub(crate) fn layers(isolation: Option<&ScopeCell>, current: Option<&ScopeCell>, call: Option<&str>) -> Layers {
    let snapshot = |cell: Option<&ScopeCell>| cell.and_then(|c| c.cell.snapshot());
    Layers {
        fallback: None,
        global: EVERYWHERE.snapshot(),
        isolation: snapshot(isolation),
        current: snapshot(current),
        call: call.and_then(Scope::from_json).map(Box::new),
    }
}
