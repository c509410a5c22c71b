//! Python values to JSON and back.

use faultwire::capture::MAX_MESSAGE_LENGTH;
use faultwire::cut::LOOK_AHEAD;
use faultwire::protocol::{Map, Value};
use faultwire::tape::Tape;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyList, PyString};

use super::values::{Limits, Writer};

/// For options, events and other structures whose form matters: nothing sensible is cut.
const WHOLE: Limits = Limits { depth: 24, breadth: 10_000, text: 1 << 20, run_repr: false };
/// For what an application says in a scope.
const SCOPE: Limits = Limits { depth: 6, breadth: 128, text: MAX_MESSAGE_LENGTH + LOOK_AHEAD, run_repr: false };
const WHOLE_NODES: usize = 200_000;
const WHOLE_BYTES: usize = 16 << 20;
/// The largest body that an option allows, and look-ahead.
const MAX_BODY: usize = 100 * 1024 + LOOK_AHEAD;
const SCOPE_NODES: usize = 4096;
const SCOPE_BYTES: usize = 512 << 10;

/// A structure, as it is.
pub(crate) fn whole(value: &Bound<'_, PyAny>) -> Value {
    read(value, WHOLE, WHOLE_NODES, WHOLE_BYTES)
}

/// A value said in a scope or with a capture, bounded.
pub(crate) fn scoped(value: &Bound<'_, PyAny>) -> Value {
    read(value, SCOPE, SCOPE_NODES, SCOPE_BYTES)
}

/// The same for what must be a map; anything else is none.
pub(crate) fn scoped_map(value: &Bound<'_, PyAny>) -> Option<Map> {
    match scoped(&as_dict(value)) {
        Value::Object(map) => Some(map),
        _ => None,
    }
}

/// A request: its body may be longer than other values.
pub(crate) fn request(value: &Bound<'_, PyAny>) -> Option<Map> {
    match read(value, Limits { text: MAX_BODY, ..SCOPE }, SCOPE_NODES, 2 * MAX_BODY) {
        Value::Object(map) => Some(map),
        _ => None,
    }
}

/// Other mappings than dicts (headers, environs) as dicts; what is none stays as it is.
fn as_dict<'py>(value: &Bound<'py, PyAny>) -> Bound<'py, PyAny> {
    if value.is_instance_of::<PyDict>() {
        return value.clone();
    }
    let py = value.py();
    py.get_type::<PyDict>().call1((value,)).unwrap_or_else(|_| value.clone())
}

fn read(value: &Bound<'_, PyAny>, limits: Limits, nodes: usize, max_bytes: usize) -> Value {
    let mut tape = Tape::default();
    let mut writer = Writer { py: value.py(), tape: &mut tape, limits, nodes, max_bytes };
    // SAFETY: the value is held by its `Bound`.
    unsafe { writer.value(value.as_ptr(), 0) };
    tape.read(0)
}

/// JSON as Python objects.
pub(crate) fn to_python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(flag) => PyBool::new(py, *flag).to_owned().into_any(),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(n), _) => n.into_pyobject(py)?.into_any(),
            (None, Some(n)) => n.into_pyobject(py)?.into_any(),
            (None, None) => PyFloat::new(py, number.as_f64().unwrap_or(f64::NAN)).into_any(),
        },
        Value::String(text) => PyString::new(py, text).into_any(),
        Value::Array(list) => {
            let out = PyList::empty(py);
            for item in list {
                out.append(to_python(py, item)?)?;
            }
            out.into_any()
        }
        Value::Object(map) => map_to_python(py, map)?.into_any(),
    })
}

/// A JSON object as a dict.
pub(crate) fn map_to_python<'py>(py: Python<'py>, map: &Map) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    for (key, item) in map {
        out.set_item(key, to_python(py, item)?)?;
    }
    Ok(out)
}
