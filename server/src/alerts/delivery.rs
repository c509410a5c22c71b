//! Sends what waits: the first alert of a quiet channel at once, what follows soon after in one message.
//!
//! A message is written down before it is sent, and what came of it after. Whatever happens between, it is sent again
//! under the same id; nothing else ever makes a second of it. A channel has one message under way at a time, so one
//! that does not answer holds up no other, and what it misses meanwhile comes in one message.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::{Id, JoinSet};

use super::channel::{Channel, ChannelId};
use super::outbox::{Attempt, NewMessage, Pending, State, Waiting};
use super::sender::{Outcome, Sender};
use crate::clock::{self, DAY};
use crate::consume::Doorway;
use crate::store::sqlite::Reader;
use crate::telemetry::{Metrics, Task};
use crate::threads;

/// Messages under way at once, each on a thread that waits.
const MAX_UNDER_WAY: usize = 32;
/// A message that could not be sent so long after the oldest of it happened has failed.
const MAX_AGE: i64 = DAY;
/// Until the second attempt; doubled each time, in milliseconds.
const FIRST_RETRY: i64 = 1000;
const LAST_RETRY: i64 = 300_000;
/// The longest sleep without a ring.
const IDLE: Duration = Duration::from_secs(30);
/// After a failure of the store.
const PAUSE: Duration = Duration::from_millis(500);
/// What is under way when the server stops may end.
const GRACE: Duration = Duration::from_secs(12);

/// What sending needs.
pub struct Delivery {
    /// What waits.
    pub reader: Reader,
    /// What is written down.
    pub doorway: Doorway,
    /// How it is sent.
    pub sender: Arc<Sender>,
    /// Outcomes are counted here.
    pub metrics: Arc<Metrics>,
    /// After a message, milliseconds in which what follows is gathered.
    pub digest: i64,
    /// Rung when there may be something to send.
    pub bell: Arc<Notify>,
}

/// A message to be sent now.
#[derive(Debug, Clone, PartialEq)]
enum Plan {
    /// One that is written down.
    Again(Pending),
    /// One that is not yet.
    Bundle(Vec<(i64, i64)>),
}

/// What to do for a channel now; or when to look again.
fn plan(waiting: &Waiting, now: i64, digest: i64) -> Result<Plan, i64> {
    let Waiting { channel, pending, bundled, alerts } = waiting;
    if let Some(pending) = pending {
        return if pending.due <= now { Ok(Plan::Again(pending.clone())) } else { Err(pending.due) };
    }
    if !channel.kind.digests() {
        return Ok(Plan::Bundle(alerts.iter().take(1).copied().collect()));
    }
    // A clock that was set back does not hold up anyone.
    let ready = bundled.map_or(now, |bundled| bundled.min(now) + digest);
    if ready <= now { Ok(Plan::Bundle(alerts.clone())) } else { Err(ready) }
}

/// What an attempt comes to; `lot` from 0 to 1 spreads the next one.
fn judge(message: &Pending, outcome: Outcome, now: i64, lot: f64) -> Attempt {
    let attempt = |state, due, note| Attempt { id: message.id.clone(), time: now, state, due, note };
    match outcome {
        Outcome::Accepted(note) => attempt(State::Sent, now, note),
        Outcome::Refused(note) => attempt(State::Failed, now, note),
        Outcome::Later(note, _) if now - message.since >= MAX_AGE => {
            attempt(State::Failed, now, format!("given up after a day: {note}"))
        }
        Outcome::Later(note, wait) => {
            let backoff = FIRST_RETRY.saturating_mul(1 << message.attempts.min(20)).min(LAST_RETRY);
            let spread = (backoff as f64 * (0.8 + 0.4 * lot)) as i64;
            attempt(State::Pending, now + spread.max(wait.unwrap_or(0)), note)
        }
    }
}

