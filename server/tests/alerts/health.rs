//! The server tells of itself before it fails, and not over and over.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::http::{Receiver, Request};
use crate::world::{World, event};

const SECRET: &str = "0123456789abcdef";

fn webhook(world: &World, receiver: &Receiver, project: i64) {
    let channel = json!({ "kind": "webhook", "url": receiver.url("/hook"), "secret": SECRET });
    world.post(&format!("/api/v1/projects/{project}/channels"), channel);
}

/// Project and kind of what the server said of itself.
fn said(requests: &[Request]) -> Vec<(i64, String)> {
    let alerts = requests.iter().flat_map(|request| request.json()["alerts"].as_array().unwrap().clone());
    let own = alerts.filter(|alert| alert["event"] == "server");
    own.map(|alert| (alert["project"].as_i64().unwrap(), alert["type"].as_str().unwrap().to_owned())).collect()
}

fn until<T>(what: &str, find: impl Fn() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        match find() {
            Some(found) => return found,
            None if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(50)),
            None => panic!("not in time: {what}"),
        }
    }
}

fn troubles(world: &World) -> Vec<Value> {
    world.get("/api/v1/health")["troubles"].as_array().unwrap().clone()
}

/// As soon as there is a channel, and once: not each second that it lasts, and not after a crash.
#[test]
fn a_disk_that_is_nearly_full_is_told_once() {
    let mut world = World::start(&["--alert-free-bytes", "1000000000000000000"]);
    let receiver = Receiver::start();
    until("the trouble", || (!troubles(&world).is_empty()).then_some(()));
    webhook(&world, &receiver, 1);
    receiver.wait(|requests| !said(requests).is_empty());
    let health = world.get("/api/v1/health");
    assert_eq!((&health["status"], &health["troubles"][0]["cause"]), (&json!("trouble"), &json!("disk")));
    assert!(health["disk"]["free"].as_u64().unwrap() <= health["disk"]["total"].as_u64().unwrap());
    let metrics = world.get("/metrics");
    let metrics = metrics.as_str().unwrap();
    assert!(metrics.contains("faultwire_troubles{cause=\"disk\"} 1"), "{metrics}");
    assert!(metrics.contains("faultwire_troubles{cause=\"lag\"} 0") && metrics.contains("faultwire_disk_free_bytes"));
    // What was taken but is not noted as that would come again, under its id.
    world.settled(1);
    world.crash();
    until("the trouble is found again", || (!troubles(&world).is_empty()).then_some(()));
    // What comes after it has passed it.
    world.envelope(&event("Later"));
    receiver.wait(|requests| requests.iter().any(|request| request.json().to_string().contains("Later")));
    assert_eq!(said(&receiver.requests()), [(1, "server.disk".to_owned())]);
}

/// It is the project's own business, and told on its channels.
#[test]
fn a_quota_that_is_used_up_is_told_to_the_project() {
    let world = World::start(&["--alert-patience-seconds", "1"]);
    let (first, second) = (Receiver::start(), Receiver::start());
    let other = world.post("/api/v1/projects", json!({ "name": "Other" }));
    let (id, dsn) = (other["project"]["id"].as_i64().unwrap(), other["keys"][0]["dsn"].as_str().unwrap());
    let key = dsn.split("://").nth(1).unwrap().split('@').next().unwrap();
    webhook(&world, &first, 1);
    webhook(&world, &second, id);
    let (status, answer) =
        world.ask("PATCH", &format!("/api/v1/projects/{id}/settings"), Some(json!({ "hourly_quota": 1 })));
    assert_eq!(status, 200, "{answer}");
    let store = |fault: &str| world.ask("POST", &format!("/api/{id}/store/?sentry_key={key}"), Some(event(fault))).0;
    // The hour may end between the two.
    until("the quota is used up", || (store("One") == 429).then_some(()));
    second.wait(|requests| !said(requests).is_empty());
    assert_eq!(said(&second.requests()), [(id, "server.quota".to_owned())]);
    assert_eq!(said(&first.requests()), []);
    let health = world.get("/api/v1/health");
    assert_eq!((&health["troubles"][0]["project"], &health["quotas_used_up"][0]["quota"]), (&json!(id), &json!(1)));
}

/// What holds up counting is seen while it does, and told while it does: not by who is held up.
#[test]
fn lag_is_told() {
    let world = World::start(&["--alert-patience-seconds", "1", "--alert-lag-seconds", "1"]);
    let receiver = Receiver::start();
    webhook(&world, &receiver, 1);
    assert_eq!(world.get("/api/v1/health")["status"], "ok");
    let database = rusqlite::Connection::open(world.folder.path().join("faultwire.db")).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    world.envelope(&event("Held"));
    until("the lag is seen", || troubles(&world).iter().any(|trouble| trouble["cause"] == "lag").then_some(()));
    let metrics = world.get("/metrics");
    assert!(metrics.as_str().unwrap().contains("faultwire_troubles{cause=\"lag\"} 1"), "{metrics}");
    until("it is not ready", || (world.ask("GET", "/readyz", None).0 == 503).then_some(()));
    assert_eq!(world.ask("GET", "/healthz", None).0, 200);
    receiver.wait(|requests| !said(requests).is_empty());
    database.execute_batch("ROLLBACK").unwrap();
    until("it is over", || troubles(&world).is_empty().then_some(()));
    until("it is ready", || (world.ask("GET", "/readyz", None).0 == 200).then_some(()));
    world.issue("Held");
    // What comes after it has passed it.
    world.envelope(&event("Later"));
    receiver.wait(|requests| requests.iter().any(|request| request.json().to_string().contains("Later")));
    assert_eq!(said(&receiver.requests()), [(1, "server.lag".to_owned())]);
}
