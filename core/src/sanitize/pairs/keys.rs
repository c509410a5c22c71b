//! The operator between a name and its value, and the name before it.

use super::ends::{ENTITIES, is_quote};
use super::{at, before};
use crate::sanitize::limits::KEY_WINDOW;
use crate::sanitize::rules::{KeyMatch, percent_decode};
use crate::sanitize::scan::{Scan, placeholder_before};

/// Where an operator that stands at `i` begins and ends, and whether it is a colon.
pub(super) struct Operator {
    pub start: usize,
    pub end: usize,
    pub colon: bool,
    pub encoded: bool,
}

pub(super) fn operator(b: &[u8], i: usize) -> Option<Operator> {
    match at(b, i) {
        b'=' => {
            let mut end = i + 1;
            while end < i + 3 && matches!(at(b, end), b'=' | b'>' | b'~') {
                end += 1;
            }
            let start = if matches!(before(b, i), b'!' | b'+' | b'?' | b'<' | b'|' | b'>') { i - 1 } else { i };
            Some(Operator { start, end, colon: false, encoded: false })
        }
        b':' => match at(b, i + 1) {
            b':' => None,
            b'/' if at(b, i + 2) == b'/' => None,
            b'=' => Some(Operator { start: i, end: i + 2, colon: false, encoded: false }),
            _ if before(b, i) == b':' => None,
            _ => {
                let start = if before(b, i) == b'?' { i - 1 } else { i };
                Some(Operator { start, end: i + 1, colon: true, encoded: false })
            }
        },
        b'%' if at(b, i + 1) == b'3' => match at(b, i + 2) | 32 {
            b'd' => Some(Operator { start: i, end: i + 3, colon: false, encoded: true }),
            b'a' => Some(Operator { start: i, end: i + 3, colon: true, encoded: true }),
            _ => None,
        },
        _ => None,
    }
}

/// Reads a key that ends at `end`, backwards, within [`KEY_WINDOW`].
pub(super) fn key_before<'s>(scan: &Scan<'_, 's>, end: usize) -> Option<(KeyMatch<'s>, bool)> {
    let b = scan.b;
    let blanks = b.get(..end)?.iter().rev().take(KEY_WINDOW).take_while(|c| matches!(c, b' ' | b'\t')).count();
    let mut end = end - blanks;
    let floor = end.saturating_sub(KEY_WINDOW);
    // `config["password"]`
    if before(b, end) == b']' && is_quote(before(b, end - 1)) {
        end -= 1;
    }
    let entity = ENTITIES.iter().find(|entity| b.get(floor..end).is_some_and(|head| head.ends_with(entity)));
    let quoted = entity.is_some() || (end > floor && is_quote(before(b, end)));
    if let Some(entity) = entity {
        end -= entity.len();
    } else if quoted {
        end -= 1;
        while end > floor && before(b, end) == b'\\' {
            end -= 1;
        }
    }
    let floor = scan.floor(end);
    let mut start = end;
    let in_key = |c: u8| c.is_ascii_alphanumeric() || c >= 0x80 || b"_-.$%[]+@".contains(&c);
    while start > floor && in_key(before(b, start)) {
        // The kind in a placeholder is no key.
        if before(b, start) == b']' && placeholder_before(b, start).is_some() {
            break;
        }
        start -= 1;
    }
    while start < end && !scan.text.is_char_boundary(start) {
        start += 1;
    }
    let key = scan.text.get(start..end)?;
    // One letter decides nothing; a digit or a bracket ends few names.
    if !key.bytes().any(|c| c.is_ascii_alphabetic() || c >= 0x80) {
        return None;
    }
    let decoded = percent_decode(key);
    if let Some(found) = scan.keys.find(&decoded) {
        return Some((found, quoted));
    }
    // `\npassword=`: the letter belongs to the escape.
    if before(b, start) == b'\\'
        && matches!(at(b, start), b'n' | b't' | b'r')
        && let Some(found) = scan.keys.find(key.get(1..)?)
    {
        return Some((found, quoted));
    }
    // `Account Key: x`: names in words.
    if !quoted && before(b, start) == b' ' && ENDS_PHRASES.contains(&key.to_ascii_lowercase().as_str()) {
        let mut phrase = start;
        for _ in 0..2 {
            let word = phrase;
            while phrase > floor && before(b, phrase) == b' ' && word - phrase < 1 {
                phrase -= 1;
            }
            while phrase > floor && (before(b, phrase).is_ascii_alphanumeric()) {
                phrase -= 1;
            }
        }
        let phrase = scan.text.get(phrase..end)?;
        return scan.keys.find_last(phrase).map(|found| (found, quoted));
    }
    None
}

/// Last words of names that people write with spaces.
pub(super) const ENDS_PHRASES: &[&str] = &[
    "key", "keys", "number", "no", "code", "card", "id", "string", "phrase", "account", "address", "birth", "name",
    "pin", "ip",
];
