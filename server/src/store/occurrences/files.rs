//! The embedded store of occurrences.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use faultwire::framing::{self, Frames, HEADER, Mark};
use zstd::dict::{DecoderDictionary, EncoderDictionary};
use zstd::zstd_safe::{CCtx, CParameter, compress_bound};

use super::{OccurrenceReader, OccurrenceStore, Place, Usage};
use crate::PatternId;

/// Bytes after which a new file is begun: what retention takes away at once.
const FILE_SIZE: u32 = 64 << 20;
/// Against a base, higher levels gain little.
const LEVEL: i32 = 1;
/// Only kind of frame there is.
const PAYLOAD: u8 = 1;
/// Patterns whose first payload is kept at hand to compress against, some 100 kB each. Beyond, all are forgotten.
const MAX_BASES: usize = 256;
/// Bytes that are copied at once when a file is written anew.
const COPIED_AT_ONCE: usize = 1 << 20;
/// What a disk loses at once.
const PAGE: usize = 4096;
/// Largest payload: an event, and what was added to it.
const MAX_PAYLOAD: usize = 4 << 20;

struct Base {
    offset: u32,
    dictionary: EncoderDictionary<'static>,
}

/// The writer, of files that only grow.
pub struct Files {
    folder: PathBuf,
    current: Option<Current>,
    bases: HashMap<PatternId, Base>,
    compressor: Compressor,
    next: u32,
    reader: Reader,
    sync: fn(&File) -> io::Result<()>,
}

struct Current {
    number: u32,
    salt: u32,
    mark: Mark,
    file: File,
    /// Bytes in the file.
    written: u32,
    /// The system failed to bring it to disk. It has told so once, and may say "done" at the next attempt without having
    /// what it dropped.
    is_suspect: bool,
    /// Frames that wait to be written.
    buffer: Vec<u8>,
}

fn path(folder: &Path, number: u32, salt: u32) -> PathBuf {
    folder.join(format!("{number:08x}-{salt:08x}.occ"))
}

/// Under what name a file is written anew before it takes the place of the other.
fn path_anew(folder: &Path, number: u32, salt: u32) -> PathBuf {
    path(folder, number, salt).with_extension("anew")
}

/// The files of a folder: number and salt.
fn names(folder: &Path) -> io::Result<Vec<(u32, u32)>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let parts = name.to_str().and_then(|name| name.strip_suffix(".occ")?.split_once('-'));
        let number = |digits: &str| u32::from_str_radix(digits, 16).ok();
        names.extend(parts.and_then(|(file, salt)| Some((number(file)?, number(salt)?))));
    }
    names.sort_unstable();
    Ok(names)
}

impl Files {
    /// Opens the store in `folder`, which is made if it is not there. What is behind `end` was never named by a
    /// transaction, and goes.
    ///
    /// # Errors
    /// When the folder cannot be used.
    pub fn open(folder: &Path, end: Option<Place>) -> io::Result<Files> {
        fs::create_dir_all(folder)?;
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "anew") {
                fs::remove_file(path)?;
            }
        }
        let known = end.map_or(0, |end| end.file);
        let mut last = known;
        for (number, salt) in names(folder)? {
            last = last.max(number);
            if number > known {
                fs::remove_file(path(folder, number, salt))?;
            } else if let Some(end) = end.filter(|end| end.file == number) {
                let file = OpenOptions::new().write(true).open(path(folder, number, salt))?;
                if file.metadata()?.len() > u64::from(end.offset) {
                    file.set_len(u64::from(end.offset))?;
                }
            }
        }
        let (current, bases, compressor) = (None, HashMap::new(), Compressor::new()?);
        let (reader, sync) = (Reader::new(folder), File::sync_data as fn(&File) -> _);
        Ok(Files { folder: folder.to_owned(), current, bases, compressor, next: last + 1, reader, sync })
    }
}

