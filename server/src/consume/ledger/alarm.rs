//! What the server has to say of itself, to the channels of those whom it concerns.

use super::Ledger;
use crate::alerts::{Alert, Kind, NewAlert, What};
use crate::clock::HOUR;
use crate::health::{Alarm, Cause};
use crate::issues::Level;
use crate::{IssueId, ProjectId};

/// The same is not told again within so long.
const EVERY: i64 = HOUR;

impl Ledger {
    /// Writes an alert for each channel of the project that is concerned: its own, or the first one. Whether it did: not
    /// if that was told within the hour, or there is no channel.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub fn alarm(&mut self, alarm: &Alarm) -> anyhow::Result<bool> {
        let of = match alarm.cause {
            Cause::Quota(project) => Some(project),
            Cause::Disk | Cause::Lag => self.store.project_ids()?.into_iter().min(),
        };
        let Some(project) = of else { return Ok(false) };
        // No issue has this number, and no rule of a project tells of it.
        let mark = (IssueId(0), format!("server: {}", alarm.cause));
        let last = self.store.last_told(mark.0, &mark.1)?;
        if last.is_some_and(|last| (0..EVERY).contains(&(alarm.time - last))) {
            return Ok(false);
        }
        let alert = alert(project, alarm);
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
}

fn alert(project: ProjectId, alarm: &Alarm) -> Alert {
    Alert {
        event: What::Server,
        title: alarm.title.to_owned(),
        culprit: alarm.detail.clone(),
        kind: format!("server.{}", alarm.cause.name()),
        level: Level::Error,
        severity: alarm.severity,
        ..Alert::test(project, alarm.time)
    }
}
