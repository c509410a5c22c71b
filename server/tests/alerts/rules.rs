//! What is told and what is not.

use serde_json::json;

use crate::http::{Receiver, Request};
use crate::world::{PROJECT, World, event, now};

const SECRET: &str = "0123456789abcdef";

fn webhook(world: &World, receiver: &Receiver) -> i64 {
    world.channel(json!({ "kind": "webhook", "url": receiver.url("/hook"), "secret": SECRET }))
}

/// What messages tell: event and title.
fn told(requests: &[Request]) -> Vec<(String, String)> {
    let mut told = Vec::new();
    for request in requests {
        for alert in request.json()["alerts"].as_array().unwrap() {
            told.push((alert["event"].as_str().unwrap().to_owned(), alert["type"].as_str().unwrap().to_owned()));
        }
    }
    told
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs.map(|(event, fault)| (event.to_owned(), fault.to_owned())).into()
}

/// A project that has set no rules: new and regressed are told, milestones are in the feed, an old release and an
/// ignored issue are nowhere.
#[test]
fn the_default_rule_tells_of_new_and_regressed() {
    let (world, receiver) = (World::start(&[]), Receiver::start());
    webhook(&world, &receiver);
    (0..12).for_each(|_| world.fails("First", json!({ "release": "app@1.0.0" })));
    assert_eq!(told(&receiver.accepted(1)), pairs([("new", "First")]));
    world.fed("milestone", 1);
    let issue = world.issue("First");
    world.fails("Other", json!({ "release": "app@1.1.0" }));
    receiver.accepted(2);
    world.post(&format!("{PROJECT}/issues/{issue}"), json!({ "move": "resolve_in_release", "release": "app@1.1.0" }));
    world.fails("First", json!({ "release": "app@1.0.0" }));
    world.counted(14);
    world.fails("First", json!({ "release": "app@1.1.0" }));
    let expected = pairs([("new", "First"), ("new", "Other"), ("regressed", "First")]);
    assert_eq!(told(&receiver.accepted(3)), expected);
    world.moves(issue, "ignore");
    (0..60).for_each(|_| world.fails("First", json!({})));
    world.fails("Last", json!({}));
    let requests = receiver.wait(|requests| told(requests).len() >= 4);
    assert_eq!(told(&requests)[3..], pairs([("new", "Last")]));
    let feed: Vec<_> = world.feed().into_iter().filter(|(event, _)| event != "changed").collect();
    let events: Vec<&str> = feed.iter().map(|(event, _)| event.as_str()).collect();
    assert_eq!(events, ["new", "milestone", "new", "regressed", "new"]);
}

/// The first message of a quiet channel goes at once; what follows within the time of a digest is one message.
#[test]
fn what_follows_soon_is_one_message() {
    let (world, receiver) = (World::start(&["--alert-digest-seconds", "3"]), Receiver::start());
    webhook(&world, &receiver);
    world.fails("Fault0", json!({}));
    let first = receiver.accepted(1).remove(0);
    for n in 1..=30 {
        world.fails(&format!("Fault{n}"), json!({}));
    }
    let requests = receiver.accepted(2);
    let digest = &requests[1];
    assert!(digest.at - first.at >= std::time::Duration::from_millis(2900), "{:?}", digest.at - first.at);
    assert_eq!(digest.json()["total"], 30);
    // A bound of what is told in full; the rest is counted.
    assert_eq!(digest.json()["alerts"].as_array().unwrap().len(), 20);
    assert_eq!(world.settled(2).len(), 2);
}

