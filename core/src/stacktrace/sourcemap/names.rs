//! What functions were called before a minifier renamed them.
//!
//! A map tells the names at positions, and a stack the short name of a function and a position within it: the
//! function's own name stands where it is defined, which is the nearest place before the position at which the
//! short name stands in the form of a definition.

use super::SourceMap;

/// Mappings looked at for a definition: a module's worth of minified code.
const MAX_STEPS: usize = 16_384;

/// Longest line with characters beyond ASCII in which names are looked for: columns have to be counted there.
const MAX_COUNTED: usize = 4096;

/// The text of a generated file, by lines.
#[derive(Debug)]
pub(in crate::stacktrace) struct Generated {
    text: Box<str>,
    /// Where each line begins.
    starts: Vec<u32>,
    is_ascii: bool,
}

impl Generated {
    pub fn new(text: Box<str>) -> Generated {
        let starts = std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at as u32 + 1));
        Generated { starts: starts.collect(), is_ascii: text.is_ascii(), text }
    }

    /// What it costs to hold.
    pub fn bytes(&self) -> usize {
        self.text.len() + self.starts.len() * size_of::<u32>()
    }

    /// A line up to a column in UTF-16 units, and from there on.
    fn split(&self, line: u32, column: u32) -> Option<(&str, &str)> {
        let start = *self.starts.get(line as usize)? as usize;
        let end = self.starts.get(line as usize + 1).map_or(self.text.len(), |next| *next as usize - 1);
        let text = self.text.get(start..end)?;
        let at = if self.is_ascii {
            column as usize
        } else if text.len() <= MAX_COUNTED {
            let mut units = 0;
            let ends = |(_, c): &(usize, char)| {
                units += c.len_utf16();
                units > column as usize
            };
            text.char_indices().find(ends).map_or(text.len(), |(at, _)| at)
        } else {
            return None;
        };
        text.split_at_checked(at)
    }
}

/// The function's name with every part of it that the map knows by another name: `n.reserve` is `Cart.reserve`.
/// The position is 0-based, in the generated file.
pub(in crate::stacktrace) fn original_name(
    map: &SourceMap,
    file: &Generated,
    line: u32,
    column: u32,
    name: &str,
) -> Option<String> {
    let (name, alias) = match name.find(" [as ") {
        Some(at) => name.split_at(at),
        None => (name, ""),
    };
    let (prefix, path) = match name.strip_prefix("new ") {
        Some(path) => ("new ", path),
        None => ("", name),
    };
    let mut changed = false;
    let parts: Vec<String> = path
        .split('.')
        .map(|part| {
            let known = is_name(part).then(|| definition(map, file, line, column, part)).flatten();
            changed |= known.is_some();
            known.unwrap_or_else(|| part.to_owned())
        })
        .collect();
    changed.then(|| format!("{prefix}{}{alias}", parts.join(".")))
}

fn is_name(part: &str) -> bool {
    let plain = part.strip_prefix('#').unwrap_or(part);
    !plain.is_empty() && plain.chars().all(in_name)
}

fn in_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// The original name of what is defined as `short` nearest before a position.
fn definition(map: &SourceMap, file: &Generated, line: u32, column: u32, short: &str) -> Option<String> {
    map.named_before(line, column, MAX_STEPS, |line, column, name| {
        let (before, after) = file.split(line, column)?;
        let after = after.strip_prefix(short)?;
        let defines = !after.starts_with(in_name) && is_definition(before, after);
        (defines && name != short && !name.is_empty()).then(|| name.to_owned())
    })
}

/// `function i(`, `class n`, `i=`, `i:`, and methods: `#e(`, `async i(`.
fn is_definition(before: &str, after: &str) -> bool {
    const WORDS: &[&str] = &["function", "function*", "class", "async", "static", "get", "set", "*"];
    let word = before.trim_end();
    let declared = WORDS.iter().any(|w| word.strip_suffix(w).is_some_and(|rest| !rest.ends_with(in_name)));
    let assigned = after.trim_start().strip_prefix('=').is_some_and(|rest| !rest.starts_with(['=', '>']));
    let member = after.starts_with(['(', ':']) && word.ends_with(['{', '}', ';', ',']);
    declared || assigned || member
}
