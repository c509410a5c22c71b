//! What a strict server would object to in an envelope that this lenient one takes.

use faultwire::protocol::{Envelope, Event, EventId, Value};

/// Relay refuses larger events.
const MAX_EVENT_BYTES: usize = 1 << 20;
/// Relay refuses larger client reports.
const MAX_CLIENT_REPORT_BYTES: usize = 4 << 10;

/// Sentences, each beginning with the place; empty for an envelope nobody can object to.
pub fn of(envelope: &Envelope, from_store: bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut events = 0;
    for (number, item) in envelope.items.iter().enumerate() {
        let mut say = |what: &str| found.push(format!("item {number} ({}): {what}", item.header.ty));
        if item.header.length.is_none() {
            say("length is missing from the header");
        }
        match item.header.ty.as_str() {
            "event" => {
                events += 1;
                if events == 2 {
                    say("at most one event an envelope");
                }
                if item.payload.len() > MAX_EVENT_BYTES {
                    say(&format!("{} bytes, at most 1 MiB", item.payload.len()));
                }
                if let Ok(value) = serde_json::from_slice::<Value>(&item.payload) {
                    event(&value, envelope.header.event_id, &mut say);
                }
            }
            "client_report" if item.payload.len() > MAX_CLIENT_REPORT_BYTES => {
                say(&format!("{} bytes, at most 4 KiB", item.payload.len()));
            }
            _ => {}
        }
    }
    if events > 0 && !from_store {
        if envelope.header.event_id.is_none() {
            found.push("envelope header: event_id is required with an event".to_owned());
        }
        if envelope.header.sent_at.is_none() {
            found.push("envelope header: sent_at is missing".to_owned());
        }
    }
    found
}

fn event(value: &Value, header_id: Option<EventId>, say: &mut impl FnMut(&str)) {
    for required in ["event_id", "timestamp", "platform"] {
        if value.get(required).is_none_or(Value::is_null) {
            say(&format!("{required} is missing"));
        }
    }
    let own = value.get("event_id").and_then(Value::as_str).and_then(|id| id.parse::<EventId>().ok());
    if let (Some(own), Some(header)) = (own, header_id)
        && own != header
    {
        say("event_id differs from the envelope header's");
    }
    match Event::from_value(value.clone()) {
        Err(error) => say(&error.to_string()),
        Ok(event) => {
            // The reader moves unknown top-level keys to `extra`.
            let was_extra = |key: &str| value.get("extra").and_then(|extra| extra.get(key)).is_some();
            for key in event.extra.keys().filter(|key| !was_extra(key)) {
                say(&format!("{key} is not a key of the event schema known here"));
            }
        }
    }
}
