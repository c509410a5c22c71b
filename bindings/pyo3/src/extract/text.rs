//! Python texts to UTF-8, bounded.

use std::borrow::Cow;

use faultwire::cut::without_torn_word;
use pyo3::ffi;
use pyo3::prelude::*;

use crate::capi;

/// The UTF-8 of a `str`, at most `limit` characters of it. Lone surrogates are shown escaped (`\udc80`).
///
/// A long text is sliced first: asking CPython for the UTF-8 of a whole text that is not ASCII would
/// leave a copy of it in the object for as long as it lives.
///
/// # Safety
/// `object` is a live `str` or an instance of a subclass, and the GIL is held. The result borrows from
/// the object, which must outlive `'a`.
pub(crate) unsafe fn utf8<'a>(py: Python<'_>, object: *mut ffi::PyObject, limit: usize) -> Cow<'a, str> {
    // SAFETY: per the contract.
    unsafe {
        let length = ffi::PyUnicode_GetLength(object);
        if length < 0 {
            ffi::PyErr_Clear();
            return Cow::Borrowed("");
        }
        if length as usize > limit {
            let cut = ffi::PyUnicode_Substring(object, 0, limit as ffi::Py_ssize_t);
            if cut.is_null() {
                ffi::PyErr_Clear();
                return Cow::Borrowed("");
            }
            let cut = Bound::from_owned_ptr(py, cut);
            return Cow::Owned(without_torn_word(&whole(cut.as_ptr())).to_owned());
        }
        whole(object)
    }
}

/// # Safety
/// As [`utf8`].
unsafe fn whole<'a>(object: *mut ffi::PyObject) -> Cow<'a, str> {
    // SAFETY: per the contract of `utf8`; CPython's UTF-8 is valid UTF-8.
    unsafe {
        if let Some(as_utf8) = capi::get().as_utf8 {
            let mut size = 0;
            let data = as_utf8(object, &raw mut size);
            if !data.is_null() {
                let bytes = std::slice::from_raw_parts(data.cast::<u8>(), size as usize);
                return Cow::Borrowed(std::str::from_utf8_unchecked(bytes));
            }
            ffi::PyErr_Clear();
        }
        let bytes = ffi::PyUnicode_AsEncodedString(object, c"utf-8".as_ptr(), c"backslashreplace".as_ptr());
        if bytes.is_null() {
            ffi::PyErr_Clear();
            return Cow::Borrowed("");
        }
        let data = ffi::PyBytes_AsString(bytes).cast::<u8>();
        let text = std::slice::from_raw_parts(data, ffi::PyBytes_Size(bytes) as usize);
        let text = String::from_utf8_lossy(text).into_owned();
        ffi::Py_DECREF(bytes);
        Cow::Owned(text)
    }
}

/// Bytes as a text: UTF-8 where they are, otherwise escaped as Python shows them.
pub(crate) fn of_bytes(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.escape_ascii().to_string()),
    }
}
