//! Issues that may have one cause are found, with the reasons.

use serde_json::{Value, json};

use super::story::{PROJECT, Story, event};
use super::support::until;

/// Two errors of one way through the code rank before one that only says the same; what shares no more than the loop
/// that all share, or nothing, is not suggested.
#[test]
fn the_same_way_through_the_code_ranks_first() {
    let story = Story::begin(&[]);
    story.send(&event("KeyError", "user 42 not found", &["serve", "checkout", "pay"]));
    story.send(&event("Timeout", "no answer from the bank", &["serve", "checkout", "pay"]));
    story.send(&event("Refused", "try later", &["serve", "checkout", "pay", "retry"]));
    story.send(&event("KeyError", "user 7 not found", &["nightly", "report"]));
    for n in 0..8 {
        story.send(&event(&format!("Other{n}"), &format!("{n} is wrong"), &["serve", &format!("work{n}")]));
    }
    let one = until("the first", || {
        let found = story.items("/issues?limit=100");
        let is_first = |issue: &&Value| issue["type"] == "KeyError" && issue["culprit"] == "app.pay in pay";
        (found.len() == 12).then(|| found.iter().find(is_first).unwrap()["id"].as_i64().unwrap())
    });
    let found = story.get(&format!("/issues/{one}/similar"));
    let items = found["items"].as_array().unwrap();
    let kinds: Vec<&str> = items.iter().map(|item| item["issue"]["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["Timeout", "Refused", "KeyError"], "{found:#}");
    let part = |at: usize, name: &str| items[at]["likeness"]["parts"][name].as_f64().unwrap();
    assert_eq!((part(0, "stack"), part(2, "stack"), part(2, "message")), (1.0, 0.0, 1.0));
    assert!(part(1, "stack") > 0.4 && part(1, "stack") < 1.0, "{found:#}");
    for item in items {
        let parts = &item["likeness"]["parts"];
        let sum = 0.7 * parts["stack"].as_f64().unwrap()
            + 0.2 * parts["message"].as_f64().unwrap()
            + 0.1 * parts["context"].as_f64().unwrap();
        assert!((sum - item["likeness"]["score"].as_f64().unwrap()).abs() < 1e-9);
        assert!(sum >= found["min_score"].as_f64().unwrap());
    }
    assert_eq!(story.items(&format!("/issues/{one}/similar?limit=1")).len(), 1);

    // Merged, it is the issue itself.
    let other = story.issue("Timeout");
    let merged = story.host.post(&format!("{PROJECT}/issues/{one}"), &json!({ "move": "merge", "issues": [other] }));
    assert_eq!(merged.status, 200, "{merged:?}");
    let found = story.items(&format!("/issues/{one}/similar"));
    assert!(found.iter().all(|item| item["issue"]["id"] != other && item["issue"]["id"] != one), "{found:#?}");
    assert_eq!(story.items(&format!("/issues/{other}/similar")), Vec::<Value>::new());
}

#[test]
fn nothing_is_said_of_foreign_issues() {
    let story = Story::begin(&[]);
    story.send(&event("KeyError", "a", &["f"]));
    let issue = story.issue("KeyError");
    story.host.post("/api/v1/projects", &json!({ "name": "Other" }));
    let ada = story.server.person(&story.host, "ada@example.com", Some((2, "admin")));
    // Nor of those of another project, however alike they are.
    let key = story.host.post("/api/v1/projects/2/keys", &json!({ "kind": "server" })).json();
    let auth = format!("Sentry sentry_key={}", key["key"]["public"].as_str().unwrap());
    let same = event("KeyError", "a", &["f"]).to_string();
    let client = story.server.nobody().with("x-sentry-auth", &auth);
    assert_eq!(client.text("/api/2/store/", &same).status, 200);
    until("the other", || story.host.get("/api/v1/projects/2/issues").json()["items"].get(0).map(|_| ()));
    assert_eq!(story.items(&format!("/issues/{issue}/similar")), Vec::<Value>::new());
    for (client, path) in [(&ada, PROJECT), (&ada, "/api/v1/projects/2"), (&story.host, "/api/v1/projects/2")] {
        assert_eq!(client.get(&format!("{path}/issues/{issue}/similar")).status, 404, "{path}");
    }
    assert_eq!(story.host.get(&format!("{PROJECT}/issues/999/similar")).status, 404);
}
