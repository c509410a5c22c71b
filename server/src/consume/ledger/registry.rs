//! Projects, keys and people, as the ledger's thread changes them; and what goes: a project, a user's payloads.

use std::collections::HashSet;

use anyhow::Context;

use super::Ledger;
use super::shelf::Shelf;
use crate::ProjectId;
use crate::store::{OccurrenceRow, Registry};

impl Ledger {
    /// Changes projects, keys or people. What `edit` says is said once it is on disk; if it fails, nothing changed.
    ///
    /// # Errors
    /// When `edit` fails or the store refuses.
    pub fn edit<T>(&mut self, edit: impl FnOnce(Registry<'_>) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let (mut edit, mut answer) = (Some(edit), None);
        self.projects = None;
        self.alerting.clear();
        self.store.edit(&mut |registry| {
            answer = edit.take().map(|edit| edit(registry)).transpose()?;
            Ok(())
        })?;
        answer.context("edit")
    }

    /// Whether there is such a project. What the log still has of one that was deleted is not counted.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn is_known(&mut self, project: ProjectId) -> anyhow::Result<bool> {
        let projects: &HashSet<ProjectId> = match &mut self.projects {
            Some(known) => known,
            none => none.insert(self.store.project_ids()?),
        };
        Ok(projects.contains(&project))
    }

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
        self.occurrences.erase(&places).context("occurrences")?;
        self.scrub();
        Ok(true)
    }

    /// Leaves no copy of what was deleted in the database's files. A reader that is in the way is no failure: later
    /// writes go over them.
    fn scrub(&mut self) {
        if let Err(error) = self.store.scrub() {
            tracing::warn!(error = format!("{error:#}"), "what was deleted is overwritten by and by");
        }
    }
}

/// What is stored of one of a project's own users.
impl Ledger {
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
        // None of what goes may be a base of what comes.
        self.occurrences.forget_bases();
        for mut row in moved {
            match self.occurrences.reader().get(row.place) {
                Ok(payload) => row.place = self.occurrences.put(row.pattern, &payload).context("occurrences")?,
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
        let places: Vec<_> = gone.iter().map(|row| row.place).collect();
        self.occurrences.erase(&places).context("occurrences")?;
        self.scrub();
        Ok(removed)
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
