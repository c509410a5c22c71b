//! C functions and layouts of CPython beyond the stable ABI of 3.9, found at run time.
//!
//! Everything here has a slower equivalent in the stable ABI and is used only where it is found, and
//! where a check at start shows that it means what we think it means.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::OnceLock;

use pyo3::ffi;
use pyo3::prelude::*;

type Object = *mut ffi::PyObject;

/// Optional functions: exported by every CPython since 3.9, promised from 3.10 or 3.11 on.
pub(crate) struct Capi {
    pub as_utf8: Option<unsafe extern "C" fn(Object, *mut ffi::Py_ssize_t) -> *const c_char>,
    pub frame_code: Option<unsafe extern "C" fn(Object) -> Object>,
    pub generic_dict: Option<unsafe extern "C" fn(Object, *mut c_void) -> Object>,
    pub context_get: Option<unsafe extern "C" fn(Object, Object, *mut Object) -> c_int>,
    /// Traceback objects have the layout of [`RawTraceback`].
    pub traceback_layout: bool,
}

/// `PyTracebackObject`, the same from 3.7 to 3.15.
#[repr(C)]
pub(crate) struct RawTraceback {
    head: ffi::PyObject,
    pub next: Object,
    pub frame: Object,
    pub lasti: c_int,
    pub lineno: c_int,
}

static CAPI: OnceLock<Capi> = OnceLock::new();

/// The functions found, looked up at import.
pub(crate) fn get() -> &'static Capi {
    CAPI.get_or_init(|| Capi {
        as_utf8: None,
        frame_code: None,
        generic_dict: None,
        context_get: None,
        traceback_layout: false,
    })
}

/// Looks everything up. Call once, at import.
pub(crate) fn init(py: Python<'_>) {
    let capi = Capi {
        // SAFETY: the names stand for functions of these signatures in every CPython since 3.9.
        as_utf8: unsafe { symbol(c"PyUnicode_AsUTF8AndSize").map(|f| std::mem::transmute(f)) },
        // SAFETY: as above.
        frame_code: unsafe { symbol(c"PyFrame_GetCode").map(|f| std::mem::transmute(f)) },
        // SAFETY: as above.
        generic_dict: unsafe { symbol(c"PyObject_GenericGetDict").map(|f| std::mem::transmute(f)) },
        // SAFETY: as above; promised since 3.7, outside of the stable ABI.
        context_get: unsafe { symbol(c"PyContextVar_Get").map(|f| std::mem::transmute(f)) },
        traceback_layout: probe_traceback(py).unwrap_or(false),
    };
    let _ = CAPI.set(capi);
}

fn symbol(name: &CStr) -> Option<*mut c_void> {
    #[cfg(unix)]
    {
        // SAFETY: looking up a name in what is already loaded has no preconditions.
        let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
        (!found.is_null()).then_some(found)
    }
    #[cfg(not(unix))]
    {
        let _ = name;
        None
    }
}

/// Makes two tracebacks with known fields and looks whether they stand where we expect them.
fn probe_traceback(py: Python<'_>) -> PyResult<bool> {
    const LASTI: c_int = 0x1234;
    const LINENO: c_int = 0x5678;
    let class = py.import("sys")?;
    // A frame is at hand only while Python code runs, which it does during import.
    let frame = class.call_method1("_getframe", (0,))?;
    let Ok(error) = py.run(c"raise ValueError", None, None).map(|()| None).or_else(|e| Ok::<_, PyErr>(Some(e))) else {
        return Ok(false);
    };
    let Some(traceback) = error.and_then(|e| e.traceback(py)) else { return Ok(false) };
    let class = traceback.get_type();
    let inner = class.call1((py.None(), &frame, 1, 1))?;
    let outer = class.call1((&inner, &frame, LASTI, LINENO))?;
    // SAFETY: the basic size says that the object is at least as large as what is read.
    unsafe {
        let size: usize = class.getattr("__basicsize__")?.extract()?;
        if size < std::mem::size_of::<RawTraceback>() {
            return Ok(false);
        }
        let raw = &*outer.as_ptr().cast::<RawTraceback>();
        Ok(raw.next == inner.as_ptr() && raw.frame == frame.as_ptr() && raw.lasti == LASTI && raw.lineno == LINENO)
    }
}
