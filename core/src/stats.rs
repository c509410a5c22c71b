//! What became of everything that was captured.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::loss::Reason;

/// Counters of one process life. At any moment
/// `captured = delivered + spooled + pending + folded + Σ dropped`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Calls to capture while enabled.
    pub captured: u64,
    /// Acknowledged by the server.
    pub delivered: u64,
    /// On disk until delivered: if the process ended now, a later start would send them.
    pub spooled: u64,
    /// On their way, in memory alone.
    pub pending: u64,
    /// Folded into counts.
    pub folded: u64,
    /// Lost, by reason.
    pub dropped: BTreeMap<&'static str, u64>,
    /// Events that earlier processes left on disk; they stand beside the law.
    pub recovered: Recovered,
    /// Where events wait: `disk`, or `memory` with the reason, as in `memory: storage full`.
    /// `; the application had closed its files` behind it where an application closed descriptors that were ours.
    pub outbox: String,
}

/// What became of the events of earlier processes that this one took over. What is neither delivered nor dropped
/// waits on disk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Recovered {
    /// Taken over.
    pub found: u64,
    /// Acknowledged by the server.
    pub delivered: u64,
    /// Lost, by reason.
    pub dropped: BTreeMap<&'static str, u64>,
}

/// The counts of a kind of loss, without those that did not occur.
pub(crate) fn by_reason(count: impl Fn(Reason) -> u64) -> BTreeMap<&'static str, u64> {
    let mut counts = BTreeMap::new();
    for reason in Reason::ALL {
        match count(*reason) {
            0 => {}
            some => _ = counts.insert(reason.as_str(), some),
        }
    }
    counts
}
