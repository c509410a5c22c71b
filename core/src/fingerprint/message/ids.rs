//! Names of particular things: users, tenants, processes, hashes, tokens.

use super::LOOK_AHEAD;
use super::cursor::{Cursor, Hit, Word};

/// Words whose value is an id. The name with `id`, `_id` or `-id` behind it counts too.
pub(super) const SUBJECTS: &[&str] = &[
    "user",
    "tenant",
    "customer",
    "account",
    "client",
    "member",
    "merchant",
    "org",
    "organization",
    "organisation",
    "workspace",
    "session",
    "subscriber",
    "guest",
    "employee",
    "patient",
    "seller",
    "buyer",
];
/// Values that say what is wrong instead of naming somebody.
pub(super) const KEPT_VALUES: &[&str] =
    &["null", "none", "nil", "undefined", "true", "false", "nan", "missing", "unknown", "empty"];
/// Path segments of letters and digits that name no particular thing.
pub(super) const KEPT_SEGMENTS: &[&str] =
    &["sha256", "sha384", "sha512", "sha224", "es2015", "es2020", "oauth2callback", "win32", "log4j2", "x86_64"];
/// Words whose number is a process or a thread.
pub(super) const PROCESSES: &[&str] = &["pid", "ppid", "tid", "process", "thread"];

/// Longest id after a subject.
pub(super) const SUBJECT_ID: usize = 64;
/// Longest path segment that is looked at.
const SEGMENT: usize = LOOK_AHEAD;
/// Digits in a row that make a segment an id: `v2`, `x86_64` and `python3` have fewer.
pub(super) const SEGMENT_DIGITS: usize = 3;
/// Changes between letters and digits that make a segment an id: `i18n` has two.
pub(super) const SEGMENT_TURNS: usize = 3;
/// Shortest abbreviated hash: git's default.
pub(super) const HASH: usize = 7;
/// From this length on one digit is enough; below it, two: `decade1` is a word.
pub(super) const HASH_SURE: usize = 12;
/// Shortest token, in a word and over `-`, `+`, `/`, `=`.
pub(super) const TOKEN: usize = 16;
pub(super) const LONG_TOKEN: usize = 20;

/// What follows a subject.
struct Value {
    start: usize,
    end: usize,
    digits: bool,
}

