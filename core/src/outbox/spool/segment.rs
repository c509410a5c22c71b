//! One file of the spool: records and, behind them, which of them are done. Only the process that holds its lock
//! writes to it; the kernel gives the lock up when that process ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::directory::SEGMENT;
use super::layout;
use crate::framing::Frames;
use crate::own::Own;
use crate::protocol::{Timestamp, random_u64};

/// Tries to create a file under a new name.
const TRIES: usize = 8;

#[derive(Debug)]
pub(crate) struct Segment {
    path: PathBuf,
    /// The lock belongs to whoever has the file open: a forked child has not. Taken before `end`.
    file: RwLock<Own<File>>,
    /// Bytes written; held while something is appended.
    end: Mutex<u64>,
    /// Records that are not done.
    waiting: AtomicU64,
    /// A record of it is on its way.
    leased: AtomicBool,
    /// No record will be added.
    sealed: AtomicBool,
    /// Deleted.
    gone: AtomicBool,
}

/// Where a record is.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(super) segment: Arc<Segment>,
    at: u64,
    length: u32,
}

impl Segment {
    /// A new file, locked.
    pub fn create(directory: &Path) -> io::Result<Segment> {
        for _ in 0..TRIES {
            let name = format!("{:016x}-{:08x}.{SEGMENT}", Timestamp::now().0.max(0), random_u64() as u32);
            let path = directory.join(name);
            let file = opened(OpenOptions::new().create_new(true), &path)?;
            // Between the two, somebody may have taken it for one that was left.
            if lock(&file)? && is_linked(&file)? {
                return Ok(Segment::new(path, file, 0));
            }
        }
        Err(io::Error::from(io::ErrorKind::ResourceBusy))
    }

