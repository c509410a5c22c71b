//! What an issue is, and the rules of its life. Nothing here reads a clock, a disk or a database.
//!
//! An issue is a set of *patterns*: fingerprints of one project. All that is counted is counted for a pattern, so that
//! merging issues and taking them apart again moves patterns and adds nothing up.

mod distinct;
mod novelty;
mod release;
mod severity;
pub mod similar;
mod status;
mod title;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{IssueId, PatternId, ProjectId};

pub use distinct::{Distinct, hash};
pub use faultwire::Level;
pub use novelty::{Circumstances, LATE, Trigger, milestone, novelty};
pub use release::{Release, Releases};
pub use severity::{Severity, severity};
pub use status::{Change, Ignored, Resolved, Seen, Status};
pub use title::{Facts, LevelName, facts, message};

/// 64 hexadecimal digits, as bytes.
pub type Fingerprint = [u8; 32];

/// One fingerprint of one project, and what was counted of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    /// Its number.
    pub id: PatternId,
    /// Whose it is.
    pub project: ProjectId,
    /// What names it.
    pub fingerprint: Fingerprint,
    /// The issue it belongs to.
    pub issue: IssueId,
    /// The issue that it opened, to which it returns when a merge is undone.
    pub home: IssueId,
    /// Occurrences that arrived.
    pub raw: u64,
    /// Occurrences that happened, as far as clients said what they left out.
    pub estimated: f64,
    /// Occurrences whose payload was stored.
    pub stored: u64,
    /// Time of the first occurrence.
    pub first_seen: i64,
    /// Time of the last occurrence.
    pub last_seen: i64,
    /// Whom it hit, in the order of [`Hit`].
    pub hit: [Distinct; 3],
}

/// Kinds of those that are hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Hit {
    /// Users.
    Users,
    /// Sessions.
    Sessions,
    /// Customers.
    Customers,
}

impl Hit {
    /// All kinds.
    pub const ALL: [Hit; 3] = [Hit::Users, Hit::Sessions, Hit::Customers];
}

impl Pattern {
    /// Those of one kind.
    pub fn hit(&self, what: Hit) -> &Distinct {
        let [users, sessions, customers] = &self.hit;
        match what {
            Hit::Users => users,
            Hit::Sessions => sessions,
            Hit::Customers => customers,
        }
    }

    /// Adds one of a kind; whether that changed anything.
    pub fn add_hit(&mut self, what: Hit, hash: u64) -> bool {
        self.hit.get_mut(what as usize).is_some_and(|members| members.insert(hash))
    }
}

/// What people see.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Issue {
    /// Its number.
    pub id: IssueId,
    /// Whose it is.
    pub project: ProjectId,
    /// Where it stands in its life.
    pub status: Status,
    /// What it is about, from its first stored occurrence.
    #[serde(flatten)]
    pub facts: Facts,
    /// How urgent.
    pub severity: Severity,
    /// Time of the first occurrence.
    pub first_seen: i64,
    /// Time of the last occurrence.
    pub last_seen: i64,
    /// Occurrences that arrived.
    pub raw: u64,
    /// Occurrences that happened.
    pub estimated: f64,
    /// Payloads stored.
    pub stored: u64,
    /// Distinct users, sessions and customers; approximate above a few dozen.
    pub impact: Impact,
    /// Release of the first occurrence.
    pub introduced_in: Option<String>,
    /// Release of the last occurrence.
    pub last_release: Option<String>,
    /// The highest milestone that was announced.
    #[serde(skip)]
    pub milestone: u64,
    /// When a person or a rule last changed it.
    pub changed: i64,
    /// Counts changes by people and rules, against lost updates.
    pub version: u64,
    /// The issue it was merged into.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<IssueId>,
}

/// How many were hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Impact {
    /// Distinct users.
    pub users: u64,
    /// Distinct sessions.
    pub sessions: u64,
    /// Distinct values of the tag that names customers.
    pub customers: u64,
}
