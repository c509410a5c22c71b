//! Source maps of generated files, found and read on the worker.
//!
//! A file says where its map is in a comment at its end: a file beside it, or the map itself in base64. Only
//! local regular files are read, bounded, and each once: what runs was loaded from the file as it was, and the
//! worker remembers places anyway.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use memchr::memmem;

use super::language::language;
use super::source::{SourceCache, read_bounded};
use super::sourcemap::{Generated, SourceId, SourceMap, original_name};
use super::{Rules, complete, v8};
use crate::base64;
use crate::protocol::{Frame, Untouched};

/// Generated files that are longer are not looked at: more than any bundle that a server loads.
const MAX_GENERATED_BYTES: u64 = 8 << 20;
/// Maps that are longer are not read; they are some times as long as what they are of.
const MAX_MAP_BYTES: u64 = 24 << 20;
/// Held in all: at least the longest file with its map.
const MAX_CACHE_BYTES: usize = 32 << 20;
/// Files remembered in all, those without a map among them.
const MAX_CACHE_FILES: usize = 512;
/// Sources remembered of which a map brings the text.
const MAX_CONTENTS: usize = 4096;
/// Where the comment with the map's place is looked for, from the end of the file; an inline map can stand after it.
const COMMENT: &[u8] = b"sourceMappingURL=";

/// Where a piece of code comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Position {
    /// Path of the source on this machine, or the URL that a bundler made.
    pub path: String,
    /// 1-based.
    pub line: u32,
    /// 1-based.
    pub column: u32,
    /// The function's name, where the map knows another than the one given.
    pub function: Option<String>,
}

/// Maps read lately, bounded in bytes and number.
#[derive(Debug, Default)]
pub(crate) struct Maps {
    entries: HashMap<String, Entry>,
    bytes: usize,
    /// Counts lookups; an entry's is that of its last.
    clock: u64,
    /// By the path of a source, which generated file's map brings its text.
    contents: HashMap<String, (String, SourceId)>,
}

#[derive(Debug)]
struct Entry {
    used: u64,
    /// `None`: the file has no map.
    mapped: Option<Mapped>,
}

#[derive(Debug)]
struct Mapped {
    map: SourceMap,
    /// What URLs in the map are relative to.
    folder: String,
    /// Kept where the map has names to look for in it.
    file: Option<Generated>,
}

impl Maps {
    /// The original of the code at a 1-based position of the file at `path`, in which the engine calls the
    /// function `function`. `None` where there is no map or it says nothing.
    pub fn original(&mut self, path: &str, line: u32, column: u32, function: Option<&str>) -> Option<Position> {
        if !v8::is_generated(path) || !Path::new(path).is_absolute() {
            return None;
        }
        let (line, column) = (line.checked_sub(1)?, column.checked_sub(1)?);
        let mapped = self.mapped(path)?;
        let (position, id) = mapped.original(line, column, function)?;
        if mapped.map.content(id).is_some() && !self.contents.contains_key(&position.path) {
            if self.contents.len() >= MAX_CONTENTS {
                self.contents.clear();
            }
            self.contents.insert(position.path.clone(), (path.to_owned(), id));
        }
        Some(position)
    }

    /// The text of a source that a map brings, by the path that [`Maps::original`] gave.
    pub fn content(&mut self, source: &str) -> Option<&str> {
        let (path, id) = self.contents.get(source)?.clone();
        self.mapped(&path)?.map.content(id)
    }

    /// Whether [`Maps::content`] may have the text of a source.
    pub fn has_content(&self, source: &str) -> bool {
        self.contents.contains_key(source)
    }

    fn mapped(&mut self, path: &str) -> Option<&Mapped> {
        self.clock += 1;
        if !self.entries.contains_key(path) {
            self.load(path);
        }
        let entry = self.entries.get_mut(path)?;
        entry.used = self.clock;
        entry.mapped.as_ref()
    }

    fn load(&mut self, path: &str) {
        let mapped = Mapped::read(path).filter(|m| m.bytes() <= MAX_CACHE_BYTES);
        let size = mapped.as_ref().map_or(0, Mapped::bytes);
        while self.entries.len() >= MAX_CACHE_FILES || self.bytes + size > MAX_CACHE_BYTES {
            let Some(oldest) = self.entries.iter().min_by_key(|(_, e)| e.used).map(|(path, _)| path.clone()) else {
                break;
            };
            self.bytes -= self.entries.remove(&oldest).and_then(|e| e.mapped).as_ref().map_or(0, Mapped::bytes);
        }
        self.bytes += size;
        self.entries.insert(path.to_owned(), Entry { used: self.clock, mapped });
    }
}

impl Mapped {
    fn read(path: &str) -> Option<Mapped> {
        let (bytes, _) = read_bounded(Path::new(path), MAX_GENERATED_BYTES)?;
        Mapped::of(path, bytes)
    }