/// An issue that fires as fast as it can gives milestones, not a message an occurrence.
#[test]
fn a_storm_gives_milestones() {
    let (world, receiver) = (World::start(&[]), Receiver::start());
    webhook(&world, &receiver);
    let every = ["new", "regressed", "unignored", "spike", "recurred", "milestone", "overflow"];
    world.rules(json!([{ "name": "all", "triggers": every, "spike_per_minute": 200 }]));
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| (0..100).for_each(|_| world.fails("Storm", json!({}))));
        }
    });
    world.counted(600);
    world.fed("milestone", 4);
    world.settled(1);
    let requests = receiver.wait(|requests| told(requests).len() >= 6);
    let mut told = told(&requests);
    told.sort();
    let milestone = ("milestone", "Storm");
    assert_eq!(told, pairs([milestone, milestone, milestone, milestone, ("new", "Storm"), ("spike", "Storm")]));
    assert!(requests.len() <= 6);
}

/// More than a rule allows in a minute is told once while it lasts, also across a crash; what comes late is no news.
#[test]
fn a_spike_is_told_once() {
    let (mut world, receiver) = (World::start(&[]), Receiver::start());
    webhook(&world, &receiver);
    world.rules(json!([{ "name": "spikes", "triggers": ["spike"], "spike_per_minute": 20 }]));
    for n in 0..40 {
        let mut late = event("Late");
        late["timestamp"] = json!(now() - 600.0 + f64::from(n) / 10.0);
        world.envelope(&late);
    }
    (0..20).for_each(|_| world.fails("Fast", json!({})));
    world.counted(60);
    assert_eq!(world.feed().iter().filter(|(event, _)| event == "spike").count(), 0);
    (0..10).for_each(|_| world.fails("Fast", json!({})));
    assert_eq!(told(&receiver.accepted(1)), pairs([("spike", "Fast")]));
    assert_eq!(receiver.requests()[0].json()["alerts"][0]["detail"]["per_minute"], 20.0);
    world.counted(70);
    world.crash();
    (0..60).for_each(|_| world.fails("Fast", json!({})));
    world.counted(130);
    assert_eq!(world.feed().iter().filter(|(event, _)| event == "spike").count(), 1, "{:?}", world.feed());
}

/// What a client folded during a storm counts for spikes, and a rule's tag is looked for where the issue was seen.
#[test]
fn folded_occurrences_make_a_spike() {
    let (world, receiver) = (World::start(&[]), Receiver::start());
    webhook(&world, &receiver);
    let rule = |name: &str, tier: &str| json!({ "name": name, "triggers": ["spike"], "spike_per_minute": 50, "filter": { "tags": { "tier": tier } } });
    world.rules(json!([rule("paid", "paid"), rule("free", "free")]));
    let fingerprint = "ab".repeat(32);
    for (fault, tier) in [("Paid", "paid"), ("None", "none")] {
        let fingerprint = if fault == "Paid" { fingerprint.clone() } else { "cd".repeat(32) };
        let contexts = json!({ "faultwire": { "fingerprint": fingerprint } });
        world.fails(fault, json!({ "contexts": contexts, "tags": { "tier": tier } }));
        world.issue(fault);
        let count = json!({ "id": event("x")["event_id"], "fingerprint": fingerprint, "count": 500,
                            "first": now() - 5.0, "last": now() });
        let count = count.to_string();
        world.send(&format!("{{}}\n{{\"type\":\"faultwire_counts\",\"length\":{}}}\n{count}\n", count.len()));
    }
    world.fed("spike", 2);
    world.settled(1);
    assert_eq!(told(&receiver.requests()), pairs([("spike", "Paid")]));
}

/// After half an hour of quiet an occurrence is told, once; and one that ends the time an issue was ignored for.
#[test]
fn what_is_back_is_told() {
    let (world, receiver) = (World::start(&[]), Receiver::start());
    webhook(&world, &receiver);
    world.rules(json!([{ "name": "back", "triggers": ["recurred", "unignored"] }]));
    let mut old = event("Sleeper");
    old["timestamp"] = json!(now() - 40.0 * 60.0);
    world.envelope(&old);
    world.counted(1);
    world.fails("Sleeper", json!({}));
    world.fails("Sleeper", json!({}));
    let requests = receiver.accepted(1);
    assert_eq!(requests[0].json()["alerts"][0]["headline"], "Back after 40 quiet minutes");
    world.fails("Nuisance", json!({}));
    let issue = world.issue("Nuisance");
    world.post(&format!("{PROJECT}/issues/{issue}"), json!({ "move": "ignore_until_count", "count": 3 }));
    (0..5).for_each(|_| world.fails("Nuisance", json!({})));
    assert_eq!(told(&receiver.accepted(2)), pairs([("recurred", "Sleeper"), ("unignored", "Nuisance")]));
    world.counted(9);
    assert_eq!(world.settled(2).len(), 2);
}

