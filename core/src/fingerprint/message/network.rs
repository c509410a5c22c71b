//! URLs, e-mail addresses, IP and hardware addresses.

use super::LOOK_AHEAD;
use super::cursor::{Cursor, Hit};

/// Longest scheme: those in use are shorter (`jdbc:postgresql` counts its last part only).
pub(super) const SCHEME: usize = 24;
/// Longest local part of an e-mail address, RFC 5321.
pub(super) const LOCAL: usize = 64;
/// Longest IPv6 address in text: eight groups of four and seven colons.
pub(super) const IPV6: usize = 39;
/// Longest zone of an IPv6 address: interface names end at 15 bytes.
pub(super) const ZONE: usize = 16;

/// `scheme://` and all that follows up to a space, a quote or an angle bracket. A bracket or a mark of
/// punctuation at its end belongs to the sentence, unless the bracket was opened in the URL.
pub(super) fn url(c: &Cursor) -> Option<Hit> {
    let word = c.word();
    let mut colon = word.end;
    if matches!(c.at(colon), b'+' | b'-' | b'.') {
        colon += c.run(colon, SCHEME, |b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    }
    if c.at(colon) != b':' || !c.has(colon, b"://") {
        return None;
    }
    let start = colon + 3;
    let is_url = |b: u8| b > b' ' && !matches!(b, b'"' | b'\'' | b'<' | b'>' | b'`' | b'\\' | b'|' | b'^' | 0x7f..);
    let mut end = start + c.run(start, usize::MAX, is_url);
    let (mut round, mut square) = (0i64, 0i64);
    for byte in c.slice(start, end) {
        match byte {
            b'(' => round += 1,
            b')' => round -= 1,
            b'[' => square += 1,
            b']' => square -= 1,
            _ => {}
        }
    }
    while end > start {
        match c.at(end - 1) {
            b'.' | b',' | b';' | b':' | b'!' | b'?' | b'}' | b'{' => {}
            b')' if round < 0 => round += 1,
            b']' if square < 0 => square += 1,
            _ => break,
        }
        end -= 1;
    }
    (end > start).then(|| c.hit(end)).flatten()
}

/// `local@domain.tld`.
pub(super) fn email(c: &Cursor) -> Option<Hit> {
    let word = c.word();
    if word.len() > LOCAL || !matches!(c.at(word.end), b'@' | b'.' | b'+' | b'-' | b'%') {
        return None;
    }
    let rest = c.run(word.end, LOCAL + 1 - word.len(), |b| {
        b.is_ascii_alphanumeric() || matches!(b, b'.' | b'+' | b'-' | b'%' | b'_')
    });
    let at = word.end + rest;
    if c.at(at) != b'@' {
        return None;
    }
    let host = c.run(at + 1, LOOK_AHEAD, |b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    let mut end = at + 1 + host;
    end -= usize::from(host > 0 && c.at(end - 1) == b'.');
    let domain = c.slice(at + 1, end);
    let dot = domain.iter().rposition(|b| *b == b'.')?;
    let tld = domain.get(dot + 1..)?;
    let named = dot > 0 && tld.len() >= 2 && tld.iter().all(u8::is_ascii_alphabetic);
    (named && !c.continues_word(end, b".") && c.boundary(end)).then(|| c.hit(end)).flatten()
}

/// IPv4 and IPv6, with port, prefix length or zone.
pub(super) fn ip(c: &Cursor) -> Option<Hit> {
    let start = c.position();
    if c.left(1) == b'.' || (c.byte() == b':' && c.after_word()) {
        return None;
    }
    if c.byte() == b'[' {
        let end = ipv6(c, start + 1)?;
        if c.at(end) != b']' {
            return None;
        }
        let end = port(c, end + 1);
        return c.boundary(end).then(|| c.hit(end)).flatten();
    }
    let end = match ipv4(c, start) {
        Some(end) => port(c, end),
        None => ipv6(c, start)?,
    };
    let end = if c.at(end) == b'/' {
        number(c, end + 1, 3, 128).filter(|e| c.boundary(*e) && !c.continues_word(*e, b".:")).unwrap_or(end)
    } else {
        end
    };
    let more = c.continues_word(end, b".:");
    (!more && c.boundary(end)).then(|| c.hit(end)).flatten()
}

/// A number of at most `digits` digits and at most `most`; its end.
fn number(c: &Cursor, start: usize, digits: usize, most: u32) -> Option<usize> {
    let run = c.run(start, digits + 1, |b| b.is_ascii_digit());
    let value = c.slice(start, start + run).iter().fold(0u32, |n, b| n.saturating_mul(10) + u32::from(b - b'0'));
    (run > 0 && run <= digits && value <= most).then_some(start + run)
}

fn ipv4(c: &Cursor, start: usize) -> Option<usize> {
    let mut end = number(c, start, 3, 255)?;
    for _ in 0..3 {
        if c.at(end) != b'.' {
            return None;
        }
        end = number(c, end + 1, 3, 255)?;
    }
    Some(end)
}

fn port(c: &Cursor, end: usize) -> usize {
    if c.at(end) == b':' { number(c, end + 1, 5, 65535).filter(|e| c.boundary(*e)).unwrap_or(end) } else { end }
}

fn ipv6(c: &Cursor, start: usize) -> Option<usize> {
    // The shortest test first: a colon within the first group.
    let first = c.run(start, 5, |b| b.is_ascii_hexdigit());
    if first > 4 || c.at(start + first) != b':' {
        return None;
    }
    let run = c.run(start, IPV6 + 1, |b| b.is_ascii_hexdigit() || b == b':');
    let mut end = start + run;
    if run > IPV6 {
        return None;
    }
    // A colon that ends a sentence or begins a port is not part of it.
    if c.at(end - 1) == b':' && !(run >= 2 && c.at(end - 2) == b':') {
        end -= 1;
    }
    let text = c.slice(start, end);
    let (mut groups, mut length, mut pairs, mut digits) = (0, 0, 0, 0);
    for (i, byte) in text.iter().enumerate() {
        if *byte == b':' {
            groups += usize::from(length > 0);
            length = 0;
            pairs += usize::from(i > 0 && text.get(i - 1) == Some(&b':'));
        } else {
            length += 1;
            digits += usize::from(byte.is_ascii_digit());
            if length > 4 {
                return None;
            }
        }
    }
    groups += usize::from(length > 0);
    if pairs > 1 || digits == 0 || (pairs == 0 && groups != 8) || (pairs == 1 && groups > 7) {
        return None;
    }
    if pairs == 0 && (text.first() == Some(&b':') || text.last() == Some(&b':')) {
        return None;
    }
    // `ec2::add` is a path of names, not an address: a lone `::` wants an address's first group.
    let colons = text.iter().filter(|b| **b == b':').count();
    let lettered = text.first().is_some_and(u8::is_ascii_alphabetic);
    if colons == 2 && lettered && first != 4 {
        return None;
    }
    if c.at(end) == b'.' && c.at(end + 1).is_ascii_digit() {
        // `::ffff:10.0.0.1`: the last group was the first octet.
        let last = text.iter().rposition(|b| *b == b':')? + 1;
        end = ipv4(c, start + last)?;
    }
    if c.at(end) == b'%' {
        let zone = c.run(end + 1, ZONE, |b| b.is_ascii_alphanumeric());
        let after = end + 1 + zone;
        end = if zone > 0 && c.boundary(after) && !c.continues_word(after, b".:") { after } else { end };
    }
    Some(end)
}

/// Six pairs of hexadecimal digits.
pub(super) fn mac(c: &Cursor) -> Option<Hit> {
    let start = c.position();
    let separator = c.at(start + 2);
    if !matches!(separator, b':' | b'-') {
        return None;
    }
    for pair in 0..6 {
        let at = start + pair * 3;
        let hex = c.at(at).is_ascii_hexdigit() && c.at(at + 1).is_ascii_hexdigit();
        if !hex || (pair < 5 && c.at(at + 2) != separator) {
            return None;
        }
    }
    let end = start + 17;
    (c.at(end) != separator && c.boundary(end)).then(|| c.hit(end)).flatten()
}
