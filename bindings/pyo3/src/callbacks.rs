//! Code of the application that Faultwire calls: always on the thread that captured.

use std::sync::Arc;

use faultwire::gate::Inside;
use faultwire::protocol::{Breadcrumb, Value};
use faultwire::sampling::SamplingContext;
use faultwire::settings::Hooks;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::extract::json;
use crate::gil::GilCell;

/// Hooks that the bridge calls itself; core knows only those that it may call on the app thread.
#[derive(Default)]
pub(crate) struct Callbacks {
    pub before_send: Option<Py<PyAny>>,
}

static CALLBACKS: GilCell<Option<Callbacks>> = GilCell::new(None);

pub(crate) fn set(py: Python<'_>, callbacks: Callbacks) {
    if let Some(mut held) = CALLBACKS.borrow(py) {
        let old = held.replace(callbacks);
        drop(held);
        drop(old);
    }
}

/// The application's `before_send`.
pub(crate) fn before_send(py: Python<'_>) -> Option<Py<PyAny>> {
    CALLBACKS.borrow(py)?.as_ref()?.before_send.as_ref().map(|h| h.clone_ref(py))
}

/// The hooks that core calls, all of them on the app thread, which holds the GIL.
pub(crate) fn hooks(before_breadcrumb: Option<Py<PyAny>>, error_sampler: Option<Py<PyAny>>) -> Hooks {
    let mut hooks = Hooks::default();
    if let Some(hook) = before_breadcrumb {
        hooks.before_breadcrumb = Some(Arc::new(move |crumb| Python::attach(|py| breadcrumb(py, &hook, crumb))));
    }
    if let Some(sampler) = error_sampler {
        hooks.error_sampler = Some(Arc::new(move |context| Python::attach(|py| sample(py, &sampler, context))));
    }
    hooks
}

/// A hook that raises, or returns something else, drops the breadcrumb.
fn breadcrumb(py: Python<'_>, hook: &Py<PyAny>, crumb: Breadcrumb) -> Option<Breadcrumb> {
    let _inside = Inside::enter();
    let Ok(Value::Object(map)) = serde_json::to_value(&crumb) else { return None };
    let dict = json::map_to_python(py, &map).ok()?;
    let result = hook.call1(py, (dict,)).ok()?;
    let result = result.bind(py);
    if !result.is_instance_of::<PyDict>() {
        return None;
    }
    serde_json::from_value(json::scoped(result)).ok()
}

/// A sampler that raises, or returns no number from 0 to 1, leaves the rate to the options.
fn sample(py: Python<'_>, sampler: &Py<PyAny>, context: &SamplingContext<'_>) -> Option<f64> {
    let dict = PyDict::new(py);
    dict.set_item("exception_type", context.exception_type).ok()?;
    dict.set_item("level", context.level.as_str()).ok()?;
    dict.set_item("logger", context.logger).ok()?;
    dict.set_item("transaction", context.transaction).ok()?;
    let rate: f64 = sampler.call1(py, (dict,)).ok()?.extract(py).ok()?;
    (0.0..=1.0).contains(&rate).then_some(rate)
}
