//! Python values to a tape: a bounded copy of what they are, without running code of the application.

use faultwire::cut::without_torn_word;
use faultwire::tape::Tape;
use pyo3::ffi;
use pyo3::prelude::*;

use super::kinds::{self, Kind};
use super::text;

type Object = *mut ffi::PyObject;

/// How much of a value is copied.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Containers within containers.
    pub depth: usize,
    /// Members of one container.
    pub breadth: usize,
    /// Characters of one text, look-ahead included.
    pub text: usize,
    /// Run `repr()` of objects that are otherwise shown by class and attributes.
    pub run_repr: bool,
}

/// Writes values until its budget is used up: then a mark stands for what is left.
pub(crate) struct Writer<'a, 'py> {
    pub py: Python<'py>,
    pub tape: &'a mut Tape,
    pub limits: Limits,
    /// Values that may still be written, containers and members alike.
    pub nodes: usize,
    /// Length of the tape at which to stop.
    pub max_bytes: usize,
}

/// Stands for a value that the budget did not reach.
const CUT: &str = "…";
/// Larger integers are shown by their size: printing them is quadratic, and refused by Python.
const MAX_INT_BITS: usize = 2048;

impl Writer<'_, '_> {
    /// Writes one value.
    ///
    /// # Safety
    /// `object` is live and the GIL is held.
    pub unsafe fn value(&mut self, object: Object, depth: usize) {
        if self.nodes == 0 || self.tape.len() >= self.max_bytes {
            return self.tape.text(CUT);
        }
        self.nodes -= 1;
        // SAFETY: per the contract; exact types first, by pointer.
        unsafe {
            let class = ffi::Py_TYPE(object);
            if class == &raw mut ffi::PyUnicode_Type {
                self.tape.text(&text::utf8(self.py, object, self.limits.text));
            } else if object == ffi::Py_None() {
                self.tape.null();
            } else if class == &raw mut ffi::PyLong_Type {
                self.int(object);
            } else if object == ffi::Py_True() {
                self.tape.bool(true);
            } else if object == ffi::Py_False() {
                self.tape.bool(false);
            } else if class == &raw mut ffi::PyFloat_Type {
                self.tape.float(ffi::PyFloat_AsDouble(object));
            } else if class == &raw mut ffi::PyDict_Type {
                self.dict(object, depth);
            } else if class == &raw mut ffi::PyList_Type {
                self.list(object, depth, Kind::List);
            } else if class == &raw mut ffi::PyTuple_Type {
                self.list(object, depth, Kind::Tuple);
            } else {
                self.by_kind(object, depth);
            }
        }
    }

    /// # Safety
    /// As [`value`](Writer::value).
    #[cold]
    unsafe fn by_kind(&mut self, object: Object, depth: usize) {
        // SAFETY: per the contract; the kind says which accessors fit.
        unsafe {
            let info = kinds::of(self.py, object);
            match info.kind {
                Kind::Text => self.tape.text(&text::utf8(self.py, object, self.limits.text)),
                Kind::Int => self.int(object),
                Kind::Float => self.tape.float(ffi::PyFloat_AsDouble(object)),
                Kind::Dict => self.dict(object, depth),
                Kind::Tuple if !info.fields.is_empty() => self.named_tuple(object, depth, &info),
                Kind::List | Kind::Tuple => self.list(object, depth, info.kind),
                Kind::Set => self.set(object, depth),
                Kind::Bytes => {
                    let size = ffi::PyBytes_Size(object).max(0) as usize;
                    self.bytes(ffi::PyBytes_AsString(object).cast(), size);
                }
                Kind::ByteArray => {
                    let size = ffi::PyByteArray_Size(object).max(0) as usize;
                    self.bytes(ffi::PyByteArray_AsString(object).cast(), size);
                }
                Kind::Plain => self.str_of(object, &info.name),
                Kind::Enum => self.enum_member(object, &info.name),
                Kind::Code => self.code(object, &info.name),
                Kind::Exception => {
                    let text = super::chain::safe_message(self.py, object, self.limits);
                    self.tape.text(&format!("{}: {text}", info.name));
                }
                Kind::Object if self.limits.run_repr => self.repr_of(object, &info.name),
                Kind::Object => self.object(object, depth, &info.name),
            }
        }
    }

