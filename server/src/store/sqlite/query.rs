//! What the API reads.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension, params};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::details::{Details, details};
use super::search::Search;
use super::{Registry, connect_reader, ids, rows};
use crate::consume::parse_hex;
use crate::issues::{Fingerprint, Issue, Severity};
use crate::store::{Id, OccurrenceReader, Place};
use crate::{IssueId, ProjectId};

/// Connections kept for readers.
const MAX_IDLE: usize = 4;

/// Reads beside the writer. Each call takes a connection of its own.
#[derive(Clone)]
pub struct Reader {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
    occurrences: Arc<dyn OccurrenceReader>,
}

/// Which issues. What is absent lets all through.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Standing at one of these, by the status' name; none is all.
    pub status: &'static [&'static str],
    /// Of this severity.
    pub severity: Option<Severity>,
    /// Seen in this environment.
    pub environment: Option<String>,
    /// Seen in this release.
    pub release: Option<String>,
    /// Seen in this release first.
    pub new_in: Option<String>,
    /// With this tag: name and value.
    pub tag: Option<(String, String)>,
    /// With each of these words in title, culprit or message.
    pub words: Vec<String>,
    /// That hit this user, by whatever names them in events.
    pub user: Option<String>,
    /// The one of this event.
    pub event: Option<Id>,
    /// With a stored occurrence of this trace: 32 hexadecimal digits in lower case.
    pub trace: Option<String>,
}

/// In which order issues are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// The last seen first. One that occurs while someone turns pages is on the first page again.
    #[default]
    LastSeen,
    /// The last opened first, an order that nothing changes.
    Opened,
}

/// Where a page of issues begins: after the one that was last seen then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AfterIssue(i64, i64);

impl FromStr for AfterIssue {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once('.').and_then(|(time, id)| Some((time.parse().ok()?, id.parse().ok()?)));
        parts.map(|(time, id)| AfterIssue(time, id)).ok_or(NO_NEXT)
    }
}

/// Where a page of occurrences begins. Many can be of one millisecond: the time alone does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AfterOccurrence(i64, Id);

impl FromStr for AfterOccurrence {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once('.').and_then(|(time, id)| Some((time.parse().ok()?, parse_hex(id)?)));
        parts.map(|(time, id)| AfterOccurrence(time, id)).ok_or(NO_NEXT)
    }
}

const NO_NEXT: &str = "after: expected the `next` of an earlier page";

/// Part of a list, and where the next begins.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "PageOf{T}")]
pub struct Page<T> {
    /// The part.
    pub items: Vec<T>,
    /// To be sent for the next part; absent after the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A stored occurrence.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Occurrence {
    /// The event's id.
    pub event_id: String,
    /// When it happened.
    pub time: i64,
    #[serde(skip)]
    pub(super) place: Place,
}

impl Occurrence {
    /// Where its payload is.
    pub fn place(&self) -> Place {
        self.place
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
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

    /// Issues of a project, the last seen first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn issues(
        &self,
        project: ProjectId,
        filter: &Filter,
        after: Option<AfterIssue>,
        limit: usize,
    ) -> anyhow::Result<Page<Issue>> {
        self.sorted_issues(project, filter, Sort::LastSeen, after, limit)
    }

