//! How others reach the consumer: what people want changed, and what ingestion refused. Bounded.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::Ledger;
use crate::ProjectId;
use crate::clock;
use crate::ingest::Refusal;
use crate::outcome::{Outcome, Reason};
use crate::threads::Bell;

/// Outcomes that wait in full. Beyond, they are counted.
const MAX_OUTCOMES: usize = 1000;
/// Tasks that wait.
const MAX_TASKS: usize = 1000;

type Task = Box<dyn FnOnce(&mut Ledger) + Send>;

#[derive(Default)]
struct Waiting {
    tasks: Vec<Task>,
    outcomes: Vec<(ProjectId, i64, Outcome)>,
    /// Of the outcomes that no longer fit.
    counted: HashMap<(ProjectId, Reason), u64>,
}

struct Shared {
    waiting: Mutex<Waiting>,
    bell: Arc<Bell>,
    is_closed: AtomicBool,
    opened: Instant,
    /// When the consumer looked what waits, in milliseconds since then.
    looked: AtomicU64,
}

impl Default for Shared {
    fn default() -> Self {
        Shared {
            waiting: Mutex::default(),
            bell: Arc::default(),
            is_closed: AtomicBool::new(false),
            opened: Instant::now(),
            looked: AtomicU64::new(0),
        }
    }
}

/// The way to the consumer's thread.
#[derive(Clone, Default)]
pub struct Doorway(Arc<Shared>);

/// The consumer does not take it: it is stopping, or too much waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed;

impl Doorway {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the consumer.
    pub fn bell(&self) -> Arc<Bell> {
        self.0.bell.clone()
    }

    /// Has `task` done on the consumer's thread, between two batches; its answer.
    ///
    /// # Errors
    /// When the server is stopping, or too many wait.
    pub async fn ask<T: Send + 'static>(
        &self,
        task: impl FnOnce(&mut Ledger) -> T + Send + 'static,
    ) -> Result<T, Closed> {
        let (sender, answer) = oneshot::channel();
        {
            let mut waiting = self.waiting();
            if waiting.tasks.len() >= MAX_TASKS || self.is_closed() {
                return Err(Closed);
            }
            waiting.tasks.push(Box::new(move |ledger| drop(sender.send(task(ledger)))));
        }
        self.0.bell.ring();
        answer.await.map_err(|_| Closed)
    }

    /// A request was not accepted. Those whose project is not known only count in metrics.
    pub fn refused(&self, refusal: &Refusal) {
        if let Some(project) = refusal.project {
            let detail = refusal.detail.clone();
            self.outcome(project, Outcome { reason: refusal.reason, event_id: None, quantity: 1, detail });
        }
    }

    /// Items of an accepted request were not.
    pub fn dropped(&self, project: ProjectId, outcomes: Vec<Outcome>) {
        outcomes.into_iter().for_each(|outcome| self.outcome(project, outcome));
    }

    fn outcome(&self, project: ProjectId, outcome: Outcome) {
        let mut waiting = self.waiting();
        if waiting.outcomes.len() < MAX_OUTCOMES {
            waiting.outcomes.push((project, clock::now(), outcome));
        } else {
            *waiting.counted.entry((project, outcome.reason)).or_default() += outcome.quantity;
        }
    }

    /// How long the consumer has not looked what waits: it does once a second at least, if it is not stuck.
    pub fn silence(&self) -> Duration {
        let looked = Duration::from_millis(self.0.looked.load(Ordering::Relaxed));
        self.0.opened.elapsed().saturating_sub(looked)
    }

    pub(super) fn tasks(&self) -> Vec<Task> {
        self.0.looked.store(self.0.opened.elapsed().as_millis() as u64, Ordering::Relaxed);
        std::mem::take(&mut self.waiting().tasks)
    }

    pub(super) fn outcomes(&self) -> Vec<(ProjectId, i64, Outcome)> {
        let mut waiting = self.waiting();
        let mut outcomes = std::mem::take(&mut waiting.outcomes);
        outcomes.extend(waiting.counted.drain().map(|((project, reason), quantity)| {
            let detail = "more than could be listed".to_owned();
            (project, clock::now(), Outcome { reason, event_id: None, quantity, detail })
        }));
        outcomes
    }

    /// Has the consumer end once the log is consumed.
    pub fn close(&self) {
        self.0.is_closed.store(true, Ordering::Release);
        self.0.bell.ring();
    }

    /// Whether the server is stopping.
    pub fn is_closed(&self) -> bool {
        self.0.is_closed.load(Ordering::Acquire)
    }
}
