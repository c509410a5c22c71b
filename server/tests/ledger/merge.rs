//! Merging and what comes after: all that is counted moves with its pattern, and nothing of it is news.

use faultwire_server::IssueId;
use faultwire_server::alerts::{Kind, Rule, Trigger, default_rules};
use faultwire_server::clock::HOUR;
use faultwire_server::consume::ledger::{Answer, Move};
use faultwire_server::issues::Status;
use faultwire_server::store::sqlite::Filter;
use serde_json::json;

use crate::book::{Book, NOW};

const ONE: IssueId = IssueId(1);
const TWO: IssueId = IssueId(2);
const THREE: IssueId = IssueId(3);

fn everything() -> Vec<Rule> {
    let triggers = [Trigger::New, Trigger::Regressed, Trigger::Recurred, Trigger::Milestone, Trigger::Spike].into();
    vec![Rule { triggers, ..default_rules().remove(0) }]
}

/// So many occurrences of a fault in an hour of its own: of its tenant, by its users, in its release.
fn occurs(book: &mut Book, kind: &str, count: u32, hour: i64) {
    for user in 0..count {
        let mut event = book.event_at(kind, "a.py", NOW - hour * HOUR);
        event["tags"] = json!({ "tenant": format!("of {kind}") });
        event["user"] = json!({ "id": format!("{kind} {user}") });
        event["release"] = json!(format!("{kind}@1.0.0"));
        event["contexts"] = json!({ "error_sampling": { "client_sample_rate": 0.5 } });
        book.take(&event);
    }
    book.commit();
}

/// What is known of an issue.
#[derive(Debug, Clone, PartialEq)]
struct Known {
    raw: u64,
    estimated: f64,
    users: u64,
    /// Raw counts, by how many hours ago.
    hours: Vec<(i64, i64)>,
    /// Values of `tenant`.
    tenants: Vec<(String, i64)>,
    releases: Vec<String>,
}

fn known(book: &Book, issue: IssueId) -> Known {
    let (issue, details) = book.reader().issue(issue).unwrap().unwrap();
    let hours = details.hours.iter().map(|one| ((NOW.div_euclid(HOUR) * HOUR - one.hour) / HOUR, one.raw)).collect();
    let tenants = details.tags.iter().filter(|tag| tag.name == "tenant").map(|tag| (tag.value.clone(), tag.count));
    let mut tenants: Vec<_> = tenants.collect();
    tenants.sort();
    let mut releases: Vec<_> = details.seen_in.iter().map(|one| one.release.clone()).collect();
    releases.sort();
    Known { raw: issue.raw, estimated: issue.estimated, users: issue.impact.users, hours, tenants, releases }
}

/// Counts, hours, sketches, tags and releases of both are the target's, also after a restart; taken apart again, each
/// has its own, with what came meanwhile.
#[test]
fn all_that_is_counted_moves() {
    let mut book = Book::new();
    occurs(&mut book, "KeyError", 70, 3);
    occurs(&mut book, "OSError", 2, 1);
    let (one, two) = (known(&book, ONE), known(&book, TWO));
    assert!(matches!(book.act(ONE, &Move::Merge { issues: vec![TWO] }), Answer::Done(_)));
    let mut book = book.reopen();
    let both = known(&book, ONE);
    // Too many to be known one by one: about as many.
    assert!((70..75).contains(&both.users) && both.users > one.users, "{both:?}");
    let expected = Known {
        raw: 72,
        estimated: 144.0,
        users: both.users,
        hours: vec![(1, 2), (3, 70)],
        tenants: vec![("of KeyError".to_owned(), 70), ("of OSError".to_owned(), 2)],
        releases: vec!["KeyError@1.0.0".to_owned(), "OSError@1.0.0".to_owned()],
    };
    assert_eq!(both, expected);
    assert!(known(&book, TWO).hours.is_empty());
    assert!(matches!(book.act(ONE, &Move::Unmerge), Answer::Done(_)));
    let book = book.reopen();
    assert_eq!((known(&book, ONE), known(&book, TWO)), (one, two));
}

/// Neither the merge nor the next occurrence is news: not a milestone that was passed by adding up, and nothing of the
/// status that the other had.
#[test]
fn a_merge_tells_nothing() {
    let mut book = Book::new();
    book.channel(Kind::Webhook);
    book.rules(everything());
    occurs(&mut book, "KeyError", 4, 0);
    occurs(&mut book, "OSError", 4, 0);
    assert!(matches!(book.act(TWO, &Move::Resolve), Answer::Done(_)));
    assert!(matches!(book.act(ONE, &Move::Acknowledge), Answer::Done(_)));
    let before = book.told();
    // 8 and 8 are 16 as they happened: more than the ten that either would tell of.
    assert!(matches!(book.act(ONE, &Move::Merge { issues: vec![TWO] }), Answer::Done(_)));
    for kind in ["KeyError", "OSError"] {
        let event = book.event(kind, "a.py");
        book.take(&event);
        book.commit();
    }
    assert_eq!(book.told(), before);
    let issues = book.issues(&Filter::default());
    assert_eq!((issues.len(), issues[0].raw, &issues[0].status), (1, 10, &Status::Acknowledged));
    // What is passed from now on is told as ever.
    occurs(&mut book, "OSError", 17, 0);
    assert_eq!(book.told()[before.len()..], ["milestone"]);
    assert!(matches!(book.act(ONE, &Move::Unmerge), Answer::Done(_)));
    assert!(
        matches!(book.issues(&Filter { status: &["resolved"], ..Filter::default() })[..], [ref two] if two.id == TWO)
    );
}

/// What is merged is one with the other: it is neither changed, nor merged into, nor merged once more; the other may be
/// merged further, and then all of them say where they are.
#[test]
fn what_is_merged_is_left_alone() {
    let mut book = Book::new();
    ["KeyError", "OSError", "ValueError"].iter().for_each(|kind| occurs(&mut book, kind, 1, 0));
    let merge = |issue: IssueId| Move::Merge { issues: vec![issue] };
    assert!(matches!(book.act(ONE, &merge(TWO)), Answer::Done(_)));
    for (issue, what) in
        [(TWO, merge(THREE)), (THREE, merge(TWO)), (ONE, merge(TWO)), (TWO, Move::Resolve), (TWO, Move::Unmerge)]
    {
        let Answer::Refused(why) = book.act(issue, &what) else { panic!("{issue:?} {what:?}") };
        assert!(why.contains("issue 2 was merged into issue 1"), "{why}");
    }
    assert_eq!(book.issues(&Filter::default()).len(), 2);
    assert!(matches!(book.act(THREE, &merge(ONE)), Answer::Done(_)));
    let into = |book: &Book| [ONE, TWO, THREE].map(|id| book.reader().issue(id).unwrap().unwrap().0.merged_into);
    assert_eq!(into(&book), [Some(THREE), Some(THREE), None]);
    let mut book = book.reopen();
    occurs(&mut book, "OSError", 1, 0);
    assert_eq!(book.issues(&Filter::default())[0].raw, 4);
    assert!(matches!(book.act(THREE, &Move::Unmerge), Answer::Done(_)));
    assert_eq!(into(&book), [None; 3]);
    let mut counts: Vec<_> = book.issues(&Filter::default()).iter().map(|issue| (issue.id.0, issue.raw)).collect();
    counts.sort_unstable();
    assert_eq!(counts, [(1, 1), (2, 2), (3, 1)]);
}
