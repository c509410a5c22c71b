//! What is counted and where issues stand: the consumer's own, with what of the store it needs at hand.
//!
//! Within a batch all happens in memory; [`Ledger::commit`] writes the payloads, then everything else in one
//! transaction. A batch that fails is forgotten whole and read again.

mod alarm;
mod desk;
mod erased;
mod new;
mod payloads;
mod quiet;
mod registry;
mod retention;
mod sessions;
mod settings;
mod shelf;
mod tell;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::Context;
use serde_json::{Value, json};

use super::arrival::{Counts, Report};
use super::{Occurrence, Reading, caught};
use crate::alerts::{Alerting, Crossed, Spikes};
use crate::clock::HOUR;
use crate::issues::{Circumstances, Hit, Seen, Status, Trigger, milestone, novelty, severity};
use crate::log::Position;
use crate::outcome::{Outcome, Reason};
use crate::project_settings::ByProject;
use crate::store::{Changes, Counted, Id, IssueStore, Moment, OccurrenceRow, OccurrenceStore, Parked};
use crate::{IssueId, PatternId, ProjectId};
pub use desk::{Answer, Cause, Move};
use erased::Erased;
use new::{NewIssues, Opens};
use payloads::{Payload, Payloads};
pub use settings::Set;
use shelf::Shelf;
use tell::{Burst, Origin};

/// Between two rounds of what is due by the clock, in milliseconds.
const ROUND: i64 = HOUR / 12;
/// The newest payload of an issue is stored at most once in so many milliseconds.
const NEWEST_EVERY: i64 = 5000;
/// Issues of which the newest is held until then. Of others it is the next to be stored anyway.
const MAX_NEWEST: usize = 1000;
/// Tags of an event that are counted.
const MAX_TAGS: usize = 30;

/// Limits of what is counted and stored.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Those of projects.
    pub of: Arc<ByProject>,
    /// Bytes that occurrences may take.
    pub retention_bytes: u64,
}

/// Whether a time that began at `since` is over, or will be when a clock that was set back is there again: who waits for
/// that waits too long.
fn is_over(since: i64, time: i64, now: i64) -> bool {
    now < since || now.saturating_sub(since) >= time
}

type Listener = Box<dyn Fn(&Changes) + Send>;

/// See the module.
pub struct Ledger {
    store: Box<dyn IssueStore>,
    occurrences: Box<dyn OccurrenceStore>,
    limits: Limits,
    shelf: Shelf,
    new: NewIssues,
    changes: Changes,
    payloads: Payloads,
    /// Ids of this batch, which the store does not know yet.
    ids: HashSet<Id>,
    /// Of each issue that samples: the newest occurrence, while it is not stored.
    newest: HashMap<IssueId, (PatternId, Box<Occurrence>)>,
    newest_stored: HashMap<IssueId, i64>,
    /// Those there are; read again after each edit.
    projects: Option<HashSet<ProjectId>>,
    counted: u64,
    last_rounds: i64,
    last_chores: i64,
    /// Rules and channels of projects, as far as they were asked for.
    alerting: HashMap<ProjectId, Alerting>,
    spikes: Spikes,
    listeners: Vec<Listener>,
    erased: Erased,
}

impl Ledger {
    /// A ledger over a store and its occurrences.
    pub fn new(
        store: Box<dyn IssueStore>,
        occurrences: Box<dyn OccurrenceStore>,
        limits: Limits,
        reading: Reading,
    ) -> Self {
        let (pattern, issue) = store.next_ids();
        let mut ledger = Ledger {
            shelf: Shelf::default(),
            new: NewIssues::new(pattern, issue),
            store,
            occurrences,
            limits,
            changes: Changes::default(),
            payloads: Payloads::new(reading),
            ids: HashSet::new(),
            newest: HashMap::new(),
            newest_stored: HashMap::new(),
            projects: None,
            counted: 0,
            last_rounds: i64::MIN,
            last_chores: i64::MIN,
            alerting: HashMap::new(),
            spikes: Spikes::default(),
            listeners: Vec::new(),
            erased: Erased::default(),
        };
        ledger.resume_spikes();
        ledger
    }

    /// Has `listener` see every batch that is committed.
    pub fn listen(&mut self, listener: impl Fn(&Changes) + Send + 'static) {
        self.listeners.push(Box::new(listener));
    }

    /// Up to where the log is consumed.
    pub fn position(&self) -> Position {
        self.store.position()
    }

