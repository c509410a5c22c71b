//! A copy of a data directory, made while the server runs, and one made of it again.
//!
//! In a backup: the database as it was at one moment, and the occurrences that it names. Not in it: the log, which may
//! hold what clients have not cleaned, and the key of the channels' secrets. What was accepted and not yet counted, some
//! milliseconds' worth, is therefore missing.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::data_dir::DataDir;
use crate::store::sqlite::schema;

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
    copy(source, target, |from, to| fs::copy(from, to).map(drop))
}

/// Copies database and occurrences into a folder that it makes, and has them durable; a file of occurrences by `copy_file`.
pub(super) fn copy(
    source: &Path,
    target: &Path,
    copy_file: impl Fn(&Path, &Path) -> io::Result<()>,
) -> anyhow::Result<()> {
    make_private(target)?;
    let connection = Connection::open_with_flags(source.join(DATABASE), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(Duration::from_secs(30))?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    let database = target.join(DATABASE);
    let name = database.to_str().context("the folder's name is not UTF-8")?;
    connection.execute("VACUUM INTO ?1", [name]).with_context(|| format!("database {name}"))?;
    File::open(&database)?.sync_all()?;
    // Files only grow: what the database names is in them, and what they have beyond is cut off at the next start.
    copy_files(&source.join(OCCURRENCES), &target.join(OCCURRENCES), copy_file)?;
    Ok(File::open(target)?.sync_all()?)
}

/// Makes the data directory `target`, which must not exist or be empty, from a backup.
///
/// # Errors
/// When it holds something, or the backup is damaged or a newer server's.
pub fn restore(backup: &Path, target: &Path) -> anyhow::Result<()> {
    let database = backup.join(DATABASE);
    let connection = Connection::open_with_flags(&database, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .with_context(|| format!("backup {}", backup.display()))?;
    // A newer server's is refused here, before anything is made of it.
    schema::version(&connection, &database)?;
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if verdict != "ok" {
        bail!("backup {}: its database is damaged: {verdict}", backup.display());
    }
    if target.exists() && fs::read_dir(target)?.next().is_some() {
        bail!("data directory {}: it is not empty; name another, or move it away", target.display());
    }
    let directory = DataDir::open(target)?;
    copy_files(&backup.join(OCCURRENCES), &directory.occurrences(), |from, to| fs::copy(from, to).map(drop))?;
    fs::copy(&database, directory.database()).context("restore: database")?;
    Ok(())
}

pub(super) fn make_private(folder: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().mode(0o700).create(folder).with_context(|| format!("folder {}", folder.display()))
}

fn copy_files(source: &Path, target: &Path, copy_file: impl Fn(&Path, &Path) -> io::Result<()>) -> anyhow::Result<()> {
    make_private(target)?;
    for entry in fs::read_dir(source).with_context(|| format!("folder {}", source.display()))? {
        let entry = entry?;
        let copy = target.join(entry.file_name());
        match copy_file(&entry.path(), &copy) {
            Ok(()) => File::open(copy)?.sync_all()?,
            // Retention took it away in between, and its rows.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("file {}", entry.path().display())),
        }
    }
    Ok(())
}
