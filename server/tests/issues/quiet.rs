//! What is quiet and small takes less room, and is known when it returns.

use serde_json::json;

use super::story::{PROJECT, Story, event, now};
use super::support::{Client, Running, until};

/// Payloads go but for the newest; the issue, its counts and its fingerprint stay, so its return opens nothing.
#[test]
fn what_was_cleaned_up_is_known_when_it_returns() {
    let story = Story::begin(&[]);
    let events: Vec<_> = (0..4).map(|_| event("Quiet", "it failed", &["f"])).collect();
    events.iter().for_each(|event| story.send(event));
    let issue = story.issue("Quiet");
    let stored = || story.items(&format!("/issues/{issue}/occurrences")).len();
    until("all are stored", || (stored() == 4).then_some(()));
    // As if two days had passed.
    let database = story.server.database();
    database.execute("UPDATE patterns SET last_seen = last_seen - 172800000", []).unwrap();
    drop(database);
    assert_eq!(stored(), 4);
    let set = story.host.send("PATCH", &format!("{PROJECT}/settings"), Some(&json!({ "cleanup_quiet": true })));
    assert_eq!(set.status, 200, "{set:?}");
    until("one is left", || (stored() == 1).then_some(()));
    // One of the first is a duplicate still, and what comes anew is of the same issue.
    story.send(&events[0]);
    story.send(&event("Quiet", "it failed", &["f"]));
    until("it is counted", || (story.get(&format!("/issues/{issue}"))["issue"]["raw"] == 5).then_some(()));
    let issues = story.items("/issues");
    assert_eq!(issues.len(), 1, "{issues:#?}");
    let news = story.items("/feed").into_iter().filter(|line| line["event"] == "new").count();
    assert_eq!((news, stored()), (1, 2));
    until("the duplicate", || (story.get("/outcomes")["not_counted"]["duplicate"] == 1).then_some(()));
}

/// What has not occurred for a week is resolved by the clock, which the trail says; what has stays. It is back with the
/// next occurrence, and not with one from before.
#[test]
fn quiet_issues_are_resolved_and_come_back() {
    let story = Story::begin(&[]);
    let aged = |kind: &str, days: f64| {
        let mut event = event(kind, "a", &[kind]);
        event["timestamp"] = json!(now() - days * 86_400.0);
        story.send(&event);
    };
    aged("Quiet", 7.1);
    aged("Recent", 6.9);
    let (quiet, recent) = (story.issue("Quiet"), story.issue("Recent"));
    // The rounds are made every few minutes, and at a start.
    let (folder, host) = (story.server.stop(), story.host);
    let server = Running::start_in(folder, &[]);
    let host = Client { address: server.address, ..host };
    let story = Story { server, host, key: story.key };
    let status = |issue: i64| story.get(&format!("/issues/{issue}"))["issue"]["status"]["status"].clone();
    until("it is resolved", || (status(quiet) == "resolved").then_some(()));
    let issue = story.get(&format!("/issues/{quiet}"));
    assert_eq!(issue["issue"]["status"]["resolved"], json!({ "in": "quiet" }));
    assert_eq!(issue["details"]["history"][0]["who"], "rule: quiet");
    assert_eq!(status(recent), "unresolved");
    let send = |days: f64, count: i64| {
        let mut event = event("Quiet", "a", &["Quiet"]);
        event["timestamp"] = json!(now() - days * 86_400.0);
        story.send(&event);
        until("it is counted", || (story.get(&format!("/issues/{quiet}"))["issue"]["raw"] == count).then_some(()));
    };
    send(3.0, 2);
    assert_eq!(status(quiet), "resolved");
    send(0.0, 3);
    assert_eq!(status(quiet), "regressed");
}
