//! One process life of a client: its counters, queue, outbox and [threads](crate::threads). A fork
//! makes a new one.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::capture::Capture;
use crate::crash::Station;
use crate::flush::{Epoch, Epochs};
use crate::log::debug;
use crate::loss::{Losses, Reason};
use crate::outbox::spool::{Config, Spool, Unusable};
use crate::outbox::{Kind, Origin, Outbox, Record};
use crate::queue::Queue;
use crate::settings::Settings;
use crate::shipper::Shipper;
use crate::stats::{Recovered, Stats, by_reason};
use crate::storm::{FoldKey, Storm};
use crate::threads::Threads;
use crate::transport::RateLimits;
use crate::worker::Worker;

pub(crate) struct Engine {
    pub settings: Arc<Settings>,
    pub captured: AtomicU64,
    pub folded: AtomicU64,
    delivered: AtomicU64,
    recovered_delivered: AtomicU64,
    pub losses: Losses,
    pub epochs: Epochs,
    pub storm: Option<Storm>,
    pub queue: Queue,
    pub outbox: Outbox,
    pub limits: RateLimits,
    pub server_is_faultwire: AtomicBool,
    /// Milliseconds of uptime at the last full event of a place that can fold.
    last_foldable: AtomicU64,
    start: Instant,
    /// Number of the latest flush, and the latest of which the counts and the reports have left.
    pub flush_wanted: AtomicU64,
    pub counts_flushed: AtomicU64,
    pub reports_flushed: AtomicU64,
    /// The latest flush since which the server was tried in vain, or was not to be tried; and the uptime in
    /// milliseconds until which it is left alone.
    held_for: AtomicU64,
    held_until: AtomicU64,
    closing: AtomicBool,
    pub worker_done: AtomicBool,
    ended: AtomicBool,
    pub threads: Threads,
    pub crash: Station,
    /// What the threads keep: each is held by the one that runs, for as long as it does.
    pub worker: Mutex<Worker>,
    pub shipper: Mutex<Shipper>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

impl Engine {
    pub fn new(settings: Arc<Settings>) -> Arc<Engine> {
        let options = &settings.options;
        Arc::new(Engine {
            captured: AtomicU64::new(0),
            folded: AtomicU64::new(0),
            delivered: AtomicU64::new(0),
            recovered_delivered: AtomicU64::new(0),
            losses: Losses::default(),
            epochs: Epochs::default(),
            storm: options.storm_folding.then(|| Storm::new(options.storm_burst, options.storm_window)),
            queue: Queue::new(options.max_queue_events, options.max_queue_bytes),
            outbox: outbox(&settings),
            limits: RateLimits::default(),
            server_is_faultwire: AtomicBool::new(false),
            last_foldable: AtomicU64::new(0),
            start: Instant::now(),
            flush_wanted: AtomicU64::new(0),
            counts_flushed: AtomicU64::new(0),
            reports_flushed: AtomicU64::new(0),
            held_for: AtomicU64::new(0),
            held_until: AtomicU64::new(0),
            closing: AtomicBool::new(false),
            worker_done: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            threads: Threads::default(),
            crash: Station::default(),
            worker: Mutex::default(),
            shipper: Mutex::default(),
            settings,
        })
    }

    /// Hands a capture to the worker, which is started when there is first something to do: a process
    /// that never captures has no threads, and forks like any other.
    pub fn submit(self: &Arc<Engine>, capture: Box<Capture>) -> bool {
        capture.admission.hand_over();
        if self.is_closing() {
            // Admitted before `close`, ready after it: the worker may be gone.
            self.settle_dropped(capture.admission.epoch, capture.admission.fold, Reason::Closed);
            return false;
        }
        if capture.admission.fold.is_some() {
            self.last_foldable.store(self.uptime_ms().max(1), Ordering::Relaxed);
        }
        match self.queue.push(capture) {
            Ok(()) => {
                self.need_threads();
                true
            }
            Err(capture) => {
                self.settle_dropped(capture.admission.epoch, capture.admission.fold, Reason::QueueOverflow);
                false
            }
        }
    }