/// 32 random hexadecimal digits.
///
/// # Errors
/// When the system has no random numbers.
pub fn message_id() -> anyhow::Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|e| anyhow::anyhow!("random numbers: {e}"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn lot() -> f64 {
    let mut byte = [128];
    // Without random numbers the middle will do.
    let _ = getrandom::fill(&mut byte);
    f64::from(byte[0]) / 255.0
}

impl Delivery {
    /// Until `stop` resolves; then lets end what is under way.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let delivery = Arc::new(self);
        let mut under_way = JoinSet::new();
        let mut channels: HashMap<Id, ChannelId> = HashMap::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            let started = Instant::now();
            let due = delivery.start_due(&mut under_way, &mut channels).await;
            Task::Outbox.ended(started, due.is_ok());
            let wait = due.unwrap_or_else(|error| {
                tracing::error!(error = format!("{error:#}"), "cannot look for alerts; they wait");
                PAUSE
            });
            tokio::select! {
                () = delivery.bell.notified() => {}
                () = tokio::time::sleep(wait) => {}
                Some(ended) = under_way.join_next_with_id(), if !under_way.is_empty() => {
                    let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
                    channels.remove(&id);
                }
                () = &mut stop => break,
            }
        }
        let ended = tokio::time::timeout(GRACE, async { while under_way.join_next().await.is_some() {} });
        if ended.await.is_err() {
            tracing::warn!("messages were under way when the server stopped; the next start sends them again");
        }
    }

    /// Starts what is due; how long to sleep.
    async fn start_due(
        self: &Arc<Self>,
        under_way: &mut JoinSet<()>,
        channels: &mut HashMap<Id, ChannelId>,
    ) -> anyhow::Result<Duration> {
        let reader = self.reader.clone();
        let outbox = tokio::task::spawn_blocking(move || reader.outbox()).await??;
        let busy: HashSet<ChannelId> = channels.values().copied().collect();
        let now = clock::now();
        let mut next = now + IDLE.as_millis() as i64;
        let idle = outbox.into_iter().filter(|waiting| !busy.contains(&waiting.channel.id));
        for waiting in idle.filter(|waiting| waiting.channel.enabled && !waiting.channel.deleted) {
            match plan(&waiting, now, self.digest) {
                Err(later) => next = next.min(later),
                // Whichever ends first makes room.
                Ok(_) if under_way.len() >= MAX_UNDER_WAY => break,
                Ok(plan) => {
                    let channel = waiting.channel.id;
                    let delivered = self.clone().deliver(waiting.channel, plan);
                    let task = threads::start_in(under_way, Task::Deliver, delivered);
                    channels.insert(task.id(), channel);
                }
            }
        }
        Ok(Duration::from_millis((next - now).clamp(10, IDLE.as_millis() as i64) as u64))
    }

    async fn deliver(self: Arc<Self>, channel: Channel, plan: Plan) {
        let started = Instant::now();
        let kind = channel.kind;
        let sent = self.send(channel, plan).await;
        Task::Deliver.ended(started, sent.is_ok());
        match sent {
            Ok(state) => self.metrics.delivered(kind.as_str(), state.as_str(), started.elapsed()),
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "a message could not be prepared; it is tried again");
                self.metrics.delivered(kind.as_str(), "error", started.elapsed());
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    async fn send(&self, channel: Channel, plan: Plan) -> anyhow::Result<State> {
        let message = match plan {
            Plan::Again(pending) => pending,
            Plan::Bundle(alerts) => self.bundle(&channel, &alerts).await?,
        };
        let (reader, sender, id) = (self.reader.clone(), self.sender.clone(), message.id.clone());
        let sent = tokio::task::spawn_blocking(move || {
            let content = reader.content(&id)?;
            anyhow::Ok(sender.send(&channel, &id, content))
        });
        let attempt = judge(&message, sent.await??, clock::now(), lot());
        if attempt.state != State::Sent {
            let (id, state, note) = (&attempt.id, attempt.state.as_str(), &attempt.note);
            tracing::warn!(id, state, attempts = message.attempts + 1, note, "a message was not accepted");
        }
        let state = attempt.state;
        // It is sent: until that is known to the store, nothing else may happen to it.
        while let Err(error) = self.write_down(attempt.clone()).await {
            tracing::warn!(error = format!("{error:#}"), "cannot write down what came of a message; tried again");
            tokio::time::sleep(PAUSE).await;
        }
        Ok(state)
    }

    async fn bundle(&self, channel: &Channel, alerts: &[(i64, i64)]) -> anyhow::Result<Pending> {
        let (id, created) = (message_id()?, clock::now());
        let since = alerts.iter().map(|(_, time)| *time).min().unwrap_or(created);
        let alerts = alerts.iter().map(|(number, _)| *number).collect();
        let (channel, project) = (channel.id, channel.project);
        let message = NewMessage { id: id.clone(), channel, project, created, since, alerts };
        self.doorway.ask(move |ledger| ledger.bundle(message)).await.map_err(|_| anyhow::anyhow!("busy"))??;
        Ok(Pending { id, since, attempts: 0, due: created })
    }

    async fn write_down(&self, attempt: Attempt) -> anyhow::Result<()> {
        self.doorway.ask(move |ledger| ledger.attempted(attempt)).await.map_err(|_| anyhow::anyhow!("busy"))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ProjectId;
    use crate::alerts::{Config, Kind};

    fn waiting(kind: Kind) -> Waiting {
        let (id, project, name) = (ChannelId(1), ProjectId(1), String::new());
        let (config, sealed) = (Config::default(), Vec::new());
        let channel = Channel { id, project, name, kind, enabled: true, config, sealed, created: 0, deleted: false };
        Waiting { channel, pending: None, bundled: None, alerts: vec![(1, 10), (2, 20)] }
    }

    fn pending(attempts: u32) -> Pending {
        Pending { id: "a".into(), since: 1000, attempts, due: 1000 }
    }

    #[test]
    fn at_once_when_quiet_and_gathered_after() {
        let quiet = waiting(Kind::Slack);
        let all = Ok(Plan::Bundle(vec![(1, 10), (2, 20)]));
        assert_eq!(plan(&quiet, 100_000, 60_000), all);
        let loud = Waiting { bundled: Some(50_000), ..quiet.clone() };
        assert_eq!(plan(&loud, 100_000, 60_000), Err(110_000));
        assert_eq!(plan(&loud, 110_000, 60_000), all);
        // The clock was set back by an hour.
        assert_eq!(plan(&Waiting { bundled: Some(3_600_000), ..quiet }, 0, 60_000), Err(60_000));
    }

    #[test]
    fn one_at_a_time_and_incidents_one_by_one() {
        let behind = Waiting { pending: Some(pending(3)), ..waiting(Kind::Slack) };
        assert_eq!(plan(&behind, 999, 0), Err(1000));
        assert_eq!(plan(&behind, 1000, 0), Ok(Plan::Again(pending(3))));
        let pages = Waiting { bundled: Some(100_000), ..waiting(Kind::Pagerduty) };
        assert_eq!(plan(&pages, 100_000, 60_000), Ok(Plan::Bundle(vec![(1, 10)])));
    }

    #[test]
    fn what_attempts_come_to() {
        let later = |wait| Outcome::Later("503".into(), wait);
        let due = |attempts, wait, lot| judge(&pending(attempts), later(wait), 5000, lot).due - 5000;
        assert_eq!([0, 1, 2, 30].map(|attempts| due(attempts, None, 0.5)), [1000, 2000, 4000, LAST_RETRY]);
        assert_eq!((due(0, None, 0.0), due(0, None, 1.0)), (800, 1200));
        assert_eq!(due(0, Some(30_000), 0.5), 30_000);
        assert_eq!(judge(&pending(0), later(None), 5000, 0.5).state, State::Pending);
        assert_eq!(judge(&pending(9), later(None), 1000 + MAX_AGE, 0.5).state, State::Failed);
        assert_eq!(judge(&pending(0), Outcome::Accepted("ok".into()), 5000, 0.5).state, State::Sent);
        assert_eq!(judge(&pending(0), Outcome::Refused("404".into()), 5000, 0.5).state, State::Failed);
    }
}
