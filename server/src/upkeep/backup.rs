//! A copy of a data directory, made while the server runs, and one made of it again.
//!
//! In a backup: the database as it was at one moment, and the occurrences that it names. Not in it: the log, which may
//! hold what clients have not cleaned, and the key of the channels' secrets. What was accepted and not yet counted, some
//! milliseconds' worth, is therefore missing.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use rusqlite::{Connection, OpenFlags};

use crate::data_dir::DataDir;

const DATABASE: &str = "faultwire.db";
const OCCURRENCES: &str = "occurrences";

/// Copies the data directory at `source` to the folder `target`, which must not exist.
///
/// # Errors
/// When it exists, or something cannot be read or written; a half-made copy is left for the user to look at and delete.
pub fn backup(source: &Path, target: &Path) -> anyhow::Result<()> {
    let database = source.join(DATABASE);
    if !database.exists() {
        bail!("data directory {}: there is no database in it", source.display());
    }
    make_private(target)?;
    let connection = Connection::open_with_flags(&database, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(std::time::Duration::from_secs(30))?;
    let copy = target.join(DATABASE);
    let name = copy.to_str().context("backup: the folder's name is not UTF-8")?;
    connection.execute("VACUUM INTO ?1", [name]).context("backup: database")?;
    // Files only grow: what the database names is in them, and what they have beyond is cut off at the next start.
    copy_files(&source.join(OCCURRENCES), &target.join(OCCURRENCES))
}

/// Makes the data directory `target`, which must not exist or be empty, from a backup.
///
/// # Errors
/// When it holds something, or the backup is damaged.
pub fn restore(backup: &Path, target: &Path) -> anyhow::Result<()> {
    let database = backup.join(DATABASE);
    let connection = Connection::open_with_flags(&database, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .with_context(|| format!("backup {}", backup.display()))?;
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if verdict != "ok" {
        bail!("backup {}: its database is damaged: {verdict}", backup.display());
    }
    if target.exists() && fs::read_dir(target)?.next().is_some() {
        bail!("data directory {}: it is not empty; name another, or move it away", target.display());
    }
    let directory = DataDir::open(target)?;
    copy_files(&backup.join(OCCURRENCES), &directory.occurrences())?;
    fs::copy(&database, directory.database()).context("restore: database")?;
    Ok(())
}

fn make_private(folder: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().mode(0o700).create(folder).with_context(|| format!("folder {}", folder.display()))
}

fn copy_files(source: &Path, target: &Path) -> anyhow::Result<()> {
    make_private(target)?;
    for entry in fs::read_dir(source).with_context(|| format!("folder {}", source.display()))? {
        let entry = entry?;
        match fs::copy(entry.path(), target.join(entry.file_name())) {
            Ok(_) => {}
            // Retention took it away in between, and its rows.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("file {}", entry.path().display())),
        }
    }
    Ok(())
}
