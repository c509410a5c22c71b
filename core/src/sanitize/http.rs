//! What travels in a request: URLs, query strings, forms, cookies, headers, bodies.

use super::meta::Path;
use super::rules::{KeyMatch, Secrecy, Span, percent_decode};
use super::scan::{FILTERED, What, placeholder};
use super::value::{CUT, Walk};
use super::{PASSES, Sanitizer, is_directory};
use crate::protocol::Value;

/// Cookie values at least this long and of mixed characters are taken for sessions, whatever their name.
const SESSION_CHARS: usize = 20;
/// An OAuth `code` parameter this long is one; a shorter one is a status or an error code.
pub(super) const CODE_CHARS: usize = 16;

/// A placeholder, or what a cut leaves of a value: nothing.
fn is_placeholder(text: &str) -> bool {
    text == CUT || placeholder(text.as_bytes(), 0) == Some(text.len())
}

/// Repeats until nothing changes: what a replacement leaves behind may read differently.
fn settle(text: &str, once: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut clean: Option<String> = None;
    for _ in 0..PASSES {
        match once(clean.as_deref().unwrap_or(text)) {
            Some(next) if Some(&next) != clean.as_ref() => clean = Some(next),
            _ => return clean,
        }
    }
    Some(FILTERED.to_owned())
}