impl OccurrenceStore for Files {
    fn put(&mut self, pattern: PatternId, payload: &[u8], is_kept: bool) -> io::Result<Place> {
        if self.current.as_ref().is_some_and(|current| current.written >= FILE_SIZE) {
            self.flush()?;
            self.sync()?;
            self.current = None;
        }
        let current = match &mut self.current {
            Some(current) => current,
            none => {
                self.bases.clear();
                let made = Current::create(&self.folder, self.next)?;
                self.next += 1;
                none.insert(made)
            }
        };
        let offset = current.written + current.buffer.len() as u32;
        let base = match self.bases.get(&pattern) {
            Some(base) => {
                self.compressor.compress(payload, Some(&base.dictionary))?;
                base.offset
            }
            None => {
                if is_kept {
                    if self.bases.len() >= MAX_BASES {
                        self.bases.clear();
                    }
                    let dictionary = EncoderDictionary::copy(payload, LEVEL);
                    self.bases.insert(pattern, Base { offset, dictionary });
                }
                self.compressor.compress(payload, None)?;
                offset
            }
        };
        let compressed = &self.compressor.out;
        framing::append_marked(&mut current.buffer, current.mark, PAYLOAD, &[compressed]);
        let length = (HEADER + compressed.len()) as u32;
        Ok(Place { file: current.number, offset, length, base })
    }

    fn flush(&mut self) -> io::Result<()> {
        if let Some(current) = &mut self.current {
            current.file.write_all_at(&current.buffer, u64::from(current.written))?;
            current.written += current.buffer.len() as u32;
            current.buffer.clear();
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let Some(current) = &mut self.current else { return Ok(()) };
        if current.is_suspect {
            current.write_anew(&self.folder, self.sync).inspect_err(|error| {
                tracing::error!(%error, file = current.number, "occurrences: a file cannot be written anew");
            })?;
            // Whoever reads holds the file that was.
            self.reader.close();
            return Ok(());
        }
        (self.sync)(&current.file).inspect_err(|error| {
            tracing::error!(%error, file = current.number, "occurrences: a file is not on disk, and is written anew");
            current.is_suspect = true;
        })
    }

    fn reader(&self) -> Arc<dyn OccurrenceReader> {
        Arc::new(self.reader.clone())
    }

    fn leave(&mut self, places: &[Place]) {
        let Some(current) = &self.current else { return };
        for place in places.iter().filter(|place| place.file == current.number) {
            self.bases.retain(|_, base| base.offset != place.offset);
        }
    }

    fn erase(&mut self, places: &[Place]) -> io::Result<()> {
        self.leave(places);
        let mut by_file: BTreeMap<u32, Vec<Place>> = BTreeMap::new();
        places.iter().for_each(|place| by_file.entry(place.file).or_default().push(*place));
        let names = names(&self.folder)?;
        for (number, places) in by_file {
            // Files that are too old are gone already.
            let Some((_, salt)) = names.iter().find(|(file, _)| *file == number) else { continue };
            let file = OpenOptions::new().write(true).open(path(&self.folder, number, *salt))?;
            let written = file.metadata()?.modified()?;
            for place in places {
                let zeros = vec![0; (place.length as usize).min(HEADER + framing::MAX_PAYLOAD)];
                file.write_all_at(&zeros, u64::from(place.offset))?;
            }
            // By its age it goes one day: that is as it was.
            file.set_modified(written)?;
            file.sync_all()?;
        }
        Ok(())
    }

    fn discard(&mut self) {
        if let Some(current) = &mut self.current {
            current.buffer.clear();
        }
        // A base among them would be one that is not there.
        self.bases.clear();
    }

    fn end(&self) -> Option<Place> {
        let current = self.current.as_ref()?;
        Some(Place { file: current.number, offset: current.written + current.buffer.len() as u32, length: 0, base: 0 })
    }

    fn usage(&self) -> io::Result<Usage> {
        let mut usage = Usage::default();
        for (number, salt) in names(&self.folder)? {
            let metadata = fs::metadata(path(&self.folder, number, salt))?;
            usage.bytes += metadata.len();
            let is_finished = self.current.as_ref().is_none_or(|current| current.number != number);
            if usage.oldest.is_none() && is_finished {
                usage.oldest = Some((number, metadata.modified()?));
            }
        }
        Ok(usage)
    }

    fn remove(&mut self, number: u32) -> io::Result<()> {
        for (file, salt) in names(&self.folder)?.into_iter().filter(|(file, _)| *file == number) {
            fs::remove_file(path(&self.folder, file, salt))?;
        }
        // Who holds a file keeps its bytes on the disk.
        self.reader.close();
        Ok(())
    }
}

/// One context for all payloads: to make one costs as much as a payload.
struct Compressor {
    context: CCtx<'static>,
    out: Vec<u8>,
}

impl Compressor {
    fn new() -> io::Result<Self> {
        let mut context = CCtx::create();
        // What the frame around it says as well is left out.
        for parameter in
            [CParameter::CompressionLevel(LEVEL), CParameter::ChecksumFlag(false), CParameter::DictIdFlag(false)]
        {
            context.set_parameter(parameter).map_err(failed)?;
        }
        Ok(Compressor { context, out: Vec::new() })
    }

