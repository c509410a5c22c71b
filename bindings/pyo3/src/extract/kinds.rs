//! What kind of value a type's instances are, decided once a type.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::text;
use crate::gil::GilCell;

/// Types remembered; beyond that the table starts anew. Each holds its type alive.
const MAX_TYPES: usize = 4096;
/// Characters of a type's name.
const MAX_NAME: usize = 256;

/// How an instance is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Int,
    Float,
    Dict,
    List,
    Tuple,
    Set,
    Bytes,
    ByteArray,
    /// By `str()`: a type of the standard library whose `__str__` is harmless.
    Plain,
    /// `Color.RED`: by class and `_name_`.
    Enum,
    /// A module, function or class: by name only.
    Code,
    /// An exception: by class and safe rendering of its arguments.
    Exception,
    /// Anything else: by class and plain attributes.
    Object,
}

/// What is remembered of a type.
#[derive(Debug)]
pub(crate) struct TypeInfo {
    pub kind: Kind,
    /// `module.qualname`, without `builtins.`.
    pub name: Arc<str>,
    /// Names of the members of a named tuple: they are keys, and can be sensitive.
    pub fields: Vec<String>,
}

/// A hasher for pointers and small integers: one multiplication.
#[derive(Default)]
pub(crate) struct PointerHasher(u64);

impl Hasher for PointerHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }
    fn write_u64(&mut self, n: u64) {
        // Fibonacci hashing, rotated so that the high bits, which mix best, come low.
        self.0 = (self.0 ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(26);
    }
    fn write_usize(&mut self, n: usize) {
        self.write_u64(n as u64);
    }
}

pub(crate) type PointerMap<V> = HashMap<usize, V, BuildHasherDefault<PointerHasher>>;

struct Entry {
    info: Arc<TypeInfo>,
    _alive: Py<PyAny>,
}

static TYPES: GilCell<Option<PointerMap<Entry>>> = GilCell::new(None);

/// The kind and name of an object's type. Never runs code of the application (a metaclass aside).
///
/// # Safety
/// `object` is live and the GIL is held.
pub(crate) unsafe fn of(py: Python<'_>, object: *mut ffi::PyObject) -> Arc<TypeInfo> {
    // SAFETY: per the contract.
    let class = unsafe { ffi::Py_TYPE(object) };
    if let Some(mut table) = TYPES.borrow(py)
        && let Some(entry) = table.get_or_insert_default().get(&(class as usize))
    {
        return Arc::clone(&entry.info);
    }
    // SAFETY: an object's type is a live object.
    let class = unsafe { Bound::from_borrowed_ptr(py, class.cast::<ffi::PyObject>()) };
    let info =
        Arc::new(TypeInfo { kind: kind(py, &class), name: qualified_name(&class), fields: tuple_fields(&class) });
    if let Some(mut table) = TYPES.borrow(py) {
        let table = table.get_or_insert_default();
        if table.len() >= MAX_TYPES {
            table.clear();
        }
        let entry = Entry { info: Arc::clone(&info), _alive: class.clone().unbind() };
        table.insert(class.as_ptr() as usize, entry);
    }
    info
}

/// A type's attribute, past any override in its metaclass.
fn type_attribute<'py>(class: &Bound<'py, PyAny>, name: &str) -> Option<Bound<'py, PyAny>> {
    let of_type = class.py().get_type::<pyo3::types::PyType>();
    let found = of_type.call_method1("__getattribute__", (class, name));
    found.ok()
}

fn short_text(value: &Bound<'_, PyAny>) -> Option<String> {
    // SAFETY: checked to be a str; the GIL is held, and the object outlives the call.
    let is_text = unsafe { ffi::PyUnicode_Check(value.as_ptr()) } != 0;
    // SAFETY: as above.
    is_text.then(|| unsafe { text::utf8(value.py(), value.as_ptr(), MAX_NAME) }.into_owned())
}

/// `module` and `qualname` of a class.
pub(crate) fn module_and_name(class: &Bound<'_, PyAny>) -> (Option<String>, String) {
    let module = type_attribute(class, "__module__").as_ref().and_then(short_text);
    let name = type_attribute(class, "__qualname__").as_ref().and_then(short_text);
    (module.filter(|m| m != "builtins"), name.unwrap_or_else(|| "object".to_owned()))
}

/// `_fields` of a named tuple's class.
fn tuple_fields(class: &Bound<'_, PyAny>) -> Vec<String> {
    // SAFETY: `class` is a type object, since it came from `Py_TYPE`.
    let flags = unsafe { ffi::PyType_GetFlags(class.as_ptr().cast()) };
    if flags & ffi::Py_TPFLAGS_TUPLE_SUBCLASS == 0 {
        return Vec::new();
    }
    let fields = type_attribute(class, "_fields").and_then(|f| f.cast_into::<pyo3::types::PyTuple>().ok());
    fields.map(|fields| fields.iter().filter_map(|field| short_text(&field)).collect()).unwrap_or_default()
}

