//! Many issues at once.

use serde_json::{Value, json};

use super::support::{Client, Running, until};

/// So many faults, the first of which has a hostile title.
fn faults(server: &Running, host: &Client, count: usize) -> Vec<i64> {
    let auth = format!("Sentry sentry_version=7, sentry_key={}", server.first_key());
    let client = server.nobody().with("x-sentry-auth", &auth);
    for number in 0..count {
        let kind = if number == 0 { "=cmd|' /C calc'!A0".to_owned() } else { format!("E{number}") };
        let event = json!({ "event_id": format!("{number:032x}"), "platform": "python",
            "exception": { "values": [{ "type": kind, "value": "a \"quoted\", long\nstory",
                "stacktrace": { "frames": [{ "function": format!("f{number}"), "filename": "a.py" }] } }] } });
        assert_eq!(client.post("/api/1/store/", &event).status, 200);
    }
    until("all of them", || {
        let text = host.get("/api/v1/projects/1/issues.jsonl").text().to_owned();
        let bodies = whole(&text);
        let ids: Vec<i64> =
            bodies.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_i64().unwrap()).collect();
        (ids.len() == count).then_some(ids)
    })
}

/// A body that came in chunks.
fn whole(text: &str) -> String {
    let (mut rest, mut body) = (text.as_bytes(), Vec::new());
    while let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        body.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 4 + size..];
    }
    String::from_utf8(body).unwrap()
}

/// Each issue has an answer of its own: what could be done is done, whatever became of others.
#[test]
fn each_has_its_answer() {
    let server = Running::start(&[]);
    let host = server.host();
    let ids = faults(&server, &host, 3);
    let resolved = json!({ "move": "resolve" });
    assert_eq!(host.post(&format!("/api/v1/projects/1/issues/{}", ids[1]), &resolved).status, 200);
    let change = |what: Value| host.post("/api/v1/projects/1/issues", &what);
    let issues =
        json!([{ "id": ids[0], "version": 1 }, { "id": ids[1], "version": 1 }, { "id": ids[2] }, { "id": 99 }]);
    let answer = change(json!({ "issues": issues, "move": { "move": "acknowledge" } })).json();
    let said = |field: &str| -> Vec<Value> {
        answer["items"].as_array().unwrap().iter().map(|item| item[field].clone()).collect()
    };
    assert_eq!(said("outcome"), ["done", "stale", "done", "gone"]);
    assert_eq!(said("id"), [json!(ids[0]), json!(ids[1]), json!(ids[2]), json!(99)]);
    let status = |at: usize| answer["items"][at]["issue"]["status"]["status"].clone();
    assert_eq!((status(0), status(1), status(2)), (json!("acknowledged"), json!("resolved"), json!("acknowledged")));
    let history = host.get(&format!("/api/v1/projects/1/issues/{}", ids[0])).json()["details"]["history"].clone();
    assert_eq!(history[0]["who"], "host@example.com");
    // Nothing is done of what is wrong as a whole.
    let many: Vec<Value> = (0..101).map(|id| json!({ "id": id })).collect();
    for wrong in [
        json!({ "issues": [], "move": { "move": "resolve" } }),
        json!({ "issues": many, "move": { "move": "resolve" } }),
        json!({ "issues": [{ "id": ids[0] }], "move": { "move": "merge", "issues": [ids[1]] } }),
        json!({ "issues": [{ "id": ids[0] }], "move": { "move": "explode" } }),
        // It is not the one that looks at the release: to pass over it would resolve too much.
        json!({ "issues": [{ "id": ids[0] }], "move": { "move": "resolve", "release": "shop@1.0.0" } }),
    ] {
        assert_eq!(change(wrong).reason(), "invalid");
    }
    // Those of another project are not there.
    host.post("/api/v1/projects", &json!({ "name": "Other" }));
    let body = json!({ "issues": [{ "id": ids[0] }], "move": { "move": "resolve" } });
    assert_eq!(host.post("/api/v1/projects/2/issues", &body).json()["items"][0]["outcome"], "gone");
}

/// All that a filter lets through, over many pages; what a spreadsheet would run is text.
#[test]
fn exports() {
    let server = Running::start(&[]);
    let host = server.host();
    let count = 230;
    assert_eq!(faults(&server, &host, count).len(), count);
    let answer = host.get("/api/v1/projects/1/issues.csv");
    assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"issues.csv\""));
    let table = whole(answer.text());
    let rows: Vec<&str> = table.split("\r\n").collect();
    assert_eq!((rows.len(), rows[count + 1]), (count + 2, ""));
    assert!(rows[0].starts_with("id,title,culprit,"));
    let hostile = rows.iter().find(|row| row.contains("calc")).unwrap();
    assert!(hostile.contains(",\"'=cmd|' /C calc'!A0: a \"\"quoted\"\", long\","), "{hostile}");
    let cells: Vec<&str> = rows[1].split(',').collect();
    assert_eq!(cells.last().unwrap().trim_matches('"'), format!("http://{}/projects/1/issues/{count}", server.address));
    assert!(cells.iter().filter(|cell| cell.len() == 27 && cell.ends_with('Z')).count() == 2, "{cells:?}");
    let of = |query: &str| whole(host.get(&format!("/api/v1/projects/1/issues.jsonl?{query}")).text());
    assert_eq!(of("limit=150").lines().count(), 150);
    assert_eq!(of("query=calc").lines().count(), 1);
    assert_eq!(of("status=resolved"), "");
    let first: Value = serde_json::from_str(of("limit=1").lines().next().unwrap()).unwrap();
    assert_eq!(first, host.get("/api/v1/projects/1/issues?limit=1").json()["items"][0]);
    assert_eq!(host.get("/api/v1/projects/1/issues.csv?x=1").reason(), "invalid");
}
