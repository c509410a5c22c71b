//! What is of one project is not there for another, whoever asks: also not for who may see both.

use serde_json::{Value, json};

use super::support::{Client, Running, until};

struct Two {
    server: Running,
    host: Client,
    issue: String,
    event: String,
}

/// Two projects, the second with an issue; in the first is nothing.
fn two() -> Two {
    let server = Running::start(&["--webhook-allow", "127.0.0.1"]);
    let host = server.host();
    let made = host.post("/api/v1/projects", &json!({ "name": "Other" })).json();
    let hook = json!({ "kind": "webhook", "url": "http://127.0.0.1:9/", "secret": "0123456789abcdef" });
    let channel = host.post("/api/v1/projects/2/channels", &hook).json()["id"].to_string();
    assert_eq!(host.post(&format!("/api/v1/projects/2/channels/{channel}/test"), &json!({})).status, 200);
    assert_eq!(host.post("/api/v1/projects/2/deploys", &json!({ "release": "app@1" })).status, 200);
    let key = made["keys"][0]["key"]["public"].as_str().unwrap();
    let event = "e".repeat(32);
    assert_eq!(server.send(2, key, &event), 200);
    let issue = until("the issue", || {
        host.get("/api/v1/projects/2/issues").json()["items"].get(0).map(|issue| issue["id"].to_string())
    });
    Two { server, host, issue, event }
}

#[test]
fn what_is_asked_for_by_its_number_is_not_found() {
    let Two { host, issue, event, .. } = &two();
    let as_it_is = host.get(&format!("/api/v1/projects/2/issues/{issue}")).json();
    let rests = [
        format!("issues/{issue}"),
        format!("issues/{issue}/occurrences"),
        format!("issues/{issue}/similar"),
        format!("events/{event}"),
        format!("events/{event}/grouping"),
    ];
    for rest in rests {
        assert_eq!(host.get(&format!("/api/v1/projects/2/{rest}")).status, 200, "{rest}");
        let answer = host.get(&format!("/api/v1/projects/1/{rest}"));
        assert_eq!((answer.status, answer.reason().as_str()), (404, "not_found"), "{rest}");
    }
    for what in [json!({ "move": "resolve" }), json!({ "move": "unmerge" }), json!({ "move": "merge", "issues": [] })] {
        assert_eq!(host.post(&format!("/api/v1/projects/1/issues/{issue}"), &what).status, 404, "{what}");
    }
    assert_eq!(host.get(&format!("/api/v1/projects/2/issues/{issue}")).json(), as_it_is);
}

/// Merging takes nothing out of another project, and says of its issues what it says of those that are not.
#[test]
fn merging_takes_nothing_from_elsewhere() {
    let Two { server, host, issue, .. } = &two();
    assert_eq!(server.send(1, &server.first_key(), &"1".repeat(32)), 200);
    let own = until("the issue", || {
        host.get("/api/v1/projects/1/issues").json()["items"].get(0).map(|issue| issue["id"].to_string())
    });
    let merge = |number: &str| {
        let body = json!({ "move": "merge", "issues": [number.parse::<i64>().unwrap()] });
        let answer = host.post(&format!("/api/v1/projects/1/issues/{own}"), &body);
        (answer.status, answer.json()["detail"].as_str().unwrap().replace(number, "N"))
    };
    assert_eq!(merge(issue), merge("999"));
    assert_eq!(merge(issue).0, 400);
    assert_eq!(host.get("/api/v1/projects/2/issues").json()["items"][0]["raw"], 1);
}

#[test]
fn lists_have_their_own_only() {
    let Two { server, host, issue, event } = &two();
    let refusal =
        "INSERT INTO refusals (project, time, reason, event_id, quantity, detail) VALUES (2, 1, 'x', ?1, 1, '')";
    server.database().execute(refusal, [event]).unwrap();
    let full = |project: i64, rest: &str| {
        let answer = host.get(&format!("/api/v1/projects/{project}/{rest}"));
        assert_eq!(answer.status, 200, "{rest}: {answer:?}");
        answer.json()["items"].as_array().is_some_and(|items| !items.is_empty())
    };
    for rest in ["issues", "feed", "deliveries", "channels", "releases", &format!("issues?event={event}")] {
        assert_eq!((full(2, rest), full(1, rest)), (true, false), "{rest}");
    }
    assert!(full(2, &format!("activity?issues={issue}")) && !full(1, &format!("activity?issues={issue}")));
    let count = |project: i64| host.get(&format!("/api/v1/projects/{project}/counts")).json()["statuses"].clone();
    assert_eq!((count(1), count(2)), (json!({}), json!({ "unresolved": 1 })));
    for query in [format!("?event_id={event}"), String::new()] {
        let last =
            |project: i64| host.get(&format!("/api/v1/projects/{project}/outcomes{query}")).json()["last"].clone();
        assert_eq!((last(1), last(2).as_array().unwrap().len()), (Value::Array(Vec::new()), 1));
    }
    let count = "INSERT INTO outcomes (project, hour, reason, count) VALUES (2, 1, 'x', 1)";
    server.database().execute(count, []).unwrap();
    let report = "INSERT INTO reports (project, hour, reason, category, count) VALUES (2, 1, 'y', 'error', 1)";
    server.database().execute(report, []).unwrap();
    let outcomes = host.get("/api/v1/projects/1/outcomes").json();
    assert_eq!((&outcomes["not_counted"], &outcomes["not_sent_by_clients"]), (&json!({}), &json!({})));
}
