//! What goes for good: a project, what is stored of a user, and the copies of both.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use anyhow::Context;

use super::shelf::Shelf;
use super::{Ledger, is_over};
use crate::ProjectId;
use crate::clock::MINUTE;
use crate::store::{OccurrenceRow, Place};

/// How long counting waits for readers of what is deleted, at first.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long it does whenever it is tried again.
pub(super) const LITTLE_PATIENCE: Duration = Duration::from_millis(50);
/// How often that is.
const SCRUB_AGAIN: Duration = Duration::from_secs(5);

/// Payloads that are overwritten before others get their turn.
const MAX_SUPERSEDED: usize = 500;

/// Until a superseded payload is overwritten, in milliseconds: who copies database and payloads one after the other has what
/// the database named.
const SUPERSEDED_FOR: i64 = 15 * MINUTE;

/// What is left to do of what was deleted.
pub(super) struct Erased {
    /// The log may have it as it came.
    is_in_log: bool,
    /// When copies in the database's own log are looked after.
    scrub_at: Option<Instant>,
    /// Payloads up to this number were superseded at that time.
    superseded: Option<(i64, i64)>,
}

impl Default for Erased {
    /// Of a server that may have ended in between.
    fn default() -> Self {
        Erased { is_in_log: false, scrub_at: Some(Instant::now()), superseded: None }
    }
}

impl Ledger {
    /// Deletes a project with all that is known of it; whether there was one. Payloads are overwritten after the
    /// transaction: a crash between the two leaves bytes that nothing names, until their file is too old.
    ///
    /// # Errors
    /// When the store refuses, and nothing changed; or when its payloads could not be overwritten.
    pub fn delete_project(&mut self, project: ProjectId) -> anyhow::Result<bool> {
        // What is at hand of it must not be written again.
        self.settle_all()?;
        let Some(places) = self.edit(|registry| registry.projects().erase(project))? else { return Ok(false) };
        self.newest.retain(|_, (_, occurrence)| occurrence.project != project);
        self.shelf = Shelf::default();
        // Whatever becomes of the payloads.
        (self.erased.is_in_log, self.erased.scrub_at) = (true, Some(Instant::now()));
        self.occurrences.erase(&places).context("occurrences")?;
        self.scrub();
        Ok(true)
    }

    /// Leaves no copy of what was deleted in the database's files, or does so later: a reader that is in the way is no
    /// failure.
    fn scrub(&mut self) {
        self.erased.scrub_at = Some(Instant::now());
        self.scrub_again(PATIENCE);
    }

    /// Leaves a single file of the database to who comes after, if nobody reads just now.
    ///
    /// # Errors
    /// When a reader is in the way, or the disk is.
    pub fn tidy(&mut self) -> anyhow::Result<()> {
        self.store.scrub(LITTLE_PATIENCE)
    }

    /// Tries it if it is due.
    pub(super) fn scrub_again(&mut self, patience: Duration) {
        if self.erased.scrub_at.is_none_or(|at| Instant::now() < at) {
            return;
        }
        self.erased.scrub_at = match self.store.scrub(patience) {
            Ok(()) => None,
            Err(error) => {
                tracing::debug!(error = format!("{error:#}"), "copies of what was deleted are still there");
                Some(Instant::now() + SCRUB_AGAIN)
            }
        };
    }

    /// Whether something was deleted since this was asked, that the log may still hold as it came.
    pub fn has_erased(&mut self) -> bool {
        std::mem::take(&mut self.erased.is_in_log)
    }
}

/// What is stored of one of a project's own users.
impl Ledger {
    /// Overwrites newest payloads that a newer one took the place of, some at a time; whether there may be more.
    ///
    /// # Errors
    /// When disk or store refuse; asking again is harmless.
    pub fn overwrite_superseded(&mut self) -> anyhow::Result<bool> {
        self.overwrite_until(i64::MAX)
    }

    /// The same for those that are superseded for some time.
    pub(super) fn overwrite_long_superseded(&mut self, now: i64) -> anyhow::Result<bool> {
        match self.erased.superseded {
            Some((since, last)) if is_over(since, SUPERSEDED_FOR, now) => {
                let has_more = self.overwrite_until(last)?;
                if !has_more {
                    self.erased.superseded = None;
                }
                Ok(has_more)
            }
            Some(_) => Ok(false),
            None => {
                self.erased.superseded = Some((now, self.store.last_superseded()?));
                Ok(false)
            }
        }
    }

    fn overwrite_until(&mut self, last: i64) -> anyhow::Result<bool> {
        let (places, last) = self.store.superseded(last, MAX_SUPERSEDED)?;
        // After a power cut the store must not name them again.
        if places.is_empty() || self.checkpoint().is_err() {
            return Ok(false);
        }
        self.occurrences.erase(&places).context("occurrences")?;
        self.store.overwritten(last)?;
        Ok(places.len() == MAX_SUPERSEDED)
    }

    /// Removes payloads. Others that were compressed against one of them are written anew before. How many were there.
    ///
    /// # Errors
    /// When disk or store refuse; what was not done can be asked for again.
    pub fn forget(&mut self, gone: &[OccurrenceRow]) -> anyhow::Result<usize> {
        self.settle_all()?;
        let places: HashSet<(u32, u32)> = gone.iter().map(|row| (row.place.file, row.place.offset)).collect();
        let stays = |row: &OccurrenceRow| !places.contains(&(row.place.file, row.place.offset));
        let bases = gone.iter().filter(|row| row.place.base == row.place.offset);
        let mut moved = Vec::new();
        for base in bases {
            moved.extend(self.edit(|registry| registry.payloads().against(base))?.into_iter().filter(stays));
        }
        let gone_places: Vec<Place> = gone.iter().map(|row| row.place).collect();
        self.occurrences.leave(&gone_places);
        for mut row in moved {
            match self.occurrences.reader().get(row.place) {
                Ok(payload) => {
                    let put = self.occurrences.put(row.pattern, &payload, !row.is_newest_only);
                    row.place = put.context("occurrences")?;
                }
                // It could not be read before either.
                Err(error) => {
                    tracing::warn!(error = %error, "an occurrence is damaged");
                    continue;
                }
            }
            self.changes.occurrences.push(row);
        }
        self.settle_all()?;
        let removed = self.edit(|registry| {
            gone.iter().map(|row| registry.payloads().remove(row).map(usize::from)).sum::<anyhow::Result<usize>>()
        })?;
        self.erased.scrub_at = Some(Instant::now());
        self.occurrences.erase(&gone_places).context("occurrences")?;
        self.scrub();
        Ok(removed)
    }

    /// Forgets by what a user is found, once their payloads are gone. Those that they hit stay as many.
    ///
    /// # Errors
    /// When the store refuses.
    pub fn forget_user(&mut self, project: ProjectId, user: &str) -> anyhow::Result<()> {
        // What is at hand of them must not be written again.
        self.settle_all()?;
        self.erased.is_in_log = true;
        self.edit(|registry| registry.payloads().forget_user(project, user))?;
        self.shelf = Shelf::default();
        self.scrub();
        Ok(())
    }

    /// Drops what waits to be stored of a user.
    pub fn let_go(&mut self, project: ProjectId, user: &str) {
        self.newest.retain(|_, (_, occurrence)| {
            let fields = occurrence.event.user.as_ref().map(|u| [&u.id, &u.email, &u.username, &u.ip_address]);
            let is_theirs = fields.is_some_and(|fields| fields.iter().any(|field| field.as_deref() == Some(user)));
            occurrence.project != project || !is_theirs
        });
    }
}
