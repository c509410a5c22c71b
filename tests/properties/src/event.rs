//! Events are read leniently and written strictly, and any of them can be made to fit the wire.
//!
//! Input: JSON, or lines for the fields of an event ([`fields`]).

use faultwire::fingerprint::{blocked, compute};
use faultwire::protocol::{Timestamp, Value};
use faultwire::shrink::{MAX_EVENT_BYTES, MIN_EVENT_BYTES, bound_counts, fit, shrink};
use faultwire::{Error, Event, EventId};

use crate::fields;

pub fn check(input: &[u8]) {
    let Some(text) = crate::text(input) else { return };
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        let as_text = named(Event::from_slice(value.to_string().as_bytes()));
        let as_value = named(Event::from_value(value));
        if let Err(error) = &as_value {
            assert!(!error.field.is_empty());
        }
        assert_eq!(as_text, as_value);
    }
    let Some(event) = fields::event(text) else { return };
    let written = serde_json::to_value(&event).expect("an event is JSON");
    let read = Event::from_value(written.clone()).expect("what is written can be read");
    assert_eq!(serde_json::to_value(&read).expect("JSON"), written);

    let hash = compute(&event, &blocked::below(&[])).hash;
    assert!(hash.len() == 64 && hash.bytes().all(|c| c.is_ascii_hexdigit()), "{hash}");

    fits(event.clone());
    // A small input made large, so that every step of the ladder is taken.
    let factor = 1 + (2 * MIN_EVENT_BYTES) / (1 + input.len());
    let mut large = written;
    swell(&mut large, factor);
    if let Ok(large) = Event::from_value(large) {
        fits(large);
    }
}

/// One that says no id and time gets its own each time it is read.
fn named(read: Result<Event, Error>) -> Result<Event, Error> {
    read.map(|event| Event { event_id: EventId(7), timestamp: Timestamp(7), ..event })
}

fn fits(event: Event) {
    let mut counted = event.clone();
    bound_counts(&mut counted);
    let bytes = serde_json::to_vec(&counted).expect("JSON");
    assert!(fit(&mut counted, bytes).len() <= MAX_EVENT_BYTES);
    let (mut one, mut other) = (event.clone(), event);
    let said = shrink(&mut one, MIN_EVENT_BYTES);
    shrink(&mut other, MIN_EVENT_BYTES);
    assert!(one == other, "the same event loses the same");
    let bytes = serde_json::to_vec(&one).expect("JSON");
    assert_eq!(bytes.len(), said.bytes);
    assert!(bytes.len() <= MIN_EVENT_BYTES, "{} bytes", bytes.len());
    let value = serde_json::from_slice(&bytes).expect("can be read");
    Event::from_value(value).expect("is an event");
}

/// Repeats texts and members of lists.
fn swell(value: &mut Value, factor: usize) {
    match value {
        Value::String(text) if text.len() > 2 => *text = text.repeat(factor.min(300)),
        Value::Array(list) => {
            list.iter_mut().for_each(|item| swell(item, 2));
            let once = list.clone();
            for _ in 1..factor.min(60 / (1 + once.len())) {
                list.extend_from_slice(&once);
            }
        }
        Value::Object(map) => map.values_mut().for_each(|item| swell(item, factor)),
        _ => {}
    }
}
