//! Source lines around a frame, read on the worker.
//!
//! A path in a frame is only a text: the file may be gone, a pipe or a device, or gigabytes long.
//! Nothing here blocks on it. Files are kept with the starts of their lines, so that the next
//! frame in them costs a lookup and the strings of the lines it asks for.

use std::collections::HashMap;
use std::fs::{File, Metadata, OpenOptions};
use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use crate::protocol::{Frame, Stacktrace, Untouched};

#[cfg(feature = "client")]
use super::maps::{Maps, Position};

/// Lines shown above and below; what viewers of the Sentry protocol lay out for.
pub const CONTEXT_LINES: usize = 5;
/// Characters a line may have on the wire: beyond that it is a generated file, not something to read.
pub const MAX_LINE_CHARS: usize = 512;
/// Characters kept past [`MAX_LINE_CHARS`] so that the sanitizer, which cuts, sees a secret whole.
pub const LINE_LOOK_AHEAD: usize = 256;
/// Larger files are not read: no source that people write is longer.
pub const MAX_FILE_BYTES: u64 = 2 << 20;
/// Text kept in all: a few hundred typical sources, the working set of one application's errors.
pub const MAX_CACHE_BYTES: usize = 8 << 20;
/// Paths kept in all, missing ones included.
pub const MAX_CACHE_FILES: usize = 512;
/// A file's metadata is read at most this often: an edit shows within a second, a storm costs nothing.
const RECHECK: Duration = Duration::from_secs(1);
/// A path that could not be read is not tried again for this long.
const FORGET_MISSING: Duration = Duration::from_secs(10);
/// Stands at the end of a line that was cut.
const CUT_MARK: char = '…';

/// A line and its surroundings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Context {
    /// Up to [`CONTEXT_LINES`] lines above.
    pub pre: Vec<String>,
    /// The line itself.
    pub line: String,
    /// Up to [`CONTEXT_LINES`] lines below.
    pub post: Vec<String>,
}

/// Files read lately, bounded in bytes and number.
#[derive(Debug, Default)]
pub struct SourceCache {
    entries: HashMap<String, Entry>,
    bytes: usize,
    /// Counts lookups; an entry's is that of its last.
    clock: u64,
    #[cfg(feature = "client")]
    maps: Maps,
}

#[derive(Debug)]
struct Entry {
    used: u64,
    checked: Instant,
    /// `None`: there is nothing to read at this path.
    file: Option<Source>,
}

#[derive(Debug)]
struct Source {
    text: String,
    /// Where each line begins.
    starts: Vec<u32>,
    /// By line, which of the lines around it the sanitizer leaves as they are: a bit each.
    untouched: Vec<Option<u16>>,
    /// `None`: out of a source map, which is not read again.
    stamp: Option<Stamp>,
}

/// What changes when a file is edited or replaced.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    len: u64,
}

impl SourceCache {
    /// An empty cache.
    pub fn new() -> Self {
        SourceCache::default()
    }

    /// The lines around `lineno` (1-based) of the file at `path`.
    ///
    /// `None` when the path is relative or no regular file (`<string>`, pipes, devices), when the
    /// file is missing, empty, or larger than [`MAX_FILE_BYTES`], or ends above the line. Bytes
    /// that are not UTF-8 are replaced; lines keep up to [`MAX_LINE_CHARS`] + [`LINE_LOOK_AHEAD`].
    pub fn context(&mut self, path: &str, lineno: u32) -> Option<Context> {
        let (file, index) = self.file_at(path, lineno, Instant::now())?;
        file.context(index)
    }

    /// Adds source lines to the frames that have a path and a line and no source yet. `leaves` says
    /// which lines of a frame the sanitizer leaves as they are; it is asked once a place.
    pub fn attach(&mut self, stack: &mut Stacktrace, leaves: &dyn Fn(&Frame) -> Untouched) {
        let now = Instant::now();
        for frame in stack.frames.iter_mut().filter(|f| f.context_line.is_none()) {
            if let (Some(path), Some(lineno)) = (frame.abs_path.as_deref(), frame.lineno)
                && let Some((file, index)) = self.file_at(path, lineno, now)
                && let Some(context) = file.context(index)
            {
                frame.pre_context = context.pre;
                frame.context_line = Some(context.line);
                frame.post_context = context.post;
                frame.untouched.lines = file.untouched(index, leaves);
            }
        }
    }

    #[cfg(test)]
    fn context_at(&mut self, path: &str, lineno: u32, now: Instant) -> Option<Context> {
        let (file, index) = self.file_at(path, lineno, now)?;
        file.context(index)
    }

