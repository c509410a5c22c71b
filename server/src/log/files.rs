//! The embedded log: segments in a folder, one writer, positions that survive restarts.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::committer::{Committer, Shared};
use super::segment::{self, Name, SIZE};
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
    /// crash left half written is never appended to.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn open(folder: &Path) -> io::Result<Files> {
        fs::create_dir_all(folder)?;
        let last = names(folder)?.last().map_or(0, |name| name.number);
        let shared = Arc::new(Shared::new(folder.to_owned(), last + 1));
        let spares = shared.clone();
        let committer = Committer::new(shared.clone());
        let threads = vec![
            crate::threads::spawn("log-spare", move || spares.keep_spare(last + 1))?,
            crate::threads::spawn("log-commit", move || committer.run())?,
        ];
        Ok(Files { shared, threads: Mutex::new(threads), open: Mutex::default() })
    }

    /// Whether the disk refused the last write.
    pub fn is_failing(&self) -> bool {
        self.shared.is_failing.load(Ordering::Relaxed)
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
            batch.records.extend(stretch.records);
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
        for name in names(&self.shared.folder)?.into_iter().filter(|name| name.number < keep) {
            fs::remove_file(name.path(&self.shared.folder))?;
        }
        Ok(())
    }

    fn depth(&self) -> u64 {
        names(&self.shared.folder).map_or(0, |names| names.len() as u64 * SIZE)
    }
}
