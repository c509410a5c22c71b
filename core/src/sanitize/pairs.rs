//! The key rules in running text: `key=value`, `"key": "value"`, `key: value`, `('key', 'value')`; and
//! the map to what else holds names and values.
//!
//! - `keys`: the name and the operator before a value; `ends`: where a value begins and ends; `inert`:
//!   values that hide nothing.
//! - `markup`, `flags`, `phrases`: other spellings of a pair; `literals`: lines of source.

mod ends;
mod flags;
mod inert;
mod keys;
mod literals;
mod markup;
mod phrases;

pub(super) use flags::flag;
pub(super) use inert::is_inert;
pub(super) use literals::literal;
pub(super) use markup::element;
pub(super) use phrases::quoted;

use super::limits::KEY_WINDOW;
use super::rules::{KeyMatch, Span};
use super::scan::{Scan, placeholder};
use super::{OAUTH_CODE, is_oauth_code};
use ends::{balanced, digits_end, is_quote, joined_literals, line_end, quoted_value, word_end};
use inert::{is_plain_word, placeholder_fills};
use keys::{Operator, key_before, operator};
use markup::form_part;

/// A hit: range and kind.
type Found<'s> = (usize, usize, &'s str);

fn at(b: &[u8], i: usize) -> u8 {
    b.get(i).copied().unwrap_or(0)
}

fn before(b: &[u8], i: usize) -> u8 {
    i.checked_sub(1).map_or(0, |i| at(b, i))
}

/// `key=value` and its kin around the operator at `i`. Returns where to go on.
pub(super) fn pair(scan: &mut Scan<'_, '_>, i: usize) -> Option<usize> {
    let b = scan.b;
    let op = operator(b, i)?;
    let Some((key, quoted_key)) = key_before(scan, op.start) else {
        return oauth_code(scan, &op).or_else(|| form_part(scan, i, &op));
    };
    let (start, end) = value(scan, &op, &key, quoted_key)?;
    scan.hit(start, end, key.name)
}

/// The `code` of an OAuth redirect in a link, absolute or not: `/callback?code=x&state=y`.
fn oauth_code(scan: &mut Scan<'_, '_>, op: &Operator) -> Option<usize> {
    let b = scan.b;
    let name = op.start.checked_sub("?code".len())?;
    if op.colon || op.encoded || !matches!(b.get(name..op.start)?, b"?code" | b"&code") {
        return None;
    }
    let value = b.get(op.end..)?;
    let length = value.iter().take_while(|c| c.is_ascii_alphanumeric() || b"-._~/+=%".contains(c)).count();
    let code = scan.text.get(op.end..op.end + length).filter(|code| is_oauth_code(code))?;
    scan.hit(op.end, op.end + code.len(), OAUTH_CODE.name)
}

/// `('password', 'x')`, `["password", "x"]`: reprs of pairs. The comma stands at `i`.
pub(super) fn couple<'s>(scan: &Scan<'_, 's>, i: usize) -> Option<Found<'s>> {
    let b = scan.b;
    let quote = before(b, i);
    if !is_quote(quote) {
        return None;
    }
    let end = i - 1;
    let floor = scan.floor(end);
    let open = floor + memchr::memrchr(quote, b.get(floor..end)?)?;
    let mut bracket = open;
    if matches!(before(b, bracket), b'b' | b'u') {
        bracket -= 1;
    }
    if !matches!(before(b, bracket), b'(' | b'[') {
        return None;
    }
    let name = scan.text.get(open + 1..end)?;
    // A text that mentions a name is none, nor is what a pass before made of it.
    if name.contains([' ', '=', '<', ':']) || name.contains("[Filtered") {
        return None;
    }
    let key = scan.keys.find(name)?;
    let mut v = i + 1;
    while at(b, v) == b' ' {
        v += 1;
    }
    let (from, to) = quoted_value(b, v)?;
    let value = scan.text.get(from..to)?;
    let closes = matches!(at(b, to + 1), b')' | b']' | b',') || to == b.len();
    // `("username", "password")` is a list of names.
    let names = value.len() <= KEY_WINDOW && scan.keys.find(value).is_some();
    let stays = !closes || names || is_inert(value.as_bytes()) || placeholder(b, from) == Some(to);
    (!stays).then_some((from, to, key.name))
}

