//! A project goes, with all that is known of it.

use std::collections::HashSet;

use rusqlite::{Connection, params};

use super::super::{Clue, Place};
use super::clues::ENTRY;
use crate::{PatternId, ProjectId};

/// Tables whose rows belong to a pattern.
const OF_PATTERN: [&str; 7] = ["hit", "hours", "tags", "sightings", "occurrences", "superseded", "traits"];
/// Tables whose rows belong to an issue.
const OF_ISSUE: [&str; 4] = ["alerts", "incidents", "told", "episodes"];
/// Tables whose rows belong to a project, without a reference that would take them along.
const OF_PROJECT: [&str; 14] = [
    "patterns",
    "trait_counts",
    "session_hours",
    "project_settings",
    "issues",
    "releases",
    "parked",
    "events",
    "outcomes",
    "refusals",
    "reports",
    "rules",
    "channels",
    "messages",
];

/// Bytes of a clue, which stand before its pattern.
const CLUE: usize = size_of::<Clue>();

/// Deletes a project; where its payloads are, or none if there is no such project.
pub(super) fn project(connection: &Connection, project: ProjectId) -> anyhow::Result<Option<Vec<Place>>> {
    // Numbers of patterns stand beside the ids of events that were counted, and must not come to mean others.
    for (name, table) in [("last_pattern", "patterns"), ("last_issue", "issues")] {
        let highest: i64 =
            connection.query_row(&format!("SELECT COALESCE(MAX(id), 0) FROM {table}"), [], |row| row.get(0))?;
        connection.execute(
            "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = MAX(value, excluded.value)",
            params![name, highest],
        )?;
    }
    let mut statement = connection.prepare(
        "WITH theirs AS (SELECT id FROM patterns WHERE project = ?1) \
         SELECT file, start, length, base FROM occurrences WHERE pattern IN theirs UNION ALL \
         SELECT file, start, length, start FROM superseded WHERE pattern IN theirs",
    )?;
    let place = |row: &rusqlite::Row<'_>| {
        Ok(Place { file: row.get(0)?, offset: row.get(1)?, length: row.get(2)?, base: row.get(3)? })
    };
    let places = statement.query_map([project.0], place)?.collect::<Result<Vec<_>, _>>()?;
    clues(connection, project, None)?;
    for table in OF_PATTERN {
        let sql = format!("DELETE FROM {table} WHERE pattern IN (SELECT id FROM patterns WHERE project = ?1)");
        connection.execute(&sql, [project.0])?;
    }
    for table in OF_ISSUE {
        let sql = format!("DELETE FROM {table} WHERE issue IN (SELECT id FROM issues WHERE project = ?1)");
        connection.execute(&sql, [project.0])?;
    }
    connection
        .execute("DELETE FROM issue_texts WHERE rowid IN (SELECT id FROM issues WHERE project = ?1)", [project.0])?;
    // The index keeps the letters of what was deleted until its parts are made one.
    connection.execute("INSERT INTO issue_texts (issue_texts) VALUES ('optimize')", [])?;
    for table in OF_PROJECT {
        connection.execute(&format!("DELETE FROM {table} WHERE project = ?1"), [project.0])?;
    }
    let was = connection.execute("DELETE FROM projects WHERE id = ?1", [project.0])?;
    Ok((was > 0).then_some(places))
}

/// Takes away by what stored occurrences of a project are found: all of it, or what is of one user or trace.
pub(super) fn clues(connection: &Connection, project: ProjectId, only: Option<Clue>) -> anyhow::Result<()> {
    let mut statement = connection.prepare("SELECT id FROM patterns WHERE project = ?1")?;
    let patterns = statement.query_map([project.0], |row| Ok(PatternId(row.get(0)?)))?;
    let patterns: HashSet<PatternId> = patterns.collect::<Result<_, _>>()?;
    let goes = |entry: &[u8]| {
        let (clue, pattern) = entry.split_at(CLUE);
        let is_wanted = only.is_none_or(|only| clue == only.to_le_bytes());
        is_wanted && pattern.try_into().is_ok_and(|bytes| patterns.contains(&PatternId(u32::from_le_bytes(bytes))))
    };
    let mut statement = connection.prepare("SELECT number, clues FROM clues")?;
    let mut rows = statement.query([])?;
    let mut changed = Vec::new();
    while let Some(row) = rows.next()? {
        let all = row.get_ref(1)?.as_blob()?;
        let left: Vec<u8> = all.chunks_exact(ENTRY).filter(|entry| !goes(entry)).flatten().copied().collect();
        if left.len() < all.len() {
            changed.push((row.get::<_, i64>(0)?, left));
        }
    }
    for (number, left) in changed {
        connection.execute("UPDATE clues SET clues = ?2 WHERE number = ?1", params![number, left])?;
    }
    Ok(())
}
