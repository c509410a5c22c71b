//! What is too old goes: payloads a file at a time, counts by the hour. Issues, their totals and the ids by which they
//! are known stay, so that what comes back is known to.

use std::time::{Duration, UNIX_EPOCH};

use anyhow::Context;

use super::erased::LITTLE_PATIENCE;
use super::{Ledger, ROUND, is_over};
use crate::clock::{DAY, HOUR};
use crate::store::OccurrenceRow;

/// Payloads that one round of chores takes away.
const MAX_PAYLOADS: usize = 500;
/// A pattern that was not seen for so long is quiet.
const QUIET: i64 = DAY;
/// One that occurred less often is small.
const SMALL: u64 = 10;

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
        let retention = Duration::from_secs(self.limits.of.server().retention_days * 86_400);
        for _ in 0..MAX_FILES {
            let usage = self.occurrences.usage().context("occurrences")?;
            let Some((number, written)) = usage.oldest else { break };
            let today = UNIX_EPOCH + Duration::from_millis(now.max(0) as u64);
            let age = today.duration_since(written).unwrap_or_default();
            let is_old = age > retention;
            if !is_old && usage.bytes <= self.limits.retention_bytes {
                break;
            }
            // The rows first: a file without rows is taken away by the next round, rows without a file mislead.
            self.store.forget_file(number)?;
            self.occurrences.remove(number).context("occurrences")?;
            tracing::info!(file = number, is_old, "occurrences: a file went, as the retention settings say");
        }
        self.store.forget_before(now - retention.as_millis() as i64, now)
    }

    /// What projects want to go before its file does: what is older than they keep it, and what is more than one of a
    /// quiet small pattern. Between two batches only: it commits.
    ///
    /// # Errors
    /// When disk or store refuse; what was not done is done by the next round.
    pub fn chores(&mut self, now: i64) -> anyhow::Result<()> {
        self.scrub_again(LITTLE_PATIENCE);
        if !is_over(self.last_chores, ROUND, now) {
            return Ok(());
        }
        self.last_chores = now;
        if self.overwrite_long_superseded(now)? {
            self.last_chores = i64::MIN;
        }
        let today = self.believed(now)?;
        let mut gone: Vec<OccurrenceRow> = Vec::new();
        for project in self.store.project_ids()? {
            let wants = self.limits.of.of(project);
            if wants.retention_days < self.limits.of.server().retention_days {
                let before = today - wants.retention_days as i64 * DAY;
                gone.extend(self.store.payloads_before(project, before, MAX_PAYLOADS)?);
            }
            if wants.cleanup_quiet {
                gone.extend(self.store.surplus(project, today - QUIET, SMALL, MAX_PAYLOADS)?);
            }
            if gone.len() >= MAX_PAYLOADS {
                // The rest has its turn after the next batch.
                self.last_chores = i64::MIN;
                break;
            }
        }
        if gone.is_empty() {
            return Ok(());
        }
        let removed = self.forget(&gone)?;
        tracing::info!(removed, "occurrences: payloads went, as settings of projects say");
        Ok(())
    }
}
