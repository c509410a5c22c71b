//! What a page needs beside a list of issues.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::story::{PROJECT, Story, event, now};
use super::support::until;

/// An event of a fault of its own, with more.
fn fault(kind: &str, more: Value) -> Value {
    let mut event = event(kind, "a", &[kind]);
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

fn ids(page: &Value) -> Vec<i64> {
    page["items"].as_array().unwrap().iter().map(|issue| issue["id"].as_i64().unwrap()).collect()
}

/// Pages while events come: nobody is met twice, and whoever is as they were is met. In the order of opening everyone is
/// met, also those that occur meanwhile; an export goes that way.
#[test]
fn pages_are_stable_while_events_come() {
    let story = Story::begin(&[]);
    let kinds: Vec<String> = ('a'..='p').map(|letter| format!("Error{letter}")).collect();
    for kind in &kinds {
        story.send(&fault(kind, json!({})));
        story.issue(kind);
    }
    let all: BTreeSet<i64> = ids(&story.get("/issues?limit=100")).into_iter().collect();
    assert_eq!(all.len(), kinds.len());
    for sort in ["last_seen", "opened"] {
        let (mut met, mut moved, mut after) = (Vec::new(), BTreeSet::new(), String::new());
        // The last page may be empty: what is met does not number the pages.
        for page_number in b'a'.. {
            let page = story.get(&format!("/issues?limit=3&sort={sort}{after}"));
            met.extend(ids(&page));
            // One that was met occurs, one that was not, and one that is new.
            let unmet = all.iter().find(|id| !met.contains(id) && !moved.contains(*id)).copied();
            for id in [Some(met[0]), unmet].into_iter().flatten() {
                let issue = story.get(&format!("/issues/{id}"))["issue"].clone();
                let raw = issue["raw"].as_i64().unwrap();
                story.send(&fault(issue["type"].as_str().unwrap(), json!({})));
                until("it occurred", || (story.get(&format!("/issues/{id}"))["issue"]["raw"] == raw + 1).then_some(()));
                moved.insert(id);
            }
            let new = format!("New{sort}{}", page_number as char);
            story.send(&fault(&new, json!({})));
            story.issue(&new);
            let Some(next) = page["next"].as_str() else { break };
            after = format!("&after={next}");
        }
        let once: BTreeSet<i64> = met.iter().copied().collect();
        assert_eq!(once.len(), met.len(), "{sort}: met twice: {met:?}");
        let missed: BTreeSet<i64> = all.difference(&once).copied().collect();
        assert!(missed.is_subset(&moved), "{sort}: {missed:?} of {moved:?}");
        assert!(sort == "last_seen" || missed.is_empty(), "{missed:?}");
        assert!(moved.len() > 4);
    }
    let opened = ids(&story.get("/issues?limit=100&sort=opened"));
    assert!(opened.windows(2).all(|pair| pair[0] > pair[1]), "{opened:?}");
}

/// By status, and only of those that are asked for; a merged issue is none.
#[test]
fn issues_are_counted_by_status() {
    let story = Story::begin(&[]);
    for (kind, environment) in [("One", "live"), ("Two", "live"), ("Three", "test"), ("Four", "test"), ("Five", "test")]
    {
        story.send(&fault(kind, json!({ "environment": environment })));
        story.issue(kind);
    }
    let moves = |kind: &str, what: Value| {
        assert_eq!(story.host.post(&format!("{PROJECT}/issues/{}", story.issue(kind)), &what).status, 200, "{what}");
    };
    moves("One", json!({ "move": "resolve" }));
    moves("Two", json!({ "move": "acknowledge" }));
    moves("Three", json!({ "move": "ignore" }));
    let four = story.issue("Four");
    moves("Five", json!({ "move": "merge", "issues": [four] }));
    let counts = |query: &str| story.get(&format!("/counts{query}"))["statuses"].clone();
    assert_eq!(counts(""), json!({ "resolved": 1, "acknowledged": 1, "ignored": 1, "unresolved": 1 }));
    assert_eq!(counts("?environment=live"), json!({ "resolved": 1, "acknowledged": 1 }));
    assert_eq!(counts("?status=open"), json!({ "acknowledged": 1, "unresolved": 1 }));
    let open: BTreeSet<i64> = ids(&story.get("/issues?status=open")).into_iter().collect();
    assert_eq!(open, BTreeSet::from([story.issue("Two"), story.issue("Five")]));
}

/// Of each issue as many numbers as hours were asked for, the last of them of now; merged ones together.
#[test]
fn activity_is_by_the_hour() {
    let story = Story::begin(&[]);
    for (kind, ages) in [("One", &[0.0, 0.0, 3600.0][..]), ("Two", &[7200.0]), ("Old", &[36_000.0])] {
        for age in ages {
            story.send(&fault(kind, json!({ "timestamp": now() - age })));
        }
        story.issue(kind);
    }
    until("all are counted", || (story.get("/counts")["statuses"]["unresolved"] == 3).then_some(()));
    let [one, two, old] = ["One", "Two", "Old"].map(|kind| story.issue(kind));
    until("all of One", || (story.get(&format!("/issues/{one}"))["issue"]["raw"] == 3).then_some(()));
    let asked = || story.items(&format!("/activity?issues={two},{one},{old},777&hours=4"));
    let activity = asked();
    let hours =
        |at: usize| activity[at]["hours"].as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect::<Vec<_>>();
    assert_eq!(activity.iter().map(|of| of["issue"].as_i64().unwrap()).collect::<Vec<_>>(), [two, one, old]);
    // The hour may end between sending and asking.
    let (is, was) = ([0.0, 0.0, 1.0, 2.0], [0.0, 1.0, 2.0, 0.0]);
    assert!(hours(1) == is || hours(1) == was, "{activity:#?}");
    assert_eq!((hours(0).iter().sum::<f64>(), hours(2)), (1.0, vec![0.0; 4]));
    story.host.post(&format!("{PROJECT}/issues/{one}"), &json!({ "move": "merge", "issues": [two] }));
    let sum = |of: &Value| of["hours"].as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).sum::<f64>();
    assert_eq!(asked().iter().map(sum).collect::<Vec<_>>(), [0.0, 4.0, 0.0]);
}

