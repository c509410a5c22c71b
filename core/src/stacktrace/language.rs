//! The languages this core knows, and how library folders are recognised in their paths.

use crate::protocol::Frame;

use super::{Rules, jvm, python, rust, swift, v8};

/// What a language says of a frame. A new language is a file with these and a row below.
pub(super) struct Language {
    platforms: &'static [&'static str],
    /// Module and function, where they follow from what the frame has.
    pub complete: fn(&mut Frame, &Rules),
    /// The path as people name it, from the path on the machine and the module.
    pub filename: fn(&str, Option<&str>, &Rules) -> String,
    /// Whether the code is the application's, from module and path.
    pub in_app: fn(Option<&str>, Option<&str>) -> bool,
    /// How a stack is read that is a text.
    pub text: Option<TextForm>,
    /// What the interpreter says in a crash.
    pub dump: Option<DumpForm>,
    /// A module of the application can have a package's name, `router`: builtin rows of the blocklist are
    /// for libraries only.
    pub shares_names: bool,
    /// Files can be generated from others, with source maps.
    #[cfg_attr(not(feature = "client"), allow(dead_code, reason = "only a client has the files"))]
    pub has_maps: bool,
}

/// A stack that is a text.
#[derive(Clone, Copy)]
pub(crate) struct TextForm {
    /// The texts of its places, callee first, from the text and the error's message.
    pub split: for<'s> fn(&'s str, &str) -> Vec<&'s str>,
    /// The frame of one; `None` where it is none.
    pub frame: fn(&str) -> Option<Frame>,
    /// What a text says that has no place, if it is more than the error's header.
    #[cfg_attr(not(feature = "client"), allow(dead_code, reason = "captures are a client's"))]
    pub without_places: for<'s> fn(&'s str, &str) -> Option<&'s str>,
}

/// What an interpreter's own handler of signals writes of the thread that crashed.
#[derive(Clone, Copy)]
pub(super) struct DumpForm {
    /// The frames of such a text, caller to callee.
    pub frames: fn(&str) -> Vec<Frame>,
    /// Whether a native function, by its name, is where the interpreter runs code of the language: those frames stand
    /// in its place and in that of all that called it.
    #[cfg_attr(not(all(feature = "client", native_crashes)), allow(dead_code, reason = "crashes are a client's"))]
    pub runs_code: fn(&str) -> bool,
}

const LANGUAGES: &[Language] = &[
    Language {
        platforms: &["python"],
        complete: python::complete,
        filename: python::filename,
        in_app: python::in_app,
        text: None,
        dump: Some(DumpForm { frames: python::dumped, runs_code: python::runs_code }),
        shares_names: false,
        has_maps: false,
    },
    Language {
        platforms: &["rust"],
        complete: rust::complete,
        filename: rust::filename,
        in_app: rust::in_app,
        text: None,
        dump: None,
        shares_names: false,
        has_maps: false,
    },
    Language {
        platforms: &["java", "kotlin", "android", "scala", "groovy", "clojure"],
        complete: jvm::complete,
        filename: jvm::filename,
        in_app: jvm::in_app,
        text: None,
        dump: None,
        shares_names: false,
        has_maps: false,
    },
    Language {
        platforms: &["cocoa", "swift"],
        complete: swift::complete,
        filename: swift::filename,
        in_app: swift::in_app,
        text: None,
        dump: None,
        shares_names: false,
        has_maps: false,
    },
    Language {
        platforms: &["node", "javascript"],
        complete: v8::complete,
        filename: v8::filename,
        in_app: v8::in_app,
        text: Some(TextForm { split: v8::split, frame: v8::frame, without_places: v8::without_places }),
        dump: None,
        shares_names: true,
        has_maps: true,
    },
];

/// The language of `platform`, if this core knows it.
pub(super) fn language(platform: &str) -> Option<&'static Language> {
    LANGUAGES.iter().find(|l| l.platforms.contains(&platform))
}

/// How one folder of a path is recognised.
pub(super) enum Dir {
    /// By its whole name.
    Is(&'static str),
    /// By the end of its name.
    Ends(&'static str),
    /// By a name followed by a version: `python3.12`, `Python311`, `pypy3.10`, `python3.13t`.
    Versioned(&'static str),
    /// Any: a hash or an index.
    Any,
}

impl Dir {
    fn matches(&self, name: &str) -> bool {
        match self {
            Dir::Is(whole) => name == *whole,
            Dir::Ends(end) => name.ends_with(end) && name.len() > end.len(),
            Dir::Versioned(start) => name.strip_prefix(start).is_some_and(|version| {
                version.starts_with(|c: char| c.is_ascii_digit())
                    && version.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b't')
            }),
            Dir::Any => true,
        }
    }
}

/// A row of a language's table: nested folders below which lie libraries, never the application.
pub(super) struct LibraryRoot {
    /// The folders, outermost first; at most [`DEEPEST`].
    pub dirs: &'static [Dir],
    /// What lies there, for readers of the table.
    #[allow(dead_code, reason = "for readers of the table")]
    pub why: &'static str,
}

/// Folders of the longest row.
pub(super) const DEEPEST: usize = 4;

/// The part of `path` below the innermost library root, if it lies below one.
pub(super) fn below_library<'p>(path: &'p str, rows: &[LibraryRoot]) -> Option<&'p str> {
    let mut last: [&str; DEEPEST] = [""; DEEPEST];
    let (mut start, mut found) = (0, None);
    for (at, _) in path.bytes().enumerate().filter(|(_, b)| *b == b'/' || *b == b'\\') {
        last.rotate_left(1);
        last[DEEPEST - 1] = &path[start..at];
        start = at + 1;
        let hit =
            rows.iter().any(|row| row.dirs.iter().rev().zip(last.iter().rev()).all(|(dir, name)| dir.matches(name)));
        if hit {
            found = Some(start);
        }
    }
    found.and_then(|at| path.get(at..)).filter(|rest| !rest.is_empty())
}

/// The path with `/` between its parts on every system.
pub(super) fn slashed(path: &str) -> String {
    path.replace('\\', "/")
}

/// The part after the last separator.
pub(super) fn basename(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}
