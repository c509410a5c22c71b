//! One process life of a client: its counters, queue, outbox and [threads](crate::threads). A fork
//! makes a new one.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::capture::Capture;
use crate::flush::{Epoch, Epochs};
use crate::loss::{Losses, Reason};
use crate::outbox::{Kind, MemoryOutbox, Outbox, Record};
use crate::queue::Queue;
use crate::settings::Settings;
use crate::shipper::Shipper;
use crate::stats::Stats;
use crate::storm::{FoldKey, Storm};
use crate::threads::Threads;
use crate::transport::RateLimits;
use crate::worker::Worker;

pub(crate) struct Engine {
    pub settings: Arc<Settings>,
    pub captured: AtomicU64,
    pub folded: AtomicU64,
    delivered: AtomicU64,
    pub losses: Losses,
    pub epochs: Epochs,
    pub storm: Option<Storm>,
    pub queue: Queue,
    pub outbox: Box<dyn Outbox>,
    pub limits: RateLimits,
    pub server_is_faultwire: AtomicBool,
    /// Milliseconds of uptime at the last full event of a place that can fold.
    last_foldable: AtomicU64,
    start: Instant,
    /// Number of the latest flush, and the latest of which the counts and the reports have left.
    pub flush_wanted: AtomicU64,
    pub counts_flushed: AtomicU64,
    pub reports_flushed: AtomicU64,
    closing: AtomicBool,
    pub worker_done: AtomicBool,
    pub threads: Threads,
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
            losses: Losses::default(),
            epochs: Epochs::default(),
            storm: options.storm_folding.then(|| Storm::new(options.storm_burst, options.storm_window)),
            queue: Queue::new(options.max_queue_events, options.max_queue_bytes),
            outbox: Box::new(MemoryOutbox::new(options.max_outbox_bytes)),
            limits: RateLimits::default(),
            server_is_faultwire: AtomicBool::new(false),
            last_foldable: AtomicU64::new(0),
            start: Instant::now(),
            flush_wanted: AtomicU64::new(0),
            counts_flushed: AtomicU64::new(0),
            reports_flushed: AtomicU64::new(0),
            closing: AtomicBool::new(false),
            worker_done: AtomicBool::new(false),
            threads: Threads::default(),
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
        match record.kind {
            Kind::Event => self.settle_dropped(record.epoch, record.fold, reason),
            Kind::Counts(count) => {
                self.unfold(count, reason);
                self.epochs.settle(record.epoch);
            }
        }
    }

    /// Folded occurrences whose count cannot be told take the reason of their loss.
    pub fn unfold(&self, count: u64, reason: Reason) {
        self.folded.fetch_sub(count, Ordering::SeqCst);
        self.losses.add(reason, count);
    }

    pub fn delivered(&self, record: &Record) {
        if record.kind == Kind::Event {
            self.delivered.fetch_add(1, Ordering::SeqCst);
        }
        self.epochs.settle(record.epoch);
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
    /// reports have left; true if the former came about before the deadline.
    pub fn flush(self: &Arc<Engine>, deadline: Instant) -> bool {
        if !self.threads_run() && !self.has_work() {
            return true;
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
        let epoch = self.epochs.advance();
        if !self.epochs.wait(deadline, || self.epochs.is_settled(epoch)) {
            return false;
        }
        self.outbox.wake();
        self.epochs.wait(deadline, || self.reports_flushed.load(Ordering::Acquire) >= number);
        true
    }

    /// Flushes, then ends the threads.
    pub fn close(self: &Arc<Engine>, deadline: Instant) -> bool {
        let flushed = self.flush(deadline);
        self.closing.store(true, Ordering::Release);
        if !flushed {
            // What is left is still tried.
            self.release_threads();
        }
        self.queue.wake();
        self.outbox.wake();
        flushed
    }

    /// Waits a while for a server's limit to pass, or until a flush or the end wants something.
    pub fn wait_for_flush(&self, span: Duration) {
        self.epochs.wait(Instant::now() + span, || {
            let flushed = self.reports_flushed.load(Ordering::Acquire);
            self.is_closing()
                || self.threads.shipper.is_told_to_end()
                || self.counts_flushed.load(Ordering::Acquire) != flushed
        });
    }

    /// The counters as they are now. What has a fate is read before what was captured, so that the
    /// conservation law holds at any moment: what is not yet settled is pending.
    pub fn stats(&self) -> Stats {
        let delivered = self.delivered.load(Ordering::SeqCst);
        let folded = self.folded.load(Ordering::SeqCst);
        let counts = Reason::ALL.iter().map(|r| (r.as_str(), self.losses.count(*r)));
        let dropped: BTreeMap<&'static str, u64> = counts.filter(|(_, n)| *n > 0).collect();
        let captured = self.captured.load(Ordering::SeqCst);
        let settled = delivered + folded + dropped.values().sum::<u64>();
        Stats {
            captured,
            delivered,
            spooled: 0,
            pending: captured.saturating_sub(settled),
            folded,
            recovered: 0,
            dropped,
        }
    }
}
