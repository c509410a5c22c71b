//! What one batch changes: counts as differences, patterns and issues as they are afterwards.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Id, Place};
use crate::alerts::Outgoing;
use crate::issues::similar::Traits;
use crate::issues::{Distinct, Fingerprint, Hit, Issue, Pattern, Trigger};
use crate::log::Position;
use crate::outcome::Outcome;
use crate::project_settings::ProjectSettings;
use crate::{IssueId, PatternId, ProjectId};

/// Occurrences, both ways of counting.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Counted {
    /// That arrived.
    pub raw: u64,
    /// That happened.
    pub estimated: f64,
}

impl Counted {
    /// Adds others.
    pub fn add(&mut self, other: Counted) {
        self.raw += other.raw;
        self.estimated += other.estimated;
    }
}

/// A pattern's count of one hour: number of hours since 1970.
pub type Hour = (PatternId, i64);
/// A pattern's count of a tag's value.
pub type TagCount = (PatternId, String, String);
/// Where a pattern was seen: release and environment, empty where not said.
pub type Sighting = (PatternId, String, String);

/// The hash of a user or of a trace: what an occurrence is found by. See [`crate::issues::hash`].
pub type Clue = u64;

/// From when to when, and how many.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    /// The first.
    pub first: i64,
    /// The last.
    pub last: i64,
    /// How many.
    pub count: u64,
}

/// A stored occurrence.
#[derive(Debug, Clone, PartialEq)]
pub struct OccurrenceRow {
    /// Whose.
    pub pattern: PatternId,
    /// When it happened.
    pub time: i64,
    /// The event's id.
    pub id: Id,
    /// Where its payload is.
    pub place: Place,
    /// It is kept only until a newer one is.
    pub is_newest_only: bool,
}

/// What happened, for the feed, the live stream and alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "IssueEvent")]
pub enum Event {
    /// A person or a rule changed the issue.
    Changed,
    /// A person changed the project's settings: no issue's.
    Settings,
    /// What is told of an issue.
    #[serde(untagged)]
    Told(Trigger),
}

/// One line of the feed, and of the audit trail where someone did it.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// Whose.
    pub project: ProjectId,
    /// Of which issue; 0 is the project's own.
    pub issue: IssueId,
    /// When.
    pub time: i64,
    /// What.
    pub event: Event,
    /// Who: a person, a token, a rule; empty for what an occurrence did.
    pub who: String,
    /// More: the milestone, the release, the new status.
    pub detail: serde_json::Value,
}

/// Where sessions count.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SessionPlace {
    /// Whose.
    pub project: ProjectId,
    /// Of which release.
    pub release: String,
    /// In which environment.
    pub environment: String,
    /// In which they started: number of hours since 1970.
    pub hour: i64,
}

/// Sessions, by how they ended. What has not ended, and had no error, is none of the four.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct Sessions {
    /// All of them.
    pub started: i64,
    /// Ended as they should, without an error.
    pub exited: i64,
    /// With an error that did not end them. As a difference it may be negative: it is taken back by a crash.
    pub errored: i64,
    /// Ended by an error.
    pub crashed: i64,
    /// Ended from outside.
    pub abnormal: i64,
}

impl Sessions {
    /// Adds others.
    pub fn add(&mut self, other: Sessions) {
        self.started += other.started;
        self.exited += other.exited;
        self.errored += other.errored;
        self.crashed += other.crashed;
        self.abnormal += other.abnormal;
    }

    /// Part of them that did not crash, from 0 to 1; none if there are none.
    pub fn crash_free_rate(&self) -> Option<f64> {
        (self.started > 0).then(|| (1.0 - self.crashed as f64 / self.started as f64).clamp(0.0, 1.0))
    }
}

/// Counts of a fingerprint of which no event has come.
#[derive(Debug, Clone, PartialEq)]
pub struct Parked {
    /// Whose.
    pub project: ProjectId,
    /// Of what.
    pub fingerprint: Fingerprint,
    /// How many.
    pub counted: Counted,
    /// The first of them.
    pub first: i64,
    /// The last of them.
    pub last: i64,
}

/// What one transaction does.
#[derive(Debug, Default)]
pub struct Changes {
    /// Up to where the log is consumed with it.
    pub position: Option<Position>,
    /// The end of the occurrences that it names.
    pub occurrences_end: Option<Place>,
    /// How late it is for what has to be watched for long, as far as the clock is believed.
    pub watched_at: Option<i64>,
    /// Patterns that are new or changed.
    pub patterns: Vec<Pattern>,
    /// Whom patterns hit, where that changed.
    pub hits: Vec<(PatternId, Hit, Distinct)>,
    /// By what those patterns are found that are new.
    pub traits: Vec<(ProjectId, PatternId, Traits)>,
    /// Issues that are new or changed.
    pub issues: Vec<Issue>,
    /// Those of them that are new.
    pub opened: Vec<IssueId>,
    /// What new issues are found by beside title and culprit.
    pub messages: HashMap<IssueId, String>,
    /// By what stored occurrences are found.
    pub clues: Vec<(Clue, PatternId)>,
    /// Counts by hour.
    pub hours: HashMap<Hour, Counted>,
    /// Counts by tag.
    pub tags: HashMap<TagCount, u64>,
    /// Counts by release and environment.
    pub sightings: HashMap<Sighting, Moment>,
    /// Releases and when they were first seen.
    pub releases: HashMap<(ProjectId, String), i64>,
    /// First deploys.
    pub deploys: HashMap<(ProjectId, String), i64>,
    /// Sessions.
    pub sessions: HashMap<SessionPlace, Sessions>,
    /// Stored occurrences.
    pub occurrences: Vec<OccurrenceRow>,
    /// Ids that are now seen.
    pub ids: Vec<(Id, PatternId)>,
    /// What happened to issues.
    pub events: Vec<NewEvent>,
    /// What is not counted.
    pub outcomes: Vec<(ProjectId, i64, Outcome)>,
    /// What clients say they did not send: reason and category.
    pub reports: HashMap<(ProjectId, i64, String, String), u64>,
    /// Counts that wait.
    pub parked: Vec<Parked>,
    /// Counts that have found their pattern.
    pub unparked: Vec<(ProjectId, Fingerprint)>,
    /// Own settings of projects, and their versions.
    pub settings: Vec<(ProjectId, ProjectSettings, u64)>,
    /// Who is told, and what became of it.
    pub alerting: Outgoing,
}
