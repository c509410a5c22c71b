//! The data directory: can it be used, is there room, is what is in it sound.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use faultwire::framing::{Frames, Mark};
use rusqlite::{Connection, OpenFlags};

use super::{Finding, ill, well};
use crate::alerts::Vault;
use crate::health::disk;
use crate::store::sqlite::schema;

/// Below this the disk counts as nearly full, in bytes: a few segments of the log and room for the database.
const LITTLE_ROOM: u64 = 512 << 20;
/// More segments of the log wait than a server leaves that keeps up.
const MANY_SEGMENTS: usize = 16;
/// After which a segment that looked damaged is looked at again: a server may have been writing.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// What a server writes to.
const WRITTEN: [&str; 7] = ["", "lock", "faultwire.db", "faultwire.db-wal", "log", "occurrences", "backups"];

/// Whether this process may write there; `ENOENT` is no obstacle.
fn may_write(path: &Path) -> io::Result<()> {
    let name = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: it reads a path that ends in zero.
    match unsafe { libc::access(name.as_ptr(), libc::R_OK | libc::W_OK) } {
        0 => Ok(()),
        _ => match io::Error::last_os_error() {
            error if error.kind() == ErrorKind::NotFound => Ok(()),
            error => Err(error),
        },
    }
}

pub(super) fn directory(folder: &Path) -> Finding {
    let what = "data directory";
    let found = match fs::metadata(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return ill(what, format!("{}: {error}; the first start makes it", folder.display()));
        }
        Err(error) => return ill(what, format!("{}: {error}; start as the user who owns it", folder.display())),
        Ok(found) => found,
    };
    if !found.is_dir() {
        return ill(what, format!("{}: it is no folder; name another as data_dir", folder.display()));
    }
    if found.permissions().mode() & 0o077 != 0 {
        return ill(what, format!("{}: others have access to it; `chmod 700` it", folder.display()));
    }
    for path in WRITTEN.map(|name| folder.join(name)) {
        match may_write(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::ReadOnlyFilesystem => {
                return ill(what, format!("{}: its disk is read-only; mount it for writing", path.display()));
            }
            Err(error) => {
                let owner = fs::metadata(&path).map_or_else(|_| "?".to_owned(), |about| about.uid().to_string());
                let says =
                    format!("{}: {error}; it belongs to user {owner}: start as that one, or `chown`", path.display());
                return ill(what, says);
            }
        }
    }
    well(what, folder.display().to_string())
}

pub(super) fn room(folder: &Path) -> Finding {
    let what = "disk";
    match disk::room(folder).map(|room| room.free) {
        Err(error) => ill(what, format!("{}: {error}", folder.display())),
        Ok(free) if free < LITTLE_ROOM => ill(
            what,
            format!(
                "{} MB are free, and events are refused when it is full: make room, or lower retention_bytes",
                free >> 20
            ),
        ),
        Ok(free) => well(what, format!("{} MB are free", free >> 20)),
    }
}

/// The database, to be read; none if there is none.
fn open(folder: &Path) -> rusqlite::Result<Option<Connection>> {
    let path = folder.join("faultwire.db");
    if !path.exists() {
        return Ok(None);
    }
    let beside = |end: &str| fs::metadata(folder.join(format!("faultwire.db-{end}"))).map(|about| about.len());
    // To read beside others, SQLite makes files of its own, for which there may be no room or no right. Where nobody has
    // it open, and all is in it, it does without.
    let is_alone = beside("shm").is_err() && !beside("wal").is_ok_and(|bytes| bytes > 0);
    let name = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let name = format!("file:{name}?{}", if is_alone { "immutable=1" } else { "mode=ro" });
    let connection = Connection::open_with_flags(name, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    Ok(Some(connection))
}

pub(super) fn database(folder: &Path) -> Finding {
    let what = "database";
    let path = folder.join("faultwire.db");
    let damaged =
        |says: String| ill(what, format!("{}: damaged: {says}; restore a backup into another folder", path.display()));
    let unread = |error: &rusqlite::Error| match is_damage(error) {
        true => damaged(error.to_string()),
        false => ill(what, format!("{}: cannot be read: {error}; who owns it?", path.display())),
    };
    let connection = match open(folder) {
        Ok(None) => return well(what, "none yet; the first start makes it"),
        Ok(Some(connection)) => connection,
        Err(error) => return unread(&error),
    };
    if let Err(error) = connection.query_row("SELECT COUNT(*) FROM sqlite_master", [], |_| Ok(())) {
        return unread(&error);
    }
    let version = match schema::version(&connection, &path) {
        Ok(version) => version,
        Err(newer) => return ill(what, format!("{newer:#}")),
    };
    let checked: rusqlite::Result<(String, i64, f64)> = (|| {
        let verdict = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        let sums = "SELECT COUNT(*), COALESCE(SUM(raw), 0.0) FROM issues";
        let (issues, events) = connection.query_row(sums, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok((verdict, issues, events))
    })();
    match checked {
        Ok((verdict, issues, events)) if verdict == "ok" => {
            let next = match version < schema::VERSION {
                true => format!("; the next start upgrades it to {}, and keeps a copy", schema::VERSION),
                false => String::new(),
            };
            well(what, format!("sound: {issues} issues, {events} events; version {version}{next}"))
        }
        Ok((verdict, ..)) => damaged(verdict),
        Err(error) => damaged(error.to_string()),
    }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase))
}

/// The files of a folder and their bytes; none if it is not there.
fn files(folder: &Path) -> io::Result<Vec<(PathBuf, u64)>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        match entry.metadata() {
            Ok(about) => found.push((entry.path(), about.len())),
            // The server took it away.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    found.sort();
    Ok(found)
}

