//! A project is deleted: not a letter of it is left in any file.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::support::{Client, Running, until};

/// In everything that the project is given, in one way of writing for each way in.
const SECRET: &str = "quagga";

/// The files under `folder` that hold `secret`, in capitals or not.
fn holding(folder: &Path, secret: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, secret));
        } else if let Ok(bytes) = std::fs::read(&path) {
            let bytes = bytes.to_ascii_lowercase();
            found.extend(bytes.windows(secret.len()).any(|part| part == secret.as_bytes()).then_some(path));
        }
    }
    found
}

/// Whether the database has it, or its own log: depends on when the one was last brought into the other.
fn is_in_database(server: &Running) -> bool {
    let found = holding(&server.data_dir(), SECRET);
    found.iter().any(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("faultwire.db")))
}

/// Something of every kind of thing that a project may have, with the secret in it.
fn fill(server: &Running, host: &Client) -> i64 {
    let name = format!("{SECRET}-name");
    let made = host.post("/api/v1/projects", &json!({ "name": name, "slug": format!("{SECRET}-slug") })).json();
    let (id, key) = (made["project"]["id"].as_i64().unwrap(), made["keys"][0]["key"]["public"].as_str().unwrap());
    let path = |rest: &str| format!("/api/v1/projects/{id}{rest}");
    let done = |answer: super::support::Answer| assert!((200..300).contains(&answer.status), "{answer:?}");
    done(host.post(&path("/keys"), &json!({ "kind": "browser", "origins": [format!("https://{SECRET}.example")] })));
    done(host.post(&path("/deploys"), &json!({ "release": format!("{SECRET}-deployed") })));
    done(host.post(&path("/members"), &json!({ "email": format!("{SECRET}@example.com"), "role": "viewer" })));
    let url = "https://hooks.example.com/services/x";
    done(host.post(
        &path("/channels"),
        &json!({ "kind": "webhook", "name": format!("{SECRET}-channel"), "url": url, "secret": "a long secret of it" }),
    ));
    let filters = json!({ "environments": [format!("{SECRET}-filtered")] });
    let rules = json!({ "items": [
        { "name": "all", "triggers": ["new", "regressed", "spike", "milestone"] },
        { "name": format!("{SECRET}-rule"), "triggers": ["new"], "filter": filters },
    ] });
    done(host.put(&path("/rules"), &rules));
    let settings = json!({ "customer_tag": format!("{SECRET}-tag") });
    done(host.send("PATCH", &path("/settings"), Some(&settings)));
    let sender = server.nobody().with("x-sentry-auth", &format!("Sentry sentry_key={key}"));
    for n in 0..4 {
        let event = json!({
            "event_id": format!("{n:032x}"), "platform": "python", "logger": format!("{SECRET}.logger"),
            "release": format!("{SECRET}@1.0"), "environment": format!("{SECRET}-env"), "server_name": SECRET,
            "user": { "id": format!("{SECRET}-user") }, "extra": { "note": format!("{SECRET}-extra-{n}") },
            "tags": { "kind": format!("{SECRET}-value"), format!("{SECRET}-tag"): "c" },
            "exception": { "values": [{ "type": format!("Quagga{}", n % 2), "value": format!("{SECRET} died"),
                "stacktrace": { "frames": [{ "function": SECRET, "module": format!("{SECRET}.zoo"), "in_app": true }] } }] },
        });
        done(sender.post(&format!("/api/{id}/store/"), &event));
    }
    let item = |ty: &str, body: serde_json::Value| format!("{}\n{body}\n", json!({ "type": ty }));
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    let envelope = [
        "{}\n".to_owned(),
        item(
            "client_report",
            json!({ "discarded_events":
        [{ "reason": format!("{SECRET}-reason"), "category": "error", "quantity": 5 }] }),
        ),
        item(
            "sessions",
            json!({ "aggregates": [{ "started": now, "exited": 3 }],
            "attrs": { "release": format!("{SECRET}@2.0"), "environment": format!("{SECRET}-sessions") } }),
        ),
        item(
            "faultwire_counts",
            json!({ "id": "c".repeat(32), "fingerprint": "ab".repeat(32), "count": 5,
            "first": now, "last": now, "release": format!("{SECRET}@3.0") }),
        ),
    ]
    .concat();
    done(sender.text(&format!("/api/{id}/envelope/"), &envelope));
    let listed = until("the events", || {
        let items = host.get(&path("/issues")).json()["items"].as_array().unwrap().clone();
        let raw: i64 = items.iter().map(|issue| issue["raw"].as_i64().unwrap()).sum();
        (raw == 4).then_some(items)
    });
    let of = |n: usize| listed[n]["id"].clone();
    let in_release = json!({ "move": "resolve_in_release", "release": format!("{SECRET}-resolved") });
    done(host.post(&path(&format!("/issues/{}", of(0))), &in_release));
    done(host.post(&path(&format!("/issues/{}", of(0))), &json!({ "move": "merge", "issues": [of(1)] })));
    until("the sessions", || {
        let releases = host.get(&path("/releases")).json()["items"].to_string();
        releases.contains(&format!("{SECRET}@2.0")).then_some(())
    });
    id
}

