//! The embedded log: segments in a folder, one writer, positions that survive restarts.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::committer::{self, Committer, Shared};
use super::segment::{self, Name, SIZE};
use crate::telemetry::Task;
use crate::threads::Bell;

use super::{Batch, Log, Position, Record, Refused, Ticket};

/// A folder of segments. One process at a time: the data directory is locked.
pub struct Files {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// The file that was read last.
    open: Mutex<Option<(Name, Arc<File>)>>,
}

impl Files {
    /// Opens the log in `folder`, which is made if it is not there. Writing goes on in a new segment: what a
    /// crash left half written is never appended to. What is written now comes after `consumed`, even if the folder
    /// was lost since.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn open(folder: &Path, consumed: Position) -> io::Result<Files> {
        Files::turning(folder, consumed, committer::MAX_AGE)
    }

    fn turning(folder: &Path, consumed: Position, max_age: Duration) -> io::Result<Files> {
        fs::create_dir_all(folder)?;
        let last = names(folder)?.last().map_or(0, |name| name.number).max(consumed.segment);
        let shared = Arc::new(Shared::new(folder.to_owned(), last + 1, max_age));
        let spares = shared.clone();
        let committer = Committer::new(shared.clone());
        let threads = vec![
            crate::threads::spawn(Task::LogSpare, move || spares.keep_spare(last + 1))?,
            crate::threads::spawn(Task::LogCommit, move || committer.run())?,
        ];
        Ok(Files { shared, threads: Mutex::new(threads), open: Mutex::default() })
    }

    /// Takes nothing more, and returns once what was taken is written.
    pub fn close(&self) {
        self.shared.close();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        threads.into_iter().for_each(|thread| drop(thread.join()));
    }

    fn file(&self, name: Name) -> io::Result<Arc<File>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        match &*open {
            Some((opened, file)) if *opened == name => Ok(file.clone()),
            _ => {
                let file = Arc::new(File::open(name.path(&self.shared.folder))?);
                *open = Some((name, file.clone()));
                Ok(file)
            }
        }
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        self.close();
    }
}

/// The segments of a folder, in order.
fn names(folder: &Path) -> io::Result<Vec<Name>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.extend(entry?.file_name().to_str().and_then(Name::parse));
    }
    names.sort_unstable();
    Ok(names)
}

impl Log for Files {
    fn append(&self, record: Record) -> Result<Ticket, Refused> {
        self.shared.append(record)
    }

