//! One pass over a text: finds what must go.
//!
//! Every byte is looked up in a class table; what belongs to no rule costs only that. A letter that
//! can begin a token's prefix is checked by its trigram against a small bitmap, and only then
//! against the rows. Signs (`=`, `:`, `@`, `//`, ...) and digits lead to the rules of their own.
//!
//! # Linear on any input
//! Each function called here either looks at a bounded number of bytes, or consumes what it looked
//! at but for the last of it, or remembers how far it looked ([`Scan::jwt_until`]). No byte is begun
//! at twice. `tests/sanitize_linear.rs` holds the inputs that would show otherwise.

use std::cmp::Reverse;
use std::sync::LazyLock;

use super::limits::KEY_WINDOW;
use super::patterns::{PATTERNS, Pattern, Shape, Special, Token};
use super::rules::Keys;
use super::{bare, pairs, shapes};

/// What to look for in a text: a set of rule groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct What(u16);

impl What {
    const TOKENS: u16 = 1;
    const URLS: u16 = 2;
    const PAIRS: u16 = 4;
    const NUMBERS: u16 = 8;
    const EMAIL: u16 = 16;
    const IP: u16 = 32;
    const LITERALS: u16 = 64;
    /// What is a secret only by looking random: nowhere where names and paths stand.
    const RANDOM: u16 = 128;

    /// Running text: everything.
    pub const TEXT: What = What(What::VERSION.0 | What::NUMBERS | What::IP);
    /// A line of source: everything, but assignments lose only their literals.
    pub const CODE: What =
        What(What::TOKENS | What::RANDOM | What::URLS | What::LITERALS | What::NUMBERS | What::EMAIL | What::IP);
    /// Names, paths, ids: only what cannot be part of one.
    pub const NAME: What = What(What::TOKENS | What::URLS);
    /// As `NAME`, for a URL whose parameters are treated apart.
    pub const LOGIN: What = What(What::TOKENS | What::URLS | 1 << 15);
    /// Running text in which four numbers with dots are a version.
    pub const VERSION: What = What(What::TOKENS | What::RANDOM | What::URLS | What::PAIRS | What::EMAIL);

    /// A name that turns out to be a URL with a query has pairs too.
    pub fn for_text(self, text: &str) -> What {
        if self == What::NAME && text.contains(['?', '#']) { What(self.0 | What::PAIRS) } else { self }
    }

    fn has(self, flag: u16) -> bool {
        self.0 & flag != 0
    }

    /// Without what `send_default_pii` lets through.
    fn without_pii_rules(self) -> What {
        What(self.0 & !(What::EMAIL | What::IP))
    }
}

/// A part of a text that must go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hit<'s> {
    pub start: usize,
    pub end: usize,
    pub kind: &'s str,
}

pub(super) const FILTERED: &str = "[Filtered]";
const PLACEHOLDER: &[u8] = b"[Filtered";

/// The end of the placeholder that starts at `at`, if one does. One that was cut at the very end of
/// the text counts, so that a cut text reads the same to a second pass.
pub(super) fn placeholder(b: &[u8], at: usize) -> Option<usize> {
    let rest = b.get(at..)?;
    const CUT: &[u8] = "…".as_bytes();
    if !rest.starts_with(PLACEHOLDER) {
        let head = rest.strip_suffix(CUT)?;
        return (!head.is_empty() && PLACEHOLDER.starts_with(head)).then_some(b.len());
    }
    // A kind is at most 64 characters (`Config`), so this looks at a bounded number of bytes.
    for (i, c) in rest.iter().enumerate().skip(PLACEHOLDER.len()).take(70) {
        match c {
            b']' => return Some(at + i + 1),
            b':' | b'-' | b'_' | b'.' => {}
            c if c.is_ascii_alphanumeric() => {}
            _ => return (rest.get(i..) == Some(CUT)).then_some(b.len()),
        }
    }
    None
}

/// Where the placeholder begins that ends with the `]` before `end`.
pub(super) fn placeholder_before(b: &[u8], end: usize) -> Option<usize> {
    const LONGEST: usize = 80;
    let floor = end.saturating_sub(LONGEST);
    let open = floor + memchr::memrchr(b'[', b.get(floor..end)?)?;
    (placeholder(b, open) == Some(end)).then_some(open)
}

const DIGIT: u8 = 1;
const SIGN: u8 = 2;
const LETTER: u8 = 4;

struct Index {
    class: [u8; 256],
    /// Bitmap over hashed trigrams that begin a prefix.
    trigrams: [u64; 64],
    /// By the first byte of a prefix.
    by_byte: Vec<Vec<Row>>,
}

