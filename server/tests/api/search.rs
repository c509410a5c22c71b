//! What finds issues.

use serde_json::{Value, json};

use super::support::{Client, Running, until};

/// An event of a fault of its own.
fn event(number: u8, kind: &str, more: Value) -> Value {
    let mut event = json!({
        "event_id": format!("{number:032x}"), "platform": "python", "level": "error",
        "exception": { "values": [{ "type": kind, "value": format!("it failed\nand the reason was {kind}-deep"),
            "stacktrace": { "frames": [{ "function": kind, "filename": format!("{kind}.py"), "in_app": true }] } }] },
    });
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

fn send(server: &Running, project: i64, key: &str, event: &Value) {
    let client = server.nobody().with("x-sentry-auth", &format!("Sentry sentry_version=7, sentry_key={key}"));
    assert_eq!(client.post(&format!("/api/{project}/store/"), event).status, 200);
}

fn types(client: &Client, project: i64, query: &str) -> Vec<String> {
    let answer = client.get(&format!("/api/v1/projects/{project}/issues?{query}"));
    assert_eq!(answer.status, 200, "{query}: {answer:?}");
    let mut types: Vec<_> = answer.json()["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|issue| issue["type"].as_str().unwrap().to_owned())
        .collect();
    types.sort();
    types
}

/// Each way of asking finds what it should, and nothing else; together they narrow each other.
#[test]
fn every_way_of_asking() {
    let server = Running::start(&[]);
    let host = server.host();
    let key = server.first_key();
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let traced = json!({ "contexts": { "trace": { "trace_id": trace, "span_id": "00f067aa0ba902b7" } },
                         "user": { "id": "ada" }, "tags": { "url": "http://x" }, "environment": "staging" });
    send(&server, 1, &key, &event(1, "KeyError", traced));
    let user = json!({ "user": { "email": "bob@example.com" }, "level": "fatal", "release": "shop@1.0.0" });
    send(&server, 1, &key, &event(2, "ValueError", user));
    send(&server, 1, &key, &event(3, "OSError", json!({ "user": { "id": "ada" } })));
    until("all three", || (types(&host, 1, "").len() == 3).then_some(()));
    // Seen in another release later on, but not first.
    send(&server, 1, &key, &event(4, "ValueError", json!({ "release": "shop@1.0.1", "level": "fatal" })));
    until("the later one", || (types(&host, 1, "release=shop@1.0.1").len() == 1).then_some(()));
    for (query, expected) in [
        ("tag=url:http://x", vec!["KeyError"]),
        ("tag=url:other", vec![]),
        ("user=ada", vec!["KeyError", "OSError"]),
        ("user=bob@example.com", vec!["ValueError"]),
        ("user=nobody", vec![]),
        ("event=00000000000000000000000000000002", vec!["ValueError"]),
        ("event=00000000-0000-0000-0000-000000000003", vec!["OSError"]),
        ("event=ffffffffffffffffffffffffffffffff", vec![]),
        ("trace=4bf92f3577b34da6a3ce929d0e0e4736", vec!["KeyError"]),
        ("trace=4BF92F35-77b34da6-a3ce929d-0e0e4736", vec!["KeyError"]),
        ("trace=00000000000000000000000000000000", vec![]),
        ("environment=staging", vec!["KeyError"]),
        ("release=shop@1.0.0", vec!["ValueError"]),
        ("new_in=shop@1.0.0", vec!["ValueError"]),
        ("new_in=shop@1.0.1", vec![]),
        ("severity=critical", vec!["ValueError"]),
        ("status=resolved", vec![]),
        ("status=open", vec!["KeyError", "OSError", "ValueError"]),
        ("status=unresolved&user=ada&tag=url:http://x", vec!["KeyError"]),
        // Each of them takes away what another lets through.
        ("user=ada&query=oserror", vec!["OSError"]),
        ("user=ada&release=shop@1.0.0", vec![]),
        ("severity=critical&user=bob@example.com&release=shop@1.0.0&query=reason", vec!["ValueError"]),
        ("severity=critical&environment=staging", vec![]),
        ("event=00000000000000000000000000000002&user=ada", vec![]),
        ("trace=4bf92f3577b34da6a3ce929d0e0e4736&environment=staging", vec!["KeyError"]),
        ("trace=4bf92f3577b34da6a3ce929d0e0e4736&status=resolved", vec![]),
        // Only in the second line of what it says, which the title has not.
        ("query=oserror-deep", vec!["OSError"]),
        ("query=reason%20key", vec!["KeyError"]),
        ("query=%00%22%20OR%20text:", vec![]),
        ("query=%25", vec![]),
    ] {
        assert_eq!(types(&host, 1, query), expected, "{query}");
    }
    for wrong in ["event=1", "trace=xyz", "tag=url", "status=shut", "severity=bad", "after=x", "limit=-1", "x=1"] {
        let answer = host.get(&format!("/api/v1/projects/1/issues?{wrong}"));
        assert_eq!((answer.status, answer.reason().as_str()), (400, "invalid"), "{wrong}");
    }
}

/// An id of another project finds nothing here, whoever asks.
#[test]
fn another_project_is_not_found() {
    let server = Running::start(&[]);
    let host = server.host();
    let made = host.post("/api/v1/projects", &json!({ "name": "Other" })).json();
    let key = made["keys"][0]["key"]["public"].as_str().unwrap();
    let traced = json!({ "contexts": { "trace": { "trace_id": "a".repeat(32), "span_id": "b".repeat(16) } },
                         "user": { "id": "ada" } });
    send(&server, 2, key, &event(1, "KeyError", traced));
    until("the issue", || (types(&host, 2, "").len() == 1).then_some(()));
    for query in ["user=ada".to_owned(), format!("event={:032x}", 1), format!("trace={}", "a".repeat(32))] {
        assert_eq!((types(&host, 1, &query).len(), types(&host, 2, &query).len()), (0, 1), "{query}");
    }
}

/// Of an issue that hit many, users are found by what was stored last; of one that hit few, always.
#[test]
fn users_of_large_issues() {
    let server = Running::start(&[]);
    let host = server.host();
    let key = server.first_key();
    for number in 0..70 {
        send(&server, 1, &key, &event(number, "KeyError", json!({ "user": { "id": format!("user {number}") } })));
    }
    let users = until("all of them", || {
        let items = host.get("/api/v1/projects/1/issues").json()["items"].clone();
        (items[0]["raw"] == 70).then_some(items[0]["impact"]["users"].as_f64().unwrap())
    });
    assert!((66.0..75.0).contains(&users), "{users}");
    assert_eq!(types(&host, 1, "user=user%2069"), ["KeyError"]);
    // What was stored is found no longer; the issue has too many users to know each.
    server.database().execute("DELETE FROM clues", []).unwrap();
    assert!(types(&host, 1, "user=user%2069").is_empty());
    send(&server, 1, &key, &event(99, "OSError", json!({ "user": { "id": "user 1" } })));
    until("the other", || (types(&host, 1, "").len() == 2).then_some(()));
    server.database().execute("DELETE FROM clues", []).unwrap();
    assert_eq!(types(&host, 1, "user=user%201"), ["OSError"]);
}
