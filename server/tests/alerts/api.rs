//! Routes: what is wrong is named, what is not there is 404, lists have pages.

use serde_json::{Value, json};

use crate::http::{Mood, Receiver};
use crate::world::{PROJECT, World};

#[test]
fn what_is_wrong_is_named() {
    let world = World::start(&[]);
    let channels = format!("{PROJECT}/channels");
    let wrong = [
        ("POST", &channels, json!({ "name": "x" }), "kind"),
        ("POST", &channels, json!({ "kind": "slack" }), "url"),
        ("POST", &channels, json!({ "kind": "email", "to": ["nobody"] }), "to"),
        (
            "PUT",
            &format!("{PROJECT}/rules"),
            json!({ "items": [{ "name": "a", "triggers": [] }] }),
            "rules[0].triggers",
        ),
        (
            "PUT",
            &format!("{PROJECT}/rules"),
            json!({ "items": [{ "name": "a", "triggers": ["new"], "channels": [99] }] }),
            "rules[0].channels",
        ),
    ];
    for (method, path, body, named) in wrong {
        let (status, answer) = world.ask(method, path, Some(body.clone()));
        assert_eq!(status, 400, "{body}: {answer}");
        assert!(answer["detail"].as_str().unwrap().starts_with(named), "{body}: {answer}");
    }
    for path in ["channels", "rules", "deliveries", "feed"] {
        assert_eq!(world.ask("GET", &format!("/api/v1/projects/99/{path}"), None).0, 404, "{path}");
    }
    for (method, path) in [("PATCH", "channels/99"), ("DELETE", "channels/99"), ("POST", "channels/99/test")] {
        assert_eq!(world.ask(method, &format!("{PROJECT}/{path}"), Some(json!({}))).0, 404, "{method} {path}");
    }
    assert_eq!(world.get(&format!("{PROJECT}/rules"))["items"][0]["triggers"], json!(["new", "regressed", "overflow"]));
}

/// A channel that is taken out of use takes with it what waits for it; its number is not used again, its log stays.
#[test]
fn a_channel_goes() {
    let (world, receiver) = (World::start(&[]), Receiver::start());
    receiver.feels(Mood::Answers(503, ""));
    let wanted = json!({ "kind": "slack", "name": "ops", "url": receiver.url("/") });
    let channel = world.channel(wanted.clone());
    world.fails("First", json!({}));
    receiver.wait(|requests| requests.len() == 1);
    assert_eq!(world.ask("DELETE", &format!("{PROJECT}/channels/{channel}"), None).0, 204);
    assert_eq!(world.get(&format!("{PROJECT}/channels"))["items"], json!([]));
    let log = world.settled(1);
    assert_eq!((&log[0]["state"], &log[0]["channel_name"]), (&json!("failed"), &json!("ops")));
    assert_ne!(world.channel(wanted), channel);
    receiver.feels(Mood::Answers(200, ""));
    world.fails("Second", json!({}));
    receiver.accepted(1);
    assert_eq!(world.settled(2).len(), 2);
}

/// Rules know a channel no longer that is gone, and can be saved as they are read. One that told nobody else is off, and
/// does not tell all others instead.
#[test]
fn rules_forget_a_channel_that_is_gone() {
    let (world, receiver) = (World::start(&[]), Receiver::start());
    let [gone, kept] = [(); 2].map(|()| world.channel(json!({ "kind": "slack", "url": receiver.url("/") })));
    let rule = |name: &str, channels| json!({ "name": name, "triggers": ["new"], "channels": channels });
    let rules = format!("{PROJECT}/rules");
    let items = [rule("one", json!([gone])), rule("both", json!([gone, kept])), rule("all", json!([]))];
    assert_eq!(world.ask("PUT", &rules, Some(json!({ "items": items }))).0, 200);
    assert_eq!(world.ask("DELETE", &format!("{PROJECT}/channels/{gone}"), None).0, 204);
    let read = world.get(&rules);
    let told = |at: usize| (read["items"][at]["channels"].clone(), read["items"][at]["enabled"] == true);
    assert_eq!([told(0), told(1), told(2)], [(json!([]), false), (json!([kept]), true), (json!([]), true)]);
    assert_eq!(world.ask("PUT", &rules, Some(json!({ "items": read["items"] }))).0, 200);
}

#[test]
fn lists_have_pages() {
    let (world, receiver) = (World::start(&[]), Receiver::start());
    let channel = world.channel(json!({ "kind": "slack", "url": receiver.url("/") }));
    for n in 0..5 {
        world.fails(&format!("Fault{n}"), json!({}));
        world.post(&format!("{PROJECT}/channels/{channel}/test"), json!({}));
    }
    world.fed("new", 5);
    world.settled(6);
    for (list, key) in [("feed", "number"), ("deliveries", "id")] {
        let all: Vec<Value> = world.get(&format!("{PROJECT}/{list}"))["items"].as_array().unwrap().clone();
        let mut paged = Vec::new();
        let mut after = String::new();
        loop {
            let page = world.get(&format!("{PROJECT}/{list}?limit=2{after}"));
            let items = page["items"].as_array().unwrap().clone();
            assert!(items.len() <= 2);
            paged.extend(items);
            let Some(next) = page["next"].as_str() else { break };
            after = format!("&after={next}");
        }
        let keys = |items: &[Value]| items.iter().map(|item| item[key].clone()).collect::<Vec<_>>();
        assert_eq!(keys(&paged), keys(&all), "{list}");
    }
    let failed = world.get(&format!("{PROJECT}/deliveries?state=failed"));
    assert_eq!(failed["items"], json!([]));
    assert!(world.ask("GET", "/metrics", None).1.as_str().unwrap().contains("faultwire_alert_seconds"));
}
