//! Who is calling.

use crate::capture::ThreadInfo;

/// The calling thread: the system's id, and its name.
pub(crate) fn here() -> ThreadInfo {
    ThreadInfo { id: id(), name: std::thread::current().name().map(str::to_owned) }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn id() -> u64 {
    // SAFETY: has no preconditions.
    unsafe { libc::syscall(libc::SYS_gettid) as u64 }
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
