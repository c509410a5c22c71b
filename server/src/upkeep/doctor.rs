//! Is all well? What can be said of a data directory and its settings without changing anything.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::health::disk;
use crate::settings::Settings;
use crate::store::sqlite::schema;
use crate::tls::Certificate;

/// Below this the disk counts as nearly full, in bytes: a few segments of the log and room for the database.
const LITTLE_ROOM: u64 = 512 << 20;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub what: &'static str,
    /// Whether it is well.
    pub is_well: bool,
    /// What was found, and what to do if it is not well.
    pub says: String,
}

fn well(what: &'static str, says: impl Into<String>) -> Finding {
    Finding { what, is_well: true, says: says.into() }
}

fn ill(what: &'static str, says: impl Into<String>) -> Finding {
    Finding { what, is_well: false, says: says.into() }
}

/// Looks at everything.
pub fn doctor(settings: &Settings) -> Vec<Finding> {
    let folder = &settings.data_dir;
    vec![
        directory(folder),
        room(folder),
        database(folder),
        log(folder),
        occurrences(folder),
        backups(folder),
        address(settings),
        certificate(settings),
    ]
}

fn directory(folder: &Path) -> Finding {
    let what = "data directory";
    match fs::metadata(folder) {
        Err(error) => ill(what, format!("{}: {error}; the first start makes it", folder.display())),
        Ok(found) if !found.is_dir() => ill(what, format!("{}: it is no folder", folder.display())),
        Ok(found) if found.permissions().mode() & 0o077 != 0 => {
            ill(what, format!("{}: others have access to it; `chmod 700` it", folder.display()))
        }
        Ok(_) => well(what, folder.display().to_string()),
    }
}

fn room(folder: &Path) -> Finding {
    let what = "disk";
    match disk::room(folder).map(|room| room.free) {
        Err(error) => ill(what, error.to_string()),
        Ok(free) if free < LITTLE_ROOM => {
            ill(what, format!("{} MB are free; events are refused when it is full: see retention_bytes", free >> 20))
        }
        Ok(free) => well(what, format!("{} MB are free", free >> 20)),
    }
}

fn database(folder: &Path) -> Finding {
    let what = "database";
    let path = folder.join("faultwire.db");
    if !path.exists() {
        return well(what, "none yet; the first start makes it");
    }
    let checked = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).and_then(|connection| {
        let verdict: String = connection.query_row("PRAGMA quick_check", [], |row| row.get(0))?;
        let events: f64 = connection.query_row("SELECT COALESCE(SUM(raw), 0.0) FROM issues", [], |row| row.get(0))?;
        let issues: i64 = connection.query_row("SELECT COUNT(*) FROM issues", [], |row| row.get(0))?;
        Ok((verdict, issues, events, schema::version(&connection, &path)))
    });
    match checked {
        Ok((verdict, issues, events, Ok(version))) if verdict == "ok" => {
            let next = match version < schema::VERSION {
                true => format!("; the next start upgrades it to {}, and keeps a copy", schema::VERSION),
                false => String::new(),
            };
            well(what, format!("sound: {issues} issues, {events} events; version {version}{next}"))
        }
        Ok((verdict, _, _, Err(newer))) if verdict == "ok" => ill(what, format!("{newer:#}")),
        Ok((verdict, ..)) => ill(what, format!("damaged: {verdict}; restore a backup")),
        Err(error) => ill(what, format!("cannot be read: {error}")),
    }
}

/// Files of a folder and their bytes.
fn files(folder: &Path) -> std::io::Result<(usize, u64)> {
    let mut sum = (0, 0);
    for entry in fs::read_dir(folder)? {
        sum = (sum.0 + 1, sum.1 + entry?.metadata()?.len());
    }
    Ok(sum)
}

fn log(folder: &Path) -> Finding {
    match files(&folder.join("log")) {
        Ok((segments, _)) if segments > 16 => {
            ill("log", format!("{segments} segments wait to be consumed: is the server running, and does it keep up?"))
        }
        Ok((segments, bytes)) => well("log", format!("{segments} segments, {} MB", bytes >> 20)),
        Err(_) => well("log", "none yet"),
    }
}

fn occurrences(folder: &Path) -> Finding {
    match files(&folder.join("occurrences")) {
        Ok((count, bytes)) => well("occurrences", format!("{count} files, {} MB", bytes >> 20)),
        Err(_) => well("occurrences", "none yet"),
    }
}

fn backups(folder: &Path) -> Finding {
    let found = fs::read_dir(folder.join("backups")).into_iter().flatten().flatten();
    let names: Vec<_> = found.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    match names.is_empty() {
        true => well("backups", "none was needed: no upgrade yet"),
        false => well("backups", format!("{}: delete what you will not go back to", names.join(", "))),
    }
}

fn address(settings: &Settings) -> Finding {
    let what = "address";
    let is_loopback = settings.listen.ip().is_loopback();
    match &settings.public_url {
        None if is_loopback => well(what, format!("{}, for this machine only", settings.listen)),
        None => ill(what, "it listens to other machines, and public_url is not set: DSNs and links lead nowhere"),
        Some(url) if url.starts_with("http://") && !is_loopback => {
            ill(what, format!("{url} is not encrypted: passwords and events can be read on the way"))
        }
        Some(url) => well(what, url.clone()),
    }
}

fn certificate(settings: &Settings) -> Finding {
    let what = "certificate";
    match Certificate::open(settings) {
        Ok(None) => well(what, "none: https is for a proxy, if there is any"),
        Ok(Some(_)) => well(what, "it fits its key"),
        Err(error) => ill(what, format!("{error:#}")),
    }
}
