//! What people and rules do to issues: one at a time, between two batches, each with a line in the audit trail.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Ledger;
use crate::clock;
use crate::issues::{Ignored, Issue, Resolved, Status, milestone};
use crate::store::{Event, NewEvent};
use crate::{IssueId, ProjectId};

/// What is wanted of an issue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "move", rename_all = "snake_case", deny_unknown_fields)]
pub enum Move {
    /// Open it again.
    Reopen,
    /// Someone is on it.
    Acknowledge,
    /// It is mended, from now on.
    Resolve,
    /// It is mended in this release.
    ResolveInRelease {
        /// The release's whole name.
        #[schemars(length(min = 1, max = 200))]
        release: String,
    },
    /// It is mended in whatever is later than the newest release.
    ResolveInNextRelease,
    /// Never tell of it again.
    Ignore,
    /// Tell of it again when it occurs in a release later than the newest.
    IgnoreUntilNextRelease,
    /// Tell of it again after so many more occurrences.
    IgnoreUntilCount {
        /// How many more.
        count: u64,
    },
    /// Tell of it again when it occurs after a time.
    IgnoreUntilTime {
        /// Milliseconds since 1970.
        time: i64,
    },
    /// Add the patterns of these issues to it.
    Merge {
        /// The issues that end.
        issues: Vec<IssueId>,
    },
    /// Give back the patterns that merges brought.
    Unmerge,
}

/// By whom something is done, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// A person, a token, a rule.
    pub who: String,
    /// In their words, for those who read the audit trail.
    pub why: Option<String>,
}

/// Characters of a reason.
const MAX_WHY: usize = 500;
/// Characters of a release's name.
const MAX_RELEASE: usize = 200;

impl Cause {
    /// Takes what someone gives as their reason.
    ///
    /// # Errors
    /// When it is too long.
    pub fn new(who: String, why: Option<String>) -> Result<Cause, String> {
        match &why {
            Some(text) if text.chars().count() > MAX_WHY => Err(format!("why: expected at most {MAX_WHY} characters")),
            _ => Ok(Cause { who, why }),
        }
    }
}

impl Move {
    /// Whether it can be done to any issue at all.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Move::ResolveInRelease { release } if !(1..=MAX_RELEASE).contains(&release.chars().count()) => {
                Err(format!("release: expected 1 to {MAX_RELEASE} characters"))
            }
            _ => Ok(()),
        }
    }
}

/// What became of it.
#[derive(Debug)]
pub enum Answer {
    /// Done; the issue as it is now.
    Done(Box<Issue>),
    /// There is no such issue.
    Gone,
    /// Someone else changed it since; the issue as it is now.
    Stale(Box<Issue>),
    /// Not possible, and why.
    Refused(String),
}

impl Ledger {
    /// Does `what` to an issue of `project`, if its version is still `version`.
    ///
    /// # Errors
    /// When the store refuses: then nothing is done.
    pub fn change(
        &mut self,
        project: ProjectId,
        id: IssueId,
        what: &Move,
        cause: &Cause,
        version: Option<u64>,
    ) -> anyhow::Result<Answer> {
        if self.shelf.find_issue(&mut *self.store, id).is_err() {
            return Ok(Answer::Gone);
        }
        let issue = self.shelf.issue_mut(&mut *self.store, id)?;
        if issue.project != project {
            return Ok(Answer::Gone);
        }
        if version.is_some_and(|version| version != issue.version) {
            return Ok(Answer::Stale(Box::new(issue.clone())));
        }
        // Its counts are in another issue's: whatever is done here is seen by nobody.
        if let Some(into) = issue.merged_into {
            return Ok(Answer::Refused(format!("issue {} was merged into issue {}", id.0, into.0)));
        }
        let estimated = issue.estimated;
        let newest = self.shelf.releases_mut(&mut *self.store, project)?.newest().map(str::to_owned);
        let resolved = |resolved| Some(Status::Resolved { at: clock::now(), resolved });
        let ignored = |ignored| Some(Status::Ignored { ignored });
        let status = match what {
            Move::Reopen => Some(Status::Unresolved),
            Move::Acknowledge => Some(Status::Acknowledged),
            Move::Resolve => resolved(Resolved::Now),
            Move::ResolveInRelease { release } => resolved(Resolved::Release(release.clone())),
            Move::ResolveInNextRelease => resolved(Resolved::AfterRelease(newest)),
            Move::Ignore => ignored(Ignored::Forever),
            Move::IgnoreUntilNextRelease => ignored(Ignored::AfterRelease(newest)),
            Move::IgnoreUntilCount { count } => {
                ignored(Ignored::Count((estimated as u64).saturating_add((*count).max(1))))
            }
            Move::IgnoreUntilTime { time } => ignored(Ignored::Time(*time)),
            Move::Merge { issues } => match self.merge(project, id, issues)? {
                Some(refusal) => return Ok(Answer::Refused(refusal)),
                None => None,
            },
            Move::Unmerge => {
                self.unmerge(id)?;
                None
            }
        };
        self.note(id, status, what, cause)?;
        self.settle(id)
    }

