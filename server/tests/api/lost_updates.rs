//! Who changes what someone else has changed since is told.

use serde_json::{Value, json};

use super::support::Running;

/// Projects, rules and channels have tags: the second of two who read the same is stopped, and sees what is now.
#[test]
fn the_second_of_two_is_stopped() {
    let server = Running::start(&[]);
    let host = server.host();
    let hook = json!({ "kind": "webhook", "url": "https://a.example/x", "secret": "0123456789abcdef" });
    let channel = host.post("/api/v1/projects/1/channels", &hook).json()["id"].to_string();
    let channel = format!("/api/v1/projects/1/channels/{channel}");
    let rule = |name: &str| json!({ "items": [{ "name": name, "triggers": ["new"] }] });
    let another = "fedcba9876543210";
    let cases: [(&str, &str, Value, Value); 4] = [
        ("PATCH", "/api/v1/projects/1", json!({ "name": "One" }), json!({ "name": "Two" })),
        ("PUT", "/api/v1/projects/1/rules", rule("one"), rule("two")),
        ("PATCH", &channel, json!({ "name": "one" }), json!({ "name": "two" })),
        // Nothing that is shown changes.
        ("PATCH", &channel, json!({ "secret": another }), json!({ "secret": another })),
    ];
    for (method, path, one, two) in cases {
        let read = host.get(path);
        let tag = read.header("etag").unwrap().to_owned();
        let knowing = host.clone().with("if-match", &tag);
        let changed = knowing.send(method, path, Some(&one));
        assert_eq!(changed.status, 200, "{path}: {changed:?}");
        assert_ne!(changed.header("etag"), Some(tag.as_str()), "{path}");
        let now = host.get(path);
        assert_eq!(now.header("etag"), changed.header("etag"), "{path}");
        let stopped = knowing.send(method, path, Some(&two));
        assert_eq!((stopped.status, stopped.reason().as_str()), (412, "stale"), "{path}");
        assert_eq!(stopped.json()["current"], now.json(), "{path}");
        assert_eq!(host.get(path).json(), now.json(), "{path}");
        // Who does not ask, or asks for whatever is there, is not stopped.
        assert_eq!(host.send(method, path, Some(&two)).status, 200);
        assert_eq!(host.clone().with("if-match", "*").send(method, path, Some(&two)).status, 200);
        assert_eq!(host.clone().with("if-match", "x").send(method, path, Some(&two)).reason(), "invalid");
    }
}
