//! Frames of framework plumbing: between the server's loop and the application's function there
//! are dozens, the same in every event.
//!
//! The rows are data, a table for each platform in a file of its own; a row is a [`Row`]. An application adds
//! its own with the option `frame_blocklist`.

mod jvm;
mod node;
mod python;
mod row;
mod rust;
mod swift;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

use crate::Error;
use crate::protocol::Frame;

use super::in_app::under;
use super::language::language;
pub use row::{Role, Row};

/// Every platform with its builtin rows. Each row has a case in `tests/vectors/stack`.
pub const BUILTIN: &[(&str, &[Row])] = &[
    ("python", python::ROWS),
    ("rust", rust::ROWS),
    ("java", jvm::ROWS),
    ("cocoa", swift::ROWS),
    ("node", node::ROWS),
];

/// The builtin rows of `platform`; a process that never meets it never reads them.
fn builtin(platform: &str) -> Option<&'static Index> {
    struct Table {
        platform: &'static str,
        lines: fn() -> &'static str,
        index: OnceLock<Index>,
    }
    const fn table(platform: &'static str, lines: fn() -> &'static str) -> Table {
        Table { platform, lines, index: OnceLock::new() }
    }
    static TABLES: [Table; 5] = [
        table("python", python::lines),
        table("rust", rust::lines),
        table("java", jvm::lines),
        table("cocoa", swift::lines),
        table("node", node::lines),
    ];
    let table = TABLES.iter().find(|table| table.platform == platform)?;
    Some(table.index.get_or_init(|| {
        let mut index = Index::default();
        (table.lines)().lines().filter_map(Row::read).for_each(|row| index.add(row.pattern()));
        index
    }))
}

/// Platform, module (or function, for a frame without a module) and function.
fn position<'f>(platform: &'f str, frame: &'f Frame) -> (&'f str, &'f str, &'f str) {
    let function = frame.function.as_deref().unwrap_or_default();
    (frame.platform.as_deref().unwrap_or(platform), frame.module.as_deref().unwrap_or(function), function)
}

/// A row as it is matched.
#[derive(Debug, Clone)]
struct Pattern {
    platform: Option<String>,
    module: Cow<'static, str>,
    /// The module's last segment is only a beginning.
    open: bool,
    /// The module is only a part, which may stand anywhere.
    inside: bool,
    function: Option<Cow<'static, str>>,
    role: Role,
}

impl Pattern {
    /// `platform` is the frame's, or anything when the pattern names none.
    fn matches(&self, platform: &str, place: &str, function: &str) -> bool {
        self.platform.as_deref().is_none_or(|p| p == platform)
            && match self {
                Pattern { inside: true, .. } => place.contains(&*self.module),
                Pattern { open: true, .. } => place.starts_with(&*self.module),
                _ => under(place, &self.module),
            }
            && self.function.as_deref().is_none_or(|name| names(function, name))
    }
}

/// Whether a segment of `function` is `name`, alone, with generic arguments or with labels.
fn names(function: &str, name: &str) -> bool {
    let bare =
        |segment: &str| segment.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['<', '(']));
    function.split(['.', ':']).any(bare)
}

/// Patterns by the first segment of their module, so that a frame is compared with few of them.
#[derive(Debug, Clone, Default)]
struct Index {
    by_first: HashMap<String, Vec<Pattern>>,
    /// Those whose first segment is only a beginning, or unknown.
    open_first: Vec<Pattern>,
}

impl Index {
    fn add(&mut self, pattern: Pattern) {
        let first = first_segment(&pattern.module);
        if pattern.inside || (first.len() == pattern.module.len() && pattern.open) {
            self.open_first.push(pattern);
        } else {
            self.by_first.entry(first.replace('-', "_")).or_default().push(pattern);
        }
    }

