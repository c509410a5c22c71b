//! Every route that there is x everyone who may come.

use std::collections::HashSet;

use faultwire_server::api;
use faultwire_server::people::Need;
use serde_json::json;

use super::support::{Client, Running, dist, until};

/// What a guard says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    /// Go in: done, or (400) the handler has looked at what was sent.
    In,
    Unknown,
    Forbidden,
    Hidden,
}
use Says::{Forbidden as F, Hidden as H, In as I, Unknown as U};

const WHO: [&str; 11] = [
    "nobody",
    "an ingestion key",
    "a viewer",
    "a member",
    "a project's admin",
    "a foreign project's admin",
    "an admin of the server",
    "a read token",
    "a write token",
    "a token of another project",
    "an expired token",
];

/// Rows of the matrix, in the order of [`WHO`]. A read token is stopped besides where something would change.
fn row(need: Need) -> [Says; 11] {
    match need {
        Need::Open => [I, I, I, I, I, I, I, I, I, I, I],
        Need::Known => [U, U, I, I, I, I, I, I, I, I, U],
        Need::Person => [U, U, I, I, I, I, I, F, F, F, U],
        Need::View => [U, U, I, I, I, H, I, I, I, H, U],
        Need::Change => [U, U, F, I, I, H, I, I, I, H, U],
        Need::Manage => [U, U, F, F, I, H, I, I, I, H, U],
        Need::ManagePeople => [U, U, F, F, I, H, I, F, F, H, U],
        Need::Host | Need::HostPeople | Need::Metrics => [U, U, F, F, F, F, I, F, F, F, U],
    }
}

