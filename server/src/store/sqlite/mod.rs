//! The embedded store: one SQLite file, one writer, readers beside it.
//!
//! Batches are not brought to disk one by one: the log holds what they counted until a checkpoint has. What people do
//! is, before they are told that it is done.

mod alerts;
mod clues;
mod details;
mod erase;
mod ids;
mod links;
mod overview;
mod payloads;
mod people;
mod projects;
mod query;
mod registry;
mod releases;
mod rows;
pub mod schema;
mod search;
mod similar;
mod write;

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::{Changes, Id, IssueStore, OccurrenceRow, Parked, Place};
use crate::clock::HOUR;
use crate::issues::{Fingerprint, Issue, Pattern, Release, Releases};
use crate::log::Position;
use crate::project_settings::ProjectSettings;
use crate::{IssueId, PatternId, ProjectId};

pub use alerts::{Line, Message};
pub use details::{Details, NotCounted};
pub use links::Invitation;
pub use overview::{Activity, Choices};
pub use payloads::Payloads;
pub use people::{Member, NewToken, People, Session, Token};
pub use projects::{KeyRow, Project, Projects};
pub use query::{AfterIssue, AfterOccurrence, Filter, Found, Occurrence, Page, Reader, Sort};
pub use registry::Registry;
pub use releases::{ReleaseRow, SessionHour};

/// Bytes of the write-ahead log that are kept for what comes: what an ordinary pause between checkpoints takes.
const WAL_SIZE: i64 = 16 << 20;
/// How long one waits for another to be done writing.
const PATIENCE: Duration = Duration::from_secs(10);
/// Kilobytes of the database kept in memory by the writer.
const CACHE_KB: i64 = 16 << 10;
/// The same for each reader.
const READER_CACHE_KB: i64 = 4 << 10;

/// The writer.
pub struct Sqlite {
    connection: Connection,
    ids: ids::Ids,
    position: Position,
    occurrences_end: Option<Place>,
}

/// Opens the database; one that is new gets its schema.
fn connect(path: &Path) -> anyhow::Result<Connection> {
    let mut connection = Connection::open(path).with_context(|| format!("database {}", path.display()))?;
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Whatever is replaced is overwritten where that costs no page more: when a project goes, no older version of its rows
    // is left.
    connection.pragma_update(None, "secure_delete", "FAST")?;
    connection.pragma_update(None, "cache_size", -CACHE_KB)?;
    // The log is trimmed by what is checkpointed: that is decided in one place.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    // What it grew to in a flood is given back after it.
    connection.pragma_update(None, "journal_size_limit", WAL_SIZE)?;
    connection.set_prepared_statement_cache_capacity(64);
    // A plan is made once, whatever values it is run with.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    match schema::version(&connection, path)? {
        schema::VERSION => {}
        0 => schema::bring_up(&mut connection).with_context(|| format!("database {}", path.display()))?,
        older => bail!("database {}: it has version {older} and was not upgraded", path.display()),
    }
    Ok(connection)
}

fn connect_reader(path: &Path) -> anyhow::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(path, flags).with_context(|| format!("database {}", path.display()))?;
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "cache_size", -READER_CACHE_KB)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn meta(connection: &Connection, name: &str) -> anyhow::Result<Option<i64>> {
    Ok(connection.query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| row.get(0)).optional()?)
}

impl Sqlite {
    /// Opens the database at `path`, which is made if it is not there; ids may take `ids_bytes`.
    ///
    /// # Errors
    /// When it cannot be opened, a newer server wrote it, or an older one did: see [`crate::upkeep::upgrade`].
    pub fn open(path: &Path, ids_bytes: u64) -> anyhow::Result<Sqlite> {
        let connection = connect(path)?;
        let ids = ids::Ids::load(&connection, ids_bytes)?;
        let position = meta(&connection, "position")?.unwrap_or_default() as u64;
        let end = (meta(&connection, "occurrences_file")?, meta(&connection, "occurrences_end")?);
        let occurrences_end = match end {
            (Some(file), Some(offset)) => Some(Place { file: file as u32, offset: offset as u32, ..Place::default() }),
            _ => None,
        };
        Ok(Sqlite { connection, ids, position: Position::from_u64(position), occurrences_end })
    }
}