fn qualified_name(class: &Bound<'_, PyAny>) -> Arc<str> {
    match module_and_name(class) {
        (Some(module), name) => format!("{module}.{name}").into(),
        (None, name) => name.into(),
    }
}

fn kind(py: Python<'_>, class: &Bound<'_, PyAny>) -> Kind {
    // SAFETY: `class` is a type object, since it came from `Py_TYPE`.
    let flags = unsafe { ffi::PyType_GetFlags(class.as_ptr().cast()) };
    let has = |flag| flags & flag != 0;
    if is_a(py, class, "enum", &["Enum"]) {
        Kind::Enum
    } else if has(ffi::Py_TPFLAGS_UNICODE_SUBCLASS) {
        Kind::Text
    } else if has(ffi::Py_TPFLAGS_LONG_SUBCLASS) {
        Kind::Int
    } else if has(ffi::Py_TPFLAGS_DICT_SUBCLASS) {
        Kind::Dict
    } else if has(ffi::Py_TPFLAGS_LIST_SUBCLASS) {
        Kind::List
    } else if has(ffi::Py_TPFLAGS_TUPLE_SUBCLASS) {
        Kind::Tuple
    } else if has(ffi::Py_TPFLAGS_BYTES_SUBCLASS) {
        Kind::Bytes
    } else if has(ffi::Py_TPFLAGS_BASE_EXC_SUBCLASS) {
        Kind::Exception
    } else if has(ffi::Py_TPFLAGS_TYPE_SUBCLASS) {
        Kind::Code
    } else {
        named_kind(py, class)
    }
}

fn named_kind(py: Python<'_>, class: &Bound<'_, PyAny>) -> Kind {
    if is_a(py, class, "builtins", &["float"]) {
        return Kind::Float;
    }
    if is_a(py, class, "builtins", &["bytearray"]) {
        return Kind::ByteArray;
    }
    if is_a(py, class, "builtins", &["set", "frozenset"]) {
        return Kind::Set;
    }
    if is_exactly(py, class, "types", &["FunctionType", "BuiltinFunctionType", "MethodType", "ModuleType"]) {
        return Kind::Code;
    }
    // Types whose `str()` is code of the standard library without effects. Exact types only: a subclass
    // can override it.
    const PLAIN: &[(&str, &[&str])] = &[
        ("builtins", &["complex", "range", "slice"]),
        ("datetime", &["datetime", "date", "time", "timedelta", "timezone"]),
        ("decimal", &["Decimal"]),
        ("fractions", &["Fraction"]),
        ("uuid", &["UUID"]),
        ("pathlib", &["PurePath", "PurePosixPath", "PureWindowsPath", "Path", "PosixPath", "WindowsPath"]),
        ("ipaddress", &["IPv4Address", "IPv6Address", "IPv4Network", "IPv6Network"]),
        ("re", &["Pattern"]),
        ("zoneinfo", &["ZoneInfo"]),
    ];
    if PLAIN.iter().any(|(module, names)| is_exactly(py, class, module, names)) { Kind::Plain } else { Kind::Object }
}

/// The classes of a module, if it is loaded: nothing is imported.
fn loaded<'py>(py: Python<'py>, module: &str, name: &str) -> Option<Bound<'py, PyAny>> {
    let modules = py.import("sys").ok()?.getattr("modules").ok()?.cast_into::<PyDict>().ok()?;
    let module = modules.get_item(module).ok()??;
    let found = module.getattr("__dict__").ok()?.cast_into::<PyDict>().ok()?.get_item(name).ok()??;
    // SAFETY: asks for the type of a live object.
    (unsafe { ffi::PyType_Check(found.as_ptr()) } != 0).then_some(found)
}

fn is_a(py: Python<'_>, class: &Bound<'_, PyAny>, module: &str, names: &[&str]) -> bool {
    names.iter().filter_map(|name| loaded(py, module, name)).any(|base| {
        // SAFETY: both are type objects; unlike `issubclass` this runs no code.
        unsafe { ffi::PyType_IsSubtype(class.as_ptr().cast(), base.as_ptr().cast()) != 0 }
    })
}

fn is_exactly(py: Python<'_>, class: &Bound<'_, PyAny>, module: &str, names: &[&str]) -> bool {
    names.iter().filter_map(|name| loaded(py, module, name)).any(|known| known.is(class))
}
