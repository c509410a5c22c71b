//! The walk over free JSON, and over single texts.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::limits::{BODY_CHARS, BREADTH, DEPTH, KEY_CHARS};
use super::meta::{self, Meta, Path, Remark};
use super::rules::KeyMatch;
use super::scan::{FILTERED, What, placeholder};
use super::{Memory, PASSES, Sanitizer, shapes};
use crate::protocol::{Map, Value, map_of};

/// The mark of everything that was cut.
pub(super) const CUT: &str = "…";

/// How a part of the event is treated.
#[derive(Clone, Copy)]
pub(super) struct Terms {
    pub what: What,
    pub chars: usize,
    pub depth: usize,
    pub breadth: usize,
    /// Whether the names of members say what they hold.
    pub keys: bool,
}

/// One walk over one event.
pub(super) struct Walk<'s> {
    pub sanitizer: &'s Sanitizer,
    pub meta: Meta,
    pub memory: &'s mut Memory,
}

impl<'s> Walk<'s> {
    pub fn terms(&self, what: What) -> Terms {
        Terms { what, chars: self.sanitizer.max_value_length, depth: DEPTH, breadth: BREADTH, keys: true }
    }

    /// Value rules, then the limit. True when the text changed.
    pub fn text(&mut self, path: &Path<'_>, text: &mut String, what: What, chars: usize) -> bool {
        let sanitizer = self.sanitizer;
        self.treat(path, text, chars, |text| sanitizer.clean(text, what))
    }

    /// Cleans a text, cuts it, and says so. What a replacement or a cut leaves is read once more: it may be of
    /// another form, or look like the beginning of a secret, and to a second pass it would. True when it changed.
    pub fn treat(
        &mut self,
        path: &Path<'_>,
        text: &mut String,
        chars: usize,
        clean: impl Fn(&str) -> Option<String>,
    ) -> bool {
        let mut cleaned = clean(text);
        if cleaned.is_none() && !over(text, chars) {
            return false;
        }
        let before = text.chars().count();
        let mut changed = false;
        let mut was_cut = false;
        for pass in 0.. {
            let mut next = match cleaned {
                Some(_) if pass >= PASSES => FILTERED.to_owned(),
                Some(cleaned) => cleaned,
                None => text.clone(),
            };
            changed |= next != *text;
            if over(&next, chars) {
                cut_text(&mut next, chars);
                was_cut = true;
            }
            if next == *text {
                break;
            }
            *text = next;
            cleaned = clean(text);
        }
        let mut remarks: Vec<Remark> = if changed { placeholders(text) } else { Vec::new() };
        if was_cut {
            let end = text.chars().count();
            remarks.push(meta::cut(end.saturating_sub(1), end));
        }
        self.meta.note(path, remarks, Some(before));
        changed || was_cut
    }

    pub fn optional(&mut self, parent: &Path<'_>, key: &str, text: &mut Option<String>, what: What, chars: usize) {
        if let Some(text) = text {
            self.text(&parent.key(key), text, what, chars);
        }
    }

    /// A whole value goes.
    pub fn redact_text(&mut self, path: &Path<'_>, text: &mut String, key: &KeyMatch<'_>) {
        if text.is_empty() || placeholder(text.as_bytes(), 0) == Some(text.len()) || text == "{{auto}}" {
            return;
        }
        let before = text.chars().count();
        FILTERED.clone_into(text);
        self.meta.note(path, vec![meta::replaced(key.name, 0, FILTERED.len())], Some(before));
    }

    pub fn redact(&mut self, path: &Path<'_>, value: &mut Value, key: &KeyMatch<'_>) {
        let len = match value {
            // Whether there was one is no secret, and often the bug.
            Value::Null | Value::Bool(_) => return,
            Value::String(text) => return self.redact_text(path, text, key),
            Value::Array(list) if list.is_empty() => return,
            Value::Object(map) if map.is_empty() => return,
            Value::Number(_) => None,
            Value::Array(list) => Some(list.len()),
            Value::Object(map) => Some(map.len()),
        };
        *value = Value::String(FILTERED.to_owned());
        self.meta.note(path, vec![meta::replaced(key.name, 0, FILTERED.len())], len);
    }

