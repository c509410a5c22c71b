//! The first occurrence of a fault: a new pattern, and most often a new issue.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::Ledger;
use crate::clock::HOUR;
use crate::consume::Occurrence;
use crate::issues::{
    Distinct, Facts, Fingerprint, Impact, Issue, Level, Pattern, Severity, Status, facts, message, severity,
};
use crate::store::Parked;
use crate::{IssueId, PatternId, ProjectId};

/// Free numbers, and how many issues each project opened this hour.
pub(super) struct NewIssues {
    pattern: PatternId,
    issue: IssueId,
    hour: i64,
    opened: HashMap<ProjectId, Opened>,
}

/// What became of a project's new faults this hour.
#[derive(Debug, Clone, Copy)]
struct Opened {
    issues: u64,
    /// It is told that there is no room for more.
    is_told: bool,
}

/// What an occurrence does to the list of issues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opens {
    /// It is one of a fault that is known.
    Nothing,
    /// It opens its issue.
    Issue,
    /// It is the first of the hour that does not fit.
    Overflow,
}

impl NewIssues {
    pub fn new(pattern: PatternId, issue: IssueId) -> Self {
        NewIssues { pattern, issue, hour: 0, opened: HashMap::new() }
    }
}

/// The fingerprint of the issue that takes what is beyond the limit.
fn overflow() -> Fingerprint {
    Sha256::digest(b"faultwire: more new issues than allowed").into()
}

/// What is told of a project is marked where rules mark what they told of an issue.
const NO_ISSUE: IssueId = IssueId(0);

fn mark(project: ProjectId) -> String {
    format!("server: no room in project {}", project.0)
}

impl Ledger {
    /// The pattern of an occurrence, and what it opens.
    pub(super) fn pattern_of(&mut self, occurrence: &Occurrence) -> anyhow::Result<(PatternId, Opens)> {
        let project = occurrence.project;
        if let Some(known) = self.shelf.load(&mut *self.store, project, &occurrence.fingerprint)? {
            return Ok((known, Opens::Nothing));
        }
        let opens = self.may_open(project, occurrence.received)?;
        if opens == Opens::Issue {
            let facts = facts(&occurrence.event);
            let traits = occurrence.traits(&facts, self.payloads.reading());
            let severity = severity(&facts, 0.0);
            let pattern = self.open(occurrence, occurrence.fingerprint, facts, severity)?;
            self.changes.traits.push((project, pattern, traits));
            if let Some(opened) = self.changes.opened.last() {
                self.changes.messages.insert(*opened, message(&occurrence.event));
            }
            return Ok((pattern, opens));
        }
        let fingerprint = overflow();
        if let Some(known) = self.shelf.load(&mut *self.store, project, &fingerprint)? {
            return Ok((known, opens));
        }
        let facts = Facts {
            title: "More new issues than allowed in an hour".to_owned(),
            culprit: "What comes beyond the limit is counted here; hourly_new_issues sets it".to_owned(),
            level: Level::Error,
            is_handled: true,
            ..Facts::default()
        };
        Ok((self.open(occurrence, fingerprint, facts, Severity::High)?, opens))
    }

    /// Whether a project may open an issue. Of those that may not, the first of an hour is told.
    fn may_open(&mut self, project: ProjectId, now: i64) -> anyhow::Result<Opens> {
        let hour = now.div_euclid(HOUR);
        if self.new.hour != hour {
            self.new.hour = hour;
            self.new.opened.clear();
        }
        let mut opened = match self.new.opened.get(&project) {
            Some(opened) => *opened,
            None => Opened {
                issues: self.store.opened_since(project, hour * HOUR)?,
                is_told: self.store.last_told(NO_ISSUE, &mark(project))?.is_some_and(|told| told >= hour * HOUR),
            },
        };
        let opens = if opened.issues < self.limits.of.of(project).hourly_new_issues {
            opened.issues += 1;
            Opens::Issue
        } else if !opened.is_told {
            opened.is_told = true;
            // With the batch, so that a restart within the hour does not tell it again.
            self.changes.alerting.marks.insert((NO_ISSUE, mark(project)), now);
            Opens::Overflow
        } else {
            Opens::Nothing
        };
        self.new.opened.insert(project, opened);
        Ok(opens)
    }

    fn open(
        &mut self,
        occurrence: &Occurrence,
        fingerprint: Fingerprint,
        facts: Facts,
        severity: Severity,
    ) -> anyhow::Result<PatternId> {
        let (project, time) = (occurrence.project, occurrence.time);
        let (id, issue_id) = (self.new.pattern, self.new.issue);
        self.new.pattern = PatternId(id.0 + 1);
        self.new.issue = IssueId(issue_id.0 + 1);
        let mut pattern = Pattern {
            id,
            project,
            fingerprint,
            issue: issue_id,
            home: issue_id,
            raw: 0,
            estimated: 0.0,
            stored: 0,
            first_seen: time,
            last_seen: time,
            hit: <[Distinct; 3]>::default(),
        };
        let mut parked = self.store.parked(project, &fingerprint)?;
        self.changes.unparked.extend(parked.iter().map(|_| (project, fingerprint)));
        // Those of this very batch are not in the store yet.
        let same = |one: &mut Parked| one.project == project && one.fingerprint == fingerprint;
        parked.extend(self.changes.parked.extract_if(.., same));
        for parked in parked {
            pattern.raw += parked.counted.raw;
            pattern.estimated += parked.counted.estimated;
            pattern.first_seen = pattern.first_seen.min(parked.first);
            pattern.last_seen = pattern.last_seen.max(parked.last);
            self.changes.hours.entry((id, parked.last.div_euclid(HOUR))).or_default().add(parked.counted);
        }
        let issue = Issue {
            id: issue_id,
            project,
            status: Status::Unresolved,
            severity,
            facts,
            first_seen: pattern.first_seen,
            last_seen: time,
            raw: pattern.raw,
            estimated: pattern.estimated,
            stored: 0,
            impact: Impact::default(),
            introduced_in: occurrence.event.release.clone(),
            last_release: occurrence.event.release.clone(),
            milestone: 0,
            changed: occurrence.received,
            version: 1,
            merged_into: None,
        };
        self.changes.opened.push(issue_id);
        self.shelf.put_pattern(pattern, true);
        self.shelf.put_issue(issue, id);
        Ok(id)
    }
}
