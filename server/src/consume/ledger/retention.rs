//! What is too old goes: payloads a file at a time, counts by the hour. Issues, their totals and the ids by which they
//! are known stay, so that what comes back is known to.

use std::time::{Duration, UNIX_EPOCH};

use anyhow::Context;

use super::Ledger;
use crate::clock::HOUR;

/// Files that one round takes away: more wait for the next, so that counting is not held up.
const MAX_FILES: usize = 4;
/// What a round, one in five minutes, believes at most of how far the clock went on. So a clock that is set years ahead
/// by mistake takes nothing away until hours later; and who was off for three months has caught up within three days.
const BELIEVED: i64 = 3 * HOUR;

impl Ledger {
    /// How late it is, for what cannot be undone; [`Ledger::retire`] moves it on.
    fn believed(&self, now: i64) -> anyhow::Result<i64> {
        Ok(self.store.forgotten_at()?.map_or(now, |last| now.min(last + BELIEVED)))
    }

    /// Takes away what is too old or too much.
    pub(super) fn retire(&mut self, now: i64) -> anyhow::Result<()> {
        let now = self.believed(now)?;
        for _ in 0..MAX_FILES {
            let usage = self.occurrences.usage().context("occurrences")?;
            let Some((number, written)) = usage.oldest else { break };
            let now = UNIX_EPOCH + Duration::from_millis(now.max(0) as u64);
            let age = now.duration_since(written).unwrap_or_default();
            let is_old = age > self.limits.retention;
            if !is_old && usage.bytes <= self.limits.retention_bytes {
                break;
            }
            // The rows first: a file without rows is taken away by the next round, rows without a file mislead.
            self.store.forget_file(number)?;
            self.occurrences.remove(number).context("occurrences")?;
            tracing::info!(file = number, is_old, "occurrences: a file went, as the retention settings say");
        }
        self.store.forget_before(now - self.limits.retention.as_millis() as i64, now)
    }
}
