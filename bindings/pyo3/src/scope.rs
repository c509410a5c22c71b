//! Scope cells: core's, and what only Python can hold beside them.

use faultwire::protocol::{Breadcrumb, EventId, Level, Timestamp, User, Value};
use faultwire::scope::{Layer, Layers, Scope, ScopeCell, Trace};
use pyo3::prelude::*;

use crate::client;
use crate::extract::json;
use crate::extract::values::{Limits, simple};
use crate::gil::GilCell;
use crate::guard::guard;

/// Characters of a tag or name before core cuts it, look-ahead included.
const TEXT: usize = 4096 + 256;

/// A place that holds a current, immutable scope snapshot; a change swaps the snapshot.
#[pyclass(frozen, name = "ScopeCell", module = "faultwire._native")]
pub(crate) struct PyScopeCell {
    cell: ScopeCell,
    #[pyo3(get)]
    shared: bool,
    beside: GilCell<Beside>,
}

/// Objects that stay with the cell, on threads that hold the GIL.
#[derive(Default)]
struct Beside {
    request_source: Option<Py<PyAny>>,
    last_event_id: Option<EventId>,
}

/// A short text of any value: texts as they are, others as they would be shown.
pub(crate) fn text_of(value: &Bound<'_, PyAny>) -> String {
    let limits = Limits { depth: 1, breadth: 8, text: TEXT, run_repr: false };
    // SAFETY: the value is held by its `Bound`.
    unsafe { simple(value.py(), value.as_ptr(), limits) }
}

fn level_of(level: Option<&str>) -> Option<Level> {
    level.and_then(|l| l.parse().ok())
}

#[pymethods]
impl PyScopeCell {
    #[new]
    #[pyo3(signature = (parent=None, *, shared=true, current=false))]
    fn new(py: Python<'_>, parent: Option<&Bound<'_, PyScopeCell>>, shared: bool, current: bool) -> Self {
        // `with new_scope():` is the application's own line: a cell there must be, if need be an empty one.
        let (cell, beside) = guard("ScopeCell", None, || {
            let parent = parent?.get();
            Some((parent.cell.fork(), Beside { request_source: parent.source(py), last_event_id: None }))
        })
        .unwrap_or_default();
        if current {
            cell.set_layer(Layer::Current);
        }
        PyScopeCell { cell, shared, beside: GilCell::new(beside) }
    }

    #[getter]
    fn request_source(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        guard("request_source", None, || self.source(py))
    }

    #[setter]
    fn set_request_source(&self, py: Python<'_>, source: Option<Py<PyAny>>) {
        guard("set_request_source", (), || {
            if let Some(mut beside) = self.beside.borrow(py) {
                let old = std::mem::replace(&mut beside.request_source, source);
                drop(beside);
                drop(old);
            }
        })
    }

    #[getter]
    fn last_event_id(&self, py: Python<'_>) -> Option<String> {
        guard("last_event_id", None, || self.beside.borrow(py)?.last_event_id.map(|id| id.to_string()))
    }

    fn set_tag(&self, key: &str, value: &Bound<'_, PyAny>) {
        guard("set_tag", (), || {
            let value = text_of(value);
            self.cell.update(|s| s.set_tag(key, value));
        })
    }

    fn remove_tag(&self, key: &str) {
        guard("remove_tag", (), || {
            self.cell.update(|s| s.remove_tag(key));
        })
    }

    fn set_user(&self, user: Option<&Bound<'_, PyAny>>) {
        guard("set_user", (), || {
            let user = user.and_then(user_of);
            self.cell.update(|s| s.set_user(user));
        })
    }

    fn set_session(&self, session_id: Option<&str>) {
        guard("set_session", (), || {
            self.cell.update(|s| s.set_session(session_id));
        })
    }

    fn set_context(&self, key: &str, value: Option<&Bound<'_, PyAny>>) {
        guard("set_context", (), || {
            let value = value.and_then(json::scoped_map).map_or(Value::Null, Value::Object);
            self.cell.update(|s| s.set_context(key, value));
        })
    }

    fn set_extra(&self, key: &str, value: &Bound<'_, PyAny>) {
        guard("set_extra", (), || {
            let value = json::scoped(value);
            self.cell.update(|s| s.set_extra(key, value));
        })
    }

    fn set_level(&self, level: Option<&str>) {
        guard("set_level", (), || {
            self.cell.update(|s| s.set_level(level_of(level)));
        })
    }