    fn compress(&mut self, payload: &[u8], dictionary: Option<&EncoderDictionary<'static>>) -> io::Result<()> {
        self.out.clear();
        self.out.reserve(compress_bound(payload.len()));
        match dictionary {
            // Referred to for the next payload only: the parameters are those of the dictionary then.
            Some(dictionary) => self.context.ref_cdict(dictionary.as_cdict()).map_err(failed)?,
            None => self.context.disable_dictionary().map_err(failed)?,
        };
        self.context.compress2(&mut self.out, payload).map(drop).map_err(failed)
    }
}

fn failed(code: usize) -> io::Error {
    io::Error::other(zstd::zstd_safe::get_error_name(code))
}

impl Current {
    fn create(folder: &Path, number: u32) -> io::Result<Current> {
        let mut salt = [0; 4];
        getrandom::fill(&mut salt).map_err(|e| io::Error::other(e.to_string()))?;
        let salt = u32::from_le_bytes(salt);
        let path = path(folder, number, salt);
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
        // Its name survives a power cut as what is synced in it does.
        File::open(folder)?.sync_all()?;
        let mark = Mark::salted(salt);
        Ok(Current { number, salt, mark, file, written: 0, is_suspect: false, buffer: Vec::new() })
    }

    /// Copies all of it into another file, which takes its name once it is on disk: places are as they were. Until then
    /// nothing has changed.
    fn write_anew(&mut self, folder: &Path, sync: fn(&File) -> io::Result<()>) -> io::Result<()> {
        let anew = path_anew(folder, self.number, self.salt);
        let copied = self.copy(&anew, sync);
        let Ok(file) = copied else {
            let _ = fs::remove_file(&anew);
            return copied.map(drop);
        };
        fs::rename(&anew, path(folder, self.number, self.salt))?;
        // From here on the other is the one that is read. It is not on disk under this name before the folder is.
        self.file = file;
        File::open(folder)?.sync_all()?;
        self.is_suspect = false;
        tracing::warn!(file = self.number, "occurrences: a file that could not be brought to disk was written anew");
        Ok(())
    }

    fn copy(&self, to: &Path, sync: fn(&File) -> io::Result<()>) -> io::Result<File> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(to)?;
        let (mut chunk, mut at, mut unreadable) = (vec![0; COPIED_AT_ONCE], 0, 0);
        while at < u64::from(self.written) {
            chunk.truncate(usize::try_from(u64::from(self.written) - at).unwrap_or(COPIED_AT_ONCE));
            if self.file.read_exact_at(&mut chunk, at).is_err() {
                for (number, page) in (0..).zip(chunk.chunks_mut(PAGE)) {
                    // Payloads that no disk has any more are damaged here as well, and hold up nothing else.
                    if self.file.read_exact_at(page, at + number * PAGE as u64).is_err() {
                        page.fill(0);
                        unreadable += 1;
                    }
                }
            }
            file.write_all_at(&chunk, at)?;
            at += chunk.len() as u64;
        }
        sync(&file)?;
        if unreadable > 0 {
            tracing::error!(file = self.number, pages = unreadable, "occurrences: the disk lost some of a file");
        }
        Ok(file)
    }
}

