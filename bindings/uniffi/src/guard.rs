//! The one guard of every export: a bug in Faultwire must never reach the application. A panic that came as far as
//! UniFFI would end a Swift process.
//!
//! The body of an export is one call of [`guard`], under the name that it is exported by. A test arms each
//! name in turn.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use faultwire::testing::panic_if_armed;

/// Runs the export `name`; a panic within it becomes `otherwise`.
pub(crate) fn guard<R>(name: &str, otherwise: R, export: impl FnOnce() -> R) -> R {
    let armed = || {
        panic_if_armed(name);
        export()
    };
    catch_unwind(AssertUnwindSafe(armed)).unwrap_or(otherwise)
}

/// Panics in this library are caught and counted; the default hook would write them to the
/// application's stderr. This copy of the standard library is ours alone, and so is its hook.
pub(crate) fn silence_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| std::panic::set_hook(Box::new(|_| {})));
}