    /// The file, and the index of the line in it.
    fn file_at(&mut self, path: &str, lineno: u32, now: Instant) -> Option<(&mut Source, usize)> {
        let index = usize::try_from(lineno).ok()?.checked_sub(1)?;
        if !Path::new(path).is_absolute() && !self.is_in_a_map(path) {
            return None;
        }
        self.clock += 1;
        let clock = self.clock;
        let fresh = match self.entries.get_mut(path) {
            Some(entry) => {
                entry.used = clock;
                entry.is_fresh(path, now)
            }
            None => false,
        };
        if !fresh {
            self.load(path, now);
        }
        Some((self.entries.get_mut(path)?.file.as_mut()?, index))
    }

    fn load(&mut self, path: &str, now: Instant) {
        self.remove(path);
        let file = self.out_of_a_map(path).or_else(|| Source::read(Path::new(path)));
        let size = file.as_ref().map_or(0, Source::bytes);
        while self.entries.len() >= MAX_CACHE_FILES || self.bytes + size > MAX_CACHE_BYTES {
            let Some(oldest) = self.entries.iter().min_by_key(|(_, e)| e.used).map(|(path, _)| path.clone()) else {
                break;
            };
            self.remove(&oldest);
        }
        self.bytes += size;
        self.entries.insert(path.to_owned(), Entry { used: self.clock, checked: now, file });
    }

    /// The original of the code at a frame's position, if its file has a source map.
    #[cfg(feature = "client")]
    pub(crate) fn original(&mut self, frame: &Frame) -> Option<Position> {
        let (path, line, column) = (frame.abs_path.as_deref()?, frame.lineno?, frame.colno?);
        self.maps.original(path, line, column, frame.function.as_deref())
    }

    #[cfg(feature = "client")]
    fn is_in_a_map(&self, path: &str) -> bool {
        self.maps.has_content(path)
    }

    #[cfg(feature = "client")]
    fn out_of_a_map(&mut self, path: &str) -> Option<Source> {
        let text = self.maps.content(path)?;
        (1..=MAX_FILE_BYTES).contains(&(text.len() as u64)).then(|| Source::new(text.to_owned(), None))
    }

    #[cfg(not(feature = "client"))]
    fn is_in_a_map(&self, _path: &str) -> bool {
        false
    }

    #[cfg(not(feature = "client"))]
    fn out_of_a_map(&self, _path: &str) -> Option<Source> {
        None
    }

    fn remove(&mut self, path: &str) {
        if let Some(Entry { file: Some(file), .. }) = self.entries.remove(path) {
            self.bytes -= file.bytes();
        }
    }
}

impl Entry {
    /// Whether what is held still stands; looks at the file's metadata when that is due.
    fn is_fresh(&mut self, path: &str, now: Instant) -> bool {
        let age = now.saturating_duration_since(self.checked);
        match &self.file {
            None => age < FORGET_MISSING,
            Some(_) if age < RECHECK => true,
            Some(Source { stamp: None, .. }) => true,
            Some(Source { stamp: Some(stamp), .. }) => {
                self.checked = now;
                std::fs::metadata(path).is_ok_and(|m| m.is_file() && Stamp::of(&m) == *stamp)
            }
        }
    }
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Stamp { modified: metadata.modified().ok(), len: metadata.len() }
    }
}

impl Source {
    fn read(path: &Path) -> Option<Source> {
        let (bytes, metadata) = read_bounded(path, MAX_FILE_BYTES)?;
        let text = String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned());
        Some(Source::new(text, Some(Stamp::of(&metadata))))
    }

    fn new(text: String, stamp: Option<Stamp>) -> Source {
        let mut starts = vec![if text.starts_with('\u{feff}') { 3 } else { 0 }];
        starts.extend(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at as u32 + 1));
        if starts.last().is_some_and(|last| *last as usize >= text.len()) {
            starts.pop();
        }
        starts.shrink_to_fit();
        let untouched = vec![None; starts.len()];
        Source { text, starts, untouched, stamp }
    }

    /// What it costs to hold.
    fn bytes(&self) -> usize {
        self.text.capacity()
            + self.starts.capacity() * size_of::<u32>()
            + self.untouched.capacity() * size_of::<Option<u16>>()
    }

    fn untouched(&mut self, index: usize, leaves: &dyn Fn(&Frame) -> Untouched) -> u16 {
        if let Some(Some(known)) = self.untouched.get(index) {
            return *known;
        }
        let Some(Context { pre, line, post }) = self.context(index) else { return 0 };
        let probe = Frame { pre_context: pre, context_line: Some(line), post_context: post, ..Frame::default() };
        let lines = leaves(&probe).lines;
        if let Some(slot) = self.untouched.get_mut(index) {
            *slot = Some(lines);
        }
        lines
    }

    fn context(&self, index: usize) -> Option<Context> {
        let line = self.line(index)?;
        let around = |from: usize, to: usize| (from..to).map_while(|i| self.line(i)).collect();
        Some(Context {
            pre: around(index.saturating_sub(CONTEXT_LINES), index),
            line,
            post: around(index + 1, (index + 1 + CONTEXT_LINES).min(self.starts.len())),
        })
    }

    fn line(&self, index: usize) -> Option<String> {
        let start = *self.starts.get(index)? as usize;
        let end = self.starts.get(index + 1).map_or(self.text.len(), |next| *next as usize);
        let line = self.text.get(start..end)?;
        let line = line.strip_suffix('\n').unwrap_or(line);
        Some(cut(line.strip_suffix('\r').unwrap_or(line)))
    }
}

