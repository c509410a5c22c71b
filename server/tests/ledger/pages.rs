//! Pages of what happened in one and the same millisecond.

use faultwire_server::IssueId;
use faultwire_server::store::sqlite::{Filter, Sort};

use crate::book::{Book, SHOP};

/// Each is met once, though their time does not tell them apart.
#[test]
fn what_is_of_one_time_is_met_once() {
    let mut book = Book::new();
    for letter in 'a'..='j' {
        let event = book.event(&format!("Error{letter}"), "a.py");
        book.take(&event);
        let again = book.event("Again", "b.py");
        book.take(&again);
    }
    book.commit();
    let (reader, filter) = (book.reader(), Filter::default());
    for sort in [Sort::LastSeen, Sort::Opened] {
        let (mut met, mut after) = (Vec::new(), None);
        loop {
            let page = reader.sorted_issues(SHOP, &filter, sort, after, 3).unwrap();
            met.extend(page.items.iter().map(|issue| issue.id.0));
            let Some(next) = page.next else { break };
            after = Some(next.parse().unwrap());
        }
        met.sort_unstable();
        assert_eq!(met, (1..=11).collect::<Vec<_>>(), "{sort:?}");
    }
    let again = reader.issues(SHOP, &Filter { words: vec!["Again".to_owned()], ..Filter::default() }, None, 1).unwrap();
    let issue: IssueId = again.items[0].id;
    let (mut met, mut after) = (Vec::new(), None);
    loop {
        let page = reader.occurrences(issue, after, 3).unwrap();
        met.extend(page.items.iter().map(|one| one.event_id.clone()));
        let Some(next) = page.next else { break };
        after = Some(next.parse().unwrap());
    }
    let count = met.len();
    met.sort_unstable();
    met.dedup();
    assert_eq!((count, met.len()), (10, 10));
}
