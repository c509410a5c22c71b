//! The same fault thousands of times: a hundred events and an exact count.

use std::sync::Arc;

use faultwire::protocol::Value;
use faultwire::settings::BeforeSend;
use faultwire::{Hooks, Options};

use crate::support::backend::{Backend, status};
use crate::support::{Raised, SOON, client, dropped_for, lawful, raise};

const STORM: Raised<'_> = Raised { text: "the same again", ty: None, ignored: false, fold: Some(4711) };

/// A server that knows no counts is told of the folded ones as sampled out.
#[test]
fn ten_thousand_identical_to_a_stranger() {
    let backend = Backend::default();
    let client = client(Options::default(), Hooks::default(), &backend);
    let ids: Vec<_> = (0..10_000).map(|_| STORM.capture(&client)).collect();
    assert!(client.flush(SOON));
    let stats = lawful(client.stats());
    assert_eq!((stats.captured, stats.delivered, stats.folded, stats.pending), (10_000, 100, 9_900, 0));
    assert_eq!((backend.events().len() as u64, backend.reported("sample_rate")), (100, 9_900));
    assert!(backend.items("faultwire_counts").is_empty());
    assert!(ids[100..].iter().all(|id| *id == ids[99]), "a folded one has the id of the last full event");
}

/// Our own server gets count items that name the fault.
#[test]
fn ten_thousand_identical_to_our_server() {
    let backend = Backend::default();
    backend.is_faultwire();
    let options = Options { release: Some("shop@7".to_owned()), ..Options::default() };
    let client = client(options, Hooks::default(), &backend);
    raise(&client, "the first answer says who the server is");
    assert!(client.flush(SOON));
    for _ in 0..10_000 {
        STORM.capture(&client);
    }
    assert!(client.flush(SOON));
    let counts = backend.items("faultwire_counts");
    assert_eq!(counts.iter().map(|c| c["count"].as_u64().unwrap()).sum::<u64>(), 9_900);
    assert_eq!(backend.reported("sample_rate"), 0);
    let events = backend.events();
    assert_eq!(events.len(), 101);
    for count in counts {
        let exemplar = events.iter().find(|e| e["event_id"] == count["event_id"]).expect("an event that arrived");
        assert_eq!(count["fingerprint"], exemplar["contexts"]["faultwire"]["fingerprint"]);
        assert_eq!((count["release"].as_str(), count["level"].as_str()), (Some("shop@7"), Some("error")));
        assert_eq!(count["sample_rate"], 1.0);
        let time = |name: &str| serde_json::from_value::<faultwire::protocol::Timestamp>(count[name].clone()).unwrap();
        assert!(time("first") <= time("last"), "{count}");
    }
}

/// Nothing of the place ever left: the folds say nothing to anybody, and take the reason.
#[test]
fn when_all_full_events_are_dropped_the_folds_are_too() {
    let backend = Backend::default();
    let never: BeforeSend = Arc::new(|_| None);
    let client = client(Options::default(), Hooks { before_send: Some(never), ..Hooks::default() }, &backend);
    for _ in 0..1_000 {
        STORM.capture(&client);
    }
    assert!(client.flush(SOON));
    let stats = lawful(client.stats());
    assert_eq!((stats.folded, dropped_for(&stats, "before_send")), (0, 1_000), "{stats:?}");
    assert_eq!((backend.reported("before_send"), backend.reported("sample_rate")), (1_000, 0));
}

/// A count that could not be delivered is as lost as an event.
#[test]
fn a_refused_count_is_counted_as_lost() {
    let backend = Backend::default();
    backend.is_faultwire();
    let client = client(Options { storm_burst: 1, ..Options::default() }, Hooks::default(), &backend);
    STORM.capture(&client);
    assert!(client.flush(SOON));
    backend.answer(status(400));
    (0..50).for_each(|_| {
        STORM.capture(&client);
    });
    assert!(client.flush(SOON));
    let stats = lawful(client.stats());
    assert_eq!((stats.delivered, stats.folded, dropped_for(&stats, "send_error")), (1, 0, 50), "{stats:?}");
}

/// Many threads at once: still exact.
#[test]
fn a_storm_from_four_threads_is_counted_exactly() {
    let backend = Backend::default();
    let client = client(Options { storm_burst: 10, ..Options::default() }, Hooks::default(), &backend);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                (0..5_000).for_each(|_| {
                    STORM.capture(&client);
                })
            });
        }
    });
    assert!(client.flush(SOON));
    let stats = lawful(client.stats());
    let told: u64 = backend.events().len() as u64 + backend.reported("sample_rate");
    assert_eq!((stats.captured, stats.pending, told), (20_000, 0, 20_000), "{stats:?}");
}

/// Switched off, each is an event.
#[test]
fn without_folding_every_occurrence_is_an_event() {
    let backend = Backend::default();
    let client = client(Options { storm_folding: false, ..Options::default() }, Hooks::default(), &backend);
    (0..300).for_each(|_| {
        STORM.capture(&client);
    });
    assert!(client.flush(SOON));
    let ids: std::collections::BTreeSet<String> =
        backend.events().iter().map(|e: &Value| e["event_id"].to_string()).collect();
    assert_eq!(ids.len(), 300);
}
