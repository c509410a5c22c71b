//! Where issues and occurrences are kept.
//!
//! [`IssueStore`] has what is counted, in one transaction a batch; [`OccurrenceStore`] has the payloads, written
//! before it, so that whatever a transaction names is there. One writer, any number of readers.

mod changes;
mod occurrences;
pub mod sqlite;

use std::collections::HashSet;

use crate::IssueId;
use crate::PatternId;
use crate::ProjectId;
use crate::alerts::AlertStore;
use crate::issues::{Fingerprint, Issue, Pattern, Releases};
use crate::log::Position;

pub use changes::{Changes, Clue, Counted, Event, Hour, Moment, NewEvent, OccurrenceRow, Parked, Sighting, TagCount};
pub use occurrences::{Files as OccurrenceFiles, Place, Reader as OccurrenceReader};
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

    /// Open issues without an occurrence since `before`, at most `limit`.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn quiet_issues(&mut self, before: i64, limit: usize) -> anyhow::Result<Vec<IssueId>>;

    /// Issues that a project opened since `since`.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn opened_since(&mut self, project: ProjectId, since: i64) -> anyhow::Result<u64>;

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

    /// Forgets counts by hour, outcomes and reports from before `before`.
    ///
    /// # Errors
    /// When the store refuses.
    fn forget_before(&mut self, before: i64) -> anyhow::Result<()>;

    /// Changes projects, keys or people, in one transaction that is on disk when it returns.
    ///
    /// # Errors
    /// When `edit` fails or the store refuses; nothing has changed then.
    fn edit(&mut self, edit: &mut dyn FnMut(Registry<'_>) -> anyhow::Result<()>) -> anyhow::Result<()>;

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
