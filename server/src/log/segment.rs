//! One file of the log.
//!
//! Its name holds its number and the salt of its frames: `NUMBER-SALT.log`, both hexadecimal. It is made at its full
//! size and filled with zeroes before it is used: a write into it then changes nothing but data, which
//! is what makes `fdatasync` cheap. A segment ends where only zeroes are left.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use faultwire::framing::{Frames, HEADER, MAX_PAYLOAD, Mark};

use super::Record;

/// Bytes of a segment. Large enough that the next is ready when one is full, small enough that little is kept once
/// consumed.
pub(super) const SIZE: u64 = 16 << 20;
/// Only kind of frame there is.
pub(super) const RECORD: u8 = 1;
/// Bytes read at once: the largest frame fits.
const MAX_READ: usize = HEADER + MAX_PAYLOAD + 1024;
/// Bytes of zeroes written at once.
const ZEROES: usize = 1 << 20;

/// A segment's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    pub number: u32,
    pub salt: u32,
}

impl Name {
    pub fn parse(name: &str) -> Option<Name> {
        let (number, salt) = name.strip_suffix(".log")?.split_once('-')?;
        let read = |digits: &str| (digits.len() == 8).then(|| u32::from_str_radix(digits, 16).ok()).flatten();
        Some(Name { number: read(number)?, salt: read(salt)? })
    }

    pub fn path(self, folder: &Path) -> PathBuf {
        folder.join(format!("{:08x}-{:08x}.log", self.number, self.salt))
    }

    pub fn mark(self) -> Mark {
        Mark::salted(self.salt)
    }
}

/// Makes a segment and has it durable, name and zeroes: what is written into it later needs no more than its data
/// to be.
pub(super) fn create(folder: &Path, number: u32) -> io::Result<(Name, File)> {
    let mut salt = [0; 4];
    getrandom::fill(&mut salt).map_err(|e| io::Error::other(e.to_string()))?;
    let name = Name { number, salt: u32::from_le_bytes(salt) };
    let path = name.path(folder);
    let fill = || {
        let mut file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        let zeroes = vec![0; ZEROES];
        for _ in 0..SIZE / ZEROES as u64 {
            file.write_all(&zeroes)?;
        }
        file.sync_all()?;
        File::open(folder)?.sync_all()?;
        Ok(file)
    };
    let made = fill();
    if made.is_err() {
        // Half a segment on a full disk only keeps it full.
        let _ = std::fs::remove_file(&path);
    }
    made.map(|file| (name, file))
}

/// What a stretch of a segment holds.
#[derive(Debug, Default)]
pub(super) struct Stretch {
    /// And where each begins.
    pub records: Vec<(u64, Record)>,
    /// Where to read on in this segment.
    pub end: u64,
    pub damaged: usize,
    /// There is nothing more up to the limit.
    pub is_last: bool,
}

/// Reads sound frames from `from` on, up to `limit`: about `bytes` of them, at least one if there is one.
pub(super) fn read(file: &File, mark: Mark, from: u64, limit: u64, bytes: usize) -> io::Result<Stretch> {
    let length = limit.saturating_sub(from).min(bytes.clamp(1, MAX_READ) as u64) as usize;
    let mut stretch = read_exactly(file, mark, from, limit, length)?;
    if stretch.end == from && !stretch.is_last {
        // The first frame is longer than what was asked for.
        let length = limit.saturating_sub(from).min(MAX_READ as u64) as usize;
        stretch = read_exactly(file, mark, from, limit, length)?;
        if stretch.end == from && !stretch.is_last {
            // Nothing sound in more than any frame takes.
            stretch.end = from + length as u64 - HEADER as u64;
            stretch.damaged = 1;
        }
    }
    Ok(stretch)
}

fn read_exactly(file: &File, mark: Mark, from: u64, limit: u64, length: usize) -> io::Result<Stretch> {
    let mut chunk = vec![0; length];
    file.read_exact_at(&mut chunk, from)?;
    let is_last = from + length as u64 >= limit;
    let mut frames = Frames::marked(&chunk, mark);
    let mut stretch = Stretch { end: from, is_last, ..Stretch::default() };
    let mut sound_until = 0;
    for frame in frames.by_ref() {
        sound_until = frame.end();
        match Record::parse(frame.payload) {
            Some(record) if frame.kind == RECORD => stretch.records.push((from + frame.at as u64, record)),
            _ => stretch.damaged += 1,
        }
    }
    let rest = chunk.get(sound_until..).unwrap_or_default();
    stretch.damaged += frames.damaged();
    let is_blank = rest.iter().all(|byte| *byte == 0);
    if is_last || is_blank && rest.len() >= HEADER {
        // No frame begins with so many zeroes: nothing was written behind them.
        stretch.is_last = true;
        stretch.end = limit;
        stretch.damaged -= usize::from(!rest.is_empty() && is_blank);
    } else {
        // The frame at the end may go on behind it.
        stretch.end = from + sound_until as u64;
        stretch.damaged -= usize::from(!rest.is_empty());
    }
    Ok(stretch)
}