/// A prefix, and what it is the prefix of.
struct Row {
    prefix: &'static str,
    token: &'static Token,
    pattern: &'static Pattern,
    /// The first four bytes of the prefix, and which of their bits are to be the same.
    head: u32,
    mask: u32,
}

impl Row {
    fn new(prefix: &'static str, token: &'static Token, pattern: &'static Pattern) -> Row {
        let (mut head, mut mask) = ([0; 4], [0; 4]);
        for ((head, mask), c) in head.iter_mut().zip(&mut mask).zip(prefix.bytes()) {
            *mask = if token.any_case && c.is_ascii_alphabetic() { !0x20 } else { !0 };
            *head = c & *mask;
        }
        Row { prefix, token, pattern, head: u32::from_le_bytes(head), mask: u32::from_le_bytes(mask) }
    }
}

/// The first four bytes of a text; behind its end are zeros.
fn head(b: &[u8], i: usize) -> u32 {
    let mut head = [0; 4];
    head.iter_mut().zip(b.iter().skip(i)).for_each(|(head, c)| *head = *c);
    u32::from_le_bytes(head)
}

fn trigram(a: u8, b: u8, c: u8) -> usize {
    (usize::from(a).wrapping_mul(31) ^ usize::from(b).wrapping_mul(131) ^ usize::from(c).wrapping_mul(521)) & 4095
}

impl Index {
    /// The next byte from `i` on with which a rule may begin, and where it stands.
    // Most bytes of most texts are passed here: small, and apart from what the rules do with the others, so that all
    // that it needs is in registers.
    #[inline(never)]
    fn next(&self, b: &[u8], i: usize, with_letters: bool) -> Option<(usize, u8)> {
        let mut rest = b.get(i..)?;
        while let [c, after @ ..] = rest {
            let class = self.class[usize::from(*c)];
            let is_letter = || with_letters && matches!(after, [d, e, ..] if self.begins_prefix(*c, *d, *e));
            if class & (SIGN | DIGIT) != 0 || (class & LETTER != 0 && is_letter()) {
                return Some((b.len() - rest.len(), *c));
            }
            rest = after;
        }
        None
    }

    fn begins_prefix(&self, a: u8, b: u8, c: u8) -> bool {
        let at = trigram(a, b, c);
        self.trigrams[at / 64] & (1 << (at % 64)) != 0
    }
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut class = [0u8; 256];
    for digit in b'0'..=b'9' {
        class[usize::from(digit)] |= DIGIT;
    }
    for sign in b"=:@%>-[~\"'," {
        class[usize::from(*sign)] |= SIGN;
    }
    let mut trigrams = [0u64; 64];
    let mut mark = |a: u8, b: u8, c: u8| {
        let at = trigram(a, b, c);
        trigrams[at / 64] |= 1 << (at % 64);
    };
    let mut by_byte: Vec<Vec<_>> = (0..256).map(|_| Vec::new()).collect();
    for pattern in PATTERNS {
        let Shape::Token(token) = &pattern.shape else { continue };
        for prefix in token.prefixes {
            let p = prefix.as_bytes();
            let (Some(&a), Some(&b)) = (p.first(), p.get(1)) else { continue };
            let thirds = match p.get(2) {
                Some(c) => vec![*c],
                None => (0..=127).filter(|c| token.alphabet.has(*c)).collect(),
            };
            let cases =
                |c: u8| if token.any_case { vec![c.to_ascii_lowercase(), c.to_ascii_uppercase()] } else { vec![c] };
            for a in cases(a) {
                class[usize::from(a)] |= LETTER;
                by_byte[usize::from(a)].push(Row::new(prefix, token, pattern));
                for b in cases(b) {
                    for c in &thirds {
                        for c in cases(*c) {
                            mark(a, b, c);
                        }
                    }
                }
            }
        }
    }
    for (head, a) in [(b"eyJ", b'e'), (b"bas", b'b'), (b"baS", b'b'), (b"bAs", b'b'), (b"bAS", b'b')] {
        class[usize::from(a)] |= LETTER;
        mark(head[0], head[1], head[2]);
        if a == b'b' {
            class[usize::from(b'B')] |= LETTER;
            mark(b'B', head[1], head[2]);
        }
    }
    Index { class, trigrams, by_byte }
});

