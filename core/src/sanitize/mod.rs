//! Removes secrets from events, then cuts what is too long.
//!
//! - `rules`: key rules, a table: names whose values are hidden.
//! - `patterns`: value rules, a table: what is a secret by its looks.
//! - `scan`: one linear pass over a text; `shapes`, `bare` and `pairs` are the rules that need code.
//! - `walk`: the whole event, field by field; `value`: free JSON; `http`: requests.
//! - `meta`: the remarks in `_meta`. `limits`: every length. `vector`: the door for shared vectors.
//!
//! A value under a hidden key becomes `[Filtered]`; a part of a longer text `[Filtered:kind]`.
//! Sanitizing is idempotent, linear in the input, and comes before any cut.

mod bare;
mod http;
mod limits;
mod memory;
mod meta;
mod pairs;
mod patterns;
mod rules;
mod scan;
mod shapes;
mod value;
mod vector;
mod walk;

use std::borrow::Cow;

use regex::{Regex, RegexBuilder};

pub use limits::*;
pub use memory::Memory;
pub use vector::{rules, vector};

use crate::Error;
use crate::protocol::{Event, Frame, Untouched, Value};
use meta::{Meta, Path};
use rules::{KeyMatch, Keys, Secrecy};
use scan::{Hit, What};
use value::Walk;

/// What an app can choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Let e-mail addresses, IP addresses, names and the like through. Default: off.
    pub send_default_pii: bool,
    /// Option `sanitize_keys`: further names whose values are hidden. Matched as whole words, in any
    /// spelling of case, `-`, `_` and humps.
    pub extra_keys: Vec<String>,
    /// Option `sanitize_patterns`: kind and regular expression of further values. A kind is 1 to 64
    /// characters of `A-Z a-z 0-9 _ . -`.
    pub extra_patterns: Vec<(String, String)>,
    /// Longest free text, in characters, after filtering. Default 1024; 0 counts as 1.
    pub max_value_length: usize,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            send_default_pii: false,
            extra_keys: Vec::new(),
            extra_patterns: Vec::new(),
            max_value_length: VALUE_CHARS,
        }
    }
}

/// Longest kind of an app's own pattern, in characters.
const KIND_CHARS: usize = 64;
/// Memory one of the app's patterns may take when compiled, in bytes.
const PATTERN_BYTES: usize = 1 << 20;
/// Passes after which a text that still changes goes whole: it is made to mislead, or of nothing but secrets.
/// Two is what nearly all texts need that change at all: one that replaces and one that finds nothing more.
const PASSES: usize = 8;

/// The rules in force. Cheap to share by `Arc`; compiles nothing but the app's own patterns, the
/// tables are indexed at first use, once a process.
#[derive(Debug)]
pub struct Sanitizer {
    send_default_pii: bool,
    keys: Keys,
    extra: Vec<(String, Regex)>,
    max_value_length: usize,
}

impl Default for Sanitizer {
    fn default() -> Self {
        Sanitizer {
            send_default_pii: false,
            keys: Keys::new(false, &[]),
            extra: Vec::new(),
            max_value_length: VALUE_CHARS,
        }
    }
}

impl Sanitizer {
    /// Checks and takes the app's choices.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] for `sanitize_keys` when a key holds no letter, and for
    /// `sanitize_patterns` when a kind is malformed or an expression does not compile, is too big or
    /// matches the empty text; the message names the pattern.
    pub fn new(config: Config) -> Result<Sanitizer, Error> {
        let Config { send_default_pii, extra_keys, extra_patterns, max_value_length } = config;
        if let Some(key) = extra_keys.iter().find(|key| !key.chars().any(char::is_alphabetic)) {
            return Err(Error::option("sanitize_keys", format!("{key:?} holds no letter")));
        }
        let mut extra = Vec::with_capacity(extra_patterns.len());
        for (kind, pattern) in extra_patterns {
            let fits = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-' | b'.');
            if kind.is_empty() || kind.len() > KIND_CHARS || !kind.bytes().all(fits) {
                return Err(Error::option(
                    "sanitize_patterns",
                    format!("kind {kind:?}: expected 1 to {KIND_CHARS} of A-Z a-z 0-9 _ . -"),
                ));
            }
            let compiled = RegexBuilder::new(&pattern).size_limit(PATTERN_BYTES).build();
            match compiled {
                Ok(regex) if regex.is_match("") => {
                    let message = format!("pattern {kind:?} ({pattern}) matches the empty text");
                    return Err(Error::option("sanitize_patterns", message));
                }
                Ok(regex) => extra.push((kind, regex)),
                Err(error) => {
                    let message = format!("pattern {kind:?} ({pattern}) does not compile: {error}");
                    return Err(Error::option("sanitize_patterns", message));
                }
            }
        }
        let keys = Keys::new(send_default_pii, &extra_keys);
        Ok(Sanitizer { send_default_pii, keys, extra, max_value_length: max_value_length.max(1) })
    }