    fn set_transaction(&self, name: Option<&str>) {
        guard("set_transaction", (), || {
            self.cell.update(|s| s.set_transaction(name));
        })
    }

    fn set_fingerprint(&self, fingerprint: Option<&Bound<'_, PyAny>>) {
        guard("set_fingerprint", (), || {
            let parts = fingerprint.and_then(fingerprint_of);
            self.cell.update(|s| s.set_fingerprint(parts));
        })
    }

    /// Takes a W3C `traceparent` or a `sentry-trace` header; False when it fits neither.
    fn continue_trace(&self, header: Option<&str>) -> bool {
        guard("continue_trace", false, || {
            let trace = header.and_then(Trace::from_header);
            let fits = trace.is_some();
            if fits {
                self.cell.update(|s| s.set_trace(trace));
            }
            fits
        })
    }

    #[pyo3(signature = (message=None, *, category=None, level=None, r#type=None, data=None, timestamp=None))]
    fn add_breadcrumb(
        &self,
        message: Option<&Bound<'_, PyAny>>,
        category: Option<&Bound<'_, PyAny>>,
        level: Option<&str>,
        r#type: Option<&Bound<'_, PyAny>>,
        data: Option<&Bound<'_, PyAny>>,
        timestamp: Option<f64>,
    ) {
        guard("add_breadcrumb", (), || {
            let crumb = Breadcrumb {
                timestamp: Some(timestamp.and_then(Timestamp::from_secs).unwrap_or_else(Timestamp::now)),
                ty: r#type.map(text_of),
                category: category.map(text_of),
                level: level_of(level),
                message: message.map(|m| match json::scoped(m) {
                    Value::String(text) => text,
                    other => other.to_string(),
                }),
                data: data.and_then(json::scoped_map).unwrap_or_default(),
            };
            if let Some(client) = client::current() {
                // The hook, if any, runs before the cell is touched: it may use scopes itself.
                if let Some(crumb) = client.filter_breadcrumb(crumb) {
                    self.cell.update(|s| s.add_breadcrumb(crumb, client.options().max_breadcrumbs));
                }
            }
        })
    }

    fn clear_breadcrumbs(&self) {
        guard("clear_breadcrumbs", (), || {
            self.cell.update(Scope::clear_breadcrumbs);
        })
    }

    fn clear(&self) {
        guard("clear", (), || {
            self.cell.update(Scope::clear);
        })
    }
}

impl PyScopeCell {
    fn source(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.beside.borrow(py)?.request_source.as_ref().map(|s| s.clone_ref(py))
    }

    fn remember(&self, py: Python<'_>, id: EventId) {
        if let Some(mut beside) = self.beside.borrow(py) {
            beside.last_event_id = Some(id);
        }
    }
}

fn user_of(user: &Bound<'_, PyAny>) -> Option<User> {
    match json::scoped_map(user) {
        Some(map) => User::from_value(Value::Object(map)),
        None => User::from_value(json::scoped(user)),
    }
}

fn fingerprint_of(parts: &Bound<'_, PyAny>) -> Option<Vec<String>> {
    match json::scoped(parts) {
        Value::Array(list) => Some(
            list.into_iter()
                .map(|part| match part {
                    Value::String(text) => text,
                    other => other.to_string(),
                })
                .collect(),
        ),
        Value::Null => None,
        Value::String(text) => Some(vec![text]),
        other => Some(vec![other.to_string()]),
    }
}

/// Where captures find scopes: the context variables of the package.
struct Binding {
    current: Py<PyAny>,
    isolation: Py<PyAny>,
    everywhere: Py<PyScopeCell>,
}

static BINDING: GilCell<Option<Binding>> = GilCell::new(None);

/// Tells captures where scopes are found: global `everywhere` < isolation < current < call.
#[pyfunction]
pub(crate) fn bind_context(py: Python<'_>, current: Py<PyAny>, isolation: Py<PyAny>, everywhere: Py<PyScopeCell>) {
    guard("bind_context", (), || {
        everywhere.get().cell.set_layer(Layer::Global);
        if let Some(mut binding) = BINDING.borrow(py) {
            let old = binding.replace(Binding { current, isolation, everywhere });
            drop(binding);
            drop(old);
        }
    })
}

/// The cells of the calling context.
#[derive(Default)]
pub(crate) struct Cells<'py> {
    everywhere: Option<Bound<'py, PyScopeCell>>,
    isolation: Option<Bound<'py, PyScopeCell>>,
    current: Option<Bound<'py, PyScopeCell>>,
}

