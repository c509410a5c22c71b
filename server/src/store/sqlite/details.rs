//! What is known of one issue beside its row, and what of a project is not counted.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, params};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::query::hex;
use super::{Reader, rows};
use crate::clock::HOUR;
use crate::outcome::Reason;
use crate::store::Event;
use crate::{IssueId, ProjectId};

/// What an issue is made of.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "IssueDetails")]
pub struct Details {
    /// Counts of the last hours in which it occurred, at most 720, the last first.
    pub hours: Vec<HourCount>,
    /// Counts by tag, at most 1000. What came after the hundredth value of a tag counts under the empty one.
    pub tags: Vec<TagValue>,
    /// Releases and environments, at most 500, the last seen first.
    pub seen_in: Vec<SeenIn>,
    /// The fingerprints that it is made of.
    pub patterns: Vec<PatternCount>,
    /// What happened to it and who changed it, at most 200 lines, the last first.
    pub history: Vec<HistoryLine>,
}

/// Occurrences of an hour.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct HourCount {
    /// When the hour began.
    pub hour: i64,
    /// That arrived.
    pub raw: i64,
    /// That happened.
    pub estimated: f64,
}

/// Occurrences with a tag.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TagValue {
    /// The tag.
    pub name: String,
    /// Its value.
    pub value: String,
    /// How many.
    pub count: i64,
}

/// Occurrences in a release and an environment; both are empty where not said.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SeenIn {
    /// The release's whole name.
    pub release: String,
    /// The environment.
    pub environment: String,
    /// The first time.
    pub first_seen: i64,
    /// The last time.
    pub last_seen: i64,
    /// How many.
    pub count: i64,
}

/// Occurrences of one fingerprint.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PatternCount {
    /// 64 hexadecimal digits.
    pub fingerprint: String,
    /// The issue that it opened, to which it returns when a merge is undone.
    pub home: IssueId,
    /// Occurrences that arrived.
    pub raw: i64,
    /// Occurrences that happened.
    pub estimated: f64,
    /// The first time.
    pub first_seen: i64,
    /// The last time.
    pub last_seen: i64,
}

/// What happened to an issue.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct HistoryLine {
    /// Its place among all.
    pub number: i64,
    /// When.
    pub time: i64,
    /// What.
    pub event: Event,
    /// Who did it; empty for what an occurrence did.
    pub who: String,
    /// More: the milestone, the release, what was asked for and the new status.
    pub detail: Value,
}

pub(super) fn details(connection: &Connection, issue: IssueId) -> anyhow::Result<Details> {
    fn list<T>(
        connection: &Connection,
        issue: IssueId,
        sql: &str,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> anyhow::Result<Vec<T>> {
        Ok(connection.prepare_cached(sql)?.query_map([issue.0], read)?.collect::<Result<_, _>>()?)
    }
    let hours = list(
        connection,
        issue,
        "SELECT hour, SUM(hours.raw), SUM(hours.estimated) FROM patterns JOIN hours ON hours.pattern = patterns.id \
         WHERE issue = ?1 GROUP BY hour ORDER BY hour DESC LIMIT 720",
        |row| Ok(HourCount { hour: row.get::<_, i64>(0)? * HOUR, raw: row.get(1)?, estimated: row.get(2)? }),
    )?;
    let tags = list(
        connection,
        issue,
        "SELECT name, value, SUM(count) FROM patterns JOIN tags ON tags.pattern = patterns.id \
         WHERE issue = ?1 GROUP BY name, value ORDER BY name, 3 DESC LIMIT 1000",
        |row| Ok(TagValue { name: row.get(0)?, value: row.get(1)?, count: row.get(2)? }),
    )?;
    let seen_in = list(
        connection,
        issue,
        "SELECT release, environment, MIN(first), MAX(last), SUM(count) FROM patterns \
         JOIN sightings ON sightings.pattern = patterns.id WHERE issue = ?1 \
         GROUP BY release, environment ORDER BY 4 DESC LIMIT 500",
        |row| {
            let (release, environment) = (row.get(0)?, row.get(1)?);
            let (first_seen, last_seen, count) = (row.get(2)?, row.get(3)?, row.get(4)?);
            Ok(SeenIn { release, environment, first_seen, last_seen, count })
        },
    )?;
    let patterns = list(
        connection,
        issue,
        "SELECT fingerprint, home, raw, estimated, first_seen, last_seen FROM patterns WHERE issue = ?1",
        |row| {
            let fingerprint = hex(&row.get::<_, [u8; 32]>(0)?);
            let (home, raw, estimated) = (IssueId(row.get(1)?), row.get(2)?, row.get(3)?);
            Ok(PatternCount { fingerprint, home, raw, estimated, first_seen: row.get(4)?, last_seen: row.get(5)? })
        },
    )?;
    let history = list(
        connection,
        issue,
        "SELECT number, time, event, who, detail FROM events WHERE issue = ?1 ORDER BY number DESC LIMIT 200",
        |row| {
            let (event, detail) = (rows::json(row, 2)?, rows::json(row, 4)?);
            Ok(HistoryLine { number: row.get(0)?, time: row.get(1)?, event, who: row.get(3)?, detail })
        },
    )?;
    Ok(Details { hours, tags, seen_in, patterns, history })
}

/// So many are shown in full.
const MAX_LAST: usize = 100;

/// What of a project is not counted.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct NotCounted {
    /// How many, by reason.
    pub not_counted: BTreeMap<String, i64>,
    /// How many the clients say they left out, by reason.
    pub not_sent_by_clients: BTreeMap<String, i64>,
    /// The last hundred in full.
    pub last: Vec<Refused>,
}