    fn role(&self, platform: &str, place: &str, function: &str) -> Option<Role> {
        let first = first_segment(place);
        let near = match first.contains('-') {
            true => self.by_first.get(&first.replace('-', "_")),
            false => self.by_first.get(first),
        };
        let near = near.into_iter().flatten();
        let hits = near.chain(&self.open_first).filter(|p| p.matches(platform, place, function));
        // A narrow row for a reporter stands beside a wide one for plumbing.
        hits.map(|p| p.role).max_by_key(|role| match role {
            Role::Plumbing => 0,
            Role::Carrier => 1,
            Role::Reporter => 2,
        })
    }
}

fn first_segment(module: &str) -> &str {
    module.split(['.', ':', '/']).next().unwrap_or(module)
}

/// Which frames leave a stack: the builtin rows and the application's own.
#[derive(Debug, Clone, Default)]
pub struct Blocklist {
    extra: Index,
}

impl Blocklist {
    /// The builtin rows only.
    pub fn builtin() -> Self {
        Blocklist::default()
    }

    /// The builtin rows and `extra`: `module`, `module:function` or `platform|module:function`,
    /// where a module covers what lies below it, and `*` at its end any name that starts so.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] for `frame_blocklist` with the row that does not parse.
    pub fn with(extra: &[String]) -> Result<Self, Error> {
        let mut index = Index::default();
        for text in extra {
            index.add(parse(text).ok_or_else(|| {
                let shown: String = text.chars().take(80).collect();
                let forms = "expected `module`, `module:function` or `platform|module:function`";
                Error::option("frame_blocklist", format!("{forms}, found `{shown}`"))
            })?);
        }
        Ok(Blocklist { extra: index })
    }

    /// Whether `frame` is plumbing. The frame's own platform wins over `platform`.
    pub fn blocks(&self, platform: &str, frame: &Frame) -> bool {
        self.role(platform, frame).is_some()
    }

    fn role(&self, platform: &str, frame: &Frame) -> Option<Role> {
        let (platform, place, function) = position(platform, frame);
        let own = || frame.in_app == Some(true) && language(platform).is_some_and(|l| l.shares_names);
        self.extra
            .role(platform, place, function)
            .or_else(|| if own() { None } else { builtin(platform)?.role(platform, place, function) })
    }

    /// Takes the plumbing out of `frames` (caller to callee); returns how many frames left.
    ///
    /// The last frame stays, since it is where the crash happened, unless it belongs to what
    /// reported the crash ([`Role::Reporter`]): then the frame before that counts as the last. A
    /// stack of nothing but plumbing stays whole.
    pub(super) fn remove(&self, platform: &str, frames: &mut Vec<Frame>) -> u32 {
        let roles: Vec<Option<Role>> = frames.iter().map(|f| self.role(platform, f)).collect();
        if roles.iter().all(Option::is_some) {
            return 0;
        }
        let mut end = roles.len();
        for (at, role) in roles.iter().enumerate().rev() {
            match role {
                Some(Role::Reporter) => end = at,
                Some(Role::Carrier) => {}
                Some(Role::Plumbing) | None => break,
            }
        }
        let before = frames.len();
        let mut at = 0;
        frames.retain(|_| {
            let stays = at < end && (at + 1 == end || roles[at].is_none());
            at += 1;
            stays
        });
        u32::try_from(before - frames.len()).unwrap_or(u32::MAX)
    }
}