    /// An accepted capture, or a record of one, is lost.
    pub fn settle_dropped(&self, epoch: Epoch, fold: Option<FoldKey>, reason: Reason) {
        self.losses.add(reason, 1);
        if let (Some(key), Some(storm)) = (fold, &self.storm) {
            storm.exemplar_dropped(key, reason);
        }
        self.epochs.settle(epoch);
    }

    /// A stored record is lost.
    pub fn drop_record(&self, record: &Record, reason: Reason) {
        match (record.origin, record.kind) {
            (Origin::Own { epoch, fold }, Kind::Event) => self.settle_dropped(epoch, fold, reason),
            (Origin::Own { epoch, .. }, Kind::Counts(count)) => {
                self.unfold(count, reason);
                self.epochs.settle(epoch);
            }
            (Origin::Recovered, Kind::Event) => self.losses.add_recovered(reason, 1),
            // The process that folded them has gone with its books.
            (Origin::Recovered, Kind::Counts(_)) => {}
        }
    }

    /// Folded occurrences whose count cannot be told take the reason of their loss.
    pub fn unfold(&self, count: u64, reason: Reason) {
        self.folded.fetch_sub(count, Ordering::SeqCst);
        self.losses.add(reason, count);
    }

    pub fn delivered(&self, record: &Record) {
        if record.kind == Kind::Event {
            let counter = match record.origin {
                Origin::Own { .. } => &self.delivered,
                Origin::Recovered => &self.recovered_delivered,
            };
            counter.fetch_add(1, Ordering::SeqCst);
        }
        match record.origin {
            Origin::Own { epoch, .. } => self.epochs.settle(epoch),
            Origin::Recovered => self.epochs.notify(),
        }
    }

    /// Count items only to a server that has said that it knows them.
    pub fn server_takes_counts(&self) -> bool {
        self.server_is_faultwire.load(Ordering::Relaxed)
    }

    /// True while the window of some place that can fold may be open.
    pub fn may_fold(&self) -> bool {
        let last = self.last_foldable.load(Ordering::Relaxed);
        let window = self.settings.options.storm_window + Duration::from_secs(10);
        last != 0 && self.uptime_ms().saturating_sub(last) < window.as_millis() as u64
    }

    /// True when there is, or can come without a capture, something to do for the threads.
    pub fn has_work(&self) -> bool {
        self.epochs.pending() > 0
            || self.outbox.has_waiting()
            || self.losses.has_unreported()
            || self.may_fold()
            || self.flush_wanted.load(Ordering::Acquire) > self.reports_flushed.load(Ordering::Acquire)
    }

    fn uptime_ms(&self) -> u64 {
        self.start.elapsed().as_millis() as u64
    }

    pub fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    /// Waits until all captured before is delivered or counted as lost, and folded counts and loss
    /// reports have left; true if the former came about before the deadline. Returns early when it cannot, because
    /// the server was tried and is to be left alone beyond the deadline.
    pub fn flush(self: &Arc<Engine>, deadline: Instant) -> bool {
        self.settle(deadline, false)
    }

    /// Flushes, then ends the threads. Returns early when the server cannot be reached and all that is left is on disk.
    pub fn close(self: &Arc<Engine>, deadline: Instant) -> bool {
        let flushed = self.settle(deadline, true);
        self.crash.end();
        self.closing.store(true, Ordering::Release);
        if flushed {
            self.outbox.close();
        } else {
            // What is left is still tried.
            self.release_threads();
        }
        self.queue.wake();
        self.outbox.wake();
        self.epochs.notify();
        flushed
    }