    /// # Safety
    /// `object` is a live `int` or of a subclass.
    unsafe fn int(&mut self, object: Object) {
        let mut overflow = 0;
        // SAFETY: per the contract; `int`'s own methods run no code of a subclass.
        unsafe {
            let value = ffi::PyLong_AsLongLongAndOverflow(object, &raw mut overflow);
            if overflow == 0 {
                ffi::PyErr_Clear();
                return self.tape.int(value);
            }
            let number = Bound::from_borrowed_ptr(self.py, object);
            let class = self.py.get_type::<pyo3::types::PyInt>();
            let bits = class.call_method1("bit_length", (&number,)).and_then(|n| n.extract::<usize>());
            match bits {
                Ok(bits) if bits <= MAX_INT_BITS => match class.call_method1("__repr__", (&number,)) {
                    Ok(digits) => self.tape.text(&text::utf8(self.py, digits.as_ptr(), self.limits.text)),
                    Err(_) => self.tape.text("<int>"),
                },
                Ok(bits) => self.tape.text(&format!("<int of {bits} bits>")),
                Err(_) => self.tape.text("<int>"),
            }
        }
    }

    /// # Safety
    /// `data` points to `size` bytes.
    unsafe fn bytes(&mut self, data: *const u8, size: usize) {
        if data.is_null() {
            return self.tape.text("");
        }
        // SAFETY: per the contract.
        let bytes = unsafe { std::slice::from_raw_parts(data, size.min(self.limits.text)) };
        let shown = text::of_bytes(bytes);
        self.tape.text(if size > bytes.len() { without_torn_word(&shown) } else { &shown });
    }

    /// # Safety
    /// `object` is a live `dict` or of a subclass; its own storage is read, past any override.
    unsafe fn dict(&mut self, object: Object, depth: usize) {
        // SAFETY: per the contract. No code of the application runs between two steps of the iteration
        // that could change the dict: values are borrowed again for each step, and a change of size
        // ends `PyDict_Next` early at worst.
        unsafe {
            let total = ffi::PyDict_Size(object).max(0) as usize;
            if depth >= self.limits.depth && total > 0 {
                return self.tape.text(&format!("{{{CUT} {total} items}}"));
            }
            let open = self.tape.open_map();
            let stored = self.members(object, depth, |_| true);
            self.tape.close(open, stored, total);
        }
    }

    /// Writes the members of a dict that `wanted` takes; returns how many.
    ///
    /// # Safety
    /// As [`dict`](Writer::dict).
    pub unsafe fn members(&mut self, dict: Object, depth: usize, wanted: impl Fn(Object) -> bool) -> usize {
        let (mut position, mut stored) = (0, 0);
        let (mut key, mut value) = (std::ptr::null_mut(), std::ptr::null_mut());
        // SAFETY: per the contract; key and value are kept alive while they are written.
        unsafe {
            while stored < self.limits.breadth
                && self.tape.len() < self.max_bytes
                && ffi::PyDict_Next(dict, &raw mut position, &raw mut key, &raw mut value) != 0
            {
                if !wanted(value) {
                    continue;
                }
                ffi::Py_INCREF(key);
                ffi::Py_INCREF(value);
                self.key(key);
                self.value(value, depth + 1);
                ffi::Py_DECREF(value);
                ffi::Py_DECREF(key);
                stored += 1;
            }
        }
        stored
    }

    /// # Safety
    /// `key` is live.
    unsafe fn key(&mut self, key: Object) {
        // SAFETY: per the contract.
        unsafe {
            if ffi::PyUnicode_Check(key) != 0 {
                self.tape.key(&text::utf8(self.py, key, self.limits.text));
            } else {
                self.tape.key(&simple(self.py, key, self.limits));
            }
        }
    }

