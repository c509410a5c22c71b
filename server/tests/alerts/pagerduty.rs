//! PagerDuty's Events API v2.

use serde_json::{Value, json};

use crate::http::{Mood, Receiver};
use crate::world::{PROJECT, World};

/// An incident an issue, under one key through its life, resolved with it; nothing is gathered, nothing overtakes.
#[test]
fn an_incident_is_resolved_with_its_issue() {
    let (world, receiver) = (World::bare(&["--webhook-allow", "127.0.0.1"]), Receiver::start());
    receiver.feels(Mood::Answers(202, ""));
    world.channel(json!({ "kind": "pagerduty", "routing_key": "R0UT1NGKEY", "base_url": receiver.url("") }));
    world.fails("First", json!({}));
    world.fails("Second", json!({ "level": "fatal" }));
    receiver.accepted(2);
    let first = world.issue("First");
    world.moves(first, "resolve");
    receiver.accepted(3);
    world.fails("First", json!({}));
    receiver.accepted(4);
    receiver.feels(Mood::Answers(500, ""));
    world.moves(first, "resolve");
    receiver.wait(|requests| requests.len() >= 5);
    receiver.feels(Mood::Answers(202, ""));
    let bodies: Vec<Value> = receiver.accepted(5).iter().map(|request| request.json()).collect();
    assert!(receiver.requests().iter().all(|request| request.line == "POST /v2/enqueue HTTP/1.1"));
    let actions: Vec<&str> = bodies.iter().map(|body| body["event_action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["trigger", "trigger", "resolve", "trigger", "resolve"]);
    let key = |at: usize| bodies[at]["dedup_key"].as_str().unwrap();
    assert!(key(0) != key(1) && [2, 3, 4].into_iter().all(|at| key(at) == key(0)), "{bodies:#?}");
    assert!(bodies.iter().all(|body| body["routing_key"] == "R0UT1NGKEY"));
    let payload = &bodies[0]["payload"];
    assert_eq!(payload["summary"], "New issue: First: it failed");
    assert_eq!(
        (payload["severity"].as_str(), bodies[1]["payload"]["severity"].as_str()),
        (Some("warning"), Some("critical"))
    );
    assert!(payload["timestamp"].as_str().unwrap().ends_with('Z') && payload["source"].is_string());
    assert_eq!(bodies[2].get("payload"), None);
}

/// What was never opened is not resolved, and a merge ends the incident of the issue that ends.
#[test]
fn only_what_is_open_is_resolved() {
    let (world, receiver) = (World::bare(&["--webhook-allow", "127.0.0.1"]), Receiver::start());
    world.channel(json!({ "kind": "pagerduty", "routing_key": "KEY", "base_url": receiver.url("") }));
    world.rules(json!([{ "name": "bad", "triggers": ["new"], "filter": { "min_level": "fatal" } }]));
    world.fails("Quiet", json!({}));
    world.moves(world.issue("Quiet"), "resolve");
    world.fails("Loud", json!({ "level": "fatal" }));
    world.fails("Target", json!({}));
    receiver.accepted(1);
    let (loud, target) = (world.issue("Loud"), world.issue("Target"));
    world.post(&format!("{PROJECT}/issues/{target}"), json!({ "move": "merge", "issues": [loud] }));
    let bodies: Vec<Value> = receiver.accepted(2).iter().map(|request| request.json()).collect();
    assert_eq!(bodies[1]["event_action"], "resolve");
    assert_eq!(bodies[0]["dedup_key"], bodies[1]["dedup_key"]);
    world.moves(target, "resolve");
    world.moves(target, "unmerge");
    world.moves(loud, "resolve");
    world.fails("Next", json!({ "level": "fatal" }));
    assert_eq!(receiver.accepted(3)[2].json()["event_action"], "trigger");
    assert_eq!(world.settled(3).len(), 3);
}
