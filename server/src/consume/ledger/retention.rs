//! What is too old goes: payloads a file at a time, counts by the hour. Issues, their totals and the ids by which they
//! are known stay, so that what comes back is known to.

use std::time::SystemTime;

use anyhow::Context;

use super::Ledger;

/// Files that one round takes away: more wait for the next, so that counting is not held up.
const MAX_FILES: usize = 4;

impl Ledger {
    /// Takes away what is too old or too much.
    pub(super) fn retire(&mut self, now: i64) -> anyhow::Result<()> {
        for _ in 0..MAX_FILES {
            let usage = self.occurrences.usage().context("occurrences")?;
            let Some((number, written)) = usage.oldest else { break };
            let age = SystemTime::now().duration_since(written).unwrap_or_default();
            let is_old = age > self.limits.retention;
            if !is_old && usage.bytes <= self.limits.retention_bytes {
                break;
            }
            // The rows first: a file without rows is taken away by the next round, rows without a file mislead.
            self.store.forget_file(number)?;
            self.occurrences.remove(number).context("occurrences")?;
            tracing::info!(file = number, is_old, "occurrences: a file went, as the retention settings say");
        }
        self.store.forget_before(now - self.limits.retention.as_millis() as i64)
    }
}
