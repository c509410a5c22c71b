//! Projects: made, renamed, and gone with all that was known of them.

use std::io::{BufRead, Read};

use serde_json::json;

use super::support::{Running, until};

#[test]
fn a_project_is_made_and_renamed() {
    let server = Running::start(&[]);
    let host = server.host();
    let make = |body: serde_json::Value| host.post("/api/v1/projects", &body);
    assert_eq!(make(json!({ "name": "Läden & Co" })).json()["project"]["slug"], json!("l-den-co"));
    assert_eq!(make(json!({ "name": "Default" })).json()["project"]["slug"], json!("default-2"));
    assert_eq!(make(json!({ "name": "X", "slug": "default" })).reason(), "conflict");
    assert_eq!(make(json!({ "name": "X", "slug": "Default" })).reason(), "invalid");
    assert_eq!(make(json!({ "name": "" })).reason(), "invalid");
    let renamed = host.send("PATCH", "/api/v1/projects/2", Some(&json!({ "name": "Shops" })));
    assert_eq!((&renamed.json()["project"]["name"], renamed.status), (&json!("Shops"), 200));
    let made = make(json!({ "name": "With key" })).json();
    let key = made["keys"][0]["key"]["public"].as_str().unwrap();
    assert_eq!(server.send(made["project"]["id"].as_i64().unwrap(), key, &"1".repeat(32)), 200);
}

