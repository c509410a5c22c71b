//! Text that is marked as a value: quotes, the sanitizer's marks, placeholders, Erlang's terms.

use super::LOOK_AHEAD;
use super::cursor::{Cursor, Hit};

/// `[Filtered]` and `[Filtered:kind]` stay: they are placeholders already.
pub(super) fn filtered(c: &Cursor) -> Option<Hit> {
    let start = c.position();
    let mut end = start + b"[Filtered".len();
    if !c.has(start, b"[Filtered") {
        return None;
    }
    if c.at(end) == b':' {
        end += 1;
        end += c.run(end, LOOK_AHEAD, |b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    }
    (c.at(end) == b']').then_some(Hit { keep: end + 1, end: end + 1, literal: None })
}

/// A placeholder of the table stays.
pub(super) fn placeholder(c: &Cursor) -> Option<Hit> {
    let name = c.placeholder_at(c.position())?;
    Some(Hit { keep: c.position(), end: c.position() + name.len(), literal: Some(name) })
}

/// Names before the `<` of a printed term.
pub(super) const ERLANG: &[&str] = &["#PID", "#Ref", "#Reference", "#Port"];

/// `#PID<0.1.2>` and the bare `<0.1.2>`.
pub(super) fn erlang(c: &Cursor) -> Option<Hit> {
    let start = c.position();
    let open = if c.byte() == b'<' {
        start
    } else {
        ERLANG
            .iter()
            .map(|name| (name, start + name.len()))
            .find(|(name, end)| c.has(start, name.as_bytes()) && c.at(*end) == b'<')?
            .1
    };
    let inner = c.run(open + 1, LOOK_AHEAD, |b| b.is_ascii_digit() || b == b'.');
    let end = open + 1 + inner;
    let dots = c.slice(open + 1, end).iter().filter(|b| **b == b'.').count();
    let ends_well = c.at(end) == b'>' && c.at(open + 1) != b'.' && c.at(end - 1) != b'.';
    (ends_well && (1..=5).contains(&dots)).then(|| c.hit(end + 1)).flatten()
}

/// Letters that may stand directly before a quote and belong to the literal.
pub(super) const STRING_PREFIXES: &[&str] = &["b", "r", "u", "f", "br", "rb", "B", "R", "U", "N", "E", "L"];

/// A quoted value. The opening quote follows no word, the closing one is followed by none, both are on
/// one line; a value escaped as a whole (`\"a\"`) counts too.
pub(super) fn quoted(c: &Cursor) -> Option<Hit> {
    let prefix = c.word();
    let mut open = c.position();
    if c.after_word() || c.after_value() {
        return None;
    }
    if prefix.len() > 0 {
        if prefix.len() > 2 || !matches!(c.at(prefix.end), b'\'' | b'"') {
            return None;
        }
        let word = c.slice(prefix.start, prefix.end);
        if !STRING_PREFIXES.iter().any(|p| p.as_bytes() == word) {
            return None;
        }
        open = prefix.end;
    }
    let escaped = prefix.len() == 0 && c.escaped(open);
    let slot = |n: usize| n * 2 + usize::from(escaped);
    let end = match c.at(open) {
        b'\'' => c.closing(slot(0), b"'", escaped, open + 1)? + 1,
        b'"' => c.closing(slot(1), b"\"", escaped, open + 1)? + 1,
        b'`' => {
            let same = c.closing(slot(2), b"`", escaped, open + 1);
            let other = c.closing(slot(0), b"'", escaped, open + 1);
            same.into_iter().chain(other).min()? + 1
        }
        _ if c.has(open, "\u{201c}".as_bytes()) => c.closing(6, "\u{201d}".as_bytes(), false, open + 3)? + 3,
        _ if c.has(open, "\u{2018}".as_bytes()) => c.closing(7, "\u{2019}".as_bytes(), false, open + 3)? + 3,
        _ if c.has(open, "\u{ab}".as_bytes()) => c.closing(8, "\u{bb}".as_bytes(), false, open + 2)? + 2,
        _ => return None,
    };
    c.hit(end)
}
