//! What has been quiet for long counts as resolved.

use super::{Cause, Ledger, Move, ROUND};
use crate::clock::DAY;
use crate::issues::{Resolved, Status};

/// Issues of a project that one round resolves.
const MAX_QUIET: usize = 500;
/// What a round believes at most of how far the clock went on since the last: twice as long as it was. So a clock that is
/// set weeks ahead by mistake resolves nothing until the server ran for as many weeks; and what really happened while it
/// was off for a weekend is caught up with in another two days, before any issue can have been quiet for a week.
const BELIEVED: i64 = 2 * ROUND;

impl Ledger {
    /// Resolves open issues that did not occur for as many days as their project says.
    pub(super) fn resolve_quiet(&mut self, now: i64) -> anyhow::Result<()> {
        let watched = self.store.watched_at()?.map_or(now, |last| now.min(last + BELIEVED));
        self.changes.watched_at = Some(watched);
        for project in self.store.project_ids()? {
            let days = self.limits.of.of(project).auto_resolve_days;
            if days == 0 {
                continue;
            }
            for id in self.store.quiet_issues(project, watched - days as i64 * DAY, MAX_QUIET)? {
                let status = Status::Resolved { at: now, resolved: Resolved::Quiet };
                let why = Some(format!("it did not occur for {days} days"));
                self.note(id, Some(status), &Move::Resolve, &Cause { who: "rule: quiet".to_owned(), why })?;
            }
        }
        Ok(())
    }
}
