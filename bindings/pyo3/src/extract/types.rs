//! Exception types: their names, and what the options say of them.

use std::sync::Arc;

use faultwire::interned::Interned;
use faultwire::options::Options;
use faultwire::sampling::TypePolicy;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::kinds::{self, PointerMap};
use crate::gil::GilCell;

/// Exception types remembered; beyond that the table starts anew.
const MAX_TYPES: usize = 2048;

#[derive(Debug)]
pub(crate) struct ExceptionType {
    /// Unique in the process.
    pub id: u64,
    pub module: Option<Interned<str>>,
    pub name: Interned<str>,
    pub policy: TypePolicy,
    /// `BaseExceptionGroup` or a subclass.
    pub is_group: bool,
    /// Defines `__str__` itself, rather than taking a built-in one.
    pub own_str: bool,
}

struct Entry {
    info: Arc<ExceptionType>,
    _alive: Py<PyAny>,
}

#[derive(Default)]
struct Types {
    by_pointer: PointerMap<Entry>,
    next_id: u64,
}

static TYPES: GilCell<Option<Types>> = GilCell::new(None);

/// Forgets everything: the options have changed.
pub(crate) fn reset(py: Python<'_>) {
    if let Some(mut table) = TYPES.borrow(py) {
        table.get_or_insert_default().by_pointer.clear();
    }
}

/// What is known of the type of an exception: its real one, whatever its `__class__` says.
///
/// # Safety
/// `exception` is live and the GIL is held.
pub(crate) unsafe fn of(py: Python<'_>, exception: *mut ffi::PyObject, options: &Options) -> Arc<ExceptionType> {
    // SAFETY: per the contract.
    let class = unsafe { ffi::Py_TYPE(exception) };
    if let Some(mut table) = TYPES.borrow(py)
        && let Some(entry) = table.get_or_insert_default().by_pointer.get(&(class as usize))
    {
        return Arc::clone(&entry.info);
    }
    // SAFETY: an object's type is a live object.
    let class = unsafe { Bound::from_borrowed_ptr(py, class.cast::<ffi::PyObject>()) };
    let mut info = describe(py, &class, options);
    let Some(mut table) = TYPES.borrow(py) else { return Arc::new(info) };
    let table = table.get_or_insert_default();
    if table.by_pointer.len() >= MAX_TYPES {
        table.by_pointer.clear();
    }
    table.next_id += 1;
    info.id = table.next_id;
    let info = Arc::new(info);
    let entry = Entry { info: Arc::clone(&info), _alive: class.clone().unbind() };
    table.by_pointer.insert(class.as_ptr() as usize, entry);
    info
}

fn describe(py: Python<'_>, class: &Bound<'_, PyAny>, options: &Options) -> ExceptionType {
    let of_type = py.get_type::<pyo3::types::PyType>();
    let mro = of_type.call_method1("__getattribute__", (class, "__mro__")).and_then(|m| Ok(m.cast_into::<PyTuple>()?));
    let bases: Vec<Bound<'_, PyAny>> = mro.map_or_else(|_| vec![class.clone()], |mro| mro.iter().collect());
    let names: Vec<(Option<String>, String)> = bases.iter().map(kinds::module_and_name).collect();
    let policy = TypePolicy::of(
        options,
        // Built-in classes can be named with their module, too.
        names.iter().map(|(module, name)| (Some(module.as_deref().unwrap_or("builtins")), name.as_str())),
    );
    let (module, name) = kinds::module_and_name(class);
    // The first class of the MRO that defines `__str__`: a class made in Python has a function there.
    let own_str = bases.iter().find_map(|base| {
        let dict = of_type.call_method1("__getattribute__", (base, "__dict__")).ok()?;
        let found = dict.call_method1("get", ("__str__",)).ok().filter(|f| !f.is_none())?;
        let type_name = found.get_type().name().ok()?;
        // `slot wrapper`: written in C. Only the plain ones of `BaseException` are replaced by safe rendering.
        let in_c = type_name.to_string_lossy() == "wrapper_descriptor";
        let plain = kinds::module_and_name(base).1 == "BaseException";
        Some(!(in_c && plain))
    });
    let is_group = names.iter().any(|(module, name)| module.is_none() && name == "BaseExceptionGroup");
    ExceptionType {
        id: 0,
        module: module.map(|module| Interned::lasting(module.into())),
        name: Interned::lasting(name.into()),
        policy,
        is_group,
        own_str: own_str.unwrap_or(false),
    }
}
