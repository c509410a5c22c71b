//! What is told: a line in the feed, and an alert for each channel that a rule chooses. And what people do to channels
//! and rules, between two batches.

use std::collections::{BTreeMap, HashMap};

use anyhow::Context;
use faultwire::protocol::EventId;
use serde_json::Value;

use super::Ledger;
use crate::alerts::{
    Alert, Attempt, Channel, ChannelId, Crossed, Kind, NewAlert, NewMessage, Rule, Scene, Spikes, Trigger, Turn, What,
    forget, validate,
};
use crate::clock::DAY;
use crate::consume::Occurrence;
use crate::consume::arrival::Counts;
use crate::issues::LATE;
use crate::store::{Event, NewEvent};
use crate::{IssueId, ProjectId};

/// The environment of events that name none.
const ENVIRONMENT: &str = "production";
/// Projects whose rules are at hand. Beyond, all are read anew.
const MAX_PROJECTS: usize = 1000;
/// Milliseconds that messages and marks are kept.
const KEPT: i64 = 30 * DAY;

/// Where something happened.
pub(super) struct Origin<'o> {
    pub environment: &'o str,
    pub release: Option<&'o str>,
    pub event_id: Option<EventId>,
    /// Of the occurrence. What was folded has none: then those are looked at that its issue was seen with.
    pub tags: Option<&'o BTreeMap<String, String>>,
}

impl<'o> Origin<'o> {
    pub fn of(occurrence: &'o Occurrence) -> Self {
        let event = &occurrence.event;
        Origin {
            environment: event.environment.as_deref().filter(|name| !name.is_empty()).unwrap_or(ENVIRONMENT),
            release: event.release.as_deref().filter(|release| !release.is_empty()),
            event_id: Some(event.event_id),
            tags: Some(&event.tags),
        }
    }

    pub fn of_counts(counts: &'o Counts) -> Self {
        let environment = counts.environment.as_deref().unwrap_or(ENVIRONMENT);
        Origin { environment, release: counts.release.as_deref(), event_id: None, tags: None }
    }
}

/// Occurrences that come at once.
pub(super) struct Burst {
    /// When they happened, the first and the last.
    pub times: (i64, i64),
    /// How many, estimated.
    pub weight: f64,
    /// When they came.
    pub received: i64,
}

impl Ledger {
    pub(super) fn resume_spikes(&mut self) {
        let episodes = self.store.episodes().unwrap_or_else(|error| {
            tracing::error!(error = format!("{error:#}"), "spikes under way are not known and may be told again");
            HashMap::new()
        });
        self.spikes = Spikes::resume(episodes);
    }

    /// Counts a burst for spikes: what it crossed that was not told yet.
    pub(super) fn watch(
        &mut self,
        project: ProjectId,
        issue: IssueId,
        burst: &Burst,
        quiet: i64,
    ) -> anyhow::Result<Option<Crossed>> {
        if burst.received - burst.times.1 >= LATE {
            return Ok(None);
        }
        self.load_alerting(project)?;
        let alerting = self.alerting.get(&project).context("rules")?;
        Ok(match self.spikes.count(issue, burst.times, burst.weight, quiet, &alerting.thresholds) {
            Turn::Above(crossed) => Some(crossed),
            Turn::Over => {
                self.spikes.over(issue);
                self.changes.alerting.episodes.insert(issue, None);
                None
            }
            Turn::Same => None,
        })
    }

    /// Tells of an issue.
    pub(super) fn tell(
        &mut self,
        trigger: Trigger,
        id: IssueId,
        time: i64,
        detail: Value,
        crossed: Option<Crossed>,
        origin: &Origin<'_>,
    ) -> anyhow::Result<()> {
        let issue = self.shelf.issue_mut(&mut *self.store, id)?.clone();
        let project = issue.project;
        let who = String::new();
        let event = Event::Told(trigger);
        self.changes.events.push(NewEvent { project, issue: id, time, event, who, detail: detail.clone() });
        if let Some(crossed) = crossed.filter(|_| trigger == Trigger::Spike) {
            self.spikes.told(id, crossed.to);
            self.changes.alerting.episodes.insert(id, Some(crossed.to));
        }
        self.load_alerting(project)?;
        let alerting = self.alerting.get(&project).context("rules")?;
        let store = &*self.store;
        let has_tag = |name: &str, value: &str| match origin.tags {
            Some(tags) => tags.get(name).is_some_and(|one| one == value),
            None => store.has_tag(id, name, value).unwrap_or(false),
        };
        let (level, severity) = (issue.facts.level, issue.severity);
        let scene =
            Scene { environment: origin.environment, release: origin.release, level, severity, has_tag: &has_tag };
        let mut chosen: BTreeMap<ChannelId, Kind> = BTreeMap::new();
        for rule in alerting.matching(trigger, crossed, scene) {
            if rule.cooldown_seconds > 0 {
                let mark = (id, rule.name.clone());
                let last = match self.changes.alerting.marks.get(&mark) {
                    Some(last) => Some(*last),
                    None => store.last_told(id, &rule.name)?,
                };
                if last.is_some_and(|last| time - last < rule.cooldown_seconds as i64 * 1000) {
                    continue;
                }
                self.changes.alerting.marks.insert(mark, time);
            }
            chosen.extend(alerting.channels_of(rule));
        }
        let alert = Alert {
            environment: origin.environment.to_owned(),
            release: origin.release.map(str::to_owned),
            event_id: origin.event_id.map(|id| id.to_string()),
            ..Alert::new(&issue, What::Told(trigger), time, detail)
        };
        let alerts = chosen.into_iter().map(|(channel, kind)| {
            let opens = kind == Kind::Pagerduty;
            NewAlert { channel, opens, alert: alert.clone() }
        });
        self.changes.alerting.alerts.extend(alerts);
        Ok(())
    }

