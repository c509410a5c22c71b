//! The value rules that look at bytes: tokens by prefix, and what needs arithmetic or context.
//! Each says in a line why it is linear.

use std::net::{Ipv4Addr, Ipv6Addr};

use memchr::memmem;

use super::patterns::{Alphabet, Token};
use crate::base64::digit;

/// A secret found, as a byte range.
pub(super) type Range = (usize, usize);

fn before(b: &[u8], i: usize) -> u8 {
    i.checked_sub(1).and_then(|at| b.get(at)).copied().unwrap_or(b' ')
}

fn after(b: &[u8], i: usize) -> u8 {
    b.get(i).copied().unwrap_or(b' ')
}

/// How many bytes from `i` belong to `alphabet`, at most `limit`.
fn run(b: &[u8], i: usize, alphabet: Alphabet, limit: usize) -> usize {
    b.iter().skip(i).take(limit).take_while(|c| alphabet.has(**c)).count()
}

/// Nothing but a cut mark follows: a token that was cut before it came here.
fn ends_here(b: &[u8], i: usize) -> bool {
    matches!(b.get(i..), Some(b"" | b"..." | b"\xE2\x80\xA6"))
}

/// No ordinary word: a digit, or a capital behind a small letter.
fn mixes(part: &[u8]) -> bool {
    part.iter().any(u8::is_ascii_digit)
        || part.windows(2).any(|w| matches!(w, [a, b] if a.is_ascii_lowercase() && b.is_ascii_uppercase()))
}

/// The word before a token may end in an escape such as `\n`, whose letter belongs to no word.
fn starts_word(b: &[u8], i: usize) -> bool {
    let c = before(b, i);
    if matches!(c, b'n' | b't' | b'r') && i >= 2 && b.get(i - 2) == Some(&b'\\') {
        return true;
    }
    // `%3D`, `%20`: the end of a percent escape.
    if i >= 3 && b.get(i - 3) == Some(&b'%') && c.is_ascii_hexdigit() {
        return true;
    }
    !c.is_ascii_alphanumeric()
}

/// How far a token that must mix characters is looked at before it is believed.
const MIX_WINDOW: usize = 64;

/// A prefix and its tail. A failure looks at `min`, `max` or [`MIX_WINDOW`] bytes; a success consumes.
pub(super) fn token(b: &[u8], i: usize, prefix: &str, token: &Token) -> Option<Range> {
    let p = prefix.as_bytes();
    let head = b.get(i..i + p.len())?;
    let same = if token.any_case { head.eq_ignore_ascii_case(p) } else { head == p };
    if !same || (token.bounded && !starts_word(b, i)) {
        return None;
    }
    let tail = i + p.len();
    let window = if token.max == usize::MAX { token.min.max(MIX_WINDOW) } else { token.max.saturating_add(1) };
    let seen = run(b, tail, token.alphabet, window);
    if seen > token.max {
        return None;
    }
    // Cut at the end of the text: a distinctive prefix and a few characters are enough.
    let distinctive = p.len() >= 4 && !token.any_case;
    let enough = seen >= token.min
        || (distinctive
            && seen >= 4
            && ends_here(b, tail + seen)
            && ((token.alphabet == Alphabet::Upper && !token.mixed) || mixes(b.get(tail..tail + seen)?)));
    if !enough {
        return None;
    }
    if token.mixed && seen < 16.max(token.min) + 8 && !mixes(b.get(tail..tail + seen)?) {
        return None;
    }
    if token.mixed && !mixes(b.get(tail..tail + seen.min(MIX_WINDOW))?) && token.alphabet != Alphabet::Upper {
        return None;
    }
    let head = b.get(tail..tail + seen.min(MIX_WINDOW))?;
    if token.digits && !(head.iter().any(u8::is_ascii_digit) && head.iter().any(u8::is_ascii_alphabetic)) {
        return None;
    }
    let end = if seen < window { tail + seen } else { tail + run(b, tail, token.alphabet, usize::MAX) };
    if token.bounded && token.max != usize::MAX && after(b, end).is_ascii_alphanumeric() {
        return None;
    }
    Some((if token.keep_prefix { tail } else { i }, end))
}

