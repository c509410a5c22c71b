//! The folder that everything is kept in: private, and one server's at a time.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// A data directory that this process holds until it drops it.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Makes the folder if it is not there, and locks it.
    ///
    /// # Errors
    /// When it cannot be made, others may write to it, or another server uses it.
    pub fn open(path: &Path) -> anyhow::Result<DataDir> {
        let named = || format!("data directory {}", path.display());
        DirBuilder::new().recursive(true).mode(0o700).create(path).with_context(named)?;
        let mode = fs::metadata(path).with_context(named)?.permissions().mode();
        if mode & 0o022 != 0 {
            bail!("{}: others can write to it (mode {:o}); `chmod 700` it", named(), mode & 0o777);
        }
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(path.join("lock"))
            .with_context(named)?;
        match lock.try_lock() {
            Ok(()) => Ok(DataDir { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => bail!("{}: another faultwire-server uses it", named()),
            Err(TryLockError::Error(error)) => Err(error).with_context(named),
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the log is.
    pub fn log(&self) -> PathBuf {
        self.path.join("log")
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.path.join("faultwire.db")
    }

    /// The key that secrets of channels are sealed with. It belongs to the machine: a backup leaves it out.
    pub fn channel_key(&self) -> PathBuf {
        self.path.join("channel.key")
    }

    /// Where occurrences are.
    pub fn occurrences(&self) -> PathBuf {
        self.path.join("occurrences")
    }

    /// Copies that were made before an upgrade.
    pub fn backups(&self) -> PathBuf {
        self.path.join("backups")
    }
}
