//! What a forked child must know, and what a fork must wait for.
//!
//! `fork` copies one thread: locks that other threads held stay locked in the child for ever, and
//! sockets and queues would be shared by two processes. So:
//! - before a fork, [`quiesced`](install) waits until worker and shipper hold no lock (they take
//!   [`busy`] while they work, and let go of it while they wait for a queue or a server);
//! - in the child, the handler adds one to the generation and nothing else;
//! - whoever uses a client in the child sees that its engine is of an older generation, leaves that
//!   one alone for ever and builds a new one (`client.rs`).
//!
//! Captures read the generation, one atomic load; never the pid.

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Once, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

static GENERATION: AtomicU64 = AtomicU64::new(0);
static WORK: RwLock<()> = RwLock::new(());

/// How often this process has been forked from the one that loaded the library.
pub(crate) fn generation() -> u64 {
    GENERATION.load(Ordering::Relaxed)
}

/// Held by a background thread while it may hold other locks. Never held across a request.
pub(crate) fn busy() -> RwLockReadGuard<'static, ()> {
    WORK.read().unwrap_or_else(PoisonError::into_inner)
}

/// Registers the handlers, once a process.
pub(crate) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        #[cfg(unix)]
        // SAFETY: the handlers are plain functions that live as long as the library, which is never unloaded.
        unsafe {
            libc::pthread_atfork(Some(prepare), Some(parent), Some(child));
        }
    });
}

/// The guard that the forking thread holds from `prepare` to `parent` or `child`.
struct Held(UnsafeCell<Option<RwLockWriteGuard<'static, ()>>>);

// SAFETY: only the thread that holds the write lock touches the cell, and only one can hold it.
unsafe impl Sync for Held {}

static HELD: Held = Held(UnsafeCell::new(None));

extern "C" fn prepare() {
    let guard = WORK.write().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: this thread holds the write lock, see `Held`.
    unsafe { *HELD.0.get() = Some(guard) };
}

extern "C" fn parent() {
    // SAFETY: this thread holds the write lock, see `Held`.
    let guard = unsafe { (*HELD.0.get()).take() };
    drop(guard);
}

extern "C" fn child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
    parent();
}
