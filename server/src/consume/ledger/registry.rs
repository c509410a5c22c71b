//! Projects, keys and people, as the ledger's thread changes them.

use std::collections::HashSet;

use anyhow::Context;

use super::Ledger;
use crate::ProjectId;
use crate::store::Registry;

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
}