    /// Whether there is anything to commit.
    pub fn has_changes(&self) -> bool {
        let changes = &self.changes;
        self.shelf.has_touched()
            || !changes.outcomes.is_empty()
            || !changes.reports.is_empty()
            || !changes.parked.is_empty()
            || !changes.sessions.is_empty()
            || !changes.releases.is_empty()
            || !self.payloads.is_empty()
            || !changes.events.is_empty()
            || !changes.deploys.is_empty()
            || !changes.alerting.is_empty()
            || changes.watched_at.is_some()
    }

    /// Counts an event.
    ///
    /// # Errors
    /// When the store cannot be read: the batch is lost, and read again.
    pub fn occurrence(&mut self, occurrence: Occurrence) -> anyhow::Result<()> {
        let (project, time) = (occurrence.project, occurrence.time);
        if self.is_repeated(&occurrence.id)? {
            let event_id = Some(occurrence.event.event_id.to_string());
            let detail = String::new();
            self.outcome(
                project,
                occurrence.received,
                Outcome { reason: Reason::Duplicate, event_id, quantity: 1, detail },
            );
            return Ok(());
        }
        self.counted += 1;
        let (pattern_id, opens) = self.pattern_of(&occurrence)?;
        self.remember(occurrence.id, pattern_id);
        let counted = Counted { raw: 1, estimated: occurrence.weight };
        let origin = Origin::of(&occurrence);
        self.see_release(project, origin.release, time)?;
        self.count(pattern_id, counted, time, time, origin.release, origin.environment);
        self.count_tags(pattern_id, &occurrence);
        let who =
            [(Hit::Users, occurrence.user), (Hit::Sessions, occurrence.session), (Hit::Customers, occurrence.customer)];
        for (what, hash) in who.into_iter().filter_map(|(what, hash)| Some((what, hash?))) {
            self.shelf.add_hit(pattern_id, what, hash);
        }
        let issue_id = self.shelf.pattern_mut(pattern_id).context("pattern")?.issue;
        let told = self.move_issue(issue_id, &occurrence, &origin, opens)?;
        self.keep(issue_id, pattern_id, occurrence, told.is_some())
    }

