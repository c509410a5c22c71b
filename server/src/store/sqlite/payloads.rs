//! Rows of stored payloads, for what has to go.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::super::{OccurrenceRow, Place};
use super::{clues, erase};
use crate::consume::user_clue;
use crate::issues::{Distinct, Hit};
use crate::{PatternId, ProjectId};

/// Stored payloads, over any connection.
#[derive(Debug, Clone, Copy)]
pub struct Payloads<'c>(pub &'c Connection);

fn row(row: &Row<'_>) -> rusqlite::Result<OccurrenceRow> {
    let place = Place { file: row.get(3)?, offset: row.get(4)?, length: row.get(5)?, base: row.get(6)? };
    let pattern = PatternId(row.get(0)?);
    Ok(OccurrenceRow { pattern, time: row.get(1)?, id: row.get(2)?, place, is_newest_only: row.get(7)? })
}

const ROW: &str = "pattern, time, occurrences.id, file, start, length, base, newest";

impl Payloads<'_> {
    /// Payloads of a project behind `after`, at most `limit`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn of(
        self,
        project: ProjectId,
        after: Option<&OccurrenceRow>,
        limit: usize,
    ) -> anyhow::Result<Vec<OccurrenceRow>> {
        let sql = format!(
            "SELECT {ROW} FROM patterns JOIN occurrences ON occurrences.pattern = patterns.id \
             WHERE project = ?1 AND patterns.id >= ?2 AND (pattern, time, occurrences.id) > (?2, ?3, ?4) \
             ORDER BY pattern, time, occurrences.id LIMIT ?5"
        );
        let (pattern, time, id) = after.map_or((0, i64::MIN, [0; 16]), |row| (row.pattern.0, row.time, row.id));
        let mut statement = self.0.prepare_cached(&sql)?;
        Ok(statement.query_map(params![project.0, pattern, time, id, limit as i64], row)?.collect::<Result<_, _>>()?)
    }

    /// Payloads of a project of what happened before `before`, at most `limit`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn before(self, project: ProjectId, before: i64, limit: usize) -> anyhow::Result<Vec<OccurrenceRow>> {
        let sql = format!(
            "SELECT {ROW} FROM patterns JOIN occurrences ON occurrences.pattern = patterns.id \
             WHERE project = ?1 AND time < ?2 LIMIT ?3"
        );
        let mut statement = self.0.prepare_cached(&sql)?;
        Ok(statement.query_map(params![project.0, before, limit as i64], row)?.collect::<Result<_, _>>()?)
    }

    /// All payloads but the newest of patterns that were last seen before `before` and occurred less than `count` times.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn surplus(
        self,
        project: ProjectId,
        before: i64,
        count: u64,
        limit: usize,
    ) -> anyhow::Result<Vec<OccurrenceRow>> {
        let sql = format!(
            "SELECT {ROW} FROM patterns JOIN occurrences ON occurrences.pattern = patterns.id \
             WHERE project = ?1 AND last_seen < ?2 AND raw < ?3 AND (time, occurrences.id) < \
             (SELECT time, id FROM occurrences AS others WHERE others.pattern = patterns.id \
              ORDER BY time DESC, id DESC LIMIT 1) LIMIT ?4"
        );
        let mut statement = self.0.prepare_cached(&sql)?;
        let values = params![project.0, before, count as i64, limit as i64];
        Ok(statement.query_map(values, row)?.collect::<Result<_, _>>()?)
    }

    /// Payloads that were compressed against the one of `base`, itself not among them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn against(self, base: &OccurrenceRow) -> anyhow::Result<Vec<OccurrenceRow>> {
        let sql =
            format!("SELECT {ROW} FROM occurrences WHERE pattern = ?1 AND file = ?2 AND base = ?3 AND start <> ?3");
        let mut statement = self.0.prepare_cached(&sql)?;
        let values = params![base.pattern.0, base.place.file, base.place.offset];
        Ok(statement.query_map(values, row)?.collect::<Result<_, _>>()?)
    }

    /// Forgets which stored payloads are of a user of this project, and which of its patterns hit them: in their stead
    /// someone is counted whom nobody knows.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn forget_user(self, project: ProjectId, user: &str) -> anyhow::Result<()> {
        let salt: Option<String> =
            self.0.query_row("SELECT value FROM meta WHERE name = 'salt'", [], |row| row.get(0)).optional()?;
        let clue = user_clue(&salt.unwrap_or_default(), user);
        erase::clues(self.0, project, Some(clue))?;
        let mut nobody = [0; 8];
        getrandom::fill(&mut nobody).map_err(|e| anyhow::anyhow!("random numbers: {e}"))?;
        let nobody = u64::from_le_bytes(nobody);
        let mut hit = self.0.prepare_cached("SELECT members FROM hit WHERE pattern = ?1 AND what = ?2")?;
        let mut put = self.0.prepare_cached("UPDATE hit SET members = ?3 WHERE pattern = ?1 AND what = ?2")?;
        for pattern in clues::of_user(self.0, clue)? {
            let of = params![pattern.0, Hit::Users as u8];
            let is_theirs = "SELECT 1 FROM patterns WHERE id = ?1 AND project = ?2";
            if !self.0.prepare_cached(is_theirs)?.exists(params![pattern.0, project.0])? {
                continue;
            }
            let Some(bytes) = hit.query_row(of, |row| row.get::<_, Vec<u8>>(0)).optional()? else { continue };
            let mut members = Distinct::from_bytes(&bytes);
            if members.replace(clue, nobody) {
                put.execute(params![pattern.0, Hit::Users as u8, members.to_bytes()])?;
            }
        }
        Ok(())
    }

    /// See [`IssueStore::superseded`](crate::store::IssueStore::superseded).
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(super) fn superseded(self, last: i64, limit: usize) -> anyhow::Result<(Vec<Place>, i64)> {
        let sql = "SELECT file, start, length, number FROM superseded WHERE number <= ?1 ORDER BY number LIMIT ?2";
        let (mut statement, mut until) = (self.0.prepare_cached(sql)?, 0);
        let place = |row: &Row<'_>| {
            until = row.get(3)?;
            let offset = row.get(1)?;
            Ok(Place { file: row.get(0)?, offset, length: row.get(2)?, base: offset })
        };
        let places = statement.query_map(params![last, limit as i64], place)?.collect::<Result<_, _>>()?;
        Ok((places, until))
    }

    /// Removes a row; whether it was there, and there.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn remove(self, gone: &OccurrenceRow) -> anyhow::Result<bool> {
        let sql = "DELETE FROM occurrences WHERE pattern = ?1 AND time = ?2 AND id = ?3 AND file = ?4 AND start = ?5";
        let OccurrenceRow { pattern, time, id, place, .. } = gone;
        let values = params![pattern.0, time, id, place.file, place.offset];
        Ok(self.0.prepare_cached(sql)?.execute(values)? > 0)
    }
}
