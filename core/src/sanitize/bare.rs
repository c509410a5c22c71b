//! Secrets that nothing announces, no name, prefix or sign: known only by looking random.

use super::shapes::Range;
use crate::base64::digit;

/// Length of an AWS secret access key: 30 random bytes in base64.
const AWS_SECRET: usize = 40;
/// Fewest different characters of what counts as random.
const DIFFERENT: u32 = 24;
/// Fewest changes between small letters, capitals, digits and signs.
const CHANGES: usize = 16;
/// Most slashes; more make a path.
const SLASHES: usize = 3;
// Of a hundred thousand random keys 0.8 % miss one of these or hold no digit. Identifiers and paths of 40
// characters in seven million lines (Python's standard library and packages, the manuals of AWS's tools
// among them) reach 15 changes, hexadecimal digits 19 different characters.

/// An AWS secret access key with a digit at `i`. `Err` says how far was looked, to the end of the run of
/// such characters, so that none is read again for each of its digits. Looks 42 bytes back.
pub(super) fn aws_secret(b: &[u8], i: usize) -> Result<Range, usize> {
    let fits = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'/' | b'+');
    let back = b.iter().take(i).rev().take(AWS_SECRET + 2).take_while(|c| fits(c)).count();
    let ahead = b.iter().skip(i).take_while(|c| fits(c)).count();
    let (mut start, end) = (i - back, i + ahead);
    let at = |i: usize| b.get(i).copied().unwrap_or(b' ');
    let before = |i: usize| i.checked_sub(1).map_or(b' ', at);
    // `\nwJalr...` in a repr: the letter belongs to the escape.
    if before(start) == b'\\' && matches!(at(start), b'n' | b't' | b'r') && start < i {
        start += 1;
    }
    // A part of an id in another alphabet, of padded base64, of a dotted name; a call.
    let joins = |c: u8| matches!(c, b'_' | b'-' | b'%' | b'$' | 0x80..);
    let joined = joins(before(start)) || before(start) == b'.' || joins(at(end)) || matches!(at(end), b'=' | b'(');
    let goes_on = at(end) == b'.' && at(end + 1).is_ascii_alphanumeric();
    let alone = !joined && !goes_on;
    match b.get(start..end) {
        Some(key) if key.len() == AWS_SECRET && alone && is_random(key) && !is_text(key) => Ok((start, end)),
        _ => Err(end),
    }
}

/// No word, path, class name or number in hexadecimal digits.
fn is_random(key: &[u8]) -> bool {
    let class = |c: &u8| match c {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    let changes = key.windows(2).filter(|w| matches!(w, [a, b] if class(a) != class(b))).count();
    let different = key.iter().fold(0u128, |seen, c| seen | 1 << (c & 127)).count_ones();
    let mixed = (0..=2).all(|wanted| key.iter().any(|c| class(c) == wanted));
    let slashes = key.iter().filter(|c| **c == b'/').count();
    mixed && changes >= CHANGES && different >= DIFFERENT && slashes <= SLASHES
}

/// Base64 of a text, which is no secret by its looks.
fn is_text(key: &[u8]) -> bool {
    let mut bytes = Vec::with_capacity(AWS_SECRET / 4 * 3);
    for group in key.chunks_exact(4) {
        let bits = group.iter().fold(0, |bits, c| bits << 6 | u32::from(digit(*c).unwrap_or(0)));
        bytes.extend(bits.to_be_bytes().iter().skip(1));
    }
    std::str::from_utf8(&bytes).is_ok_and(|text| !text.contains(|c: char| c.is_control() && !c.is_whitespace()))
}
