//! Tracebacks to frames: first a walk that only hashes places (for folding), then locals for a "yes".

use faultwire::capture::{CodeLocation, LocatedFrame, MAX_FRAMES};
use faultwire::interned::Interned;
use faultwire::tape::Tape;
use pyo3::ffi;
use pyo3::prelude::*;

use super::code::{CODES, Codes};
use super::values::{Limits, Writer};
use crate::capi::{self, RawTraceback};

type Object = *mut ffi::PyObject;

/// Locals are extracted of so many outermost and innermost frames: about what servers keep of a stack.
const OUTER_WITH_LOCALS: usize = 16;
const INNER_WITH_LOCALS: usize = 48;
/// Variables of one frame.
const MAX_LOCALS: usize = 64;
/// Values of one frame: of the application's own code, of a library's, and of one capture.
const FRAME_NODES: usize = 1000;
const LIBRARY_NODES: usize = 48;
const CAPTURE_NODES: usize = 8000;
/// Depth of values in a library's frames, whose objects are large and say little of the fault.
const LIBRARY_DEPTH: usize = 2;
/// Bytes of the locals of one capture.
const CAPTURE_BYTES: usize = 512 << 10;

/// A frame found by the walk. Pointers are borrowed from the traceback.
pub(crate) struct Place {
    frame: Object,
    location: Interned<CodeLocation>,
    is_function: bool,
    line: u32,
    in_app: bool,
}

/// The places of a traceback or stack, caller to callee, and a hash of them.
#[derive(Default)]
pub(crate) struct Walk {
    pub places: Vec<Place>,
    pub hash: u64,
}

