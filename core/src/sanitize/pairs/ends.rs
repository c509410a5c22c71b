//! Where a value begins and ends. One that starts and never ends reaches to the end of the text: what
//! was cut off is not known.

use super::keys::Operator;
use super::{at, before};
use crate::sanitize::limits::KEY_WINDOW;
use crate::sanitize::scan::Scan;

pub(super) fn is_quote(c: u8) -> bool {
    matches!(c, b'"' | b'\'' | b'`')
}

/// Quotes as HTML and JSON escape them.
pub(super) const ENTITIES: [&[u8]; 4] = [b"&quot;", b"&#34;", b"&#39;", b"\\u0022"];

/// The inside of a quoted value that starts at `v`, prefixes (`b'`, `u"`) and escaped quotes
/// included; to the end of the text when nothing closes it.
pub(super) fn quoted_value(b: &[u8], v: usize) -> Option<(usize, usize)> {
    if let Some(entity) = ENTITIES.iter().find(|entity| b.get(v..v + entity.len()) == Some(**entity)) {
        let start = v + entity.len();
        let close = memchr::memmem::find(b.get(start..)?, entity);
        return Some((start, close.map_or(b.len(), |close| start + close)));
    }
    let letters = b.iter().skip(v).take(2).take_while(|c| b"bBuUrRfFL@$&".contains(c)).count();
    let mut open = v + letters;
    let mut slashes = 0;
    while at(b, open) == b'\\' && slashes < 16 {
        open += 1;
        slashes += 1;
    }
    let quote = at(b, open);
    if !is_quote(quote) {
        return None;
    }
    if slashes == 0 && b.get(open..open + 3) == Some(&[quote; 3]) {
        let start = open + 3;
        let close = memchr::memmem::find(b.get(start..)?, &[quote; 3]);
        return Some((start, close.map_or(b.len(), |c| start + c)));
    }
    let start = open + 1;
    let mut run = 0usize;
    for (i, c) in b.iter().enumerate().skip(start) {
        if *c == b'\\' {
            run += 1;
            continue;
        }
        if *c == quote {
            let closes = if slashes == 0 { run.is_multiple_of(2) } else { run <= slashes };
            if closes {
                return Some((start, if slashes == 0 { i } else { i - run.min(i - start) }));
            }
        }
        run = 0;
    }
    Some((start, b.len()))
}

/// `"abc" + "def"`: literals joined to the first; `end` is at its closing quote.
pub(super) fn joined_literals(b: &[u8], mut end: usize) -> usize {
    for _ in 0..8 {
        let mut i = end + 1;
        while at(b, i) == b' ' {
            i += 1;
        }
        if !matches!(at(b, i), b'+') {
            return end;
        }
        i += 1;
        while at(b, i) == b' ' {
            i += 1;
        }
        match quoted_value(b, i) {
            Some((_, close)) => end = close,
            None => return end,
        }
    }
    end
}

/// The end of a bracket that opens at `i`, strings respected; the end of the text when none closes it.
pub(super) fn balanced(b: &[u8], i: usize) -> usize {
    let mut depth = 0usize;
    let mut quote = 0u8;
    let mut escaped = false;
    for (at, c) in b.iter().enumerate().skip(i) {
        if quote != 0 {
            if escaped {
                escaped = false;
            } else if *c == b'\\' {
                escaped = true;
            } else if *c == quote {
                quote = 0;
            }
            continue;
        }
        match c {
            b'"' | b'\'' => quote = *c,
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    b.len()
}

pub(super) fn line_end(b: &[u8], v: usize) -> usize {
    let mut i = v;
    while i < b.len() {
        let c = at(b, i);
        if matches!(c, b'\n' | b'\r' | b'"' | b'\'' | b'`')
            || (c == b'\\' && matches!(at(b, i + 1), b'n' | b'r' | b'"' | b'\''))
        {
            break;
        }
        i += 1;
    }
    while i > v && before(b, i) == b' ' {
        i -= 1;
    }
    i
}

pub(super) fn digits_end(b: &[u8], v: usize) -> usize {
    let run = b.iter().skip(v).take(64).take_while(|c| c.is_ascii_digit() || b" -+()./xX*".contains(c)).count();
    let mut end = v + run;
    while end > v && !before(b, end).is_ascii_digit() {
        end -= 1;
    }
    end
}

/// The end of an unquoted value: a blank, a quote, or a separator behind which the text goes on
/// with something else. A comma inside a password is no such separator.
pub(super) fn word_end(scan: &Scan<'_, '_>, v: usize, op: &Operator) -> usize {
    let b = scan.b;
    let mut i = v;
    while i < b.len() {
        let c = at(b, i);
        let stops = match c {
            b' ' | b'\t' | b'\n' | b'\r' | b'"' | b'\'' | b'`' => true,
            b'\\' => matches!(at(b, i + 1), b'n' | b'r' | b't' | b'"' | b'\'') && i > v,
            b'<' => i > v,
            b'&' | b';' | b',' | b'|' => next_pair_or_end(b, i + 1) || (c == b'&' && op.encoded),
            b'%' if op.encoded => b.get(i + 1..i + 3) == Some(b"26"),
            b')' | b'}' | b']' | b'>' => {
                let next = at(b, i + 1);
                next == 0 || next.is_ascii_whitespace() || b",;.:)]}>\"'`\\/".contains(&next)
            }
            _ => false,
        };
        if stops {
            break;
        }
        i += 1;
    }
    i
}

/// Behind a separator: the end, a blank, a quote, a bracket, or another `name=` / `name:`.
fn next_pair_or_end(b: &[u8], i: usize) -> bool {
    let c = at(b, i);
    if c == 0 || c.is_ascii_whitespace() || matches!(c, b'"' | b'\'' | b'{' | b'[' | b'}' | b']' | b')' | b'\\' | b'#')
    {
        return true;
    }
    let name =
        b.iter().skip(i).take(KEY_WINDOW).take_while(|c| c.is_ascii_alphanumeric() || b"_-.%[] $+".contains(c)).count();
    let c = at(b, i + name);
    name > 0 && matches!(c, b'=' | b':')
}