    /// # Safety
    /// `object` is a live list or tuple or of a subclass; its own storage is read.
    unsafe fn list(&mut self, object: Object, depth: usize, kind: Kind) {
        // SAFETY: per the contract; a list can shrink while members are written, so each is asked for anew.
        unsafe {
            let size = |o| if kind == Kind::List { ffi::PyList_Size(o) } else { ffi::PyTuple_Size(o) };
            let total = size(object).max(0) as usize;
            if depth >= self.limits.depth && total > 0 {
                return self.tape.text(&format!("[{CUT} {total} items]"));
            }
            let open = self.tape.open_list();
            let mut stored = 0;
            while stored < total.min(self.limits.breadth) && self.tape.len() < self.max_bytes {
                let index = stored as ffi::Py_ssize_t;
                if index >= size(object) {
                    break;
                }
                let item = if kind == Kind::List {
                    ffi::PyList_GetItem(object, index)
                } else {
                    ffi::PyTuple_GetItem(object, index)
                };
                if item.is_null() {
                    ffi::PyErr_Clear();
                    break;
                }
                ffi::Py_INCREF(item);
                self.value(item, depth + 1);
                ffi::Py_DECREF(item);
                stored += 1;
            }
            self.tape.close(open, stored, total);
        }
    }

    /// # Safety
    /// `object` is a live tuple of the class that `info` describes.
    unsafe fn named_tuple(&mut self, object: Object, depth: usize, info: &kinds::TypeInfo) {
        // SAFETY: per the contract.
        let total = unsafe { ffi::PyTuple_Size(object) }.max(0) as usize;
        if depth >= self.limits.depth {
            return self.tape.text(&format!("<{}>", info.name));
        }
        let open = self.tape.open_object(&info.name);
        let mut stored = 0;
        for field in info.fields.iter().take(total.min(self.limits.breadth)) {
            if self.tape.len() >= self.max_bytes {
                break;
            }
            self.tape.key(field);
            // SAFETY: the index is within the tuple, which never changes and holds its members.
            unsafe { self.value(ffi::PyTuple_GetItem(object, stored as ffi::Py_ssize_t), depth + 1) };
            stored += 1;
        }
        self.tape.close(open, stored, total);
    }

    /// # Safety
    /// `object` is a live set or frozenset or of a subclass; read by the base class's own iterator.
    unsafe fn set(&mut self, object: Object, depth: usize) {
        // SAFETY: per the contract.
        let set = unsafe { Bound::from_borrowed_ptr(self.py, object) };
        // SAFETY: per the contract.
        let is_frozen = unsafe { ffi::PyFrozenSet_Check(object) };
        let class = match is_frozen {
            0 => self.py.get_type::<pyo3::types::PySet>(),
            _ => self.py.get_type::<pyo3::types::PyFrozenSet>(),
        };
        // SAFETY: per the contract.
        let total = unsafe { ffi::PySet_Size(object) }.max(0) as usize;
        let open = self.tape.open_list();
        let mut stored = 0;
        if depth < self.limits.depth
            && let Ok(mut iterator) =
                class.call_method1("__iter__", (&set,)).and_then(|i| i.cast_into().map_err(PyErr::from))
        {
            let iterator: &mut Bound<'_, pyo3::types::PyIterator> = &mut iterator;
            while stored < self.limits.breadth && self.tape.len() < self.max_bytes {
                let Some(Ok(item)) = iterator.next() else { break };
                // SAFETY: the item is held.
                unsafe { self.value(item.as_ptr(), depth + 1) };
                stored += 1;
            }
        }
        self.tape.close(open, stored, total);
    }

    /// # Safety
    /// `object` is live and of a type whose `str()` is harmless.
    unsafe fn str_of(&mut self, object: Object, name: &str) {
        // SAFETY: per the contract.
        unsafe {
            let text = ffi::PyObject_Str(object);
            self.owned_text(text, name);
        }
    }

    /// # Safety
    /// `object` is live. Runs code of the application: only with the option.
    unsafe fn repr_of(&mut self, object: Object, name: &str) {
        let _inside = faultwire::gate::Inside::enter();
        // SAFETY: per the contract.
        unsafe {
            let text = ffi::PyObject_Repr(object);
            self.owned_text(text, name);
        }
    }

    /// Writes a new reference to a text, or the class's name where it is null.
    ///
    /// # Safety
    /// `owned` is null with an error set, or a new reference to a `str`.
    unsafe fn owned_text(&mut self, owned: Object, name: &str) {
        // SAFETY: per the contract.
        unsafe {
            if owned.is_null() {
                ffi::PyErr_Clear();
                return self.tape.text(&format!("<{name}>"));
            }
            self.tape.text(&text::utf8(self.py, owned, self.limits.text));
            ffi::Py_DECREF(owned);
        }
    }