    /// What stands under `key`: hidden by the key, or walked.
    pub fn under(&mut self, path: &Path<'_>, key: &str, value: &mut Value, terms: Terms, depth: usize) {
        if terms.keys
            && let Some(found) = self.memory.rule(&self.sanitizer.keys, key)
            && Sanitizer::hides(&found, key, value)
        {
            return self.redact(path, value, &found);
        }
        if terms.keys && key == "code" && value.as_str().is_some_and(super::is_oauth_code) {
            return self.redact(path, value, &super::OAUTH_CODE);
        }
        if terms.keys && value.is_string() && key.eq_ignore_ascii_case("query_string") {
            return self.query(path, value, terms.chars.max(BODY_CHARS));
        }
        // Four numbers under a name like `version` are one.
        let terms = if terms.what == What::TEXT && value.is_string() && is_version_key(key) {
            Terms { what: What::VERSION, ..terms }
        } else {
            terms
        };
        self.value(path, value, terms, depth);
    }

    pub fn value(&mut self, path: &Path<'_>, value: &mut Value, terms: Terms, depth: usize) {
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => {
                if number.as_u64().is_some_and(is_card_number) {
                    *value = Value::String("[Filtered:card]".to_owned());
                    self.meta.note(path, vec![meta::replaced("card", 0, 15)], None);
                }
            }
            Value::String(text) => {
                let sanitizer = self.sanitizer;
                self.treat(path, text, terms.chars, |text| sanitizer.clean_value(text, terms.what));
            }
            Value::Array(list) => {
                if depth >= terms.depth && !list.is_empty() {
                    let len = list.len();
                    *value = Value::String(format!("[{CUT}]"));
                    return self.meta.note(path, vec![meta::removed()], Some(len));
                }
                self.list(path, list, terms, depth);
            }
            Value::Object(map) => {
                if depth >= terms.depth && !map.is_empty() {
                    let len = map.len();
                    *value = Value::String(format!("{{{CUT}}}"));
                    return self.meta.note(path, vec![meta::removed()], Some(len));
                }
                self.map(path, map, terms, depth);
            }
        }
    }

    fn list(&mut self, path: &Path<'_>, list: &mut Vec<Value>, terms: Terms, depth: usize) {
        cut_list(&mut self.meta, path, list, terms.breadth);
        let pair = list.len() == 2;
        // `["password", "x"]`, `[..., "--password", "x", ...]`: the name of the next member.
        let mut named: Option<KeyMatch<'_>> = None;
        for (i, item) in list.iter_mut().enumerate() {
            let here = path.index(i);
            let stands_as_name = |item: &Value| {
                item.as_str().is_some_and(|text| terms.keys && (text.starts_with('-') || (pair && i == 0)))
            };
            let may_name = stands_as_name(item);
            if may_name {
                // What a name was before it was cleaned and cut is not known to a second pass.
                self.value(&here, item, terms, depth + 1);
            }
            let text = item.as_str().unwrap_or("");
            let fits = stands_as_name(item) && text.len() <= KEY_CHARS && !text.contains([' ', '=']);
            let name = self.sanitizer.keys.find(text).filter(|_| fits);
            let also_name = || is_name(text) && self.sanitizer.keys.find(text).is_some();
            match named.take() {
                Some(found) if name.is_none() && !also_name() => self.redact(&here, item, &found),
                _ if may_name => {}
                _ => self.value(&here, item, terms, depth + 1),
            }
            named = name;
        }
    }

    pub fn map(&mut self, path: &Path<'_>, map: &mut Map, terms: Terms, depth: usize) {
        self.clean_keys(path, map, terms);
        cut_map(&mut self.meta, path, map, terms.breadth);
        // `{"name": "password", "value": "x"}`
        // As in lists: what a name was before it was cleaned is not known to a second pass.
        let name = NAME_KEYS.iter().copied().find(|key| terms.keys && map.get(*key).is_some_and(Value::is_string));
        let name = name.and_then(|key| Some((key, map.get_mut(key)?)));
        let named = name.and_then(|(key, value)| {
            self.under(&path.key(key), key, value, terms, depth + 1);
            self.sanitizer.keys.find(value.as_str()?)
        });
        for (key, value) in map.iter_mut() {
            let here = path.key(key);
            match &named {
                Some(found) if matches!(key.as_str(), "value" | "Value" | "val" | "content") => {
                    self.redact(&here, value, found)
                }
                _ => self.under(&here, key, value, terms, depth + 1),
            }
        }
    }

    /// Keys are texts too, and come first: a remark repeats the path to what it speaks of.
    pub fn clean_keys(&mut self, path: &Path<'_>, map: &mut Map, terms: Terms) {
        let Walk { sanitizer, memory, .. } = self;
        let clean = |key: &String| {
            let clean = || clean_key(sanitizer, key, terms.what);
            let clean = if terms.what == What::TEXT { memory.clean(key, clean) } else { clean() };
            clean.map(|clean| (key.clone(), clean))
        };
        let renames: Vec<(String, String)> = map.keys().filter_map(clean).collect();
        for (old, new) in renames {
            if let Some(value) = map.remove(&old) {
                let new = free_name(new, |name| map.contains_key(name));
                self.meta.note(&path.key(&new), placeholders(&new), None);
                map.insert(new, value);
            }
        }
    }

    /// A map of texts. `treat` gets path, key and text.
    pub fn texts(
        &mut self,
        path: &Path<'_>,
        map: &mut BTreeMap<String, String>,
        breadth: usize,
        what: What,
        treat: impl FnMut(&mut Self, &Path<'_>, &str, &mut String),
    ) {
        let renames: Vec<(String, String)> = map
            .keys()
            .filter_map(|key| clean_key(self.sanitizer, key, what).map(|clean| (key.clone(), clean)))
            .collect();
        for (old, new) in renames {
            if let Some(value) = map.remove(&old) {
                let new = free_name(new, |name| map.contains_key(name));
                self.meta.note(&path.key(&new), placeholders(&new), None);
                map.insert(new, value);
            }
        }
        self.text_values(path, map, breadth, treat);
    }

    /// A map of texts whose keys are as they may be sent.
    pub fn text_values(
        &mut self,
        path: &Path<'_>,
        map: &mut BTreeMap<String, String>,
        breadth: usize,
        mut treat: impl FnMut(&mut Self, &Path<'_>, &str, &mut String),
    ) {
        if map.len() > breadth {
            let len = map.len();
            let keep = breadth.saturating_sub(1);
            let rest: Vec<String> = map.keys().skip(keep).cloned().collect();
            for key in &rest {
                map.remove(key);
            }
            map.insert(CUT.to_owned(), format!("{} more", rest.len()));
            self.meta.note(path, vec![meta::removed()], Some(len));
        }
        for (key, text) in map.iter_mut() {
            treat(self, &path.key(key), key, text);
        }
    }

    /// Makes a value fit `limit` bytes of JSON, cutting evenly before dropping.
    pub fn fit(&mut self, path: &Path<'_>, value: &mut Value, terms: Terms, limit: usize) {
        const STEPS: [(usize, usize); 4] = [(256, 50), (128, 20), (64, 10), (16, 5)];
        if json_size(value) <= limit {
            return;
        }
        let len = match value {
            Value::Array(list) => Some(list.len()),
            Value::Object(map) => Some(map.len()),
            _ => None,
        };
        for (chars, breadth) in STEPS {
            shrink(value, chars, breadth);
            // As after any cut: what is left at the end of a text may look like a secret.
            self.value(path, value, terms, 0);
            if json_size(value) <= limit {
                return self.meta.note(path, vec![meta::removed()], len);
            }
        }
        *value = match value {
            Value::Object(_) => Value::Object(map_of([(CUT.to_owned(), Value::String("too large".to_owned()))])),
            _ => Value::String(CUT.to_owned()),
        };
        self.meta.note(path, vec![meta::removed()], len);
    }

    pub fn fit_map(&mut self, path: &Path<'_>, map: &mut Map, terms: Terms, limit: usize) {
        let mut value = Value::Object(std::mem::take(map));
        self.fit(path, &mut value, terms, limit);
        if let Value::Object(fitted) = value {
            *map = fitted;
        }
    }
}

/// The key as it may be sent, if that is not as it is.
fn clean_key(sanitizer: &Sanitizer, key: &str, what: What) -> Option<String> {
    let what = if what == What::CODE { What::TEXT } else { what };
    let mut seen: Cow<'_, str> = Cow::Borrowed(key);
    for pass in 0.. {
        let mut next = match sanitizer.clean(&seen, what) {
            Some(_) if pass >= PASSES => FILTERED.to_owned(),
            Some(next) => next,
            None if over(&seen, KEY_CHARS) => seen.to_string(),
            None => break,
        };
        if over(&next, KEY_CHARS) {
            cut_text(&mut next, KEY_CHARS);
        }
        if next == *seen {
            break;
        }
        seen = Cow::Owned(next);
    }
    match seen {
        Cow::Owned(clean) => Some(clean),
        Cow::Borrowed(_) => None,
    }
}

/// Members that name what the member `value` beside them holds.
const NAME_KEYS: &[&str] = &["name", "key", "Name", "Key", "header", "field", "param"];

/// Looks like the name of a thing rather than like a thing.
fn is_name(text: &str) -> bool {
    text.bytes().all(|c| c.is_ascii_alphabetic() || matches!(c, b'_' | b'-'))
}

fn is_version_key(key: &str) -> bool {
    key.len() <= 64 && {
        let key = key.to_ascii_lowercase();
        ["version", "release", "build", "revision", "ver"].iter().any(|word| key.ends_with(word))
    }
}

fn is_card_number(number: u64) -> bool {
    if !(1_000_000_000_000..10_000_000_000_000_000_000).contains(&number) {
        return false;
    }
    let digits: Vec<u8> = number.to_string().bytes().map(|b| b - b'0').collect();
    shapes::is_card(&digits)
}

/// A name that is not taken yet.
pub(super) fn free_name(name: String, taken: impl Fn(&str) -> bool) -> String {
    if !taken(&name) {
        return name;
    }
    (2..).map(|n| format!("{name}_{n}")).find(|name| !taken(name)).unwrap_or(name)
}

/// Whether a text is longer than `chars` characters; counts no further than that.
pub(super) fn over(text: &str, chars: usize) -> bool {
    text.len() > chars && text.chars().nth(chars).is_some()
}

/// Cuts to `chars` characters, the mark included.
pub(super) fn cut_text(text: &mut String, chars: usize) {
    let keep = chars.saturating_sub(1);
    if let Some((at, _)) = text.char_indices().nth(keep) {
        text.truncate(at);
        text.push_str(CUT);
    }
}

/// The placeholders a text holds, as remarks.
pub(super) fn placeholders(text: &str) -> Vec<Remark> {
    let b = text.as_bytes();
    let mut found = Vec::new();
    let (mut from, mut chars) = (0, 0);
    for at in memchr::memmem::find_iter(b, FILTERED.trim_end_matches(']').as_bytes()) {
        let Some(end) = placeholder(b, at) else { continue };
        let Some(inside) = text.get(at..end) else { continue };
        chars += text.get(from..at).map_or(0, |t| t.chars().count());
        let kind = inside.trim_start_matches("[Filtered").trim_start_matches(':').trim_end_matches([']', '…']);
        let len = inside.chars().count();
        found.push(meta::replaced(if kind.is_empty() { "filtered" } else { kind }, chars, chars + len));
        chars += len;
        from = end;
    }
    found
}

pub(super) fn cut_list(meta: &mut Meta, path: &Path<'_>, list: &mut Vec<Value>, breadth: usize) {
    if list.len() > breadth {
        let len = list.len();
        mark_list(list, breadth);
        meta.note(path, vec![meta::removed()], Some(len));
    }
}

fn mark_list(list: &mut Vec<Value>, breadth: usize) {
    let keep = breadth.saturating_sub(1);
    let rest = list.len().saturating_sub(keep);
    list.truncate(keep);
    list.push(Value::String(format!("{CUT} {rest} more")));
}

pub(super) fn cut_map(meta: &mut Meta, path: &Path<'_>, map: &mut Map, breadth: usize) {
    if map.len() > breadth {
        let len = map.len();
        mark_map(map, breadth);
        meta.note(path, vec![meta::removed()], Some(len));
    }
}

fn mark_map(map: &mut Map, breadth: usize) {
    let keep = breadth.saturating_sub(1);
    let rest: Vec<String> = map.keys().filter(|key| *key != CUT).skip(keep).cloned().collect();
    for key in &rest {
        map.remove(key);
    }
    map.insert(CUT.to_owned(), Value::String(format!("{} more", rest.len())));
}

fn shrink(value: &mut Value, chars: usize, breadth: usize) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
        Value::String(text) => {
            if over(text, chars) {
                cut_text(text, chars);
            }
        }
        Value::Array(list) => {
            if list.len() > breadth {
                mark_list(list, breadth);
            }
            list.iter_mut().for_each(|item| shrink(item, chars, breadth));
        }
        Value::Object(map) => {
            if map.len() > breadth {
                mark_map(map, breadth);
            }
            map.values_mut().for_each(|item| shrink(item, chars, breadth));
        }
    }
}

/// Bytes of the value as JSON.
pub(super) fn json_size(value: &impl serde::Serialize) -> usize {
    struct Counter(usize);
    impl std::io::Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut counter = Counter(0);
    match serde_json::to_writer(&mut counter, value) {
        Ok(()) => counter.0,
        Err(_) => usize::MAX,
    }
}