    /// Sanitizes a whole event: one walk over every text it carries, then limits, and remarks on
    /// both in `_meta`. Doing it again changes nothing.
    pub fn event(&self, event: &mut Event) {
        self.event_with(event, &mut Memory::default());
    }

    /// As [`Sanitizer::event`], with what was learnt from earlier events.
    pub fn event_with(&self, event: &mut Event, memory: &mut Memory) {
        let mut walk = Walk { sanitizer: self, meta: Meta::default(), memory };
        walk.event(event);
    }

    /// What of a frame without variables is left as it is: neither filtered nor cut.
    pub fn leaves(&self, frame: &Frame) -> Untouched {
        let mut walked = frame.clone();
        let mut walk = Walk { sanitizer: self, meta: Meta::default(), memory: &mut Memory::default() };
        walk.frame(&Path::ROOT, &mut walked);
        // A change that ends in the same text would still leave a remark.
        let remarks = walk.meta.finish();
        let remarked = |list: &str, i: Option<usize>| {
            let list = remarks.get(list);
            i.map_or(list, |i| list?.get(i.to_string())).is_some()
        };
        let mut lines = Vec::new();
        for (name, before, after) in [
            ("pre_context", &frame.pre_context, &walked.pre_context),
            ("post_context", &frame.post_context, &walked.post_context),
        ] {
            lines.extend(before.iter().zip(after).enumerate().map(|(i, (b, a))| b == a && !remarked(name, Some(i))));
            if name == "pre_context" && frame.context_line.is_some() {
                lines.push(frame.context_line == walked.context_line && !remarked("context_line", None));
            }
        }
        let bits = lines.iter().take(u16::BITS as usize).enumerate();
        let lines = bits.fold(0, |bits, (i, left)| bits | (u16::from(*left) << i));
        let bare = |f: &Frame| {
            let untouched = Untouched::default();
            Frame { pre_context: vec![], context_line: None, post_context: vec![], untouched, ..f.clone() }
        };
        let only_lines = |remark: &str| matches!(remark, "pre_context" | "context_line" | "post_context");
        let names = bare(frame) == bare(&walked)
            && remarks.as_object().is_none_or(|remarks| remarks.keys().all(|key| only_lines(key)));
        Untouched { names, lines }
    }

