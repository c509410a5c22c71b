//! One batch, as statements.

use rusqlite::{Transaction, params};
use serde::Serialize;

use super::super::{Changes, Counted};
use crate::clock::HOUR;
use crate::issues::{Issue, Pattern};
use crate::outcome::Reason;

/// Values of a tag that are told apart for a pattern. What comes beyond counts under the empty value.
const MAX_TAG_VALUES: i64 = 100;
/// Refusals in full that are kept for a project.
const MAX_REFUSALS: i64 = 1000;

pub(super) fn all(transaction: &Transaction<'_>, changes: &Changes) -> anyhow::Result<()> {
    if let Some(position) = changes.position {
        set(transaction, "position", position.to_u64() as i64)?;
    }
    if let Some(end) = changes.occurrences_end {
        set(transaction, "occurrences_file", i64::from(end.file))?;
        set(transaction, "occurrences_end", i64::from(end.offset))?;
    }
    if let Some(at) = changes.watched_at {
        set(transaction, "watched_at", at)?;
    }
    changes.patterns.iter().try_for_each(|pattern| put_pattern(transaction, pattern))?;
    changes.issues.iter().try_for_each(|issue| put_issue(transaction, issue))?;
    texts(transaction, changes)?;
    super::similar::write(transaction, changes)?;
    super::releases::write(transaction, changes)?;
    hits(transaction, changes)?;
    counts(transaction, changes)?;
    occurrences(transaction, changes)?;
    super::clues::add(transaction, &changes.clues)?;
    events(transaction, changes)?;
    outcomes(transaction, changes)?;
    parked(transaction, changes)?;
    for (project, settings, version) in &changes.settings {
        let sql = "INSERT OR REPLACE INTO project_settings (project, settings, version) VALUES (?1, ?2, ?3)";
        let values = params![project.0, serde_json::to_string(settings)?, *version as i64];
        transaction.prepare_cached(sql)?.execute(values)?;
    }
    super::alerts::write(transaction, &changes.alerting)
}

fn set(transaction: &Transaction<'_>, name: &str, value: i64) -> rusqlite::Result<usize> {
    transaction
        .prepare_cached("INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)")?
        .execute(params![name, value])
}

/// The bare name that a value has as JSON text.
fn name(value: impl Serialize) -> String {
    serde_json::to_string(&value).unwrap_or_default()
}

fn put_pattern(transaction: &Transaction<'_>, pattern: &Pattern) -> anyhow::Result<()> {
    let sql = "INSERT INTO patterns (id, project, fingerprint, issue, home, raw, estimated, stored, first_seen, last_seen) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (id) DO UPDATE SET issue = excluded.issue, \
               raw = excluded.raw, estimated = excluded.estimated, stored = excluded.stored, \
               first_seen = excluded.first_seen, last_seen = excluded.last_seen";
    transaction.prepare_cached(sql)?.execute(params![
        pattern.id.0,
        pattern.project.0,
        pattern.fingerprint,
        pattern.issue.0,
        pattern.home.0,
        pattern.raw as i64,
        pattern.estimated,
        pattern.stored as i64,
        pattern.first_seen,
        pattern.last_seen,
    ])?;
    Ok(())
}

/// The first columns never change.
const ISSUE: &str = "INSERT INTO issues (id, project, status, standing, title, culprit, kind, platform, level, handled, \
                     severity, first_seen, last_seen, raw, estimated, stored, users, sessions, customers, introduced_in, \
                     last_release, milestone, changed, version, merged_into) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, \
                     ?20, ?21, ?22, ?23, ?24, ?25) ON CONFLICT (id) DO UPDATE SET status = excluded.status, \
                     standing = excluded.standing, severity = excluded.severity, first_seen = excluded.first_seen, \
                     last_seen = excluded.last_seen, raw = excluded.raw, estimated = excluded.estimated, \
                     stored = excluded.stored, users = excluded.users, sessions = excluded.sessions, \
                     customers = excluded.customers, last_release = excluded.last_release, \
                     milestone = excluded.milestone, changed = excluded.changed, version = excluded.version, \
                     merged_into = excluded.merged_into";