/// Something that was not counted.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Refused {
    /// When.
    pub time: i64,
    /// Why, for programs.
    pub reason: String,
    /// Which event, if that is known.
    pub event_id: Option<String>,
    /// For how many it stands.
    pub quantity: i64,
    /// Why, for people.
    pub detail: String,
}

impl Reader {
    /// What of a project is not counted, by reason, and the last of it in full; of one event, if it is named.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn outcomes(&self, project: ProjectId, event_id: Option<&str>) -> anyhow::Result<NotCounted> {
        self.with(|connection| {
            let totals = |sql: &str| {
                let mut statement = connection.prepare_cached(sql)?;
                let pairs = statement.query_map([project.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
                anyhow::Ok(pairs.collect::<Result<BTreeMap<String, i64>, _>>()?)
            };
            let mut not_counted = totals("SELECT reason, SUM(count) FROM outcomes WHERE project = ?1 GROUP BY reason")?;
            let by_clients = totals("SELECT reason, SUM(count) FROM reports WHERE project = ?1 GROUP BY reason")?;
            let mut statement = connection.prepare_cached(
                "SELECT time, reason, event_id, quantity, detail FROM refusals WHERE project = ?1 \
                 AND (?2 IS NULL OR event_id = ?2) ORDER BY number DESC LIMIT ?3",
            )?;
            let refused = |row: &Row<'_>| {
                let (event_id, quantity, detail) = (row.get(2)?, row.get(3)?, row.get(4)?);
                Ok(Refused { time: row.get(0)?, reason: row.get(1)?, event_id, quantity, detail })
            };
            let last = statement.query_map(params![project.0, event_id, MAX_LAST as i64], refused)?;
            let mut last = last.collect::<Result<Vec<_>, _>>()?;
            let waiting = unattributed(connection, project)?;
            if waiting > 0 {
                not_counted.insert(Reason::Unattributed.as_str().to_owned(), waiting);
            }
            if event_id.is_none() {
                last.extend(parked(connection, project)?);
                last.sort_by_key(|one| std::cmp::Reverse(one.time));
                last.truncate(MAX_LAST);
            }
            Ok(NotCounted { not_counted, not_sent_by_clients: by_clients, last })
        })
    }
}

/// How many are counted under fingerprints of which no event came: they belong to no issue, until one does.
fn unattributed(connection: &Connection, project: ProjectId) -> anyhow::Result<i64> {
    let sql = "SELECT COALESCE(SUM(raw), 0) FROM parked WHERE project = ?1";
    Ok(connection.prepare_cached(sql)?.query_row([project.0], |row| row.get(0))?)
}

/// The last of them, a line a fingerprint.
fn parked(connection: &Connection, project: ProjectId) -> anyhow::Result<Vec<Refused>> {
    let sql = "SELECT fingerprint, raw, last FROM parked WHERE project = ?1 ORDER BY last DESC LIMIT ?2";
    let line = |row: &Row<'_>| {
        let fingerprint = hex(&row.get::<_, [u8; 32]>(0)?);
        let detail = format!("counts of {fingerprint}, of which no event came yet: they wait for one");
        let reason = Reason::Unattributed.as_str().to_owned();
        Ok(Refused { time: row.get(2)?, reason, event_id: None, quantity: row.get(1)?, detail })
    };
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_map(params![project.0, MAX_LAST as i64], line)?.collect::<Result<_, _>>()?)
}
