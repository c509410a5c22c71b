//! What is counted and how issues move: the ledger over a real database and real files, without a network.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says so by failing")]

mod alerts;
mod book;
mod chores;
mod merge;
mod news;
mod pages;
mod poison;
mod similar;

use book::{Book, NOW};
use faultwire_server::IssueId;
use faultwire_server::alerts::Kind;
use faultwire_server::clock::{DAY, HOUR};
use faultwire_server::consume::ledger::{Answer, Move};
use faultwire_server::issues::Status;
use faultwire_server::store::sqlite::Filter;
use serde_json::json;

#[test]
fn what_comes_twice_counts_once_within_a_batch_and_across_restarts() {
    let mut book = Book::new();
    let event = book.event("KeyError", "a.py");
    book.take(&event);
    book.take(&event);
    assert_eq!(book.commit(), 1);
    book.take(&event);
    book.commit();
    let mut book = book.reopen();
    book.take(&event);
    book.commit();
    let issues = book.issues(&Filter::default());
    assert_eq!((issues.len(), issues[0].raw, issues[0].stored), (1, 1, 1));
    assert_eq!(book.not_counted("duplicate"), 3);
}

#[test]
fn weights_count_as_what_happened() {
    let mut book = Book::new();
    for rate in [json!(0.1), json!(1.0), json!(0.000_001), json!(-3), json!("x")] {
        let mut event = book.event("KeyError", "a.py");
        event["contexts"] = json!({"error_sampling": {"client_sample_rate": rate}});
        book.take(&event);
    }
    book.commit();
    let issue = &book.issues(&Filter::default())[0];
    assert_eq!((issue.raw, issue.estimated), (5, 10.0 + 1.0 + 1000.0 + 1.0 + 1.0));
}

#[test]
fn counts_wait_for_the_first_event_and_never_open_an_issue() {
    let mut book = Book::new();
    let event = book.event("KeyError", "a.py");
    let fingerprint = book.fingerprint(&event);
    book.count(1, &fingerprint, 40);
    book.count(1, &fingerprint, 40);
    book.commit();
    assert!(book.issues(&Filter::default()).is_empty());
    book.count(2, &fingerprint, 5);
    book.take(&event);
    book.commit();
    book.count(3, &fingerprint, 4);
    book.count(2, &fingerprint, 5);
    book.commit();
    let issue = &book.issues(&Filter::default())[0];
    assert_eq!((issue.raw, issue.estimated), (50, 50.0));
}

#[test]
fn merged_issues_are_one_and_come_apart_again() {
    let mut book = Book::new();
    let kinds = ["KeyError", "ValueError", "TypeError"];
    for (n, kind) in kinds.iter().enumerate() {
        for user in 0..=n {
            let mut event = book.event(kind, "a.py");
            event["user"] = json!({"id": format!("u{user}")});
            book.take(&event);
        }
    }
    book.commit();
    let [one, two, three] = [1, 2, 3].map(IssueId);
    assert!(matches!(book.act(one, &Move::Merge { issues: vec![two, three] }), Answer::Done(_)));
    let event = book.event("TypeError", "a.py");
    book.take(&event);
    book.commit();
    let issues = book.issues(&Filter::default());
    assert_eq!((issues.len(), issues[0].id, issues[0].raw, issues[0].impact.users), (1, one, 7, 3));
    let mut book = book.reopen();
    assert!(matches!(book.act(one, &Move::Unmerge), Answer::Done(_)));
    let mut counts: Vec<_> = book.issues(&Filter::default()).iter().map(|i| (i.id.0, i.raw, i.impact.users)).collect();
    counts.sort_unstable();
    assert_eq!(counts, [(1, 1, 1), (2, 2, 2), (3, 4, 3)]);
    assert!(matches!(book.act(one, &Move::Merge { issues: vec![one] }), Answer::Refused(_)));
    assert!(matches!(book.act(one, &Move::Merge { issues: vec![IssueId(99)] }), Answer::Refused(_)));
    assert!(matches!(book.act(IssueId(99), &Move::Resolve), Answer::Gone));
}

#[test]
fn beyond_the_limit_new_faults_go_into_one_issue() {
    let mut book = Book::with(|limits| limits.hourly_new_issues = 3);
    for n in 0..10 {
        let event = book.event(&format!("Error{}", (b'a' + n) as char), "a.py");
        book.take(&event);
        book.commit();
    }
    let issues = book.issues(&Filter::default());
    assert_eq!(issues.len(), 4);
    let overflow = issues.iter().find(|issue| issue.facts.title.starts_with("More new issues")).unwrap();
    assert_eq!(overflow.raw, 7);
}

