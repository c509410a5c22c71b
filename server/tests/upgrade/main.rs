//! Data directories of released servers, as `scripts/data_fixture.py` kept them, in the hands of this one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says so by failing")]

#[path = "../people/support.rs"]
#[allow(dead_code, reason = "it belongs to the people")]
mod support;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use faultwire_server::data_dir::DataDir;
use faultwire_server::store::sqlite::{Sqlite, schema};
use faultwire_server::upkeep;
use rusqlite::Connection;
use serde_json::{Value, json};
use support::{Client, Running, until};
use tempfile::TempDir;

/// An event of the first release of all, and one that is in the log only.
const FIRST: &str = "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1";
const WAITING: &str = "c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3";
/// Fixtures grow old: nothing may go for its age.
const KEEP: [&str; 4] = ["--retention-days", "3650", "--auto-resolve-days", "0"];

/// Versions of which there is a fixture.
fn versions() -> Vec<i64> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let number = |name: String| name.strip_prefix("data-v")?.parse().ok();
    let entries = fs::read_dir(folder).unwrap();
    let found: Vec<i64> = entries.filter_map(|entry| number(entry.unwrap().file_name().into_string().ok()?)).collect();
    assert!(!found.is_empty());
    found
}

/// A data directory as that version left it, in `data` of a new folder.
fn left_by(version: i64) -> TempDir {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/data-v{version}"));
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    for part in ["", "log", "occurrences"] {
        fs::create_dir(data.join(part)).unwrap();
        fs::set_permissions(data.join(part), fs::Permissions::from_mode(0o700)).unwrap();
        for entry in fs::read_dir(fixture.join(part)).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_file() && !part.is_empty() {
                fs::copy(entry.path(), data.join(part).join(entry.file_name())).unwrap();
            }
        }
    }
    let packed = File::open(fixture.join("faultwire.db.gz")).unwrap();
    let mut database = Vec::new();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut database).unwrap();
    fs::write(data.join("faultwire.db"), database).unwrap();
    folder
}

