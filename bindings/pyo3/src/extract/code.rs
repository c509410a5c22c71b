//! Code objects, interned: what a frame says of its code crosses to core as a shared pointer.

use faultwire::capture::CodeLocation;
use faultwire::interned::Interned;
use pyo3::ffi;
use pyo3::prelude::*;

use super::kinds::PointerMap;
use super::text;
use crate::client;
use crate::gil::GilCell;

/// Code objects remembered; beyond that the table starts anew. Each is held alive, so that a pointer
/// never comes to mean another piece of code.
const MAX_CODES: usize = 8192;
/// Flag of code whose local variables are slots of the frame: functions, and what is compiled like one.
const CO_OPTIMIZED: u32 = 1;
/// Characters of a path or name.
const MAX_NAME: usize = 1024;

pub(crate) struct Code {
    /// Unique in the process: two entries never have the same, even when the table was cleared.
    pub id: u64,
    pub location: Interned<CodeLocation>,
    /// A function: its names are its own, never those of the module.
    pub is_function: bool,
    /// The application's own code: its locals are worth more.
    pub in_app: bool,
    /// Line by offset of the last instruction, where the interpreter computes it anew each time.
    lines: Vec<(i32, u32)>,
    _alive: Py<PyAny>,
}

#[derive(Default)]
pub(crate) struct Codes {
    by_pointer: PointerMap<Code>,
    next_id: u64,
}

/// The table.
pub(crate) static CODES: GilCell<Option<Codes>> = GilCell::new(None);

/// Forgets everything: the options, and with them what is in-app, have changed.
pub(crate) fn reset(py: Python<'_>) {
    if let Some(mut table) = CODES.borrow(py) {
        table.get_or_insert_default().by_pointer.clear();
    }
}

impl Codes {
    /// The entry of a code object.
    ///
    /// # Safety
    /// `code` and `frame` are live, `code` belongs to `frame`, and the GIL is held.
    pub unsafe fn get(&mut self, py: Python<'_>, code: *mut ffi::PyObject, frame: *mut ffi::PyObject) -> &mut Code {
        // SAFETY: per the contract.
        let new = |id| unsafe { describe(py, code, frame, id) };
        let key = code as usize;
        if !self.by_pointer.contains_key(&key) {
            if self.by_pointer.len() >= MAX_CODES {
                self.by_pointer.clear();
            }
            self.next_id += 1;
        }
        let id = self.next_id;
        self.by_pointer.entry(key).or_insert_with(|| new(id))
    }
}

impl Code {
    /// The line of an instruction, computed by `find` once.
    pub fn line(&mut self, lasti: i32, find: impl FnOnce() -> u32) -> u32 {
        if let Some((_, line)) = self.lines.iter().find(|(offset, _)| *offset == lasti) {
            return *line;
        }
        let line = find();
        // A function raises from few places; more are not worth keeping.
        if self.lines.len() < 32 {
            self.lines.push((lasti, line));
        }
        line
    }
}

/// # Safety
/// As [`Codes::get`].
pub(crate) unsafe fn describe(py: Python<'_>, code: *mut ffi::PyObject, frame: *mut ffi::PyObject, id: u64) -> Code {
    // SAFETY: per the contract.
    let (code, frame) = unsafe { (Bound::from_borrowed_ptr(py, code), Bound::from_borrowed_ptr(py, frame)) };
    let text_of = |object: &Bound<'_, PyAny>, name: &str| {
        let value = object.getattr(name).ok()?;
        // SAFETY: checked to be a str, and held.
        unsafe {
            (ffi::PyUnicode_Check(value.as_ptr()) != 0).then(|| text::utf8(py, value.as_ptr(), MAX_NAME).into_owned())
        }
    };
    let path = text_of(&code, "co_filename").unwrap_or_default();
    let function = text_of(&code, "co_qualname").or_else(|| text_of(&code, "co_name")).unwrap_or_default();
    let module = frame.getattr("f_globals").ok().and_then(|globals| {
        let globals = globals.cast_into::<pyo3::types::PyDict>().ok()?;
        let name = globals.get_item("__name__").ok()??;
        // SAFETY: checked to be a str, and held.
        unsafe {
            (ffi::PyUnicode_Check(name.as_ptr()) != 0).then(|| text::utf8(py, name.as_ptr(), MAX_NAME).into_owned())
        }
    });
    let location = Interned::lasting(Box::new(CodeLocation::new(&absolute(&path), &function, module.as_deref())));
    let in_app = client::current().is_none_or(|client| client.is_in_app(&location));
    let flags = code.getattr("co_flags").and_then(|flags| flags.extract::<u32>()).unwrap_or(0);
    Code { id, location, is_function: flags & CO_OPTIMIZED != 0, in_app, lines: Vec::new(), _alive: code.unbind() }
}

/// `python script.py` gives relative paths; the worker reads files by absolute ones.
fn absolute(path: &str) -> String {
    if path.starts_with('<') || std::path::Path::new(path).is_absolute() {
        return path.to_owned();
    }
    std::path::absolute(path).map_or_else(|_| path.to_owned(), |p| p.to_string_lossy().into_owned())
}
