//! The one guard of every export: a bug in Faultwire must never reach the application.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `export`; a panic within it becomes `otherwise`.
pub(crate) fn guard<R>(otherwise: R, export: impl FnOnce() -> R) -> R {
    catch_unwind(AssertUnwindSafe(export)).unwrap_or(otherwise)
}

/// Panics in this library are caught and counted; the default hook would write them to the
/// application's stderr. This copy of the standard library is ours alone, and so is its hook.
pub(crate) fn silence_panics() {
    std::panic::set_hook(Box::new(|_| {}));
}
