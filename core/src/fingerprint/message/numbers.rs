//! Numbers, with and without units.

use super::cursor::{Cursor, Hit};

/// Groups of three digits after commas that one match takes; a longer list is folded afterwards.
pub(super) const GROUPS: usize = 6;
/// Numbers in a version.
pub(super) const VERSION_PARTS: usize = 6;
/// Longest suffix of a version: `-beta.12`, `+build.2024`.
pub(super) const VERSION_SUFFIX: usize = 32;
/// Digits of an identity hash: 32 bits, printed without leading zeros; fewer than five are too rare
/// to be worth mistaking `react@18`.
const IDENTITY: std::ops::RangeInclusive<usize> = 5..=8;

/// Units of time that may stand directly behind a number.
pub(super) const TIME_UNITS: &[&str] = &[
    "ns", "us", "\u{b5}s", "\u{3bc}s", "ms", "s", "sec", "secs", "second", "seconds", "m", "min", "mins", "minute",
    "minutes", "h", "hr", "hrs", "hour", "hours", "d", "day", "days", "w", "week", "weeks", "month", "months", "year",
    "years", "msec", "msecs", "millis", "usec", "nsec",
];
/// Units of time that may stand after a space: those that are no other word.
pub(super) const SPACED_TIME_UNITS: &[&str] = &[
    "ns",
    "us",
    "\u{b5}s",
    "\u{3bc}s",
    "ms",
    "s",
    "sec",
    "secs",
    "second",
    "seconds",
    "min",
    "mins",
    "minute",
    "minutes",
    "hr",
    "hrs",
    "hour",
    "hours",
    "day",
    "days",
    "week",
    "weeks",
    "month",
    "months",
    "year",
    "years",
    "msec",
    "msecs",
    "millis",
    "millisecond",
    "milliseconds",
    "microsecond",
    "microseconds",
    "nanosecond",
    "nanoseconds",
    "usec",
    "nsec",
];
/// Units of memory that may stand directly behind a number.
pub(super) const SIZE_UNITS: &[&str] = &[
    "B", "K", "M", "G", "T", "kB", "KB", "MB", "GB", "TB", "PB", "KiB", "MiB", "GiB", "TiB", "PiB", "Ki", "Mi", "Gi",
    "kb", "mb", "gb", "byte", "bytes",
];
/// Units of memory that may stand after a space.
pub(super) const SPACED_SIZE_UNITS: &[&str] = &[
    "B",
    "kB",
    "KB",
    "MB",
    "GB",
    "TB",
    "PB",
    "KiB",
    "MiB",
    "GiB",
    "TiB",
    "PiB",
    "kb",
    "mb",
    "gb",
    "byte",
    "bytes",
    "kilobytes",
    "megabytes",
    "gigabytes",
];

/// Longest unit.
const UNIT: usize = 12;

struct Number {
    start: usize,
    end: usize,
    float: bool,
}

/// A sign where one can stand: not between two words.
fn signed(c: &Cursor) -> Option<usize> {
    let start = c.position();
    if !matches!(c.byte(), b'-' | b'+') {
        return Some(start);
    }
    let free = matches!(c.left(1), 0 | b' ' | b'\t' | b'\n' | b'(' | b'[' | b'{' | b'=' | b',' | b':');
    (free && c.at(start + 1).is_ascii_digit()).then_some(start + 1)
}

fn digits(c: &Cursor, start: usize) -> usize {
    let run = c.run(start, usize::MAX, |b| b.is_ascii_digit() || b == b'_');
    // `12_` is a name.
    if run > 0 && c.at(start + run - 1) == b'_' { 0 } else { run }
}

/// Digits with separators, a fraction, an exponent.
fn number(c: &Cursor, grouped: bool) -> Option<Number> {
    let start = signed(c)?;
    let whole = digits(c, start);
    if whole == 0 || !c.at(start).is_ascii_digit() {
        return None;
    }
    let mut end = start + whole;
    if whole <= 3 && grouped {
        for _ in 0..GROUPS {
            if c.at(end) != b',' || c.run(end + 1, 4, |b| b.is_ascii_digit()) != 3 || !c.boundary(end + 4) {
                break;
            }
            end += 4;
        }
    }
    let mut float = false;
    if c.at(end) == b'.' && c.at(end + 1).is_ascii_digit() {
        end += 1 + digits(c, end + 1);
        float = true;
    }
    if matches!(c.at(end), b'e' | b'E') {
        let sign = usize::from(matches!(c.at(end + 1), b'-' | b'+'));
        let exponent = c.run(end + 1 + sign, 5, |b| b.is_ascii_digit());
        if exponent > 0 {
            end += 1 + sign + exponent;
            float = true;
        }
    }
    Some(Number { start, end, float })
}

/// True when the number is a part of something with dots: `1.2.3.4.5`, `TLSv1.2`.
fn dotted(c: &Cursor, number: &Number) -> bool {
    let before = number.start == c.position() && c.left(1) == b'.' && c.left(2).is_ascii_digit();
    before || c.continues(number.end, b".")
}