impl Sanitizer {
    /// The rule under which a parameter or header of that name is hidden.
    fn hidden(&self, name: &str, value: &str) -> Option<KeyMatch<'_>> {
        self.keys.find(name).filter(|_| !value.is_empty() && !is_placeholder(value))
    }

    /// `a=b&c=d`, percent-encoded or not, with or without the `?`. `None`: nothing to change.
    pub(super) fn clean_query(&self, text: &str) -> Option<String> {
        settle(text, |text| self.query_once(text))
    }

    fn query_once(&self, text: &str) -> Option<String> {
        let mut out = String::with_capacity(text.len());
        let mut changed = false;
        for (i, pair) in text.split('&').enumerate() {
            if i > 0 {
                out.push('&');
            }
            let Some((key, value)) = pair.split_once('=') else {
                match self.clean_encoded(pair) {
                    Some(clean) => {
                        changed = true;
                        out.push_str(&clean);
                    }
                    None => out.push_str(pair),
                }
                continue;
            };
            let name = percent_decode(key);
            match self.clean_encoded(key) {
                Some(clean) => {
                    changed = true;
                    out.push_str(&clean);
                }
                None => out.push_str(key),
            }
            out.push('=');
            let code = name == "code" && value.len() >= CODE_CHARS && !is_placeholder(value);
            if code || self.hidden(&name, value).is_some() {
                changed = true;
                out.push_str(FILTERED);
                continue;
            }
            match self.clean_encoded(value) {
                Some(clean) => {
                    changed = true;
                    out.push_str(&clean);
                }
                None => out.push_str(value),
            }
        }
        changed.then_some(out)
    }

    /// Value rules for a text that may be percent-encoded; what shows only when decoded goes whole.
    fn clean_encoded(&self, text: &str) -> Option<String> {
        let clean = self.clean(text, What::TEXT);
        let seen = clean.as_deref().unwrap_or(text);
        let decoded = percent_decode(seen);
        if decoded != seen && self.clean(&decoded, What::TEXT).is_some() {
            return Some(FILTERED.to_owned());
        }
        clean
    }

    /// User and password, parameters, fragment. `None`: nothing to change.
    pub(super) fn clean_url(&self, text: &str) -> Option<String> {
        settle(text, |text| self.url_once(text))
    }

    fn url_once(&self, text: &str) -> Option<String> {
        let without_login = self.clean(text, What::LOGIN);
        let seen = without_login.as_deref().unwrap_or(text);
        let cut = seen.find(['?', '#']).unwrap_or(seen.len());
        let (base, rest) = seen.split_at(cut);
        let (query, fragment) = match rest.find('#') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let parts = [
            (base, self.clean(base, What::TEXT)),
            (query, self.clean_query(query)),
            (
                fragment,
                if fragment.contains('=') { self.clean_query(fragment) } else { self.clean(fragment, What::TEXT) },
            ),
        ];
        if without_login.is_none() && parts.iter().all(|(_, clean)| clean.is_none()) {
            return None;
        }
        Some(parts.into_iter().map(|(part, clean)| clean.unwrap_or_else(|| part.to_owned())).collect())
    }

    /// Whether a cookie of that name and value is hidden.
    pub(super) fn hides_cookie(&self, name: &str, value: &str) -> bool {
        if value.is_empty() || is_placeholder(value) {
            return false;
        }
        if !self.send_default_pii || self.keys.find(name).is_some() {
            return true;
        }
        let name = name.to_ascii_lowercase();
        let speaks = ["sess", "sid", "auth", "token", "remember", "login", "csrf", "xsrf", "jwt", "sso", "key"];
        let mixed = value.bytes().any(|c| c.is_ascii_digit()) && value.bytes().any(|c| c.is_ascii_alphabetic());
        speaks.iter().any(|word| name.contains(word)) || (value.len() >= SESSION_CHARS && mixed)
    }

    /// `a=b; c=d`. `None`: nothing to change.
    pub(super) fn clean_cookies(&self, text: &str) -> Option<String> {
        settle(text, |text| self.cookies_once(text))
    }

    fn cookies_once(&self, text: &str) -> Option<String> {
        let mut changed = false;
        let mut out = String::with_capacity(text.len());
        for (i, pair) in text.split(';').enumerate() {
            if i > 0 {
                out.push(';');
            }
            let (name, value) = pair.split_once('=').unwrap_or(("", pair));
            let bare = value.trim();
            if self.hides_cookie(name.trim(), bare) {
                changed = true;
                out.push_str(name);
                if !name.is_empty() {
                    out.push('=');
                }
                out.push_str(FILTERED);
            } else {
                match self.clean(pair, What::TEXT) {
                    Some(clean) => {
                        changed = true;
                        out.push_str(&clean);
                    }
                    None => out.push_str(pair),
                }
            }
        }
        changed.then_some(out)
    }

    /// A header or server variable. `None`: nothing to change.
    pub(super) fn clean_header(&self, name: &str, value: &str) -> Option<String> {
        if self.hidden(name, value).is_some() && !is_directory(name, value) {
            return Some(FILTERED.to_owned());
        }
        let name = name.strip_prefix("HTTP_").unwrap_or(name);
        let is = |names: &[&str]| names.iter().any(|n| name.eq_ignore_ascii_case(n));
        if is(&["query_string", "redirect_query_string"]) {
            self.clean_query(value)
        } else if is(&[
            "referer",
            "referrer",
            "origin",
            "location",
            "content-location",
            "request_uri",
            "path_info",
            "x-original-url",
            "x_original_url",
            "x-rewrite-url",
            "refresh",
            "raw_uri",
            "script_uri",
        ]) {
            self.clean_url(value)
        } else if is(&["user-agent", "user_agent", "server", "sec-ch-ua", "via", "x-powered-by"]) {
            self.clean(value, What::VERSION)
        } else {
            self.clean_value(value, What::TEXT)
        }
    }

    /// A free text that may be a URL or, as a whole, a form.
    pub(super) fn clean_value(&self, text: &str, what: What) -> Option<String> {
        if what == What::TEXT && looks_like_url(text) { self.clean_url(text) } else { self.clean(text, what) }
    }
}

/// `scheme://...` without blanks, with parameters.
fn looks_like_url(text: &str) -> bool {
    text.contains("://")
        && text.find("://").is_some_and(|at| {
            at <= 20
                && text.get(..at).is_some_and(|s| s.bytes().all(|c| c.is_ascii_alphanumeric() || b"+.-".contains(&c)))
        })
        && text.contains(['?', '#'])
        && !text.contains(|c: char| c.is_whitespace() || c == '"' || c == '\'')
}

/// A list or object in JSON.
fn parse(text: &str) -> Option<Value> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.starts_with(['{', '[']) { serde_json::from_str(text).ok() } else { None }
}

/// `a=b&c=d` and nothing else.
fn looks_like_form(text: &str) -> bool {
    text.contains('=') && !text.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '{' | '<'))
}

