//! What a message says, without what it says it about: `user 42 not found` and `user 7 not found`
//! are one text.
//!
//! # How
//! One pass from left to right. At each place where a token can begin, the first byte picks the rows
//! of `MATCHERS` that can match there; the first that does wins and its placeholder is written; a
//! word that no row knows is copied whole. Nothing is matched inside a word.
//!
//! # Why it is linear
//! A row looks at most a constant number of bytes ahead (`LOOK_AHEAD` and smaller limits beside
//! each row), or is sure to consume what it looks at, or remembers what it found (`cursor`: the
//! closing quote of a line is searched once). A test counts the bytes looked at on hostile input.
//!
//! # Why it is idempotent
//! What a row sees on its left is the output so far (a placeholder ends in `>`, which is no letter),
//! and no row matches directly before a placeholder. So a second pass takes the same decisions, unless the
//! text came with something like a placeholder of its own.
//!
//! # Rules that are not obvious
//! - A quoted value becomes `<quoted>` whatever is in it, `KeyError: 'user_id'` too: whether a name is
//!   the program's or the user's cannot be told from its looks, and a wrong guess makes one issue a user.
//! - A URL becomes `<url>`, the host included: tenants live in host names.
//! - Equal placeholders in a list (`1, 2, 3`) are written once: `IN (1, 2)` and `IN (1, 2, 3)` are one text.
//! - Seconds and milliseconds since 1970 are `<int>`, as any number: an id of ten digits must not part
//!   from an id of nine.
//! - Numbers that say what went wrong stay: `status 404`, `errno 13`, `exit code 137`, `ORA-00942`.
//! - Numbers in a word stay (`sha256`, `utf8`, `E0432`), except where an id is likely: `order_12345`.
//! - Letters beyond ASCII belong to words up to U+1FFF (`né42` is a word); Chinese, Japanese and Korean
//!   text and symbols do not, so that a number in the midst of them is seen.

mod codes;
mod cursor;
mod ids;
mod marks;
mod network;
mod numbers;
mod time;

use std::borrow::Cow;

use cursor::{Cursor, Hit, Start};

/// Most bytes a row looks ahead without being sure to consume them. Longer than any host name part,
/// address, date or token prefix that has to be told apart.
const LOOK_AHEAD: usize = 128;

/// One kind of text that varies between occurrences of the same fault.
pub(crate) struct Matcher {
    /// Name of the row.
    pub(crate) name: &'static str,
    /// What is written instead; empty when the text stays as it is.
    pub(crate) placeholder: &'static str,
    /// What the row matches.
    pub(crate) doc: &'static str,
    /// With which bytes it can begin.
    starts: &'static [Start],
    /// The end of the match that begins at the cursor.
    find: fn(&Cursor) -> Option<Hit>,
}

macro_rules! rows {
    ($($name:literal $placeholder:literal $starts:expr, $find:path, $doc:literal;)*) => {
        &[$(Matcher { name: $name, placeholder: $placeholder, doc: $doc, starts: $starts, find: $find }),*]
    };
}

use Start::{Digit, HexLetter, Letter, Of};

