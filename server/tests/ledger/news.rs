//! What is worth telling of counts and times that are not what they seem: weights, late replays, releases.

use faultwire_server::IssueId;
use faultwire_server::alerts::{Kind, Rule, Trigger, default_rules};
use faultwire_server::clock::{HOUR, MINUTE};
use faultwire_server::consume::ledger::{Answer, Move};
use faultwire_server::issues::Severity;
use faultwire_server::store::sqlite::Filter;
use serde_json::{Value, json};

use crate::book::{Book, NOW};

const ONE: IssueId = IssueId(1);

fn sampled(book: &mut Book, rate: f64) -> Value {
    let mut event = book.event("KeyError", "a.py");
    event["contexts"] = json!({ "error_sampling": { "client_sample_rate": rate } });
    event
}

/// What is told of issues, in order: the event, and its milestone.
fn fed(book: &Book) -> Vec<(String, Option<u64>)> {
    let lines = book.reader().feed(crate::book::SHOP, None, 100).unwrap().items;
    let line = |line: &faultwire_server::store::sqlite::Line| {
        (json!(line.event).as_str().unwrap().to_owned(), line.detail["milestone"].as_u64())
    };
    lines.iter().rev().map(line).collect()
}

/// Milestones are of what happened, not of what came; of several that one event passes the highest is told.
#[test]
fn milestones_are_of_estimates_and_the_highest_alone() {
    let mut book = Book::new();
    // No spike comes before them.
    book.rules(vec![Rule {
        triggers: [Trigger::Spike].into(),
        spike_per_minute: 1_000_000,
        ..default_rules().remove(0)
    }]);
    for rate in [1.0, 0.02, 0.001, 1.0, 0.001, 0.5] {
        let event = sampled(&mut book, rate);
        book.take(&event);
    }
    book.commit();
    // 1, 51, 1051, 1052, 2052, 2054.
    let milestones = [("new", None), ("milestone", Some(50)), ("milestone", Some(1000))];
    assert_eq!(fed(&book), milestones.map(|(event, passed)| (event.to_owned(), passed)));
    let issue = &book.issues(&Filter::default())[0];
    assert_eq!((issue.raw, issue.estimated), (6, 2054.0));
    // A first event that stands for many is new, and not a milestone after that as well.
    let mut other = book.event("Other", "b.py");
    other["contexts"] = json!({ "error_sampling": { "client_sample_rate": 0.01 } });
    book.take(&other);
    let again = book.event("Other", "b.py");
    book.take(&again);
    book.commit();
    assert_eq!(fed(&book)[3..], [("new".to_owned(), None)]);
}

/// What comes late is not counted for the rate of then either: some of it that came in time would be a spike.
#[test]
fn late_replays_make_no_spike_of_what_came_in_time() {
    let mut book = Book::new();
    book.channel(Kind::Webhook);
    let triggers = [Trigger::Spike, Trigger::Recurred].into();
    book.rules(vec![Rule { triggers, spike_per_minute: 20, ..default_rules().remove(0) }]);
    let then = NOW - 6 * MINUTE;
    for _ in 0..30 {
        let late = book.event_at("KeyError", "a.py", then);
        book.take_at(&late, NOW);
    }
    for _ in 0..5 {
        let timely = book.event_at("KeyError", "a.py", then + 1000);
        book.take_at(&timely, then + 4 * MINUTE);
    }
    // After long quiet, but told long after it happened.
    let late = book.event_at("KeyError", "a.py", NOW + 2 * HOUR);
    book.take_at(&late, NOW + 3 * HOUR);
    book.commit();
    assert_eq!(book.told(), [""; 0]);
    let back = book.event_at("KeyError", "a.py", NOW + 4 * HOUR);
    book.take_at(&back, NOW + 4 * HOUR);
    book.commit();
    assert_eq!(book.told(), ["recurred"]);
}

/// The first deploy of a release counts, and its first occurrence, in whatever order they are told; also after a start.
#[test]
fn a_release_is_as_old_as_its_first_deploy() {
    let mut book = Book::new();
    book.deploy("f00d", NOW - 30);
    book.deploy("beef", NOW - 20);
    book.deploy("f00d", NOW - 10);
    book.deploy("cafe", NOW - 5);
    book.deploy("cafe", NOW - 25);
    let seen = |book: &mut Book, release: &str, time: i64| {
        let mut event = book.event_at("KeyError", "a.py", time);
        event["release"] = json!(release);
        book.take(&event);
        book.commit();
    };
    seen(&mut book, "beef", NOW);
    // By deploys: f00d, cafe, beef. The newest is what "next" is later than.
    for is_fresh in [true, false] {
        book = if is_fresh { book } else { book.reopen() };
        for (release, is_back) in [("f00d", false), ("cafe", false), ("beef", true)] {
            let what = Move::ResolveInRelease { release: "beef".to_owned() };
            assert!(matches!(book.act(ONE, &what), Answer::Done(_)));
            seen(&mut book, release, NOW);
            let name = book.issues(&Filter::default())[0].status.name();
            assert_eq!(name, if is_back { "regressed" } else { "resolved" }, "{release} {is_fresh}");
        }
        let releases: Vec<_> = book.releases().iter().map(|one| (one.release.clone(), one.deployed)).collect();
        let of = |name: &str, time: i64| (name.to_owned(), Some(time));
        assert_eq!(releases, [of("beef", NOW - 20), of("cafe", NOW - 25), of("f00d", NOW - 30)]);
    }
    // Never deployed: as old as the first event of it that happened, whenever that came.
    seen(&mut book, "late", NOW);
    seen(&mut book, "late", NOW - HOUR);
    let book = book.reopen();
    let late = book.releases().into_iter().find(|one| one.release == "late").unwrap();
    assert_eq!((late.first_seen, late.deployed), (Some(NOW - HOUR), None));
}

/// A hundred in the current hour are more urgent by one. Some of an hour before, coming between them, are not taken for
/// another hour; the next hour begins at nothing.
#[test]
fn severity_goes_with_the_rate_of_the_hour() {
    let mut book = Book::new();
    let severity = |book: &Book| book.issues(&Filter::default())[0].severity;
    for n in 0..100 {
        assert!(n == 0 || severity(&book) == Severity::Medium, "{n}");
        let event = book.event("KeyError", "a.py");
        book.take(&event);
        let late = book.event_at("KeyError", "a.py", NOW - 2 * HOUR);
        book.take(&late);
        book.commit();
    }
    assert_eq!(severity(&book), Severity::High);
    let next = book.event_at("KeyError", "a.py", NOW + HOUR);
    book.take_at(&next, NOW + HOUR);
    book.commit();
    assert_eq!(severity(&book), Severity::Medium);
}

/// What says of which occurrence something is told says why it is.
#[test]
fn what_happened_says_by_which_event() {
    let mut book = Book::new();
    let event = book.event("KeyError", "a.py");
    book.take(&event);
    book.commit();
    let line = book.reader().feed(crate::book::SHOP, None, 1).unwrap().items.remove(0);
    assert_eq!(line.detail, json!({ "event_id": event["event_id"] }));
}
