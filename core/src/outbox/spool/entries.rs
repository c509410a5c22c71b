//! What lies in a directory, also while the application closes descriptors that are not its own.
//!
//! The standard library takes a directory that was closed under it for a fault of the program, and panics.

use std::path::{Path, PathBuf};

/// The paths of all that is in a directory, as far as it can be read; none where there is no directory.
#[cfg(unix)]
pub(crate) fn entries(path: &Path) -> Vec<PathBuf> {
    use std::ffi::{CStr, CString, OsStr};
    use std::os::unix::ffi::OsStrExt;

    use crate::descriptor::Identity;

    let mut all = Vec::new();
    let Ok(name) = CString::new(path.as_os_str().as_bytes()) else { return all };
    // SAFETY: the stream is this function's alone. An entry is read before the next one is asked for, and its name ends
    // in zero.
    unsafe {
        let stream = libc::opendir(name.as_ptr());
        if stream.is_null() {
            return all;
        }
        let identity = Identity::of(libc::dirfd(stream));
        while let Some(entry) = libc::readdir(stream).as_ref() {
            let name = OsStr::from_bytes(CStr::from_ptr(entry.d_name.as_ptr()).to_bytes());
            if name != "." && name != ".." {
                all.push(path.join(name));
            }
        }
        // What is somebody else's by now stays open, and costs us the buffer.
        if Identity::of(libc::dirfd(stream)) == identity {
            libc::closedir(stream);
        }
    }
    all
}

#[cfg(not(unix))]
pub(crate) fn entries(path: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_found_and_nothing_stays_open() {
        let home = tempfile::tempdir().unwrap();
        let mut expected: Vec<PathBuf> = (0..50).map(|n| home.path().join(format!("{n}-é"))).collect();
        expected.iter().for_each(|path| std::fs::write(path, "").unwrap());
        expected.sort();
        // More often than a process may have files open.
        for _ in 0..2000 {
            assert_eq!(entries(home.path()).len(), 50);
        }
        let mut found = entries(home.path());
        found.sort();
        assert_eq!(found, expected);
        assert!(entries(&home.path().join("nowhere")).is_empty());
        assert!(entries(&expected[0]).is_empty(), "a file");
    }
}
