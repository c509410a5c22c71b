//! Rows to values.

use rusqlite::Row;
use rusqlite::types::Type;
use serde::de::DeserializeOwned;

use crate::issues::{Distinct, Facts, Impact, Issue, Pattern};
use crate::{IssueId, PatternId, ProjectId};

/// Columns of [`pattern`], in order.
pub(super) const PATTERN: &str = "id, project, fingerprint, issue, home, raw, estimated, stored, first_seen, last_seen, \
                                  (SELECT members FROM hit WHERE pattern = id AND what = 0), \
                                  (SELECT members FROM hit WHERE pattern = id AND what = 1), \
                                  (SELECT members FROM hit WHERE pattern = id AND what = 2)";

pub(super) fn pattern(row: &Row<'_>) -> rusqlite::Result<Pattern> {
    let members = |at| -> rusqlite::Result<Distinct> {
        let bytes = row.get_ref(at)?.as_blob_or_null().map_err(rusqlite::Error::from)?;
        Ok(bytes.map(Distinct::from_bytes).unwrap_or_default())
    };
    Ok(Pattern {
        id: PatternId(row.get(0)?),
        project: ProjectId(row.get(1)?),
        fingerprint: row.get(2)?,
        issue: IssueId(row.get(3)?),
        home: IssueId(row.get(4)?),
        raw: row.get::<_, i64>(5)? as u64,
        estimated: row.get(6)?,
        stored: row.get::<_, i64>(7)? as u64,
        first_seen: row.get(8)?,
        last_seen: row.get(9)?,
        hit: [members(10)?, members(11)?, members(12)?],
    })
}

/// Columns of [`issue`], in order.
pub(super) const ISSUE: &str = "id, project, standing, title, culprit, kind, platform, level, handled, severity, first_seen, \
                                last_seen, raw, estimated, stored, users, sessions, customers, introduced_in, \
                                last_release, milestone, changed, version, merged_into";

pub(super) fn issue(row: &Row<'_>) -> rusqlite::Result<Issue> {
    let number = |at| row.get::<_, i64>(at).map(|number| number as u64);
    Ok(Issue {
        id: IssueId(row.get(0)?),
        project: ProjectId(row.get(1)?),
        status: json(row, 2)?,
        facts: Facts {
            title: row.get(3)?,
            culprit: row.get(4)?,
            kind: row.get(5)?,
            platform: row.get(6)?,
            level: row.get::<_, String>(7)?.parse().unwrap_or_default(),
            is_handled: row.get(8)?,
        },
        severity: json(row, 9)?,
        first_seen: row.get(10)?,
        last_seen: row.get(11)?,
        raw: number(12)?,
        estimated: row.get(13)?,
        stored: number(14)?,
        impact: Impact { users: number(15)?, sessions: number(16)?, customers: number(17)? },
        introduced_in: row.get(18)?,
        last_release: row.get(19)?,
        milestone: number(20)?,
        changed: row.get(21)?,
        version: number(22)?,
        merged_into: row.get::<_, Option<i64>>(23)?.map(IssueId),
    })
}

/// A column that holds JSON.
pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, at: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(at)?.as_str()?;
    serde_json::from_str(text).map_err(|e| rusqlite::Error::FromSqlConversionFailure(at, Type::Text, Box::new(e)))
}