    /// The map of the file at `path`, whose content is `bytes`.
    fn of(path: &str, bytes: Vec<u8>) -> Option<Mapped> {
        let url = mapping_url(&bytes)?;
        let folder = |path: &str| path.rfind(['/', '\\']).map_or("", |at| path.get(..at).unwrap_or("")).to_owned();
        let (text, folder) = if let Some(data) = url.strip_prefix("data:") {
            (Cow::Owned(data_content(data)?), folder(path))
        } else {
            let local = |path: &String| Path::new(path).is_absolute() && !is_network(path);
            let path = source_path(&folder(path), url).filter(local)?;
            (Cow::Owned(read_bounded(Path::new(&path), MAX_MAP_BYTES)?.0), folder(&path))
        };
        let map = SourceMap::parse(&text)?;
        let file = map.has_names().then(|| String::from_utf8(bytes).ok()).flatten().map(|t| Generated::new(t.into()));
        Some(Mapped { map, folder, file })
    }

    /// As [`Maps::original`], at a 0-based position.
    fn original(&self, line: u32, column: u32, function: Option<&str>) -> Option<(Position, SourceId)> {
        let original = self.map.original(line, column)?;
        let position = Position {
            path: source_path(&self.folder, original.source)?,
            line: original.line.checked_add(1)?,
            column: original.column.checked_add(1)?,
            function: function
                .zip(self.file.as_ref())
                .and_then(|(name, file)| original_name(&self.map, file, line, column, name)),
        };
        Some((position, original.id))
    }

    fn bytes(&self) -> usize {
        self.map.bytes() + self.folder.len() + self.file.as_ref().map_or(0, Generated::bytes)
    }
}

/// What the map within `file` says of 0-based positions at which functions are called so.
pub(crate) fn inline_originals(file: Vec<u8>, asked: &[(u32, u32, &str)]) -> Vec<Option<Position>> {
    let inline = mapping_url(&file).is_some_and(|url| url.starts_with("data:"));
    let mapped = if inline { Mapped::of("/srv/app/dist/main.js", file) } else { None };
    let ask = |(line, column, name): &(u32, u32, &str)| Some(mapped.as_ref()?.original(*line, *column, Some(name))?.0);
    asked.iter().map(ask).collect()
}

/// Where a file's last line with code, or the comment below it, says that its map is.
fn mapping_url(file: &[u8]) -> Option<&str> {
    let at = memmem::rfind(file, COMMENT)?;
    let before = file.get(..at)?.trim_ascii_end();
    if ![&b"//#"[..], b"//@", b"/*#"].iter().any(|mark| before.ends_with(mark)) {
        return None;
    }
    let rest = file.get(at + COMMENT.len()..)?;
    let end = rest.iter().position(|b| b.is_ascii_whitespace() || *b == b'*').unwrap_or(rest.len());
    let (url, below) = rest.split_at_checked(end)?;
    // Code below it would mean that another file was put before this one.
    let below = below.strip_prefix(b"*/").unwrap_or(below);
    let only_comments = below
        .split(|b| *b == b'\n')
        .map(<[u8]>::trim_ascii)
        .all(|line| line.is_empty() || line.starts_with(b"//") || line == b"*/");
    std::str::from_utf8(url).ok().filter(|url| only_comments && !url.is_empty())
}

/// The map in a `data:` URL, after `data:`.
fn data_content(data: &str) -> Option<Vec<u8>> {
    let (kind, content) = data.split_once(',')?;
    match kind.ends_with(";base64") {
        true => base64::decode(content.as_bytes()),
        false => Some(v8::percent_decoded(content).into_owned().into_bytes()),
    }
}

/// The path of a URL in a map or of a map, relative to `folder`; other schemes than `file` stay URLs.
fn source_path(folder: &str, url: &str) -> Option<String> {
    if let Some((scheme, _)) = url.split_once("://") {
        return Some(match scheme {
            "file" => v8::readable(url).into_owned(),
            _ => url.to_owned(),
        });
    }
    let url = v8::percent_decoded(url);
    let is_absolute = url.starts_with('/') || Path::new(&*url).is_absolute();
    let whole = if is_absolute { url.into_owned() } else { format!("{folder}/{url}") };
    if is_network(&whole) || whole.contains('\0') {
        return None;
    }
    Some(normal(&whole))
}

/// `//host/share` is a path on other machines.
fn is_network(path: &str) -> bool {
    path.starts_with("//") || path.starts_with("\\\\")
}

