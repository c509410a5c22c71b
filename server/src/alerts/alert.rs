//! What is told of an issue, as it was at that moment.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::channel::ChannelId;
use crate::issues::{Issue, Level, Severity, Trigger};
use crate::{IssueId, ProjectId};

/// One thing to tell. Its texts come from events: hostile until a channel has escaped them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Whose.
    pub project: ProjectId,
    /// Of which issue.
    pub issue: IssueId,
    /// What happened.
    pub event: What,
    /// When.
    pub time: i64,
    /// `KeyError: 'sku'`.
    pub title: String,
    /// Where it happens.
    pub culprit: String,
    /// The exception's class.
    #[serde(rename = "type")]
    pub kind: String,
    /// How bad.
    pub level: Level,
    /// How urgent.
    pub severity: Severity,
    /// Of the occurrence; empty if none did it.
    pub environment: String,
    /// Of the occurrence.
    pub release: Option<String>,
    /// The occurrence.
    pub event_id: Option<String>,
    /// Occurrences so far, estimated.
    pub count: u64,
    /// When it was first seen.
    pub first_seen: i64,
    /// More: the milestone, the rate a minute.
    pub detail: Value,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Someone or a rule resolved the issue: ends what was opened elsewhere.
    Resolved,
    /// Nothing did: someone tries the channel.
    Test,
    /// Something is wrong with the server itself.
    Server,
    /// Something to an issue.
    #[serde(untagged)]
    Told(Trigger),
}

impl Alert {
    /// What is to be told of an issue as it is now. Where it occurred is the caller's to add.
    pub fn new(issue: &Issue, event: What, time: i64, detail: Value) -> Alert {
        Alert {
            project: issue.project,
            issue: issue.id,
            event,
            time,
            title: issue.facts.title.clone(),
            culprit: issue.facts.culprit.clone(),
            kind: issue.facts.kind.clone(),
            level: issue.facts.level,
            severity: issue.severity,
            environment: String::new(),
            release: None,
            event_id: None,
            count: issue.estimated.round() as u64,
            first_seen: issue.first_seen,
            detail,
        }
    }

    /// What a test call tells.
    pub fn test(project: ProjectId, time: i64) -> Alert {
        Alert {
            project,
            issue: IssueId(0),
            event: What::Test,
            time,
            title: "Faultwire reaches this channel".to_owned(),
            culprit: "Someone asked for this message; nothing has happened".to_owned(),
            kind: String::new(),
            level: Level::Info,
            severity: Severity::Info,
            environment: String::new(),
            release: None,
            event_id: None,
            count: 0,
            first_seen: time,
            detail: Value::Null,
        }
    }

    /// What happened, in words.
    pub fn headline(&self) -> String {
        let number = |name: &str| self.detail.get(name).and_then(Value::as_f64).unwrap_or_default();
        match self.event {
            What::Told(Trigger::New) => "New issue".to_owned(),
            What::Told(Trigger::Regressed) => "Regression".to_owned(),
            What::Told(Trigger::Unignored) => "No longer ignored".to_owned(),
            What::Told(Trigger::Spike) => format!("More than {} a minute", number("per_minute")),
            What::Told(Trigger::Recurred) => {
                format!("Back after {} quiet minutes", (number("quiet_ms") / 60_000.0).floor())
            }
            What::Told(Trigger::Milestone) => format!("{} occurrences", number("milestone")),
            What::Told(Trigger::Overflow) => format!("More than {} new issues in an hour", number("limit")),
            What::Resolved => "Resolved".to_owned(),
            What::Test => "Test".to_owned(),
            What::Server => "The server needs care".to_owned(),
        }
    }
}

/// An alert and where it goes.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAlert {
    /// Where.
    pub channel: ChannelId,
    /// The channel keeps an incident open until the issue is resolved.
    pub opens: bool,
    /// What.
    pub alert: Alert,
}