/// The table: the first row that matches wins.
#[rustfmt::skip]
pub(crate) const MATCHERS: &[Matcher] = rows![
    "filtered"    ""            &[Of("[")],                   marks::filtered,        "a mark of the sanitizer: `[Filtered]`, `[Filtered:kind]`";
    "placeholder" ""            &[Of("<")],                   marks::placeholder,     "a placeholder of this table";
    "process"     "<pid>"       &[Of("<#")],                  marks::erlang,          "Erlang and Elixir processes, ports and references: `#PID<0.1.2>`, `<0.1.2>`, `#Ref<0.1.2.3>`";
    "quoted"      "<quoted>"    &[Of("'\"`\u{ab}\u{2018}"), Letter], marks::quoted,     "a value in quotes on one line, with its prefix (`b'..'`): '..' \"..\" `..` `..' and typographic ones";
    "url"         "<url>"       &[Letter],                    network::url,           "scheme://anything, the host included";
    "email"       "<email>"     &[Letter, Digit],             network::email,         "local@domain.tld";
    "home"        "<user>"      &[Of("/\\")],                 ids::home,              "the user's name in `/home/NAME`, `/Users/NAME`, `\\Users\\NAME`";
    "path-id"     "<id>"        &[Of("/")],                   ids::path_segment,      "a path segment of letters and at least three digits in a row, or of both in turns";
    "pid"         "<pid>"       &[Of("pPtT")],                ids::process,           "the number after pid, process, tid, thread";
    "subject-id"  "<id>"        &[Letter],                    ids::subject,           "the value after user, tenant, customer, account, ..., `id` or a name ending in id: `user 42`, `customer_id=abc`, `tenant: acme-7`";
    "uuid"        "<uuid>"      &[Digit, HexLetter, Letter],  ids::uuid,              "8-4-4-4-12 hexadecimal digits, also after `word_`";
    "timestamp"   "<timestamp>" &[Digit, Of("SMTWFJAOND")],   time::timestamp,        "date and time: ISO 8601, RFC 2822, RFC 850, ctime, syslog, common log format, with slashes";
    "date"        "<date>"      &[Digit, Of("SMTWFJAOND")],   time::date_only,        "a date: year-month-day, day/month/year, 2 Jan 2006, Jan 2, 2006";
    "ip"          "<ip>"        &[Digit, HexLetter, Of("[:")], network::ip,           "IPv4 and IPv6 addresses with port, zone or prefix length";
    "mac"         "<mac>"       &[Digit, HexLetter],          network::mac,           "six pairs of hexadecimal digits with `:` or `-`";
    "time"        "<time>"      &[Digit],                     time::time_only,        "a time of day";
    "hex"         "<hex>"       &[Of("0@")],                  numbers::hex,           "`0x` and hexadecimal digits; `Name@1b2c3d4f`, the JVM's identity hash";
    "hash"        "<hash>"      &[Digit, HexLetter, Letter],  ids::hash,              "seven or more hexadecimal digits of one case, letters and digits mixed, also after `word_`";
    "version"     "<version>"   &[Digit, Of("vV")],           numbers::version,       "three or more numbers joined by dots, `v` before and a suffix after";
    "token"       "<token>"     &[Letter, Digit],             ids::token,             "a long mix of letters and digits without words in it: base64, base62, base32, ULID";
    "sql-alias"   "<alias>"     &[Letter],                    codes::sql_alias,       "generated SQL aliases: `user0_.`, `u1_0.`, `t0.`, `AS name1`, `anon_1`";
    "sql-param"   "<param>"     &[Of("$:@?")],                codes::sql_param,       "SQL parameters: `$1`, `:p1`, `:param_2`, `@p0`, `?` in a list";
    "code"        ""            &[Of("sSeEhHcC")],            codes::code,            "a number that says what went wrong, after status, errno, exit code, signal, HTTP: stays";
    "name"        ""            &[Letter],                    codes::name,            "a number that is part of a name: `utf-8`, `HTTP/1.1`, `ORA-00942`, `x86_64`: stays";
    "duration"    "<duration>"  &[Digit, Of("-+")],           numbers::duration,      "a number and a unit of time: `12ms`, `3.5 s`, `1h2m3s`";
    "size"        "<size>"      &[Digit, Of("-+")],           numbers::size,          "a number and a unit of memory: `10 MB`, `4KiB`, `512 bytes`";
    "float"       "<float>"     &[Digit, Of("-+")],           numbers::float,         "a decimal fraction or a number with exponent, standing alone";
    "int"         "<int>"       &[Digit, Of("-+")],           numbers::int,           "an integer standing alone, of any length, with `_` or `,` between its digits";
    "suffix"      "<int>"       &[Letter],                    numbers::suffix,        "three or more digits after `word_`";
];

/// Which rows can begin with a byte, one bit a row.
const DISPATCH: [u32; 256] = dispatch();

const fn dispatch() -> [u32; 256] {
    assert!(MATCHERS.len() <= 32);
    let mut table = [0u32; 256];
    let mut row = 0;
    while row < MATCHERS.len() {
        let mut class = 0;
        while class < MATCHERS[row].starts.len() {
            let mut byte = 0;
            while byte < 256 {
                if MATCHERS[row].starts[class].has(byte as u8) {
                    table[byte] |= 1 << row;
                }
                byte += 1;
            }
            class += 1;
        }
        row += 1;
    }
    table
}

/// The text with everything that varies between occurrences replaced by typed placeholders.
///
/// Linear in the length of the text; borrowed when nothing was replaced; idempotent.
pub fn normalize(text: &str) -> Cow<'_, str> {
    run(text).text
}

/// Bytes that [`normalize`] looks at. Counted with debug assertions, otherwise 0.
#[doc(hidden)]
pub fn steps(text: &str) -> u64 {
    run(text).steps
}