/// Each part of a filter, through the API.
#[test]
fn filters_choose_channels() {
    let (world, receiver) = (World::start(&["--alert-digest-seconds", "0"]), Receiver::start());
    let mut rules = Vec::new();
    for (name, filter) in [
        ("environment", json!({ "environments": ["staging"] })),
        ("release", json!({ "releases": ["app@2"] })),
        ("level", json!({ "min_level": "fatal" })),
        ("severity", json!({ "min_severity": "critical" })),
        ("tag", json!({ "tags": { "tier": "paid" } })),
        ("off", json!({})),
    ] {
        let url = receiver.url(&format!("/{name}"));
        let channel = world.channel(json!({ "kind": "webhook", "name": name, "url": url, "secret": SECRET }));
        let enabled = name != "off";
        rules.push(
            json!({ "name": name, "triggers": ["new"], "channels": [channel], "filter": filter, "enabled": enabled }),
        );
    }
    world.rules(json!(rules));
    world.fails("Nothing", json!({}));
    world.fails("Staging", json!({ "environment": "staging" }));
    world.fails("Release", json!({ "release": "app@2" }));
    world.fails("MemoryError", json!({}));
    world.fails("Fatal", json!({ "level": "fatal" }));
    world.fails("Tagged", json!({ "tags": { "tier": "paid" } }));
    world.fed("new", 6);
    let requests = receiver.wait(|requests| told(requests).len() >= 6);
    let mut heard: Vec<(String, String)> = Vec::new();
    for request in &requests {
        let path = request.line.split(['/', ' ']).nth(2).unwrap().to_owned();
        heard.extend(told(std::slice::from_ref(request)).into_iter().map(|(_, fault)| (path.clone(), fault)));
    }
    heard.sort();
    let expected = [
        ("environment", "Staging"),
        ("level", "Fatal"),
        ("release", "Release"),
        ("severity", "Fatal"),
        ("severity", "MemoryError"),
        ("tag", "Tagged"),
    ];
    assert_eq!(heard, pairs(expected));
}

/// Within the cooldown of a rule an issue is told once, whatever happens to it; another issue is.
#[test]
fn a_cooldown_is_of_an_issue() {
    let (mut world, receiver) = (World::start(&["--alert-digest-seconds", "0"]), Receiver::start());
    webhook(&world, &receiver);
    world.rules(json!([{ "name": "calm", "triggers": ["new", "regressed"], "cooldown_seconds": 3600 }]));
    world.fails("Flaps", json!({}));
    world.settled(1);
    world.crash();
    let issue = world.issue("Flaps");
    for n in 1..=2 {
        world.moves(issue, "resolve");
        world.fails("Flaps", json!({}));
        world.fed("regressed", n);
    }
    world.fails("Another", json!({}));
    assert_eq!(told(&receiver.accepted(2)), pairs([("new", "Flaps"), ("new", "Another")]));
}

/// Beyond the limit of new issues there is one issue and one alert.
#[test]
fn overflow_is_told_once() {
    let (world, receiver) = (World::start(&["--hourly-new-issues", "3"]), Receiver::start());
    webhook(&world, &receiver);
    (0..10).for_each(|n| world.fails(&format!("Fault{n}"), json!({})));
    world.fed("overflow", 1);
    let requests = receiver.wait(|requests| told(requests).len() >= 4);
    let events: Vec<String> = told(&requests).into_iter().map(|(event, _)| event).collect();
    assert_eq!(events, ["new", "new", "new", "overflow"]);
}