/// Every row that names the project is gone, its payloads are overwritten, its key is none, and what was sent to it
/// counts for nothing; another project has lost nothing, and no number comes again.
#[test]
fn a_deleted_project_leaves_nothing() {
    let server = Running::start(&[]);
    let host = server.host();
    let other = host.post("/api/v1/projects", &json!({ "name": "Other" })).json();
    let (id, key) = (other["project"]["id"].as_i64().unwrap(), other["keys"][0]["key"]["public"].as_str().unwrap());
    server.person(&host, "ada@example.com", Some((id, "admin")));
    host.token("read", Some(id));
    host.post(&format!("/api/v1/projects/{id}/members"), &json!({ "email": "bob@example.com", "role": "viewer" }));
    host.post(&format!("/api/v1/projects/{id}/deploys"), &json!({ "release": "1.0" }));
    let is_there = |path: &str| until("the event", || (host.get(path).status == 200).then_some(()));
    assert_eq!(server.send(1, &server.first_key(), &"9".repeat(32)), 200);
    let kept = format!("/api/v1/projects/1/events/{}", "9".repeat(32));
    is_there(&kept);
    for n in 0..3 {
        assert_eq!(server.send(id, key, &format!("{n}").repeat(32)), 200);
    }
    let event = format!("/api/v1/projects/{id}/events/{}", "2".repeat(32));
    is_there(&event);
    let database = server.database();
    let places: Vec<(u32, u32, u32)> = database
        .prepare(
            "SELECT file, start, length FROM occurrences JOIN patterns ON patterns.id = pattern WHERE project = ?1",
        )
        .unwrap()
        .query_map([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(places.len(), 3);

    let path = format!("/api/v1/projects/{id}");
    assert_eq!(host.delete(&path).reason(), "invalid");
    assert_eq!(host.delete(&format!("{path}?confirm=default")).reason(), "invalid");
    assert_eq!(host.delete(&format!("{path}?confirm=other")).status, 204);
    assert_eq!((host.delete(&path).status, host.get(&event).status, host.get(&kept).status), (404, 404, 200));
    assert_eq!(server.send(id, key, &"3".repeat(32)), 401);

    let patterns = patterns(&database);
    assert_eq!(patterns, [1]);
    assert_nothing_is_left(&database, id);
    let texts = "SELECT COUNT(*) FROM issue_texts WHERE issue_texts MATCH '\"ValueError\"'";
    assert_eq!(database.query_row(texts, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
    for (file, start, length) in places {
        let folder = std::fs::read_dir(server.data_dir().join("occurrences")).unwrap();
        let name = format!("{file:08x}-");
        let path =
            folder.map(|e| e.unwrap().path()).find(|p| p.file_name().unwrap().to_str().unwrap().starts_with(&name));
        let bytes = std::fs::read(path.unwrap()).unwrap();
        assert!(bytes[start as usize..(start + length) as usize].iter().all(|byte| *byte == 0));
    }
    drop(database);
    let cookies = host.headers.clone();
    let server = Running::start_in(server.stop(), &[]);
    let host = super::support::Client { headers: cookies, ..server.nobody() };
    let next = host.post("/api/v1/projects", &json!({ "name": "Next" })).json();
    assert_eq!(next["project"]["id"], json!(id + 1));
    let key = next["keys"][0]["key"]["public"].as_str().unwrap();
    // The same fault, stored anew: not against what was overwritten, and under a number of its own.
    assert_eq!(server.send(id + 1, key, &"5".repeat(32)), 200);
    let event = format!("/api/v1/projects/{}/events/{}", id + 1, "5".repeat(32));
    let found = until("the event", || Some(host.get(&event)).filter(|answer| answer.status == 200)).json();
    assert_eq!(found["payload"]["exception"]["values"][0]["type"], json!("ValueError"));
    let highest: u32 = server.database().query_row("SELECT MAX(id) FROM patterns", [], |row| row.get(0)).unwrap();
    assert_eq!((patterns[0], highest), (1, 3));
}

/// What is stored of one user goes, also where others' payloads were compressed against it; those stay readable.
#[test]
fn a_user_is_forgotten() {
    let server = Running::start(&[]);
    let host = server.host();
    let key = format!("Sentry sentry_key={}", server.first_key());
    let send = |id: &str, user: &str| {
        let event = json!({ "event_id": id, "user": { "id": user }, "extra": { "note": format!("of {user}") },
            "exception": { "values": [{ "type": "ValueError", "value": "no such thing" }] } });
        assert_eq!(server.nobody().with("x-sentry-auth", &key).post("/api/1/store/", &event).status, 200);
    };
    let ids: Vec<String> = (0..6).map(|n| format!("{n:032x}")).collect();
    let read = |id: &str| host.get(&format!("/api/v1/projects/1/events/{id}"));
    // The first is what the others are compressed against.
    for (id, user) in ids.iter().zip(["ada", "bob", "ada", "bob", "adamant", "bob"]) {
        send(id, user);
        until("the event", || (read(id).status == 200).then_some(()));
    }
    let place = "SELECT file, start, length FROM occurrences ORDER BY start LIMIT 1";
    let (file, start, length): (u32, usize, usize) = server
        .database()
        .query_row(place, [], |row| Ok((row.get(0)?, row.get::<_, u32>(1)? as usize, row.get::<_, u32>(2)? as usize)))
        .unwrap();
    let forget = |user: &str| {
        let answer = host.post("/api/v1/projects/1/forget-user", &json!({ "user": user }));
        (answer.status, answer.json()["removed"].clone())
    };
    let clues = "SELECT SUM(length(clues)) FROM clues";
    let clues = || server.database().query_row(clues, [], |row| row.get::<_, i64>(0)).unwrap();
    let before = clues();
    let hit = |user: &str| {
        let listed = host.get(&format!("/api/v1/projects/1/issues?user={user}")).json()["items"].clone();
        listed.as_array().unwrap().iter().map(|issue| issue["impact"]["users"].clone()).collect::<Vec<_>>()
    };
    assert_eq!((hit("ada"), hit("bob")), (vec![json!(3)], vec![json!(3)]));
    assert_eq!(forget("ada"), (200, json!(2)));
    // Nobody is found by their name, and as many are hit as before.
    assert_eq!((hit("ada"), hit("bob")), (vec![], vec![json!(3)]));
    // Those of the two events, and of no others.
    assert_eq!(before - clues(), 2 * 12);
    assert_eq!(forget("ada"), (200, json!(0)));
    let folder = std::fs::read_dir(server.data_dir().join("occurrences")).unwrap();
    let files: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
    assert_eq!((files.len(), file), (1, 1));
    let bytes = std::fs::read(&files[0]).unwrap();
    assert!(bytes[start..start + length].iter().all(|byte| *byte == 0));
    let check = |host: &super::support::Client| {
        for (id, user) in ids.iter().zip([None, Some("bob"), None, Some("bob"), Some("adamant"), Some("bob")]) {
            let found = host.get(&format!("/api/v1/projects/1/events/{id}")).json();
            let expected = user.map_or(json!(null), |user| json!(user));
            assert_eq!(found["payload"]["user"]["id"], expected, "{found}");
        }
    };
    check(&host);
    // They are where a restart looks for them as well.
    let headers = host.headers.clone();
    let server = Running::start_in(server.stop(), &[]);
    check(&super::support::Client { headers, ..server.nobody() });
}

/// Who loses their role is told nothing more by a stream that they opened before.
#[test]
fn a_stream_ends_with_the_right_to_it() {
    let server = Running::start(&[]);
    let host = server.host();
    let ada = server.person(&host, "ada@example.com", Some((1, "viewer")));
    let id = ada.get("/api/v1/me").json()["user"]["id"].clone();
    let mut stream = ada.open("/api/v1/projects/1/stream");
    let mut sent = 0..;
    let mut send = || {
        let id: String = format!("{:032x}", sent.next().unwrap());
        assert_eq!(server.send(1, &server.first_key(), &id), 200);
    };
    send();
    let mut line = String::new();
    while !line.contains("event: event") {
        stream.read_line(&mut line).unwrap();
    }
    assert_eq!(host.delete(&format!("/api/v1/projects/1/members/{id}")).status, 204);
    let ended = std::thread::spawn(move || {
        let mut rest = String::new();
        stream.read_to_string(&mut rest).map(drop)
    });
    until("the stream to end", || {
        send();
        ended.is_finished().then_some(())
    });
    ended.join().unwrap().unwrap();
}

fn patterns(database: &rusqlite::Connection) -> Vec<u32> {
    let mut ids = database.prepare("SELECT id FROM patterns ORDER BY id").unwrap();
    ids.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// No table names the project, or a pattern that is not.
fn assert_nothing_is_left(database: &rusqlite::Connection, project: i64) {
    let tables = "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c \
                  WHERE m.type = 'table' AND c.name IN ('project', 'pattern')";
    let tables: Vec<(String, String)> = database
        .prepare(tables)
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert!(tables.len() >= 15, "{tables:?}");
    for (table, column) in tables {
        let sql = match column.as_str() {
            "project" => format!("SELECT COUNT(*) FROM {table} WHERE project = {project}"),
            _ => format!("SELECT COUNT(*) FROM {table} WHERE pattern NOT IN (SELECT id FROM patterns)"),
        };
        let left: i64 = database.query_row(&sql, [], |row| row.get(0)).unwrap();
        assert_eq!(left, 0, "{table}");
    }
}

/// What was accepted for a project and not yet counted when it was deleted counts for nothing.
#[test]
fn what_was_on_its_way_to_a_deleted_project_is_gone() {
    let server = Running::start(&[]);
    let host = server.host();
    let other = host.post("/api/v1/projects", &json!({ "name": "Other" })).json();
    let (id, key) = (other["project"]["id"].as_i64().unwrap(), other["keys"][0]["key"]["public"].as_str().unwrap());
    std::thread::scope(|scope| {
        for sender in 0..4 {
            let (server, key) = (&server, key);
            scope.spawn(move || {
                let mut sent = 0..;
                let mut send = || server.send(id, key, &format!("{sender}{:031x}", sent.next().unwrap()));
                while send() == 200 {}
            });
        }
        until("issues", || {
            let page = host.get(&format!("/api/v1/projects/{id}/issues")).json();
            (!page["items"].as_array().unwrap().is_empty()).then_some(())
        });
        assert_eq!(host.delete(&format!("/api/v1/projects/{id}?confirm=other")).status, 204);
    });
    // The log is read in order: behind this one nothing of the others waits.
    assert_eq!(server.send(1, &server.first_key(), &"9".repeat(32)), 200);
    let last = format!("/api/v1/projects/1/events/{}", "9".repeat(32));
    until("the last event", || (host.get(&last).status == 200).then_some(()));
    assert_nothing_is_left(&server.database(), id);
}