/// `eyJ`, a header, a dot and a payload. `Err` says how far was looked, so that no run is read twice.
pub(super) fn jwt(b: &[u8], i: usize) -> Result<usize, usize> {
    if b.get(i..i + 3) != Some(b"eyJ") {
        return Err(i);
    }
    let header = run(b, i, Alphabet::UrlSafe, usize::MAX);
    let dot = i + header;
    if after(b, dot) == b'.' {
        let payload = run(b, dot + 1, Alphabet::UrlSafe, usize::MAX);
        let end = dot + 1 + payload;
        if header >= 10 && (payload >= 4 || ends_here(b, end)) {
            return Ok(dot + run(b, dot, Alphabet::Dotted, usize::MAX));
        }
        return Err(dot);
    }
    if header >= 16 && ends_here(b, dot) { Ok(dot) } else { Err(dot) }
}

/// `Basic` and base64 of `user:password`. A failure looks at 512 bytes at most, once a "basic ".
pub(super) fn basic(b: &[u8], i: usize) -> Option<Range> {
    let head = b.get(i..i + 6)?;
    if !head.eq_ignore_ascii_case(b"basic ") || !starts_word(b, i) {
        return None;
    }
    let start = i + 6;
    let seen = run(b, start, Alphabet::Base64, 512);
    let text = b.get(start..start + seen)?;
    if seen < 6 {
        return None;
    }
    let cut = ends_here(b, start + seen) && seen >= 12 && mixes(text);
    if !cut && !decodes_to_login(text) {
        return None;
    }
    Some((start, start + run(b, start, Alphabet::Base64, usize::MAX)))
}

/// Whether base64 reads as printable text with a colon.
fn decodes_to_login(text: &[u8]) -> bool {
    let (mut bits, mut held, mut colon) = (0u32, 0u32, false);
    for c in text {
        let Some(six) = digit(*c) else { break };
        bits = (bits << 6) | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            let byte = (bits >> held) & 0xff;
            bits &= (1 << held) - 1;
            colon |= byte == u32::from(b':');
            if byte < 0x20 || byte == 0x7f {
                return false;
            }
        }
    }
    colon
}

/// A private key in PEM. The label is looked for in 64 bytes; a success consumes.
pub(super) fn pem(b: &[u8], i: usize) -> Option<usize> {
    let label = b.get(i..(i + 64).min(b.len()))?.strip_prefix(b"-----BEGIN ")?;
    let label = label.split(|c| *c == b'-').next()?;
    if memmem::find(label, b"PRIVATE KEY").is_none() && !ends_here(b, i + 11 + label.len()) {
        return None;
    }
    let body = i + 11;
    let Some(at) = memmem::find(b.get(body..)?, b"-----END") else { return Some(b.len()) };
    let foot = body + at + 8;
    let close = b.get(foot..(foot + 64).min(b.len())).and_then(|rest| memmem::find(rest, b"-----"));
    Some(close.map_or(b.len(), |close| foot + close + 5))
}

/// Where the private key ends that begins last between `start` and `end`, if one does.
pub(super) fn last_pem(b: &[u8], start: usize, end: usize) -> Option<usize> {
    pem(b, start + memmem::rfind(b.get(start..end)?, b"-----BEGIN")?)
}

/// A user of this length or more in front of `@` is a key (the public key of a DSN is 32).
const USER_IS_KEY: usize = 20;

