//! A data directory of an older server is made one of this.
//!
//! First it is copied, as `backup` does it, but with the files of occurrences by a second name: those are large, and
//! no upgrade writes into them. The copy has its name once the upgrade stands. So an upgrade that fails or is killed
//! leaves no copies behind, however often it is tried again: the data are then as the older server left them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::backup;
use crate::data_dir::DataDir;
use crate::store::sqlite::schema;

/// Ends the name of a copy whose upgrade does not stand yet.
const UNFINISHED: &str = ".unfinished";

/// Upgrades the directory if an older server wrote it; the copy that was made before, if so.
///
/// # Errors
/// When a newer server wrote it, there is no room for a copy, or a step fails; nothing has changed then.
pub fn upgrade(directory: &DataDir) -> anyhow::Result<Option<PathBuf>> {
    let path = directory.database();
    if !path.exists() {
        return Ok(None);
    }
    let mut database = Connection::open(&path).with_context(|| format!("database {}", path.display()))?;
    database.busy_timeout(Duration::from_secs(10))?;
    // What an earlier life left is brought to disk where all is: once the server runs.
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    let found = schema::version(&database, &path)?;
    let backups = directory.backups();
    settle(&backups, found).with_context(|| format!("folder {}", backups.display()))?;
    if found == 0 || found == schema::VERSION {
        return Ok(None);
    }
    let named = || format!("data directory {}: upgrade from version {found}", directory.path().display());
    if !backups.exists() {
        backup::make_private(&backups)?;
    }
    let copy = backups.join(format!("version-{found}{UNFINISHED}"));
    let upgraded = backup::copy(directory.path(), &copy, |from, to| fs::hard_link(from, to))
        .context("copy")
        .and_then(|()| schema::bring_up(&mut database))
        .with_context(named);
    if let Err(error) = upgraded {
        let _ = fs::remove_dir_all(&copy);
        return Err(error);
    }
    let kept = finish(&backups, &copy, found).with_context(named)?;
    tracing::info!(from = found, to = schema::VERSION, backup = %kept.display(), "data directory upgraded");
    Ok(Some(kept))
}

/// What an upgrade left that was killed: it stands, and then its copy is one to be kept; or it does not.
fn settle(backups: &Path, found: i64) -> anyhow::Result<()> {
    if !backups.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(backups)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let version = name.strip_suffix(UNFINISHED).and_then(|name| name.strip_prefix("version-")?.parse::<i64>().ok());
        match version {
            Some(version) if version < found => drop(finish(backups, &path, version)?),
            Some(_) => fs::remove_dir_all(&path)?,
            None => {}
        }
    }
    Ok(())
}

/// Names a copy: `version-1`, or `version-1-2` if the first is there from an earlier time.
fn finish(backups: &Path, copy: &Path, version: i64) -> anyhow::Result<PathBuf> {
    let names = std::iter::once(format!("version-{version}")).chain((2..).map(|n| format!("version-{version}-{n}")));
    let free = names.map(|name| backups.join(name)).find(|path| !path.exists()).context("a name for the copy")?;
    fs::rename(copy, &free)?;
    fs::File::open(backups)?.sync_all()?;
    Ok(free)
}