impl Walk<'_> {
    /// As text of at most `chars` characters, map or pairs.
    pub fn query(&mut self, path: &Path<'_>, value: &mut Value, chars: usize) {
        let terms = self.terms(What::TEXT);
        match value {
            Value::String(text) => {
                let sanitizer = self.sanitizer;
                self.treat(path, text, chars, |text| sanitizer.clean_query(text));
            }
            other => self.value(path, other, terms, 0),
        }
    }

    /// As text, map or pairs; without `send_default_pii` no value stays.
    pub fn cookies(&mut self, path: &Path<'_>, value: &mut Value) {
        let terms = self.terms(What::TEXT);
        match value {
            Value::String(text) => {
                let sanitizer = self.sanitizer;
                self.treat(path, text, terms.chars, |text| sanitizer.clean_cookies(text));
            }
            Value::Object(map) => {
                self.clean_keys(path, map, terms);
                for (name, value) in map.iter_mut() {
                    self.cookie(&path.key(name), name, value);
                }
                self.map(path, map, terms, 0);
            }
            Value::Array(pairs) => {
                for (i, pair) in pairs.iter_mut().enumerate() {
                    let here = path.index(i);
                    match pair {
                        Value::Array(pair) if pair.len() == 2 => {
                            let name = pair.first().and_then(Value::as_str).unwrap_or("").to_owned();
                            if let Some(value) = pair.get_mut(1) {
                                self.cookie(&here.index(1), &name, value);
                            }
                        }
                        Value::Object(map) => {
                            let name = map.get("name").and_then(Value::as_str).unwrap_or("").to_owned();
                            if let Some(value) = map.get_mut("value") {
                                self.cookie(&here.key("value"), &name, value);
                            }
                        }
                        Value::String(text) => {
                            let sanitizer = self.sanitizer;
                            self.treat(&here, text, terms.chars, |text| sanitizer.clean_cookies(text));
                        }
                        _ => {}
                    }
                }
                self.value(path, value, terms, 0);
            }
            other => self.value(path, other, terms, 0),
        }
    }

    fn cookie(&mut self, path: &Path<'_>, name: &str, value: &mut Value) {
        const COOKIE: KeyMatch<'static> =
            KeyMatch { name: "cookie", secrecy: Secrecy::Secret, prose: false, span: Span::Line };
        let hides = match value {
            Value::Null | Value::Bool(_) => false,
            Value::String(text) => self.sanitizer.hides_cookie(name, text),
            Value::Number(_) => self.sanitizer.hides_cookie(name, "0"),
            Value::Array(_) | Value::Object(_) => !self.sanitizer.send_default_pii,
        };
        if hides {
            self.redact(path, value, &COOKIE);
        }
    }

    /// A body: structure stays structure, JSON text becomes structure, forms go by pairs, and what
    /// does not parse is scanned for names and cut to `chars` characters.
    pub fn body(&mut self, path: &Path<'_>, value: &mut Value, chars: usize) {
        let terms = self.terms(What::TEXT);
        let Value::String(text) = value else {
            return self.value(path, value, terms, 0);
        };
        let mut parsed = parse(text);
        if parsed.is_none() {
            let sanitizer = self.sanitizer;
            self.treat(path, text, chars, |text| {
                if looks_like_form(text.trim()) {
                    sanitizer.clean_query(text)
                } else {
                    sanitizer.clean(text, What::TEXT)
                }
            });
            // What kept it from being JSON can have gone with a secret.
            parsed = parse(text);
        }
        if let Some(mut parsed) = parsed {
            self.value(path, &mut parsed, terms, 0);
            *value = parsed;
        }
    }

    /// A map that may hold headers, by their own treatment.
    pub fn header(&mut self, path: &Path<'_>, name: &str, text: &mut String, chars: usize) {
        let sanitizer = self.sanitizer;
        if let Some(found) = sanitizer.keys.find(name)
            && !is_directory(name, text)
        {
            return self.redact_text(path, text, &found);
        }
        self.treat(path, text, chars, |text| sanitizer.clean_header(name, text));
    }
}