/// The password in `user:password@`, or a user that is a key. `i` is behind `://`. Looks no further
/// than the next `://`, so that no byte is read twice.
pub(super) fn url_userinfo(b: &[u8], i: usize) -> Option<Range> {
    let rest = b.get(i..)?;
    let stop = |c: u8| c.is_ascii_whitespace() || matches!(c, b'"' | b'\'' | b'<' | b'>' | b'`' | b'\\');
    let next_url = |at: usize| rest.get(at..at + 3) == Some(b"://");
    let reach =
        rest.iter().enumerate().position(|(at, c)| stop(*c) || (*c == b':' && next_url(at))).unwrap_or(rest.len());
    let rest = rest.get(..reach)?;
    let authority_end = rest.iter().position(|c| matches!(c, b'/' | b'?' | b'#')).unwrap_or(reach);
    let authority = rest.get(..authority_end)?;
    let mut at = memchr::memrchr(b'@', authority);
    if let Some(first) = at
        && let Some(last) = memchr::memrchr(b'@', rest).filter(|last| *last > first)
        && memchr::memchr(b':', authority.get(..first)?).is_some()
        && memchr::memchr2(b'.', b':', authority.get(first..)?).is_none()
    {
        // `user:p@ss/word@host`: what follows the first `@` is no host.
        at = Some(last);
    }
    if at.is_none() {
        // `user:pa/ss@host`: what follows the colon is no port, so the slash belongs to a password.
        let colon = memchr::memchr(b':', authority)?;
        if authority.first() == Some(&b'[') {
            return None;
        }
        let port = authority.get(colon + 1..)?;
        if !port.is_empty() && port.iter().all(u8::is_ascii_digit) {
            return None;
        }
        if port.is_empty() && authority_end == reach {
            return None;
        }
        at = memchr::memrchr(b'@', rest);
        if at.is_none() {
            // Cut inside the password: a colon that no port follows, at the end of the text.
            let cut = !port.is_empty() && ends_here(b, i + reach) && !port.starts_with(b"{") && !port.starts_with(b"$");
            return (cut && super::scan::placeholder(b, i + colon + 1).is_none()).then_some((i + colon + 1, i + reach));
        }
    }
    let at = at?;
    let userinfo = rest.get(..at)?;
    if super::scan::placeholder_before(b, i + at).is_some() {
        return None;
    }
    let range = match memchr::memchr(b':', userinfo) {
        Some(colon) => (i + colon + 1, i + at),
        None if at >= USER_IS_KEY => (i, i + at),
        None => return None,
    };
    let inert = range.0 >= range.1
        || super::scan::placeholder(b, range.0) == Some(range.1)
        || super::pairs::is_inert(b.get(range.0..range.1)?);
    (!inert).then_some(range)
}

/// How far before its `@` the user of an Oracle login may start. Names and passwords have 30 bytes each,
/// names of new databases 128.
const LOGIN_WINDOW: usize = 192;
/// Longest name of a host, RFC 1035.
const HOST: usize = 253;

/// The password in `user/password@host:1521/service`, `...@//host` and `...@tcps://host`: the `@` stands
/// at `i`. Looks [`LOGIN_WINDOW`] bytes back, and ahead as far as a host and its port go.
pub(super) fn oracle_password(b: &[u8], i: usize) -> Option<Range> {
    let floor = i.saturating_sub(LOGIN_WINDOW);
    let slash = floor + memchr::memrchr(b'/', b.get(floor..i)?)?;
    let password = b.get(slash + 1..i)?;
    let plain = |c: &u8| (c.is_ascii_graphic() || *c >= 0x80) && !b"\"'`<>()[]{}\\,;&=".contains(c);
    let named = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'$' | b'#');
    let user = b.get(floor..slash)?.iter().rev().take_while(|c| named(c)).count();
    let user = slash - user;
    // `a/b/c@host`, `.../b@host`, `%s/%s@host` are paths and templates.
    let starts = (user > floor || floor == 0)
        && b.get(user).is_some_and(u8::is_ascii_alphabetic)
        && !matches!(before(b, user), b'/' | b'.' | b'-' | b'@' | b'%' | b'~' | b'+' | 0x80..);
    if password.is_empty() || !password.iter().all(plain) || super::pairs::is_inert(password) || !starts {
        return None;
    }
    let rest = b.get(i + 1..)?;
    let told = [&b"//"[..], b"tcp://", b"tcps://"].into_iter().find_map(|sign| rest.strip_prefix(sign));
    let host = told.unwrap_or(rest);
    let length = run(host, 0, Alphabet::Dotted, HOST);
    if !host.get(..length)?.iter().any(|c| c.is_ascii_alphabetic() || *c == b'.') {
        return None;
    }
    // Without the slashes before it, a host is one by its port and what follows that.
    let port = host.get(length..)?.strip_prefix(b":").unwrap_or(b"");
    let digits = port.iter().take(6).take_while(|c| c.is_ascii_digit()).count();
    let goes_on =
        (1..=5).contains(&digits) && matches!(after(port, digits), b'/' | b':') && named(&after(port, digits + 1));
    (told.is_some() || goes_on).then_some((slash + 1, i))
}

