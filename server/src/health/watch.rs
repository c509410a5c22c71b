//! What is wrong with the server, by what was measured: pure rules.
//!
//! | cause | is wrong when | after |
//! |---|---|---|
//! | `disk` | less is free than `alert_free_bytes` | at once |
//! | `lag` | what was accepted is not counted for longer than `alert_lag_seconds` | `alert_patience_seconds` |
//! | `quota` | events of a project are refused for its quota | `alert_patience_seconds` |

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::disk::Room;
use crate::ProjectId;
use crate::alerts::{Alert, What};
use crate::clock::HOUR;
use crate::ingest::Full;
use crate::issues::{Level, Severity};

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    /// The disk is nearly full.
    Disk,
    /// Counting does not keep up.
    Lag,
    /// A project has used up its quota.
    Quota(ProjectId),
}

impl Cause {
    /// Its name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Cause::Disk => "disk",
            Cause::Lag => "lag",
            Cause::Quota(_) => "quota",
        }
    }
}

impl Cause {
    /// Whose channels are told, of all `projects`: those of the project that is concerned, or of the first one.
    pub fn told_to(self, projects: impl Iterator<Item = ProjectId>) -> Option<ProjectId> {
        match self {
            Cause::Quota(project) => Some(project),
            Cause::Disk | Cause::Lag => projects.min(),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Quota(project) => write!(f, "quota of project {}", project.0),
            cause => f.write_str(cause.name()),
        }
    }
}

impl Serialize for Cause {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vitals {
    /// Room on the disk, if it could be measured.
    pub room: Option<Room>,
    /// Milliseconds by which counting is behind.
    pub lag: i64,
    /// Projects whose events are refused.
    pub full: Vec<Full>,
}

/// When something is wrong; 0 is never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Bounds {
    /// Less is too little.
    pub free_bytes: u64,
    /// More is too much, in milliseconds.
    #[serde(rename = "lag_ms")]
    pub lag: i64,
    /// How long lag and quota may last, in milliseconds.
    #[serde(rename = "patience_ms")]
    pub patience: i64,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Trouble {
    /// What: `disk`, `lag` or `quota`.
    #[schemars(with = "String")]
    pub cause: Cause,
    /// Of which project, if it is one's.
    pub project: Option<ProjectId>,
    /// Since when.
    pub since: i64,
    /// How bad, and what to do.
    pub detail: String,
}

/// Something that is wrong, as it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// What.
    pub cause: Cause,
    /// In a line.
    pub title: &'static str,
    /// How bad, and what to do.
    pub detail: String,
    /// How urgent.
    pub severity: Severity,
    /// When.
    pub time: i64,
}

impl Alarm {
    /// The same is not told again within so long, in milliseconds.
    pub const EVERY: i64 = HOUR;

    /// It, as it is told on the channels of a project.
    pub fn alert(&self, project: ProjectId) -> Alert {
        Alert {
            event: What::Server,
            title: self.title.to_owned(),
            culprit: self.detail.clone(),
            kind: format!("server.{}", self.cause.name()),
            level: Level::Error,
            severity: self.severity,
            ..Alert::test(project, self.time)
        }
    }

    /// Of a trouble, as it is at `time`.
    pub fn of(trouble: &Trouble, time: i64) -> Alarm {
        let (title, severity) = match trouble.cause {
            Cause::Disk => ("The server's disk is nearly full", Severity::Critical),
            Cause::Lag => ("The server does not keep up", Severity::High),
            Cause::Quota(_) => ("The project's quota is used up: events are lost", Severity::High),
        };
        Alarm { cause: trouble.cause, title, detail: trouble.detail.clone(), severity, time }
    }
}

/// What was wrong before.
#[derive(Debug, Default)]
pub(super) struct Watch {
    behind_since: Option<i64>,
    said: BTreeMap<Cause, i64>,
    told: BTreeMap<Cause, i64>,
}

