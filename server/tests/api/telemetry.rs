//! Every route and every task has its time and its result in the metrics, and every request an id.

use std::fs;
use std::path::Path;

use faultwire_server::api;
use faultwire_server::telemetry::Task;
use serde_json::json;

use super::support::{Running, until};

/// The table is walked; a route that nobody ever asked for is asked for now.
#[test]
fn every_route_is_measured() {
    let server = Running::start(&[]);
    let host = server.host();
    let nobody = server.nobody();
    let table = api::table();
    let ingestion =
        ["/api/{project}/envelope", "/api/{project}/envelope/", "/api/{project}/store", "/api/{project}/store/"];
    let ingestion = ingestion.into_iter().flat_map(|path| [("POST", path), ("OPTIONS", path)]);
    let routes: Vec<(&str, &str)> =
        table.iter().map(|route| (route.method.as_str(), route.path)).chain(ingestion).collect();
    let mut expected = Vec::new();
    for (method, path) in &routes {
        let answer = nobody.send(method, &path.replace("{project}", "1"), None);
        let status = answer.status;
        let labels = format!("route=\"{path}\",method=\"{method}\",status=\"{status}\"");
        expected.push(format!("faultwire_http_seconds_count{{{labels}}}"));
        assert!(answer.header("x-request-id").is_some(), "{method} {path}");
    }
    assert_eq!(nobody.get("/nowhere/secret").status, 404);
    expected.push("faultwire_http_seconds_count{route=\"none\",method=\"GET\",status=\"404\"}".to_owned());
    let text = host.get("/metrics").text().to_owned();
    let missing: Vec<_> = expected.iter().filter(|line| !text.contains(*line)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
    // Every count has its duration.
    assert_eq!(
        text.matches("faultwire_http_seconds_count{").count(),
        text.matches("faultwire_http_seconds_sum{").count()
    );
    assert!(!text.contains("secret"));
}

/// A server that is used has rounds of each of its tasks in its metrics.
#[test]
fn every_task_is_measured() {
    let server = Running::start(&["--webhook-allow", "127.0.0.1", "--alert-free-bytes", "1000000000000000"]);
    let host = server.host();
    // Nobody listens there: an attempt is made, and does not work.
    let hook = json!({ "kind": "webhook", "url": "http://127.0.0.1:9/", "secret": "0123456789abcdef" });
    assert_eq!(host.post("/api/v1/projects/1/channels", &hook).status, 201);
    assert_eq!(server.send(1, &server.first_key(), &"a".repeat(32)), 200);
    server.database().execute("UPDATE sessions SET used = used - 3600000", []).unwrap();
    // There is no certificate here; its rounds are asked for where there is one.
    for task in Task::ALL.into_iter().filter(|task| *task != Task::Certificate) {
        let name = task.as_str();
        until(&format!("a round of {name}"), || {
            let text = host.get("/metrics").text().to_owned();
            let rounds = |result: &str| {
                let start = format!("faultwire_task_seconds_count{{task=\"{name}\",result=\"{result}\"}} ");
                text.lines().find_map(|line| line.strip_prefix(&start)?.parse::<u64>().ok()).unwrap_or_default()
            };
            (rounds("ok") + rounds("failed") > 0).then_some(())
        });
    }
}

/// Nothing runs by itself that is not in the list: threads and tasks are started in one file.
#[test]
fn nothing_is_started_elsewhere() {
    fn walk(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("src/threads.rs") {
                let source = fs::read_to_string(&path).unwrap();
                let own = source.split("#[cfg(test)]").next().unwrap();
                let starts =
                    ["tokio::spawn", "task::spawn(", "spawn_local", "thread::spawn", "thread::Builder", ".spawn("];
                let starts = starts.into_iter().filter(|start| own.contains(start));
                found.extend(starts.map(|start| format!("{}: {start}", path.display())));
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.is_empty(), "{found:#?}");
}

/// An id that can stand in a log is taken over; whatever else is sent, a new one is made.
#[test]
fn requests_have_ids() {
    let server = Running::start(&[]);
    let asked = |id: &str| {
        let answer = server.nobody().with("x-request-id", id).get("/api/v1/me");
        answer.header("x-request-id").unwrap().to_owned()
    };
    for id in ["a", "Trace_1.2-3", "x".repeat(64).as_str()] {
        assert_eq!(asked(id), id);
    }
    for id in ["", "a b", "ä", "<script>", "a;b", "x".repeat(65).as_str()] {
        let made = asked(id);
        assert!(made != id && made.len() < 40 && made.is_ascii(), "{id:?}: {made}");
    }
    assert_ne!(asked(""), asked(""));
}

/// What is the server's fault says under which id its log has it; what is the client's does not.
#[test]
fn faults_say_their_id() {
    let server = Running::start(&[]);
    let host = server.host();
    server.database().execute_batch("DROP TABLE rules").unwrap();
    let answer = host.clone().with("x-request-id", "find-me").get("/api/v1/projects/1/rules");
    assert_eq!((answer.status, answer.reason().as_str()), (500, "internal"));
    assert_eq!(answer.json()["request_id"], "find-me");
    assert!(!answer.text().contains("no such table"));
    let refused = host.get("/api/v1/projects/1/issues?x=1");
    assert_eq!((refused.status, refused.json().get("request_id")), (400, None));
}
