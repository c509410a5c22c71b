//! The one guard of every export: a bug in Faultwire must never reach the application.
//!
//! The body of an export is one call of [`guard`] or [`guard_or_raise`], under the name that Python
//! knows it by (a setter's is `set_` and the property). A test arms each name in turn.

use std::panic::{AssertUnwindSafe, catch_unwind};

use faultwire::testing::panic_if_armed;
use pyo3::prelude::*;

use crate::error;

/// Runs the export `name`; a panic within it becomes `otherwise`.
pub(crate) fn guard<R>(name: &str, otherwise: R, export: impl FnOnce() -> R) -> R {
    let armed = || {
        panic_if_armed(name);
        export()
    };
    catch_unwind(AssertUnwindSafe(armed)).unwrap_or(otherwise)
}

/// Runs an export that has nothing to give instead: a panic within it raises `InternalError`.
pub(crate) fn guard_or_raise<R>(py: Python<'_>, name: &str, export: impl FnOnce() -> PyResult<R>) -> PyResult<R> {
    guard(name, None, || Some(export())).unwrap_or_else(|| Err(error::internal(py)))
}

/// Panics in this library are caught and counted; the default hook would write them to the
/// application's stderr. This copy of the standard library is ours alone, and so is its hook.
pub(crate) fn silence_panics() {
    std::panic::set_hook(Box::new(|_| {}));
}
