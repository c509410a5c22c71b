//! What the API reads.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension, ToSql, params};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Registry, connect_reader, ids, rows};
use crate::consume::parse_hex;
use crate::issues::Issue;
use crate::store::{Id, OccurrenceReader, Place};
use crate::{IssueId, ProjectId};

/// Shorter words are not in the index of texts.
const TRIGRAM: usize = 3;
/// Connections kept for readers.
const MAX_IDLE: usize = 4;

/// Reads beside the writer. Each call takes a connection of its own.
#[derive(Clone)]
pub struct Reader {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
    occurrences: Arc<dyn OccurrenceReader>,
}

/// Which issues.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Standing there, by the status' name.
    pub status: Option<String>,
    /// Of this severity.
    pub severity: Option<String>,
    /// Seen in this environment.
    pub environment: Option<String>,
    /// Seen in this release.
    pub release: Option<String>,
    /// With this in title, type or culprit.
    pub text: Option<String>,
}

/// Part of a list, and where the next begins.
#[derive(Debug, Clone, Serialize)]
pub struct Page<T> {
    /// The part.
    pub items: Vec<T>,
    /// To be sent for the next part; absent after the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A stored occurrence.
#[derive(Debug, Clone, Serialize)]
pub struct Occurrence {
    /// The event's id.
    pub event_id: String,
    /// When it happened.
    pub time: i64,
    #[serde(skip)]
    pub(super) place: Place,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Reader {
    /// Readers of the database at `path` and the occurrences beside it.
    pub fn new(path: &Path, occurrences: Arc<dyn OccurrenceReader>) -> Self {
        Reader { path: path.to_owned(), idle: Arc::default(), occurrences }
    }

    pub(super) fn with<T>(&self, read: impl FnOnce(&Connection) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = idle.map_or_else(|| connect_reader(&self.path), Ok)?;
        let answer = read(&connection);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_IDLE {
            idle.push(connection);
        }
        answer
    }

    /// Something of projects, keys and people.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn registry<T>(&self, read: impl FnOnce(Registry<'_>) -> anyhow::Result<T>) -> anyhow::Result<T> {
        self.with(|connection| read(Registry(connection)))
    }

