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
