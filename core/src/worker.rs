//! The thread that turns captures into records.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use crate::capture::Capture;
use crate::engine::Engine;
use crate::exemplars::Exemplars;
use crate::fork;
use crate::gate::Inside;
use crate::log::debug;
use crate::loss::Reason;
use crate::outbox::Record;
use crate::pipeline::Pipeline;
use crate::queue::Message;

/// How often folded counts leave during a storm.
const COUNTS_EVERY: Duration = Duration::from_secs(5);

/// What the worker keeps between captures, also those of before and after a pause.
#[derive(Default)]
pub(crate) struct Worker {
    pipeline: Pipeline,
    exemplars: Exemplars,
    counts_due: Option<Instant>,
}

pub(crate) fn run(engine: &Arc<Engine>) {
    let _inside = Inside::enter();
    let mut kept = engine.worker.lock().unwrap_or_else(PoisonError::into_inner);
    let Worker { pipeline, exemplars, counts_due } = &mut *kept;
    let counts_due = counts_due.get_or_insert_with(|| Instant::now() + COUNTS_EVERY);
    engine.queue.work_here();
    {
        let _busy = fork::busy();
        look_for_crashes(engine, pipeline, true);
    }
    while !(engine.is_closing() && engine.queue.is_empty()) {
        if engine.threads.worker.must_end() {
            return;
        }
        // After a full event its place may start to fold, which wakes nobody: look again when counts are due.
        let patience = engine.storm.is_some().then(|| counts_due.saturating_duration_since(Instant::now()));
        let retry_at = engine.outbox.retry_at();
        let patience = patience
            .filter(|_| engine.may_fold())
            .into_iter()
            .chain(engine.crash.patience(&engine.settings))
            .chain(retry_at.map(|at| at.saturating_duration_since(Instant::now())));
        let message = engine.queue.pop(patience.min());
        let _busy = fork::busy();
        if matches!(message, Some(Message::Flush(_))) || retry_at.is_some_and(|at| Instant::now() >= at) {
            dropped(engine, engine.outbox.retry());
        }
        look_for_crashes(engine, pipeline, matches!(message, Some(Message::Flush(_))));
        match message {
            Some(Message::Capture(capture)) => work(engine, pipeline, exemplars, *capture),
            Some(Message::Flush(number)) => {
                send_counts(engine, exemplars);
                engine.counts_flushed.fetch_max(number, Ordering::AcqRel);
                engine.epochs.notify();
            }
            Some(Message::Wake) | None => {}
        }
        if Instant::now() >= *counts_due {
            send_counts(engine, exemplars);
            *counts_due = Instant::now() + COUNTS_EVERY;
        }
    }
    let _busy = fork::busy();
    send_counts(engine, exemplars);
    *kept = Worker::default();
    engine.worker_done.store(true, Ordering::Release);
    // The shipper waits for records, or for its next attempt.
    engine.outbox.wake();
    engine.epochs.notify();
}

fn look_for_crashes(engine: &Engine, pipeline: &mut Pipeline, now: bool) {
    let looked = catch_unwind(AssertUnwindSafe(|| engine.crash.look(engine, pipeline, now)));
    if looked.is_err() {
        *pipeline = Pipeline::new();
    }
}

fn work(engine: &Engine, pipeline: &mut Pipeline, exemplars: &mut Exemplars, capture: Capture) {
    let (epoch, fold, rate) = (capture.admission.epoch, capture.admission.fold, capture.admission.sample_rate);
    let processed = catch_unwind(AssertUnwindSafe(|| pipeline.process(capture, &engine.settings)));
    match processed.unwrap_or(Err(Reason::Internal)) {
        Ok(finished) => {
            if let Some(key) = fold {
                exemplars.remember(key, finished.fingerprint, &finished.event, rate);
            }
            store(engine, finished.record);
        }
        Err(reason) => {
            debug!("event dropped: {}", reason.as_str());
            if reason == Reason::Internal {
                *pipeline = Pipeline::new();
            }
            engine.settle_dropped(epoch, fold, reason);
        }
    }
}

fn store(engine: &Engine, record: Record) {
    dropped(engine, engine.outbox.push(record));
}

fn dropped(engine: &Engine, evicted: Vec<Record>) {
    for record in evicted {
        engine.drop_record(&record, Reason::CacheOverflow);
    }
}

/// Sends the folded counts on: as count items to our own server, as client reports to others.
fn send_counts(engine: &Engine, exemplars: &mut Exemplars) {
    let Some(storm) = &engine.storm else { return };
    for folds in storm.drain() {
        if let Some(reason) = storm.all_dropped(folds.key) {
            engine.unfold(folds.count, reason);
            continue;
        }
        match exemplars.get(folds.key).filter(|_| engine.server_takes_counts()) {
            Some(exemplar) => store(engine, exemplar.count_record(&folds, engine.epochs.enter())),
            None => engine.losses.add_folded(folds.count),
        }
    }
}
