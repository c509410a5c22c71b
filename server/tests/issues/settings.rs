//! A project has its own settings: in force at once, without a restart, and kept.

use serde_json::{Value, json};

use super::story::{PROJECT, Story, event};
use super::support::{Answer, Client, Running};

fn set(client: &Client, wanted: &Value) -> Answer {
    client.send("PATCH", &format!("{PROJECT}/settings"), Some(wanted))
}

#[test]
fn what_is_set_holds_and_null_is_the_servers_again() {
    let story = Story::begin(&["--retention-days", "30"]);
    let before = story.get("/settings");
    assert_eq!(before["in_force"]["retention_days"], 30);
    assert_eq!(before["own"]["retention_days"], Value::Null);
    let done = set(&story.host, &json!({ "retention_days": 3, "customer_tag": "shop" }));
    assert_eq!((done.status, done.header("etag")), (200, Some("\"1\"")), "{done:?}");
    assert_eq!(done.json()["in_force"]["retention_days"], 3);

    // A line in the feed says who, and what it was.
    let line = story.items("/feed").remove(0);
    assert_eq!((&line["event"], &line["who"]), (&json!("settings"), &json!("host@example.com")));
    assert_eq!(line["detail"]["changed"]["retention_days"], json!({ "from": null, "to": 3 }));

    // Against lost updates.
    let path = format!("{PROJECT}/settings");
    let stale = story.host.clone().with("if-match", "\"0\"").send("PATCH", &path, Some(&json!({ "store_first": 1 })));
    assert_eq!((stale.status, &stale.json()["current"]["retention_days"]), (412, &json!(3)));
    let fresh = story.host.clone().with("if-match", "\"1\"").send("PATCH", &path, Some(&json!({ "store_first": 1 })));
    assert_eq!((fresh.status, fresh.header("etag")), (200, Some("\"2\"")));

    // Nothing wrong is half done.
    let wrong = set(&story.host, &json!({ "store_first": 9, "retention_days": 31 }));
    assert_eq!(wrong.status, 400);
    assert!(wrong.json()["detail"].as_str().unwrap().starts_with("retention_days: expected"), "{wrong:?}");
    assert_eq!(set(&story.host, &json!({ "colour": 1 })).status, 400);
    assert_eq!(story.get("/settings")["own"]["store_first"], 1);

    // After a restart, too.
    let (folder, host) = (story.server.stop(), story.host);
    let again = Running::start_in(folder, &["--retention-days", "30"]);
    let host = Client { address: again.address, ..host };
    assert_eq!(host.get(&path).json()["in_force"]["store_first"], 1);
    assert_eq!(set(&host, &json!({ "store_first": null })).json()["in_force"]["store_first"], 1000);
}

/// The quota is a project's: in force with the next request, told as every limit is, and others have their own.
#[test]
fn a_quota_is_answered_as_a_limit() {
    let story = Story::begin(&[]);
    story.send(&event("KeyError", "a", &["f"]));
    story.send(&event("KeyError", "a", &["f"]));
    assert_eq!(set(&story.host, &json!({ "hourly_quota": 1 })).status, 200);
    // Sessions and reports are no events.
    for _ in 0..3 {
        assert_eq!(story.envelope(&[("client_report", json!({ "discarded_events": [] }))]).0, 200);
    }
    story.send(&event("KeyError", "a", &["f"]));
    let (status, answer) = story.envelope(&[("event", event("KeyError", "a", &["f"]))]);
    let answer = answer.to_lowercase();
    assert_eq!(status, 429, "{answer}");
    assert!(answer.contains("\nx-sentry-rate-limits: ") && answer.contains(":error;default:project:quota"), "{answer}");
    let other = story.host.post("/api/v1/projects", &json!({ "name": "Other" })).json();
    let key = other["keys"][0]["key"]["public"].as_str().unwrap();
    assert_eq!(story.server.send(2, key, &"1".repeat(32)), 200);
    assert_eq!(story.server.send(2, key, &"2".repeat(32)), 200);
    assert_eq!(set(&story.host, &json!({ "hourly_quota": null })).status, 200);
    story.send(&event("KeyError", "a", &["f"]));
}

#[test]
fn members_read_them_and_admins_change_them() {
    let story = Story::begin(&[]);
    let member = story.server.person(&story.host, "ada@example.com", Some((1, "member")));
    assert_eq!(member.get(&format!("{PROJECT}/settings")).status, 200);
    assert_eq!(set(&member, &json!({ "store_first": 1 })).status, 403);
    assert_eq!(story.host.get("/api/v1/projects/9/settings").status, 404);
}
