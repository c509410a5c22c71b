//! Core's errors as Python exceptions: one class a kind, all under `FaultwireError`, a `ValueError`.

use faultwire::{Error, ErrorKind};
use pyo3::create_exception;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

create_exception!(faultwire, FaultwireError, PyValueError, "Base of every error Faultwire raises.");
create_exception!(faultwire, InvalidOptionError, FaultwireError, "An option is unknown, ill-typed or out of range.");
create_exception!(faultwire, InvalidDsnError, FaultwireError, "A DSN does not parse.");
create_exception!(faultwire, InvalidPayloadError, FaultwireError, "An envelope, event or item does not parse.");
create_exception!(faultwire, InternalError, FaultwireError, "The engine could not do its work.");

/// The Python exception for an error of core, with `kind` and `field` as attributes.
pub(crate) fn raise(py: Python<'_>, error: &Error) -> PyErr {
    let message = error.to_string();
    let raised = match error.kind {
        ErrorKind::InvalidOption => InvalidOptionError::new_err(message),
        ErrorKind::InvalidDsn => InvalidDsnError::new_err(message),
        ErrorKind::InvalidPayload => InvalidPayloadError::new_err(message),
        _ => InternalError::new_err(message),
    };
    let value = raised.value(py);
    let _ = value.setattr("kind", error.kind.as_str());
    let _ = value.setattr("field", error.field.as_str());
    raised
}

/// The exception for a bug that was caught.
pub(crate) fn internal(py: Python<'_>) -> PyErr {
    raise(py, &Error::new(ErrorKind::Internal, "", "internal error, please report it"))
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("FaultwireError", py.get_type::<FaultwireError>())?;
    module.add("InvalidOptionError", py.get_type::<InvalidOptionError>())?;
    module.add("InvalidDsnError", py.get_type::<InvalidDsnError>())?;
    module.add("InvalidPayloadError", py.get_type::<InvalidPayloadError>())?;
    module.add("InternalError", py.get_type::<InternalError>())
}