    /// Issues of a project.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn sorted_issues(
        &self,
        project: ProjectId,
        filter: &Filter,
        sort: Sort,
        after: Option<AfterIssue>,
        limit: usize,
    ) -> anyhow::Result<Page<Issue>> {
        self.with(|connection| {
            let mut search = Search::of(project);
            search.add(connection, filter)?;
            if let Some(AfterIssue(time, id)) = after {
                let id = search.bind(id);
                let condition = match sort {
                    Sort::LastSeen => format!("(last_seen, id) < ({}, {id})", search.bind(time)),
                    Sort::Opened => format!("id < {id}"),
                };
                search.conditions.push(condition);
            }
            let order = match sort {
                Sort::LastSeen => "last_seen DESC, id DESC",
                Sort::Opened => "id DESC",
            };
            let conditions = search.conditions.join(" AND ");
            let sql =
                format!("SELECT {} FROM issues WHERE {conditions} ORDER BY {order} LIMIT {}", rows::ISSUE, limit + 1);
            let mut statement = connection.prepare_cached(&sql)?;
            let values = rusqlite::params_from_iter(search.values.iter());
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
    pub fn issue(&self, issue: IssueId) -> anyhow::Result<Option<(Issue, Details)>> {
        self.with(|connection| {
            let sql = format!("SELECT {} FROM issues WHERE id = ?1", rows::ISSUE);
            let found = connection.prepare_cached(&sql)?.query_row([issue.0], rows::issue).optional()?;
            found.map(|found| Ok((found, details(connection, issue)?))).transpose()
        })
    }

    /// Stored occurrences of an issue, the newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn occurrences(
        &self,
        issue: IssueId,
        after: Option<AfterOccurrence>,
        limit: usize,
    ) -> anyhow::Result<Page<Occurrence>> {
        let after = after.unwrap_or(AfterOccurrence(i64::MAX, [0xff; 16]));
        self.with(|connection| {
            let mut items = around(connection, issue, after, Side::Older, limit + 1)?;
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
    pub fn payload(&self, occurrence: &Occurrence) -> anyhow::Result<Map<String, Value>> {
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
    pub fn event(&self, id: &Id) -> anyhow::Result<Option<Found>> {
        self.with(|connection| {
            let Some(pattern) = ids::find(connection, id)? else { return Ok(None) };
            let mut statement =
                connection.prepare_cached("SELECT project, issue, fingerprint FROM patterns WHERE id = ?1")?;
            let whose = statement.query_row([pattern.0], |row| {
                Ok((ProjectId(row.get(0)?), IssueId(row.get(1)?), row.get::<_, Fingerprint>(2)?))
            });
            let Some((project, issue, fingerprint)) = whose.optional()? else { return Ok(None) };
            let mut statement = connection.prepare_cached(
                "SELECT id, time, file, start, length, base FROM occurrences WHERE pattern = ?1 AND id = ?2",
            )?;
            let stored = statement.query_row(params![pattern.0, id], occurrence).optional()?;
            let beside = |side| {
                let Some(stored) = &stored else { return Ok(None) };
                let one = around(connection, issue, AfterOccurrence(stored.time, *id), side, 1)?;
                anyhow::Ok(one.into_iter().next().map(|one| one.event_id))
            };
            let (older, newer) = (beside(Side::Older)?, beside(Side::Newer)?);
            Ok(Some(Found { project, issue, fingerprint: hex(&fingerprint), stored, older, newer }))
        })
    }
}

/// An event that was counted.
#[derive(Debug, Clone)]
pub struct Found {
    /// Whose.
    pub project: ProjectId,
    /// Of which issue.
    pub issue: IssueId,
    /// What names its fault: 64 hexadecimal digits.
    pub fingerprint: String,
    /// It as it was stored, if it was.
    pub stored: Option<Occurrence>,
    /// The stored one of the issue before it.
    pub older: Option<String>,
    /// The stored one of the issue behind it.
    pub newer: Option<String>,
}

#[derive(Clone, Copy)]
enum Side {
    Older,
    Newer,
}

/// Stored occurrences of an issue on one side of a place, the nearest first. Each pattern by its own index: to sort a
/// hundred thousand for a page of 25 takes longer than to look at some patterns in turn.
fn around(
    connection: &Connection,
    issue: IssueId,
    AfterOccurrence(time, id): AfterOccurrence,
    side: Side,
    count: usize,
) -> anyhow::Result<Vec<Occurrence>> {
    let (than, order) = match side {
        Side::Older => ("<", "DESC"),
        Side::Newer => (">", "ASC"),
    };
    let mut patterns = connection.prepare_cached("SELECT id FROM patterns WHERE issue = ?1")?;
    let mut of_pattern = connection.prepare_cached(&format!(
        "SELECT id, time, file, start, length, base FROM occurrences WHERE pattern = ?1 AND (time, id) {than} (?2, ?3) \
         ORDER BY time {order}, id {order} LIMIT ?4"
    ))?;
    let mut found: Vec<Occurrence> = Vec::new();
    for pattern in patterns.query_map([issue.0], |row| row.get::<_, i64>(0))? {
        for one in of_pattern.query_map(params![pattern?, time, id, count as i64], occurrence)? {
            found.push(one?);
        }
    }
    found.sort_by(|a, b| match side {
        Side::Older => (b.time, &b.event_id).cmp(&(a.time, &a.event_id)),
        Side::Newer => (a.time, &a.event_id).cmp(&(b.time, &b.event_id)),
    });
    found.truncate(count);
    Ok(found)
}

fn occurrence(row: &rusqlite::Row<'_>) -> rusqlite::Result<Occurrence> {
    let id: [u8; 16] = row.get(0)?;
    let place = Place { file: row.get(2)?, offset: row.get(3)?, length: row.get(4)?, base: row.get(5)? };
    Ok(Occurrence { event_id: hex(&id), time: row.get(1)?, place })
}
