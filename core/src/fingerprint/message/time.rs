//! Dates and times of day in the forms that logs and libraries print.

use super::cursor::{Cursor, Hit};

/// Months, short; the long names follow.
pub(super) const MONTHS: &[&str] = &[
    "January",
    "February",
    "March",
    "April",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sept",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
];
/// Days of the week, long and short.
pub(super) const WEEKDAYS: &[&str] = &[
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
    "Mon",
    "Tue",
    "Wed",
    "Thu",
    "Fri",
    "Sat",
    "Sun",
];
/// Names of time zones behind a time.
pub(super) const ZONES: &[&str] = &[
    "UTC", "GMT", "EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT", "CET", "CEST", "BST", "IST", "JST", "MSK",
    "AEST", "AEDT",
];

/// Digits of a fraction of a second: nanoseconds, with room.
pub(super) const FRACTION: usize = 12;

/// A number of `least` to `most` digits from `low` to `high`; its end.
fn number(c: &Cursor, start: usize, digits: (usize, usize), range: (u32, u32)) -> Option<usize> {
    let run = c.run(start, digits.1 + 1, |b| b.is_ascii_digit());
    if run < digits.0 || run > digits.1 {
        return None;
    }
    let value = c.slice(start, start + run).iter().fold(0u32, |n, b| n.saturating_mul(10) + u32::from(b - b'0'));
    (range.0 <= value && value <= range.1).then_some(start + run)
}

fn year(c: &Cursor, start: usize) -> Option<usize> {
    number(c, start, (4, 4), (1, 9999))
}

fn day(c: &Cursor, start: usize) -> Option<usize> {
    number(c, start, (1, 2), (1, 31))
}

fn name(c: &Cursor, start: usize, names: &[&str]) -> Option<usize> {
    let name = names.iter().find(|n| c.has(start, n.as_bytes()))?;
    let end = start + name.len();
    (!c.at(end).is_ascii_alphabetic()).then_some(end)
}

fn past(c: &Cursor, at: usize, wanted: &[u8]) -> Option<usize> {
    c.has(at, wanted).then_some(at + wanted.len())
}

/// `2024-01-31`, `2024/01/31`, `2024.01.31`.
fn year_first(c: &Cursor, start: usize) -> Option<usize> {
    let end = year(c, start)?;
    let separator = c.at(end);
    let end = matches!(separator, b'-' | b'/' | b'.').then(|| number(c, end + 1, (1, 2), (1, 12))).flatten()?;
    (c.at(end) == separator).then(|| day(c, end + 1)).flatten()
}

/// `31/01/2024`, `1/31/24`, `31.01.2024`, `31-01-2024`: the order of day and month does not matter.
fn year_last(c: &Cursor, start: usize) -> Option<usize> {
    let end = day(c, start)?;
    let separator = c.at(end);
    let end = matches!(separator, b'-' | b'/' | b'.').then(|| day(c, end + 1)).flatten()?;
    if c.at(end) != separator {
        return None;
    }
    let short = || (separator == b'/').then(|| number(c, end + 1, (2, 2), (0, 99))).flatten();
    year(c, end + 1).or_else(short)
}

/// `31 Jan 2024`, `31-Jan-24`, `31/Jan/2024`.
fn month_named(c: &Cursor, start: usize) -> Option<usize> {
    let end = day(c, start)?;
    let separator = c.at(end);
    let end = matches!(separator, b'-' | b'/' | b' ').then(|| name(c, end + 1, MONTHS)).flatten()?;
    if c.at(end) != separator {
        return None;
    }
    year(c, end + 1).or_else(|| number(c, end + 1, (2, 2), (0, 99)))
}

/// `Jan 31`, `Jan  3`.
fn month_first(c: &Cursor, start: usize) -> Option<usize> {
    let end = past(c, name(c, start, MONTHS)?, b" ")?;
    day(c, end + usize::from(c.at(end) == b' '))
}

/// Any full date, with the day of the week before it.
fn date(c: &Cursor, start: usize) -> Option<usize> {
    if c.at(start).is_ascii_digit() {
        return year_first(c, start).or_else(|| year_last(c, start)).or_else(|| month_named(c, start));
    }
    let start = match name(c, start, WEEKDAYS) {
        Some(end) => past(c, end, b", ").or_else(|| past(c, end, b" "))?,
        None => start,
    };
    if c.at(start).is_ascii_digit() {
        return year_first(c, start).or_else(|| month_named(c, start));
    }
    let end = month_first(c, start)?;
    let end = past(c, end, b", ").or_else(|| past(c, end, b" "))?;
    year(c, end)
}