    /// # Safety
    /// `object` is a live enum member.
    unsafe fn enum_member(&mut self, object: Object, name: &str) {
        let short = name.rsplit('.').next().unwrap_or(name);
        // SAFETY: per the contract.
        let member = unsafe { attribute_dict(self.py, object) }
            .and_then(|dict| dict.get_item("_name_").ok().flatten())
            .filter(|n| n.is_instance_of::<pyo3::types::PyString>());
        match member {
            // SAFETY: checked to be a str, and held.
            Some(member) => {
                // SAFETY: as above.
                let member = unsafe { text::utf8(self.py, member.as_ptr(), 256) };
                self.tape.text(&format!("{short}.{member}"));
            }
            None => self.tape.text(&format!("<{name}>")),
        }
    }

    /// # Safety
    /// `object` is a live module, function or class.
    unsafe fn code(&mut self, object: Object, name: &str) {
        // SAFETY: per the contract; a class is named past its metaclass, the others by their own types' attributes.
        unsafe {
            let shown = Bound::from_borrowed_ptr(self.py, object);
            if ffi::PyType_Check(object) != 0 {
                let (module, class) = kinds::module_and_name(&shown);
                let dot = if module.is_some() { "." } else { "" };
                return self.tape.text(&format!("<class {}{dot}{class}>", module.unwrap_or_default()));
            }
            let named = ["__qualname__", "__name__"].iter().find_map(|n| {
                let name = shown.getattr(*n).ok()?;
                (ffi::PyUnicode_Check(name.as_ptr()) != 0).then(|| text::utf8(self.py, name.as_ptr(), 256).into_owned())
            });
            self.tape.text(&format!("<{name} {}>", named.unwrap_or_default()));
        }
    }

    /// An object by its class and plain attributes.
    ///
    /// # Safety
    /// `object` is live.
    unsafe fn object(&mut self, object: Object, depth: usize, name: &str) {
        // SAFETY: per the contract.
        let dict = unsafe { attribute_dict(self.py, object) };
        match dict.filter(|d| depth < self.limits.depth && !d.is_empty()) {
            None => self.tape.text(&format!("<{name}>")),
            Some(dict) => {
                let total = dict.len();
                let open = self.tape.open_object(name);
                // SAFETY: the dict is held.
                let stored = unsafe { self.members(dict.as_ptr(), depth, |_| true) };
                self.tape.close(open, stored, total);
            }
        }
    }
}

/// The attributes of an instance as they are stored, past any override of `__getattribute__` or `__dict__`.
///
/// # Safety
/// `object` is live and the GIL is held.
pub(crate) unsafe fn attribute_dict(py: Python<'_>, object: Object) -> Option<Bound<'_, pyo3::types::PyDict>> {
    let generic = crate::capi::get().generic_dict?;
    // SAFETY: per the contract; the function returns a new reference or null with an error set.
    unsafe {
        let dict = generic(object, std::ptr::null_mut());
        if dict.is_null() {
            ffi::PyErr_Clear();
            return None;
        }
        Bound::from_owned_ptr(py, dict).cast_into().ok()
    }
}

/// A short text for a value that must be one: a map's key, a tag.
///
/// # Safety
/// `object` is live and the GIL is held.
pub(crate) unsafe fn simple(py: Python<'_>, object: Object, limits: Limits) -> String {
    // SAFETY: per the contract; nearly always it is a text.
    unsafe {
        if ffi::Py_TYPE(object) == &raw mut ffi::PyUnicode_Type {
            return text::utf8(py, object, limits.text).into_owned();
        }
    }
    let mut tape = Tape::default();
    let limits = Limits { depth: 2, breadth: 8, ..limits };
    // SAFETY: per the contract.
    unsafe { Writer { py, tape: &mut tape, limits, nodes: 32, max_bytes: 4096 + limits.text }.value(object, 0) };
    match tape.read(0) {
        serde_json::Value::String(text) => text,
        serde_json::Value::Null => "None".to_owned(),
        serde_json::Value::Bool(true) => "True".to_owned(),
        serde_json::Value::Bool(false) => "False".to_owned(),
        other => other.to_string(),
    }
}
