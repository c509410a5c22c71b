//! Records on disk, where they outlive the process.
//!
//! A record is written before it is sent, at the end of this process's newest file; that it is done is written
//! behind it; a file goes when all in it is done. Nothing is rewritten. What a process left, dead or closed, the
//! next one that lives adopts, one file at a time, so that memory is bounded by the size of a file and several
//! processes share the work. Where the disk refuses, records are kept in memory alone until it takes them again.

mod directory;
mod entries;
pub(crate) mod layout;
mod segment;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[cfg(native_crashes)]
pub(crate) use directory::open as open_directory;
pub(crate) use directory::{Unusable, place};
#[cfg(native_crashes)]
pub(crate) use entries::entries;
pub(crate) use segment::{Place, Segment};
#[cfg(native_crashes)]
pub(crate) use segment::{is_linked, is_private, lock, opened};

use super::Record;
use crate::log::debug;
use crate::own;

/// How large a file may get: what is read at once when it is adopted, and what goes at once when there is no room.
const SEGMENT_BYTES: u64 = 1 << 20;
/// The directory's bound is at least so many files.
const SEGMENTS: u64 = 8;
/// How long the disk is left alone after it refused.
const REFUSED_FOR: Duration = Duration::from_secs(10);
/// The same after the application closed files: it is over soon.
const CLOSING_FOR: Duration = Duration::from_secs(1);
/// How often files of dead processes are looked for.
const ADOPT_EVERY: Duration = Duration::from_secs(60);

/// The options of the spool.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub max_bytes: u64,
    pub sync: bool,
}

#[derive(Debug)]
pub(crate) struct Spool {
    path: PathBuf,
    config: Config,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    disk: Disk,
    /// Where records are appended.
    newest: Option<Arc<Segment>>,
    /// Full ones and adopted ones, with records that are not done.
    older: Vec<Arc<Segment>>,
    /// Bytes in the files of other processes, when last looked at.
    others: u64,
    adopt_at: Instant,
}

#[derive(Debug)]
enum Disk {
    /// Nothing was written yet.
    Untried,
    Writable,
    Refuses {
        reason: String,
        until: Instant,
    },
    Closed,
}

/// What came of an attempt to store a record.
#[derive(Debug, Default)]
pub(crate) struct Appended {
    /// `None`: it is not on disk.
    pub place: Option<Place>,
    /// Places in these are gone.
    pub evicted: Vec<Arc<Segment>>,
    /// Records of earlier processes that are gone.
    pub evicted_orphans: Vec<Record>,
}

/// What an earlier process left.
#[derive(Debug, Default)]
pub(crate) struct Adopted {
    pub records: Vec<(Record, Place)>,
    /// Stretches that nobody can read any more: a record each, most likely.
    pub damaged: u64,
}

