//! What goes of payloads by the settings of a project, and what stays known.

use faultwire_server::clock::{DAY, HOUR};
use faultwire_server::store::sqlite::Filter;
use serde_json::{Value, json};

use crate::book::{Book, NOW};

fn id(event: &Value) -> &str {
    event["event_id"].as_str().unwrap()
}

/// Of a quiet small pattern all payloads but the newest go. It is known as before: no new issue, nothing counted twice,
/// and what is left can still be read.
#[test]
fn what_is_surplus_of_a_quiet_pattern_goes_and_its_return_is_known() {
    let mut book = Book::new();
    let small: Vec<Value> = (0..4).map(|n| book.event_at("Small", "a.py", NOW - 4 + n)).collect();
    let busy: Vec<Value> = (0..10).map(|n| book.event_at("Busy", "a.py", NOW - 10 + n)).collect();
    small.iter().chain(&busy).for_each(|event| book.take(event));
    let late = book.event_at("Late", "a.py", NOW + 2 * HOUR);
    let later = book.event_at("Late", "a.py", NOW + 3 * HOUR);
    [&late, &later].into_iter().for_each(|event| book.take_at(event, NOW + 3 * HOUR));
    book.commit();
    let later_on = NOW + DAY + HOUR;
    // Off unless it is asked for.
    book.chores(later_on);
    assert!(small.iter().all(|event| book.payload(id(event)).is_some()));
    book.set(json!({ "cleanup_quiet": true }));
    book.chores(later_on);
    let there: Vec<bool> = small.iter().map(|event| book.payload(id(event)).is_some()).collect();
    assert_eq!(there, [false, false, false, true]);
    assert_eq!(book.payload(id(&small[3])).unwrap()["event_id"], small[3]["event_id"]);
    assert!(busy.iter().chain([&late, &later]).all(|event| book.payload(id(event)).is_some()));
    let mut book = book.reopen();
    let again = book.event_at("Small", "a.py", later_on);
    [&again, &small[0]].into_iter().for_each(|event| book.take_at(event, later_on));
    book.commit();
    let issues = book.issues(&Filter::default());
    assert_eq!(issues.len(), 3);
    assert_eq!(issues.iter().find(|issue| issue.facts.kind == "Small").unwrap().raw, 5);
    assert_eq!(book.not_counted("duplicate"), 1);
}

/// Payloads of a project that keeps them for less than the server go by their age; counts stay.
#[test]
fn a_project_may_keep_payloads_for_less() {
    let mut book = Book::new();
    let [old, young] = [NOW - 3 * DAY, NOW].map(|time| book.event_at("KeyError", "a.py", time));
    [&old, &young].into_iter().for_each(|event| book.take(event));
    book.commit();
    book.chores(NOW);
    assert!(book.payload(id(&old)).is_some());
    book.set(json!({ "retention_days": 2 }));
    book.chores(NOW);
    assert!(book.payload(id(&old)).is_none() && book.payload(id(&young)).is_some());
    assert_eq!(book.issues(&Filter::default())[0].raw, 2);
}

/// What is set is in force with the next event.
#[test]
fn a_project_samples_as_it_says() {
    let mut book = Book::new();
    book.set(
        json!({ "store_first": 2, "store_one_in": 1_000_000_000, "hourly_new_issues": 1, "customer_tag": "shop" }),
    );
    for shop in 0..6 {
        let mut event = book.event("KeyError", "a.py");
        event["tags"] = json!({ "shop": format!("shop {shop}"), "customer": "one" });
        book.take(&event);
    }
    let other = book.event("Other", "b.py");
    book.take(&other);
    book.commit();
    let issues = book.issues(&Filter::default());
    let issue = issues.iter().find(|issue| issue.facts.kind == "KeyError").unwrap();
    assert_eq!((issue.raw, issue.stored, issue.impact.customers), (6, 2, 6));
    assert!(issues.iter().any(|issue| issue.facts.title.starts_with("More new issues")));
}

/// The newest payload that a newer one took the place of is overwritten, and what stays can be read.
#[test]
fn what_was_the_newest_is_overwritten() {
    let mut book = Book::with(|limits| (limits.store_first, limits.store_one_in) = (1, 1_000_000_000));
    let events: Vec<Value> = (0..4).map(|n| book.event_at("KeyError", "a.py", NOW + n)).collect();
    let mut places = Vec::new();
    for (n, event) in (0..).zip(&events) {
        book.take(event);
        book.tick(NOW + n * 10_000);
        places.push(book.place(id(event)).unwrap());
        // As after a restart, one is the first of its file, and the next needs no other.
        if n == 1 {
            book = book.reopen();
        }
    }
    let is_there = |book: &Book, n: usize| book.bytes(places[n]).iter().any(|byte| *byte != 0);
    assert!((0..4).all(|n| is_there(&book, n)));
    book.chores(NOW);
    // Who copies all of it just now still finds it.
    assert!((0..4).all(|n| is_there(&book, n)));
    book.chores(NOW + HOUR / 4);
    assert_eq!([0, 1, 2, 3].map(|n| is_there(&book, n)), [true, false, false, true]);
    for n in [0, 3] {
        assert_eq!(book.payload(id(&events[n])).unwrap()["event_id"], events[n]["event_id"]);
    }
    assert!(book.place(id(&events[1])).is_none());
}

/// Counts of a fault of which no event ever came are shown as such, and wait as long as counts are kept.
#[test]
fn what_belongs_to_no_issue_does_not_stay_for_ever() {
    let mut book = Book::new();
    let event = book.event("KeyError", "a.py");
    let fingerprint = book.fingerprint(&event);
    book.count(1, &fingerprint, 40);
    book.commit();
    book.tick(NOW + 80 * DAY);
    assert_eq!(book.not_counted("unattributed"), 40);
    let mut book = Book::new();
    book.count(1, &fingerprint, 40);
    book.commit();
    book.tick(NOW + 91 * DAY);
    assert_eq!(book.not_counted("unattributed"), 0);
    book.take(&event);
    book.commit();
    assert_eq!(book.issues(&Filter::default())[0].raw, 1);
}