/// Finds what must go, left to right, without overlaps.
pub(super) fn scan<'s>(text: &str, what: What, keys: &'s Keys, send_default_pii: bool) -> Vec<Hit<'s>> {
    let what = what.for_text(text);
    let what = if send_default_pii { what.without_pii_rules() } else { what };
    let mut scan =
        Scan { text, b: text.as_bytes(), what, keys, hits: Vec::new(), done: 0, jwt_until: 0, random_until: 0 };
    scan.run();
    merged(scan.hits)
}

/// Hits in order; those that overlap become one.
pub(super) fn merged(mut hits: Vec<Hit<'_>>) -> Vec<Hit<'_>> {
    hits.sort_by_key(|hit| (hit.start, Reverse(hit.end)));
    hits.dedup_by(|next, last| {
        let overlaps = next.start < last.end;
        last.end = if overlaps { last.end.max(next.end) } else { last.end };
        overlaps
    });
    hits
}

pub(super) struct Scan<'t, 's> {
    pub text: &'t str,
    pub b: &'t [u8],
    what: What,
    pub keys: &'s Keys,
    hits: Vec<Hit<'s>>,
    /// Behind the last hit.
    done: usize,
    /// A run that starts with `eyJ` has been read up to here and is no JWT.
    jwt_until: usize,
    /// A run has been read up to here and is no random key.
    random_until: usize,
}

impl<'s> Scan<'_, 's> {
    fn run(&mut self) {
        let index = &*INDEX;
        let (b, with_letters) = (self.b, self.what.has(What::TOKENS));
        let mut i = 0;
        while let Some((at, c)) = index.next(b, i, with_letters) {
            i = at;
            let class = index.class[usize::from(c)];
            let known = self.hits.len();
            let next = if class & LETTER != 0 && with_letters { self.letter(index, i, c) } else { None };
            let next = match next {
                None if class & SIGN != 0 => self.sign(i, c),
                None if class & DIGIT != 0 => Some(self.digit(i)),
                other => other,
            };
            // What was found may end with what begins or announces another secret, as in `token: Bearer x`,
            // `token= password = "x"`, `secret: --password x`: the last bytes of it are read like any others.
            let tail = |hit: &Hit<'_>| hit.start.max(hit.end.saturating_sub(KEY_WINDOW));
            let next = self.hits.get(known).map(tail).or(next);
            i = next.filter(|next| *next > i).unwrap_or(i + 1);
        }
    }

    /// How far back a name that ends at `end` may begin: it may be within a hit, never half in one.
    pub fn floor(&self, end: usize) -> usize {
        if end > self.done { self.done.max(end.saturating_sub(KEY_WINDOW)) } else { end.saturating_sub(KEY_WINDOW) }
    }

    /// Records a hit and returns its end.
    pub fn hit(&mut self, start: usize, end: usize, kind: &'s str) -> Option<usize> {
        if start < end && self.text.is_char_boundary(start) && self.text.is_char_boundary(end) {
            // A private key is as long as it likes to be: its first line may stand anywhere in what was found.
            let end = shapes::last_pem(self.b, start, end).map_or(end, |further| further.max(end));
            self.hits.push(Hit { start, end, kind });
            self.done = self.done.max(end);
        }
        Some(end)
    }

    fn letter(&mut self, index: &Index, i: usize, c: u8) -> Option<usize> {
        if !index.begins_prefix(c, *self.b.get(i + 1)?, *self.b.get(i + 2)?) {
            return None;
        }
        let head = head(self.b, i);
        for row in index.by_byte.get(usize::from(c))? {
            if head & row.mask == row.head
                && let Some((start, end)) = shapes::token(self.b, i, row.prefix, row.token)
            {
                return self.hit(start, end, row.pattern.name);
            }
        }
        if c == b'e' && i >= self.jwt_until {
            match shapes::jwt(self.b, i) {
                Ok(end) => return self.hit(i, end, "jwt"),
                Err(looked) => self.jwt_until = looked,
            }
        }
        if c | 32 == b'b'
            && let Some((start, end)) = shapes::basic(self.b, i)
        {
            return self.hit(start, end, "basic");
        }
        None
    }

    fn sign(&mut self, i: usize, c: u8) -> Option<usize> {
        let b = self.b;
        if c == b'[' {
            return placeholder(b, i);
        }
        if c == b':' {
            if b.get(i + 1..i + 3) == Some(b"//") && self.what.has(What::URLS) {
                return match shapes::url_userinfo(b, i + 3) {
                    Some((start, end)) => self.hit(start, end, special_name(Special::UrlPassword)),
                    None => None,
                };
            }
            if self.what.has(What::IP)
                && let Some((start, end)) = shapes::ipv6(self.text, i)
            {
                return self.hit(start, end, "ip");
            }
            if self.what.has(What::TOKENS)
                && let Some((start, end)) = shapes::telegram(b, i)
            {
                return self.hit(start, end, special_name(Special::Telegram));
            }
        }
        if c == b'@'
            && self.what.has(What::URLS)
            && let Some((start, end)) = shapes::oracle_password(b, i)
            && start >= self.done
        {
            return self.hit(start, end, special_name(Special::OraclePassword));
        }
        let encoded_at = c == b'%' && b.get(i + 1..i + 3) == Some(b"40");
        if (c == b'@' || encoded_at) && self.what.has(What::EMAIL) {
            return match shapes::email(b, i, if encoded_at { 3 } else { 1 }, self.done) {
                Some((start, end)) => self.hit(start, end, "email"),
                None => None,
            };
        }
        if c == b'~' && self.what.has(What::TOKENS) {
            let (start, end) = shapes::azure_secret(b, i)?;
            return self.hit(start, end, special_name(Special::AzureSecret));
        }
        if c == b'-' {
            if self.what.has(What::TOKENS) {
                if let Some(end) = shapes::pem(b, i) {
                    return self.hit(i, end, special_name(Special::Pem));
                }
                if let Some((start, end)) = shapes::mailchimp(b, i) {
                    return self.hit(start, end, special_name(Special::Mailchimp));
                }
            }
            if self.what.has(What::PAIRS)
                && let Some((start, end, kind)) = pairs::flag(self, i)
            {
                return self.hit(start, end, kind);
            }
            return None;
        }
        if self.what.has(What::LITERALS) {
            if matches!(c, b'=' | b':') {
                return pairs::literal(self, i);
            }
        } else if self.what.has(What::PAIRS) {
            match c {
                b'=' | b':' | b'%' => return pairs::pair(self, i),
                b',' => {
                    let (start, end, kind) = pairs::couple(self, i)?;
                    return self.hit(start, end, kind);
                }
                b'>' => {
                    let (start, end, kind) = pairs::element(self, i)?;
                    return self.hit(start, end, kind);
                }
                b'"' | b'\'' => {
                    let (start, end, kind) = pairs::quoted(self, i)?;
                    return self.hit(start, end, kind);
                }
                _ => {}
            }
        }
        None
    }

    /// Handles a run of digits and returns where to go on.
    fn digit(&mut self, i: usize) -> usize {
        let b = self.b;
        let run = i + b.iter().skip(i).take_while(|c| c.is_ascii_digit()).count();
        let before = i.checked_sub(1).and_then(|at| b.get(at)).copied().unwrap_or(b' ');
        if self.what.has(What::RANDOM) && i >= self.random_until {
            match bare::aws_secret(b, i) {
                Ok((start, end)) => {
                    self.hit(start, end, special_name(Special::AwsSecret));
                    return end;
                }
                Err(end) => self.random_until = end,
            }
        }
        if self.what.has(What::NUMBERS) {
            if let Some((start, end)) = shapes::iban(b, i) {
                self.hit(start, end, "iban");
                return end;
            }
            let escape = before == b'n' && i >= 2 && b.get(i - 2) == Some(&b'\\');
            let bounded = escape || !(before.is_ascii_alphanumeric() || matches!(before, b'_' | b'.'));
            if bounded
                && before != b'-'
                && let Some(end) = shapes::ssn(b, i)
            {
                self.hit(i, end, "ssn");
                return end;
            }
            if bounded && let Some(end) = shapes::card(b, i, run) {
                self.hit(i, end, "card");
                return end;
            }
        }
        if self.what.has(What::IP)
            && let Some(end) = shapes::ipv4(b, i)
        {
            self.hit(i, end, "ip");
            return end;
        }
        // Prefixes that start with a digit were tried at `i`; inside the run none can start.
        run
    }
}

pub(super) fn special_name(special: Special) -> &'static str {
    let found = PATTERNS.iter().find(|p| matches!(p.shape, Shape::Special(s) if s == special));
    found.map_or("secret", |p| p.name)
}

/// Puts `[Filtered:kind]` where the hits are.
pub(super) fn replace(text: &str, hits: &[Hit<'_>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for hit in hits {
        out.push_str(text.get(from..hit.start).unwrap_or(""));
        out.push_str("[Filtered:");
        out.push_str(hit.kind);
        out.push(']');
        from = hit.end;
    }
    out.push_str(text.get(from..).unwrap_or(""));
    out
}