impl Watch {
    /// What is wrong at `now`. What has ended is said and told anew when it begins again.
    pub fn look(&mut self, vitals: &Vitals, bounds: Bounds, now: i64) -> Vec<Trouble> {
        let mut found = Vec::new();
        if let Some(room) = vitals.room.filter(|room| room.free < bounds.free_bytes) {
            let (free, total, least) = (room.free >> 20, room.total >> 20, bounds.free_bytes >> 20);
            let detail =
                format!("{free} MB of {total} MB are free, expected {least} MB; when it is full, events are refused");
            let since = self.said.get(&Cause::Disk).copied().unwrap_or(now);
            found.push(Trouble { cause: Cause::Disk, project: None, since, detail });
        }
        let is_behind = bounds.lag > 0 && vitals.lag > bounds.lag;
        self.behind_since = is_behind.then(|| self.behind_since.unwrap_or(now));
        if let Some(since) = self.behind_since.filter(|since| now - since >= bounds.patience) {
            let detail = format!("what is accepted is counted {} seconds later; nothing is lost", vitals.lag / 1000);
            found.push(Trouble { cause: Cause::Lag, project: None, since, detail });
        }
        for full in vitals.full.iter().filter(|full| now - full.since >= bounds.patience) {
            let detail = format!("{} events an hour are allowed; more are refused until the next hour", full.quota);
            let (cause, project, since) = (Cause::Quota(full.project), Some(full.project), full.since);
            found.push(Trouble { cause, project, since, detail });
        }
        let is_on = |cause: &Cause| found.iter().any(|trouble| trouble.cause == *cause);
        self.said.retain(|cause, _| is_on(cause));
        self.told.retain(|cause, _| is_on(cause));
        found
    }

    /// Whether it is time to say so in the log.
    pub fn should_say(&mut self, cause: Cause, now: i64, every: i64) -> bool {
        due(&mut self.said, cause, now, every)
    }

    /// Whether it is time to have an alert written, which is then written at most once an hour.
    pub fn should_tell(&mut self, cause: Cause, now: i64, every: i64) -> bool {
        due(&mut self.told, cause, now, every)
    }
}

fn due(times: &mut BTreeMap<Cause, i64>, cause: Cause, now: i64, every: i64) -> bool {
    let is_due = times.get(&cause).is_none_or(|last| now - last >= every);
    if is_due {
        times.insert(cause, now);
    }
    is_due
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { free_bytes: 1000, lag: 30_000, patience: 60_000 };

    fn well() -> Vitals {
        Vitals { room: Some(Room { free: 1000, total: 5000 }), lag: 30_000, full: Vec::new() }
    }

    fn causes(watch: &mut Watch, vitals: &Vitals, now: i64) -> Vec<Cause> {
        watch.look(vitals, BOUNDS, now).iter().map(|trouble| trouble.cause).collect()
    }

    #[test]
    fn a_full_disk_is_wrong_at_once() {
        let mut watch = Watch::default();
        assert_eq!(causes(&mut watch, &well(), 0), []);
        let full = Vitals { room: Some(Room { free: 999, total: 5000 }), ..well() };
        assert_eq!(causes(&mut watch, &full, 0), [Cause::Disk]);
        assert_eq!(causes(&mut watch, &Vitals { room: None, ..well() }, 0), []);
        let never = Bounds { free_bytes: 0, lag: 0, patience: 0 };
        assert_eq!(watch.look(&Vitals { lag: i64::MAX, ..full }, never, 0), []);
    }

    /// For a minute without a pause: what goes up and down is no trouble.
    #[test]
    fn lag_is_wrong_when_it_lasts() {
        let mut watch = Watch::default();
        let behind = Vitals { lag: 30_001, ..well() };
        assert_eq!(causes(&mut watch, &behind, 0), []);
        assert_eq!(causes(&mut watch, &behind, 59_999), []);
        assert_eq!(causes(&mut watch, &well(), 59_999), []);
        assert_eq!(causes(&mut watch, &behind, 60_000), []);
        assert_eq!(causes(&mut watch, &behind, 120_000), [Cause::Lag]);
        assert_eq!(causes(&mut watch, &well(), 120_001), []);
    }

    #[test]
    fn a_quota_is_wrong_when_it_lasts() {
        let mut watch = Watch::default();
        let full = |project: u32, since| Full { project: ProjectId(project), quota: 5, since };
        let vitals = Vitals { full: vec![full(1, 0), full(2, 30_000)], ..well() };
        assert_eq!(causes(&mut watch, &vitals, 60_000), [Cause::Quota(ProjectId(1))]);
        assert_eq!(causes(&mut watch, &vitals, 90_000).len(), 2);
    }

    #[test]
    fn what_lasts_is_said_now_and_then_and_what_returns_at_once() {
        let mut watch = Watch::default();
        let full = Vitals { room: Some(Room { free: 0, total: 5000 }), ..well() };
        let mut said = |vitals: &Vitals, now| {
            let found = causes(&mut watch, vitals, now);
            found.into_iter().filter(|cause| watch.should_say(*cause, now, 100)).count()
        };
        assert_eq!([said(&full, 0), said(&full, 99), said(&full, 100)], [1, 0, 1]);
        assert_eq!([said(&well(), 101), said(&full, 102)], [0, 1]);
    }
}
