//! Python's objects to core's raw captures, on the app thread: bounded, and without running code of
//! the application but for `__str__` of an exception class that defines one.

pub(crate) mod chain;
pub(crate) mod code;
pub(crate) mod json;
pub(crate) mod kinds;
pub(crate) mod text;
pub(crate) mod traceback;
pub(crate) mod types;
pub(crate) mod values;