    /// See [`flush`](Engine::flush). `or_store`: it is enough that what is left outlives the process, once the server was tried in vain.
    pub fn settle(self: &Arc<Engine>, deadline: Instant, or_store: bool) -> bool {
        if !self.threads_run() && !self.has_work() {
            return true;
        }
        if self.is_closing() {
            return self.wait_for_end(deadline);
        }
        // First the number, which counts as work after a pause, then the threads.
        let number = self.flush_wanted.fetch_add(1, Ordering::AcqRel) + 1;
        let _lift = self.lift_pause();
        // The worker drains the storm table when it comes to the mark, so the counts are records of an
        // epoch that is waited for.
        if !self.queue.push_flush(number, deadline)
            || !self.epochs.wait(deadline, || self.counts_flushed.load(Ordering::Acquire) >= number)
        {
            return false;
        }
        // The shipper may be waiting for its next attempt.
        self.epochs.notify();
        let epoch = self.epochs.advance();
        let deadline_ms = deadline.saturating_duration_since(self.start).as_millis() as u64;
        let is_settled = || self.epochs.is_settled(epoch);
        let is_held = || self.held_for.load(Ordering::Acquire) >= number;
        let is_stored = || or_store && self.outbox.stored() >= self.epochs.pending() as u64;
        let is_hopeless = || self.held_until.load(Ordering::Acquire) > deadline_ms;
        if !self.epochs.wait(deadline, || is_settled() || (is_held() && (is_stored() || is_hopeless())))
            || !is_settled()
        {
            return false;
        }
        self.outbox.wake();
        // Reports travel with whatever is sent, or by themselves when nothing is left to be.
        let reported = || self.reports_flushed.load(Ordering::Acquire) >= number || !self.losses.has_unreported();
        self.epochs.wait(deadline, reported);
        true
    }

    /// Waits until a closed engine has tried all that it had; true if nothing is left of that, not even on disk.
    pub fn wait_for_end(&self, deadline: Instant) -> bool {
        self.epochs.wait(deadline, || !self.threads_run() || self.ended.load(Ordering::Acquire));
        self.epochs.pending() == 0
    }

    /// The shipper has come to its end.
    pub fn tell_ended(&self) {
        self.ended.store(true, Ordering::Release);
        self.epochs.notify();
    }

    /// The latest flush before which everything has come to the outbox.
    pub fn flush_number(&self) -> u64 {
        self.counts_flushed.load(Ordering::Acquire)
    }

    /// The shipper has sent what there was to report at flush `number`.
    pub fn tell_reported(&self, number: u64) {
        self.reports_flushed.store(number, Ordering::Release);
        self.epochs.notify();
    }

    /// The shipper holds what there is for a while: it tried since flush `number`, or may not.
    pub fn tell_held(&self, number: u64, span: Duration) {
        self.held_until.store((self.start.elapsed() + span).as_millis() as u64, Ordering::Release);
        self.held_for.store(number, Ordering::Release);
        self.tell_reported(number);
    }

    /// Nothing more comes.
    pub fn may_end(&self) -> bool {
        self.is_closing() && self.worker_done.load(Ordering::Acquire)
    }

    /// Has the shipper wait for the next attempt, or until another flush than `number` or the end wants something.
    pub fn wait_to_ship(&self, span: Duration, number: u64) {
        self.epochs.wait(Instant::now() + span, || {
            self.may_end() || self.threads.shipper.is_told_to_end() || self.flush_number() != number
        });
    }

    /// The counters as they are now. What has a fate is read before what was captured, so that the
    /// conservation law holds at any moment: what is not yet settled is pending. What is on disk leaves that counter
    /// before it gets its fate, and is read after it.
    pub fn stats(&self) -> Stats {
        let delivered = self.delivered.load(Ordering::SeqCst);
        let folded = self.folded.load(Ordering::SeqCst);
        let dropped = by_reason(|reason| self.losses.count(reason));
        let spooled = self.outbox.spooled();
        let recovered = Recovered {
            delivered: self.recovered_delivered.load(Ordering::SeqCst),
            dropped: by_reason(|reason| self.losses.count_recovered(reason)),
            found: self.outbox.recovered(),
        };
        let captured = self.captured.load(Ordering::SeqCst);
        let settled = delivered + folded + spooled + dropped.values().sum::<u64>();
        Stats {
            captured,
            delivered,
            spooled,
            pending: captured.saturating_sub(settled),
            folded,
            dropped,
            recovered,
            outbox: self.outbox.describe(),
        }
    }
}

fn outbox(settings: &Settings) -> Outbox {
    let options = &settings.options;
    let config = Config { max_bytes: options.spool_max_bytes as u64, sync: options.spool_sync };
    let spool = settings.spool_place().map(|path| Spool::new(path, config));
    if let Err(Unusable(reason)) = &spool {
        debug!("events are kept in memory: {reason}");
    }
    Outbox::new(options.max_outbox_bytes, options.spool_max_age.0, spool)
}