impl Sqlite {
    /// Something of projects, keys and people, before anyone else writes.
    ///
    /// # Errors
    /// When `what` fails.
    pub fn registry<T>(&self, what: impl FnOnce(Registry<'_>) -> anyhow::Result<T>) -> anyhow::Result<T> {
        what(Registry(&self.connection))
    }

    /// 32 random hexadecimal digits, the same at every start.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub fn secret(&self, name: &str) -> anyhow::Result<String> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|e| anyhow::anyhow!("random numbers: {e}"))?;
        let fresh: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        self.connection.execute("INSERT OR IGNORE INTO meta (name, value) VALUES (?1, ?2)", params![name, fresh])?;
        Ok(self.connection.query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| row.get(0))?)
    }
}

impl IssueStore for Sqlite {
    fn position(&self) -> Position {
        self.position
    }

    fn checkpoint(&mut self) -> anyhow::Result<Position> {
        let position = self.position;
        let is_busy: i64 = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
            let (log, done): (i64, i64) = (row.get(1)?, row.get(2)?);
            Ok(i64::from(log != done))
        })?;
        // A reader holds back the end of it: what the log still has is then not known to be safe.
        if is_busy != 0 {
            bail!("a reader is in the way");
        }
        Ok(position)
    }

    fn occurrences_end(&self) -> Option<Place> {
        self.occurrences_end
    }

    fn next_ids(&self) -> (PatternId, IssueId) {
        // Those of a project that was deleted are not free.
        let highest = |table, last| {
            let sql = format!("SELECT COALESCE(MAX(id), 0) FROM {table}");
            let present = self.connection.query_row(&sql, [], |row| row.get::<_, i64>(0)).unwrap_or_default();
            present.max(meta(&self.connection, last).ok().flatten().unwrap_or_default())
        };
        (PatternId(highest("patterns", "last_pattern") as u32 + 1), IssueId(highest("issues", "last_issue") + 1))
    }

    fn pattern(&mut self, project: ProjectId, fingerprint: &Fingerprint) -> anyhow::Result<Option<Pattern>> {
        let sql = format!("SELECT {} FROM patterns WHERE project = ?1 AND fingerprint = ?2", rows::PATTERN);
        let mut statement = self.connection.prepare_cached(&sql)?;
        Ok(statement.query_row(params![project.0, fingerprint], rows::pattern).optional()?)
    }

    fn patterns_of(&mut self, issue: IssueId) -> anyhow::Result<Vec<Pattern>> {
        let sql = format!("SELECT {} FROM patterns WHERE issue = ?1 ORDER BY id", rows::PATTERN);
        let mut statement = self.connection.prepare_cached(&sql)?;
        Ok(statement.query_map([issue.0], rows::pattern)?.collect::<Result<_, _>>()?)
    }

    fn issue(&mut self, issue: IssueId) -> anyhow::Result<Option<Issue>> {
        let sql = format!("SELECT {} FROM issues WHERE id = ?1", rows::ISSUE);
        let mut statement = self.connection.prepare_cached(&sql)?;
        Ok(statement.query_row([issue.0], rows::issue).optional()?)
    }

    fn quiet_issues(&mut self, project: ProjectId, before: i64, limit: usize) -> anyhow::Result<Vec<IssueId>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id FROM issues WHERE project = ?1 AND merged_into IS NULL AND last_seen < ?2 \
             AND status IN ('unresolved', 'acknowledged', 'regressed') LIMIT ?3",
        )?;
        Ok(statement
            .query_map(params![project.0, before, limit as i64], |row| row.get(0).map(IssueId))?
            .collect::<Result<_, _>>()?)
    }

    fn opened_since(&mut self, project: ProjectId, since: i64) -> anyhow::Result<u64> {
        let sql = "SELECT COUNT(*) FROM events WHERE project = ?1 AND time >= ?2 AND event = '\"new\"'";
        Ok(self.connection.query_row(sql, params![project.0, since], |row| row.get::<_, i64>(0))? as u64)
    }

    fn project_settings(&mut self, project: ProjectId) -> anyhow::Result<(ProjectSettings, u64)> {
        Projects(&self.connection).settings_of(project)
    }

    fn payloads_before(&mut self, project: ProjectId, before: i64, limit: usize) -> anyhow::Result<Vec<OccurrenceRow>> {
        Payloads(&self.connection).before(project, before, limit)
    }

    fn surplus(
        &mut self,
        project: ProjectId,
        before: i64,
        count: u64,
        limit: usize,
    ) -> anyhow::Result<Vec<OccurrenceRow>> {
        Payloads(&self.connection).surplus(project, before, count, limit)
    }

    fn last_superseded(&mut self) -> anyhow::Result<i64> {
        Ok(self.connection.query_row("SELECT COALESCE(MAX(number), 0) FROM superseded", [], |row| row.get(0))?)
    }

    fn superseded(&mut self, last: i64, limit: usize) -> anyhow::Result<(Vec<Place>, i64)> {
        Payloads(&self.connection).superseded(last, limit)
    }

    fn overwritten(&mut self, last: i64) -> anyhow::Result<()> {
        self.connection.prepare_cached("DELETE FROM superseded WHERE number <= ?1")?.execute([last])?;
        Ok(())
    }

    fn releases(&mut self, project: ProjectId) -> anyhow::Result<Releases> {
        let sql = "SELECT name, first_seen, deployed FROM releases WHERE project = ?1 ORDER BY name";
        let mut statement = self.connection.prepare_cached(sql)?;
        let release =
            |row: &rusqlite::Row<'_>| Ok(Release { name: row.get(0)?, first_seen: row.get(1)?, deployed: row.get(2)? });
        let releases: Vec<Release> = statement.query_map([project.0], release)?.collect::<Result<_, _>>()?;
        Ok(Releases::new(releases))
    }

    fn seen(&mut self, id: &Id) -> anyhow::Result<Option<PatternId>> {
        self.ids.get(&self.connection, id)
    }

    fn parked(&mut self, project: ProjectId, fingerprint: &Fingerprint) -> anyhow::Result<Vec<Parked>> {
        let sql = "SELECT raw, estimated, first, last FROM parked WHERE project = ?1 AND fingerprint = ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        let parked = |row: &rusqlite::Row<'_>| {
            let counted = super::Counted { raw: row.get::<_, i64>(0)? as u64, estimated: row.get(1)? };
            Ok(Parked { project, fingerprint: *fingerprint, counted, first: row.get(2)?, last: row.get(3)? })
        };
        Ok(statement.query_map(params![project.0, fingerprint], parked)?.collect::<Result<_, _>>()?)
    }

    fn forget_file(&mut self, file: u32) -> anyhow::Result<()> {
        self.connection.execute("DELETE FROM occurrences WHERE file = ?1", [file])?;
        Ok(())
    }

    fn forget_before(&mut self, before: i64, now: i64) -> anyhow::Result<()> {
        let transaction = self.connection.transaction()?;
        for table in ["hours", "outcomes", "reports", "session_hours"] {
            transaction.execute(&format!("DELETE FROM {table} WHERE hour < ?1"), [before.div_euclid(HOUR)])?;
        }
        // Their event does not come any more.
        transaction.execute("DELETE FROM parked WHERE last < ?1", [before])?;
        transaction.execute("INSERT OR REPLACE INTO meta (name, value) VALUES ('forgotten_at', ?1)", [now])?;
        Ok(transaction.commit()?)
    }

    fn forgotten_at(&self) -> anyhow::Result<Option<i64>> {
        meta(&self.connection, "forgotten_at")
    }

    fn watched_at(&self) -> anyhow::Result<Option<i64>> {
        meta(&self.connection, "watched_at")
    }

    fn edit(&mut self, edit: &mut dyn FnMut(Registry<'_>) -> anyhow::Result<()>) -> anyhow::Result<()> {
        self.edit_registry(edit)
    }

    fn scrub(&mut self, patience: Duration) -> anyhow::Result<()> {
        self.connection.busy_timeout(patience)?;
        let is_busy = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
        self.connection.busy_timeout(PATIENCE)?;
        if is_busy? {
            bail!("a reader is in the way");
        }
        Ok(())
    }

    fn project_ids(&mut self) -> anyhow::Result<HashSet<ProjectId>> {
        Ok(Projects(&self.connection).all()?.into_iter().map(|project| project.id).collect())
    }

    fn commit(&mut self, changes: &Changes) -> anyhow::Result<()> {
        let transaction = self.connection.transaction()?;
        let written = write::all(&transaction, changes).and_then(|()| self.ids.add(&transaction, &changes.ids));
        let committed = written.and_then(|()| Ok(transaction.commit()?));
        if let Err(error) = committed {
            // What is in memory may be ahead of what is on disk.
            self.ids = self.ids.reload(&self.connection)?;
            return Err(error);
        }
        self.position = changes.position.unwrap_or(self.position);
        self.occurrences_end = changes.occurrences_end.or(self.occurrences_end);
        Ok(())
    }
}