fn cut(line: &str) -> String {
    const KEPT: usize = MAX_LINE_CHARS + LINE_LOOK_AHEAD;
    if line.len() <= KEPT {
        return line.to_owned();
    }
    match line.char_indices().nth(KEPT) {
        Some((at, _)) => line.get(..at).into_iter().flat_map(str::chars).chain([CUT_MARK]).collect(),
        None => line.to_owned(),
    }
}

/// A regular file of at most `limit` bytes; never waits for anything but the disk.
pub(super) fn read_bounded(path: &Path, limit: u64) -> Option<(Vec<u8>, Metadata)> {
    // Asked before opening, because opening a device can have effects; and again afterwards,
    // because the path can have been exchanged in between.
    readable(&std::fs::metadata(path).ok()?, limit)?;
    let file = open(path).ok()?;
    let metadata = file.metadata().ok()?;
    readable(&metadata, limit)?;
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).ok()? + 1);
    file.take(limit + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= limit).then_some((bytes, metadata))
}

/// A regular file that is not too long. One of length 0 has no lines, or lies in /proc and may block.
fn readable(metadata: &Metadata, limit: u64) -> Option<()> {
    (metadata.is_file() && (1..=limit).contains(&metadata.len())).then_some(())
}

fn open(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, O_NONBLOCK);
    options.open(path)
}

