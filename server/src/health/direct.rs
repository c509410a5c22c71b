//! Tells what the ledger cannot write down: that it does not keep up is not told by who is stuck.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::watch::{Alarm, Cause};
use crate::alerts::delivery::message_id;
use crate::alerts::{Channel, Content, Outcome, Sender};
use crate::store::sqlite::Reader;
use crate::telemetry::Metrics;

/// Pauses before further attempts at a channel that says "later".
const PAUSES: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(30)];

/// The way to channels past outbox and delivery log. Whatever becomes of it is in the server's log only.
pub struct Direct {
    /// What channels there are.
    pub reader: Reader,
    /// How they are spoken to.
    pub sender: Arc<Sender>,
    /// Outcomes are counted here.
    pub metrics: Arc<Metrics>,
    /// When something was told last.
    pub told: Mutex<BTreeMap<Cause, i64>>,
}

impl Direct {
    /// Whether someone was told of this within the hour.
    pub(super) fn has_told(&self, alarm: &Alarm) -> bool {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.get(&alarm.cause).is_some_and(|last| (0..Alarm::EVERY).contains(&(alarm.time - last)))
    }

    /// The ledger knows now.
    pub(super) fn is_noted(&self, cause: Cause) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).remove(&cause);
    }

    /// Tells all channels that are concerned and in use; whether any took it. Waits for them.
    ///
    /// # Errors
    /// When the channels cannot be read.
    pub(super) fn tell(&self, alarm: &Alarm) -> anyhow::Result<bool> {
        let projects = self.reader.registry(|registry| registry.projects().all())?;
        let Some(project) = alarm.cause.told_to(projects.iter().map(|project| project.id)) else { return Ok(false) };
        let mut is_told = false;
        for channel in self.reader.channels(project)?.into_iter().filter(|channel| channel.enabled) {
            let content = Content { alerts: vec![alarm.alert(project)], total: 1 };
            is_told |= self.send(&channel, &message_id()?, &content);
        }
        if is_told {
            self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(alarm.cause, alarm.time);
        }
        Ok(is_told)
    }

    fn send(&self, channel: &Channel, id: &str, content: &Content) -> bool {
        let mut pauses = PAUSES.into_iter();
        loop {
            let started = Instant::now();
            let outcome = self.sender.send(channel, id, content.clone());
            let (state, note) = match &outcome {
                Outcome::Accepted(note) => ("sent", note),
                Outcome::Refused(note) => ("failed", note),
                Outcome::Later(note, _) => ("pending", note),
            };
            self.metrics.delivered(channel.kind.as_str(), state, started.elapsed());
            tracing::warn!(channel = channel.id.0, state, note, "the server's own alert was sent past its ledger");
            match (outcome, pauses.next()) {
                (Outcome::Accepted(_), _) => return true,
                (Outcome::Later(..), Some(pause)) => std::thread::sleep(pause),
                _ => return false,
            }
        }
    }
}