/// The value behind an operator.
fn value(scan: &Scan<'_, '_>, op: &Operator, key: &KeyMatch<'_>, quoted_key: bool) -> Option<(usize, usize)> {
    let b = scan.b;
    let mut v = op.end;
    let blank = |c: u8| matches!(c, b' ' | b'\t') || (quoted_key && matches!(c, b'\n' | b'\r'));
    while blank(at(b, v)) {
        v += 1;
    }
    if v >= b.len() || placeholder_fills(b, v) {
        return None;
    }
    if let Some((start, end)) = quoted_value(b, v) {
        let inside = b.get(start..end)?;
        if is_inert(inside) || placeholder(b, start) == Some(end) {
            return None;
        }
        return Some((start, joined_literals(b, end)));
    }
    let first = at(b, v);
    if matches!(first, b'{' | b'[' | b'(') {
        let end = balanced(b, v);
        let inside = b.get(v..end)?;
        if matches!(inside, b"{}" | b"[]" | b"()") || is_inert(inside) {
            return None;
        }
        return Some((v, end));
    }
    // `Some("x")`, `SecretStr('x')`, `String::from("x")`
    let callee = b
        .iter()
        .skip(v)
        .take(KEY_WINDOW)
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.' | b':' | b'&' | b'!'))
        .count();
    if callee > 0 && matches!(at(b, v + callee), b'(' | b'{') && is_quote_soon(b, v + callee + 1) {
        return Some((v, balanced(b, v + callee)));
    }
    // `<Session object at 0x7f...>`
    if first == b'<' {
        let window = b.get(v..(v + 200).min(b.len()))?;
        if let Some(close) = memchr::memchr(b'>', window)
            && memchr::memmem::find(window.get(..close)?, b" at 0x").is_some()
        {
            return None;
        }
    }
    let mut end = match key.span {
        Span::Line if op.colon => line_end(b, v),
        Span::Digits => digits_end(b, v).max(word_end(scan, v, op)),
        _ => word_end(scan, v, op),
    };
    if end <= v {
        return None;
    }
    // `Authorization=Bearer abc`: the scheme is not the secret.
    if matches!(
        b.get(v..end)?.to_ascii_lowercase().as_slice(),
        b"bearer" | b"basic" | b"token" | b"digest" | b"negotiate" | b"apikey" | b"bot" | b"hmac" | b"aws4-hmac-sha256"
    ) && at(b, end) == b' '
    {
        end = if key.span == Span::Line { line_end(b, end + 1) } else { word_end(scan, end + 1, op) };
    }
    let value = b.get(v..end)?;
    if is_inert(value) || placeholder(b, v) == Some(end) {
        return None;
    }
    if op.colon && !quoted_key && key.prose && is_plain_word(value) {
        return None;
    }
    // `password: str = "x"`: what looked like the value was its type.
    let mut assign = end;
    while matches!(at(b, assign), b' ' | b'\t') {
        assign += 1;
    }
    if op.colon && at(b, assign) == b'=' && at(b, assign + 1) != b'=' && assign < b.len() {
        let again = Operator { start: assign, end: assign + 1, colon: false, encoded: false };
        let mut v = again.end;
        while matches!(at(b, v), b' ' | b'\t') {
            v += 1;
        }
        let close = quoted_value(b, v).map_or_else(|| word_end(scan, v, &again), |(_, end)| end);
        end = end.max(close);
    }
    Some((v, end))
}

fn is_quote_soon(b: &[u8], i: usize) -> bool {
    b.iter().skip(i).take(12).any(|c| is_quote(*c))
}