fn put_issue(transaction: &Transaction<'_>, issue: &Issue) -> anyhow::Result<()> {
    transaction.prepare_cached(ISSUE)?.execute(params![
        issue.id.0,
        issue.project.0,
        issue.status.name(),
        name(&issue.status),
        issue.facts.title,
        issue.facts.culprit,
        issue.facts.kind,
        issue.facts.platform,
        issue.facts.level.as_str(),
        issue.facts.is_handled,
        name(issue.severity),
        issue.first_seen,
        issue.last_seen,
        issue.raw as i64,
        issue.estimated,
        issue.stored as i64,
        issue.impact.users as i64,
        issue.impact.sessions as i64,
        issue.impact.customers as i64,
        issue.introduced_in,
        issue.last_release,
        issue.milestone as i64,
        issue.changed,
        issue.version as i64,
        issue.merged_into.map(|into| into.0),
    ])?;
    Ok(())
}

/// What a new issue is found by.
fn texts(transaction: &Transaction<'_>, changes: &Changes) -> anyhow::Result<()> {
    let mut insert = transaction.prepare_cached("INSERT INTO issue_texts (rowid, text) VALUES (?1, ?2)")?;
    for issue in changes.issues.iter().filter(|issue| changes.opened.contains(&issue.id)) {
        let message = changes.messages.get(&issue.id).map(String::as_str).unwrap_or_default();
        insert.execute(params![issue.id.0, format!("{}\n{}\n{message}", issue.facts.title, issue.facts.culprit)])?;
    }
    Ok(())
}

fn hits(transaction: &Transaction<'_>, changes: &Changes) -> anyhow::Result<()> {
    let sql = "INSERT OR REPLACE INTO hit (pattern, what, members) VALUES (?1, ?2, ?3)";
    let mut insert = transaction.prepare_cached(sql)?;
    for (pattern, what, members) in &changes.hits {
        insert.execute(params![pattern.0, *what as u8, members.to_bytes()])?;
    }
    Ok(())
}

fn counts(transaction: &Transaction<'_>, changes: &Changes) -> anyhow::Result<()> {
    let mut hours = transaction.prepare_cached(
        "INSERT INTO hours (pattern, hour, raw, estimated) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE \
         SET raw = raw + excluded.raw, estimated = estimated + excluded.estimated",
    )?;
    for ((pattern, hour), counted) in &changes.hours {
        hours.execute(params![pattern.0, hour, counted.raw as i64, counted.estimated])?;
    }
    let mut known = transaction
        .prepare_cached("UPDATE tags SET count = count + ?4 WHERE pattern = ?1 AND name = ?2 AND value = ?3")?;
    let mut values = transaction.prepare_cached("SELECT COUNT(*) FROM tags WHERE pattern = ?1 AND name = ?2")?;
    let mut tag = transaction.prepare_cached(
        "INSERT INTO tags (pattern, name, value, count) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE \
         SET count = count + excluded.count",
    )?;
    for ((pattern, key, value), count) in &changes.tags {
        if known.execute(params![pattern.0, key, value, *count as i64])? == 0 {
            let is_full = values.query_row(params![pattern.0, key], |row| row.get::<_, i64>(0))? >= MAX_TAG_VALUES;
            tag.execute(params![pattern.0, key, if is_full { "" } else { value }, *count as i64])?;
        }
    }
    let mut sightings = transaction.prepare_cached(
        "INSERT INTO sightings (pattern, release, environment, first, last, count) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
         ON CONFLICT DO UPDATE SET first = MIN(first, excluded.first), last = MAX(last, excluded.last), \
         count = count + excluded.count",
    )?;
    for ((pattern, release, environment), seen) in &changes.sightings {
        sightings.execute(params![pattern.0, release, environment, seen.first, seen.last, seen.count as i64])?;
    }
    for (column, times) in [("first_seen", &changes.releases), ("deployed", &changes.deploys)] {
        let mut releases = transaction.prepare_cached(&format!(
            "INSERT INTO releases (project, name, {column}) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE \
             SET {column} = MIN(COALESCE({column}, excluded.{column}), excluded.{column})"
        ))?;
        for ((project, release), time) in times {
            releases.execute(params![project.0, release, time])?;
        }
    }
    Ok(())
}