/// `15:04`, `15:04:05.123456789`, `15:04:05,678`, `3:04 PM`, with the zone.
fn clock(c: &Cursor, start: usize) -> Option<usize> {
    let end = past(c, number(c, start, (1, 2), (0, 24))?, b":")?;
    let mut end = number(c, end, (2, 2), (0, 59))?;
    if c.at(end) == b':' {
        end = number(c, end + 1, (2, 2), (0, 60))?;
        if matches!(c.at(end), b'.' | b',') && c.at(end + 1).is_ascii_digit() {
            let run = c.run(end + 1, FRACTION + 1, |b| b.is_ascii_digit());
            if run > FRACTION {
                return None;
            }
            end += 1 + run;
        }
    }
    if c.continues(end, b":") {
        return None;
    }
    for half in [" AM", " PM", " am", " pm", "AM", "PM", "am", "pm"] {
        if c.has(end, half.as_bytes()) && c.boundary(end + half.len()) {
            end += half.len();
            break;
        }
    }
    Some(zone(c, end))
}

/// The end of the time zone at `end`, if there is one.
fn zone(c: &Cursor, end: usize) -> usize {
    if matches!(c.at(end), b'Z' | b'z') && c.boundary(end + 1) {
        return end + 1;
    }
    let at = end + usize::from(c.at(end) == b' ');
    if matches!(c.at(at), b'+' | b'-') {
        let hours = c.run(at + 1, 5, |b| b.is_ascii_digit());
        let zone = match hours {
            4 => Some(at + 5),
            2 if c.at(at + 3) == b':' => number(c, at + 4, (2, 2), (0, 59)),
            2 if at == end => Some(at + 3),
            _ => None,
        };
        return match zone {
            // `-0700 (MST)`, `+0200 CEST`
            Some(zone) if c.boundary(zone) => named_zone(c, zone).unwrap_or(zone),
            _ => end,
        };
    }
    named_zone(c, end).unwrap_or(end)
}

fn named_zone(c: &Cursor, end: usize) -> Option<usize> {
    let at = past(c, end, b" ")?;
    let open = usize::from(c.at(at) == b'(');
    let zone = name(c, at + open, ZONES)?;
    if open == 1 {
        return past(c, zone, b")");
    }
    c.boundary(zone).then_some(zone)
}

/// `20240131T150405Z`.
fn basic(c: &Cursor, start: usize) -> Option<usize> {
    let word = c.word();
    if word.len() < 15 || word.len() > 20 || c.at(start + 8) != b'T' {
        return None;
    }
    let days = c.run(start, 9, |b| b.is_ascii_digit());
    let clock = c.run(start + 9, 10, |b| b.is_ascii_digit());
    (days == 8 && (6..=9).contains(&clock)).then(|| zone(c, start + 9 + clock))
}

/// A date and a time.
pub(super) fn timestamp(c: &Cursor) -> Option<Hit> {
    let start = c.position();
    if !begins(c) {
        return None;
    }
    let end = basic(c, start).or_else(|| dated(c, start)).or_else(|| undated(c, start))?;
    c.boundary(end).then(|| c.hit(end)).flatten()
}

/// A full date, then the time.
fn dated(c: &Cursor, start: usize) -> Option<usize> {
    let end = date(c, start)?;
    let joint = [" at ", ", ", " ", "T", "t", "_", ":", "-"].iter().find(|j| c.has(end, j.as_bytes()))?;
    clock(c, end + joint.len())
}

/// `Mon Jan  2 15:04:05 2006`, `Jan  2 15:04:05`, `Mon Jan 2 2006 15:04:05 GMT+0100 (...)` without the
/// last bracket.
fn undated(c: &Cursor, start: usize) -> Option<usize> {
    let month = match name(c, start, WEEKDAYS) {
        Some(end) => past(c, end, b" ")?,
        None => start,
    };
    let end = clock(c, past(c, month_first(c, month)?, b" ")?)?;
    let year = past(c, end, b" ").and_then(|at| year(c, at));
    Some(year.filter(|y| c.boundary(*y)).unwrap_or(end))
}

/// A date without a time.
pub(super) fn date_only(c: &Cursor) -> Option<Hit> {
    if !begins(c) {
        return None;
    }
    let end = date(c, c.position())?;
    let more = c.continues(end, b"-/.");
    (!more && c.boundary(end)).then(|| c.hit(end)).flatten()
}

/// A time without a date. After a colon it is a line and a column.
pub(super) fn time_only(c: &Cursor) -> Option<Hit> {
    if !begins(c) || c.left(1) == b':' {
        return None;
    }
    let end = clock(c, c.position())?;
    c.boundary(end).then(|| c.hit(end)).flatten()
}

/// The cheap test: a short number with a separator, or a name.
fn begins(c: &Cursor) -> bool {
    let word = c.word();
    if word.digits == 0 {
        return (3..=9).contains(&word.len()) && matches!(c.at(word.end), b' ' | b',');
    }
    let joined = matches!(c.at(word.end), b'-' | b'/' | b'.' | b':' | b' ');
    c.byte().is_ascii_digit() && ((word.len() <= 4 && joined) || word.len() >= 15)
}