/// A file's number, mark and descriptor.
type Opened = (u32, Mark, Arc<File>);

/// Reads payloads, from any thread.
#[derive(Debug, Clone)]
pub struct Reader {
    folder: PathBuf,
    /// The file that was read last.
    open: Arc<Mutex<Option<Opened>>>,
}

impl Reader {
    /// A reader of the store in `folder`.
    pub fn new(folder: &Path) -> Self {
        Reader { folder: folder.to_owned(), open: Arc::default() }
    }

    /// Has the next payload read from the file that has the name then.
    fn close(&self) {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn frame(&self, file: u32, offset: u32, length: usize) -> io::Result<Vec<u8>> {
        let bytes = self.bytes(file, offset, length)?;
        let (_, mark, _) = self.file(file)?;
        let frame = Frames::marked(&bytes, mark).next().filter(|frame| frame.at == 0);
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, format!("occurrence {file}:{offset} is damaged"));
        frame.map(|frame| frame.payload.to_vec()).ok_or_else(damaged)
    }

    fn bytes(&self, file: u32, offset: u32, length: usize) -> io::Result<Vec<u8>> {
        let (_, _, file) = self.file(file)?;
        let mut bytes = vec![0; length];
        file.read_exact_at(&mut bytes, u64::from(offset))?;
        Ok(bytes)
    }

    fn file(&self, number: u32) -> io::Result<Opened> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = open.as_ref().filter(|(opened, ..)| *opened == number) {
            return Ok(opened.clone());
        }
        let found = names(&self.folder)?.into_iter().find(|(file, _)| *file == number);
        let (_, salt) = found.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        let opened = (number, Mark::salted(salt), Arc::new(File::open(path(&self.folder, number, salt))?));
        *open = Some(opened.clone());
        Ok(opened)
    }
}

impl OccurrenceReader for Reader {
    fn get(&self, place: Place) -> io::Result<Vec<u8>> {
        let own = self.frame(place.file, place.offset, place.length as usize)?;
        if place.base == place.offset {
            return zstd::bulk::decompress(&own, MAX_PAYLOAD);
        }
        let header = self.bytes(place.file, place.base, HEADER)?;
        let length = header.get(5..9).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes) as usize;
        let base = self.frame(place.file, place.base, HEADER + length.min(framing::MAX_PAYLOAD))?;
        let base = zstd::bulk::decompress(&base, MAX_PAYLOAD)?;
        let dictionary = DecoderDictionary::copy(&base);
        zstd::bulk::Decompressor::with_prepared_dictionary(&dictionary)?.decompress(&own, MAX_PAYLOAD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(fault: u32, n: u32) -> Vec<u8> {
        let frames: String =
            (0..60).map(|i| format!("{{\"function\":\"handler_{fault}_{i}\",\"lineno\":{i}}},")).collect();
        format!("{{\"frames\":[{frames}{{}}],\"n\":{n}}}").into_bytes()
    }

    #[test]
    fn what_was_put_is_read_and_the_second_is_small() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = Files::open(folder.path(), None).unwrap();
        let payloads: Vec<_> = (0..40).map(|n| (PatternId(n % 3), payload(n % 3, n))).collect();
        let places: Vec<_> =
            payloads.iter().map(|(pattern, bytes)| files.put(*pattern, bytes, true).unwrap()).collect();
        files.flush().unwrap();
        let reader = Reader::new(folder.path());
        for ((_, bytes), place) in payloads.iter().zip(&places) {
            assert_eq!(&reader.get(*place).unwrap(), bytes);
        }
        assert!(places[3..].iter().all(|place| place.length < 70), "{places:?}");
    }