fn occurrences(transaction: &Transaction<'_>, changes: &Changes) -> anyhow::Result<()> {
    let mut overwritten = transaction.prepare_cached(
        "INSERT INTO superseded (pattern, file, start, length) SELECT pattern, file, start, length FROM occurrences \
         INDEXED BY occurrences_newest WHERE pattern = ?1 AND newest = 1 AND file > (SELECT value FROM meta WHERE name = 'superseded_after')",
    )?;
    let mut superseded = transaction
        .prepare_cached("DELETE FROM occurrences INDEXED BY occurrences_newest WHERE pattern = ?1 AND newest = 1")?;
    let mut insert = transaction.prepare_cached(
        "INSERT OR REPLACE INTO occurrences (pattern, time, id, file, start, length, base, newest) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for row in &changes.occurrences {
        if row.is_newest_only {
            overwritten.execute([row.pattern.0])?;
            superseded.execute([row.pattern.0])?;
        }
        let place = row.place;
        insert.execute(params![
            row.pattern.0,
            row.time,
            row.id,
            place.file,
            place.offset,
            place.length,
            place.base,
            row.is_newest_only
        ])?;
    }
    Ok(())
}

fn events(transaction: &Transaction<'_>, changes: &Changes) -> anyhow::Result<()> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO events (project, issue, time, event, who, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for event in &changes.events {
        let what = name(event.event);
        let (project, issue) = (event.project.0, event.issue.0);
        insert.execute(params![project, issue, event.time, what, event.who, event.detail.to_string()])?;
    }
    Ok(())
}

fn outcomes(transaction: &Transaction<'_>, changes: &Changes) -> anyhow::Result<()> {
    let mut count = transaction.prepare_cached(
        "INSERT INTO outcomes (project, hour, reason, count) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE \
         SET count = count + excluded.count",
    )?;
    let mut insert = transaction.prepare_cached(
        "INSERT INTO refusals (project, time, reason, event_id, quantity, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let mut oldest = transaction.prepare_cached(
        "DELETE FROM refusals WHERE project = ?1 AND number <= \
         (SELECT number FROM refusals WHERE project = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
    )?;
    let mut projects = std::collections::BTreeSet::new();
    for (project, time, outcome) in &changes.outcomes {
        let (reason, quantity) = (outcome.reason.as_str(), outcome.quantity as i64);
        count.execute(params![project.0, time / HOUR, reason, quantity])?;
        // A resend is no riddle to anyone.
        if outcome.reason != Reason::Duplicate {
            insert.execute(params![project.0, time, reason, outcome.event_id, quantity, outcome.detail])?;
            projects.insert(project.0);
        }
    }
    for project in projects {
        oldest.execute(params![project, MAX_REFUSALS])?;
    }
    let mut reports = transaction.prepare_cached(
        "INSERT INTO reports (project, hour, reason, category, count) VALUES (?1, ?2, ?3, ?4, ?5) \
         ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    for ((project, hour, reason, category), quantity) in &changes.reports {
        reports.execute(params![project.0, hour, reason, category, *quantity as i64])?;
    }
    Ok(())
}

fn parked(transaction: &Transaction<'_>, changes: &Changes) -> anyhow::Result<()> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO parked (project, fingerprint, raw, estimated, first, last) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
         ON CONFLICT DO UPDATE SET raw = raw + excluded.raw, estimated = estimated + excluded.estimated, \
         first = MIN(first, excluded.first), last = MAX(last, excluded.last)",
    )?;
    for one in &changes.parked {
        let Counted { raw, estimated } = one.counted;
        insert.execute(params![one.project.0, one.fingerprint, raw as i64, estimated, one.first, one.last])?;
    }
    let mut delete = transaction.prepare_cached("DELETE FROM parked WHERE project = ?1 AND fingerprint = ?2")?;
    for (project, fingerprint) in &changes.unparked {
        delete.execute(params![project.0, fingerprint])?;
    }
    Ok(())
}
