//! Forks: the engine's threads end before one and start again after it, because Python counts threads
//! at a fork and warns.
//!
//! Some versions count before the application's `after_in_parent`, some after it, so the threads stay
//! away until the call that forked has returned: a pending call, which Python makes between two
//! instructions of the main thread, sees to what waits for them. A capture does not wait for that.

use std::cell::RefCell;
use std::ffi::{c_int, c_void};
use std::sync::Arc;

use faultwire::client::Client;
use pyo3::ffi;
use pyo3::prelude::*;

use crate::client::current;
use crate::guard::guard;

thread_local! {
    /// Clients that this thread has paused, the last one on top. A forked child inherits what its parent
    /// had paused, below what it pauses itself; it never comes to it.
    static PAUSED: RefCell<Vec<Arc<Client>>> = const { RefCell::new(Vec::new()) };
}

/// Ends the engine's threads for a fork. Waits a moment, without the GIL.
#[pyfunction]
pub(crate) fn pause_threads(py: Python<'_>) {
    guard("pause_threads", (), || {
        let Some(client) = current() else { return };
        py.detach(|| client.pause_threads());
        PAUSED.with_borrow_mut(|paused| paused.push(client));
    });
}

/// Takes back the last pause of this thread, whatever client there is by now.
#[pyfunction]
pub(crate) fn resume_threads(py: Python<'_>) {
    guard("resume_threads", (), || {
        let Some(client) = PAUSED.with_borrow_mut(Vec::pop) else { return };
        py.detach(|| client.resume_threads());
        // Elsewhere the main thread may be long in coming, and Python warns of the two threads anyway.
        // SAFETY: the function lives as long as the process and takes no argument.
        let is_pending =
            is_main_thread() && unsafe { ffi::Py_AddPendingCall(Some(catch_up), std::ptr::null_mut()) } == 0;
        if !is_pending {
            py.detach(|| client.catch_up());
        }
    });
}

extern "C" fn catch_up(_: *mut c_void) -> c_int {
    guard("catch_up", (), || {
        if let Some(client) = current() {
            client.catch_up();
        }
    });
    0
}

fn is_main_thread() -> bool {
    // SAFETY: both take nothing and cannot fail.
    #[cfg(target_os = "linux")]
    return unsafe { libc::syscall(libc::SYS_gettid) == libc::c_long::from(libc::getpid()) };
    // SAFETY: takes nothing and cannot fail.
    #[cfg(target_os = "macos")]
    return unsafe { libc::pthread_main_np() == 1 };
    #[cfg(not(any(target_os = "linux", target_os = "macos")))]
    false
}
