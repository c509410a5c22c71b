//! Group commit: what comes while the disk works is written in one go when it is done.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use faultwire::framing;
use tokio::sync::oneshot;

use super::fresh::{self, Fresh};
use super::segment::{self, Name, RECORD, SIZE};
use crate::telemetry::Task;
use crate::threads::Bell;

use super::{Position, Record, Refused, Ticket};

/// Bytes that may wait to be written: at a fast client's 20 MB/s, near half a second of a disk that stands still.
const MAX_WAITING: usize = 8 << 20;

/// What the disk refused is held against it for so long.
const FAILED_FOR: Duration = Duration::from_secs(10);

/// While several clients send at once: what comes within this time is written in one go.
const GATHER: Duration = Duration::from_micros(150);

/// How long a segment is written into, from its first record on, however few come: a new one is begun then, so that the
/// old one goes as soon as it is counted, and with it what clients sent uncleaned. A segment costs 16 MB of zeroes to make:
/// one in five minutes is 0.06 MB/s at most, and an idle server makes none.
pub(super) const MAX_AGE: Duration = Duration::from_secs(300);
/// To turn is tried again after so long, if the next segment is not there yet.
const TURN_AGAIN: Duration = Duration::from_secs(1);

type Waiter = oneshot::Sender<Result<Position, Refused>>;

/// A record that waits: its frame begins and ends there in the buffer, without mark.
struct Waiting {
    record: Record,
    waiter: Waiter,
}

/// A record that is on its way to the disk.
struct Written {
    at: Position,
    waiter: Waiter,
    plain: Option<Vec<u8>>,
}

#[derive(Default)]
struct Inbox {
    waiting: Vec<Waiting>,
    bytes: usize,
    /// Of them unpacked.
    plain: usize,
    /// What is being written into is to go.
    is_turn_wanted: bool,
    is_closed: bool,
}

/// The next segment, made ahead.
#[derive(Default)]
struct Spare {
    made: Option<(Name, File)>,
    /// Why the last attempt failed.
    refused: Option<io::ErrorKind>,
}

/// What the threads of the log share.
pub(super) struct Shared {
    pub folder: PathBuf,
    inbox: Mutex<Inbox>,
    arrived: Condvar,
    /// End of what is durable: [`Position::to_u64`].
    committed: AtomicU64,
    bell: Mutex<Option<Arc<Bell>>>,
    spare: Mutex<Spare>,
    wants_spare: Condvar,
    /// What was written last.
    pub fresh: Fresh,
    /// When the disk refused, if it did last time.
    failed: Mutex<Option<Instant>>,
    /// See [`MAX_AGE`].
    max_age: Duration,
    /// No segment before this one is needed.
    trimmed: AtomicU32,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub fn new(folder: PathBuf, first: u32, max_age: Duration) -> Self {
        Shared {
            folder,
            inbox: Mutex::default(),
            arrived: Condvar::new(),
            committed: AtomicU64::new(Position { segment: first, offset: 0 }.to_u64()),
            bell: Mutex::default(),
            spare: Mutex::default(),
            wants_spare: Condvar::new(),
            fresh: Fresh::default(),
            failed: Mutex::default(),
            max_age,
            trimmed: AtomicU32::new(0),
        }
    }

    /// Whether the disk refused a moment ago. Nobody knows whether it still does before something is written again: who is
    /// sent nothing while it does would never know.
    pub fn is_failing(&self) -> bool {
        locked(&self.failed).is_some_and(|at| at.elapsed() < FAILED_FOR)
    }

    /// Up to where the log is durable.
    pub fn committed(&self) -> Position {
        Position::from_u64(self.committed.load(Ordering::Acquire))
    }

    pub fn append(&self, mut record: Record) -> Result<Ticket, Refused> {
        let mut inbox = locked(&self.inbox);
        if inbox.is_closed || inbox.bytes + record.body.len() > MAX_WAITING {
            return Err(Refused::Busy);
        }
        let (waiter, ticket) = oneshot::channel();
        inbox.bytes += record.body.len();
        inbox.plain += record.plain.as_ref().map_or(0, Vec::len);
        if inbox.plain > fresh::MAX_BYTES {
            record.plain = None;
        }
        inbox.waiting.push(Waiting { record, waiter });
        drop(inbox);
        self.arrived.notify_one();
        Ok(ticket)
    }

    pub fn ring(&self, bell: Arc<Bell>) {
        *locked(&self.bell) = Some(bell);
    }

    /// Has what comes now written into a new segment.
    pub fn turn(&self) {
        locked(&self.inbox).is_turn_wanted = true;
        self.arrived.notify_one();
    }

    pub fn close(&self) {
        locked(&self.inbox).is_closed = true;
        self.arrived.notify_one();
        self.wants_spare.notify_one();
    }

    fn is_closed(&self) -> bool {
        locked(&self.inbox).is_closed
    }

