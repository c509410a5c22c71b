//! Releases and how they fare.

use rusqlite::{Connection, Row, Transaction, params};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Page, Reader};
use crate::ProjectId;
use crate::clock::HOUR;
use crate::store::{Changes, Sessions};

/// A release of a project.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ReleaseRow {
    /// Its whole name.
    pub release: String,
    /// When something of it was first seen.
    pub first_seen: Option<i64>,
    /// When it was first deployed.
    pub deployed: Option<i64>,
    /// Of all hours that are kept.
    pub sessions: Sessions,
    /// Part of the sessions that did not crash, from 0 to 1; none without sessions.
    pub crash_free_rate: Option<f64>,
    /// Issues whose first occurrence was in it.
    pub new_issues: u64,
}

/// Sessions that started in an hour.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SessionHour {
    /// When it began.
    pub hour: i64,
    /// What became of them.
    #[serde(flatten)]
    pub sessions: Sessions,
}

pub(super) fn write(transaction: &Transaction<'_>, changes: &Changes) -> anyhow::Result<()> {
    let mut add = transaction.prepare_cached(
        "INSERT INTO session_hours (project, release, environment, hour, started, exited, errored, crashed, abnormal) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO UPDATE SET started = started + excluded.started, \
         exited = exited + excluded.exited, errored = errored + excluded.errored, \
         crashed = crashed + excluded.crashed, abnormal = abnormal + excluded.abnormal",
    )?;
    for (place, sessions) in &changes.sessions {
        let Sessions { started, exited, errored, crashed, abnormal } = *sessions;
        let (project, release, environment) = (place.project.0, &place.release, &place.environment);
        add.execute(params![project, release, environment, place.hour, started, exited, errored, crashed, abnormal])?;
    }
    Ok(())
}

const SUMS: &str = "COALESCE(SUM(started), 0), COALESCE(SUM(exited), 0), COALESCE(SUM(errored), 0), \
                    COALESCE(SUM(crashed), 0), COALESCE(SUM(abnormal), 0)";

/// The five sums, from a column on.
fn sums(row: &Row<'_>, from: usize) -> rusqlite::Result<Sessions> {
    Ok(Sessions {
        started: row.get(from)?,
        exited: row.get(from + 1)?,
        errored: row.get(from + 2)?,
        crashed: row.get(from + 3)?,
        abnormal: row.get(from + 4)?,
    })
}

fn of_release(
    connection: &Connection,
    project: ProjectId,
    release: &str,
    environment: Option<&str>,
) -> anyhow::Result<Sessions> {
    let sql = format!(
        "SELECT {SUMS} FROM session_hours WHERE project = ?1 AND release = ?2 AND (?3 IS NULL OR environment = ?3)"
    );
    let values = params![project.0, release, environment];
    Ok(connection.prepare_cached(&sql)?.query_row(values, |row| sums(row, 0))?)
}

impl Reader {
    /// Releases of a project, the last deployed (or first seen, where no deploy was told) first. Sessions are those of
    /// one environment, if it is named. `after` is the `next` of an earlier page.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn releases(
        &self,
        project: ProjectId,
        environment: Option<&str>,
        after: Option<&str>,
        limit: usize,
    ) -> anyhow::Result<Page<ReleaseRow>> {
        let (time, name) = after.and_then(|after| after.split_once('.')).unwrap_or_default();
        let time = time.parse::<i64>().ok();
        self.with(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT name, first_seen, deployed, COALESCE(deployed, first_seen, 0) AS since FROM releases \
                 WHERE project = ?1 AND (?2 IS NULL OR (since, name) < (?2, ?3)) \
                 ORDER BY since DESC, name DESC LIMIT ?4",
            )?;
            let found = statement.query_map(params![project.0, time, name, limit as i64 + 1], |row| {
                Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?, row.get::<_, i64>(3)?))
            })?;
            let mut found = found.collect::<Result<Vec<_>, _>>()?;
            let more = found.len() > limit;
            found.truncate(limit);
            let next = found.last().filter(|_| more).map(|(name, _, _, since)| format!("{since}.{name}"));
            let mut opened =
                connection.prepare_cached("SELECT COUNT(*) FROM issues WHERE project = ?1 AND introduced_in = ?2")?;
            let mut items = Vec::with_capacity(found.len());
            for (release, first_seen, deployed, _) in found {
                let sessions = of_release(connection, project, &release, environment)?;
                let new_issues = opened.query_row(params![project.0, release], |row| row.get::<_, i64>(0))? as u64;
                let crash_free_rate = sessions.crash_free_rate();
                items.push(ReleaseRow { release, first_seen, deployed, sessions, crash_free_rate, new_issues });
            }
            Ok(Page { items, next })
        })
    }

    /// Sessions of a project by the hour, the last first: of a release, of an environment, if they are named.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn session_hours(
        &self,
        project: ProjectId,
        release: Option<&str>,
        environment: Option<&str>,
        limit: usize,
    ) -> anyhow::Result<Vec<SessionHour>> {
        let sql = format!(
            "SELECT hour, {SUMS} FROM session_hours WHERE project = ?1 AND (?2 IS NULL OR release = ?2) \
             AND (?3 IS NULL OR environment = ?3) GROUP BY hour ORDER BY hour DESC LIMIT ?4"
        );
        self.with(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let hour = |row: &Row<'_>| Ok(SessionHour { hour: row.get::<_, i64>(0)? * HOUR, sessions: sums(row, 1)? });
            let found = statement.query_map(params![project.0, release, environment, limit as i64], hour)?;
            Ok(found.collect::<Result<_, _>>()?)
        })
    }
}