/// One alert an hour, however many events there are: not again after a restart, again in the next hour, and none while
/// someone ignores it.
#[test]
fn that_there_is_no_room_is_told_once_an_hour() {
    let mut book = Book::with(|limits| limits.hourly_new_issues = 1);
    book.channel(Kind::Webhook);
    let mut kinds = ('a'..='z').map(|letter| format!("Error{letter}"));
    let mut fill = |book: &mut Book, count: usize, hour: i64| {
        for kind in kinds.by_ref().take(count) {
            let event = book.event_at(&kind, "a.py", NOW + hour * HOUR);
            book.take_at(&event, NOW + hour * HOUR);
            book.commit();
        }
    };
    fill(&mut book, 4, 0);
    assert_eq!(book.told(), ["new", "overflow"]);
    let mut book = book.reopen();
    fill(&mut book, 3, 0);
    assert_eq!(book.told(), ["new", "overflow"]);
    fill(&mut book, 4, 1);
    assert_eq!(book.told(), ["new", "overflow", "new", "overflow"]);
    let issues = book.issues(&Filter::default());
    assert_eq!(issues.len(), 3);
    let overflow = issues.iter().find(|issue| issue.facts.title.starts_with("More new issues")).unwrap();
    assert!(matches!(book.act(overflow.id, &Move::Ignore), Answer::Done(_)));
    fill(&mut book, 4, 2);
    assert_eq!(book.told(), ["new", "overflow", "new", "overflow", "new"]);
}

#[test]
fn resolved_comes_back_only_by_what_happened_later() {
    let mut book = Book::new();
    let event = book.event("KeyError", "a.py");
    book.take(&event);
    book.commit();
    assert!(matches!(book.act(IssueId(1), &Move::Resolve), Answer::Done(_)));
    let resolved = match book.issues(&Filter::default())[0].status {
        Status::Resolved { at, .. } => at,
        ref other => panic!("{other:?}"),
    };
    let late = book.event_at("KeyError", "a.py", resolved - HOUR);
    book.take_at(&late, resolved + 1);
    book.commit();
    assert!(matches!(book.issues(&Filter::default())[0].status, Status::Resolved { .. }));
    let again = book.event_at("KeyError", "a.py", resolved + 1);
    book.take_at(&again, resolved + 1);
    book.commit();
    assert_eq!(book.issues(&Filter::default())[0].status, Status::Regressed);
}

#[test]
fn stale_changes_are_told_how_it_is_now() {
    let mut book = Book::new();
    let event = book.event("KeyError", "a.py");
    book.take(&event);
    book.commit();
    let Answer::Done(issue) = book.act(IssueId(1), &Move::Acknowledge) else { panic!("refused") };
    assert!(matches!(book.act_on(IssueId(1), &Move::Resolve, issue.version - 1), Answer::Stale(_)));
    assert!(matches!(book.act_on(IssueId(1), &Move::Resolve, issue.version), Answer::Done(_)));
}

#[test]
fn quiet_issues_are_resolved_by_the_clock() {
    let mut book = Book::with(|limits| limits.auto_resolve_days = 7);
    let event = book.event("KeyError", "a.py");
    book.take(&event);
    book.commit();
    book.tick(NOW + 6 * DAY);
    assert_eq!(book.issues(&Filter::default())[0].status, Status::Unresolved);
    book.run(NOW + 6 * DAY..NOW + 7 * DAY + HOUR);
    assert!(matches!(book.issues(&Filter::default())[0].status, Status::Resolved { .. }));
}

/// A clock that is set weeks ahead is believed as the server has run for as long; not sooner for a restart, and whatever is
/// due by the clock goes on once it is set right.
#[test]
fn a_clock_that_is_weeks_ahead_resolves_nothing() {
    let mut book = Book::with(|limits| limits.auto_resolve_days = 7);
    let event = book.event("KeyError", "a.py");
    book.take(&event);
    book.commit();
    let is_resolved = |book: &Book| matches!(book.issues(&Filter::default())[0].status, Status::Resolved { .. });
    book.run(NOW..NOW + HOUR);
    let ahead = NOW + 300 * DAY;
    book.run(ahead..ahead + DAY);
    let mut book = book.reopen();
    book.run(ahead + DAY..ahead + 2 * DAY);
    assert!(!is_resolved(&book));
    // It is right again: so it goes by the time that has passed.
    book.run(NOW + 2 * DAY..NOW + 7 * DAY);
    assert!(!is_resolved(&book));
    book.run(NOW + 7 * DAY..NOW + 7 * DAY + HOUR);
    assert!(is_resolved(&book));
}