fn version(database: &Path) -> i64 {
    Connection::open(database).unwrap().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

/// What the schema is made of.
fn shape(database: &Path) -> BTreeMap<String, String> {
    let connection = Connection::open(database).unwrap();
    let mut statement = connection.prepare("SELECT name, COALESCE(sql, '') FROM sqlite_master").unwrap();
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
}

fn rows(database: &Path, sql: &str) -> Vec<String> {
    let connection = Connection::open(database).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn issues(client: &Client) -> BTreeMap<String, Value> {
    let answer = client.get("/api/v1/projects/1/issues?limit=100").json();
    let items = answer["items"].as_array().unwrap().clone();
    items.into_iter().map(|issue| (issue["type"].as_str().unwrap().to_owned(), issue)).collect()
}

/// Started on older data, the server has their issues, counts and people, counts what waited in their log, and goes on.
#[test]
fn what_an_older_server_left_goes_on() {
    for version in versions() {
        let server = Running::start_in(left_by(version), &KEEP);
        assert!(server.dsn.is_none() && server.setup_link.is_none(), "there are a project and an admin");
        for email in ["host@example.com", "ada@example.com"] {
            assert_eq!(server.login(email).status, 200, "{email}");
        }
        let host = server.nobody().into_session(&server.login("host@example.com"));
        until("the log to be counted", || {
            (host.get(&format!("/api/v1/projects/1/events/{WAITING}")).status == 200).then_some(())
        });
        let found = issues(&host);
        let value = &found["ValueError"];
        assert_eq!((&value["raw"], &value["stored"], &value["impact"]["users"]), (&json!(22), &json!(22), &json!(21)));
        assert_eq!(
            (&found["KeyError"]["raw"], &found["KeyError"]["status"]["status"]),
            (&json!(3), &json!("resolved"))
        );
        let whole = host.get(&format!("/api/v1/projects/1/issues/{}", value["id"])).json();
        let hours = whole["details"]["hours"].as_array().unwrap();
        assert_eq!(hours.iter().map(|hour| hour["raw"].as_i64().unwrap()).sum::<i64>(), 22);
        assert_eq!(whole["details"]["patterns"].as_array().unwrap().len(), 2, "they were merged");
        assert_eq!(whole["details"]["seen_in"][0]["release"], "shop@1.2.3");
        let event = host.get(&format!("/api/v1/projects/1/events/{FIRST}")).json();
        assert_eq!(event["payload"]["exception"]["values"][0]["type"], "ValueError", "its payload is read");
        // What came before is known, what comes is counted.
        let key = rows(&server.data_dir().join("faultwire.db"), "SELECT public FROM keys").remove(0);
        assert_eq!(server.send(1, &key, FIRST), 200);
        assert_eq!(server.send(1, &key, "f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6"), 200);
        until("the new event to be counted", || {
            (host.get("/api/v1/projects/1/events/f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6").status == 200).then_some(())
        });
        let answer = host.get("/api/v1/projects/1/issues?limit=100").json();
        let raw = answer["items"].as_array().unwrap().iter().map(|issue| issue["raw"].as_i64().unwrap());
        assert_eq!(raw.sum::<i64>(), 22 + 3 + 1);
    }
}

/// The schema is the same whichever way led to it, and what came before is kept as the older server reads it.
#[test]
fn an_upgrade_keeps_a_copy() {
    let folder = tempfile::tempdir().unwrap();
    let fresh = folder.path().join("faultwire.db");
    drop(Sqlite::open(&fresh, 8 << 20).unwrap());
    for old in versions() {
        let (left, untouched) = (left_by(old), left_by(old));
        let data = left.path().join("data");
        let directory = DataDir::open(&data).unwrap();
        let kept = upkeep::upgrade(&directory).unwrap();
        assert_eq!(
            (version(&data.join("faultwire.db")), shape(&directory.database())),
            (schema::VERSION, shape(&fresh))
        );
        assert_eq!(upkeep::upgrade(&directory).unwrap(), None, "once is enough");
        let Some(kept) = kept else {
            assert_eq!(old, schema::VERSION);
            continue;
        };
        assert_eq!(kept, data.join(format!("backups/version-{old}")));
        let before = untouched.path().join("data");
        let database = kept.join("faultwire.db");
        assert_eq!((version(&database), shape(&database)), (old, shape(&before.join("faultwire.db"))));
        let all = "SELECT group_concat(quote(id) || quote(issue) || quote(raw)) FROM patterns UNION ALL \
                   SELECT group_concat(quote(id) || quote(email) || quote(password)) FROM users UNION ALL \
                   SELECT group_concat(quote(id) || quote(title) || quote(raw) || quote(status)) FROM issues";
        assert_eq!(rows(&database, all), rows(&before.join("faultwire.db"), all));
        let payloads = |folder: &Path| -> BTreeMap<PathBuf, Vec<u8>> {
            let files = fs::read_dir(folder.join("occurrences")).unwrap().map(|entry| entry.unwrap().path());
            files.map(|path| (path.file_name().unwrap().into(), fs::read(&path).unwrap())).collect()
        };
        assert_eq!(payloads(&kept), payloads(&before));
        // And the way back, and forth again: a copy of an older version is as good as any.
        let back = left.path().join("back");
        upkeep::restore(&kept, &back).unwrap();
        assert_eq!(version(&back.join("faultwire.db")), old);
        let again = DataDir::open(&back).unwrap();
        upkeep::upgrade(&again).unwrap().unwrap();
        assert_eq!(shape(&again.database()), shape(&fresh));
    }
}

/// Killed before the upgrade stood: the copy of that attempt goes. Killed after: it is kept under its name.
#[test]
fn an_upgrade_that_was_killed_is_settled_by_the_next_start() {
    for old in versions().into_iter().filter(|old| *old < schema::VERSION) {
        let left = left_by(old);
        let data = left.path().join("data");
        let unfinished = data.join(format!("backups/version-{old}.unfinished"));
        fs::create_dir_all(&unfinished).unwrap();
        fs::write(unfinished.join("half"), "a copy").unwrap();
        let directory = DataDir::open(&data).unwrap();
        let kept = upkeep::upgrade(&directory).unwrap().unwrap();
        assert!(!unfinished.exists() && !kept.join("half").exists());
        fs::rename(&kept, &unfinished).unwrap();
        assert_eq!(upkeep::upgrade(&directory).unwrap(), None);
        assert!(kept.join("faultwire.db").exists() && !unfinished.exists());
    }
}

/// Where there is no way to copy, nothing is upgraded: the older server still reads the data.
#[test]
fn without_a_copy_there_is_no_upgrade() {
    for old in versions().into_iter().filter(|old| *old < schema::VERSION) {
        let left = left_by(old);
        let data = left.path().join("data");
        fs::write(data.join("backups"), "a file is in the way").unwrap();
        let directory = DataDir::open(&data).unwrap();
        upkeep::upgrade(&directory).unwrap_err();
        fs::remove_file(data.join("backups")).unwrap();
        fs::rename(data.join("occurrences"), data.join("elsewhere")).unwrap();
        let error = format!("{:#}", upkeep::upgrade(&directory).unwrap_err());
        assert!(error.contains(&format!("upgrade from version {old}")) && error.contains("occurrences"), "{error}");
        assert_eq!(version(&directory.database()), old);
        assert_eq!(fs::read_dir(data.join("backups")).unwrap().count(), 0, "what was begun is gone");
    }
}

/// Every way in says the same of data that are newer than the server.
#[test]
fn newer_data_are_refused() {
    let left = left_by(versions()[0]);
    let data = left.path().join("data");
    let newer = schema::VERSION + 1;
    Connection::open(data.join("faultwire.db")).unwrap().pragma_update(None, "user_version", newer).unwrap();
    let directory = DataDir::open(&data).unwrap();
    let errors = [
        upkeep::upgrade(&directory).unwrap_err(),
        Sqlite::open(&directory.database(), 8 << 20).err().unwrap(),
        upkeep::restore(&data, &left.path().join("back")).unwrap_err(),
    ];
    for error in errors {
        let error = format!("{error:#}");
        assert!(error.contains("faultwire.db") && error.contains(&format!("version {newer}")), "{error}");
    }
    assert!(!left.path().join("back").exists());
}
