//! The process-wide client.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use faultwire::Error;
use faultwire::client::Client;
use faultwire::options::Options;
use faultwire::protocol::{Map, SdkInfo, Value};
use faultwire::settings::Sdk;
use faultwire::stats::Stats;
use faultwire::testing::Kept;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

use crate::callbacks::{self, Callbacks};
use crate::error;
use crate::extract::{code, json, types};
use crate::guard::{guard, guard_or_raise};
use crate::stack;

/// Held for no longer than a pointer copy, and only by threads that hold the GIL, so that a fork (which
/// needs the GIL, too) never finds it locked.
static CLIENT: RwLock<Option<Arc<Client>>> = RwLock::new(None);
static KEPT: RwLock<Option<Kept>> = RwLock::new(None);

/// The client, if `init` was called.
pub(crate) fn current() -> Option<Arc<Client>> {
    CLIENT.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Makes the process-wide client and closes an earlier one without waiting.
#[pyfunction]
#[pyo3(signature = (options, *, before_send=None, before_breadcrumb=None, error_sampler=None, capture_transport=false))]
pub(crate) fn init(
    py: Python<'_>,
    options: &Bound<'_, PyAny>,
    before_send: Option<Py<PyAny>>,
    before_breadcrumb: Option<Py<PyAny>>,
    error_sampler: Option<Py<PyAny>>,
    capture_transport: bool,
) -> PyResult<()> {
    guard_or_raise(py, "init", || {
        let made = make(py, options, before_send, before_breadcrumb, error_sampler, capture_transport);
        let (client, kept) = made.map_err(|error| error::raise(py, &error))?;
        *KEPT.write().unwrap_or_else(PoisonError::into_inner) = kept;
        let client = Arc::new(client);
        let old = CLIENT.write().unwrap_or_else(PoisonError::into_inner).replace(Arc::clone(&client));
        types::reset(py);
        code::reset(py);
        if let Some(old) = old {
            client.take_over_from(&old);
        }
        show_stack(py);
        Ok(())
    })
}

/// Brings what crashes show of Python in line with the client's options.
fn show_stack(py: Python<'_>) {
    match current().filter(|client| client.options().capture_crashes) {
        Some(client) => stack::learn(py, &client),
        None => stack::forget(py),
    }
}

fn make(
    py: Python<'_>,
    options: &Bound<'_, PyAny>,
    before_send: Option<Py<PyAny>>,
    before_breadcrumb: Option<Py<PyAny>>,
    error_sampler: Option<Py<PyAny>>,
    capture_transport: bool,
) -> Result<(Client, Option<Kept>), Error> {
    let Value::Object(map) = json::whole(options) else {
        return Err(Error::option("options", "expected a mapping of names to values"));
    };
    for (name, hook) in
        [("before_send", &before_send), ("before_breadcrumb", &before_breadcrumb), ("error_sampler", &error_sampler)]
    {
        if hook.as_ref().is_some_and(|h| !h.bind(py).is_callable()) {
            return Err(Error::option(name, "expected a callable"));
        }
    }
    let options = Options::from_map(&map, |name| std::env::var(name).ok())?;
    let hooks = callbacks::hooks(before_breadcrumb, error_sampler);
    let kept = capture_transport.then(Kept::default);
    let transport = kept.as_ref().map(Kept::transport);
    let client = Client::new(options, hooks, sdk(py), transport)?;
    callbacks::set(py, Callbacks { before_send });
    Ok((client, kept))
}

fn sdk(py: Python<'_>) -> Sdk {
    let info = SdkInfo {
        name: "faultwire.python".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        packages: vec![serde_json::json!({"name": "pypi:faultwire", "version": env!("CARGO_PKG_VERSION")})],
        ..SdkInfo::default()
    };
    let version = py.version_info();
    let runtime = serde_json::json!({
        "name": "CPython",
        "version": format!("{}.{}.{}", version.major, version.minor, version.patch),
    });
    let contexts = Map::from_iter([("runtime".to_owned(), runtime)]);
    Sdk { info, platform: "python", contexts, ..Sdk::default() }
}

/// Whether captures go anywhere: after `init` with a DSN, before `close`.
#[pyfunction]
pub(crate) fn is_enabled() -> bool {
    guard("is_enabled", false, || current().is_some_and(|c| c.is_enabled()))
}

/// The value of an option that the package itself needs; None when there is no client.
#[pyfunction]
pub(crate) fn option<'py>(py: Python<'py>, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
    guard("option", Ok(None), || {
        let Some(client) = current() else { return Ok(None) };
        let options = client.options();
        let value = match name {
            "send_default_pii" => options.send_default_pii.into(),
            "max_request_body_size" => options.max_request_body_size.bytes().into(),
            "max_breadcrumbs" => options.max_breadcrumbs.into(),
            "shutdown_timeout" => options.shutdown_timeout.as_secs_f64().into(),
            "debug" => options.debug.into(),
            _ => return Ok(None),
        };
        json::to_python(py, &value).map(Some)
    })
}

/// Names an integration that is switched on.
#[pyfunction]
pub(crate) fn add_integration(name: &str) {
    guard("add_integration", (), || {
        if let Some(client) = current() {
            client.add_integration(name);
        }
    })
}

fn span(seconds: Option<f64>) -> Option<Duration> {
    seconds.map(|s| Duration::try_from_secs_f64(s.max(0.0)).unwrap_or(Duration::MAX))
}

/// Waits until all that was captured before is delivered or counted as lost.
#[pyfunction]
#[pyo3(signature = (timeout=None))]
pub(crate) fn flush(py: Python<'_>, timeout: Option<f64>) -> bool {
    guard("flush", false, || {
        let Some(client) = current().filter(|c| c.is_enabled()) else { return true };
        let timeout = span(timeout).unwrap_or(client.options().shutdown_timeout);
        py.detach(|| client.flush(timeout))
    })
}

/// Flushes, then ends: later captures are no-ops.
#[pyfunction]
#[pyo3(signature = (timeout=None))]
pub(crate) fn close(py: Python<'_>, timeout: Option<f64>) -> bool {
    guard("close", false, || {
        let Some(client) = current() else { return true };
        let flushed = py.detach(|| client.close(span(timeout)));
        stack::forget(py);
        flushed
    })
}

/// Counters of everything that this process captured.
#[pyfunction]
pub(crate) fn stats(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let counters = |stats: &Stats| json::to_python(py, &serde_json::to_value(stats).unwrap_or(Value::Null));
    guard("stats", None, || Some(counters(&current().map(|c| c.stats()).unwrap_or_default())))
        .unwrap_or_else(|| counters(&Stats::default()))
}

/// Envelopes since the last call, with `capture_transport`: (header, [(item header, payload)]).
#[pyfunction]
pub(crate) fn taken_envelopes(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    guard_or_raise(py, "taken_envelopes", || {
        let out = PyList::empty(py);
        let kept = KEPT.read().unwrap_or_else(PoisonError::into_inner).clone();
        for envelope in kept.map(|k| k.take()).unwrap_or_default() {
            let dict = |value: Result<Value, serde_json::Error>| match value {
                Ok(Value::Object(map)) => json::map_to_python(py, &map),
                _ => Ok(PyDict::new(py)),
            };
            let items = PyList::empty(py);
            for item in &envelope.items {
                items.append((dict(serde_json::to_value(&item.header))?, PyBytes::new(py, &item.payload)))?;
            }
            out.append((dict(serde_json::to_value(&envelope.header))?, items))?;
        }
        Ok(out)
    })
}