    /// A file that another process left; `None` when its process lives, or it is gone or not ours.
    pub fn adopt(path: &Path) -> io::Result<Option<Segment>> {
        let file = match opened(&mut OpenOptions::new(), path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        if !is_private(&file)? || !lock(&file)? || !is_linked(&file)? {
            return Ok(None);
        }
        let length = file.metadata()?.len();
        let segment = Segment::new(path.to_owned(), file, length);
        segment.sealed.store(true, Ordering::Relaxed);
        Ok(Some(segment))
    }

    fn new(path: PathBuf, file: File, end: u64) -> Segment {
        Segment {
            path,
            file: RwLock::new(Own::new(file)),
            end: Mutex::new(end),
            waiting: AtomicU64::new(0),
            leased: AtomicBool::new(false),
            sealed: AtomicBool::new(false),
            gone: AtomicBool::new(false),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn bytes(&self) -> u64 {
        *self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the file. Where the application has closed it, it is opened and locked again; that is an error
    /// of the kind `NotFound` when it was deleted or another process has adopted it meanwhile.
    fn with<R>(&self, act: impl FnOnce(&File) -> io::Result<R>) -> io::Result<R> {
        if let Some(file) = self.file.read().unwrap_or_else(PoisonError::into_inner).get() {
            return act(file);
        }
        let mut own = self.file.write().unwrap_or_else(PoisonError::into_inner);
        let mut failure = io::ErrorKind::Interrupted.into();
        // It may be in the midst of closing, and close that one as well.
        for _ in 0..TRIES {
            if let Some(file) = own.get() {
                return act(file);
            }
            match self.reopened(&own) {
                Ok(again) => *own = again,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(error),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    fn reopened(&self, before: &Own<File>) -> io::Result<Own<File>> {
        let own = Own::new(opened(&mut OpenOptions::new(), &self.path)?);
        let file = own.get().ok_or(io::ErrorKind::Interrupted)?;
        if !own.is_same(before) || !lock(file)? || !is_linked(file)? {
            return Err(io::ErrorKind::NotFound.into());
        }
        // Somebody may have adopted it, said of some records that they are done, and died.
        *self.end.lock().unwrap_or_else(PoisonError::into_inner) = file.metadata()?.len();
        Ok(own)
    }

    /// Everything in it.
    pub fn read_all(&self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; self.bytes() as usize];
        self.with(|file| read_at(file, &mut bytes, 0))?;
        Ok(bytes)
    }

    /// A record, also of a file that another process has adopted: sent twice is better than not at all.
    fn read(&self, frame: &mut [u8], at: u64) -> io::Result<()> {
        self.with(|file| read_at(file, frame, at))
            .or_else(|_| read_at(&opened(&mut OpenOptions::new(), &self.path)?, frame, at))
    }

    /// Counts a record that was found in it as waiting.
    pub fn found(self: &Arc<Self>, at: usize, length: usize) -> Place {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        Place { segment: Arc::clone(self), at: at as u64, length: length as u32 }
    }

    /// Appends the frame of a record; once this returns, the record survives the process. With `sync`, the machine.
    pub fn append(self: &Arc<Self>, frame: &[u8], sync: bool) -> io::Result<Place> {
        let at = self.with(|file| {
            if !is_linked(file)? {
                // Deleted under us: what is written now, nobody finds.
                return Err(io::ErrorKind::NotFound.into());
            }
            let at = self.write(file, frame)?;
            if sync {
                file.sync_data()?;
            }
            Ok(at)
        })?;
        Ok(self.found(at as usize, frame.len()))
    }

    fn write(&self, mut file: &File, bytes: &[u8]) -> io::Result<u64> {
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        let at = *end;
        match file.write_all(bytes) {
            Ok(()) => *end += bytes.len() as u64,
            Err(error) => {
                // A part may have been written: damage that readers skip.
                *end = file.metadata().map_or(at, |about| about.len());
                return Err(error);
            }
        }
        Ok(at)
    }

    /// No record will be added: the file goes when the last of those in it is done.
    pub fn seal(&self) {
        self.sealed.store(true, Ordering::SeqCst);
        if self.is_done() {
            self.remove();
        }
    }

    /// True when no record in it waits, and none will be added.
    pub fn is_done(&self) -> bool {
        self.sealed.load(Ordering::SeqCst) && self.waiting.load(Ordering::SeqCst) == 0
    }

    pub fn is_leased(&self) -> bool {
        self.leased.load(Ordering::SeqCst)
    }

    /// Deletes it, whatever waits in it.
    pub fn remove(&self) {
        self.gone.store(true, Ordering::SeqCst);
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Place {
    pub fn is_in(&self, segment: &Arc<Segment>) -> bool {
        Arc::ptr_eq(&self.segment, segment)
    }

    /// The file was deleted, or is another process's: it is not for us to say that a later start finds the record.
    pub fn is_gone(&self) -> bool {
        let looked = self.segment.with(|_| Ok(()));
        self.segment.gone.load(Ordering::SeqCst) || looked.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    }

    /// Whether the record is on its way: its file stays meanwhile. One is at a time.
    pub fn set_leased(&self, leased: bool) {
        self.segment.leased.store(leased, Ordering::SeqCst);
    }

    /// The frame of the record.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        let mut frame = vec![0; self.length as usize];
        self.segment.read(&mut frame, self.at)?;
        let is_sound = Frames::new(&frame).next().is_some_and(|sound| sound.end() == frame.len());
        if is_sound { Ok(frame) } else { Err(io::ErrorKind::InvalidData.into()) }
    }

    /// The record is done: no later start sends it.
    pub fn acknowledge(&self) {
        let segment = &self.segment;
        segment.waiting.fetch_sub(1, Ordering::SeqCst);
        if segment.is_done() {
            segment.remove();
        } else {
            // If this fails, the record is sent again, under its id.
            let _ = segment.with(|file| segment.write(file, &layout::acknowledgement(self.at)));
        }
    }
}

pub(crate) fn opened(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    options.read(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    }
    options.open(path)
}

/// False when somebody else has it.
pub(crate) fn lock(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// False once it was deleted.
pub(crate) fn is_linked(file: &File) -> io::Result<bool> {
    #[cfg(unix)]
    return Ok(std::os::unix::fs::MetadataExt::nlink(&file.metadata()?) > 0);
    #[cfg(not(unix))]
    return file.metadata().map(|_| true);
}

/// A plain file, of this user alone, under one name.
pub(crate) fn is_private(file: &File) -> io::Result<bool> {
    let about = file.metadata()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let is_own = about.uid() == super::directory::own_user() && about.mode() & 0o077 == 0;
        Ok(about.is_file() && is_own && about.nlink() <= 1)
    }
    #[cfg(not(unix))]
    Ok(about.is_file())
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, at)
}

#[cfg(windows)]
fn read_at(file: &File, mut buffer: &mut [u8], mut at: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, buffer, at)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                buffer = &mut std::mem::take(&mut buffer)[read..];
                at += read as u64;
            }
        }
    }
    Ok(())
}