/// Card numbers: one run, or the groups that are printed on cards. Looks at six groups of 20 bytes.
pub(super) fn card(b: &[u8], i: usize, run_end: usize) -> Option<usize> {
    let mut digits = [0u8; 19];
    let mut count = 0;
    let mut groups = [0usize; 5];
    let mut group = 0;
    let mut ends = [0usize; 5];
    let mut at = i;
    let mut separator = None;
    if run_end - i > 19 {
        return None;
    }
    'groups: while group < 5 {
        let start = at;
        while let Some(c) = b.get(at).filter(|c| c.is_ascii_digit()) {
            let Some(slot) = digits.get_mut(count) else { break 'groups };
            *slot = c - b'0';
            count += 1;
            at += 1;
        }
        if at == start {
            break;
        }
        groups[group] = at - start;
        ends[group] = at;
        group += 1;
        match (b.get(at), separator) {
            (Some(c @ (b' ' | b'-' | b'.')), None) => separator = Some(*c),
            (Some(c), Some(s)) if *c == s => {}
            _ => break,
        }
        at += 1;
    }
    let shapes: [(&[usize], usize); 6] = [
        (&[4, 4, 4, 4, 3], 19),
        (&[4, 4, 4, 4], 16),
        (&[4, 6, 5], 15),
        (&[4, 6, 4], 14),
        (&[4, 4, 4, 1], 13),
        (&groups[..1], groups[0]),
    ];
    for (shape, len) in shapes {
        if group < shape.len() || groups.get(..shape.len()) != Some(shape) || !(13..=19).contains(&len) {
            continue;
        }
        let end = *ends.get(shape.len() - 1)?;
        let next = after(b, end);
        let goes_on = next.is_ascii_alphanumeric() && !(next == b'n' && before(b, end) == b'\\')
            || (matches!(next, b'-' | b'.') && after(b, end + 1).is_ascii_alphanumeric() && shape.len() > 1)
            || next == b'_';
        if !goes_on && is_card(digits.get(..len)?) {
            return Some(end);
        }
    }
    None
}

