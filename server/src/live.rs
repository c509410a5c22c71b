//! What happens, as it happens: to browsers, over server-sent events.
//!
//! Entries are kept in a ring that all readers share; each reads at its own pace, and one that falls behind the ring is
//! told to begin anew. Nothing waits for a reader. An issue is told of at most once a second, however often it
//! changes; what happened to it (new, regressed) is told at once.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::json;
use tokio::sync::watch;

use crate::alerts::NewAlert;
use crate::issues::Issue;
use crate::store::Changes;
use crate::{IssueId, ProjectId};

/// Entries that can be read again after a pause: minutes of a busy instance, some 500 bytes each.
const MAX_ENTRIES: usize = 4096;
/// Issues that wait for their second to pass. Beyond, readers begin anew.
const MAX_WAITING: usize = 10_000;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the order of all.
    pub number: u64,
    /// Whose it is.
    pub project: ProjectId,
    /// `issue`, `event` or `alert`.
    pub name: &'static str,
    /// JSON.
    pub data: Arc<str>,
}

/// What a reader gets.
#[derive(Debug, PartialEq, Eq)]
pub enum Read {
    /// The next entries, and where to go on.
    Entries(Vec<Entry>, u64),
    /// Some are gone: everything may have changed. Where to go on.
    Reset(u64),
}

#[derive(Debug, Default)]
struct Ring {
    entries: VecDeque<Entry>,
    /// Number of the last entry.
    last: u64,
    waiting: HashMap<IssueId, Issue>,
}

/// The ring. Shared.
#[derive(Debug)]
pub struct Live {
    ring: Mutex<Ring>,
    latest: watch::Sender<u64>,
    is_closed: AtomicBool,
    /// Names this process: numbers of another mean nothing.
    pub era: String,
}

impl Live {
    /// An empty ring of an era that has this name.
    pub fn new(era: String) -> Self {
        Live { ring: Mutex::default(), latest: watch::Sender::new(0), is_closed: AtomicBool::new(false), era }
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what a batch changed. Called by the consumer; never waits for a reader.
    pub fn committed(&self, changes: &Changes) {
        let mut ring = self.ring();
        let of = |id: IssueId| changes.issues.iter().find(|issue| issue.id == id).map(|issue| &issue.facts);
        for event in &changes.events {
            let facts = of(event.issue);
            let data = json!({
                "project": event.project, "issue": event.issue, "time": event.time, "event": event.event,
                "who": event.who, "detail": event.detail,
                "title": facts.map(|facts| &facts.title), "culprit": facts.map(|facts| &facts.culprit),
            });
            ring.push(event.project, "event", data.to_string());
        }
        for NewAlert { channel, alert, .. } in &changes.alerting.alerts {
            let data = json!({
                "project": alert.project, "issue": alert.issue, "time": alert.time, "event": alert.event,
                "channel": channel, "title": alert.title,
            });
            ring.push(alert.project, "alert", data.to_string());
        }
        if ring.waiting.len() > MAX_WAITING {
            ring.waiting.clear();
            ring.entries.clear();
            // A gap that every reader notices.
            ring.last += 1;
        }
        ring.waiting.extend(changes.issues.iter().map(|issue| (issue.id, issue.clone())));
        let (last, told) = (ring.last, !(changes.events.is_empty() && changes.alerting.alerts.is_empty()));
        drop(ring);
        if told {
            self.latest.send_replace(last);
        }
    }

    /// Tells of the issues that changed. To be called once a second.
    pub fn tick(&self) {
        let mut ring = self.ring();
        if ring.waiting.is_empty() {
            return;
        }
        for (_, issue) in std::mem::take(&mut ring.waiting) {
            if let Ok(data) = serde_json::to_string(&issue) {
                ring.push(issue.project, "issue", data);
            }
        }
        let last = ring.last;
        drop(ring);
        self.latest.send_replace(last);
    }

    /// Ends all readers: the server stops.
    pub fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        self.latest.send_replace(u64::MAX);
    }

    /// Whether the server stops.
    pub fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    /// Number of the last entry.
    pub fn last(&self) -> u64 {
        self.ring().last
    }

    /// Says when there is more; ends with the server.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.latest.subscribe()
    }

    /// Entries of some projects behind `after`.
    pub fn read(&self, projects: &HashSet<ProjectId>, after: u64) -> Read {
        let ring = self.ring();
        let first = ring.entries.front().map_or(ring.last + 1, |entry| entry.number);
        if after > ring.last || after + 1 < first {
            return Read::Reset(ring.last);
        }
        let skip = (after + 1 - first) as usize;
        let fresh = ring.entries.iter().skip(skip).filter(|entry| projects.contains(&entry.project));
        Read::Entries(fresh.cloned().collect(), ring.last)
    }
}

impl Ring {
    fn push(&mut self, project: ProjectId, name: &'static str, data: String) {
        if self.entries.len() >= MAX_ENTRIES {
            self.entries.pop_front();
        }
        self.last += 1;
        self.entries.push_back(Entry { number: self.last, project, name, data: data.into() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::issues::Trigger;
    use crate::store::{Event, NewEvent};

    fn one() -> HashSet<ProjectId> {
        HashSet::from([ProjectId(1)])
    }

    fn happened(project: u32) -> Changes {
        let (project, issue) = (ProjectId(project), IssueId(1));
        let event = NewEvent {
            project,
            issue,
            time: 0,
            event: Event::Told(Trigger::New),
            who: String::new(),
            detail: json!({}),
        };
        Changes { events: vec![event], ..Changes::default() }
    }

    #[test]
    fn each_reads_its_own_once() {
        let live = Live::new("era".into());
        assert_eq!(live.read(&one(), 0), Read::Entries(vec![], 0));
        [1, 2, 1].into_iter().for_each(|project| live.committed(&happened(project)));
        let Read::Entries(entries, next) = live.read(&one(), 0) else { panic!("reset") };
        assert_eq!(entries.iter().map(|entry| entry.number).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(live.read(&one(), next), Read::Entries(vec![], 3));
        let both = HashSet::from([ProjectId(1), ProjectId(2)]);
        assert!(matches!(live.read(&both, 0), Read::Entries(entries, 3) if entries.len() == 3));
    }

    #[test]
    fn who_falls_behind_begins_anew() {
        let live = Live::new("era".into());
        (0..MAX_ENTRIES).for_each(|_| live.committed(&happened(1)));
        assert!(matches!(live.read(&one(), 0), Read::Entries(entries, _) if entries.len() == MAX_ENTRIES));
        live.committed(&happened(1));
        assert_eq!(live.read(&one(), 0), Read::Reset(MAX_ENTRIES as u64 + 1));
        assert_eq!(live.read(&one(), u64::MAX), Read::Reset(MAX_ENTRIES as u64 + 1));
    }
}
