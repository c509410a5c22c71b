//! What the machine says of itself.

use crate::protocol::Value;

/// The host's name.
pub(crate) fn host_name() -> Option<String> {
    #[cfg(unix)]
    {
        let mut buffer = [0u8; 256];
        // SAFETY: the buffer is valid for its length, and one byte is left for the terminator.
        let status = unsafe { libc::gethostname(buffer.as_mut_ptr().cast(), buffer.len() - 1) };
        let end = buffer.iter().position(|b| *b == 0)?;
        (status == 0 && end > 0).then(|| String::from_utf8_lossy(&buffer[..end]).into_owned())
    }
    #[cfg(not(unix))]
    {
        std::env::var("COMPUTERNAME").ok()
    }
}

/// `contexts.os`: name and kernel version.
pub(crate) fn os_context() -> Value {
    #[cfg(unix)]
    {
        // SAFETY: utsname is plain data for which zeroes are valid; uname fills it.
        let names = unsafe {
            let mut names: libc::utsname = std::mem::zeroed();
            (libc::uname(&raw mut names) == 0).then_some(names)
        };
        if let Some(names) = names {
            let text = |field: &[libc::c_char]| {
                field.iter().take_while(|c| **c != 0).map(|c| *c as u8 as char).collect::<String>()
            };
            return serde_json::json!({"name": text(&names.sysname), "version": text(&names.release)});
        }
    }
    serde_json::json!({"name": std::env::consts::OS})
}

/// Runs `spawn` with all signals blocked, so that a thread it starts inherits that.
pub(crate) fn without_signals<R>(spawn: impl FnOnce() -> R) -> R {
    #[cfg(unix)]
    {
        // SAFETY: the sets are plain data, filled before they are read; the old mask is put back.
        unsafe {
            let mut all: libc::sigset_t = std::mem::zeroed();
            let mut old: libc::sigset_t = std::mem::zeroed();
            libc::sigfillset(&raw mut all);
            let blocked = libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut old) == 0;
            let result = spawn();
            if blocked {
                libc::pthread_sigmask(libc::SIG_SETMASK, &raw const old, std::ptr::null_mut());
            }
            result
        }
    }
    #[cfg(not(unix))]
    spawn()
}

/// The kernel's number of a thread of this process, where it is known how to ask for it.
#[derive(Debug)]
pub(crate) struct ThreadId(#[cfg(target_os = "linux")] libc::c_long);

impl ThreadId {
    /// The calling thread's.
    pub fn current() -> ThreadId {
        #[cfg(target_os = "linux")]
        // SAFETY: takes nothing and cannot fail.
        return ThreadId(unsafe { libc::syscall(libc::SYS_gettid) });
        #[cfg(not(target_os = "linux"))]
        ThreadId()
    }

    /// True while the kernel counts the thread among those of the process; false where it cannot be asked.
    pub fn is_counted(&self) -> bool {
        #[cfg(target_os = "linux")]
        return std::path::Path::new(&format!("/proc/self/task/{}", self.0)).exists();
        #[cfg(not(target_os = "linux"))]
        false
    }
}
