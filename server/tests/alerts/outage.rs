//! A receiver that is away: none lost, repeated only where it may have been heard, under the same id.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::http::{Mood, Receiver, Request};
use crate::world::World;

/// Through every way to fail, everything arrives; accepted once, under one id, with one content.
#[test]
fn none_is_lost_and_none_is_accepted_twice() {
    let (world, receiver) = (World::start(&[]), Receiver::start());
    world.channel(json!({ "kind": "webhook", "url": receiver.url("/"), "secret": "0123456789abcdef" }));
    let moods = [Mood::Answers(503, ""), Mood::Answers(429, "Retry-After: 1\r\n"), Mood::HangsUp];
    for (n, mood) in moods.into_iter().enumerate() {
        receiver.feels(mood);
        let before = receiver.requests().len();
        world.fails(&format!("Fault{n}"), json!({}));
        receiver.wait(|requests| requests.len() >= before + 2);
        receiver.feels(Mood::Answers(200, ""));
        receiver.accepted(n + 1);
    }
    world.fails("Last", json!({}));
    let heard = |requests: &[Request]| -> BTreeSet<String> {
        let accepted = requests.iter().filter(|request| request.was_accepted());
        let alerts = accepted.flat_map(|request| request.json()["alerts"].as_array().unwrap().clone());
        alerts.map(|alert| alert["type"].as_str().unwrap().to_owned()).collect()
    };
    let requests = receiver.wait(|requests| heard(requests).len() == 4);
    let mut by_id: BTreeMap<String, Vec<&Request>> = BTreeMap::new();
    requests.iter().for_each(|request| by_id.entry(request.id()).or_default().push(request));
    for (id, requests) in &by_id {
        assert_eq!(id.len(), 32);
        assert_eq!(requests.iter().filter(|request| request.was_accepted()).count(), 1, "{id}");
        assert!(requests.iter().all(|request| request.body == requests[0].body), "{id}");
    }
    let told: usize =
        requests.iter().filter(|r| r.was_accepted()).map(|r| r.json()["total"].as_u64().unwrap() as usize).sum();
    assert_eq!(told, 4);
    let log = world.settled(by_id.len());
    assert!(log.iter().all(|message| message["state"] == "sent"), "{log:#?}");
    let attempts: u64 = log.iter().map(|message| message["attempts"].as_u64().unwrap()).sum();
    assert_eq!(attempts as usize, requests.len());
}

/// What is refused for good has failed, with what was said, and holds up nothing.
#[test]
fn a_refusal_is_final() {
    let (world, receiver) = (World::start(&["--alert-digest-seconds", "0"]), Receiver::start());
    world.channel(json!({ "kind": "webhook", "url": receiver.url("/"), "secret": "0123456789abcdef" }));
    for mood in [Mood::Answers(404, ""), Mood::Answers(307, "Location: /elsewhere\r\n")] {
        let count = receiver.requests().len();
        receiver.feels(mood);
        world.fails(&format!("Fault{count}"), json!({}));
        receiver.wait(|requests| requests.len() > count);
        world.settled(count + 1);
    }
    receiver.feels(Mood::Answers(200, ""));
    world.fails("Last", json!({}));
    receiver.accepted(1);
    let log = world.settled(3);
    let said: Vec<_> = log.iter().rev().map(|m| (m["state"].as_str().unwrap(), m["note"].as_str().unwrap())).collect();
    assert_eq!(said, [("failed", "404: ok"), ("failed", "307: redirects are not followed"), ("sent", "200: ok")]);
    assert_eq!(receiver.requests().len(), 3);
    assert!(receiver.requests().iter().all(|request| request.line == "POST / HTTP/1.1"));
}

/// One that says nothing holds up no other.
#[test]
fn a_stall_is_its_own() {
    let (world, slow, quick) = (World::start(&[]), Receiver::start(), Receiver::start());
    slow.feels(Mood::Stalls);
    for receiver in [&slow, &quick] {
        world.channel(json!({ "kind": "webhook", "url": receiver.url("/"), "secret": "0123456789abcdef" }));
    }
    world.fails("First", json!({}));
    slow.wait(|requests| requests.len() == 1);
    world.fails("Second", json!({}));
    quick.accepted(2);
    assert_eq!(slow.requests().len(), 1);
}