pub(super) fn int(c: &Cursor) -> Option<Hit> {
    let whole = |grouped| {
        let number = number(c, grouped)?;
        (!number.float && c.boundary(number.end) && !dotted(c, &number)).then_some(number.end)
    };
    c.hit(whole(true).or_else(|| whole(false))?)
}

pub(super) fn float(c: &Cursor) -> Option<Hit> {
    let number = number(c, true)?;
    (number.float && c.boundary(number.end) && !dotted(c, &number)).then(|| c.hit(number.end)).flatten()
}

/// The end of the unit at `i`.
fn unit(c: &Cursor, i: usize, units: &[&str]) -> Option<usize> {
    let length = c.run(i, UNIT + 1, |b| b.is_ascii_alphabetic() || b >= 0x80);
    let known = length <= UNIT && units.iter().any(|u| u.len() == length && c.has(i, u.as_bytes()));
    (known && c.boundary(i + length)).then_some(i + length)
}

fn with_unit(c: &Cursor, end: usize, close: &[&str], spaced: &[&str]) -> Option<usize> {
    match c.at(end) {
        b' ' => unit(c, end + 1, spaced),
        0..=b'@' => None,
        _ => unit(c, end, close),
    }
}

/// `12ms`, `3.5 s`, and the compound form `1h2m3.5s`.
pub(super) fn duration(c: &Cursor) -> Option<Hit> {
    let number = number(c, true)?;
    if let Some(end) = with_unit(c, number.end, TIME_UNITS, SPACED_TIME_UNITS) {
        return c.hit(end);
    }
    // Compound: each unit once, the larger first.
    let mut at = number.start;
    let mut parts = 0;
    for unit in ["d", "h", "m", "s"] {
        let whole = c.run(at, 10, |b| b.is_ascii_digit());
        let fraction = if unit == "s" && c.at(at + whole) == b'.' {
            1 + c.run(at + whole + 1, 10, |b| b.is_ascii_digit())
        } else {
            0
        };
        if whole > 0 && c.has(at + whole + fraction, unit.as_bytes()) {
            at += whole + fraction + 1;
            parts += 1;
        }
    }
    (parts > 1 && c.boundary(at)).then(|| c.hit(at)).flatten()
}

pub(super) fn size(c: &Cursor) -> Option<Hit> {
    let number = number(c, true)?;
    c.hit(with_unit(c, number.end, SIZE_UNITS, SPACED_SIZE_UNITS)?)
}

/// `0x1f`, and the identity hash after `Name@`.
pub(super) fn hex(c: &Cursor) -> Option<Hit> {
    let start = c.position();
    if c.byte() == b'@' {
        let run = c.run(start + 1, *IDENTITY.end() + 1, |b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'));
        let end = start + 1 + run;
        let named = c.left(1).is_ascii_alphanumeric() || matches!(c.left(1), b'_' | b'$' | b';');
        return (named && IDENTITY.contains(&run) && c.at(end) != b'.' && c.boundary(end))
            .then(|| c.hit_after(start + 1, end))
            .flatten();
    }
    if !matches!(c.at(start + 1), b'x' | b'X') {
        return None;
    }
    let end = start + 2 + c.run(start + 2, usize::MAX, |b| b.is_ascii_hexdigit() || b == b'_');
    (end > start + 2 && c.boundary(end)).then(|| c.hit(end)).flatten()
}

/// `v1.2.3`, `1.2.3-beta.1`.
pub(super) fn version(c: &Cursor) -> Option<Hit> {
    let start = c.position();
    let marked = matches!(c.byte(), b'v' | b'V');
    let mut end = start + usize::from(marked);
    let mut parts = 0;
    loop {
        let run = c.run(end, 11, |b| b.is_ascii_digit());
        if run == 0 || run > 10 || parts == VERSION_PARTS {
            return None;
        }
        parts += 1;
        end += run;
        if c.at(end) != b'.' || !c.at(end + 1).is_ascii_digit() {
            break;
        }
        end += 1;
    }
    if c.continues(end, b".") {
        return None;
    }
    if parts < if marked { 2 } else { 3 } || (!marked && c.left(1) == b'.' && c.left(2).is_ascii_digit()) {
        return None;
    }
    if matches!(c.at(end), b'-' | b'+') && c.at(end + 1).is_ascii_alphanumeric() {
        let suffix = c.run(end + 1, VERSION_SUFFIX, |b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+'));
        let mut tail = end + 1 + suffix;
        while matches!(c.at(tail - 1), b'.' | b'-' | b'+') {
            tail -= 1;
        }
        end = if c.boundary(tail) { tail } else { end };
    }
    c.boundary(end).then(|| c.hit(end)).flatten()
}

/// `order_12345`: the number after the last `_` of a word.
pub(super) fn suffix(c: &Cursor) -> Option<Hit> {
    let word = c.word();
    let tail = word.end - word.tail;
    if word.tail == word.start || tail < 3 || word.digits < 3 {
        return None;
    }
    let all_digits = c.slice(word.tail, word.end).iter().all(u8::is_ascii_digit);
    (all_digits && c.boundary(word.end)).then(|| c.hit_after(word.tail, word.end)).flatten()
}