    /// A deploy of a release.
    ///
    /// # Errors
    /// When the store refuses.
    pub fn deploy(&mut self, project: ProjectId, release: &str, time: i64) -> anyhow::Result<()> {
        self.shelf.releases_mut(&mut *self.store, project)?.deploy(release, time);
        self.changes.deploys.insert((project, release.to_owned()), time);
        self.settle_all()
    }

    /// Changes the status, the version, and the audit trail.
    pub(super) fn note(
        &mut self,
        id: IssueId,
        status: Option<Status>,
        what: &Move,
        cause: &Cause,
    ) -> anyhow::Result<()> {
        let now = clock::now();
        let issue = self.shelf.issue_mut(&mut *self.store, id)?;
        issue.version += 1;
        issue.changed = now;
        if let Some(status) = status {
            issue.status = status;
        }
        let is_resolved = matches!(issue.status, Status::Resolved { .. });
        let (project, mut detail) = (issue.project, json!({ "did": what, "status": issue.status }));
        if let (Value::Object(fields), Some(why)) = (&mut detail, &cause.why) {
            fields.insert("why".to_owned(), why.clone().into());
        }
        let (event, who) = (Event::Changed, cause.who.clone());
        self.changes.events.push(NewEvent { project, issue: id, time: now, event, who, detail });
        if is_resolved {
            self.end_incidents(id, now, &cause.who)?;
        }
        Ok(())
    }

    /// Has it written before anyone is told that it is done.
    fn settle(&mut self, id: IssueId) -> anyhow::Result<Answer> {
        self.settle_all()?;
        Ok(Answer::Done(Box::new(self.shelf.issue_mut(&mut *self.store, id)?.clone())))
    }

    pub(super) fn settle_all(&mut self) -> anyhow::Result<()> {
        self.commit_all()?;
        // A reader that is in the way is no failure: the process may end, if the machine does not.
        self.checkpoint().map(drop).or(Ok(()))
    }

    /// The same for what may be forgotten when the machine loses power.
    pub(super) fn commit_all(&mut self) -> anyhow::Result<()> {
        let position = self.position();
        let committed = self.commit(position).map(drop);
        if committed.is_err() {
            self.abandon();
        }
        committed
    }

    fn merge(&mut self, project: ProjectId, target: IssueId, sources: &[IssueId]) -> anyhow::Result<Option<String>> {
        for source in sources {
            let known = self.shelf.find_issue(&mut *self.store, *source).is_ok();
            if !known || self.shelf.issue_mut(&mut *self.store, *source)?.project != project {
                return Ok(Some(format!("issues: there is no issue {} in this project", source.0)));
            }
            if *source == target {
                return Ok(Some("issues: an issue cannot be merged into itself".to_owned()));
            }
            if let Some(into) = self.shelf.issue_mut(&mut *self.store, *source)?.merged_into {
                return Ok(Some(format!("issues: issue {} was merged into issue {} before", source.0, into.0)));
            }
        }
        for source in sources {
            for pattern in self.shelf.patterns_of(&mut *self.store, *source)? {
                self.shelf.belongs(pattern, target);
                // Not the source alone: others may have been merged into it before.
                let home = self.shelf.pattern_mut(pattern).map_or(*source, |pattern| pattern.home);
                self.shelf.issue_mut(&mut *self.store, home)?.merged_into = Some(target);
            }
            self.end_incidents(*source, clock::now(), "merge")?;
        }
        self.pass_milestones(target)?;
        Ok(None)
    }

    fn unmerge(&mut self, id: IssueId) -> anyhow::Result<()> {
        for pattern in self.shelf.patterns_of(&mut *self.store, id)? {
            let home = self.shelf.pattern_mut(pattern).map_or(id, |pattern| pattern.home);
            if home != id {
                self.shelf.belongs(pattern, home);
                self.shelf.issue_mut(&mut *self.store, home)?.merged_into = None;
                self.pass_milestones(home)?;
            }
        }
        Ok(())
    }

    /// Counts that came from elsewhere are no news: the next occurrence does not tell of milestones that they passed.
    fn pass_milestones(&mut self, id: IssueId) -> anyhow::Result<()> {
        self.shelf.sum_up(&mut *self.store, id)?;
        let issue = self.shelf.issue_mut(&mut *self.store, id)?;
        issue.milestone = issue.milestone.max(milestone(issue.estimated));
        Ok(())
    }
}
