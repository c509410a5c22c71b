//! Issues that are like one: who shares its rare traits, and how alike they are.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{Reader, rows};
use crate::issues::Issue;
use crate::issues::similar::{Likeness, MAX_CANDIDATES, MIN_SCORE, Sketch, likeness, weight};
use crate::store::Changes;
use crate::{IssueId, ProjectId};

/// Traits of an issue that are looked at, the rarest first: one of many patterns may have more.
const MAX_TRAITS: usize = 256;
/// Environments of an issue that are compared.
const MAX_ENVIRONMENTS: usize = 50;

pub(super) fn write(transaction: &Transaction<'_>, changes: &Changes) -> anyhow::Result<()> {
    let mut insert = transaction
        .prepare_cached("INSERT OR IGNORE INTO traits (project, hash, pattern, frame) VALUES (?1, ?2, ?3, ?4)")?;
    let mut count = transaction.prepare_cached(
        "INSERT INTO trait_counts (project, hash, patterns) VALUES (?1, ?2, 1) \
         ON CONFLICT DO UPDATE SET patterns = patterns + 1",
    )?;
    for (project, pattern, traits) in &changes.traits {
        let frames = traits.frames.iter().map(|hash| (*hash, true));
        for (hash, is_frame) in frames.chain([(traits.message, false)]) {
            if insert.execute(params![project.0, hash as i64, pattern.0, is_frame])? > 0 {
                count.execute(params![project.0, hash as i64])?;
            }
        }
    }
    Ok(())
}

/// Hashes of an issue's traits, the rarest first: whether it is a frame, and how many patterns have it.
fn traits(connection: &Connection, issue: IssueId) -> anyhow::Result<Vec<(i64, bool, u64)>> {
    let mut statement = connection.prepare_cached(
        "SELECT DISTINCT traits.hash, frame, trait_counts.patterns FROM patterns \
         JOIN traits ON traits.pattern = patterns.id \
         JOIN trait_counts ON trait_counts.project = traits.project AND trait_counts.hash = traits.hash \
         WHERE patterns.issue = ?1 ORDER BY trait_counts.patterns, traits.hash LIMIT ?2",
    )?;
    let found = statement.query_map(params![issue.0, MAX_TRAITS as i64], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)? as u64))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn sketch(connection: &Connection, issue: &Issue, all: u64) -> anyhow::Result<Sketch> {
    let frames = traits(connection, issue.id)?.into_iter().filter(|(_, is_frame, _)| *is_frame);
    let frames = frames.map(|(hash, _, patterns)| (hash as u64, weight(patterns, all))).collect();
    let mut statement = connection.prepare_cached(
        "SELECT DISTINCT environment FROM patterns JOIN sightings ON sightings.pattern = patterns.id \
         WHERE issue = ?1 LIMIT ?2",
    )?;
    let environments = statement.query_map(params![issue.id.0, MAX_ENVIRONMENTS as i64], |row| row.get(0))?;
    Ok(Sketch { frames, facts: issue.facts.clone(), environments: environments.collect::<Result<_, _>>()? })
}

fn find(connection: &Connection, project: ProjectId, issue: IssueId) -> anyhow::Result<Option<Issue>> {
    let sql = format!("SELECT {} FROM issues WHERE id = ?1 AND project = ?2", rows::ISSUE);
    Ok(connection.prepare_cached(&sql)?.query_row(params![issue.0, project.0], rows::issue).optional()?)
}

/// Other issues of the project with its traits, by the rarest of them, of each the newest first.
fn candidates(connection: &Connection, project: ProjectId, issue: IssueId) -> anyhow::Result<BTreeSet<i64>> {
    let mut statement = connection.prepare_cached(
        "SELECT issue FROM traits JOIN patterns ON patterns.id = traits.pattern \
         WHERE traits.project = ?1 AND traits.hash = ?2 AND issue <> ?3 ORDER BY traits.pattern DESC LIMIT ?4",
    )?;
    let mut found = BTreeSet::new();
    for (hash, ..) in traits(connection, issue)? {
        let values = params![project.0, hash, issue.0, MAX_CANDIDATES as i64];
        for other in statement.query_map(values, |row| row.get(0))? {
            found.insert(other?);
            if found.len() >= MAX_CANDIDATES {
                return Ok(found);
            }
        }
    }
    Ok(found)
}

impl Reader {
    /// Issues of a project that are like one of its own, the most alike first; `None` if there is no such issue.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn similar(
        &self,
        project: ProjectId,
        issue: IssueId,
        limit: usize,
    ) -> anyhow::Result<Option<Vec<(Issue, Likeness)>>> {
        self.with(|connection| {
            let Some(one) = find(connection, project, issue)? else { return Ok(None) };
            let sql = "SELECT COUNT(*) FROM patterns WHERE project = ?1";
            let all = connection.prepare_cached(sql)?.query_row([project.0], |row| row.get::<_, i64>(0))? as u64;
            let ours = sketch(connection, &one, all)?;
            let mut found = Vec::new();
            for other in candidates(connection, project, issue)? {
                let Some(other) = find(connection, project, IssueId(other))? else { continue };
                let alike = likeness(&ours, &sketch(connection, &other, all)?);
                if other.merged_into.is_none() && alike.score >= MIN_SCORE {
                    found.push((other, alike));
                }
            }
            found.sort_by(|(a, one), (b, other)| other.score.total_cmp(&one.score).then(b.last_seen.cmp(&a.last_seen)));
            found.truncate(limit);
            Ok(Some(found))
        })
    }
}