/// One pass over a text.
struct Pass<'t> {
    text: Cow<'t, str>,
    /// Bytes looked at; counted with debug assertions only.
    steps: u64,
    /// The rows that matched, as bits.
    #[cfg_attr(not(test), expect(dead_code, reason = "for the test that every row has a vector"))]
    matched: u32,
}

fn run(text: &str) -> Pass<'_> {
    let mut cursor = Cursor::new(text.as_bytes());
    let mut out = Output { text, done: String::new(), copied: 0, last: None };
    let mut matched = 0;
    while !cursor.at_end() {
        if cursor.can_begin() {
            let mut rows = DISPATCH[usize::from(cursor.byte())];
            cursor.measure_word();
            let mut found = None;
            while rows != 0 && found.is_none() {
                let row = rows.trailing_zeros();
                rows &= rows - 1;
                found = MATCHERS.get(row as usize).and_then(|matcher| Some((row, matcher, (matcher.find)(&cursor)?)));
            }
            if let Some((row, matcher, hit)) = found {
                matched |= 1 << row;
                let name = hit.literal.unwrap_or(matcher.placeholder);
                out.write(cursor.position(), hit, name);
                cursor.matched(hit.end, name);
                continue;
            }
        }
        cursor.skip();
    }
    Pass { text: out.finish(), steps: cursor.steps(), matched }
}

/// The text so far; nothing is copied until the first replacement.
struct Output<'t> {
    text: &'t str,
    done: String,
    /// Up to here the text is in `done` or was replaced.
    copied: usize,
    /// The last placeholder and where its text ended.
    last: Option<(&'static str, usize)>,
}

impl<'t> Output<'t> {
    fn write(&mut self, start: usize, hit: Hit, name: &'static str) {
        if name.is_empty() {
            return;
        }
        if hit.keep == start
            && let Some((before, end)) = self.last
            && before == name
            && matches!(self.slice(end, start), "" | "," | ", ")
        {
            self.copy_to(end);
            self.copied = hit.end;
        } else if hit.literal.is_none() {
            self.copy_to(hit.keep);
            self.done.push_str(name);
            self.copied = hit.end;
        }
        self.last = Some((name, hit.end));
    }

    fn slice(&self, from: usize, to: usize) -> &'t str {
        self.text.get(from..to).unwrap_or("")
    }

    fn copy_to(&mut self, end: usize) {
        if self.copied < end {
            if self.done.is_empty() {
                self.done.reserve(self.text.len() + 16);
            }
            self.done.push_str(self.slice(self.copied, end));
        }
    }

    fn finish(mut self) -> Cow<'t, str> {
        if self.copied == 0 {
            return Cow::Borrowed(self.text);
        }
        self.copy_to(self.text.len());
        Cow::Owned(self.done)
    }
}

/// The limits of the matchers.
pub(crate) const LIMITS: &[(&str, usize)] = &[
    ("look ahead", LOOK_AHEAD),
    ("subject id", ids::SUBJECT_ID),
    ("segment digits", ids::SEGMENT_DIGITS),
    ("segment turns", ids::SEGMENT_TURNS),
    ("hash", ids::HASH),
    ("sure hash", ids::HASH_SURE),
    ("token", ids::TOKEN),
    ("long token", ids::LONG_TOKEN),
    ("scheme", network::SCHEME),
    ("local part", network::LOCAL),
    ("ipv6", network::IPV6),
    ("zone", network::ZONE),
    ("groups", numbers::GROUPS),
    ("version parts", numbers::VERSION_PARTS),
    ("version suffix", numbers::VERSION_SUFFIX),
    ("fraction", time::FRACTION),
];

/// Every word list of the matchers.
pub(crate) fn word_lists() -> [(&'static str, &'static [&'static str]); 16] {
    [
        ("subjects", ids::SUBJECTS),
        ("kept values", ids::KEPT_VALUES),
        ("kept segments", ids::KEPT_SEGMENTS),
        ("processes", ids::PROCESSES),
        ("months", time::MONTHS),
        ("weekdays", time::WEEKDAYS),
        ("zones", time::ZONES),
        ("close time units", numbers::TIME_UNITS),
        ("spaced time units", numbers::SPACED_TIME_UNITS),
        ("size units", numbers::SIZE_UNITS),
        ("spaced size units", numbers::SPACED_SIZE_UNITS),
        ("code words", codes::CODE_WORDS),
        ("name prefixes", codes::NAME_PREFIXES),
        ("names", codes::NAMES),
        ("erlang", marks::ERLANG),
        ("string prefixes", marks::STRING_PREFIXES),
    ]
}

#[cfg(test)]
mod tests;
