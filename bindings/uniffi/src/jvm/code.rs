//! Code that the JVM runs, described once: frames name it by its number.

use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use faultwire::capture::CodeLocation;
use faultwire::interned::Interned;

static KNOWN: RwLock<Vec<Interned<CodeLocation>>> = RwLock::new(Vec::new());

/// The number of a method.
pub(super) fn intern(class: Option<&str>, method: Option<&str>, file: Option<&str>) -> i64 {
    let location = CodeLocation::new(file.unwrap_or_default(), method.unwrap_or_default(), class);
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    known.push(Interned::lasting(Box::new(location)));
    known.len() as i64 - 1
}

/// All that is known, by number.
pub(super) fn known() -> RwLockReadGuard<'static, Vec<Interned<CodeLocation>>> {
    KNOWN.read().unwrap_or_else(PoisonError::into_inner)
}

/// Numbers start anew.
pub(super) fn forget() {
    KNOWN.write().unwrap_or_else(PoisonError::into_inner).clear();
}