/// Mixes one number into a hash: as good as needed to tell places apart, at one multiplication.
pub(crate) fn mix(hash: u64, n: u64) -> u64 {
    (hash.rotate_left(5) ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Walks a traceback.
///
/// # Safety
/// `traceback` is a live traceback object or null, stays alive while the walk is used, and the GIL is held.
pub(crate) unsafe fn walk(py: Python<'_>, traceback: Object) -> Walk {
    let mut walk = Walk { places: Vec::with_capacity(16), hash: 0 };
    let mut table = CODES.borrow(py);
    let mut lone = Codes::default();
    let codes = match table.as_deref_mut() {
        Some(table) => table.get_or_insert_default(),
        None => &mut lone,
    };
    let mut next = traceback;
    // SAFETY: per the contract; a traceback holds its frame and its successor alive.
    unsafe {
        if capi::get().traceback_layout {
            while !next.is_null() {
                let raw = &*next.cast::<RawTraceback>();
                let line =
                    |tb: Object| if raw.lineno >= 0 { raw.lineno as u32 } else { int_attribute(py, tb, "tb_lineno") };
                walk.add(py, codes, raw.frame, raw.lasti, || line(next));
                next = raw.next;
            }
        } else {
            let mut held = (!next.is_null()).then(|| Bound::from_borrowed_ptr(py, next));
            while let Some(traceback) = held {
                let pointer = traceback.as_ptr();
                let Ok(frame) = traceback.getattr("tb_frame") else { break };
                let lasti = int_attribute(py, pointer, "tb_lasti") as i32;
                walk.add(py, codes, frame.as_ptr(), lasti, || int_attribute(py, pointer, "tb_lineno"));
                held = traceback.getattr("tb_next").ok().filter(|t| !t.is_none());
            }
        }
    }
    walk
}

/// Walks the stack of the calling thread, for messages.
pub(crate) fn walk_stack(py: Python<'_>) -> (Walk, Vec<Py<PyAny>>) {
    let mut frames = Vec::new();
    let mut next = py.import("sys").and_then(|sys| sys.call_method1("_getframe", (0,))).ok();
    while let Some(frame) = next.filter(|f| !f.is_none()) {
        if frames.len() >= MAX_FRAMES {
            break;
        }
        next = frame.getattr("f_back").ok();
        frames.push(frame.unbind());
    }
    frames.reverse();
    let mut walk = Walk::default();
    let mut table = CODES.borrow(py);
    let mut lone = Codes::default();
    let codes = match table.as_deref_mut() {
        Some(table) => table.get_or_insert_default(),
        None => &mut lone,
    };
    for frame in &frames {
        let pointer = frame.as_ptr();
        // SAFETY: the frames are held by the caller for as long as the walk.
        unsafe {
            let lasti = int_attribute(py, pointer, "f_lasti") as i32;
            walk.add(py, codes, pointer, lasti, || int_attribute(py, pointer, "f_lineno"));
        }
    }
    (walk, frames)
}

impl Walk {
    /// # Safety
    /// `frame` is a live frame.
    unsafe fn add(&mut self, py: Python<'_>, codes: &mut Codes, frame: Object, lasti: i32, line: impl FnOnce() -> u32) {
        // The middle of an absurd recursion: enough of it is known to recognise its cycle.
        if self.places.len() >= MAX_FRAMES {
            self.places.remove(MAX_FRAMES / 2);
        }
        // SAFETY: per the contract; the code is held while its entry is looked up.
        unsafe {
            let code = match capi::get().frame_code {
                Some(frame_code) => frame_code(frame),
                None => ffi::PyObject_GetAttrString(frame, c"f_code".as_ptr()),
            };
            if code.is_null() {
                return ffi::PyErr_Clear();
            }
            let entry = codes.get(py, code, frame);
            self.hash = mix(mix(self.hash, entry.id), lasti as u64);
            let line = entry.line(lasti, line);
            let (location, is_function, in_app) = (entry.location.clone(), entry.is_function, entry.in_app);
            self.places.push(Place { frame, location, is_function, line, in_app });
            ffi::Py_DECREF(code);
        }
    }

    /// The frames without locals.
    pub fn frames(self) -> Vec<LocatedFrame> {
        let frame = |p: Place| LocatedFrame { code: p.location, line: p.line, locals: None };
        self.places.into_iter().map(frame).collect()
    }

    /// The frames, with the locals of the outermost and innermost of them on `tape`.
    ///
    /// # Safety
    /// What was walked is still alive, and the GIL is held.
    pub unsafe fn frames_with_locals(self, py: Python<'_>, tape: &mut Tape, limits: Limits) -> Vec<LocatedFrame> {
        let count = self.places.len();
        let max_bytes = tape.len() + CAPTURE_BYTES;
        let mut nodes = CAPTURE_NODES;
        let mut out: Vec<LocatedFrame> = self
            .places
            .iter()
            .map(|place| LocatedFrame { code: place.location.clone(), line: place.line, locals: None })
            .collect();
        // Innermost first: when the budget ends, it ends far from the crash.
        for (index, place) in self.places.iter().enumerate().rev() {
            let wanted = index < OUTER_WITH_LOCALS || index + INNER_WITH_LOCALS >= count;
            if !wanted || nodes == 0 || tape.len() >= max_bytes {
                continue;
            }
            let (budget, depth) = match place.in_app {
                true => (nodes.min(FRAME_NODES), limits.depth),
                false => (nodes.min(LIBRARY_NODES), LIBRARY_DEPTH),
            };
            let mut writer = Writer { py, tape, limits: Limits { depth, ..limits }, nodes: budget, max_bytes };
            // SAFETY: per the contract.
            let locals = unsafe { write_locals(&mut writer, place) };
            nodes -= budget - writer.nodes;
            out[index].locals = locals;
        }
        out
    }
}

/// Writes the variables of a frame; their position on the tape.
///
/// # Safety
/// `place` is of a live frame and the GIL is held.
unsafe fn write_locals(writer: &mut Writer<'_, '_>, place: &Place) -> Option<u32> {
    let (py, frame) = (writer.py, place.frame);
    // SAFETY: per the contract.
    unsafe {
        let locals = ffi::PyObject_GetAttr(frame, names::f_locals(py));
        if locals.is_null() {
            ffi::PyErr_Clear();
            return None;
        }
        let mut locals = Bound::from_owned_ptr(py, locals);
        if ffi::PyDict_Check(locals.as_ptr()) == 0 {
            // 3.13: a proxy, whose copy is a dict.
            locals = py.get_type::<pyo3::types::PyDict>().call1((&locals,)).ok()?;
        }
        let total = ffi::PyDict_Size(locals.as_ptr()).max(0) as usize;
        if total == 0 {
            return None;
        }
        let position = u32::try_from(writer.tape.len()).ok()?;
        let limits = writer.limits;
        writer.limits.breadth = MAX_LOCALS;
        let open = writer.tape.open_map();
        let is_module = !place.is_function && is_module_frame(py, frame, &locals);
        let mut stored = 0;
        let (mut at, mut key, mut value) = (0, std::ptr::null_mut(), std::ptr::null_mut());
        while stored < MAX_LOCALS && ffi::PyDict_Next(locals.as_ptr(), &raw mut at, &raw mut key, &raw mut value) != 0 {
            // At module level the names are the module's: imports, functions and dunders say nothing.
            if ffi::PyUnicode_Check(key) == 0 || (is_module && is_noise(py, key, value)) {
                continue;
            }
            ffi::Py_INCREF(key);
            ffi::Py_INCREF(value);
            writer.tape.key(&super::text::utf8(py, key, 256));
            writer.limits.breadth = limits.breadth;
            writer.value(value, 1);
            ffi::Py_DECREF(value);
            ffi::Py_DECREF(key);
            stored += 1;
        }
        writer.limits = limits;
        writer.tape.close(open, stored, if is_module { stored } else { total });
        Some(position)
    }
}

/// # Safety
/// `frame` is a live frame.
unsafe fn is_module_frame(py: Python<'_>, frame: Object, locals: &Bound<'_, PyAny>) -> bool {
    // SAFETY: per the contract.
    unsafe {
        let globals = ffi::PyObject_GetAttr(frame, names::f_globals(py));
        if globals.is_null() {
            ffi::PyErr_Clear();
            return false;
        }
        let same = globals == locals.as_ptr();
        ffi::Py_DECREF(globals);
        same
    }
}

/// # Safety
/// Both are live; `key` is a `str`.
unsafe fn is_noise(py: Python<'_>, key: Object, value: Object) -> bool {
    use super::kinds::{self, Kind};
    // SAFETY: per the contract.
    unsafe {
        let name = super::text::utf8(py, key, 256);
        (name.starts_with("__") && name.ends_with("__")) || kinds::of(py, value).kind == Kind::Code
    }
}

/// # Safety
/// `object` is live.
unsafe fn int_attribute(py: Python<'_>, object: Object, name: &str) -> u32 {
    // SAFETY: per the contract.
    let value = unsafe { Bound::from_borrowed_ptr(py, object) }.getattr(name);
    value.ok().and_then(|v| v.extract::<i64>().ok()).and_then(|n| u32::try_from(n).ok()).unwrap_or(0)
}

/// Interned attribute names.
mod names {
    use pyo3::ffi;
    use pyo3::prelude::*;

    pub fn f_locals(py: Python<'_>) -> *mut ffi::PyObject {
        pyo3::intern!(py, "f_locals").as_ptr()
    }

    pub fn f_globals(py: Python<'_>) -> *mut ffi::PyObject {
        pyo3::intern!(py, "f_globals").as_ptr()
    }
}
