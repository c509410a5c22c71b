//! Memory of a signal handler: there beforehand, without a lock.

use std::cell::UnsafeCell;

/// A static that one thread at a time uses, as the phases of `signal` see to.
pub(super) struct Room<T>(UnsafeCell<T>);

// SAFETY: each use says which phase gives it to the thread alone.
unsafe impl<T> Sync for Room<T> {}

impl<T> Room<T> {
    pub const fn new(value: T) -> Room<T> {
        Room(UnsafeCell::new(value))
    }

    /// # Safety
    /// Nobody else uses it meanwhile.
    #[allow(clippy::mut_from_ref, reason = "that is what it is for")]
    pub unsafe fn get(&self) -> &mut T {
        // SAFETY: by the caller.
        unsafe { &mut *self.0.get() }
    }
}