    /// Counts what a client folded.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn counts(&mut self, counts: Counts) -> anyhow::Result<()> {
        if self.is_repeated(&counts.id)? {
            return Ok(());
        }
        let Counts { project, fingerprint, counted, first, last, received, .. } = counts;
        let Some(pattern) = self.shelf.load(&mut *self.store, project, &fingerprint)? else {
            // Under no pattern: its id is found again, and its counts when the first event comes.
            self.remember(counts.id, PatternId(0));
            self.changes.parked.push(Parked { project, fingerprint, counted, first, last });
            return Ok(());
        };
        self.remember(counts.id, pattern);
        self.see_release(project, counts.release.as_deref(), first)?;
        let origin = Origin::of_counts(&counts);
        self.count(pattern, counted, first, last, origin.release, origin.environment);
        let id = self.shelf.pattern_mut(pattern).context("pattern")?.issue;
        let quiet = first - self.shelf.issue_mut(&mut *self.store, id)?.last_seen;
        let burst = Burst { times: (first, last), weight: counted.estimated, received };
        let crossed = self.watch(project, id, &burst, quiet)?;
        let issue = self.shelf.issue_mut(&mut *self.store, id)?;
        issue.estimated += counted.estimated;
        issue.raw += counted.raw;
        issue.last_seen = issue.last_seen.max(last);
        let passed = milestone(issue.estimated);
        // Each of them follows an event in full, which moves the issue and ends its quiet.
        let what = Circumstances {
            before: Some(&issue.status),
            change: None,
            quiet: 0,
            delay: received - last,
            is_spike: crossed.is_some(),
            is_milestone: passed > issue.milestone,
            is_overflow: false,
        };
        let told = novelty(what);
        issue.milestone = passed.max(issue.milestone);
        let news = News { milestone: passed, crossed, quiet: 0, room: 0 };
        match told {
            Some(event) => self.tell(event, id, received, news.detail(event, &origin), crossed, &origin),
            None => Ok(()),
        }
    }

    /// Notes what a client says it left out.
    pub fn report(&mut self, report: Report) {
        for (reason, category, quantity) in report.discarded {
            *self.changes.reports.entry((report.project, report.hour, reason, category)).or_default() += quantity;
        }
    }

    /// Notes what is not counted.
    pub fn outcome(&mut self, project: ProjectId, time: i64, outcome: Outcome) {
        self.changes.outcomes.push((project, time, outcome));
    }

    fn is_repeated(&mut self, id: &Id) -> anyhow::Result<bool> {
        Ok(self.ids.contains(id) || self.store.seen(id)?.is_some())
    }

    fn remember(&mut self, id: Id, pattern: PatternId) {
        self.ids.insert(id);
        self.changes.ids.push((id, pattern));
    }

    fn see_release(&mut self, project: ProjectId, release: Option<&str>, time: i64) -> anyhow::Result<()> {
        if let Some(release) = release
            && self.shelf.releases_mut(&mut *self.store, project)?.see(release, time)
        {
            self.changes.releases.insert((project, release.to_owned()), time);
        }
        Ok(())
    }

    fn count(
        &mut self,
        id: PatternId,
        counted: Counted,
        first: i64,
        last: i64,
        release: Option<&str>,
        environment: &str,
    ) {
        if let Some(pattern) = self.shelf.pattern_mut(id) {
            pattern.raw += counted.raw;
            pattern.estimated += counted.estimated;
            pattern.first_seen = pattern.first_seen.min(first);
            pattern.last_seen = pattern.last_seen.max(last);
        }
        self.changes.hours.entry((id, last.div_euclid(HOUR))).or_default().add(counted);
        let sighting = (id, release.unwrap_or_default().to_owned(), environment.to_owned());
        let seen = self.changes.sightings.entry(sighting).or_insert(Moment { first, last, count: 0 });
        *seen = Moment { first: seen.first.min(first), last: seen.last.max(last), count: seen.count + counted.raw };
    }

    fn count_tags(&mut self, id: PatternId, occurrence: &Occurrence) {
        let event = &occurrence.event;
        let level = event.level.as_str();
        let ours = [
            ("level", Some(level)),
            ("logger", event.logger.as_deref()),
            ("server_name", event.server_name.as_deref()),
            ("transaction", event.transaction.as_deref()),
        ];
        let ours = ours.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let theirs = event.tags.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in ours.chain(theirs).filter(|(_, value)| !value.is_empty()).take(MAX_TAGS) {
            *self.changes.tags.entry((id, name.to_owned(), value.to_owned())).or_default() += 1;
        }
    }

    /// Moves the issue by an occurrence that is counted; what there is to tell.
    fn move_issue(
        &mut self,
        id: IssueId,
        occurrence: &Occurrence,
        origin: &Origin<'_>,
        opens: Opens,
    ) -> anyhow::Result<Option<Trigger>> {
        let project = occurrence.project;
        let hour = occurrence.time.div_euclid(HOUR);
        let (time, received, weight) = (occurrence.time, occurrence.received, occurrence.weight);
        let busy = self.shelf.busy(id, hour, weight);
        let quiet = time - self.shelf.issue_mut(&mut *self.store, id)?.last_seen;
        let crossed = self.watch(project, id, &Burst { times: (time, time), weight, received }, quiet)?;
        let (issue, releases) = self.shelf.issue_and_releases(&mut *self.store, id, project)?;
        issue.raw += 1;
        issue.estimated += weight;
        issue.last_seen = issue.last_seen.max(occurrence.time);
        issue.last_release = origin.release.map(str::to_owned).or_else(|| issue.last_release.take());
        issue.severity = severity(&issue.facts, busy);
        let seen = Seen { time, release: origin.release, estimated: issue.estimated };
        let change = issue.status.on(seen, releases);
        let passed = milestone(issue.estimated);
        let what = Circumstances {
            before: (opens != Opens::Issue).then_some(&issue.status),
            change,
            quiet,
            delay: received - time,
            is_spike: crossed.is_some(),
            is_milestone: passed > issue.milestone,
            is_overflow: opens == Opens::Overflow,
        };
        let told = novelty(what);
        issue.milestone = passed.max(issue.milestone);
        if let Some(change) = change {
            issue.status = Status::after(change);
            issue.changed = received;
            issue.version += 1;
        }
        if let Some(event) = told {
            let room = self.limits.of.of(project).hourly_new_issues;
            let news = News { milestone: passed, crossed, quiet, room };
            self.tell(event, id, received, news.detail(event, origin), crossed, origin)?;
        }
        Ok(told)
    }

    /// Stores the payload, or not: the first ones, then a sample, and those that changed something.
    fn keep(
        &mut self,
        issue: IssueId,
        pattern: PatternId,
        occurrence: Occurrence,
        is_told: bool,
    ) -> anyhow::Result<()> {
        let limits = self.limits.of.of(occurrence.project);
        let stored = self.shelf.issue_mut(&mut *self.store, issue)?.stored;
        let is_kept = is_told || stored < limits.store_first || limits.draws(&occurrence.id);
        self.payloads.reading().foresight.note(is_kept);
        if is_kept {
            self.newest.remove(&issue);
            self.put(pattern, occurrence, false);
            self.shelf.issue_mut(&mut *self.store, issue)?.stored += 1;
            self.shelf.pattern_mut(pattern).context("pattern")?.stored += 1;
        } else if self.newest.len() < MAX_NEWEST || self.newest.contains_key(&issue) {
            self.newest.insert(issue, (pattern, Box::new(occurrence)));
        }
        Ok(())
    }

    fn put(&mut self, pattern: PatternId, occurrence: Occurrence, is_newest_only: bool) {
        let clues = [occurrence.user, occurrence.trace()].into_iter().flatten();
        self.changes.clues.extend(clues.map(|clue| (clue, pattern)));
        self.payloads.add(pattern, occurrence, is_newest_only);
    }

    fn store_payloads(&mut self) -> anyhow::Result<()> {
        for Payload { pattern, time, id, is_newest_only, bytes } in self.payloads.make()? {
            let place = self.occurrences.put(pattern, &bytes, !is_newest_only)?;
            self.changes.occurrences.push(OccurrenceRow { pattern, time, id, place, is_newest_only });
        }
        Ok(self.occurrences.flush()?)
    }

    /// What is due by the clock: newest payloads, and the rounds of each hour.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn tick(&mut self, now: i64) -> anyhow::Result<()> {
        let is_due =
            |issue: &IssueId| self.newest_stored.get(issue).is_none_or(|stored| is_over(*stored, NEWEST_EVERY, now));
        let due: Vec<IssueId> = self.newest.keys().copied().filter(is_due).collect();
        for issue in due {
            if let Some((pattern, occurrence)) = self.newest.remove(&issue) {
                self.put(pattern, *occurrence, true);
                self.newest_stored.insert(issue, now);
            }
        }
        if is_over(self.last_rounds, ROUND, now) {
            self.last_rounds = now;
            self.newest_stored.retain(|_, stored| !is_over(*stored, NEWEST_EVERY, now));
            self.resolve_quiet(now)?;
            self.retire(now)?;
            self.forget_messages(now);
        }
        Ok(())
    }

    /// Writes the batch; how many occurrences it counted.
    ///
    /// # Errors
    /// When disk or store refuse. The caller has to [abandon](Ledger::abandon) it.
    pub fn commit(&mut self, position: Position) -> anyhow::Result<u64> {
        self.store_payloads().context("occurrences")?;
        self.changes.position = Some(position);
        self.changes.occurrences_end = self.occurrences.end();
        self.shelf.hand_over(&mut *self.store, &mut self.changes)?;
        self.store.commit(&self.changes)?;
        for listener in &self.listeners {
            // It is counted, whatever becomes of those who are told.
            if caught(|| listener(&self.changes)).is_none() {
                tracing::error!("someone who is told of what is counted failed: a fault of the server");
            }
        }
        self.changes = Changes::default();
        self.ids.clear();
        self.shelf.bound();
        Ok(std::mem::take(&mut self.counted))
    }

    /// Forgets a batch that failed, and all that may be ahead of the store.
    pub fn abandon(&mut self) {
        self.payloads.clear();
        self.changes = Changes::default();
        self.ids.clear();
        self.newest.clear();
        self.counted = 0;
        self.shelf = Shelf::default();
        self.alerting.clear();
        self.resume_spikes();
        self.occurrences.discard();
        let (pattern, issue) = self.store.next_ids();
        self.new = NewIssues::new(pattern, issue);
    }

    /// Brings everything to disk; up to where the log is no longer needed.
    ///
    /// # Errors
    /// When disk or store refuse.
    pub fn checkpoint(&mut self) -> anyhow::Result<Position> {
        self.occurrences.sync().context("occurrences")?;
        self.store.checkpoint()
    }
}

/// What the feed and alerts say beside the event.
struct News {
    milestone: u64,
    crossed: Option<Crossed>,
    quiet: i64,
    /// New issues of an hour.
    room: u64,
}

impl News {
    fn detail(&self, event: Trigger, origin: &Origin<'_>) -> Value {
        let mut detail = match event {
            Trigger::Milestone => json!({ "milestone": self.milestone }),
            Trigger::Spike => json!({ "per_minute": self.crossed.map(|crossed| crossed.to) }),
            Trigger::Recurred => json!({ "quiet_ms": self.quiet }),
            Trigger::Overflow => json!({ "limit": self.room }),
            Trigger::New | Trigger::Regressed | Trigger::Unignored => json!({}),
        };
        // Which occurrence it was, where it is one alone.
        if let Value::Object(fields) = &mut detail {
            let event = origin.event_id.map(|id| id.to_string().into());
            fields.extend(event.map(|event| ("event_id".to_owned(), event)));
            fields.extend(origin.release.map(|release| ("release".to_owned(), release.into())));
        }
        detail
    }
}
