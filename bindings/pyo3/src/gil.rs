//! State that only threads holding the GIL touch.
//!
//! The stable ABI exists for GIL builds only, so the GIL is always there. It is not enough by itself:
//! allocating a Python object can run the garbage collector, finalizers, and through them a second
//! capture on this or another thread while a table is borrowed. So every borrow can fail, and who
//! fails goes on without the table.

use std::cell::{RefCell, RefMut};

use pyo3::Python;

pub(crate) struct GilCell<T>(RefCell<T>);

// SAFETY: the only access is `borrow`, which takes proof that the GIL is held.
unsafe impl<T> Sync for GilCell<T> {}

impl<T> GilCell<T> {
    pub const fn new(value: T) -> Self {
        GilCell(RefCell::new(value))
    }

    /// The value, unless somebody further up this or another stack has it.
    pub fn borrow<'py>(&'py self, _py: Python<'py>) -> Option<RefMut<'py, T>> {
        self.0.try_borrow_mut().ok()
    }
}
