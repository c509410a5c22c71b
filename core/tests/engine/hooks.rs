//! `before_send` on the worker: it may change, drop or fail, and never opens a hole.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use faultwire::client::Client;
use faultwire::settings::BeforeSend;
use faultwire::{Hooks, Options};

use crate::support::backend::Backend;
use crate::support::{SOON, client, dropped_for, lawful, raise, until};

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

/// It would wait for the event that it has in hand.
#[test]
fn a_hook_that_flushes_or_closes_does_not_wait() {
    let backend = Backend::default();
    let known: Arc<OnceLock<Arc<Client>>> = Arc::default();
    let (asked, waited) = (Arc::clone(&known), Arc::new(Mutex::new(Vec::new())));
    let told = Arc::clone(&waited);
    let hook: BeforeSend = Arc::new(move |event| {
        let (client, start) = (asked.get().unwrap(), Instant::now());
        let done = [client.flush(SOON), client.close(Some(SOON))];
        told.lock().unwrap().push((done, start.elapsed()));
        Some(event)
    });
    let client = Arc::new(client(Options::default(), with(hook), &backend));
    known.set(Arc::clone(&client)).ok().unwrap();
    raise(&client, "an error").unwrap();
    until("the event", || backend.events().len() == 1);
    let waited = waited.lock().unwrap();
    assert_eq!(waited.len(), 1);
    assert_eq!(waited[0].0, [false, false]);
    assert!(waited[0].1 < SOON / 2, "{waited:?}");
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
