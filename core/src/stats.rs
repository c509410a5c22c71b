//! What became of everything that was captured.

use std::collections::BTreeMap;

use serde::Serialize;

/// Counters of one process life. At any moment
/// `captured = delivered + spooled + pending + folded + Σ dropped`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Calls to capture while enabled.
    pub captured: u64,
    /// Acknowledged by the server.
    pub delivered: u64,
    /// On disk, to be sent by a later start.
    pub spooled: u64,
    /// On their way.
    pub pending: u64,
    /// Folded into counts.
    pub folded: u64,
    /// Events of earlier processes that this one took over; they stand beside the law.
    pub recovered: u64,
    /// Lost, by reason.
    pub dropped: BTreeMap<&'static str, u64>,
}