impl Spool {
    pub fn new(path: PathBuf, config: Config) -> Spool {
        let state = State { disk: Disk::Untried, newest: None, older: Vec::new(), others: 0, adopt_at: Instant::now() };
        Spool { path, config, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why records are in memory alone; `None` while the disk takes them.
    pub fn refusal(&self) -> Option<String> {
        match &self.state().disk {
            Disk::Refuses { reason, .. } => Some(reason.clone()),
            _ => None,
        }
    }

    /// When a disk that refused is to be tried again.
    pub fn retry_at(&self) -> Option<Instant> {
        match &self.state().disk {
            Disk::Refuses { until, .. } => Some(*until),
            _ => None,
        }
    }

    /// Has a disk that refused tried again now.
    pub fn retry_now(&self) {
        if let Disk::Refuses { until, .. } = &mut self.state().disk {
            *until = Instant::now();
        }
    }

    /// True when a dead process has left something. Creates nothing.
    pub fn has_orphans(&self) -> bool {
        directory::list(&self.path).iter().any(|listed| matches!(Segment::adopt(&listed.path), Ok(Some(_))))
    }

    /// Writes a record to the end of the newest file, if the disk takes it.
    pub fn append(&self, record: &Record) -> Appended {
        let frame = layout::frame(record);
        let mut state = self.state();
        let mut appended = Appended::default();
        if frame.len() as u64 > self.config.max_bytes || !state.may_write() {
            return appended;
        }
        if !self.make_room(&mut state, frame.len() as u64, &mut appended) {
            return appended;
        }
        match self.write(&mut state, &frame) {
            Ok(place) => {
                state.disk = Disk::Writable;
                appended.place = Some(place);
            }
            Err(Unusable(reason)) => {
                state.retire_newest();
                state.refuse(reason);
            }
        }
        appended
    }

    fn write(&self, state: &mut State, frame: &[u8]) -> Result<Place, Unusable> {
        let segment_bytes = SEGMENT_BYTES.min(self.config.max_bytes / SEGMENTS);
        let is_full = |newest: &Arc<Segment>| {
            let bytes = newest.bytes();
            bytes > 0 && bytes + frame.len() as u64 > segment_bytes
        };
        if state.newest.as_ref().is_some_and(is_full) {
            state.retire_newest();
        }
        if let Some(newest) = &state.newest {
            match newest.append(frame, self.config.sync) {
                // Deleted by somebody: a new one, in a new directory if need be.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => state.retire_newest(),
                other => return Ok(other?),
            }
        }
        directory::open(&self.path)?;
        let newest = Arc::new(Segment::create(&self.path)?);
        let place = newest.append(frame, self.config.sync);
        state.newest = Some(newest);
        self.count_others(state);
        Ok(place?)
    }

    fn count_others(&self, state: &mut State) {
        let is_own = |path: &PathBuf| state.own().any(|own| own.path() == path);
        let listed = directory::list(&self.path);
        state.others = listed.iter().filter(|listed| !is_own(&listed.path)).map(|listed| listed.bytes).sum();
    }

    /// Deletes the oldest files until `more` bytes fit, as far as they are ours or nobody's; false when that is not enough.
    fn make_room(&self, state: &mut State, more: u64, appended: &mut Appended) -> bool {
        let fits = |state: &State| {
            state.others + state.own().map(|own| own.bytes()).sum::<u64>() + more <= self.config.max_bytes
        };
        state.older.retain(|segment| !segment.is_done());
        if fits(state) {
            return true;
        }
        // A file that this process does not hold may have gone since.
        self.count_others(state);
        for listed in directory::list(&self.path) {
            if fits(state) {
                return true;
            }
            if state.own().any(|own| *own.path() == listed.path && own.is_leased()) {
                continue;
            }
            if let Some(own) = state.take(&listed.path) {
                own.remove();
                appended.evicted.push(own);
            } else if let Ok(Some(orphan)) = Segment::adopt(&listed.path) {
                let left = orphan.read_all().map(|file| layout::contents(&file)).unwrap_or_default();
                appended.evicted_orphans.extend(left.waiting.into_iter().map(|(_, _, record)| record));
                orphan.remove();
                state.others = state.others.saturating_sub(listed.bytes);
            }
        }
        fits(state)
    }

    /// Takes over the oldest file that a dead process left, if it is time to look for one.
    pub fn adopt(&self, now: Instant) -> Adopted {
        let mut state = self.state();
        let mut adopted = Adopted::default();
        if now < state.adopt_at || matches!(state.disk, Disk::Closed) {
            return adopted;
        }
        state.adopt_at = now + ADOPT_EVERY;
        let listed = directory::list(&self.path);
        if listed.is_empty() || directory::open(&self.path).is_err() {
            return adopted;
        }
        for listed in listed {
            let is_own = state.own().any(|own| *own.path() == listed.path);
            let Some(segment) = Some(listed.path).filter(|_| !is_own).and_then(|path| Segment::adopt(&path).ok()?)
            else {
                continue;
            };
            let segment = Arc::new(segment);
            let Ok(file) = segment.read_all() else { continue };
            let contents = layout::contents(&file);
            adopted.damaged += contents.damaged as u64;
            if contents.waiting.is_empty() {
                segment.remove();
                continue;
            }
            let records = contents.waiting.into_iter();
            adopted.records = records.map(|(at, length, record)| (record, segment.found(at, length))).collect();
            state.older.push(segment);
            // There may be more.
            state.adopt_at = now;
            break;
        }
        self.count_others(&mut state);
        adopted
    }

    /// Reads a record back.
    pub fn read(place: &Place) -> Option<Record> {
        let frame = place.read().ok()?;
        let frame = crate::framing::Frames::new(&frame).next()?;
        layout::record(frame.kind, frame.payload)
    }

    /// Gives up all files: those with nothing to be sent go, the others are for a later start.
    pub fn close(&self) {
        let mut state = self.state();
        state.retire_newest();
        state.older.clear();
        state.disk = Disk::Closed;
    }
}

impl State {
    fn own(&self) -> impl Iterator<Item = &Arc<Segment>> {
        self.older.iter().chain(&self.newest)
    }

    fn take(&mut self, path: &std::path::Path) -> Option<Arc<Segment>> {
        if let Some(at) = self.older.iter().position(|own| own.path() == path) {
            return Some(self.older.swap_remove(at));
        }
        self.newest.take_if(|newest| newest.path() == path)
    }

    fn retire_newest(&mut self) {
        if let Some(newest) = self.newest.take() {
            newest.seal();
            self.older.push(newest);
        }
    }

    fn may_write(&self) -> bool {
        match &self.disk {
            Disk::Untried | Disk::Writable => true,
            Disk::Refuses { until, .. } => Instant::now() >= *until,
            Disk::Closed => false,
        }
    }

    fn refuse(&mut self, reason: String) {
        if !matches!(self.disk, Disk::Refuses { .. }) {
            debug!("events are kept in memory alone, the spool cannot be written: {reason}");
        }
        let span = if own::was_closed() { CLOSING_FOR } else { REFUSED_FOR };
        self.disk = Disk::Refuses { reason, until: Instant::now() + span };
    }
}
