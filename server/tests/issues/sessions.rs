//! Sessions tell how a release fares.

use serde_json::{Value, json};

use super::story::{PROJECT, Story, event, now};
use super::support::until;

fn session(sid: &str, release: &str, more: Value) -> (&'static str, Value) {
    let mut item = json!({ "sid": sid, "started": now() - 60.0, "timestamp": now(),
                           "attrs": { "release": release, "environment": "test" } });
    item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    ("session", item)
}

impl Story {
    fn tell(&self, items: &[(&str, Value)]) {
        let (status, answer) = self.envelope(items);
        assert_eq!(status, 200, "{answer}");
    }

    /// Started, exited, errored, crashed, abnormal of a release, once so many have started and ended.
    fn fares(&self, release: &str, query: &str, expected: [i64; 5]) {
        let names = ["started", "exited", "errored", "crashed", "abnormal"];
        until(&format!("{release}: {expected:?}"), || {
            let releases = self.items(&format!("/releases{query}"));
            let found = releases.iter().find(|one| one["release"] == release)?.clone();
            (names.map(|name| found["sessions"][name].as_i64().unwrap()) == expected).then_some(())
        });
    }
}

/// A session counts once by its id, and once by how it ended, in whatever order and however often it is told.
#[test]
fn an_update_counts_a_session_once() {
    let story = Story::begin(&[]);
    let ends = [("a", "exited", 0), ("b", "exited", 2), ("c", "crashed", 1), ("d", "abnormal", 0)];
    for (sid, status, errors) in ends {
        let update = |more: Value| session(sid, "app@1", more);
        story.tell(&[update(json!({ "init": true, "status": "ok", "errors": 0 }))]);
        story.tell(&[update(json!({ "status": "ok", "errors": errors }))]);
        for _ in 0..2 {
            story.tell(&[update(json!({ "status": status, "errors": errors }))]);
        }
        // Late, and again.
        story.tell(&[update(json!({ "init": true, "status": "ok", "errors": 0 }))]);
    }
    // Only the end of it came; and one that goes on.
    story
        .tell(&[session("e", "app@1", json!({ "status": "crashed" })), session("f", "app@1", json!({ "init": true }))]);
    story.fares("app@1", "", [6, 1, 1, 2, 1]);
    let release = story.items("/releases").remove(0);
    assert!((release["crash_free_rate"].as_f64().unwrap() - 4.0 / 6.0).abs() < 1e-9, "{release}");
    let hours = story.items("/sessions?release=app@1&environment=test");
    assert_eq!(hours.iter().map(|hour| hour["started"].as_i64().unwrap()).sum::<i64>(), 6);
    assert_eq!(story.items("/sessions?release=other"), Vec::<Value>::new());
}

#[test]
fn aggregates_add_up_by_environment() {
    let story = Story::begin(&[]);
    let told = |environment: &str, exited: u32, crashed: u32| {
        let one = json!({ "started": now(), "exited": exited, "crashed": crashed, "errored": 1 });
        ("sessions", json!({ "aggregates": [one], "attrs": { "release": "app@2", "environment": environment } }))
    };
    story.tell(&[told("production", 97, 2), told("test", 1, 0)]);
    story.fares("app@2", "", [102, 98, 2, 2, 0]);
    story.fares("app@2", "?environment=production", [100, 97, 1, 2, 0]);
    // By a key that everyone can read, nobody counts for others.
    let key = story.host.post(&format!("{PROJECT}/keys"), &json!({ "kind": "browser" })).json();
    let auth = format!("Sentry sentry_key={}", key["key"]["public"].as_str().unwrap());
    let (ty, payload) = told("production", 1000, 0);
    let body = format!("{{}}\n{}\n{payload}\n", json!({ "type": ty, "length": payload.to_string().len() }));
    assert_eq!(story.raw(&auth, &body).0, 200);
    let wrong = session("x", "", json!({}));
    story.tell(&[wrong]);
    until("both are listed", || {
        let outcomes = story.get("/outcomes")["not_counted"].clone();
        (outcomes["forbidden_item"] == 1 && outcomes["invalid_event"] == 1).then_some(())
    });
    story.fares("app@2", "", [102, 98, 2, 2, 0]);
}

/// The list has the newest first, in pages; with deploys, and issues that began there.
#[test]
fn releases_are_listed_with_what_is_new_in_them() {
    let story = Story::begin(&[]);
    for (kind, release) in [("One", "app@1"), ("Two", "app@2"), ("Three", "app@2"), ("One", "app@2")] {
        let mut event = event(kind, "a", &[kind]);
        event["release"] = json!(release);
        story.send(&event);
        story.issue(kind);
    }
    story.host.post(&format!("{PROJECT}/deploys"), &json!({ "release": "app@3" }));
    let first = story.get("/releases?limit=2");
    let rest = story.get(&format!("/releases?limit=2&after={}", first["next"].as_str().unwrap()));
    let both = [&first, &rest].into_iter().flat_map(|page| page["items"].as_array().unwrap());
    let rows: Vec<(&str, u64)> =
        both.map(|one| (one["release"].as_str().unwrap(), one["new_issues"].as_u64().unwrap())).collect();
    assert_eq!(rows, [("app@3", 0), ("app@2", 2), ("app@1", 1)]);
    assert!(first["items"][0]["deployed"].is_i64() && first["items"][0]["crash_free_rate"].is_null());
    assert!(rest["next"].is_null());
}
