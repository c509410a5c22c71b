//! An exception and everything it came from: causes, contexts, members of groups.

use faultwire::capture::{MAX_EXCEPTIONS, MAX_MESSAGE_LENGTH, RawException, RawStack};
use faultwire::cut::LOOK_AHEAD;
use faultwire::options::Options;
use faultwire::protocol::Mechanism;
use faultwire::tape::Tape;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::text;
use super::traceback::{Walk, mix, walk};
use super::types;
use super::values::{Limits, attribute_dict, simple};

type Object = *mut ffi::PyObject;

/// Characters kept of an exception's text before the sanitizer cuts it.
const MESSAGE: usize = MAX_MESSAGE_LENGTH + LOOK_AHEAD;
/// `__notes__` kept.
const MAX_NOTES: usize = 16;

/// Limits of frame locals under these options.
pub(crate) fn local_limits(options: &Options) -> Limits {
    Limits { depth: 4, breadth: 32, text: options.max_value_length + LOOK_AHEAD, run_repr: options.run_user_repr }
}

/// How the outermost exception was captured.
pub(crate) struct How<'a> {
    pub mechanism: &'a str,
    pub handled: bool,
}

/// A key of the place an exception comes from: types of the chain and code locations; zero when it
/// has no traceback. Also returns the outermost walk, to be used by the extraction.
///
/// # Safety
/// `exception` is a live exception, `traceback` its traceback or null, and the GIL is held.
pub(crate) unsafe fn place(py: Python<'_>, exception: Object, traceback: Object, options: &Options) -> (u64, Walk) {
    // SAFETY: per the contract; causes are held alive by the exception.
    unsafe {
        let outer = walk(py, traceback);
        if outer.places.is_empty() {
            return (0, outer);
        }
        let mut hash = mix(outer.hash, types::of(py, exception, options).id);
        let mut current = exception;
        for _ in 0..MAX_EXCEPTIONS {
            let Some((cause, _)) = cause(current) else { break };
            // Another path into the same cause is another fault, and so is another traceback of it.
            hash = mix(hash, types::of(py, cause, options).id);
            let traceback = ffi::PyException_GetTraceback(cause);
            if !traceback.is_null() {
                hash = mix(hash, walk(py, traceback).hash);
                ffi::Py_DECREF(traceback);
            }
            current = cause;
        }
        (hash, outer)
    }
}

/// The exception that a traceback print would show above this one, and by which attribute. Borrowed.
///
/// # Safety
/// `exception` is a live exception and the GIL is held.
unsafe fn cause(exception: Object) -> Option<(Object, &'static str)> {
    // SAFETY: per the contract; the new references are given back, since the exception holds what it names.
    unsafe {
        let cause = ffi::PyException_GetCause(exception);
        if !cause.is_null() {
            ffi::Py_DECREF(cause);
            return Some((cause, "__cause__"));
        }
        let context = ffi::PyException_GetContext(exception);
        if context.is_null() {
            return None;
        }
        ffi::Py_DECREF(context);
        let suppressed = ffi::PyObject_GenericGetAttr(exception, names::suppress_context());
        if suppressed.is_null() {
            ffi::PyErr_Clear();
        } else {
            ffi::Py_DECREF(suppressed);
            if suppressed == ffi::Py_True() {
                return None;
            }
        }
        Some((context, "__context__"))
    }
}

/// Collects a tree of exceptions in the order found: root first.
struct Collector<'a, 'py> {
    py: Python<'py>,
    options: &'a Options,
    limits: Limits,
    tape: &'a mut Tape,
    seen: Vec<Object>,
    out: Vec<RawException>,
}

/// The exceptions of a capture in wire order: oldest cause first, the raised one last.
///
/// # Safety
/// `exception` is a live exception, `walk` was made from its traceback, and the GIL is held.
pub(crate) unsafe fn extract(
    py: Python<'_>,
    exception: Object,
    walk: Walk,
    how: &How<'_>,
    options: &Options,
    tape: &mut Tape,
) -> Vec<RawException> {
    let ty = if how.mechanism == "generic" { String::new() } else { how.mechanism.to_owned() };
    let mechanism = Mechanism { ty, handled: Some(how.handled), ..Mechanism::default() };
    let limits = local_limits(options);
    let mut collector = Collector { py, options, limits, tape, seen: Vec::new(), out: Vec::with_capacity(1) };
    // SAFETY: per the contract.
    unsafe { collector.add(exception, Some(walk), mechanism, None) };
    let mut chain = collector.out;
    chain.reverse();
    chain
}

impl Collector<'_, '_> {
    /// # Safety
    /// `exception` is a live exception, `walk`, if given, is of its traceback.
    unsafe fn add(
        &mut self,
        exception: Object,
        walk_of_root: Option<Walk>,
        mut mechanism: Mechanism,
        parent: Option<u32>,
    ) {
        let mut current = exception;
        let mut walked = walk_of_root;
        let mut parent = parent;
        // SAFETY: per the contract; the root holds what it leads to.
        unsafe {
            while self.out.len() < MAX_EXCEPTIONS && !self.seen.contains(&current) {
                self.seen.push(current);
                let id = self.out.len() as u32;
                let class = types::of(self.py, current, self.options);
                mechanism.exception_id = Some(id);
                mechanism.parent_id = parent;
                mechanism.is_exception_group = class.is_group.then_some(true);
                let stack = self.stack(current, walked.take());
                self.out.push(RawException {
                    ty: class.name.clone(),
                    module: class.module.clone(),
                    value: Some(message(self.py, current, &class)),
                    mechanism: std::mem::take(&mut mechanism),
                    stack,
                });
                if class.is_group {
                    self.members(current, id);
                }
                let Some((next, source)) = cause(current) else { return };
                mechanism =
                    Mechanism { ty: "chained".to_owned(), source: Some(source.to_owned()), ..Mechanism::default() };
                parent = Some(id);
                current = next;
            }
        }
    }