#[test]
fn every_route_lets_in_whom_it_should() {
    let dist = dist();
    let server = Running::showing(dist.path(), &[]);
    let host = server.host();
    let other = host.post("/api/v1/projects", &json!({ "name": "Other" }));
    let other = other.json()["project"]["id"].as_i64().unwrap();
    let event = "f".repeat(32);
    assert_eq!(server.send(1, &server.first_key(), &event), 200);
    let issue = until("the issue", || {
        host.get("/api/v1/projects/1/issues").json()["items"].get(0).map(|issue| issue["id"].to_string())
    });
    let key = server.first_key();
    let key = server.nobody().bearer(&key).with("x-sentry-auth", &format!("Sentry sentry_key={key}"));
    let admin = server.person(&host, "admin@example.com", Some((1, "admin")));
    let expired = admin.token("write", None);
    server.database().execute("UPDATE tokens SET expires = 1", []).unwrap();
    let clients = [
        server.nobody(),
        key,
        server.person(&host, "viewer@example.com", Some((1, "viewer"))),
        server.person(&host, "member@example.com", Some((1, "member"))),
        admin.clone(),
        server.person(&host, "foreign@example.com", Some((other, "admin"))),
        host.clone(),
        admin.token("read", None),
        admin.token("write", None),
        // Of one who may everything, so that nothing but its scope is in the way.
        host.token("write", Some(other)),
        expired,
    ];
    let fill = |path: &str| {
        let fresh = || {
            let made = host.post("/api/v1/projects/1/keys", &json!({ "kind": "server" }));
            made.json()["key"]["public"].as_str().unwrap().to_owned()
        };
        let path = path.replace("{project}", "1").replace("{issue}", &issue).replace("{event}", &event);
        let path = path.replace("{file}", "app-1.js").replace("{*rest}", "1/issues");
        let path = if path.contains("{key}") { path.replace("{key}", &fresh()) } else { path };
        // No number: whoever gets as far is told that.
        path.replace("{user}", "x").replace("{session}", "x").replace("{token}", "x")
    };
    let mut routes = api::table();
    // It ends the session that the others need.
    routes.sort_by_key(|route| route.path == "/api/v1/logout");
    let mut wrong = Vec::new();
    let mut needs = HashSet::new();
    for route in routes {
        needs.insert(route.need);
        let is_safe = route.method.as_str() == "GET";
        for ((who, client), expected) in WHO.iter().zip(&clients).zip(row(route.need)) {
            let expected = match expected {
                I if *who == "a read token" && !is_safe && route.need != Need::Open => F,
                other => other,
            };
            // A list is no body that any route takes.
            let body = json!([]);
            let answer = client.send(route.method.as_str(), &fill(route.path), (!is_safe).then_some(&body));
            let is_right = match expected {
                I => matches!(answer.status, 200..=299 | 400),
                U => answer.status == 401 && answer.reason() == "unauthorized",
                F => answer.status == 403 && answer.reason() == "forbidden",
                H => answer.status == 404 && answer.reason() == "not_found",
            };
            if expected == I && route.need != Need::Open {
                assert_eq!(answer.header("cache-control"), Some("no-store"), "{}", route.path);
            }
            if !is_right {
                let (method, path) = (&route.method, route.path);
                wrong.push(format!("{method} {path}: {who}: {} instead of {expected:?}", answer.status));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(needs.len(), 10, "a need that no route has is not tested: {needs:?}");
}

/// What routes declare fits what they are about: a slip in the table is not let through by the matrix above.
#[test]
fn needs_fit_the_paths() {
    let mut open = Vec::new();
    for route in api::table() {
        let (method, path, need) = (route.method.as_str(), route.path, route.need);
        let of_project = path.contains("{project}");
        assert_eq!(need.role().is_some(), of_project, "{method} {path}: {need:?}");
        assert!(method == "GET" || need != Need::View, "{method} {path}: a viewer changes nothing");
        assert!(!(of_project && method == "DELETE" && need == Need::Change), "{method} {path}: {need:?}");
        let people = path.starts_with("/api/v1/users") || path.starts_with("/api/v1/invitations");
        assert_eq!(people, need == Need::HostPeople, "{method} {path}: {need:?}");
        if (path.contains("/members") && method != "GET") || (path.contains("/invitations") && of_project) {
            assert_eq!(need, Need::ManagePeople, "{method} {path}");
        }
        if path.contains("/keys") && method != "GET" {
            assert_eq!(need, Need::Manage, "{method} {path}");
        }
        if ["sessions", "tokens", "password"].iter().any(|own| path.starts_with(&format!("/api/v1/{own}"))) {
            assert_eq!(need, Need::Person, "{method} {path}");
        }
        if need == Need::Open {
            open.push(path);
        }
    }
    let views = ["/", "/login", "/setup", "/join", "/issues", "/feed", "/projects", "/projects/{*rest}", "/people"];
    let pages = ["/account", "/server", "/assets/{file}", "/icon.svg", "/theme.js"];
    let api = ["/api/v1/login", "/api/v1/openapi.json", "/api/v1/redeem", "/api/v1/setup"];
    let mut known = [views.as_slice(), &pages, &api, &["/healthz", "/readyz"]].concat();
    open.sort_unstable();
    known.sort_unstable();
    assert_eq!(open, known, "a route that everyone may use is added here on purpose, or not at all");
}

#[test]
fn what_is_not_there_and_what_is_foreign_look_the_same() {
    let server = Running::start(&[]);
    let host = server.host();
    host.post("/api/v1/projects", &json!({ "name": "Secret" }));
    let ada = server.person(&host, "ada@example.com", Some((1, "viewer")));
    let same = |client: &Client, path: &str| {
        let (foreign, nowhere) = (client.get(&path.replace('P', "2")), client.get(&path.replace('P', "999")));
        assert_eq!((foreign.status, foreign.text()), (nowhere.status, nowhere.text()), "{path}");
        assert_eq!(foreign.status, 404);
    };
    for path in ["/api/v1/projects/P/issues", "/api/v1/projects/P/members", "/api/v1/projects/P/outcomes"] {
        same(&ada, path);
        same(&ada.token("read", None), path);
    }
    assert_eq!(host.get("/api/v1/projects/999/issues").status, 404);
    assert_eq!(host.get("/api/v1/projects/x/issues").status, 404);
    assert_eq!(server.nobody().get("/api/v1/projects/x/issues").status, 401);
    let names = |client: &Client| {
        let projects = client.get("/api/v1/projects").json();
        let items = projects["items"].as_array().unwrap().clone();
        items.iter().map(|item| item["project"]["slug"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&host), ["default", "secret"]);
    assert_eq!(names(&ada), ["default"]);
    assert_eq!(names(&host.token("read", Some(2))), ["secret"]);
    // Keys are for those who may use them.
    assert_eq!(ada.get("/api/v1/projects").json()["items"][0]["keys"], json!([]));
}

/// The metrics have a token of their own, which opens nothing else.
#[test]
fn metrics_have_a_token() {
    let server = Running::start(&["--metrics-token", "prometheus-reads-this"]);
    let prometheus = server.nobody().bearer("prometheus-reads-this");
    assert!(prometheus.get("/metrics").text().contains("faultwire_uptime_seconds"));
    assert_eq!(prometheus.get("/api/v1/projects").status, 401);
    assert_eq!(server.nobody().bearer("prometheus-reads-that").get("/metrics").status, 401);
    assert_eq!(server.nobody().get("/metrics").status, 401);
    assert_eq!(server.host().token("read", None).get("/metrics").status, 200);
    for (probe, says) in [("/healthz", "ok"), ("/readyz", "ready")] {
        assert_eq!(server.nobody().get(probe).text(), says);
    }
}
