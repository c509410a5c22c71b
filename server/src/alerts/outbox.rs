//! What waits to be sent, and what became of it: rows in the store, written by the consumer alone.
//!
//! An alert is written with the batch that caused it. The delivery task bundles waiting alerts of a channel into a
//! message, whose id is on disk before it is sent for the first time: whatever happens then, it is repeated under the
//! same id. One message of a channel is under way at a time.

use std::collections::{BTreeSet, HashMap};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::alert::{Alert, NewAlert};
use super::channel::{Channel, ChannelId};
use super::rule::{Alerting, Rule};
use crate::{IssueId, ProjectId};

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "MessageState")]
pub enum State {
    /// To be sent, or sent again.
    Pending,
    /// Accepted by the other side.
    Sent,
    /// Refused for good, or too old.
    Failed,
}

impl State {
    /// The one of a name; what is none is given up.
    pub fn named(name: &str) -> State {
        [State::Pending, State::Sent].into_iter().find(|state| state.as_str() == name).unwrap_or(State::Failed)
    }

    /// The name that the API has for it.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Pending => "pending",
            State::Sent => "sent",
            State::Failed => "failed",
        }
    }
}

/// A message, as it is bundled.
#[derive(Debug, Clone, PartialEq)]
pub struct NewMessage {
    /// What makes a repeat recognisable: 32 hexadecimal digits.
    pub id: String,
    /// Where it goes.
    pub channel: ChannelId,
    /// Whose.
    pub project: ProjectId,
    /// When it was bundled.
    pub created: i64,
    /// When the oldest of it happened: its age counts from here.
    pub since: i64,
    /// Rows of the alerts in it; none for a test.
    pub alerts: Vec<i64>,
}

/// What an attempt to send a message came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// Which message.
    pub id: String,
    /// When.
    pub time: i64,
    /// Where it stands now.
    pub state: State,
    /// When it is tried again, if it is.
    pub due: i64,
    /// What the other side said, or why it could not.
    pub note: String,
}

/// A message that is to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    /// See [`NewMessage`].
    pub id: String,
    /// See [`NewMessage`].
    pub since: i64,
    /// Attempts so far.
    pub attempts: u32,
    /// When the next is due.
    pub due: i64,
}

/// A channel for which something waits.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// The channel.
    pub channel: Channel,
    /// A message under way.
    pub pending: Option<Pending>,
    /// When the last message was bundled.
    pub bundled: Option<i64>,
    /// Alerts in no message yet, the oldest first: row and time.
    pub alerts: Vec<(i64, i64)>,
}

/// What a message tells: the first of its alerts in full, and how many there are.
#[derive(Debug, Clone, PartialEq)]
pub struct Content {
    /// The first ones.
    pub alerts: Vec<Alert>,
    /// All of them.
    pub total: usize,
}

/// What of alerts a transaction changes.
#[derive(Debug, Default)]
pub struct Outgoing {
    /// Alerts, in order.
    pub alerts: Vec<NewAlert>,
    /// For all incidents of the issue that are open anywhere.
    pub resolved: Vec<Alert>,
    /// When a rule last told of an issue.
    pub marks: HashMap<(IssueId, String), i64>,
    /// Episodes of spikes that began (with the threshold) or ended.
    pub episodes: HashMap<IssueId, Option<f64>>,
    /// Rules of projects, all of them.
    pub rules: Vec<(ProjectId, Vec<Rule>)>,
    /// Channels that are new or changed.
    pub channels: Vec<Channel>,
    /// Messages that were bundled.
    pub messages: Vec<NewMessage>,
    /// What attempts came to.
    pub attempts: Vec<Attempt>,
    /// What is older is forgotten: marks, messages that are done.
    pub forget: Option<i64>,
}

impl Outgoing {
    /// Whether there is something to commit that nothing else in the batch stands for.
    pub fn is_empty(&self) -> bool {
        let lists = self.alerts.len() + self.resolved.len() + self.rules.len() + self.channels.len();
        let more = self.messages.len() + self.attempts.len() + self.marks.len() + self.episodes.len();
        lists + more == 0 && self.forget.is_none()
    }

    /// Whether the delivery task has to look.
    pub fn is_due(&self) -> bool {
        !self.alerts.is_empty() || !self.resolved.is_empty() || !self.channels.is_empty()
    }
}

/// What the consumer asks of the store about alerts.
pub trait AlertStore {
    /// Rules of a project, the default if it has set none, and its channels that are in use.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn alerting(&self, project: ProjectId) -> anyhow::Result<Alerting>;

    /// A channel of a project that is not deleted.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn channel(&self, project: ProjectId, channel: ChannelId) -> anyhow::Result<Option<Channel>>;

    /// The channels of a project that are not deleted.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn channels(&self, project: ProjectId) -> anyhow::Result<BTreeSet<ChannelId>>;

    /// A number that no channel had.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn next_channel(&self) -> anyhow::Result<ChannelId>;

    /// When a rule of this name last told of an issue.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn last_told(&self, issue: IssueId, rule: &str) -> anyhow::Result<Option<i64>>;

    /// Whether an occurrence of an issue had this tag.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn has_tag(&self, issue: IssueId, name: &str, value: &str) -> anyhow::Result<bool>;

    /// Issues in an episode of too many, and the threshold that was told.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn episodes(&self) -> anyhow::Result<HashMap<IssueId, f64>>;
}