/// Without `.` and `..`.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split(['/', '\\']) {
        match part {
            "." => {}
            "" if !parts.is_empty() => {}
            // The first part is the root, or a drive.
            ".." if parts.len() > 1 => drop(parts.pop()),
            ".." => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Puts the original position into a frame of `platform`, with all that follows from its path; true if there is one.
pub(crate) fn apply(platform: &str, frame: &mut Frame, rules: &Rules, sources: &mut SourceCache) -> bool {
    if language(frame.platform.as_deref().unwrap_or(platform)).is_none_or(|l| !l.has_maps) {
        return false;
    }
    let Some(Position { path, line, column, function }) = sources.original(frame) else { return false };
    // What only says in other words where the generated file lies goes with it; what an application set stays.
    let mut derived = Frame { abs_path: frame.abs_path.take(), platform: frame.platform.clone(), ..Frame::default() };
    complete(platform, &mut derived, rules);
    let forget = |slot: &mut Option<String>, derived: Option<String>| {
        if *slot == derived {
            *slot = None;
        }
    };
    forget(&mut frame.module, derived.module);
    forget(&mut frame.filename, derived.filename);
    if frame.in_app == derived.in_app {
        frame.in_app = None;
    }
    frame.abs_path = Some(path);
    frame.lineno = Some(line);
    frame.colno = Some(column);
    frame.function = function.or(frame.function.take());
    frame.untouched = Untouched::default();
    complete(platform, frame, rules);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_comment_is_the_last_and_nothing_but_comments_follow_it() {
        for (file, expected) in [
            ("f();\n//# sourceMappingURL=main.js.map", Some("main.js.map")),
            ("f();\n//# sourceMappingURL=main.js.map\n\n", Some("main.js.map")),
            ("f();\n//@ sourceMappingURL=old.map\r\n", Some("old.map")),
            ("f();\n/*# sourceMappingURL=a.map*/", Some("a.map")),
            ("f();\n/*# sourceMappingURL=a.map */\n", Some("a.map")),
            ("//# sourceMappingURL=a.map\n//# sourceMappingURL=b.map", Some("b.map")),
            ("f();\n//# sourceMappingURL=a.map\n//# debugId=1", Some("a.map")),
            ("f('//# sourceMappingURL=a.map');\ng();", None),
            ("//# sourceMappingURL=a.map\ng();", None),
            ("x = 'sourceMappingURL=a.map'", None),
            ("//# sourceMappingURL=", None),
            ("", None),
        ] {
            assert_eq!(mapping_url(file.as_bytes()), expected, "{file}");
        }
    }

    #[test]
    fn sources_lie_relative_to_the_map() {
        for (url, expected) in [
            ("../src/a.ts", Some("/srv/shop/src/a.ts")),
            ("./a%20b.ts", Some("/srv/shop/dist/a b.ts")),
            ("/opt/a.ts", Some("/opt/a.ts")),
            ("file:///opt/a.ts", Some("/opt/a.ts")),
            ("../../../../../a.ts", Some("/a.ts")),
            ("webpack://shop/./src/a.ts", Some("webpack://shop/./src/a.ts")),
            ("//host/a.map", None),
            ("a\0b", None),
        ] {
            assert_eq!(source_path("/srv/shop/dist", url).as_deref(), expected, "{url}");
        }
        assert_eq!(source_path("C:\\shop\\dist", "../src/a.ts").as_deref(), Some("C:/shop/src/a.ts"));
    }

    #[test]
    fn the_cache_stays_below_its_bounds_and_reads_again_what_left() {
        let folder = std::env::temp_dir().join(format!("faultwire-maps-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let content = "x".repeat(2 << 20);
        let mut maps = Maps::default();
        let path = |n: usize| folder.join(format!("{n}.js")).to_str().unwrap().to_owned();
        for n in 0..40 {
            let map =
                format!(r#"{{"version":3,"sources":["{n}.ts"],"sourcesContent":["{content}"],"mappings":"AAAA"}}"#);
            std::fs::write(folder.join(format!("{n}.map")), map).unwrap();
            std::fs::write(path(n), format!("f()\n//# sourceMappingURL={n}.map")).unwrap();
            let position = maps.original(&path(n), 1, 1, Some("f")).unwrap();
            assert!(position.path.ends_with(&format!("/{n}.ts")));
            assert!(maps.bytes <= MAX_CACHE_BYTES);
        }
        for n in 0..2000 {
            assert_eq!(maps.original(&format!("/nonexistent/{n}.js"), 1, 1, None), None);
            assert!(maps.entries.len() <= MAX_CACHE_FILES);
        }
        let held: usize = maps.entries.values().filter_map(|e| e.mapped.as_ref()).map(Mapped::bytes).sum();
        assert_eq!(maps.bytes, held);
        let first = maps.content(folder.join("0.ts").to_str().unwrap()).map(str::len);
        assert_eq!(first, Some(content.len()));
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn only_generated_files_of_the_application_are_looked_at() {
        let mut maps = Maps::default();
        for path in
            ["/x/node_modules/a/b.js", "node:fs", "/x/a.ts", "a.js", "webpack://shop/./a.js", "/var/runtime/a.js"]
        {
            assert_eq!(maps.original(path, 1, 1, None), None);
        }
        assert!(maps.entries.is_empty());
    }
}
