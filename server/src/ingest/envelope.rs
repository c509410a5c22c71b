//! Is it an envelope, and are its items JSON? What is checked before the 200, and what of it is kept.

use faultwire::protocol::{Envelope, EventId, Item, ItemHeader};
use serde::Deserialize;

use super::Refusal;
use super::auth::key_of_dsn;
use crate::log::KeyKind;
use crate::outcome::{Outcome, Reason};

/// Items in one envelope.
const MAX_ITEMS: usize = 100;
/// Kinds of items that are consumed.
const KEPT: [&str; 5] = ["event", "client_report", "faultwire_counts", "session", "sessions"];
/// Bytes of an item that is no event: client reports may have 4 KiB, aggregated sessions some more.
const MAX_SMALL_ITEM: usize = 64 << 10;

/// Levels of objects and lists: what reads events later stops at 128.
const MAX_DEPTH: usize = 120;

/// What an envelope holds that goes into the log.
#[derive(Debug, Default)]
pub struct Checked {
    /// The event's id, if there is an event.
    pub event_id: Option<EventId>,
    /// Whether there is an event.
    pub has_event: bool,
    /// Number of items that are consumed.
    pub kept: usize,
    /// The envelope without the others, if there were any.
    pub rewritten: Option<Vec<u8>>,
    /// The others.
    pub dropped: Vec<Outcome>,
}

/// The key in the header of an envelope.
pub fn key_in(body: &[u8]) -> Option<String> {
    let end = memchr::memchr(b'\n', body).unwrap_or(body.len());
    #[derive(Deserialize)]
    struct Header {
        dsn: Option<String>,
    }
    let header: Header = serde_json::from_slice(body.get(..end)?).ok()?;
    key_of_dsn(&header.dsn?)
}

/// Checks all that is checked before an envelope is accepted.
///
/// # Errors
/// Naming what is wrong with it.
pub fn check(body: &[u8], key: KeyKind, max_event: u64) -> Result<Checked, Refusal> {
    let (header, items) = Envelope::split(body).map_err(|e| Refusal::new(Reason::InvalidEnvelope, e.to_string()))?;
    if items.len() > MAX_ITEMS {
        let detail = format!("expected at most {MAX_ITEMS} items, there are {}", items.len());
        return Err(Refusal::new(Reason::TooManyItems, detail));
    }
    let mut checked = Checked { event_id: header.event_id, ..Checked::default() };
    let mut kept: Vec<(&ItemHeader, &[u8])> = Vec::with_capacity(items.len());
    let mut has_event = false;
    for (number, (item, payload)) in items.iter().enumerate() {
        let ty = item.ty.as_str();
        let dropped = if !KEPT.contains(&ty) {
            Some((Reason::UnsupportedItem, "items of this type are not kept"))
        } else if (ty == "faultwire_counts" || ty == "sessions") && key == KeyKind::Browser {
            Some((Reason::ForbiddenItem, "browser keys may not count"))
        } else if ty == "event" && has_event {
            Some((Reason::UnsupportedItem, "expected at most one event in an envelope"))
        } else {
            None
        };
        if let Some((reason, detail)) = dropped {
            let name: String = ty.chars().filter(|c| c.is_ascii_graphic()).take(40).collect();
            let event_id = checked.event_id.map(|id| id.to_string());
            let detail = format!("item {number}, {name}: {detail}");
            checked.dropped.push(Outcome { reason, event_id, quantity: 1, detail });
            continue;
        }
        let limit = if ty == "event" { max_event as usize } else { MAX_SMALL_ITEM };
        if payload.len() > limit {
            let detail = format!("item {number}, {ty}: expected at most {limit} bytes, it has {}", payload.len());
            return Err(Refusal::new(Reason::TooLarge, detail));
        }
        let id = syntax(payload).map_err(|e| {
            Refusal::new(Reason::InvalidJson, format!("item {number}, {ty}: expected a JSON object: {e}"))
        })?;
        if ty == "event" {
            has_event = true;
            checked.event_id = checked.event_id.or(id);
        }
        kept.push((item, payload));
    }
    checked.has_event = has_event;
    checked.kept = kept.len();
    if !checked.dropped.is_empty() && !kept.is_empty() {
        let mut rewritten = Envelope { header, items: Vec::new() }.to_bytes();
        for (item, payload) in kept {
            Item { header: item.clone(), payload: payload.to_vec() }.write_to(&mut rewritten);
        }
        checked.rewritten = Some(rewritten);
    }
    Ok(checked)
}

/// Reads a JSON object to its end without keeping it; its `event_id`, if it has a good one.
fn syntax(payload: &[u8]) -> Result<Option<EventId>, String> {
    #[derive(Deserialize)]
    struct Object<'p> {
        #[serde(borrow, default)]
        event_id: Option<&'p serde_json::value::RawValue>,
    }
    let text = std::str::from_utf8(payload).map_err(|e| format!("invalid UTF-8 at byte {}", e.valid_up_to()))?;
    // A list would be read as the members in their order.
    if !text.trim_ascii_start().starts_with('{') {
        return Err("it is none".to_owned());
    }
    if is_deep(payload) {
        return Err(format!("it is nested deeper than {MAX_DEPTH}"));
    }
    let object: Object<'_> = serde_json::from_str(text).map_err(|e| e.to_string())?;
    Ok(object.event_id.and_then(|id| serde_json::from_str(id.get()).ok()))
}

/// Whether objects and lists stand within each other deeper than allowed.
fn is_deep(json: &[u8]) -> bool {
    // Most events do not have so many in all.
    if memchr::memchr2_iter(b'{', b'[', json).nth(MAX_DEPTH).is_none() {
        return false;
    }
    let (mut depth, mut in_text, mut is_escaped) = (0_usize, false, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_text => is_escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return true;
        }
    }
    false
}

/// The envelope of a lone event, as `/store/` takes it.
///
/// # Errors
/// When it is no JSON object.
pub fn of_event(payload: Vec<u8>) -> Result<Vec<u8>, Refusal> {
    let id = syntax(&payload)
        .map_err(|e| Refusal::new(Reason::InvalidJson, format!("event: expected a JSON object: {e}")))?;
    let mut envelope = Envelope::default();
    envelope.header.event_id = id;
    envelope.items.push(Item::new("event", payload));
    Ok(envelope.to_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_brackets_outside_of_texts() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        assert!(!is_deep(nested(MAX_DEPTH).as_bytes()));
        assert!(is_deep(nested(MAX_DEPTH + 1).as_bytes()));
        let flat = format!("{{\"a\":[{}{{}}]}}", "[],".repeat(500));
        assert!(!is_deep(flat.as_bytes()));
        let text = format!("{{\"a\":\"\\\"{}\"}}", "[".repeat(500));
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok() && !is_deep(text.as_bytes()));
    }
}
