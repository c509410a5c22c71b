//! Which issues are looked at when one is compared.

use faultwire_server::IssueId;
use serde_json::json;

use crate::book::{Book, SHOP};

/// Among hundreds that share what all share, the one is found that shares what is rare; no more than 200 are looked at.
#[test]
fn what_is_rare_leads_to_the_few_that_are_compared() {
    let mut book = Book::with(|limits| limits.hourly_new_issues = 1000);
    let mut take = |kind: &str, path: &[&str]| {
        let mut event = book.event(kind, "unused.py");
        let frame = |name: &&str| json!({ "function": name, "module": format!("app.{name}"), "in_app": true });
        event["exception"]["values"][0]["stacktrace"]["frames"] = path.iter().map(frame).collect();
        event["exception"]["values"][0]["value"] = json!(format!("{kind} and nothing else"));
        book.take(&event);
    };
    take("Asked", &["serve", "pay"]);
    take("Alike", &["serve", "pay", "charge"]);
    // Later ones, which share the loop that all share.
    for n in 0..300_u32 {
        let name: String = n.to_string().chars().map(|digit| (b'a' + digit as u8 - b'0') as char).collect();
        take(&format!("Other{name}"), &[if n % 2 == 0 { "serve" } else { "work" }]);
    }
    take("Last", &["serve", "work"]);
    book.commit();
    let found = |issue: i64| book.reader().similar(SHOP, IssueId(issue), 1000).unwrap().unwrap();
    let first = found(1).into_iter().next().unwrap().0;
    assert_eq!(first.facts.kind, "Alike");
    // It shares one frame with half of them and another with the rest: all are alike, and not all are looked at.
    let all = found(303);
    assert!(all.len() > 100 && all.len() <= 200, "{}", all.len());
}