/// `O_NONBLOCK`, without libc, which the server does not link for this: a pipe that takes the
/// file's place between check and open does not hold the worker.
#[cfg(unix)]
const O_NONBLOCK: i32 = if cfg!(any(target_os = "linux", target_os = "android")) {
    if cfg!(any(target_arch = "mips", target_arch = "mips64")) {
        0x80
    } else if cfg!(any(target_arch = "sparc", target_arch = "sparc64")) {
        0x4000
    } else {
        0o4000
    }
} else if cfg!(any(target_os = "solaris", target_os = "illumos")) {
    0x80
} else {
    // The BSDs, Apple's systems.
    0x4
};

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::path::PathBuf;

    /// A folder of its own for each test.
    fn folder(test: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("faultwire-source-{}-{test}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn file(test: &str, content: &[u8]) -> String {
        let path = folder(test).join("source.py");
        File::create(&path).unwrap().write_all(content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn numbered(n: usize) -> String {
        (1..=n).map(|i| format!("line {i}\n")).collect()
    }

    #[test]
    fn five_lines_on_each_side_and_fewer_at_the_ends() {
        let path = file("sides", numbered(20).as_bytes());
        let mut cache = SourceCache::new();
        let context = cache.context(&path, 10).unwrap();
        assert_eq!(context.pre, ["line 5", "line 6", "line 7", "line 8", "line 9"]);
        assert_eq!(context.line, "line 10");
        assert_eq!(context.post, ["line 11", "line 12", "line 13", "line 14", "line 15"]);
        let first = cache.context(&path, 1).unwrap();
        assert_eq!((first.pre.len(), first.post.len()), (0, 5));
        let last = cache.context(&path, 20).unwrap();
        assert_eq!((last.pre.len(), last.post.len()), (5, 0));
        assert_eq!(cache.context(&path, 21), None);
        assert_eq!(cache.context(&path, 0), None);
        assert_eq!(cache.context(&path, u32::MAX), None);
    }

    #[test]
    fn line_ends_marks_and_bad_bytes() {
        let path = file("bytes", b"\xef\xbb\xbffirst\r\nsec\xffond\r\nlast");
        let mut cache = SourceCache::new();
        let context = cache.context(&path, 2).unwrap();
        assert_eq!(
            (context.pre[0].as_str(), context.line.as_str(), context.post[0].as_str()),
            ("first", "sec\u{fffd}ond", "last")
        );
    }

    #[test]
    fn long_lines_are_cut_visibly_past_the_limit_of_the_sanitizer() {
        let path = file("long", "é".repeat(100_000).as_bytes());
        let line = SourceCache::new().context(&path, 1).unwrap().line;
        assert_eq!(line.chars().count(), MAX_LINE_CHARS + LINE_LOOK_AHEAD + 1);
        assert!(line.ends_with(CUT_MARK));
    }

    #[test]
    fn an_edit_shows_after_a_second_and_a_new_file_after_a_while() {
        let path = file("edit", b"old\n");
        let mut cache = SourceCache::new();
        let start = Instant::now();
        let line = |cache: &mut SourceCache, path: &str, secs| {
            cache.context_at(path, 1, start + Duration::from_secs(secs)).map(|c| c.line)
        };
        assert_eq!(line(&mut cache, &path, 0).as_deref(), Some("old"));
        std::fs::write(&path, b"edited\n").unwrap();
        assert_eq!(line(&mut cache, &path, 0).as_deref(), Some("old"));
        assert_eq!(line(&mut cache, &path, 2).as_deref(), Some("edited"));
        let absent = path.replace("source.py", "absent.py");
        assert_eq!(line(&mut cache, &absent, 2), None);
        std::fs::write(&absent, b"there\n").unwrap();
        assert_eq!(line(&mut cache, &absent, 3), None);
        assert_eq!(line(&mut cache, &absent, 20).as_deref(), Some("there"));
        std::fs::remove_file(&absent).unwrap();
        assert_eq!(line(&mut cache, &absent, 22), None);
    }

    #[test]
    fn what_is_no_file_is_refused() {
        let big = file("big", &vec![b'\n'; MAX_FILE_BYTES as usize + 1]);
        let directory = std::env::temp_dir();
        for path in ["<string>", "relative.py", "", "/", "/nonexistent/x.py", &big, directory.to_str().unwrap()] {
            assert_eq!(SourceCache::new().context(path, 1), None, "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn pipes_devices_and_kernel_files_do_not_hold_the_worker() {
        let pipe = folder("pipe").join("pipe.py");
        let _ = std::fs::remove_file(&pipe);
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let start = Instant::now();
        for path in [pipe.to_str().unwrap(), "/dev/zero", "/dev/tty", "/dev/random", "/proc/kmsg", "/proc/self/environ"]
        {
            assert_eq!(SourceCache::new().context(path, 1), None, "{path}");
        }
        // Past the check, too: a pipe that has taken the place of a file.
        assert!(open(&pipe).is_ok_and(|f| f.metadata().is_ok_and(|m| readable(&m, MAX_FILE_BYTES).is_none())));
        assert!(start.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn the_cache_stays_below_its_bounds() {
        let folder = folder("bounds");
        let content = "x = 1\n".repeat(100_000);
        let mut cache = SourceCache::new();
        for i in 0..40 {
            let path = folder.join(format!("{i}.py"));
            std::fs::write(&path, &content).unwrap();
            assert!(cache.context(path.to_str().unwrap(), 50_000).is_some());
            assert!(cache.bytes <= MAX_CACHE_BYTES);
        }
        for i in 0..2000 {
            assert_eq!(cache.context(&format!("/nonexistent/{i}.py"), 1), None);
            assert!(cache.entries.len() <= MAX_CACHE_FILES);
        }
        let held: usize = cache.entries.values().filter_map(|e| e.file.as_ref()).map(Source::bytes).sum();
        assert_eq!(cache.bytes, held);
        std::fs::remove_dir_all(folder).unwrap();
    }

    /// Figures: `cargo test --release -p faultwire figures -- --ignored --nocapture`.
    #[test]
    #[ignore = "prints figures"]
    fn figures_of_fifty_cached_frames() {
        let path = file("quick", "    total = sum(item.price * item.count for item in order)\n".repeat(500).as_bytes());
        let mut cache = SourceCache::new();
        let mut stack = Stacktrace::default();
        for i in 0..50 {
            stack.frames.push(crate::protocol::Frame {
                abs_path: Some(path.clone()),
                lineno: Some(10 + i),
                ..Default::default()
            });
        }
        cache.attach(&mut stack.clone(), &|_| Untouched::default());
        let mut best = Duration::MAX;
        for _ in 0..200 {
            let mut copy = stack.clone();
            let start = Instant::now();
            cache.attach(&mut copy, &|_| Untouched::default());
            best = best.min(start.elapsed());
        }
        println!("50 cached frames: {best:?}");
    }
}
