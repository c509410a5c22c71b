//! A life after another one.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Captures nothing, and ends when nothing is left on disk.
pub fn recover() {
    let guard = super::init();
    let state = PathBuf::from(std::env::var_os("XDG_STATE_HOME").unwrap());
    let deadline = Instant::now() + super::PATIENT;
    while holds_files(&state) {
        assert!(Instant::now() < deadline, "{:?}", faultwire::stats());
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(guard);
}

fn holds_files(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).any(|path| path.is_file() || holds_files(&path))
}

/// The system gives no thread for a while: an event is captured then, another one later.
#[cfg(target_os = "linux")]
pub fn no_threads() {
    let guard = super::init();
    limit_memory(memory() + (1 << 20));
    assert!(faultwire::capture_message("while there are none", faultwire::Level::Info).is_some());
    assert!(std::thread::Builder::new().spawn(|| ()).is_err(), "a thread was to be had");
    assert_eq!(faultwire::stats().pending, 1);
    limit_memory(libc::RLIM_INFINITY);
    let deadline = Instant::now() + super::PATIENT;
    let mut captured = 1;
    while faultwire::stats().delivered < captured {
        assert!(Instant::now() < deadline, "{:?}", faultwire::stats());
        std::thread::sleep(Duration::from_millis(300));
        if captured < 10 {
            assert!(faultwire::capture_message("later", faultwire::Level::Info).is_some());
            captured += 1;
        }
    }
    drop(guard);
}

/// Bytes of address space that the process has.
#[cfg(target_os = "linux")]
fn memory() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = statm.split(' ').next().unwrap().parse().unwrap();
    // SAFETY: asks for a number.
    pages * unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as u64
}

#[cfg(target_os = "linux")]
fn limit_memory(to: u64) {
    let limit = libc::rlimit { rlim_cur: to, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: a live limit.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) }, 0);
}