    fn read(&self, from: Position, bytes: usize) -> io::Result<Batch> {
        let committed = self.shared.committed();
        let mut batch = Batch { next: from, ..Batch::default() };
        if committed <= from {
            return Ok(batch);
        }
        let last = self.open.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|(name, _)| *name);
        let candidates = match last {
            Some(name) if name.number == from.segment => vec![name],
            _ => names(&self.shared.folder)?,
        };
        let mut from = from;
        for name in candidates {
            if name.number < from.segment {
                continue;
            }
            if name.number > committed.segment {
                break;
            }
            if name.number > from.segment {
                from = Position { segment: name.number, offset: 0 };
            }
            let limit = if name.number == committed.segment { u64::from(committed.offset) } else { SIZE };
            let file = self.file(name)?;
            // A segment that was cut short by other hands ends where it ends.
            let limit = limit.min(file.metadata()?.len());
            let stretch = segment::read(&file, name.mark(), u64::from(from.offset), limit, bytes)?;
            let mut records = stretch.records;
            let at = |offset: u64| Position { segment: name.number, offset: offset as u32 };
            self.shared.fresh.give(records.iter_mut().map(|(offset, record)| (at(*offset), record)));
            batch.records.extend(records.into_iter().map(|(_, record)| record));
            batch.damaged += stretch.damaged;
            let is_over = stretch.is_last && name.number < committed.segment;
            batch.next = if is_over {
                Position { segment: name.number + 1, offset: 0 }
            } else {
                Position { segment: name.number, offset: stretch.end as u32 }
            };
            if !batch.records.is_empty() || !is_over {
                break;
            }
            from = batch.next;
        }
        Ok(batch)
    }

    fn ring(&self, bell: Arc<Bell>) {
        self.shared.ring(bell);
    }

    fn trim(&self, position: Position) -> io::Result<()> {
        let keep = position.segment.min(self.shared.committed().segment);
        self.shared.trimmed(keep);
        // Who holds a file keeps its bytes on the disk.
        self.open.lock().unwrap_or_else(PoisonError::into_inner).take_if(|(name, _)| name.number < keep);
        for name in names(&self.shared.folder)?.into_iter().filter(|name| name.number < keep) {
            fs::remove_file(name.path(&self.shared.folder))?;
        }
        Ok(())
    }

    fn turn(&self) {
        self.shared.turn();
    }

    fn is_failing(&self) -> bool {
        self.shared.is_failing()
    }

    fn depth(&self) -> u64 {
        names(&self.shared.folder).map_or(0, |names| names.len() as u64 * SIZE)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::ProjectId;
    use crate::log::{Encoding, KeyKind};

    fn record(n: i64) -> Record {
        let body = format!("body {n}").into_bytes();
        Record {
            project: ProjectId(1),
            key: KeyKind::Server,
            received: n,
            encoding: Encoding::Identity,
            body,
            plain: None,
        }
    }

    fn append(log: &Files, n: i64) -> Position {
        log.append(record(n)).unwrap().blocking_recv().unwrap().unwrap()
    }

    /// All records behind `from`, in small bites, and where they end.
    fn all(log: &Files, mut from: Position) -> (Vec<i64>, Position, usize) {
        let (mut numbers, mut damaged) = (Vec::new(), 0);
        loop {
            let batch = log.read(from, 64).unwrap();
            numbers.extend(batch.records.iter().map(|record| record.received));
            damaged += batch.damaged;
            if batch.next == from {
                return (numbers, from, damaged);
            }
            from = batch.next;
        }
    }

    #[test]
    fn what_was_appended_is_read_in_order_across_restarts() {
        let folder = tempfile::tempdir().unwrap();
        let mut end = Position::default();
        for life in 0..3 {
            let log = Files::open(folder.path(), Position::default()).unwrap();
            for n in 0..5 {
                append(&log, life * 5 + n);
            }
            let (numbers, next, damaged) = all(&log, Position::default());
            assert_eq!((numbers, damaged), ((0..(life + 1) * 5).collect(), 0));
            assert!(next > end);
            end = next;
        }
        let log = Files::open(folder.path(), end).unwrap();
        assert!(all(&log, end).0.is_empty());
        append(&log, 99);
        assert_eq!(all(&log, end).0, [99]);
        log.trim(end).unwrap();
        assert_eq!(all(&log, end).0, [99]);
    }

    #[test]
    fn a_torn_end_and_a_rotten_record_are_counted_and_the_rest_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let log = Files::open(folder.path(), Position::default()).unwrap();
        let places: Vec<Position> = (0..5).map(|n| append(&log, n)).collect();
        drop(log);
        let segment = names(folder.path()).unwrap()[0].path(folder.path());
        let mut bytes = fs::read(&segment).unwrap();
        bytes[places[1].offset as usize + 20] ^= 1;
        bytes[places[4].offset as usize + 30..].fill(0);
        fs::write(&segment, bytes).unwrap();
        let log = Files::open(folder.path(), Position::default()).unwrap();
        append(&log, 5);
        let (numbers, _, damaged) = all(&log, Position::default());
        assert_eq!((numbers, damaged), (vec![0, 2, 3, 5], 2));
    }

    #[test]
    fn a_lost_folder_does_not_hide_what_comes() {
        let folder = tempfile::tempdir().unwrap();
        let consumed = Position { segment: 57, offset: 1000 };
        let log = Files::open(folder.path(), consumed).unwrap();
        append(&log, 1);
        assert_eq!(all(&log, consumed).0, [1]);
    }

    /// The segments there are.
    fn numbers(log: &Files) -> Vec<u32> {
        names(&log.shared.folder).unwrap().into_iter().map(|name| name.number).collect()
    }

    /// Reads to the end, and lets go what was read, until that is so; what was read.
    fn consume_until(log: &Files, from: &mut Position, is_so: impl Fn(&[u32]) -> bool) -> Vec<i64> {
        let (mut read, started) = (Vec::new(), Instant::now());
        loop {
            let (numbers_read, next, damaged) = all(log, *from);
            assert_eq!(damaged, 0);
            read.extend(numbers_read);
            *from = next;
            log.trim(next).unwrap();
            if is_so(&numbers(log)) {
                return read;
            }
            assert!(started.elapsed() < Duration::from_secs(20), "{:?}", numbers(log));
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What is consumed does not lie around until 16 MB have come: not if it is to go, and not for long if it is not.
    #[test]
    fn what_is_consumed_goes_when_it_is_asked_to_and_by_its_age() {
        for (is_asked, max_age) in [(true, committer::MAX_AGE), (false, Duration::from_millis(200))] {
            let folder = tempfile::tempdir().unwrap();
            let log = Files::turning(folder.path(), Position::default(), max_age).unwrap();
            let mut from = Position::default();
            for round in 0..3 {
                let held = append(&log, round).segment;
                if is_asked {
                    log.turn();
                }
                assert_eq!(consume_until(&log, &mut from, |there| there.iter().all(|one| *one > held)), [round]);
            }
            // Who holds nothing has nothing to turn from.
            let end = log.shared.committed();
            log.turn();
            std::thread::sleep(Duration::from_millis(300));
            assert_eq!((log.shared.committed(), end.offset), (end, 0));
            assert!(log.open.lock().unwrap().is_none(), "nobody holds the file that went");
            // It is as before for who comes after a crash.
            append(&log, 9);
            drop(log);
            let log = Files::open(folder.path(), from).unwrap();
            assert_eq!(all(&log, from).0, [9]);
        }
    }

    /// What is not consumed yet stays, however often a new segment is begun.
    #[test]
    fn what_is_not_consumed_stays() {
        let folder = tempfile::tempdir().unwrap();
        let log = Files::open(folder.path(), Position::default()).unwrap();
        let mut last = 0;
        for n in 0..3 {
            let at = append(&log, n).segment;
            assert!(at > last);
            last = at;
            log.turn();
            // The turn may wait for the next segment to be there.
            let started = Instant::now();
            while log.shared.committed().segment == at {
                assert!(started.elapsed() < Duration::from_secs(20));
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        log.trim(Position { segment: 1, offset: 5 }).unwrap();
        assert_eq!(all(&log, Position::default()).0, [0, 1, 2]);
    }

    /// Who does not consume gets no more of it than there is: by age alone one segment of what waits is ended, not many.
    #[test]
    fn who_is_stuck_is_not_buried_in_segments() {
        let folder = tempfile::tempdir().unwrap();
        let log = Files::turning(folder.path(), Position::default(), Duration::from_millis(1)).unwrap();
        let first = append(&log, 0).segment;
        for n in 1..8 {
            std::thread::sleep(Duration::from_millis(300));
            assert_eq!(append(&log, n).segment, first);
        }
        assert_eq!(all(&log, Position::default()).0, (0..8).collect::<Vec<_>>());
    }
}