/// What a page offers to choose from is what the project has, and of no other.
#[test]
fn filters_offer_what_there_is() {
    let story = Story::begin(&[]);
    let other = story.host.post("/api/v1/projects", &json!({ "name": "Other" })).json();
    let auth = format!("Sentry sentry_key={}", other["keys"][0]["key"]["public"].as_str().unwrap());
    let foreign = fault(
        "Foreign",
        json!({ "environment": "secret", "release": "secret@1", "tags": { "secret": "x", "tenant": "theirs" } }),
    );
    let client = story.server.nobody().with("x-sentry-auth", &auth);
    assert_eq!(client.text("/api/2/store/", &foreign.to_string()).status, 200);
    for (kind, environment, release, tenant) in
        [("One", "live", "app@1", "acme"), ("Two", "test", "app@2", "zeta"), ("Three", "live", "app@2", "acme")]
    {
        let more = json!({ "environment": environment, "release": release, "tags": { "tenant": tenant } });
        story.send(&fault(kind, more));
        story.issue(kind);
    }
    until("the other", || story.host.get("/api/v1/projects/2/issues").json()["items"].get(0).map(|_| ()));
    let filters = story.get("/filters?tag=tenant");
    assert_eq!(filters["environments"], json!(["live", "test"]));
    assert_eq!(filters["releases"], json!(["app@2", "app@1"]));
    assert_eq!(filters["values"], json!(["acme", "zeta"]));
    let tags = filters["tags"].as_array().unwrap();
    assert!(tags.contains(&json!("tenant")) && tags.contains(&json!("level")) && !tags.contains(&json!("secret")));
    assert_eq!(story.get("/filters")["values"], json!([]));
    assert_eq!(story.host.get("/api/v1/projects/2/filters").json()["environments"], json!(["secret"]));
}