/// Issuer, length and Luhn.
pub(super) fn is_card(digits: &[u8]) -> bool {
    let number = |n: usize| digits.iter().take(n).fold(0u32, |sum, d| sum * 10 + u32::from(*d));
    let (two, three, four) = (number(2), number(3), number(4));
    let issued = match digits.len() {
        13 => number(1) == 4,
        14 => matches!(two, 36 | 38 | 39) || (300..=305).contains(&three),
        15 => matches!(two, 34 | 37),
        16 => {
            number(1) == 4 || matches!(two, 50..=59 | 35 | 62 | 64 | 65 | 60 | 63 | 67) || (2221..=2720).contains(&four)
        }
        17..=19 => number(1) == 4 || matches!(two, 50 | 56..=59 | 60 | 62..=65 | 67),
        _ => false,
    };
    if !issued || digits.iter().all(|d| Some(d) == digits.first()) {
        return false;
    }
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, d)| match (i % 2, u32::from(*d)) {
            (0, d) => d,
            (_, d) if d > 4 => d * 2 - 9,
            (_, d) => d * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// `nnn-nn-nnnn`. Looks at twelve bytes.
pub(super) fn ssn(b: &[u8], i: usize) -> Option<usize> {
    let part = b.get(i..i + 11)?;
    let digits = |range: std::ops::Range<usize>| -> Option<u32> {
        let part = part.get(range)?;
        part.iter().all(u8::is_ascii_digit).then(|| part.iter().fold(0, |n, d| n * 10 + u32::from(d - b'0')))
    };
    if part.get(3) != Some(&b'-') || part.get(6) != Some(&b'-') {
        return None;
    }
    let (area, group, serial) = (digits(0..3)?, digits(4..6)?, digits(7..11)?);
    let next = after(b, i + 11);
    let issued = area != 0 && area != 666 && area < 900 && group != 0 && serial != 0;
    (issued && !next.is_ascii_alphanumeric() && !matches!(next, b'-' | b'_')).then_some(i + 11)
}

/// Lengths of the ISO 13616 registry.
#[rustfmt::skip]
const IBAN_LENGTHS: &[(&[u8; 2], usize)] = &[
    (b"AD", 24), (b"AE", 23), (b"AL", 28), (b"AT", 20), (b"AZ", 28), (b"BA", 20), (b"BE", 16), (b"BG", 22), (b"BH", 22),
    (b"BR", 29), (b"BY", 28), (b"CH", 21), (b"CR", 22), (b"CY", 28), (b"CZ", 24), (b"DE", 22), (b"DK", 18), (b"DO", 28),
    (b"EE", 20), (b"EG", 29), (b"ES", 24), (b"FI", 18), (b"FO", 18), (b"FR", 27), (b"GB", 22), (b"GE", 22), (b"GI", 23),
    (b"GL", 18), (b"GR", 27), (b"GT", 28), (b"HR", 21), (b"HU", 28), (b"IE", 22), (b"IL", 23), (b"IQ", 23), (b"IS", 26),
    (b"IT", 27), (b"JO", 30), (b"KW", 30), (b"KZ", 20), (b"LB", 28), (b"LC", 32), (b"LI", 21), (b"LT", 20), (b"LU", 20),
    (b"LV", 21), (b"LY", 25), (b"MC", 27), (b"MD", 24), (b"ME", 22), (b"MK", 19), (b"MR", 27), (b"MT", 31), (b"MU", 30),
    (b"NL", 18), (b"NO", 15), (b"PK", 24), (b"PL", 28), (b"PS", 29), (b"PT", 25), (b"QA", 29), (b"RO", 24), (b"RS", 22),
    (b"SA", 24), (b"SC", 31), (b"SE", 24), (b"SI", 19), (b"SK", 24), (b"SM", 27), (b"ST", 25), (b"SV", 28), (b"TL", 23),
    (b"TN", 24), (b"TR", 26), (b"UA", 29), (b"VA", 22), (b"VG", 24), (b"XK", 20),
];

/// An IBAN whose check digits stand at `i`. Looks at 50 bytes.
pub(super) fn iban(b: &[u8], i: usize) -> Option<Range> {
    let start = i.checked_sub(2)?;
    let country: &[u8; 2] = b.get(start..i)?.try_into().ok()?;
    let length = IBAN_LENGTHS.iter().find(|(c, _)| *c == country)?.1;
    if !starts_word(b, start) {
        return None;
    }
    let mut letters = [0u8; 34];
    let (mut count, mut at) = (0, start);
    while count < length {
        let c = *b.get(at)?;
        if c.is_ascii_uppercase() || c.is_ascii_digit() {
            *letters.get_mut(count)? = c;
            count += 1;
        } else if !(c == b' ' && count % 4 == 0) {
            return None;
        }
        at += 1;
    }
    let letters = letters.get(..length)?;
    if after(b, at).is_ascii_alphanumeric() || !letters.get(2..4)?.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let rotated = letters.iter().skip(4).chain(letters.iter().take(4));
    let rest = rotated.fold(0u32, |rest, c| match c {
        b'0'..=b'9' => (rest * 10 + u32::from(c - b'0')) % 97,
        _ => (rest * 100 + u32::from(c - b'A') + 10) % 97,
    });
    (rest == 1).then_some((start, at))
}

/// Looks 64 bytes back (the longest local part) and as far as a domain goes, which no `@` is part of.
pub(super) fn email(b: &[u8], i: usize, sign: usize, floor: usize) -> Option<Range> {
    let local = |c: &u8| c.is_ascii_alphanumeric() || *c >= 0x80 || b"._%+-!#$*?^{|}".contains(c);
    let mut start = i;
    while start > floor && i - start < 64 && b.get(start - 1).is_some_and(local) {
        start -= 1;
    }
    // `\nbob@example.com` in a repr, `=%20bob`: what stands before the name may be an escape.
    while start < i && b.get(start).is_some_and(|c| b".%?{|}!#$*^-".contains(c)) {
        start += 1;
    }
    // `{user}@host` is a template, in source and in unformatted messages.
    if start == i || before(b, i) == b'}' {
        return None;
    }
    while start > 0 && !b.get(start).is_some_and(|c| *c < 0x80 || *c >= 0xC0) {
        start -= 1;
    }
    let domain = i + sign;
    let length = b
        .iter()
        .skip(domain)
        .take(255)
        .take_while(|c| c.is_ascii_alphanumeric() || **c >= 0x80 || matches!(c, b'.' | b'-'))
        .count();
    let text = b.get(domain..domain + length)?;
    // Sentence dots and ellipses belong to no domain.
    let ascii = text.iter().rposition(|c| c.is_ascii_alphanumeric())? + 1;
    let text = text.get(..ascii)?;
    let dot = memchr::memrchr(b'.', text)?;
    let tld = text.get(dot + 1..)?;
    let labels_fit = text.split(|c| *c == b'.').all(|label| !label.is_empty());
    if !labels_fit || tld.len() < 2 || !tld.iter().all(u8::is_ascii_alphabetic) && !tld.starts_with(b"xn--") {
        return None;
    }
    // `git@github.com:org/repo` names a place, not a person.
    if b.get(start..i) == Some(b"git") {
        return None;
    }
    Some((start, domain + ascii))
}

/// A dotted quad. Looks 16 bytes ahead and 12 back.
pub(super) fn ipv4(b: &[u8], i: usize) -> Option<usize> {
    let previous = before(b, i);
    let escape = matches!(previous, b'n' | b't' | b'r') && i >= 2 && b.get(i - 2) == Some(&b'\\');
    if !escape && (previous.is_ascii_alphanumeric() || matches!(previous, b'.' | b'_')) {
        return None;
    }
    let length = b.iter().skip(i).take(16).take_while(|c| c.is_ascii_digit() || **c == b'.').count();
    let mut text = b.get(i..i + length)?;
    while let Some(cut) = text.strip_suffix(b".") {
        text = cut;
    }
    let address: Ipv4Addr = std::str::from_utf8(text).ok()?.parse().ok()?;
    let end = i + text.len();
    let next = after(b, end);
    if next.is_ascii_alphabetic()
        || next == b'_'
        || (matches!(next, b'-' | b'+') && after(b, end + 1).is_ascii_alphabetic())
    {
        return None;
    }
    if address.is_loopback() || address.is_unspecified() || address.is_broadcast() || names_version(b, i) {
        return None;
    }
    Some(end)
}

/// `version 1.2.3.4`, `Chrome/1.2.3.4`, `pkg==1.2.3.4`, `pkg@1.2.3.4`, `pkg-1.2.3.4`.
fn names_version(b: &[u8], i: usize) -> bool {
    let head = b.get(i.saturating_sub(12)..i).unwrap_or(b"");
    match head.last() {
        Some(b'/' | b'-') => {
            let previous = head.len().checked_sub(2).and_then(|at| head.get(at)).copied().unwrap_or(b' ');
            return previous.is_ascii_alphanumeric();
        }
        Some(b'@') => return head.len() >= 2 && head.get(head.len() - 2).is_some_and(u8::is_ascii_alphanumeric),
        Some(b'=') => {
            if matches!(head.len().checked_sub(2).and_then(|at| head.get(at)), Some(b'=' | b'<' | b'>' | b'~' | b'!')) {
                return true;
            }
        }
        _ => {}
    }
    let word: Vec<u8> = head
        .iter()
        .rev()
        .take_while(|c| !matches!(c, b'\n' | b'\r'))
        .skip_while(|c| !c.is_ascii_alphabetic())
        .take_while(|c| c.is_ascii_alphabetic())
        .map(u8::to_ascii_lowercase)
        .collect();
    matches!(word.as_slice(), b"noisrev" | b"rev" | b"esaeler" | b"ver" | b"dliub" | b"v")
}

/// An IPv6 address whose first colon stands at `i`. Looks at 46 bytes.
pub(super) fn ipv6(text: &str, i: usize) -> Option<Range> {
    let b = text.as_bytes();
    let mut start = i;
    while start > 0 && i - start < 5 && b.get(start - 1).is_some_and(u8::is_ascii_hexdigit) {
        start -= 1;
    }
    if i - start > 4 || (start == i && after(b, i + 1) != b':') {
        return None;
    }
    let previous = before(b, start);
    if previous.is_ascii_alphanumeric() || matches!(previous, b':' | b'_' | b'.') || previous >= 0x80 {
        return None;
    }
    let length =
        b.iter().skip(start).take(46).take_while(|c| c.is_ascii_hexdigit() || matches!(c, b':' | b'.')).count();
    let mut candidate = text.get(start..start + length)?;
    while let Some(cut) =
        candidate.strip_suffix('.').or_else(|| candidate.strip_suffix(':').filter(|c| !c.ends_with(':')))
    {
        candidate = cut;
    }
    let next = after(b, start + candidate.len());
    if next.is_ascii_alphanumeric() || next == b'_' {
        return None;
    }
    let address: Ipv6Addr = candidate.parse().ok()?;
    if address.is_loopback() || address.is_unspecified() {
        return None;
    }
    // `a::b` is a path in several languages, `10::20` a slice: a short form must look like an address.
    let groups = candidate.split(':').filter(|g| !g.is_empty()).count();
    let head = candidate.split(':').next().unwrap_or("");
    let global = head.len() == 4 && matches!(head.as_bytes().first(), Some(b'2' | b'3' | b'f' | b'F'));
    (groups >= 3 && candidate.bytes().any(|c| c.is_ascii_digit()) || global).then_some((start, start + candidate.len()))
}

/// `abc8Q~` and 31 more: the `~` stands at `i`. Looks at 50 bytes.
pub(super) fn azure_secret(b: &[u8], i: usize) -> Option<Range> {
    let start = i.checked_sub(5)?;
    let head = b.get(start..i)?;
    let fits = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-' | b'.' | b'~');
    let ok = head.get(4) == Some(&b'Q') && head.get(3).is_some_and(u8::is_ascii_digit) && head.iter().all(fits);
    let tail = b.iter().skip(i + 1).take(41).take_while(|c| fits(c)).count();
    (ok && (31..=40).contains(&tail)).then_some((start, i + 1 + tail))
}

/// `123456789:AA...`: the colon stands at `i`. Looks at 60 bytes.
pub(super) fn telegram(b: &[u8], i: usize) -> Option<Range> {
    if b.get(i + 1..i + 3) != Some(b"AA") {
        return None;
    }
    let digits = b.get(i.saturating_sub(11)..i)?.iter().rev().take_while(|c| c.is_ascii_digit()).count();
    let tail = run(b, i + 1, Alphabet::UrlSafe, 48);
    ((8..=10).contains(&digits) && (33..=40).contains(&tail)).then_some((i - digits, i + 1 + tail))
}

/// 32 hex digits, `-us` and a number: the dash stands at `i`. Looks at 40 bytes.
pub(super) fn mailchimp(b: &[u8], i: usize) -> Option<Range> {
    if b.get(i + 1..i + 3) != Some(b"us") {
        return None;
    }
    let start = i.checked_sub(32)?;
    let data_center = b.iter().skip(i + 3).take(3).take_while(|c| c.is_ascii_digit()).count();
    let hex = b.get(start..i)?.iter().all(u8::is_ascii_hexdigit);
    (hex && (1..=2).contains(&data_center) && !before(b, start).is_ascii_alphanumeric())
        .then_some((start, i + 3 + data_center))
}