fn value(c: &Cursor, start: usize) -> Option<Value> {
    if !c.at(start).is_ascii_alphanumeric() {
        return None;
    }
    let run = c.run(start, SUBJECT_ID + 1, |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    if run > SUBJECT_ID {
        return None;
    }
    let mut end = start + run;
    while matches!(c.at(end - 1), b'.' | b'-') {
        end -= 1;
    }
    if end < start + run && c.placeholder_at(start + run).is_some() {
        return None;
    }
    let digits = c.slice(start, end).iter().any(u8::is_ascii_digit);
    let part_of_more = c.at(end) == b'@' || (c.at(end) == b':' && c.at(end + 1) == b'/');
    (c.boundary(end) && !part_of_more).then_some(Value { start, end, digits })
}

/// True for a name that says "id" itself: `id`, `user_id`, `userId`, `orderID`.
fn says_id(name: &[u8]) -> bool {
    let Some((stem, id)) = name.len().checked_sub(2).map(|n| name.split_at(n)) else { return false };
    match id {
        b"id" => stem.is_empty() || stem.ends_with(b"_") || matches!(stem, b"u" | b"gu" | b"uu") || is_subject(stem),
        b"Id" | b"ID" => stem.last().is_none_or(|b| b.is_ascii_lowercase() || *b == b'_') || is_subject(stem),
        _ => false,
    }
}

fn is_subject(name: &[u8]) -> bool {
    let first = name.first().map_or(0, u8::to_ascii_lowercase);
    let alike = |s: &[u8]| s.len() == name.len() && s.first() == Some(&first);
    SUBJECTS.iter().any(|s| alike(s.as_bytes()) && name.eq_ignore_ascii_case(s.as_bytes()))
}

/// `user 42`, `customer_id=abc123`, `tenant: acme-7`, `account #9`, `session id 7f`.
///
/// A value with a digit is an id after a space, `:`, `=` or `#`. Without one it is an id after `=`, and
/// after `:` when it stands alone (nothing but punctuation follows), unless it is one of
/// [`KEPT_VALUES`]: `user: not found` stays.
pub(super) fn subject(c: &Cursor) -> Option<Hit> {
    let word = c.word();
    if word.len() > 40 || word.digits > 0 || !matches!(c.at(word.end), b' ' | b':' | b'=' | b'#' | b'-') {
        return None;
    }
    let name = c.slice(word.start, word.end);
    let mut at = word.end;
    if is_subject(name) {
        let separated = matches!(c.at(at), b' ' | b'-');
        if separated && c.slice(at + 1, at + 3).eq_ignore_ascii_case(b"id") && c.boundary(at + 3) {
            at += 3;
        }
    } else if !says_id(name) {
        return None;
    }
    let spaced = c.at(at) == b' ';
    at += usize::from(spaced);
    let mut sign = c.at(at);
    match sign {
        b'=' | b':' => {
            at += 1;
            at += usize::from(sign == b'=' && c.at(at) == b'>');
            at += usize::from(c.at(at) == b' ');
        }
        b'#' => at += 1,
        _ if spaced => sign = b' ',
        _ => return None,
    }
    at += usize::from(c.at(at) == b'#' && sign != b'#');
    let value = value(c, at)?;
    let text = c.slice(value.start, value.end);
    let kept = || KEPT_VALUES.iter().any(|k| text.eq_ignore_ascii_case(k.as_bytes()));
    let named = match sign {
        _ if value.digits => true,
        b'=' => !kept(),
        b':' => stands_alone(c, value.end) && !kept(),
        _ => false,
    };
    named.then(|| c.hit_after(value.start, value.end)).flatten()
}

/// True when only punctuation or the end of the line follows.
fn stands_alone(c: &Cursor, end: usize) -> bool {
    match c.at(end) {
        0 | b'\n' | b'\r' | b',' | b';' | b')' | b']' | b'}' => true,
        b'.' => matches!(c.at(end + 1), 0 | b' ' | b'\n'),
        _ => false,
    }
}

/// `pid 123`, `pid=123`, `thread-7` stays a matter of the number after `-`.
pub(super) fn process(c: &Cursor) -> Option<Hit> {
    let word = c.word();
    if word.len() > 7 || !matches!(c.at(word.end), b' ' | b':' | b'=') {
        return None;
    }
    let name = c.slice(word.start, word.end);
    if !PROCESSES.iter().any(|p| name.eq_ignore_ascii_case(p.as_bytes())) {
        return None;
    }
    let mut at = word.end;
    for wanted in [b" ".as_slice(), b":=", b" ", b"#"] {
        at += usize::from(wanted.contains(&c.at(at)));
    }
    let end = at + c.run(at, 20, |b| b.is_ascii_digit());
    let alone = end > at && c.boundary(end) && c.at(end) != b'.';
    let sentence = end > at && c.at(end) == b'.' && c.boundary(end) && !c.continues_word(end, b".");
    (alone || sentence).then(|| c.hit_after(at, end)).flatten()
}

/// `/home/NAME`, `/Users/NAME`, `\Users\NAME`.
pub(super) fn home(c: &Cursor) -> Option<Hit> {
    let start = c.position();
    let prefix = ["/home/", "/Users/", "\\Users\\", "\\\\Users\\\\"].iter().find(|p| c.has(start, p.as_bytes()))?;
    let name = start + prefix.len();
    let run = c.run(name, SUBJECT_ID + 1, |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    let end = name + run;
    let closed = matches!(c.at(end), b'/' | b'\\');
    (run > 0 && run <= SUBJECT_ID && closed).then(|| c.hit_after(name, end)).flatten()
}

/// `/orders/ORD-12345/items`: a segment that mixes letters and digits like an id does.
pub(super) fn path_segment(c: &Cursor) -> Option<Hit> {
    let start = c.position() + 1;
    let run = c.run(start, SEGMENT + 1, |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'~'));
    let end = start + run;
    if !(SEGMENT_DIGITS..=SEGMENT).contains(&run) || c.at(end) == b'@' || !c.boundary(end) {
        return None;
    }
    if c.continues_word(end, b".") {
        return None;
    }
    let text = c.slice(start, end);
    let (mut letters, mut row, mut longest, mut turns, mut before) = (0, 0, 0, 0, 0);
    for byte in text {
        let kind = if byte.is_ascii_digit() { 1 } else { 2 * u8::from(byte.is_ascii_alphabetic()) };
        letters += usize::from(kind == 2);
        row = if kind == 1 { row + 1 } else { 0 };
        longest = longest.max(row);
        turns += usize::from(kind != before && kind != 0 && before != 0);
        before = kind;
    }
    let looks = letters > 0 && (longest >= SEGMENT_DIGITS || turns >= SEGMENT_TURNS);
    let kept = || KEPT_SEGMENTS.iter().any(|s| s.as_bytes() == text);
    (looks && !kept()).then(|| c.hit_after(start, end)).flatten()
}

/// `550e8400-e29b-41d4-a716-446655440000`, also after `word_`.
pub(super) fn uuid(c: &Cursor) -> Option<Hit> {
    let word = c.word();
    if word.end - word.tail != 8 || c.at(word.end) != b'-' {
        return None;
    }
    let mut at = word.tail;
    for (i, length) in [8, 4, 4, 4, 12].into_iter().enumerate() {
        if i > 0 {
            if c.at(at) != b'-' {
                return None;
            }
            at += 1;
        }
        if c.run(at, length, |b| b.is_ascii_hexdigit()) != length {
            return None;
        }
        at += length;
    }
    c.boundary(at).then(|| c.hit_after(word.tail, at)).flatten()
}

/// An abbreviated or full hash: hexadecimal digits of one case with both letters and digits.
pub(super) fn hash(c: &Cursor) -> Option<Hit> {
    let word = c.word();
    let length = word.end - word.tail;
    if length < HASH || word.digits == 0 || !c.boundary(word.end) {
        return None;
    }
    let (mut digits, mut lower, mut upper) = (0, 0, 0);
    for byte in c.slice(word.tail, word.end) {
        match byte {
            b'0'..=b'9' => digits += 1,
            b'a'..=b'f' => lower += 1,
            b'A'..=b'F' => upper += 1,
            _ => return None,
        }
    }
    let enough = digits >= if length < HASH_SURE { 2 } else { 1 };
    let one_case = (lower == 0) != (upper == 0);
    (enough && one_case).then(|| c.hit_after(word.tail, word.end)).flatten()
}

/// What a piece of text looks like to the token rules.
#[derive(Default)]
struct Mix {
    length: usize,
    digits: usize,
    lower: usize,
    upper: usize,
    /// Places where the class of characters changes.
    turns: usize,
}

impl Mix {
    fn of(text: &[u8]) -> Mix {
        let mut mix = Mix::default();
        let mut before = 0;
        for byte in text {
            let class = match byte {
                b'0'..=b'9' => 1,
                b'a'..=b'z' => 2,
                b'A'..=b'Z' => 3,
                _ => 0,
            };
            mix.digits += usize::from(class == 1);
            mix.lower += usize::from(class == 2);
            mix.upper += usize::from(class == 3);
            mix.turns += usize::from(class != before && mix.length > 0);
            mix.length += 1;
            before = class;
        }
        mix
    }

    /// Camel case changes class about three times in ten, random base62 six times.
    fn random(&self) -> bool {
        let turns = self.turns * 10 / self.length.max(1);
        if self.lower > 0 && self.upper > 0 {
            return (self.digits > 0 && turns >= 4) || (self.digits >= 3 && turns >= 3);
        }
        // One case: base32, ULID, base36. Words with a number at the end change once or twice.
        self.digits * 8 >= self.length && self.turns * 5 >= self.length
    }
}

/// A long mix without words in it.
pub(super) fn token(c: &Cursor) -> Option<Hit> {
    let word = c.word();
    let mixed = word.digits > 0 || (word.upper > 1 && word.lower > 0);
    if !mixed {
        return None;
    }
    let joined = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'+' | b'/' | b'=');
    if matches!(c.at(word.end), b'-' | b'+' | b'/' | b'=') || word.len() >= TOKEN {
        let run = c.run(word.start, LOOK_AHEAD, joined);
        let mix = Mix::of(c.slice(word.start, word.start + run));
        let all = mix.digits > 0 && mix.lower > 0 && mix.upper > 0;
        if run >= LONG_TOKEN && all && mix.turns * 10 >= 4 * run {
            let end = word.start + run;
            // Sure to be consumed, so that its length does not matter.
            let end = end + c.run(end, usize::MAX, joined);
            if c.boundary(end) {
                return c.hit(end);
            }
        }
    }
    if word.len() < TOKEN || !c.boundary(word.end) {
        return None;
    }
    longest_part(c, word).is_some_and(|mix| mix.random()).then(|| c.hit(word.end)).flatten()
}

/// The longest part between underscores, if it is as long as a token.
fn longest_part(c: &Cursor, word: &Word) -> Option<Mix> {
    let text = c.slice(word.start, word.end);
    let longest = text.split(|b| *b == b'_').max_by_key(|part| part.len())?;
    (longest.len() >= TOKEN).then(|| Mix::of(longest))
}