    /// What soon goes is no base of what stays, and neither is what has gone.
    #[test]
    fn what_is_overwritten_takes_nothing_along() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = Files::open(folder.path(), None).unwrap();
        let places: Vec<Place> = [false, true, false, true, true]
            .into_iter()
            .zip(0..)
            .map(|(is_kept, n)| files.put(PatternId(1), &payload(1, n), is_kept).unwrap())
            .collect();
        assert!(places[0].base == places[0].offset && places[1].base == places[1].offset);
        assert!(places[2..].iter().all(|place| place.base == places[1].offset && place.length < 70), "{places:?}");
        files.flush().unwrap();
        files.erase(&[places[0], places[2]]).unwrap();
        let next = files.put(PatternId(1), &payload(1, 5), true).unwrap();
        assert_eq!(next.base, places[1].offset);
        files.leave(&[places[1]]);
        let last = files.put(PatternId(1), &payload(1, 6), true).unwrap();
        files.flush().unwrap();
        files.erase(&[places[1]]).unwrap();
        let reader = files.reader();
        assert!(places.iter().all(|place| reader.get(*place).is_err()));
        assert_eq!(reader.get(last).unwrap(), payload(1, 6));
    }

    #[test]
    fn what_no_transaction_named_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = Files::open(folder.path(), None).unwrap();
        let kept = files.put(PatternId(1), b"kept", true).unwrap();
        files.flush().unwrap();
        let end = files.end();
        files.put(PatternId(1), b"lost", true).unwrap();
        files.flush().unwrap();
        drop(files);
        let mut files = Files::open(folder.path(), end).unwrap();
        let next = files.put(PatternId(1), b"next", true).unwrap();
        files.flush().unwrap();
        let reader = Reader::new(folder.path());
        assert_eq!((reader.get(kept).unwrap(), reader.get(next).unwrap()), (b"kept".to_vec(), b"next".to_vec()));
        assert_eq!(files.usage().unwrap().bytes, u64::from(kept.length + next.length));
    }

    /// The system tells once that it could not bring a file to disk, and what it kept in memory then counts as written: the
    /// next "done" is not believed. All of it is in another file, on disk, before anyone is told so; places hold.
    #[test]
    fn a_file_that_could_not_be_brought_to_disk_is_written_anew() {
        use std::os::unix::fs::MetadataExt;
        let folder = tempfile::tempdir().unwrap();
        let mut files = Files::open(folder.path(), None).unwrap();
        let put = |files: &mut Files, n| {
            let place = files.put(PatternId(1), &payload(1, n), true).unwrap();
            files.flush().unwrap();
            place
        };
        let inode = || {
            let found = names(folder.path()).unwrap();
            let [(number, salt)] = found[..] else { panic!("{found:?}") };
            fs::metadata(path(folder.path(), number, salt)).unwrap().ino()
        };
        let first = put(&mut files, 1);
        files.sync().unwrap();
        let (reader, before) = (files.reader(), inode());
        let second = put(&mut files, 2);
        assert_eq!(reader.get(second).unwrap(), payload(1, 2));
        for _ in 0..2 {
            files.sync = |_| Err(io::ErrorKind::Other.into());
            assert!(files.sync().is_err());
            assert_eq!((inode(), fs::read_dir(folder.path()).unwrap().count()), (before, 1));
        }
        // It would say "done" now, and what comes goes on being written.
        files.sync = File::sync_data;
        let third = put(&mut files, 3);
        files.sync().unwrap();
        let after = inode();
        assert_ne!(before, after);
        let fourth = put(&mut files, 4);
        files.sync().unwrap();
        assert_eq!(inode(), after);
        for (n, place) in (1..).zip([first, second, third, fourth]) {
            assert_eq!(reader.get(place).unwrap(), payload(1, n));
        }
        // A crash while it is written anew changes nothing.
        let end = files.end();
        drop(files);
        fs::write(folder.path().join("00000001-00000000.anew"), b"half").unwrap();
        drop(Files::open(folder.path(), end).unwrap());
        assert_eq!((inode(), fs::read_dir(folder.path()).unwrap().count()), (after, 1));
    }

    #[test]
    fn a_flipped_bit_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = Files::open(folder.path(), None).unwrap();
        let place = files.put(PatternId(1), &payload(1, 1), true).unwrap();
        files.flush().unwrap();
        let file = fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
        let mut bytes = fs::read(&file).unwrap();
        bytes[40] ^= 1;
        fs::write(&file, bytes).unwrap();
        assert_eq!(Reader::new(folder.path()).get(place).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