/// It was off for a weekend: what was quiet for a week is resolved no later than if it had run.
#[test]
fn a_server_that_was_off_catches_up() {
    let mut book = Book::with(|limits| limits.auto_resolve_days = 7);
    book.run(NOW - 3 * DAY..NOW - 3 * DAY + HOUR);
    let event = book.event("KeyError", "a.py");
    book.take(&event);
    book.commit();
    let mut book = book.reopen();
    book.run(NOW..NOW + 7 * DAY);
    assert_eq!(book.issues(&Filter::default())[0].status, Status::Unresolved);
    book.run(NOW + 7 * DAY..NOW + 7 * DAY + HOUR);
    assert!(matches!(book.issues(&Filter::default())[0].status, Status::Resolved { .. }));
}

#[test]
fn the_first_are_stored_then_a_sample_and_the_newest() {
    let mut book = Book::with(|limits| (limits.store_first, limits.store_one_in) = (20, 10));
    let mut last = json!({});
    for _ in 0..420 {
        last = book.event("KeyError", "a.py");
        book.take(&last);
    }
    book.tick(NOW);
    let issue = &book.issues(&Filter::default())[0];
    assert_eq!(issue.raw, 420);
    assert!((30..110).contains(&issue.stored), "{}", issue.stored);
    let newest = book.payload(last["event_id"].as_str().unwrap()).expect("the newest is stored");
    assert_eq!(newest["event_id"], last["event_id"]);
}

#[test]
fn a_batch_that_failed_leaves_nothing_and_is_counted_when_it_is_read_again() {
    let mut book = Book::new();
    let [first, second] = [book.event("KeyError", "a.py"), book.event("ValueError", "b.py")];
    book.take(&first);
    book.commit();
    book.take(&second);
    book.abandon();
    assert_eq!(book.issues(&Filter::default()).len(), 1);
    book.take(&second);
    book.commit();
    let issues = book.issues(&Filter::default());
    assert_eq!(issues.iter().map(|issue| issue.raw).collect::<Vec<_>>(), [1, 1]);
}

#[test]
fn words_find_issues_in_any_case_and_nothing_else_does() {
    let mut book = Book::new();
    for (kind, file) in [("KeyError", "shop/cart.py"), ("ValueError", "shop/order.py"), ("100%_Error", "x.py")] {
        let event = book.event(kind, file);
        book.take(&event);
    }
    book.commit();
    let found = |text: &str| {
        let words = text.split_whitespace().map(str::to_owned).collect();
        let filter = Filter { words, ..Filter::default() };
        book.issues(&filter).iter().map(|issue| issue.facts.kind.clone()).collect::<Vec<_>>()
    };
    assert_eq!(found("keyERR"), ["KeyError"]);
    assert_eq!(found("error order"), ["ValueError"]);
    assert_eq!(found("%_"), ["100%_Error"]);
    assert_eq!(found("\" OR text:"), Vec::<String>::new());
    assert_eq!(found("nothing"), Vec::<String>::new());
}

#[test]
fn clocks_that_are_wrong_are_corrected_and_said() {
    let mut book = Book::new();
    let event = book.event_at("KeyError", "a.py", NOW + DAY);
    book.take(&event);
    book.commit();
    assert_eq!(book.issues(&Filter::default())[0].last_seen, NOW);
    let stored = book.payload(event["event_id"].as_str().unwrap()).unwrap();
    assert_eq!(stored["contexts"]["faultwire"]["timestamp"]["corrected"], "future");
}

/// Aggregated sessions have no id: they count with their batch, so one that is read again counts once.
#[test]
fn sessions_of_a_batch_that_failed_count_once() {
    let mut book = Book::new();
    let one = json!({ "started": NOW as f64 / 1000.0, "exited": 3, "crashed": 1 });
    let item = json!({ "aggregates": [one], "attrs": { "release": "app@1" } });
    book.sessions(&item);
    book.abandon();
    book.sessions(&item);
    book.commit();
    let mut book = book.reopen();
    book.commit();
    let releases = book.releases();
    assert_eq!((releases[0].sessions.started, releases[0].crash_free_rate), (4, Some(0.75)));
}
