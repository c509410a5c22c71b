//! What of the store is at hand, and what of it was touched.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet};

use anyhow::Context;

use crate::issues::{Distinct, Fingerprint, Hit, Impact, Issue, Pattern, Releases};
use crate::store::{Changes, IssueStore};
use crate::{IssueId, PatternId, ProjectId};

/// Patterns at hand, up to some 6 kB each. Beyond, all are put back after the batch.
const MAX_PATTERNS: usize = 4096;

#[derive(Default)]
pub(super) struct Shelf {
    by_name: HashMap<(ProjectId, Fingerprint), PatternId>,
    patterns: HashMap<PatternId, Pattern>,
    issues: HashMap<IssueId, Issue>,
    releases: HashMap<ProjectId, Releases>,
    /// The patterns of an issue; there only if all of them are.
    members: HashMap<IssueId, BTreeSet<PatternId>>,
    touched_patterns: HashSet<PatternId>,
    touched_hits: HashSet<(PatternId, Hit)>,
    touched_issues: HashSet<IssueId>,
    /// Occurrences of the hour, for the severity.
    busy: HashMap<IssueId, (i64, f64)>,
}

impl Shelf {
    /// The number of a pattern, which is then at hand.
    pub fn load(
        &mut self,
        store: &mut dyn IssueStore,
        project: ProjectId,
        fingerprint: &Fingerprint,
    ) -> anyhow::Result<Option<PatternId>> {
        let name = (project, *fingerprint);
        if let Some(id) = self.by_name.get(&name) {
            return Ok(Some(*id));
        }
        let Some(pattern) = store.pattern(project, fingerprint)? else { return Ok(None) };
        let id = pattern.id;
        self.put_pattern(pattern, false);
        Ok(Some(id))
    }

    /// Puts a pattern at hand.
    pub fn put_pattern(&mut self, pattern: Pattern, is_new: bool) {
        let id = pattern.id;
        self.by_name.insert((pattern.project, pattern.fingerprint), id);
        self.patterns.entry(id).or_insert(pattern);
        if is_new {
            self.touched_patterns.insert(id);
        }
    }

    /// Puts an issue at hand that is new, with its only pattern.
    pub fn put_issue(&mut self, issue: Issue, pattern: PatternId) {
        self.members.insert(issue.id, BTreeSet::from([pattern]));
        self.touched_issues.insert(issue.id);
        self.issues.insert(issue.id, issue);
    }

    /// A pattern at hand, to be changed.
    pub fn pattern_mut(&mut self, id: PatternId) -> Option<&mut Pattern> {
        let pattern = self.patterns.get_mut(&id)?;
        self.touched_patterns.insert(id);
        Some(pattern)
    }

    /// Notes that a pattern hit someone.
    pub fn add_hit(&mut self, id: PatternId, what: Hit, hash: u64) {
        if self.pattern_mut(id).is_some_and(|pattern| pattern.add_hit(what, hash)) {
            self.touched_hits.insert((id, what));
        }
    }

    /// An issue, to be changed.
    pub fn issue_mut(&mut self, store: &mut dyn IssueStore, id: IssueId) -> anyhow::Result<&mut Issue> {
        self.find_issue(store, id)?;
        self.touched_issues.insert(id);
        self.issues.get_mut(&id).context("issue")
    }

    /// Whether there is such an issue; it is then at hand.
    pub fn find_issue(&mut self, store: &mut dyn IssueStore, id: IssueId) -> anyhow::Result<()> {
        if let Entry::Vacant(place) = self.issues.entry(id) {
            place.insert(store.issue(id)?.with_context(|| format!("issue {}: there is none", id.0))?);
        }
        Ok(())
    }

    /// An issue to be changed, and the releases of its project.
    pub fn issue_and_releases(
        &mut self,
        store: &mut dyn IssueStore,
        id: IssueId,
        project: ProjectId,
    ) -> anyhow::Result<(&mut Issue, &Releases)> {
        self.find_issue(store, id)?;
        self.releases_mut(store, project)?;
        self.touched_issues.insert(id);
        let releases = self.releases.get(&project).context("releases")?;
        Ok((self.issues.get_mut(&id).context("issue")?, releases))
    }

