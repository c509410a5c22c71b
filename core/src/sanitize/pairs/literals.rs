//! Lines of source: the literals that are assigned to sensitive names. The rest of the line stays.

use super::ends::{is_quote, quoted_value, word_end};
use super::inert::{is_inert, is_plain_word};
use super::keys::{key_before, operator};
use super::markup::form_part;
use super::{at, before};
use crate::sanitize::limits::KEY_WINDOW;
use crate::sanitize::rules::Secrecy;
use crate::sanitize::scan::{Scan, placeholder};

/// How far an assignment's right-hand side is read for literals in a source line.
const EXPRESSION: usize = 256;

/// A source line: the literals that are assigned to a sensitive name. Returns where to go on.
pub(in crate::sanitize) fn literal(scan: &mut Scan<'_, '_>, i: usize) -> Option<usize> {
    let b = scan.b;
    let op = operator(b, i)?;
    let Some((key, quoted_key)) = key_before(scan, op.start) else {
        return form_part(scan, i, &op);
    };
    if key.secrecy == Secrecy::Pii {
        return None;
    }
    let mut v = op.end;
    while matches!(at(b, v), b' ' | b'\t') {
        v += 1;
    }
    let open = open_quote(b, op.start);
    if let Some(quote) = open.filter(|_| !quoted_key) {
        // Inside a string: running text that ends with the string.
        if at(b, v) == quote && v == op.end {
            return None;
        }
        if !is_quote(at(b, v)) {
            let end = word_end(scan, v, &op);
            let value = b.get(v..end)?;
            let readable = is_inert(value)
                || value.is_empty()
                || placeholder(b, v).is_some()
                || matches!(value.first(), Some(b'{' | b'%' | b'$' | b'<' | b'['))
                || (op.colon && is_plain_word(value));
            return if readable { None } else { scan.hit(v, end, key.name) };
        }
    }
    if let Some(end) = settings_line(b, op.start, v, op.end) {
        return scan.hit(v, end, key.name);
    }
    let mut last = None;
    let mut depth = 0usize;
    // Nothing but wrappers came before; nothing at all came before.
    let mut first = true;
    let mut x = v;
    let limit = (v + EXPRESSION).min(b.len());
    while x < limit {
        let c = at(b, x);
        match c {
            b'\n' | b';' | b'#' => break,
            b'/' if at(b, x + 1) == b'/' => break,
            b',' if depth == 0 => break,
            b'(' => depth += 1,
            b'[' | b'{' => {
                depth += 1;
                first &= x == v;
            }
            b')' | b']' | b'}' if depth == 0 => break,
            b')' | b']' | b'}' => depth -= 1,
            b'0'..=b'9' if first => {
                let run = b.iter().skip(x).take(64).take_while(|c| c.is_ascii_alphanumeric() || **c == b'_').count();
                if run >= 4 && b.get(x..x + run)?.iter().all(u8::is_ascii_digit) {
                    last = scan.hit(x, x + run, key.name);
                }
                x += run;
                first = false;
                continue;
            }
            b'\\' if is_quote(at(b, x + 1)) => {
                if let Some((start, end)) = quoted_value(b, x) {
                    if !is_inert(b.get(start..end)?) && placeholder(b, start) != Some(end) {
                        last = scan.hit(start, end, key.name);
                    }
                    x = end + 2;
                    continue;
                }
            }
            c if is_quote(c) && !(c == b'\'' && is_lifetime(b, x)) => {
                let (start, end) = quoted_value(b, x)?;
                let inside = b.get(start..end)?;
                let direct = x == v || (x - v <= 2 && b.get(v..x)?.iter().all(u8::is_ascii_alphabetic));
                let names_it = !direct && scan.text.get(start..end).is_some_and(|text| scan.keys.find(text).is_some());
                let mut behind = end + 1;
                while at(b, behind) == b' ' {
                    behind += 1;
                }
                let is_key = depth > 0 && (at(b, behind) == b':' || b.get(behind..behind + 2) == Some(b"=>"));
                let readable = names_it
                    || is_key
                    || (!direct && key.prose && (!first || is_plain_word(inside)))
                    || is_inert(inside)
                    || placeholder(b, start) == Some(end);
                if !readable {
                    last = scan.hit(start, end, key.name);
                }
                x = if b.get(end..end + 3).is_some_and(|c| c == [at(b, x); 3]) && start == x + 3 {
                    end + 3
                } else {
                    end + 1
                };
                first = false;
                continue;
            }
            b' ' | b'\t' | b'&' => {}
            // String prefixes and wrappers: `Some(`, `b'`, `String::from(`. Still the first thing.
            c if c.is_ascii_alphabetic() || matches!(c, b'_' | b':' | b'.' | b'!') => {}
            _ => first = false,
        }
        x += 1;
    }
    last
}

/// `TOKEN=abc` and `export TOKEN=abc`, as shells and `.env` files write them: a name in capitals, no
/// blanks, and a value that is no call, no variable and ends the line. Returns the value's end.
fn settings_line(b: &[u8], key_end: usize, v: usize, op_end: usize) -> Option<usize> {
    if v != op_end || at(b, key_end) != b'=' || at(b, key_end + 1) == b'=' {
        return None;
    }
    let name = b.get(key_end.saturating_sub(KEY_WINDOW)..key_end)?;
    let capitals =
        name.iter().rev().take_while(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || **c == b'_').count();
    let head = b.get(..key_end - capitals)?.trim_ascii();
    if capitals == 0
        || !(head.is_empty() || head.ends_with(b"export") || head.ends_with(b"ENV") || head.ends_with(b"ARG"))
    {
        return None;
    }
    let value = b.get(v..)?.trim_ascii_end();
    let plain = |c: &u8| c.is_ascii_graphic() && !b"()\"'`$[]{} ".contains(c) || *c >= 0x80;
    let settled = value.is_empty() || is_inert(value) || !value.iter().all(plain);
    (!settled).then_some(v + value.len())
}

/// Rust's `'a`, and the apostrophe of `don't`.
fn is_lifetime(b: &[u8], i: usize) -> bool {
    let next = at(b, i + 1);
    (before(b, i).is_ascii_alphabetic() && next.is_ascii_alphabetic())
        || ((next.is_ascii_alphabetic() || next == b'_') && matches!(before(b, i), b'&' | b'<'))
}

/// The quote that is open at `i` in a line of source, looking back at most [`EXPRESSION`] bytes.
fn open_quote(b: &[u8], i: usize) -> Option<u8> {
    let from = i.saturating_sub(EXPRESSION);
    let mut open = 0u8;
    let mut escaped = false;
    for x in from..i {
        let c = at(b, x);
        if escaped {
            escaped = false;
            continue;
        }
        match c {
            b'\\' => escaped = true,
            b'\n' => open = 0,
            c if open != 0 && c == open => open = 0,
            c if open == 0 && is_quote(c) && !(c == b'\'' && is_lifetime(b, x)) => open = c,
            _ => {}
        }
    }
    (open != 0).then_some(open)
}
