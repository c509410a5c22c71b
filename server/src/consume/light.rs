//! The text of an event without what is large and counts for nothing.
//!
//! Nine of ten events of a busy issue are only counted. Their fingerprint and counts are made of a small part of the
//! text; to parse the rest would cost more than all else. So the text is cut first, by a scan that makes nothing of
//! what it passes, and parsed in full only when it is to be stored.

use memchr::memchr2;

/// Members of an event that are kept. All others, the unknown ones among them, are cut.
const EVENT: [&str; 18] = [
    "event_id",
    "timestamp",
    "platform",
    "level",
    "logger",
    "transaction",
    "server_name",
    "release",
    "dist",
    "environment",
    "logentry",
    "message",
    "exception",
    "threads",
    "user",
    "contexts",
    "tags",
    "fingerprint",
];
/// Contexts that say something of the occurrence's place in the counts.
const CONTEXTS: [&str; 3] = ["faultwire", "error_sampling", "trace"];
/// Members of frames that are cut, and of whatever else stands in `exception` and `threads`.
const DETAILS: [&str; 4] = ["vars", "pre_context", "context_line", "post_context"];
/// What is nested deeper stays as it is.
const MAX_DEPTH: usize = 32;

/// The text with a `null` for each part that is cut; `None` if it is no object, or not even JSON.
pub fn cut(text: &[u8]) -> Option<Vec<u8>> {
    let mut scan = Scan { text, at: 0, out: Vec::with_capacity(text.len() / 3), copied: 0 };
    scan.members(|scan, name| match name {
        b"exception" | b"threads" => scan.without_details(0),
        b"contexts" if scan.peek()? == b'{' => {
            scan.members(|scan, name| if is_one_of(&CONTEXTS, name) { scan.pass() } else { scan.cut() })
        }
        name if is_one_of(&EVENT, name) => scan.pass(),
        _ => scan.cut(),
    })?;
    scan.out.extend_from_slice(text.get(scan.copied..)?);
    Some(scan.out)
}

/// A name with an escape in it may be any: it counts as one that is to be kept.
fn is_one_of(names: &[&str], name: &[u8]) -> bool {
    names.iter().any(|known| known.as_bytes() == name) || name.contains(&b'\\')
}

struct Scan<'t> {
    text: &'t [u8],
    at: usize,
    out: Vec<u8>,
    /// Up to here the text is in `out`, or cut.
    copied: usize,
}