    pub fn releases_mut(&mut self, store: &mut dyn IssueStore, project: ProjectId) -> anyhow::Result<&mut Releases> {
        Ok(match self.releases.entry(project) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(store.releases(project)?),
        })
    }

    /// Adds to an issue's occurrences of its last hour; how many there are. One of an hour before adds nothing.
    pub fn busy(&mut self, id: IssueId, hour: i64, estimated: f64) -> f64 {
        let (of, count) = self.busy.entry(id).or_insert((hour, 0.0));
        if *of < hour {
            (*of, *count) = (hour, 0.0);
        }
        if *of == hour {
            *count += estimated;
        }
        *count
    }

    /// All patterns of an issue, which are then at hand.
    pub fn patterns_of(&mut self, store: &mut dyn IssueStore, issue: IssueId) -> anyhow::Result<Vec<PatternId>> {
        if !self.members.contains_key(&issue) {
            for pattern in store.patterns_of(issue)? {
                self.put_pattern(pattern, false);
            }
            let of_it = self.patterns.values().filter(|pattern| pattern.issue == issue).map(|pattern| pattern.id);
            self.members.insert(issue, of_it.collect());
        }
        Ok(self.members.get(&issue).into_iter().flatten().copied().collect())
    }

    /// Moves a pattern to another issue.
    pub fn belongs(&mut self, id: PatternId, issue: IssueId) {
        let Some(pattern) = self.pattern_mut(id) else { return };
        let before = std::mem::replace(&mut pattern.issue, issue);
        // What is not at hand as a whole is looked up once it is asked for.
        if let Some(members) = self.members.get_mut(&before) {
            members.remove(&id);
        }
        if let Some(members) = self.members.get_mut(&issue) {
            members.insert(id);
        }
    }

    pub fn has_touched(&self) -> bool {
        !self.touched_issues.is_empty() || !self.touched_patterns.is_empty()
    }

    /// Adds what was touched to `changes`. An issue is the sum of its patterns.
    pub fn hand_over(&mut self, store: &mut dyn IssueStore, changes: &mut Changes) -> anyhow::Result<()> {
        let moved = self.touched_patterns.iter().filter_map(|id| self.patterns.get(id)).map(|pattern| pattern.issue);
        let issues: HashSet<IssueId> = moved.chain(self.touched_issues.iter().copied()).collect();
        for id in issues {
            self.sum_up(store, id)?;
            changes.issues.extend(self.issues.get(&id).cloned());
        }
        let members = |(id, what): (PatternId, Hit)| Some((id, what, self.patterns.get(&id)?.hit(what).clone()));
        changes.hits = std::mem::take(&mut self.touched_hits).into_iter().filter_map(members).collect();
        changes.patterns = self.touched_patterns.drain().filter_map(|id| self.patterns.get(&id).cloned()).collect();
        self.touched_issues.clear();
        Ok(())
    }

    /// Makes an issue the sum of its patterns.
    pub fn sum_up(&mut self, store: &mut dyn IssueStore, id: IssueId) -> anyhow::Result<()> {
        self.find_issue(store, id)?;
        let ids = self.patterns_of(store, id)?;
        let patterns: Vec<&Pattern> = ids.iter().filter_map(|id| self.patterns.get(id)).collect();
        let Some(issue) = self.issues.get_mut(&id) else { return Ok(()) };
        issue.raw = patterns.iter().map(|pattern| pattern.raw).sum();
        issue.estimated = patterns.iter().map(|pattern| pattern.estimated).sum();
        issue.stored = patterns.iter().map(|pattern| pattern.stored).sum();
        issue.first_seen = patterns.iter().map(|pattern| pattern.first_seen).min().unwrap_or(issue.first_seen);
        issue.last_seen = patterns.iter().map(|pattern| pattern.last_seen).max().unwrap_or(issue.last_seen);
        let together = |what: Hit| match patterns.as_slice() {
            [only] => only.hit(what).count(),
            several => {
                let mut all = Distinct::default();
                several.iter().for_each(|pattern| all.unite(pattern.hit(what)));
                all.count()
            }
        };
        let [users, sessions, customers] = Hit::ALL.map(together);
        issue.impact = Impact { users, sessions, customers };
        Ok(())
    }

    /// Puts all back when there is too much of it.
    pub fn bound(&mut self) {
        if self.patterns.len() > MAX_PATTERNS || self.issues.len() > MAX_PATTERNS {
            *self = Shelf { releases: std::mem::take(&mut self.releases), ..Shelf::default() };
        }
        if self.busy.len() > MAX_PATTERNS {
            self.busy.clear();
        }
    }
}