    /// What waits, which is nothing when `until` has come or a turn is wanted, and whether it is; `None` once the log is
    /// closed and all is written.
    fn take(&self, until: Option<Instant>) -> Option<(Vec<Waiting>, bool)> {
        let mut inbox = locked(&self.inbox);
        loop {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if !inbox.waiting.is_empty() || inbox.is_turn_wanted || left.is_some_and(|left| left.is_zero()) {
                (inbox.bytes, inbox.plain) = (0, 0);
                let is_turn_wanted = std::mem::take(&mut inbox.is_turn_wanted);
                return Some((std::mem::take(&mut inbox.waiting), is_turn_wanted));
            }
            if inbox.is_closed {
                return None;
            }
            inbox = match left {
                Some(left) => self.arrived.wait_timeout(inbox, left).unwrap_or_else(PoisonError::into_inner).0,
                None => self.arrived.wait(inbox).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// What was before this segment is gone.
    pub fn trimmed(&self, segment: u32) {
        self.trimmed.store(segment, Ordering::Relaxed);
    }

    fn advance(&self, to: Position) {
        self.committed.store(to.to_u64(), Ordering::Release);
        if let Some(bell) = &*locked(&self.bell) {
            bell.ring();
        }
    }

    /// Keeps one segment ready, so that no client waits for 16 MiB of zeroes. Runs on a thread of its own.
    pub fn keep_spare(&self, mut number: u32) {
        loop {
            let made = Task::LogSpare.round(|| segment::create(&self.folder, number));
            let mut spare = locked(&self.spare);
            spare.refused = made.as_ref().err().map(io::Error::kind);
            match made {
                Ok(made) => {
                    number += 1;
                    spare.made = Some(made);
                }
                Err(error) => tracing::error!(%error, "log: cannot make the next segment"),
            }
            self.wants_spare.notify_all();
            while spare.made.is_some() || spare.refused.is_some() {
                if self.is_closed() {
                    return;
                }
                let pause = Duration::from_millis(500);
                let (guard, waited) =
                    self.wants_spare.wait_timeout(spare, pause).unwrap_or_else(PoisonError::into_inner);
                spare = guard;
                if spare.made.is_none() && waited.timed_out() {
                    break;
                }
            }
        }
    }

    /// The segment that was made ahead, or soon will be. Fails at once while the disk refuses one: those who ask
    /// have a client that waits.
    fn next_segment(&self) -> io::Result<(Name, File)> {
        let spare = locked(&self.spare);
        let patience = Duration::from_secs(5);
        let (mut spare, _) = self
            .wants_spare
            .wait_timeout_while(spare, patience, |spare| spare.made.is_none() && spare.refused.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        let refused = spare.refused.unwrap_or(io::ErrorKind::TimedOut);
        let taken = spare.made.take().ok_or_else(|| io::Error::from(refused));
        drop(spare);
        if taken.is_ok() {
            self.wants_spare.notify_all();
        }
        taken
    }
}

/// The one who writes.
pub(super) struct Committer {
    shared: Arc<Shared>,
    current: Option<Current>,
    /// When the next segment is begun, full or not: none while the present one holds nothing.
    turn_at: Option<Instant>,
    /// Whether by more than its age.
    is_turn_wanted: bool,
    buffer: Vec<u8>,
    sync: fn(&File) -> io::Result<()>,
}

struct Current {
    name: Name,
    file: File,
    end: u64,
}

impl Committer {
    pub fn new(shared: Arc<Shared>) -> Self {
        Committer { shared, current: None, turn_at: None, is_turn_wanted: false, buffer: Vec::new(), sync: sync_data }
    }

    /// Until the log is closed and all is written. Runs on a thread of its own.
    pub fn run(mut self) {
        while let Some((waiting, is_turn_wanted)) = self.shared.clone().take(self.turn_at) {
            self.is_turn_wanted |= is_turn_wanted;
            if is_turn_wanted || self.turn_at.is_some_and(|at| at <= Instant::now()) {
                self.turn();
            }
            let are_several = waiting.len() > 1;
            self.commit(waiting);
            if are_several {
                std::thread::sleep(GATHER);
            }
        }
    }

    /// Writes no more into the segment: whoever has counted what it holds is told that there is a next one, and lets it
    /// go. Nothing touches the disk. Where a full one refuses the next segment this one goes on: it may have room. And by
    /// its age alone it ends only if it is the last that is not consumed: who is stuck is not buried in segments.
    fn turn(&mut self) {
        let end = self.shared.committed();
        let is_last = self.shared.trimmed.load(Ordering::Relaxed) >= end.segment;
        if end.offset == 0 {
            (self.turn_at, self.is_turn_wanted) = (None, false);
        } else if (self.is_turn_wanted || is_last) && locked(&self.shared.spare).made.is_some() {
            (self.current, self.turn_at, self.is_turn_wanted) = (None, None, false);
            self.shared.advance(Position { segment: end.segment + 1, offset: 0 });
        } else {
            self.turn_at = Some(Instant::now() + TURN_AGAIN);
        }
    }

    fn commit(&mut self, waiting: Vec<Waiting>) {
        let mut rest = waiting.into_iter().peekable();
        while rest.peek().is_some() {
            let mut group = Vec::new();
            let written = Task::LogCommit.round(|| self.write_some(&mut rest, &mut group));
            *locked(&self.shared.failed) = written.is_err().then(Instant::now);
            match written {
                Ok(end) => {
                    let plain = |one: &mut Written| Some((one.at, one.plain.take()?));
                    self.shared.fresh.keep(group.iter_mut().filter_map(plain));
                    self.shared.advance(end);
                    group.into_iter().for_each(|one| drop(one.waiter.send(Ok(one.at))));
                }
                Err(error) => {
                    tracing::error!(%error, "log: cannot write");
                    // Nobody knows what a disk holds that refused, and it may say at the next attempt that all is well:
                    // go on elsewhere. What was not acknowledged is cut off, as its sender will come again.
                    if let Some(Err(error)) = self.current.take().map(|current| current.file.set_len(current.end)) {
                        tracing::warn!(%error, "log: what was refused may be counted");
                    }
                    let refused = Refused::Disk(error.to_string());
                    group.into_iter().for_each(|one| drop(one.waiter.send(Err(refused.clone()))));
                    rest.by_ref().for_each(|w| drop(w.waiter.send(Err(refused.clone()))));
                }
            }
        }
    }

    /// Writes as many as fit into the segment and has them durable.
    fn write_some(
        &mut self,
        rest: &mut std::iter::Peekable<impl Iterator<Item = Waiting>>,
        group: &mut Vec<Written>,
    ) -> io::Result<Position> {
        let is_full = |current: &Current, next: &Waiting| {
            current.end + (framing::HEADER + 64 + next.record.body.len()) as u64 > SIZE
        };
        if let (Some(current), Some(next)) = (&self.current, rest.peek())
            && is_full(current, next)
        {
            self.current = None;
        }
        let current = match &mut self.current {
            Some(current) => current,
            none => {
                let (name, file) = self.shared.next_segment()?;
                self.turn_at = Some(Instant::now() + self.shared.max_age);
                none.insert(Current { name, file, end: 0 })
            }
        };
        self.buffer.clear();
        let mark = current.name.mark();
        let mut end = current.end;
        while let Some(next) = rest.next_if(|next| end + (framing::HEADER + 64 + next.record.body.len()) as u64 <= SIZE)
        {
            let at = Position { segment: current.name.number, offset: end as u32 };
            framing::append_marked(&mut self.buffer, mark, RECORD, &[&next.record.head(), &next.record.body]);
            end = current.end + self.buffer.len() as u64;
            group.push(Written { at, waiter: next.waiter, plain: next.record.plain });
        }
        current.file.write_all_at(&self.buffer, current.end)?;
        (self.sync)(&current.file)?;
        current.end = end;
        Ok(Position { segment: current.name.number, offset: end as u32 })
    }
}

fn sync_data(file: &File) -> io::Result<()> {
    // SAFETY: the descriptor is open as long as `file` lives.
    match unsafe { libc::fdatasync(file.as_raw_fd()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::segment;
    use super::*;
    use crate::ProjectId;
    use crate::log::{Encoding, KeyKind};

    /// A disk that failed once may say "done" at the next attempt, and have nothing. What it refused is refused to the
    /// client, who comes again: it is not in the log as well. And nothing more is written where it was.
    #[test]
    fn a_segment_that_could_not_be_brought_to_disk_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let shared = Arc::new(Shared::new(folder.path().to_owned(), 1, MAX_AGE));
        let mut committer = Committer::new(shared.clone());
        let write = |committer: &mut Committer, n: i64| {
            let (waiter, mut ticket) = oneshot::channel();
            let (key, encoding, body, plain) = (KeyKind::Server, Encoding::Identity, b"{}".to_vec(), None);
            let record = Record { project: ProjectId(1), key, received: n, encoding, body, plain };
            committer.commit(vec![Waiting { record, waiter }]);
            ticket.try_recv().unwrap()
        };
        let made = [1, 2].map(|number| segment::create(folder.path(), number).unwrap());
        let names = made.each_ref().map(|(name, _)| *name);
        let [first, second] = made;
        locked(&shared.spare).made = Some(first);
        assert_eq!(write(&mut committer, 0).unwrap().segment, 1);
        let end = shared.committed();
        committer.sync = |_| Err(io::ErrorKind::Other.into());
        assert!(matches!(write(&mut committer, 1), Err(Refused::Disk(_))));
        assert_eq!((shared.committed(), shared.is_failing()), (end, true));
        committer.sync = sync_data;
        locked(&shared.spare).made = Some(second);
        assert_eq!(write(&mut committer, 2).unwrap(), Position { segment: 2, offset: 0 });
        assert!(!shared.is_failing());
        let held = names.map(|name| {
            let file = File::open(name.path(folder.path())).unwrap();
            let length = file.metadata().unwrap().len();
            let read = segment::read(&file, name.mark(), 0, length, SIZE as usize).unwrap();
            read.records.iter().map(|(_, record)| record.received).collect::<Vec<_>>()
        });
        assert_eq!(held, [[0], [2]]);
    }
}