    /// Issues of a project, the last seen first; `after` is the `next` of an earlier page.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn issues(
        &self,
        project: ProjectId,
        filter: &Filter,
        after: Option<&str>,
        limit: usize,
    ) -> anyhow::Result<Page<Issue>> {
        let mut conditions = vec!["project = ?1".to_owned(), "merged_into IS NULL".to_owned()];
        let mut values: Vec<Box<dyn ToSql>> = vec![Box::new(project.0)];
        let bind = |values: &mut Vec<Box<dyn ToSql>>, value: Box<dyn ToSql>| {
            values.push(value);
            format!("?{}", values.len())
        };
        if let Some(status) = &filter.status {
            let at = bind(&mut values, Box::new(status.clone()));
            conditions.push(format!("status = {at}"));
        }
        if let Some(severity) = &filter.severity {
            let at = bind(&mut values, Box::new(format!("\"{severity}\"")));
            conditions.push(format!("severity = {at}"));
        }
        for (column, value) in [("environment", &filter.environment), ("release", &filter.release)] {
            if let Some(value) = value {
                let at = bind(&mut values, Box::new(value.clone()));
                conditions.push(format!(
                    "EXISTS (SELECT 1 FROM patterns JOIN sightings ON sightings.pattern = patterns.id \
                     WHERE patterns.issue = issues.id AND sightings.{column} = {at})"
                ));
            }
        }
        for word in filter.text.iter().flat_map(|text| text.split_whitespace()) {
            conditions.push(if word.chars().count() < TRIGRAM {
                let escaped = word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
                let at = bind(&mut values, Box::new(format!("%{escaped}%")));
                format!("(title LIKE {at} ESCAPE '\\' OR culprit LIKE {at} ESCAPE '\\')")
            } else {
                // Quoted, so that it is nothing but a text.
                let at = bind(&mut values, Box::new(format!("\"{}\"", word.replace('"', "\"\""))));
                format!("id IN (SELECT rowid FROM issue_texts WHERE issue_texts MATCH {at})")
            });
        }
        if let Some((time, id)) = after.and_then(|after| after.split_once('.')) {
            let time = bind(&mut values, Box::new(time.parse::<i64>().unwrap_or(i64::MAX)));
            let id = bind(&mut values, Box::new(id.parse::<i64>().unwrap_or(i64::MAX)));
            conditions.push(format!("(last_seen, id) < ({time}, {id})"));
        }
        let sql = format!(
            "SELECT {} FROM issues WHERE {} ORDER BY last_seen DESC, id DESC LIMIT {}",
            rows::ISSUE,
            conditions.join(" AND "),
            limit + 1
        );
        self.with(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let values = rusqlite::params_from_iter(values.iter());
            let mut items: Vec<Issue> = statement.query_map(values, rows::issue)?.collect::<Result<_, _>>()?;
            let more = items.len() > limit;
            items.truncate(limit);
            let next = items.last().filter(|_| more).map(|last| format!("{}.{}", last.last_seen, last.id.0));
            Ok(Page { items, next })
        })
    }

    /// An issue with its hours, tags, releases, environments and patterns.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn issue(&self, issue: IssueId) -> anyhow::Result<Option<(Issue, Value)>> {
        self.with(|connection| {
            let sql = format!("SELECT {} FROM issues WHERE id = ?1", rows::ISSUE);
            let found = connection.prepare_cached(&sql)?.query_row([issue.0], rows::issue).optional()?;
            let Some(found) = found else { return Ok(None) };
            let list = |sql: &str, read: &dyn Fn(&rusqlite::Row<'_>) -> rusqlite::Result<Value>| {
                let mut statement = connection.prepare_cached(sql)?;
                let values = statement.query_map([issue.0], |row| read(row))?.collect::<Result<Vec<_>, _>>()?;
                anyhow::Ok(values)
            };
            let hours = list(
                "SELECT hour, SUM(hours.raw), SUM(hours.estimated) FROM patterns JOIN hours ON hours.pattern = patterns.id \
                 WHERE issue = ?1 GROUP BY hour ORDER BY hour DESC LIMIT 720",
                &|row| {
                    let (hour, raw, estimated): (i64, i64, f64) = (row.get(0)?, row.get(1)?, row.get(2)?);
                    Ok(json!({ "hour": hour * 3_600_000, "raw": raw, "estimated": estimated }))
                },
            )?;
            let tags = list(
                "SELECT name, value, SUM(count) FROM patterns JOIN tags ON tags.pattern = patterns.id \
                 WHERE issue = ?1 GROUP BY name, value ORDER BY name, 3 DESC LIMIT 1000",
                &|row| {
                    let (name, value, count): (String, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
                    Ok(json!({ "name": name, "value": value, "count": count }))
                },
            )?;
            let sightings = list(
                "SELECT release, environment, MIN(first), MAX(last), SUM(count) FROM patterns \
                 JOIN sightings ON sightings.pattern = patterns.id WHERE issue = ?1 \
                 GROUP BY release, environment ORDER BY 4 DESC LIMIT 500",
                &|row| {
                    let (release, environment): (String, String) = (row.get(0)?, row.get(1)?);
                    let (first, last, count): (i64, i64, i64) = (row.get(2)?, row.get(3)?, row.get(4)?);
                    Ok(json!({ "release": release, "environment": environment, "first_seen": first, "last_seen": last,
                               "count": count }))
                },
            )?;
            let patterns = list(
                "SELECT fingerprint, home, raw, estimated, first_seen, last_seen FROM patterns WHERE issue = ?1",
                &|row| {
                    let fingerprint: [u8; 32] = row.get(0)?;
                    let (home, raw, estimated): (i64, i64, f64) = (row.get(1)?, row.get(2)?, row.get(3)?);
                    let (first, last): (i64, i64) = (row.get(4)?, row.get(5)?);
                    Ok(json!({ "fingerprint": hex(&fingerprint), "home": home, "raw": raw, "estimated": estimated,
                               "first_seen": first, "last_seen": last }))
                },
            )?;
            let history = list(
                "SELECT number, time, event, who, detail FROM events WHERE issue = ?1 ORDER BY number DESC LIMIT 200",
                &|row| {
                    let (number, time, who): (i64, i64, String) = (row.get(0)?, row.get(1)?, row.get(3)?);
                    let (event, detail): (Value, Value) = (rows::json(row, 2)?, rows::json(row, 4)?);
                    Ok(json!({ "number": number, "time": time, "event": event, "who": who, "detail": detail }))
                },
            )?;
            let details =
                json!({ "hours": hours, "tags": tags, "seen_in": sightings, "patterns": patterns, "history": history });
            Ok(Some((found, details)))
        })
    }

    /// Stored occurrences of an issue, the newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn occurrences(&self, issue: IssueId, after: Option<&str>, limit: usize) -> anyhow::Result<Page<Occurrence>> {
        // Many can be of one millisecond: the time alone does not say where a page ends.
        let cursor = |after: &str| {
            let (time, id) = after.split_once('.')?;
            Some((time.parse().ok()?, parse_hex::<16>(id)?))
        };
        let (time, id): (i64, Id) = after.and_then(cursor).unwrap_or((i64::MAX, [0xff; 16]));
        self.with(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT occurrences.id, time, file, start, length, base FROM patterns \
                 JOIN occurrences ON occurrences.pattern = patterns.id \
                 WHERE issue = ?1 AND time <= ?2 AND (time < ?2 OR occurrences.id < ?3) \
                 ORDER BY time DESC, occurrences.id DESC LIMIT ?4",
            )?;
            let mut items: Vec<Occurrence> = statement
                .query_map(params![issue.0, time, id, limit as i64 + 1], occurrence)?
                .collect::<Result<_, _>>()?;
            let more = items.len() > limit;
            items.truncate(limit);
            let next = items.last().filter(|_| more).map(|last| format!("{}.{}", last.time, last.event_id));
            Ok(Page { items, next })
        })
    }

    /// An event as it was stored.
    ///
    /// # Errors
    /// When its payload cannot be read.
    pub fn payload(&self, occurrence: &Occurrence) -> anyhow::Result<Value> {
        Ok(serde_json::from_slice(&self.occurrences.get(occurrence.place)?)?)
    }

    /// The bytes of a stored payload.
    ///
    /// # Errors
    /// When it is gone or damaged.
    pub fn stored(&self, place: Place) -> anyhow::Result<Vec<u8>> {
        Ok(self.occurrences.get(place)?)
    }

    /// Of which issue an event is, and where its payload is, if that was stored.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn event(&self, id: &Id) -> anyhow::Result<Option<(ProjectId, IssueId, Option<Occurrence>)>> {
        self.with(|connection| {
            let Some(pattern) = ids::find(connection, id)? else { return Ok(None) };
            let mut statement = connection.prepare_cached("SELECT project, issue FROM patterns WHERE id = ?1")?;
            let whose = statement.query_row([pattern.0], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
            let Some((project, issue)) = whose else { return Ok(None) };
            let mut statement = connection.prepare_cached(
                "SELECT id, time, file, start, length, base FROM occurrences WHERE pattern = ?1 AND id = ?2",
            )?;
            let stored = statement.query_row(params![pattern.0, id], occurrence).optional()?;
            Ok(Some((ProjectId(project), IssueId(issue), stored)))
        })
    }

    /// What of a project is not counted, by reason, and the last of it in full; of one event, if it is named.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn outcomes(&self, project: ProjectId, event_id: Option<&str>) -> anyhow::Result<Value> {
        self.with(|connection| {
            let totals = |sql: &str| {
                let mut statement = connection.prepare_cached(sql)?;
                let pair = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?));
                let pairs = statement.query_map([project.0], pair)?.collect::<Result<Vec<_>, _>>()?;
                anyhow::Ok(pairs.into_iter().map(|(k, v)| (k, Value::from(v))).collect::<serde_json::Map<_, _>>())
            };
            let refused = totals("SELECT reason, SUM(count) FROM outcomes WHERE project = ?1 GROUP BY reason")?;
            let by_clients = totals("SELECT reason, SUM(count) FROM reports WHERE project = ?1 GROUP BY reason")?;
            let mut statement = connection.prepare_cached(
                "SELECT time, reason, event_id, quantity, detail FROM refusals WHERE project = ?1 \
                 AND (?2 IS NULL OR event_id = ?2) ORDER BY number DESC LIMIT 100",
            )?;
            let refusal = |row: &rusqlite::Row<'_>| {
                let (time, reason, quantity): (i64, String, i64) = (row.get(0)?, row.get(1)?, row.get(3)?);
                let (event_id, detail): (Option<String>, String) = (row.get(2)?, row.get(4)?);
                Ok(json!({ "time": time, "reason": reason, "event_id": event_id, "quantity": quantity, "detail": detail }))
            };
            let last = statement.query_map(params![project.0, event_id], refusal)?.collect::<Result<Vec<_>, _>>()?;
            Ok(json!({ "not_counted": refused, "not_sent_by_clients": by_clients, "last": last }))
        })
    }
}

fn occurrence(row: &rusqlite::Row<'_>) -> rusqlite::Result<Occurrence> {
    let id: [u8; 16] = row.get(0)?;
    let place = Place { file: row.get(2)?, offset: row.get(3)?, length: row.get(4)?, base: row.get(5)? };
    Ok(Occurrence { event_id: hex(&id), time: row.get(1)?, place })
}