impl<'py> Cells<'py> {
    pub fn here(py: Python<'py>) -> Self {
        let Some(binding) = BINDING.borrow(py) else { return Cells::default() };
        let Some(bound) = binding.as_ref() else { return Cells::default() };
        let (current, isolation, everywhere) =
            (bound.current.clone_ref(py), bound.isolation.clone_ref(py), bound.everywhere.clone_ref(py));
        drop(binding);
        let get = |variable: Py<PyAny>| context_get(variable.bind(py))?.cast_into::<PyScopeCell>().ok();
        Cells { everywhere: Some(everywhere.into_bound(py)), isolation: get(isolation), current: get(current) }
    }

    /// Snapshots for a capture.
    pub fn layers(&self, call: Option<Box<Scope>>) -> Layers {
        let snapshot = |cell: &Option<Bound<'_, PyScopeCell>>| cell.as_ref().and_then(|c| c.get().cell.snapshot());
        Layers {
            fallback: None,
            global: snapshot(&self.everywhere),
            isolation: snapshot(&self.isolation),
            current: snapshot(&self.current),
            call,
        }
    }

    /// The innermost source of a request.
    pub fn request_source(&self, py: Python<'py>) -> Option<Py<PyAny>> {
        [&self.current, &self.isolation].into_iter().flatten().find_map(|c| c.get().source(py))
    }

    /// Remembers the id where `last_event_id` looks for it.
    pub fn remember(&self, py: Python<'py>, id: EventId) {
        // An unshared cell is seen by tasks that took it over; what is written there is only ever its own.
        let isolation = self.isolation.as_ref().filter(|c| c.get().shared);
        if let Some(cell) = isolation.or(self.everywhere.as_ref()) {
            cell.get().remember(py, id);
        }
    }
}

/// The value of a context variable, None where it has none.
fn context_get<'py>(variable: &Bound<'py, PyAny>) -> Option<Bound<'py, PyAny>> {
    let py = variable.py();
    let Some(get) = crate::capi::get().context_get else {
        return variable.call_method1(pyo3::intern!(py, "get"), (py.None(),)).ok();
    };
    let mut value = std::ptr::null_mut();
    // SAFETY: the variable is held, the function checks its type, and gives a new reference or null.
    unsafe {
        if get(variable.as_ptr(), std::ptr::null_mut(), &raw mut value) < 0 {
            pyo3::ffi::PyErr_Clear();
        }
        Bound::from_owned_ptr_or_opt(py, value)
    }
}

/// What a call to capture says of itself.
#[derive(Default)]
pub(crate) struct CallScope<'a, 'py> {
    pub level: Option<&'a str>,
    pub tags: Option<&'a Bound<'py, PyAny>>,
    pub extra: Option<&'a Bound<'py, PyAny>>,
    pub contexts: Option<&'a Bound<'py, PyAny>>,
    pub user: Option<&'a Bound<'py, PyAny>>,
    pub fingerprint: Option<&'a Bound<'py, PyAny>>,
    pub transaction: Option<&'a str>,
}

impl CallScope<'_, '_> {
    /// The layer of this call, if it says anything.
    pub fn scope(&self) -> Option<Box<Scope>> {
        let objects = [self.tags, self.extra, self.contexts, self.user, self.fingerprint];
        if self.level.is_none() && self.transaction.is_none() && objects.iter().all(Option::is_none) {
            return None;
        }
        let mut scope = Scope::default();
        scope.set_level(level_of(self.level));
        if self.transaction.is_some() {
            scope.set_transaction(self.transaction);
        }
        if let Some(tags) = self.tags.and_then(json::scoped_map) {
            for (key, value) in tags {
                let text = match value {
                    Value::String(text) => text,
                    other => other.to_string(),
                };
                scope.set_tag(key, text);
            }
        }
        for (key, value) in self.extra.and_then(json::scoped_map).unwrap_or_default() {
            scope.set_extra(key, value);
        }
        for (key, value) in self.contexts.and_then(json::scoped_map).unwrap_or_default() {
            scope.set_context(key, value);
        }
        if let Some(user) = self.user {
            scope.set_user(user_of(user));
        }
        if let Some(fingerprint) = self.fingerprint {
            scope.set_fingerprint(fingerprint_of(fingerprint));
        }
        (!scope.is_empty()).then(|| Box::new(scope))
    }
}
