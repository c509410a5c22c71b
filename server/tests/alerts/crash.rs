//! The server dies at the worst moments.

use std::collections::BTreeSet;

use serde_json::json;

use crate::http::{Mood, Receiver};
use crate::world::World;

/// It dies while the receiver has the message and has not answered: the message comes again, under the same id, and
/// what it told is told in no other.
#[test]
fn between_sent_and_answered() {
    let (mut world, receiver) = (World::start(&[]), Receiver::start());
    world.channel(json!({ "kind": "webhook", "url": receiver.url("/"), "secret": "0123456789abcdef" }));
    receiver.feels(Mood::Stalls);
    world.fails("First", json!({}));
    receiver.wait(|requests| requests.len() == 1);
    world.kill();
    receiver.feels(Mood::Answers(200, ""));
    world.again();
    let requests = receiver.wait(|requests| requests.len() == 2);
    assert_eq!(requests[0].id(), requests[1].id());
    assert_eq!(requests[0].body, requests[1].body);
    world.fails("Second", json!({}));
    receiver.accepted(2);
    assert_eq!(world.settled(2).len(), 2);
}

/// It dies again and again while new issues come: each of them is told, and told once.
#[test]
fn while_issues_come() {
    let (mut world, receiver) = (World::start(&[]), Receiver::start());
    world.channel(json!({ "kind": "webhook", "url": receiver.url("/"), "secret": "0123456789abcdef" }));
    for round in 0..4 {
        (0..4).for_each(|n| world.fails(&format!("Fault{round}x{n}"), json!({})));
        world.crash();
    }
    let requests = receiver.wait(|requests| {
        let ids: BTreeSet<_> =
            requests.iter().map(|request| (request.id(), request.json()["total"].as_u64())).collect();
        ids.iter().filter_map(|(_, total)| *total).sum::<u64>() == 16
    });
    world.settled(1);
    // A message that was under way when the server died came twice, as one message.
    let mut seen = BTreeSet::new();
    let mut told: Vec<String> = Vec::new();
    for request in requests.iter().filter(|request| seen.insert(request.id())) {
        let alerts = request.json()["alerts"].as_array().unwrap().clone();
        told.extend(alerts.iter().map(|alert| alert["type"].as_str().unwrap().to_owned()));
    }
    assert_eq!(told.len(), told.iter().collect::<BTreeSet<_>>().len(), "{told:?}");
    assert_eq!(told.len(), 16);
}

/// Asked to stop, it writes down what it sent: the next start sends nothing again.
#[test]
fn a_stop_is_clean() {
    let (mut world, receiver) = (World::start(&[]), Receiver::start());
    world.channel(json!({ "kind": "webhook", "url": receiver.url("/"), "secret": "0123456789abcdef" }));
    world.fails("First", json!({}));
    receiver.wait(|requests| requests.len() == 1);
    world.stop();
    world.again();
    assert_eq!(world.settled(1)[0]["attempts"], 1);
    assert_eq!(receiver.requests().len(), 1);
}
