//! The cheap "no" on the app thread: cheapest test first, every "no" counted under a named reason.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::engine::Engine;
use crate::flush::Epoch;
use crate::loss::Reason;
use crate::protocol::{EventId, Timestamp};
use crate::sampling::{self, SamplingContext};
use crate::settings::ErrorSampler;
use crate::storm::{Fold, FoldKey};

/// What a capture looks like before anything is extracted from it.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// For the sampler callback.
    pub sampling: SamplingContext<'a>,
    /// The type is in `ignore_errors`.
    pub ignored: bool,
    /// The rate that holds for the type.
    pub rate: f64,
}

/// A "yes": to be turned into a [`crate::capture::Capture`] and submitted, or given back.
#[derive(Debug)]
#[must_use = "an admission that is not submitted counts as internal_sdk_error"]
pub struct Admission {
    /// The new event's id.
    pub event_id: EventId,
    /// The rate at which it was kept.
    pub sample_rate: f64,
    /// The place it comes from.
    pub fold: Option<FoldKey>,
    /// When it was captured.
    pub timestamp: Timestamp,
    pub(crate) epoch: Epoch,
    /// Until the capture is in the queue, or counted as lost.
    open: RefCell<Option<Arc<Engine>>>,
}

impl Admission {
    /// Somebody else answers for it from now on.
    pub(crate) fn hand_over(&self) -> Option<Arc<Engine>> {
        self.open.take()
    }
}

/// A bug between the gate and the queue must not keep a flush waiting for ever.
impl Drop for Admission {
    fn drop(&mut self) {
        if let Some(engine) = self.hand_over() {
            engine.settle_dropped(self.epoch, self.fold, Reason::Internal);
        }
    }
}

/// What the gate decided.
#[derive(Debug)]
pub enum Verdict {
    /// Counted under a reason; nothing to do.
    No,
    /// Counted as one more of the last full event of the same place.
    Folded(Option<EventId>),
    /// Go on.
    Yes(Admission),
}

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// While alive, captures of this thread are refused as [`Reason::Reentrant`]: around hooks, and for
/// the whole life of Faultwire's own threads.
#[derive(Debug)]
pub struct Inside(bool);

impl Inside {
    /// Marks the thread.
    pub fn enter() -> Inside {
        Inside(INSIDE.replace(true))
    }

    /// True within a hook or on one of Faultwire's own threads.
    pub fn is() -> bool {
        INSIDE.get()
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.set(self.0);
    }
}

impl Engine {
    /// Counts a capture that its language refuses before the gate.
    pub(crate) fn refuse(&self, reason: Reason) {
        self.captured.fetch_add(1, Ordering::SeqCst);
        self.losses.add(reason, 1);
    }

    /// The first half of the gate: all that needs no look at a stack. False is counted.
    pub(crate) fn sample(&self, candidate: &Candidate<'_>) -> Option<f64> {
        self.sample_by(self.settings.hooks.error_sampler.as_ref(), candidate)
    }

    /// The same with another sampler, or none.
    pub(crate) fn sample_by(&self, sampler: Option<&ErrorSampler>, candidate: &Candidate<'_>) -> Option<f64> {
        if Inside::is() {
            self.refuse(Reason::Reentrant);
            return None;
        }
        if candidate.ignored {
            self.refuse(Reason::Ignored);
            return None;
        }
        let rate = match sampler {
            Some(sampler) => {
                let _inside = Inside::enter();
                sampler(&candidate.sampling).unwrap_or(candidate.rate)
            }
            None => candidate.rate,
        };
        if !sampling::keep(rate) {
            self.refuse(Reason::SampleRate);
            return None;
        }
        if self.limits.is_refusing() {
            self.refuse(Reason::RatelimitBackoff);
            return None;
        }
        Some(rate)
    }

    /// The second half, for what [`sample`](Engine::sample) kept at `rate`: folding, and room in the queue.
    pub(crate) fn admit(self: &Arc<Engine>, fold: Option<FoldKey>, rate: f64) -> Verdict {
        let event_id = EventId::random();
        let timestamp = Timestamp::now();
        if let (Some(key), Some(storm)) = (fold, &self.storm)
            && let Fold::Folded(exemplar) = storm.admit(key, event_id, timestamp)
        {
            self.captured.fetch_add(1, Ordering::SeqCst);
            self.folded.fetch_add(1, Ordering::SeqCst);
            return Verdict::Folded(exemplar);
        }
        if self.queue.is_full() {
            self.refuse(Reason::QueueOverflow);
            if let (Some(key), Some(storm)) = (fold, &self.storm) {
                storm.exemplar_dropped(key, Reason::QueueOverflow);
            }
            return Verdict::No;
        }
        self.captured.fetch_add(1, Ordering::SeqCst);
        let epoch = self.epochs.enter();
        let open = RefCell::new(Some(Arc::clone(self)));
        Verdict::Yes(Admission { event_id, sample_rate: rate, fold, timestamp, epoch, open })
    }
}