    /// # Safety
    /// `group` is a live exception group.
    unsafe fn members(&mut self, group: Object, id: u32) {
        // SAFETY: per the contract; past any override in a subclass.
        let members = unsafe { ffi::PyObject_GenericGetAttr(group, names::exceptions()) };
        if members.is_null() {
            // SAFETY: an error is set.
            return unsafe { ffi::PyErr_Clear() };
        }
        // SAFETY: a new reference.
        let members = unsafe { Bound::from_owned_ptr(self.py, members) };
        let Ok(members) = members.cast_into::<PyTuple>() else { return };
        for (index, member) in members.iter().enumerate() {
            let source = Some(format!("exceptions[{index}]"));
            let mechanism = Mechanism { ty: "chained".to_owned(), source, ..Mechanism::default() };
            // SAFETY: the member is held by the tuple, which the group holds.
            if unsafe { ffi::PyObject_TypeCheck(member.as_ptr(), ffi::PyExc_BaseException.cast()) } != 0 {
                // SAFETY: checked to be an exception, and held as said.
                unsafe { self.add(member.as_ptr(), None, mechanism, Some(id)) };
            }
        }
    }

    /// # Safety
    /// `exception` is a live exception.
    unsafe fn stack(&mut self, exception: Object, walked: Option<Walk>) -> Option<RawStack> {
        // SAFETY: per the contract; the traceback is held while its walk is used.
        unsafe {
            let mut own = std::ptr::null_mut();
            let walked = match walked {
                Some(walked) => walked,
                None => {
                    own = ffi::PyException_GetTraceback(exception);
                    walk(self.py, own)
                }
            };
            let frames = if walked.places.is_empty() {
                None
            } else if self.options.include_local_variables {
                Some(walked.frames_with_locals(self.py, self.tape, self.limits))
            } else {
                Some(walked.frames())
            };
            ffi::Py_XDECREF(own);
            frames.map(RawStack::Located)
        }
    }
}

/// The text of an exception with its notes.
///
/// # Safety
/// `exception` is a live exception and the GIL is held.
unsafe fn message(py: Python<'_>, exception: Object, class: &types::ExceptionType) -> String {
    // SAFETY: per the contract.
    unsafe {
        let limits = Limits { depth: 3, breadth: 32, text: MESSAGE, run_repr: false };
        let mut out = match class.own_str {
            // The message is what such a class is for, and a traceback would print it the same way.
            true => own_message(py, exception).unwrap_or_else(|| safe_message(py, exception, limits)),
            false => safe_message(py, exception, limits),
        };
        if let Some(notes) = notes(py, exception) {
            for note in notes.iter().take(MAX_NOTES).filter(|n| ffi::PyUnicode_Check(n.as_ptr()) != 0) {
                out.push('\n');
                out.push_str(&text::utf8(py, note.as_ptr(), MESSAGE));
            }
        }
        out
    }
}

/// What the exception's own `__str__` says; `None` when it raises.
///
/// # Safety
/// As [`message`].
unsafe fn own_message(py: Python<'_>, exception: Object) -> Option<String> {
    let _inside = faultwire::gate::Inside::enter();
    // SAFETY: per the contract.
    unsafe {
        let text = ffi::PyObject_Str(exception);
        if text.is_null() {
            ffi::PyErr_Clear();
            return None;
        }
        let out = text::utf8(py, text, MESSAGE).into_owned();
        ffi::Py_DECREF(text);
        Some(out)
    }
}

/// What `BaseException.__str__` would say, but arguments that are objects are shown safely instead of
/// by their own `__str__`.
///
/// # Safety
/// As [`message`].
pub(crate) unsafe fn safe_message(py: Python<'_>, exception: Object, limits: Limits) -> String {
    // SAFETY: per the contract.
    unsafe {
        let args = ffi::PyObject_GenericGetAttr(exception, names::args());
        if args.is_null() {
            ffi::PyErr_Clear();
            return String::new();
        }
        let args = Bound::from_owned_ptr(py, args);
        match ffi::PyTuple_Size(args.as_ptr()) {
            0 => String::new(),
            1 => simple(py, ffi::PyTuple_GetItem(args.as_ptr(), 0), limits),
            -1 => {
                ffi::PyErr_Clear();
                String::new()
            }
            count => {
                let shown = (0..count.min(32)).map(|i| {
                    let item = ffi::PyTuple_GetItem(args.as_ptr(), i);
                    let shown = simple(py, item, limits);
                    if ffi::PyUnicode_Check(item) != 0 { format!("'{shown}'") } else { shown }
                });
                format!("({})", shown.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

/// # Safety
/// As [`message`].
unsafe fn notes(py: Python<'_>, exception: Object) -> Option<Bound<'_, PyList>> {
    // SAFETY: per the contract.
    unsafe { attribute_dict(py, exception) }?.get_item(pyo3::intern!(py, "__notes__")).ok()??.cast_into().ok()
}

/// Interned attribute names.
mod names {
    use pyo3::ffi;
    use pyo3::prelude::*;

    macro_rules! name {
        ($function:ident, $text:literal) => {
            pub fn $function() -> *mut ffi::PyObject {
                // SAFETY: all of this module runs with the GIL held.
                pyo3::intern!(unsafe { Python::assume_attached() }, $text).as_ptr()
            }
        };
    }

    name!(suppress_context, "__suppress_context__");
    name!(exceptions, "exceptions");
    name!(args, "args");
}
