//! What a page shows beside its issues: how many there are, when they occurred, and what can be asked for.

use std::collections::BTreeMap;
use std::iter;

use rusqlite::{Connection, OptionalExtension, params, params_from_iter};
use schemars::JsonSchema;
use serde::Serialize;

use super::Reader;
use super::query::Filter;
use super::search::Search;
use crate::clock::HOUR;
use crate::{IssueId, ProjectId};

/// Entries of one list of what can be asked for.
const MAX_CHOICES: usize = 100;
/// Texts that are looked at for them, those of other projects among them.
const MAX_LOOKED_AT: usize = 10_000;

/// When an issue occurred.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Activity {
    /// Which one.
    pub issue: IssueId,
    /// Occurrences that happened, by the hour, the oldest first; as many as were asked for.
    pub hours: Vec<f64>,
}

/// What issues of a project can be asked for, each list with at most 100 entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Choices {
    /// Environments, by name.
    pub environments: Vec<String>,
    /// Releases, the last deployed or first seen at the beginning.
    pub releases: Vec<String>,
    /// Names of tags.
    pub tags: Vec<String>,
    /// Values of the tag that was named, by value.
    pub values: Vec<String>,
}

impl Reader {
    /// How many issues a filter lets through, by the status' name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn standings(&self, project: ProjectId, filter: &Filter) -> anyhow::Result<BTreeMap<String, u64>> {
        self.with(|connection| {
            let mut search = Search::of(project);
            search.add(connection, filter)?;
            let conditions = search.conditions.join(" AND ");
            let sql = format!("SELECT status, COUNT(*) FROM issues WHERE {conditions} GROUP BY status");
            let mut statement = connection.prepare_cached(&sql)?;
            let values = params_from_iter(search.values.iter());
            let found = statement.query_map(values, |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)))?;
            Ok(found.collect::<Result<_, _>>()?)
        })
    }

    /// When issues of a project occurred in the `hours` hours up to that of `now`; of others nothing.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn activity(
        &self,
        project: ProjectId,
        issues: &[IssueId],
        hours: usize,
        now: i64,
    ) -> anyhow::Result<Vec<Activity>> {
        let first = now.div_euclid(HOUR) - hours as i64 + 1;
        self.with(|connection| {
            let mut known = connection.prepare_cached("SELECT 1 FROM issues WHERE id = ?1 AND project = ?2")?;
            let mut counts = connection.prepare_cached(
                "SELECT hour - ?2, SUM(hours.estimated) FROM patterns JOIN hours ON hours.pattern = patterns.id \
                 WHERE issue = ?1 AND hour >= ?2 GROUP BY hour",
            )?;
            let mut found = Vec::with_capacity(issues.len());
            for issue in issues {
                if !known.exists(params![issue.0, project.0])? {
                    continue;
                }
                let mut of = Activity { issue: *issue, hours: vec![0.0; hours] };
                for count in counts.query_map(params![issue.0, first], |row| Ok((row.get(0)?, row.get(1)?)))? {
                    let (at, count): (i64, f64) = count?;
                    if let Some(hour) = of.hours.get_mut(at as usize) {
                        *hour = count;
                    }
                }
                found.push(of);
            }
            Ok(found)
        })
    }

    /// What issues of a project can be asked for, and the values of `tag`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn choices(&self, project: ProjectId, tag: Option<&str>) -> anyhow::Result<Choices> {
        self.with(|connection| {
            let releases = connection
                .prepare_cached(
                    "SELECT name FROM releases WHERE project = ?1 \
                     ORDER BY COALESCE(deployed, first_seen, 0) DESC, name DESC LIMIT ?2",
                )?
                .query_map(params![project.0, MAX_CHOICES as i64], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            let values = match tag {
                Some(tag) => different(connection, project, "tags", "value", Some(tag))?,
                None => Vec::new(),
            };
            Ok(Choices {
                environments: different(connection, project, "sightings", "environment", None)?,
                releases,
                tags: different(connection, project, "tags", "name", None)?,
                values,
            })
        })
    }
}

/// The different texts that a project has in a column. From one to the next by the index: there may be millions of rows
/// and a handful of texts.
fn different(
    connection: &Connection,
    project: ProjectId,
    table: &str,
    column: &str,
    tag: Option<&str>,
) -> anyhow::Result<Vec<String>> {
    let of_tag = if tag.is_some() { "name = ?2 AND" } else { "" };
    let mut next = connection.prepare_cached(&format!(
        "SELECT {column} FROM {table} WHERE {of_tag} {column} > ?1 ORDER BY {column} LIMIT 1"
    ))?;
    let mut is_theirs = connection.prepare_cached(&format!(
        "SELECT 1 FROM {table} JOIN patterns ON patterns.id = {table}.pattern \
         WHERE {of_tag} {column} = ?1 AND patterns.project = {} LIMIT 1",
        project.0
    ))?;
    let values = |text: &str| params_from_iter(iter::once(text.to_owned()).chain(tag.map(str::to_owned)));
    // What is empty is not said, or does not fit.
    let (mut found, mut last) = (Vec::new(), String::new());
    for _ in 0..MAX_LOOKED_AT {
        let Some(text) = next.query_row(values(&last), |row| row.get::<_, String>(0)).optional()? else {
            break;
        };
        if is_theirs.exists(values(&text))? {
            found.push(text.clone());
            if found.len() == MAX_CHOICES {
                break;
            }
        }
        last = text;
    }
    Ok(found)
}
