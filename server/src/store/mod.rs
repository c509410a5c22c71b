//! Where issues and occurrences are kept.
//!
//! [`IssueStore`] has what is counted, in one transaction a batch; [`OccurrenceStore`] has the payloads, written
//! before it, so that whatever a transaction names is there. One writer, any number of readers. What people change by hand
//! and what the API reads goes by [`Registry`] and [`sqlite::Reader`]: see docs/architecture.md for where the boundary is.

mod changes;
mod occurrences;
pub mod sqlite;

use std::collections::HashSet;
use std::time::Duration;

use crate::IssueId;
use crate::PatternId;
use crate::ProjectId;
use crate::alerts::AlertStore;
use crate::issues::{Fingerprint, Issue, Pattern, Releases};
use crate::log::Position;
use crate::project_settings::ProjectSettings;

pub use changes::{
    Changes, Clue, Counted, Event, Hour, Moment, NewEvent, OccurrenceRow, Parked, SessionPlace, Sessions, Sighting,
    TagCount,
};
pub use occurrences::{
    Files as OccurrenceFiles, OccurrenceReader, OccurrenceStore, Place, Reader as FilesReader, Usage,
};
pub use sqlite::Registry;

/// Sixteen bytes that name an event or a count item for its whole life.
pub type Id = [u8; 16];

/// What is known of issues: loaded piece by piece, changed by [`Changes`].
pub trait IssueStore: AlertStore + Send {
    /// Up to where the log is consumed.
    fn position(&self) -> Position;

    /// Up to where that is safe from a power cut: the log may be trimmed to here.
    ///
    /// # Errors
    /// When the store cannot be brought to disk.
    fn checkpoint(&mut self) -> anyhow::Result<Position>;

    /// The end of the occurrences that the store knows of.
    fn occurrences_end(&self) -> Option<Place>;

    /// Numbers that are free: of patterns and of issues.
    fn next_ids(&self) -> (PatternId, IssueId);

    /// A pattern by what names it.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn pattern(&mut self, project: ProjectId, fingerprint: &Fingerprint) -> anyhow::Result<Option<Pattern>>;

    /// All patterns of an issue.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn patterns_of(&mut self, issue: IssueId) -> anyhow::Result<Vec<Pattern>>;

    /// An issue.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn issue(&mut self, issue: IssueId) -> anyhow::Result<Option<Issue>>;

    /// Open issues of a project without an occurrence since `before`, at most `limit`.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn quiet_issues(&mut self, project: ProjectId, before: i64, limit: usize) -> anyhow::Result<Vec<IssueId>>;

    /// Issues that a project opened since `since`.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn opened_since(&mut self, project: ProjectId, since: i64) -> anyhow::Result<u64>;

    /// What a project has set for itself, and the version of that.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn project_settings(&mut self, project: ProjectId) -> anyhow::Result<(ProjectSettings, u64)>;

    /// Payloads of a project of what happened before `before`, at most `limit`.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn payloads_before(&mut self, project: ProjectId, before: i64, limit: usize) -> anyhow::Result<Vec<OccurrenceRow>>;

    /// All payloads but the newest of patterns of a project that were last seen before `before` and occurred less than
    /// `count` times; at most `limit`.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn surplus(
        &mut self,
        project: ProjectId,
        before: i64,
        count: u64,
        limit: usize,
    ) -> anyhow::Result<Vec<OccurrenceRow>>;

    /// The number of the last newest payload that a newer one took the place of.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn last_superseded(&mut self) -> anyhow::Result<i64>;

    /// Where those are, up to number `last` and in the order of their numbers, at most `limit`; and the number of the last
    /// among them, for [`IssueStore::overwritten`].
    ///
    /// # Errors
    /// When the store cannot be read.
    fn superseded(&mut self, last: i64, limit: usize) -> anyhow::Result<(Vec<Place>, i64)>;

    /// Those up to this number are gone.
    ///
    /// # Errors
    /// When the store refuses.
    fn overwritten(&mut self, last: i64) -> anyhow::Result<()>;

    /// The releases of a project.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn releases(&mut self, project: ProjectId) -> anyhow::Result<Releases>;

    /// The pattern of an event or count item that was counted before, within the window.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn seen(&mut self, id: &Id) -> anyhow::Result<Option<PatternId>>;

    /// Counts that wait for the first event of their fingerprint.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn parked(&mut self, project: ProjectId, fingerprint: &Fingerprint) -> anyhow::Result<Vec<Parked>>;

    /// Forgets the occurrences of a file, which then may go.
    ///
    /// # Errors
    /// When the store refuses.
    fn forget_file(&mut self, file: u32) -> anyhow::Result<()>;

    /// Forgets counts by hour, outcomes and reports from before `before`, and keeps `now`, by which that is reckoned.
    ///
    /// # Errors
    /// When the store refuses.
    fn forget_before(&mut self, before: i64, now: i64) -> anyhow::Result<()>;

    /// The `now` by which something was forgotten last.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn forgotten_at(&self) -> anyhow::Result<Option<i64>>;

    /// See [`Changes::watched_at`].
    ///
    /// # Errors
    /// When the store cannot be read.
    fn watched_at(&self) -> anyhow::Result<Option<i64>>;

    /// Changes projects, keys or people, in one transaction that is on disk when it returns.
    ///
    /// # Errors
    /// When `edit` fails or the store refuses; nothing has changed then.
    fn edit(&mut self, edit: &mut dyn FnMut(Registry<'_>) -> anyhow::Result<()>) -> anyhow::Result<()>;

    /// Brings what was deleted to disk, and takes away copies of it that are kept for a crash; waits for who reads them
    /// for at most `patience`.
    ///
    /// # Errors
    /// When the store refuses, or someone is still reading them; asking again is harmless.
    fn scrub(&mut self, patience: Duration) -> anyhow::Result<()>;

    /// The projects there are.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn project_ids(&mut self) -> anyhow::Result<HashSet<ProjectId>>;

    /// All of it or nothing.
    ///
    /// # Errors
    /// When the store refuses; nothing has changed then.
    fn commit(&mut self, changes: &Changes) -> anyhow::Result<()>;
}
