//! An event out of lines: each goes into one field, so that texts get everywhere without being JSON.

use faultwire::Event;
use faultwire::protocol::Value;
use serde_json::json;

/// The event with id and time fixed: JSON as it is, any other text by its lines.
pub fn event(text: &str) -> Option<Event> {
    let value = match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(map)) => Value::Object(map),
        _ => of_lines(text),
    };
    let mut event = Event::from_value(value).ok()?;
    event.event_id = faultwire::EventId(7);
    event.timestamp = faultwire::protocol::Timestamp(1_000_000_000_000_000);
    Some(event)
}

fn of_lines(text: &str) -> Value {
    let lines: Vec<&str> = text.split('\n').collect();
    let line = |at: usize| lines.get(at).copied().unwrap_or("x");
    json!({
        "logentry": {"message": line(0), "params": [line(1), line(2)], "formatted": line(3)},
        "exception": {"values": [{"type": line(4), "value": line(0), "stacktrace": {"frames": [{
            "function": line(4), "filename": line(5),
            "pre_context": [line(6), line(7)], "context_line": line(8), "post_context": [line(9)],
            "vars": {line(1): line(2), "v": [line(3), line(4)], "d": {line(5): {"value": line(6), "name": line(7)}}},
        }]}}]},
        "breadcrumbs": {"values": [{"message": line(1), "data": {
            "url": line(2), "http.query": line(3), "body": line(4), "cookies": line(5), line(6): line(7)}}]},
        "request": {
            "url": line(0), "query_string": line(1), "cookies": line(2), "data": line(3),
            "headers": {"Referer": line(4), "X-Note": line(5), line(6): line(7)}, "env": {line(8): line(9)},
        },
        "user": {"id": line(3), "username": line(4), line(5): line(6)},
        "contexts": {line(7): {line(8): line(9)}, "runtime": {"version": line(0)}},
        "tags": {line(1): line(2), "t": line(3)},
        "extra": {line(4): line(5), "--x": [line(6), line(7), line(8)]},
        "transaction": line(9), "release": line(8), "dist": line(7), "server_name": line(6),
        "fingerprint": [line(5)],
    })
}