    /// Ends what channels keep open for an issue.
    pub(super) fn end_incidents(&mut self, id: IssueId, time: i64, who: &str) -> anyhow::Result<()> {
        let issue = self.shelf.issue_mut(&mut *self.store, id)?;
        let alert = Alert::new(issue, What::Resolved, time, serde_json::json!({ "who": who }));
        self.changes.alerting.resolved.push(alert);
        Ok(())
    }

    /// Channels of a project that are in use.
    pub(super) fn channels_in_use(&mut self, project: ProjectId) -> anyhow::Result<Vec<(ChannelId, Kind)>> {
        self.load_alerting(project)?;
        Ok(self.alerting.get(&project).context("rules")?.channels.clone())
    }

    /// Has rules and channels of a project at hand.
    fn load_alerting(&mut self, project: ProjectId) -> anyhow::Result<()> {
        if !self.alerting.contains_key(&project) {
            if self.alerting.len() >= MAX_PROJECTS {
                self.alerting.clear();
            }
            self.alerting.insert(project, self.store.alerting(project)?);
        }
        Ok(())
    }

    /// Sets the rules of a project, all of them; what is wrong with them, if they are refused.
    ///
    /// # Errors
    /// When the store refuses.
    pub fn set_rules(&mut self, project: ProjectId, rules: Vec<Rule>) -> anyhow::Result<Result<(), String>> {
        if let Err(wrong) = validate(&rules, &self.store.channels(project)?) {
            return Ok(Err(wrong));
        }
        self.changes.alerting.rules.push((project, rules));
        self.alerting.remove(&project);
        self.settle_all()?;
        Ok(Ok(()))
    }

    /// Makes a channel; `build` gets its number and may refuse.
    ///
    /// # Errors
    /// When the store refuses.
    pub fn make_channel<E>(
        &mut self,
        build: impl FnOnce(ChannelId) -> Result<Channel, E>,
    ) -> anyhow::Result<Result<Channel, E>> {
        Ok(match build(self.store.next_channel()?) {
            Err(refusal) => Err(refusal),
            Ok(channel) => {
                self.put_channel(channel.clone())?;
                Ok(channel)
            }
        })
    }

    /// Changes a channel by `change`, which may refuse; `None` if there is no such channel.
    ///
    /// # Errors
    /// When the store refuses.
    pub fn change_channel<E>(
        &mut self,
        project: ProjectId,
        id: ChannelId,
        change: impl FnOnce(&mut Channel) -> Result<(), E>,
    ) -> anyhow::Result<Option<Result<Channel, E>>> {
        let Some(mut channel) = self.store.channel(project, id)? else { return Ok(None) };
        if let Err(refusal) = change(&mut channel) {
            return Ok(Some(Err(refusal)));
        }
        self.put_channel(channel.clone())?;
        Ok(Some(Ok(channel)))
    }

    fn put_channel(&mut self, channel: Channel) -> anyhow::Result<()> {
        self.alerting.remove(&channel.project);
        if channel.deleted {
            let mut rules = self.store.alerting(channel.project)?.rules;
            if forget(&mut rules, channel.id) {
                self.changes.alerting.rules.push((channel.project, rules));
            }
        }
        self.changes.alerting.channels.push(channel);
        self.settle_all()
    }

    /// Writes a message down: from here on it is sent under its id, and no other has its alerts.
    ///
    /// # Errors
    /// When the store refuses.
    pub fn bundle(&mut self, message: NewMessage) -> anyhow::Result<()> {
        self.changes.alerting.messages.push(message);
        self.settle_all()
    }

    /// Writes down what an attempt came to. Without power it is forgotten, and the message sent again under its id.
    ///
    /// # Errors
    /// When the store refuses.
    pub fn attempted(&mut self, attempt: Attempt) -> anyhow::Result<()> {
        self.changes.alerting.attempts.push(attempt);
        self.commit_all()
    }

    /// Writes down a message that someone tried a channel with.
    ///
    /// # Errors
    /// When the store refuses.
    pub fn tested(&mut self, message: NewMessage, attempt: Attempt) -> anyhow::Result<()> {
        self.changes.alerting.messages.push(message);
        self.attempted(attempt)
    }

    /// Has what is old forgotten.
    pub(super) fn forget_messages(&mut self, now: i64) {
        self.changes.alerting.forget = Some(now - KEPT);
    }
}
