//! `before_send` on the worker: it may change, drop or fail, and never opens a hole.

use std::sync::Arc;

use faultwire::settings::BeforeSend;
use faultwire::{Hooks, Options};

use crate::support::backend::Backend;
use crate::support::{SOON, client, dropped_for, lawful, raise};

fn with(hook: BeforeSend) -> Hooks {
    Hooks { before_send: Some(hook), ..Hooks::default() }
}

/// What the hook adds is sanitized like everything else, and the id stays.
#[test]
fn what_a_hook_adds_is_sanitized_and_the_id_stays() {
    let backend = Backend::default();
    let hook: BeforeSend = Arc::new(|mut event| {
        event.event_id = faultwire::EventId::random();
        event.extra.insert("password".to_owned(), "hunter2-added-by-a-hook".into());
        event.tags.insert("seen".to_owned(), "yes".to_owned());
        Some(event)
    });
    let client = client(Options::default(), with(hook), &backend);
    let id = raise(&client, "an error").unwrap();
    assert!(client.flush(SOON));
    let event = &backend.events()[0];
    assert_eq!(event["event_id"], id.to_string());
    assert_eq!(event["tags"]["seen"], "yes");
    assert!(!event.to_string().contains("hunter2-added-by-a-hook"), "{event}");
}

/// `None`, or a panic: the event is dropped as `before_send`, and the next one is asked about again.
#[test]
fn a_hook_that_says_no_or_panics_drops_the_event() {
    let backend = Backend::default();
    let hook: BeforeSend = Arc::new(|event| match event.logentry.as_ref().and_then(|l| l.formatted.as_deref()) {
        Some("refuse") => None,
        Some("panic") => panic!("in a hook"),
        _ => Some(event),
    });
    let client = client(Options::default(), with(hook), &backend);
    ["refuse", "panic", "keep"].iter().for_each(|text| {
        raise(&client, text);
    });
    assert!(client.flush(SOON));
    let stats = lawful(client.stats());
    assert_eq!((stats.delivered, dropped_for(&stats, "before_send")), (1, 2), "{stats:?}");
    assert_eq!(backend.reported("before_send"), 2);
}
