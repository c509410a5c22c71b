//! What the server has to say of itself, to the channels of those whom it concerns.

use super::Ledger;
use crate::IssueId;
use crate::alerts::{Kind, NewAlert};
use crate::health::Alarm;

impl Ledger {
    /// Writes an alert for each channel of the project that is concerned: its own, or the first one. Whether it did: not
    /// if that was told within the hour, or there is no channel.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub fn alarm(&mut self, alarm: &Alarm) -> anyhow::Result<bool> {
        let Some(project) = alarm.cause.told_to(self.store.project_ids()?.into_iter()) else { return Ok(false) };
        let mark = mark(alarm);
        let last = self.store.last_told(mark.0, &mark.1)?;
        if last.is_some_and(|last| (0..Alarm::EVERY).contains(&(alarm.time - last))) {
            return Ok(false);
        }
        let alert = alarm.alert(project);
        let channels = self.channels_in_use(project)?;
        if channels.is_empty() {
            return Ok(false);
        }
        let alerts = channels.into_iter().map(|(channel, _): (_, Kind)| {
            // Nothing keeps it open: it is over when the server says no more of it.
            NewAlert { channel, opens: false, alert: alert.clone() }
        });
        self.changes.alerting.alerts.extend(alerts);
        self.changes.alerting.marks.insert(mark, alarm.time);
        self.settle_all()?;
        Ok(true)
    }

    /// Notes that this was told past the ledger: it is not told again within the hour.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn was_told(&mut self, alarm: &Alarm) -> anyhow::Result<()> {
        self.changes.alerting.marks.insert(mark(alarm), alarm.time);
        self.settle_all()
    }
}

/// Where it is noted when something was told: no issue has this number, and no rule of a project tells of it.
fn mark(alarm: &Alarm) -> (IssueId, String) {
    (IssueId(0), format!("server: {}", alarm.cause))
}
