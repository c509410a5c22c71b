//! The shared vectors of `tests/vectors`, run through the bridge.

use pyo3::prelude::*;

use crate::error;
use crate::extract::json;
use crate::guard::{guard, guard_or_raise};

/// Runs one shared vector; raises FaultwireError where the vector expects an error.
#[pyfunction]
pub(crate) fn vector<'py>(py: Python<'py>, topic: &str, input: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    guard_or_raise(py, "vector", || match faultwire::testing::vector(topic, &json::whole(input)) {
        Ok(value) => json::to_python(py, &value),
        Err(problem) => Err(error::raise(py, &problem)),
    })
}

/// Makes the next piece of work at `place` panic, to show that no panic reaches an application. Every
/// export is such a place by its name; an empty name disarms. Returns whether the place that was armed
/// before had not been reached.
#[pyfunction]
pub(crate) fn _arm_panic(place: &str) -> bool {
    guard("_arm_panic", false, || faultwire::testing::arm_panic(place))
}
