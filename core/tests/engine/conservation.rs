//! Every capture has exactly one fate, and `stats` says which.

use std::time::Duration;

use faultwire::stats::Stats;
use faultwire::{Hooks, Options};

use crate::support::backend::Backend;
use crate::support::{LOAD, SOON, client, dropped, dropped_for, lawful, raise, under_load};

/// Four threads capture while a fifth looks: the books balance whenever one looks, and all arrives.
#[test]
fn the_law_holds_at_any_moment_and_all_that_is_delivered_arrived() {
    let backend = Backend::default();
    let client = client(Options { max_queue_events: 64, ..Options::default() }, Hooks::default(), &backend);
    under_load(&client, Duration::ZERO, 1, || {
        lawful(client.stats());
    });
    assert!(client.flush(SOON));
    let stats = lawful(client.stats());
    assert_eq!((stats.captured, stats.pending), (LOAD, 0));
    assert_eq!(stats.delivered, backend.events().len() as u64);
    assert_eq!(stats.captured, stats.delivered + dropped(&stats));
    assert_eq!(backend.reported("queue_overflow"), dropped_for(&stats, "queue_overflow"));
}

/// The server stalls while 10,000 distinct errors are raised: the outbox and the queue overflow, memory
/// stays bounded, and every single one is accounted for, here and at the server.
#[test]
fn ten_thousand_distinct_errors_are_accounted_for_to_the_last_one() {
    let backend = Backend::default();
    let options = Options { max_queue_events: 100, max_outbox_bytes: 65_536, ..Options::default() };
    let client = client(options, Hooks::default(), &backend);
    backend.stalls();
    raise(&client, "the one that is stuck");
    backend.is_asked();
    for n in 0..9_999 {
        raise(&client, &format!("number {n}"));
    }
    assert_eq!(lawful(client.stats()).delivered, 0);
    backend.goes_on();
    assert!(client.flush(SOON));
    let stats = lawful(client.stats());
    assert_eq!((stats.captured, stats.pending), (10_000, 0));
    assert_eq!(stats.delivered, backend.events().len() as u64);
    assert_eq!(dropped(&stats), 10_000 - stats.delivered);
    for reason in ["queue_overflow", "cache_overflow"] {
        assert_eq!(backend.reported(reason), dropped_for(&stats, reason), "{reason}");
    }
    assert!(dropped(&stats) > 0, "nothing overflowed: {stats:?}");
}

/// After the end, calls are no-ops that count nothing.
#[test]
fn a_closed_client_captures_nothing() {
    let backend = Backend::default();
    let client = client(Options::default(), Hooks::default(), &backend);
    assert!(raise(&client, "before").is_some());
    assert!(client.close(Some(SOON)));
    assert_eq!(raise(&client, "after"), None);
    assert!(client.close(None), "a second close has nothing to do");
    assert_eq!((client.stats().captured, backend.events().len()), (1, 1));
}

/// Without a DSN nothing is captured, counted or started.
#[test]
fn a_client_without_a_dsn_does_nothing() {
    let client =
        faultwire::client::Client::new(Options::default(), Hooks::default(), Default::default(), None).unwrap();
    assert!(!client.is_enabled());
    assert_eq!(raise(&client, "nobody hears"), None);
    assert!(client.flush(SOON) && client.close(None));
    let outbox = "memory: there is no dsn".to_owned();
    assert_eq!(client.stats(), Stats { outbox, ..Stats::default() });
}

/// A flush waits for what was captured before it, and keeps its deadline when that does not come.
#[test]
fn a_flush_is_true_only_when_all_before_it_is_settled() {
    let backend = Backend::default();
    let client = client(Options::default(), Hooks::default(), &backend);
    backend.stalls();
    raise(&client, "stuck");
    let start = std::time::Instant::now();
    assert!(!client.flush(std::time::Duration::from_millis(50)));
    assert!(start.elapsed() < std::time::Duration::from_secs(5));
    backend.goes_on();
    assert!(client.flush(SOON));
    assert_eq!(backend.events().len(), 1);
}