/// Events and whatever else it had, the raw envelopes among them.
#[test]
fn not_a_letter_is_left() {
    let server = Running::start(&[]);
    let host = server.host();
    let id = fill(&server, &host);
    assert!(is_in_database(&server), "it is looked for in the right way");
    let clues = "SELECT COALESCE(SUM(length(clues)), 0) FROM clues";
    let clues = || server.database().query_row(clues, [], |row| row.get::<_, i64>(0)).unwrap();
    assert!(clues() > 0);
    let deleted = host.delete(&format!("/api/v1/projects/{id}?confirm={SECRET}-slug"));
    assert_eq!(deleted.status, 204, "{deleted:?}");
    assert_eq!(clues(), 0);
    let found = holding(&server.data_dir(), SECRET);
    let log = server.data_dir().join("log");
    assert_eq!(found.iter().filter(|path| !path.starts_with(&log)).collect::<Vec<_>>(), Vec::<&PathBuf>::new());
    // The log turns to another segment, and lets go of the one that had the envelopes.
    until("the log", || holding(&server.data_dir(), SECRET).is_empty().then_some(()));
    // It takes what comes all the same.
    assert_eq!(server.send(1, &server.first_key(), &"a".repeat(32)), 200);
    until("the event", || {
        (host.get(&format!("/api/v1/projects/1/events/{}", "a".repeat(32))).status == 200).then_some(())
    });
}

/// Of one user: their event as it came is not left in the log either.
#[test]
fn not_a_letter_of_a_user_is_left() {
    let server = Running::start(&[]);
    let host = server.host();
    let sender = server.nobody().with("x-sentry-auth", &format!("Sentry sentry_key={}", server.first_key()));
    let user = format!("{SECRET}-user");
    // What is stored, and what is stored only until a newer one is.
    let settings = json!({ "store_first": 2, "store_one_in": 1_000_000_000 });
    assert_eq!(host.send("PATCH", "/api/v1/projects/1/settings", Some(&settings)).status, 200);
    for (n, id) in ["bob", &user, &user, "bob"].iter().enumerate() {
        let event = json!({ "event_id": format!("{n:032x}"), "user": { "id": id }, "message": "no such thing" });
        assert_eq!(sender.post("/api/1/store/", &event).status, 200);
        until("the payload", || {
            let found = host.get(&format!("/api/v1/projects/1/events/{n:032x}"));
            (found.status == 200 && !found.json()["payload"].is_null()).then_some(())
        });
    }
    let held = holding(&server.data_dir(), SECRET);
    let in_a = |ending: &str| held.iter().any(|path| path.extension().is_some_and(|extension| extension == ending));
    assert!(in_a("log") && in_a("occ"), "{held:?}");
    let superseded = "SELECT COUNT(*) FROM superseded";
    let superseded = || server.database().query_row(superseded, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(superseded(), 1);
    let removed = host.post("/api/v1/projects/1/forget-user", &json!({ "user": user }));
    assert_eq!((removed.json()["removed"].clone(), superseded()), (json!(1), 0), "{removed:?}");
    until("the log", || holding(&server.data_dir(), SECRET).is_empty().then_some(()));
}

/// Someone reads what is deleted, for long: nobody waits for them, and copies go once they are done.
#[test]
fn who_still_reads_keeps_copies_no_longer_than_they_read() {
    let server = Running::start(&[]);
    let host = server.host();
    let id = fill(&server, &host);
    let reader = server.database();
    reader.execute_batch("BEGIN; SELECT COUNT(*) FROM issues").unwrap();
    let read = || reader.query_row("SELECT COUNT(*) FROM issues", [], |row| row.get::<_, i64>(0)).unwrap();
    assert!(read() > 0);
    assert_eq!(host.delete(&format!("/api/v1/projects/{id}?confirm={SECRET}-slug")).status, 204);
    assert!(is_in_database(&server));
    assert!(read() > 0, "it reads on");
    reader.execute_batch("COMMIT").unwrap();
    until("the copies", || (!is_in_database(&server)).then_some(()));
}
