//! The shared vectors of `tests/vectors`, run through the bridge.

use pyo3::prelude::*;

use crate::error;
use crate::extract::json;
use crate::guard::guard;

/// Runs one shared vector; raises FaultwireError where the vector expects an error.
#[pyfunction]
pub(crate) fn vector<'py>(py: Python<'py>, topic: &str, input: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let input = json::whole(input);
    match guard(None, || Some(faultwire::testing::vector(topic, &input))) {
        Some(Ok(value)) => json::to_python(py, &value),
        Some(Err(problem)) => Err(error::raise(py, &problem)),
        None => Err(error::internal(py)),
    }
}

/// Makes the next piece of work at `place` panic, to show that no panic reaches an application.
#[pyfunction]
pub(crate) fn _arm_panic(place: &str) {
    faultwire::testing::arm_panic(place);
}
