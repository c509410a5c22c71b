//! Rate limits: they are kept, and cost no event.

use std::time::{Duration, Instant};

use faultwire::transport::Answer;
use faultwire::{Hooks, Options, Value};

use crate::support::backend::{Backend, status};
use crate::support::{SOON, client, dropped, lawful, raise};

/// "Not for the next 300 ms": the next event waits, and arrives.
#[test]
fn a_short_limit_pauses_the_shipper_and_loses_nothing() {
    let backend = Backend::default();
    let client = client(Options::default(), Hooks::default(), &backend);
    backend.answer_once(Answer { rate_limits: Some("0.3:error:key".to_owned()), ..status(200) });
    let start = Instant::now();
    raise(&client, "the one that is answered with a limit");
    assert!(client.flush(SOON));
    raise(&client, "the one that waits");
    assert!(client.flush(SOON));
    assert!(start.elapsed() >= Duration::from_millis(300), "sent in spite of the limit");
    assert_eq!(lawful(client.stats()).delivered, 2);
}

/// 429: the event waits as long as the server wants, and arrives.
#[test]
fn what_a_429_refuses_is_sent_later() {
    let backend = Backend::default();
    let client = client(Options::default(), Hooks::default(), &backend);
    backend.answer_once(Answer { rate_limits: Some("0.1::organization".to_owned()), ..status(429) });
    let start = Instant::now();
    let ids = [raise(&client, "refused"), raise(&client, "behind it")];
    assert!(client.flush(SOON));
    assert!(start.elapsed() >= Duration::from_millis(100), "sent in spite of the limit");
    let stats = lawful(client.stats());
    assert_eq!((stats.delivered, dropped(&stats)), (2, 0), "{stats:?}");
    let mut arrived: Vec<_> = backend.events().iter().map(|e| e["event_id"].clone()).collect();
    arrived.sort_by_key(ToString::to_string);
    let mut expected = ids.map(|id| Value::from(id.unwrap().to_string()));
    expected.sort_by_key(ToString::to_string);
    assert_eq!(arrived, expected);
    assert!(backend.items("client_report").is_empty());
}

/// A bare 429 is a minute: a flush does not wait for it beyond its own time, nor does the end.
#[test]
fn a_flush_within_a_limit_keeps_its_deadline() {
    let backend = Backend::default();
    let client = client(Options::default(), Hooks::default(), &backend);
    backend.answer_once(status(429));
    raise(&client, "waits a minute");
    let start = Instant::now();
    assert!(!client.flush(Duration::from_millis(50)));
    assert!(!client.flush(Duration::from_secs(30)), "returns early: it cannot come about");
    assert!(!client.close(Some(Duration::from_millis(50))));
    assert!(start.elapsed() < Duration::from_secs(5));
}

/// A limit on another category is none of an event's business.
#[test]
fn other_categories_do_not_matter() {
    let backend = Backend::default();
    let client = client(Options::default(), Hooks::default(), &backend);
    backend.answer(Answer { rate_limits: Some("3600:transaction;session".to_owned()), ..status(200) });
    (0..3).for_each(|_| {
        raise(&client, "goes through");
    });
    assert!(client.flush(SOON));
    assert_eq!(backend.events().len(), 3);
}