/// A row as an application writes it.
fn parse(text: &str) -> Option<Pattern> {
    let (platform, rest) = match text.trim().split_once('|') {
        Some((platform, rest)) => (Some(platform), rest),
        None => (None, text.trim()),
    };
    // The function stands after a single colon; `::` belongs to the module, and so does the one of `node:`.
    let scheme = if rest.starts_with("node:") { "node:".len() } else { 0 };
    let bytes = rest.as_bytes();
    let colon = |at: usize| at < bytes.len() && bytes[at] == b':';
    let single = (scheme..bytes.len()).rev().find(|at| colon(*at) && !colon(at + 1) && (*at == 0 || !colon(at - 1)));
    let (module, function) = match single {
        Some(at) => (&rest[..at], Some(&rest[at + 1..])),
        None => (rest, None),
    };
    let (stem, open) = match module.strip_suffix('*') {
        // `myapp.*` says by segments what `myapp` says.
        Some(stem) if stem.ends_with(['.', ':', '/']) => (stem.trim_end_matches(['.', ':', '/']), false),
        Some(stem) => (stem, true),
        None => (module, false),
    };
    let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let name = |s: &str| !s.is_empty() && s.chars().all(word);
    let callable = |s: &str| !s.is_empty() && s.chars().all(|c| word(c) || "<>{}#".contains(c));
    let valid = platform.is_none_or(name)
        && stem.get(scheme..)?.split("::").flat_map(|s| s.split(['.', '/'])).all(|s| name(s.trim_start_matches('@')))
        && function.is_none_or(callable);
    valid.then(|| Pattern {
        platform: platform.map(str::to_owned),
        module: stem.to_owned().into(),
        open,
        inside: false,
        function: function.map(|name| name.to_owned().into()),
        role: Role::Plumbing,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_an_application_parse_or_are_named() {
        let good = "myapp myapp.db.* my* myapp.db:run python|myapp:run rust|app::db:run app::db::* a:<lambda> \
                    src/db/* @acme/db @acme/db:run node:zlib node|node:zlib:run";
        for row in good.split(' ') {
            assert!(parse(row).is_some(), "{row}");
        }
        let bad = [
            "", " ", "|", "*", "python|", "|myapp", "myapp:", ":run", "my*app", "a b", "a:b:c", "a..b", "a|b|c",
            "a:b c", "a//b", "node:", "@",
        ];
        for row in bad {
            let error = Blocklist::with(&["fine".to_owned(), row.to_owned()]).unwrap_err();
            assert_eq!(error.field, "frame_blocklist", "{row:?}");
            assert!(error.message.ends_with(&format!("`{row}`")), "{error}");
        }
    }

    #[test]
    fn no_row_stands_twice() {
        let mut seen = std::collections::HashSet::new();
        for (platform, rows) in BUILTIN {
            for row in *rows {
                assert!(seen.insert((platform, row.module, row.function)), "{platform}: {row:?}");
                assert!(!row.why.is_empty());
            }
        }
    }

    #[test]
    fn what_a_process_reads_is_the_tables() {
        let texts = [python::lines(), rust::lines(), jvm::lines(), swift::lines(), node::lines()];
        for ((platform, rows), text) in BUILTIN.iter().zip(texts) {
            let read: Vec<Row> = text.lines().map(|line| Row::read(line).unwrap()).collect();
            let written: Vec<Row> = rows.iter().map(|row| Row { why: "", ..*row }).collect();
            assert_eq!(read, written, "{platform}");
            assert!(builtin(platform).is_some(), "{platform}");
        }
    }

    const PINNED: &str = "a37170f0cf10caec47836fd6f267b5cb2635fba12f894e4d3b503abb228ca44a";

    /// The rows decide which frames fingerprint v1 sees. When this fails you changed one: before v1
    /// is released, pin the hash that the failure prints; afterwards the fingerprints of stored
    /// issues depend on it, and the change belongs to v2.
    #[test]
    fn the_rows_are_those_of_fingerprint_v1() {
        use sha2::{Digest as _, Sha256};
        let mut hasher = Sha256::new();
        for (platform, row) in BUILTIN.iter().flat_map(|(platform, rows)| rows.iter().map(move |row| (platform, row))) {
            let role = format!("{:?}", row.role);
            let function = if row.function.is_empty() { "*" } else { row.function };
            for text in [platform, row.module, function, &role] {
                hasher.update((text.len() as u64).to_le_bytes());
                hasher.update(text);
            }
        }
        let hash: String = hasher.finalize().iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hash, PINNED, "the blocklist changed: read the comment of this test");
    }
}
