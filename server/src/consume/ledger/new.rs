//! The first occurrence of a fault: a new pattern, and most often a new issue.

use std::collections::HashMap;

use serde_json::json;
use sha2::{Digest, Sha256};

use super::Ledger;
use super::tell::Origin;
use crate::clock::HOUR;
use crate::consume::Occurrence;
use crate::issues::{
    Distinct, Facts, Fingerprint, Impact, Issue, Level, Pattern, Severity, Status, facts, message, severity,
};
use crate::store::Event;
use crate::{IssueId, PatternId, ProjectId};

/// Free numbers, and how many issues each project opened this hour.
pub(super) struct NewIssues {
    pattern: PatternId,
    issue: IssueId,
    hour: i64,
    opened: HashMap<ProjectId, u64>,
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

impl Ledger {
    /// The pattern of an occurrence, and whether the occurrence opened its issue.
    pub(super) fn pattern_of(&mut self, occurrence: &Occurrence) -> anyhow::Result<(PatternId, bool)> {
        let project = occurrence.project;
        if let Some(known) = self.shelf.load(&mut *self.store, project, &occurrence.fingerprint)? {
            return Ok((known, false));
        }
        if self.may_open(project, occurrence.received)? {
            let facts = facts(&occurrence.event);
            return Ok((self.open(occurrence, occurrence.fingerprint, facts, Event::New)?, true));
        }
        let fingerprint = overflow();
        if let Some(known) = self.shelf.load(&mut *self.store, project, &fingerprint)? {
            return Ok((known, false));
        }
        let facts = Facts {
            title: "More new issues than allowed in an hour".to_owned(),
            culprit: "What comes beyond the limit is counted here; hourly_new_issues sets it".to_owned(),
            level: Level::Error,
            is_handled: true,
            ..Facts::default()
        };
        Ok((self.open(occurrence, fingerprint, facts, Event::Overflow)?, false))
    }

    fn may_open(&mut self, project: ProjectId, now: i64) -> anyhow::Result<bool> {
        let hour = now.div_euclid(HOUR);
        if self.new.hour != hour {
            self.new.hour = hour;
            self.new.opened.clear();
        }
        let before = match self.new.opened.get(&project) {
            Some(opened) => *opened,
            None => self.store.opened_since(project, hour * HOUR)?,
        };
        let may = before < self.limits.hourly_new_issues;
        self.new.opened.insert(project, before + u64::from(may));
        Ok(may)
    }

    fn open(
        &mut self,
        occurrence: &Occurrence,
        fingerprint: Fingerprint,
        facts: Facts,
        event: Event,
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
        for parked in self.store.parked(project, &fingerprint)? {
            pattern.raw += parked.counted.raw;
            pattern.estimated += parked.counted.estimated;
            pattern.first_seen = pattern.first_seen.min(parked.first);
            pattern.last_seen = pattern.last_seen.max(parked.last);
            self.changes.hours.entry((id, parked.last.div_euclid(HOUR))).or_default().add(parked.counted);
            self.changes.unparked.push((project, fingerprint));
        }
        // Those of this very batch are not in the store yet.
        let same = |one: &crate::store::Parked| one.project == project && one.fingerprint == fingerprint;
        for parked in self.changes.parked.extract_if(.., |one| same(one)).collect::<Vec<_>>() {
            pattern.raw += parked.counted.raw;
            pattern.estimated += parked.counted.estimated;
            self.changes.hours.entry((id, parked.last.div_euclid(HOUR))).or_default().add(parked.counted);
        }
        let issue = Issue {
            id: issue_id,
            project,
            status: Status::Unresolved,
            severity: if event == Event::Overflow { Severity::High } else { severity(&facts, 0.0) },
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
        if event == Event::New {
            self.changes.messages.insert(issue_id, message(&occurrence.event));
        }
        self.shelf.put_pattern(pattern, true);
        self.shelf.put_issue(issue, id);
        if event == Event::Overflow {
            let detail = json!({ "limit": self.limits.hourly_new_issues });
            self.tell(event, issue_id, occurrence.received, detail, None, &Origin::of(occurrence))?;
        }
        Ok(id)
    }
}