/// From one stored event to the next, across the patterns of a merged issue, to both ends.
#[test]
fn events_are_turned_like_pages() {
    let story = Story::begin(&[]);
    let mut sent = Vec::new();
    for (n, kind) in ["One", "Two", "One", "Two", "One"].into_iter().enumerate() {
        let event = fault(kind, json!({ "timestamp": now() - 100.0 + n as f64 }));
        sent.push(event["event_id"].as_str().unwrap().to_owned());
        story.send(&event);
    }
    let [one, two] = ["One", "Two"].map(|kind| story.issue(kind));
    until("all are stored", || (story.items(&format!("/issues/{one}/occurrences")).len() == 3).then_some(()));
    until("all are stored", || (story.items(&format!("/issues/{two}/occurrences")).len() == 2).then_some(()));
    let beside = |id: &str| {
        let event = story.get(&format!("/events/{id}"));
        (event["older"].as_str().map(str::to_owned), event["newer"].as_str().map(str::to_owned))
    };
    assert_eq!(beside(&sent[2]), (Some(sent[0].clone()), Some(sent[4].clone())));
    story.host.post(&format!("{PROJECT}/issues/{one}"), &json!({ "move": "merge", "issues": [two] }));
    for at in 0..5_usize {
        let expected = (at.checked_sub(1).map(|at| sent[at].clone()), sent.get(at + 1).cloned());
        assert_eq!(beside(&sent[at]), expected, "{at}");
    }
    let mut listed = Vec::new();
    let mut after = String::new();
    loop {
        let page = story.get(&format!("/issues/{one}/occurrences?limit=2{after}"));
        listed.extend(page["items"].as_array().unwrap().iter().map(|one| one["event_id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    sent.reverse();
    assert_eq!(listed, sent);
}

/// What a fingerprint is made of, from the event as it is stored; where the client had its own, that is said.
#[test]
fn why_an_event_is_of_its_issue() {
    let story = Story::begin(&[]);
    let plain = event("KeyError", "'sku'", &["serve", "pay"]);
    let mut theirs = event("OSError", "disk", &["read"]);
    theirs["contexts"] = json!({ "faultwire": { "fingerprint": "ab".repeat(32) } });
    let mut own = event("Timeout", "bank", &["call"]);
    own["fingerprint"] = json!(["bank", "{{ default }}"]);
    [&plain, &theirs, &own].into_iter().for_each(|event| story.send(event));
    for kind in ["KeyError", "OSError", "Timeout"] {
        story.issue(kind);
    }
    let why = |event: &Value| {
        let path = format!("{PROJECT}/events/{}/grouping", event["event_id"].as_str().unwrap());
        until("the event", || Some(story.host.get(&path)).filter(|answer| answer.status == 200)).json()
    };
    let record = why(&plain);
    assert_eq!((&record["agrees"], &record["record"]["basis"]), (&json!(true), &json!("exceptions")));
    assert_eq!(record["record"]["hash"], record["fingerprint"]);
    let text = record["record"]["exceptions"].to_string();
    assert!(text.contains("KeyError") && text.contains("serve") && text.contains("pay"), "{text}");
    let issue = story.get(&format!("/issues/{}", story.issue("KeyError")));
    assert_eq!(issue["details"]["patterns"][0]["fingerprint"], record["fingerprint"]);
    assert_eq!((&why(&theirs)["agrees"], &why(&theirs)["fingerprint"]), (&json!(false), &json!("ab".repeat(32))));
    assert_eq!(why(&own)["record"]["fingerprint"], own["fingerprint"]);
}