impl<'t> Scan<'t> {
    /// What comes next but for spaces.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.text.get(self.at)? {
                b' ' | b'\n' | b'\t' | b'\r' => self.at += 1,
                byte => return Some(*byte),
            }
        }
    }

    fn take(&mut self, wanted: u8) -> Option<()> {
        (self.peek()? == wanted).then(|| self.at += 1)
    }

    /// A string, without its quotes.
    fn string(&mut self) -> Option<&'t [u8]> {
        self.take(b'"')?;
        let start = self.at;
        loop {
            let rest = self.text.get(self.at..)?;
            let found = memchr2(b'"', b'\\', rest)?;
            self.at += found + 1;
            if rest.get(found) == Some(&b'"') {
                return self.text.get(start..self.at - 1);
            }
            self.at += 1;
        }
    }

    /// The members of an object; `each` is to go past a value.
    fn members(&mut self, mut each: impl FnMut(&mut Self, &[u8]) -> Option<()>) -> Option<()> {
        self.take(b'{')?;
        if self.peek()? == b'}' {
            return self.take(b'}');
        }
        loop {
            let name = self.string()?;
            self.take(b':')?;
            each(self, name)?;
            if self.peek()? == b'}' {
                return self.take(b'}');
            }
            self.take(b',')?;
        }
    }

    fn without_details(&mut self, depth: usize) -> Option<()> {
        match self.peek()? {
            _ if depth > MAX_DEPTH => self.pass(),
            b'{' => self.members(|scan, name| {
                let is_detail = DETAILS.iter().any(|known| known.as_bytes() == name);
                if is_detail { scan.cut() } else { scan.without_details(depth + 1) }
            }),
            b'[' => {
                self.at += 1;
                if self.peek()? == b']' {
                    return self.take(b']');
                }
                loop {
                    self.without_details(depth + 1)?;
                    if self.peek()? == b']' {
                        return self.take(b']');
                    }
                    self.take(b',')?;
                }
            }
            _ => self.pass(),
        }
    }

    /// Goes past a value.
    fn pass(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => drop(self.string()?),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                    continue;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                b',' | b':' if depth > 0 => {
                    self.at += 1;
                    continue;
                }
                b',' | b':' => return None,
                _ => {
                    let is_scalar = |byte: &u8| !matches!(byte, b',' | b':' | b'}' | b']' | b'"' | b'{' | b'[');
                    self.at += self.text.get(self.at..)?.iter().take_while(|byte| is_scalar(byte)).count();
                }
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    fn cut(&mut self) -> Option<()> {
        self.peek()?;
        let start = self.at;
        self.pass()?;
        self.out.extend_from_slice(self.text.get(self.copied..start)?);
        self.out.extend_from_slice(b"null");
        self.copied = self.at;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use faultwire::protocol::Event;
    use serde_json::{Value, json};

    fn cut_value(value: &Value) -> Value {
        serde_json::from_slice(&cut(value.to_string().as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn what_counts_stays_and_the_rest_goes() {
        let frame = json!({"function": "f", "lineno": 3, "vars": {"a": [1, {"b": "}"}]}, "pre_context": ["x"],
                           "context_line": "y \" \\", "post_context": []});
        let light = json!({"function": "f", "lineno": 3, "vars": null, "pre_context": null, "context_line": null,
                           "post_context": null});
        let event = json!({
            "event_id": "0123456789abcdef0123456789abcdef", "timestamp": 1.5, "message": "a \"{ text\\",
            "exception": {"values": [{"type": "E", "value": "vars", "stacktrace": {"frames": [frame, {}]}}]},
            "threads": [{"stacktrace": {"frames": [frame]}}],
            "breadcrumbs": [{"message": "m"}], "contexts": {"os": {"name": "Linux"}, "trace": {"trace_id": "1"}},
            "extra": {"k": "v"}, "request": {"url": "/"}, "tags": {"vars": "v"}, "stray": [[[]]],
        });
        let expected = json!({
            "event_id": "0123456789abcdef0123456789abcdef", "timestamp": 1.5, "message": "a \"{ text\\",
            "exception": {"values": [{"type": "E", "value": "vars", "stacktrace": {"frames": [light, {}]}}]},
            "threads": [{"stacktrace": {"frames": [light]}}],
            "breadcrumbs": null, "contexts": {"os": null, "trace": {"trace_id": "1"}},
            "extra": null, "request": null, "tags": {"vars": "v"}, "stray": null,
        });
        assert_eq!(cut_value(&event), expected);
        let spaced = serde_json::to_string_pretty(&event).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&cut(spaced.as_bytes()).unwrap()).unwrap(), expected);
    }

    /// Whatever is cut reads as if it had not been there.
    #[test]
    fn a_cut_event_is_read() {
        let event = json!({"event_id": "0123456789abcdef0123456789abcdef", "timestamp": 1.5, "extra": 7, "contexts": [],
                           "exception": [{"stacktrace": {"frames": [{"vars": 3, "context_line": {}}]}}]});
        let read = Event::from_value(cut_value(&event)).unwrap_err();
        assert_eq!(read.field, "contexts");
        let mut event = event;
        event["contexts"] = json!({"trace": {}, "os": 4});
        let read = Event::from_value(cut_value(&event)).unwrap();
        assert!(read.extra.is_empty() && read.exception.values.len() == 1);
    }

    /// A member that events get is kept or cut on purpose: the compiler leads here, and to the list above.
    #[test]
    #[rustfmt::skip]
    fn every_member_is_decided() {
        let Event {
            event_id: _, timestamp: _, platform: _, level: _, logger: _, transaction: _, server_name: _, release: _,
            dist: _, environment: _, logentry: _, exception: _, threads: _, user: _, contexts: _, tags: _, fingerprint: _,
            breadcrumbs, request, extra, modules, sdk, debug_meta, meta,
        } = Event::from_value(cut_value(&json!({
            "breadcrumbs": [{}], "request": {"url": "/"}, "extra": {"a": 1}, "modules": {"a": "1"}, "sdk": {"name": "s"},
            "debug_meta": {"a": 1}, "_meta": {"a": 1},
        }))).unwrap();
        assert!(breadcrumbs.is_empty() && extra.is_empty() && modules.is_empty() && debug_meta.is_null());
        assert!(request.is_none() && sdk.is_none() && meta.is_null());
    }

    #[test]
    fn names_with_escapes_are_kept() {
        let cut = cut(br#"{"e\u0078tra": {"a": 1}, "contexts": {"\u006fs": 1, "os": 2}}"#).unwrap();
        assert_eq!(cut, br#"{"e\u0078tra": {"a": 1}, "contexts": {"\u006fs": 1, "os": null}}"#);
    }

    #[test]
    fn what_is_no_object_or_is_broken_off_is_left_alone() {
        let whole = json!({"extra": {"a": [1, "x", null, true]}, "exception": [{"vars": [{}, []]}], "tags": {}});
        let text = whole.to_string();
        assert!(cut(text.as_bytes()).is_some());
        for end in 0..text.len() {
            assert_eq!(cut(&text.as_bytes()[..end]), None, "{end}");
        }
        for other in ["[]", "1", "\"x\"", "", " ", "{,}", "{\"a\":,}", "{\"a\":]}", "{\"a\" 1}"] {
            assert_eq!(cut(other.as_bytes()), None, "{other}");
        }
    }
}
