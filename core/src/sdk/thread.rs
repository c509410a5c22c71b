//! Who is calling.

use crate::capture::ThreadInfo;

/// The calling thread: the system's id, and its name.
pub(crate) fn here() -> ThreadInfo {
    ThreadInfo { id: id(), name: std::thread::current().name().map(Into::into) }
}

/// Asked for once a thread, and again in a forked child: a capture makes no system call.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn id() -> u64 {
    use std::cell::Cell;
    thread_local!(static KNOWN: Cell<(u64, u64)> = const { Cell::new((u64::MAX, 0)) });
    let generation = crate::fork_generation();
    let (asked_in, id) = KNOWN.get();
    if asked_in == generation {
        return id;
    }
    // SAFETY: has no preconditions.
    let id = unsafe { libc::syscall(libc::SYS_gettid) as u64 };
    KNOWN.set((generation, id));
    id
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
fn id() -> u64 {
    // SAFETY: has no preconditions. The number is an address, and stays the same for the thread's life.
    unsafe { libc::pthread_self() as usize as u64 }
}

#[cfg(not(unix))]
fn id() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    thread_local!(static ID: u64 = NEXT.fetch_add(1, Ordering::Relaxed));
    ID.try_with(|id| *id).unwrap_or(0)
}
