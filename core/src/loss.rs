//! Every reason for which an event is not delivered, its counter, and the report to the server.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::protocol::{Item, Timestamp, Value};

macro_rules! reasons {
    ($( $(#[doc = $doc:literal])+ $variant:ident = $name:literal, reported $reported:literal; )+) => {
        /// Why an event was not delivered.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reason { $( $(#[doc = $doc])+ $variant, )+ }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Reason] = &[ $( Reason::$variant, )+ ];

            /// The name in `stats()` and, where reported, in client reports.
            pub fn as_str(self) -> &'static str {
                match self { $( Reason::$variant => $name, )+ }
            }

            /// Whether the server is told: not what it counted itself, nor what was never an event.
            pub fn is_reported(self) -> bool {
                match self { $( Reason::$variant => $reported, )+ }
            }
        }
    };
}

reasons! {
    /// The same exception object was captured before.
    AlreadyCaptured = "already_captured", reported false;
    /// Captured by Faultwire's own code or inside one of its hooks.
    Reentrant = "reentrant", reported false;
    /// Its type is in `ignore_errors`.
    Ignored = "ignored", reported true;
    /// Sampled out.
    SampleRate = "sample_rate", reported true;
    /// The queue to the worker was full.
    QueueOverflow = "queue_overflow", reported true;
    /// The outbox was full and this was the oldest.
    CacheOverflow = "cache_overflow", reported true;
    /// The server has set a long limit, and it was captured while that was in force.
    RatelimitBackoff = "ratelimit_backoff", reported true;
    /// On disk for longer than `spool_max_age`.
    SpoolExpired = "spool_expired", reported true;
    /// On disk, and not readable any more.
    SpoolDamaged = "spool_damaged", reported true;
    /// No answer from the server until the end, and not on disk.
    NetworkError = "network_error", reported true;
    /// A final answer other than success.
    SendError = "send_error", reported true;
    /// `before_send` said no, raised, or returned something else than an event.
    BeforeSend = "before_send", reported true;
    /// What was given is not an event.
    Invalid = "invalid", reported true;
    /// A bug in Faultwire, caught.
    Internal = "internal_sdk_error", reported true;
    /// Still being captured when the client was closed.
    Closed = "closed", reported false;
}

/// Counters of one process life.
#[derive(Debug, Default)]
pub(crate) struct Losses {
    counts: [AtomicU64; Reason::ALL.len()],
    /// Events that earlier processes left on disk; they stand beside the law.
    recovered: [AtomicU64; Reason::ALL.len()],
    /// How much of both the server has been told or is being told.
    reported: [AtomicU64; Reason::ALL.len()],
    /// A report is on its way.
    telling: AtomicBool,
    /// Occurrences that were folded and whose count went to a server that knows no counts: told as `sample_rate`.
    folded_unsaid: AtomicU64,
}

/// What is to be told to the server; given back with [`Losses::untell`] when telling failed.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    quantities: BTreeMap<Reason, u64>,
    folded: u64,
}

impl Losses {
    pub fn add(&self, reason: Reason, quantity: u64) {
        self.counts[reason as usize].fetch_add(quantity, Ordering::SeqCst);
    }

    /// Counts the loss of what an earlier process captured.
    pub fn add_recovered(&self, reason: Reason, quantity: u64) {
        self.recovered[reason as usize].fetch_add(quantity, Ordering::SeqCst);
    }

    /// Folded occurrences for a server that takes no count items.
    pub fn add_folded(&self, quantity: u64) {
        self.folded_unsaid.fetch_add(quantity, Ordering::Relaxed);
    }

    pub fn count(&self, reason: Reason) -> u64 {
        self.counts[reason as usize].load(Ordering::SeqCst)
    }

    /// The same of what earlier processes captured.
    pub fn count_recovered(&self, reason: Reason) -> u64 {
        self.recovered[reason as usize].load(Ordering::SeqCst)
    }

    fn to_report(&self, reason: Reason) -> u64 {
        self.count(reason) + self.count_recovered(reason)
    }

    /// True when the server has not been told of everything, or is just being told.
    pub fn has_unreported(&self) -> bool {
        let untold =
            |r: &Reason| r.is_reported() && self.to_report(*r) > self.reported[*r as usize].load(Ordering::Relaxed);
        self.telling.load(Ordering::SeqCst)
            || self.folded_unsaid.load(Ordering::Relaxed) > 0
            || Reason::ALL.iter().any(untold)
    }

    /// What the server has not been told yet, marked as told. To be followed by [`told`](Losses::told) or
    /// [`untell`](Losses::untell).
    pub fn take_report(&self) -> Option<Report> {
        self.telling.store(true, Ordering::SeqCst);
        let mut report = Report { folded: self.folded_unsaid.swap(0, Ordering::Relaxed), ..Report::default() };
        for reason in Reason::ALL.iter().copied().filter(|r| r.is_reported()) {
            let count = self.to_report(reason);
            let told = self.reported[reason as usize].swap(count, Ordering::Relaxed);
            if count > told {
                report.quantities.insert(reason, count - told);
            }
        }
        let is_empty = report == Report::default();
        self.telling.store(!is_empty, Ordering::SeqCst);
        (!is_empty).then_some(report)
    }

    /// The report has arrived.
    pub fn told(&self) {
        self.telling.store(false, Ordering::SeqCst);
    }

    /// Takes back what could not be told.
    pub fn untell(&self, report: &Report) {
        for (reason, quantity) in &report.quantities {
            self.reported[*reason as usize].fetch_sub(*quantity, Ordering::Relaxed);
        }
        self.add_folded(report.folded);
        self.told();
    }
}

impl Report {
    /// The client report item.
    pub fn to_item(&self) -> Item {
        let mut quantities = BTreeMap::new();
        let folded = Some((&Reason::SampleRate, &self.folded)).filter(|(_, folded)| **folded > 0);
        for (reason, quantity) in self.quantities.iter().chain(folded) {
            *quantities.entry(reason.as_str()).or_insert(0) += quantity;
        }
        let discarded: Vec<Value> = quantities
            .into_iter()
            .map(|(reason, quantity)| serde_json::json!({"reason": reason, "category": "error", "quantity": quantity}))
            .collect();
        let payload = serde_json::json!({"timestamp": Timestamp::now(), "discarded_events": discarded});
        Item::new("client_report", payload.to_string().into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_told_once_unless_telling_failed() {
        let losses = Losses::default();
        losses.add(Reason::QueueOverflow, 3);
        losses.add(Reason::Closed, 5);
        losses.add_folded(2);
        let report = losses.take_report().unwrap();
        assert!(losses.has_unreported(), "on its way");
        losses.untell(&report);
        losses.add(Reason::QueueOverflow, 1);
        let again = losses.take_report().unwrap();
        assert_eq!((again.quantities[&Reason::QueueOverflow], again.folded), (4, 2));
        let item = String::from_utf8(again.to_item().payload).unwrap();
        assert!(item.contains(r#"{"category":"error","quantity":4,"reason":"queue_overflow"}"#), "{item}");
        assert!(!item.contains("closed"), "{item}");
        losses.told();
        assert!(!losses.has_unreported());
        assert_eq!(losses.take_report(), None);
    }
}