/// The two numbers in the name of a file of frames: `NUMBER-SALT.EXTENSION`, both hexadecimal.
fn numbers(path: &Path, extension: &str) -> Option<(u32, u32)> {
    let (number, salt) = path.file_name()?.to_str()?.strip_suffix(extension)?.strip_suffix('.')?.split_once('-')?;
    let read = |digits: &str| u32::from_str_radix(digits, 16).ok();
    Some((read(number)?, read(salt)?))
}

/// Damaged stretches of a segment.
fn damage(path: &Path, salt: u32) -> io::Result<usize> {
    let bytes = match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
        bytes => bytes?,
    };
    let mut frames = Frames::marked(&bytes, Mark::salted(salt));
    let end = frames.by_ref().map(|frame| frame.end()).last().unwrap_or_default();
    let rest = bytes.get(end..).unwrap_or_default();
    // Where nothing was written yet there are zeroes.
    let is_blank = !rest.is_empty() && rest.iter().all(|byte| *byte == 0);
    Ok(frames.damaged() - usize::from(is_blank))
}

pub(super) fn log(folder: &Path) -> Finding {
    let folder = folder.join("log");
    let unread = |error: io::Error| ill("log", format!("{}: {error}; who owns it?", folder.display()));
    let segments = match files(&folder) {
        Ok(segments) => segments,
        Err(error) => return unread(error),
    };
    for (path, _) in &segments {
        let Some((_, salt)) = numbers(path, "log") else { continue };
        let damaged = damage(path, salt).and_then(|count| match count {
            0 => Ok(0),
            _ => {
                std::thread::sleep(LOOK_AGAIN);
                damage(path, salt)
            }
        });
        match damaged {
            Ok(0) => {}
            Ok(count) => {
                let says = format!(
                    "{}: {count} damaged, by a power cut or the disk: the server skips that and counts all else; look at \
                     the disk",
                    path.display()
                );
                return ill("log", says);
            }
            Err(error) => return unread(error),
        }
    }
    let bytes: u64 = segments.iter().map(|(_, bytes)| bytes).sum();
    match segments.len() {
        0 => well("log", "none yet"),
        count if count > MANY_SEGMENTS => {
            ill("log", format!("{count} segments wait to be consumed: is the server running, and does it keep up?"))
        }
        count => well("log", format!("{count} segments, {} MB", bytes >> 20)),
    }
}

pub(super) fn occurrences(folder: &Path) -> Finding {
    let what = "occurrences";
    // The names first: what is written after this is in files that are longer, or in others.
    let named = open(folder).ok().flatten().and_then(|connection| ends(&connection).ok()).unwrap_or_default();
    let folder = folder.join("occurrences");
    let found = match files(&folder) {
        Ok(found) => found,
        Err(error) => return ill(what, format!("{}: {error}; who owns it?", folder.display())),
    };
    let lengths: BTreeMap<u32, u64> =
        found.iter().filter_map(|(path, bytes)| Some((numbers(path, "occ")?.0, *bytes))).collect();
    let missing: Vec<_> =
        named.iter().filter(|(file, end)| lengths.get(file).is_none_or(|length| length < end)).collect();
    match missing.first() {
        Some((number, _)) => ill(
            what,
            format!(
                "{}: of {} files, {} are gone or cut short, {number:08x}-*.occ first: their payloads are lost, counts \
                 are not; bring the files back from a backup",
                folder.display(),
                named.len(),
                missing.len()
            ),
        ),
        None => {
            let bytes: u64 = found.iter().map(|(_, bytes)| bytes).sum();
            well(what, format!("{} files, {} MB", found.len(), bytes >> 20))
        }
    }
}

/// Where the last payload in each file ends that the database names.
fn ends(connection: &Connection) -> rusqlite::Result<BTreeMap<u32, u64>> {
    let mut statement = connection.prepare("SELECT file, MAX(start + length) FROM occurrences GROUP BY file")?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)))?.collect()
}

pub(super) fn channel_key(folder: &Path) -> Finding {
    let what = "channel key";
    let path = folder.join("channel.key");
    let sealed: Vec<(i64, Vec<u8>)> = open(folder)
        .ok()
        .flatten()
        .and_then(|connection| {
            let mut statement = connection.prepare("SELECT id, sealed FROM channels WHERE deleted = 0").ok()?;
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).ok()?.collect::<Result<_, _>>().ok()
        })
        .unwrap_or_default();
    let hint = "bring back the file of the machine that sealed them, or set the secrets anew";
    if !path.exists() {
        return match sealed.len() {
            0 => well(what, "none yet; the next start makes it"),
            count => {
                ill(what, format!("{}: it is gone, and {count} channels are sealed under it: {hint}", path.display()))
            }
        };
    }
    match Vault::open(&path) {
        Err(error) => ill(what, format!("{error:#}")),
        Ok(vault) => {
            let is_shut = |(id, sealed): &&(i64, Vec<u8>)| vault.unseal(&format!("channel {id}"), sealed).is_none();
            match sealed.iter().filter(is_shut).count() {
                0 => well(what, format!("it opens the secrets of {} channels", sealed.len())),
                count => ill(what, format!("{count} of {} channels are sealed under another: {hint}", sealed.len())),
            }
        }
    }
}

pub(super) fn backups(folder: &Path) -> Finding {
    let found = fs::read_dir(folder.join("backups")).into_iter().flatten().flatten();
    let names: Vec<_> = found.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    match names.is_empty() {
        true => well("backups", "none was needed: no upgrade yet"),
        false => well("backups", format!("{}: delete what you will not go back to", names.join(", "))),
    }
}
