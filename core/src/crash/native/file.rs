//! What a process leaves for the next one: `TIME-RANDOM.crash`, empty unless it crashed, which it holds locked while
//! it lives; and beside it `.scope`, what the event of a crash would say of it. Both lie with the spool.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::outbox::spool::{entries, is_linked, is_private, lock, opened};
use crate::own::Own;
use crate::protocol::{Timestamp, random_u64};

const CRASH: &str = "crash";
const SCOPE: &str = "scope";
/// A scope that is being written.
const UNFINISHED: &str = "unfinished";
/// Beyond so many, the oldest go: a process that always fails before it can report.
const MAX_FILES: usize = 64;
/// Of either file: what is longer was not written by us.
const MAX_BYTES: u64 = 8 << 20;

/// A crash file, locked.
#[derive(Debug)]
pub(super) struct CrashFile {
    path: PathBuf,
    pub file: Own<File>,
}

impl CrashFile {
    /// A new one, in a directory that is known to be private.
    pub fn create(directory: &Path) -> io::Result<CrashFile> {
        make_room(directory);
        let name = format!("{:016x}-{:08x}.{CRASH}", Timestamp::now().0.max(0), random_u64() as u32);
        let path = directory.join(name);
        let file = opened(OpenOptions::new().create_new(true), &path)?;
        // Between the two, somebody may have taken it for one that was left.
        if !lock(&file)? || !is_linked(&file)? {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        Ok(CrashFile { path, file: Own::new(file) })
    }

    /// One that a dead process left; `None` when its process lives, or it is not ours.
    fn adopt(path: &Path) -> io::Result<Option<CrashFile>> {
        let file = opened(&mut OpenOptions::new(), path)?;
        let is_free = is_private(&file)? && lock(&file)? && is_linked(&file)?;
        Ok(is_free.then(|| CrashFile { path: path.to_owned(), file: Own::new(file) }))
    }

    /// Tells one file from another.
    pub fn name(&self) -> &OsStr {
        self.path.file_name().unwrap_or_default()
    }

    pub fn read(&self) -> io::Result<Vec<u8>> {
        bounded(self.file.get().ok_or(io::ErrorKind::NotFound)?)
    }

    pub fn read_scope(&self) -> io::Result<Vec<u8>> {
        let file = opened(&mut OpenOptions::new(), &self.beside(SCOPE))?;
        if !is_private(&file)? {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        bounded(&file)
    }

    /// Replaces the scope at once: whoever reads finds the former one or this.
    pub fn write_scope(&self, bytes: &[u8]) -> io::Result<()> {
        let unfinished = self.beside(UNFINISHED);
        let _ = fs::remove_file(&unfinished);
        opened(OpenOptions::new().create_new(true), &unfinished)?.write_all(bytes)?;
        fs::rename(&unfinished, self.beside(SCOPE))
    }

    /// True until it is deleted under us, or closed by the application.
    pub fn exists(&self) -> bool {
        self.file.get().is_some_and(|file| is_linked(file).unwrap_or(false))
    }

    pub fn remove(&self) {
        // In this order: a scope without its crash file is known to be nobody's.
        for path in [self.path.clone(), self.beside(SCOPE), self.beside(UNFINISHED)] {
            let _ = fs::remove_file(path);
        }
    }

    fn beside(&self, extension: &str) -> PathBuf {
        self.path.with_extension(extension)
    }
}

fn bounded(file: &File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The crash files in a directory, oldest first.
fn list(directory: &Path) -> Vec<PathBuf> {
    let mut all = entries(directory);
    all.retain(|path| path.extension() == Some(OsStr::new(CRASH)));
    all.sort_unstable();
    all
}

/// Those whose processes are dead, oldest first. What belongs to none is deleted.
pub(super) fn orphans(directory: &Path) -> Vec<CrashFile> {
    let orphans = list(directory).iter().filter_map(|path| CrashFile::adopt(path).ok().flatten()).collect();
    for path in entries(directory) {
        let is_beside = [SCOPE, UNFINISHED].iter().any(|kind| path.extension() == Some(OsStr::new(kind)));
        if is_beside && !path.with_extension(CRASH).exists() {
            let _ = fs::remove_file(&path);
        }
    }
    orphans
}

/// Whether a dead process left one. Creates nothing.
pub(super) fn has_orphans(directory: &Path) -> bool {
    list(directory).iter().any(|path| matches!(CrashFile::adopt(path), Ok(Some(_))))
}

fn make_room(directory: &Path) {
    let all = list(directory);
    let too_many = (all.len() + 1).saturating_sub(MAX_FILES);
    for path in all.iter().take(too_many) {
        if let Ok(Some(file)) = CrashFile::adopt(path) {
            file.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_living_process_keeps_its_file() {
        let home = tempfile::tempdir().unwrap();
        let own = CrashFile::create(home.path()).unwrap();
        own.write_scope(b"who").unwrap();
        own.write_scope(b"who it was").unwrap();
        assert!(orphans(home.path()).is_empty() && !has_orphans(home.path()));
        drop(own);
        assert!(has_orphans(home.path()));
        let left = orphans(home.path());
        assert_eq!(left.len(), 1);
        assert_eq!((left[0].read().unwrap(), left[0].read_scope().unwrap()), (vec![], b"who it was".to_vec()));
        left[0].remove();
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_belongs_to_no_crash_file_goes() {
        let home = tempfile::tempdir().unwrap();
        for name in ["a.scope", "b.unfinished", "c.spool"] {
            fs::write(home.path().join(name), "").unwrap();
        }
        assert!(orphans(home.path()).is_empty());
        let left: Vec<_> = fs::read_dir(home.path()).unwrap().flatten().map(|e| e.file_name()).collect();
        assert_eq!(left, ["c.spool"]);
    }

    #[test]
    fn there_are_never_too_many() {
        let home = tempfile::tempdir().unwrap();
        for n in 0..MAX_FILES + 10 {
            fs::write(home.path().join(format!("{n:04}.crash")), "").unwrap();
        }
        for path in list(home.path()) {
            fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        }
        let own = CrashFile::create(home.path()).unwrap();
        assert_eq!(list(home.path()).len(), MAX_FILES);
        assert!(own.exists());
    }
}