    /// Value rules and pairs in a running text, nothing cut. For log lines and messages.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.clean(text, What::TEXT).map_or(Cow::Borrowed(text), Cow::Owned)
    }

    /// A line of source: tokens, and literals assigned to sensitive names; nothing cut.
    pub fn code<'a>(&self, line: &'a str) -> Cow<'a, str> {
        self.clean(line, What::CODE).map_or(Cow::Borrowed(line), Cow::Owned)
    }

    /// A URL: password, parameters, fragment; nothing cut.
    pub fn url<'a>(&self, url: &'a str) -> Cow<'a, str> {
        self.clean_url(url).map_or(Cow::Borrowed(url), Cow::Owned)
    }

    /// `a=b&c=d`, as query string or form; names are percent-decoded to be judged. Nothing cut.
    pub fn query<'a>(&self, query: &'a str) -> Cow<'a, str> {
        self.clean_query(query).map_or(Cow::Borrowed(query), Cow::Owned)
    }

    /// `a=b; c=d`: without `send_default_pii` every value goes. Nothing cut.
    pub fn cookies<'a>(&self, cookies: &'a str) -> Cow<'a, str> {
        self.clean_cookies(cookies).map_or(Cow::Borrowed(cookies), Cow::Owned)
    }

    /// The value of the header `name`, nothing cut.
    pub fn header<'a>(&self, name: &str, value: &'a str) -> Cow<'a, str> {
        self.clean_header(name, value).map_or(Cow::Borrowed(value), Cow::Owned)
    }

    /// A request body, in place: JSON text becomes structure.
    pub fn body(&self, body: &mut Value) {
        let mut walk = Walk { sanitizer: self, meta: Meta::default(), memory: &mut Memory::default() };
        walk.body(&Path::ROOT, body, self.max_value_length.max(BODY_CHARS));
    }

    /// A JSON value in place, as it would be under `key`; limits included.
    pub fn value(&self, key: Option<&str>, value: &mut Value) {
        let mut walk = Walk { sanitizer: self, meta: Meta::default(), memory: &mut Memory::default() };
        let terms = walk.terms(What::TEXT);
        match key {
            Some(key) => walk.under(&Path::ROOT, key, value, terms, 0),
            None => walk.value(&Path::ROOT, value, terms, 0),
        }
    }

    /// The name of the rule that hides what stands under `key`, if one does.
    pub fn key_rule(&self, key: &str) -> Option<&str> {
        self.keys.find(key).map(|found| found.name)
    }

    /// As [`Sanitizer::text`], for the chosen groups of rules; `None` when nothing is to change.
    fn clean(&self, text: &str, what: What) -> Option<String> {
        let mut clean: Option<String> = None;
        for _ in 0..PASSES {
            let seen = clean.as_deref().unwrap_or(text);
            let hits = scan::scan(seen, what, &self.keys, self.send_default_pii);
            let hits = if self.extra.is_empty() { hits } else { self.with_extra(seen, hits) };
            if hits.is_empty() {
                return clean;
            }
            clean = Some(scan::replace(seen, &hits));
        }
        Some(scan::FILTERED.to_owned())
    }

    /// The text as an identifier of at most `chars` letters, digits and `signs`; `None` when it is one that hides
    /// nothing.
    fn identifier(&self, text: &str, what: What, chars: usize, signs: &str) -> Option<String> {
        /// Instead of one that is a secret: without its brackets a placeholder reads as a secret again.
        const SECRET: &str = "filtered";
        let legal = |c: char| c.is_ascii_alphanumeric() || signs.contains(c);
        let mut seen = Cow::Borrowed(text);
        for _ in 0..PASSES {
            let clean = self.clean(&seen, what);
            if clean.is_none() && !seen.is_empty() && seen.len() <= chars && seen.chars().all(legal) {
                return match seen {
                    Cow::Owned(clean) => Some(clean),
                    Cow::Borrowed(_) => None,
                };
            }
            let clean = clean.as_deref().unwrap_or(&seen);
            let fits: String = clean.chars().map(|c| if legal(c) { c } else { '_' }).take(chars).collect();
            seen = Cow::Owned(if fits.is_empty() { "_".to_owned() } else { fits });
        }
        Some(SECRET.to_owned())
    }

    /// Adds what the app's own patterns find; where ranges overlap they become one.
    fn with_extra<'s>(&'s self, text: &str, mut hits: Vec<Hit<'s>>) -> Vec<Hit<'s>> {
        let inside_placeholder = |start: usize, end: usize| {
            let from = text.get(..start + 1).and_then(|head| head.rfind(scan::FILTERED.trim_end_matches(']')));
            from.and_then(|from| scan::placeholder(text.as_bytes(), from)).is_some_and(|to| end <= to)
        };
        for (kind, regex) in &self.extra {
            for found in regex.find_iter(text) {
                if !found.is_empty() && !inside_placeholder(found.start(), found.end()) {
                    hits.push(Hit { start: found.start(), end: found.end(), kind });
                }
            }
        }
        scan::merged(hits)
    }

    /// Whether `found` hides `value` under `key`.
    fn hides(found: &KeyMatch<'_>, key: &str, value: &Value) -> bool {
        let readable = match value {
            Value::String(text) => is_directory(key, text) || (found.secrecy == Secrecy::Pii && text == "{{auto}}"),
            // A count under a name that is also a word: `tokens: 512`. Card numbers go by value.
            Value::Number(number) => found.name == "token" && number.as_u64().is_none_or(|n| n < 1_000_000),
            _ => false,
        };
        !readable
    }
}

/// The `code` of an OAuth redirect (RFC 6749 section 4.1.2), in a parsed query. Most codes are something else.
const OAUTH_CODE: KeyMatch<'static> =
    KeyMatch { name: "oauth-code", secrecy: Secrecy::Secret, prose: false, span: rules::Span::Word };

/// One run of small letters, capitals and digits, as nobody writes a status or an error code.
fn is_oauth_code(text: &str) -> bool {
    let b = text.as_bytes();
    b.len() >= http::CODE_CHARS
        && b.iter().all(|c| c.is_ascii_alphanumeric() || b"-._~/+=%".contains(c))
        && b.iter().any(u8::is_ascii_lowercase)
        && b.iter().any(u8::is_ascii_uppercase)
        && b.iter().any(u8::is_ascii_digit)
}

/// The shell's `PWD`, which is no password.
fn is_directory(key: &str, value: &str) -> bool {
    matches!(key, "PWD" | "OLDPWD") && (value.starts_with('/') || value.get(1..3) == Some(":\\"))
}
