//! How people come in, stay, and go.

use serde_json::json;

use super::support::{PASSWORD, Running, until};

const DAY: i64 = 86_400_000;

fn now() -> i64 {
    faultwire_server::clock::now()
}

/// The link of the first start makes one admin, and is worth nothing afterwards.
#[test]
fn setup_is_once() {
    let server = Running::start(&[]);
    let link = server.setup_link.clone().unwrap();
    assert!(link.starts_with(&format!("http://{}/setup#", server.address)), "{link}");
    let setup = |token: &str, email: &str| {
        let body = json!({ "token": token, "email": email, "name": "A", "password": PASSWORD });
        server.nobody().post("/api/v1/setup", &body)
    };
    let token = server.setup_token();
    assert_eq!(setup("0", "eve@example.com").reason(), "link");
    assert_eq!(setup(&token, "no address").reason(), "invalid");
    assert_eq!(server.nobody().post("/api/v1/redeem", &json!({ "token": token, "password": PASSWORD })).status, 403);
    assert_eq!(setup(&token, "ada@example.com").status, 201);
    assert_eq!(setup(&token, "eve@example.com").reason(), "link");
    let folder = server.stop();
    let server = Running::start_in(folder, &[]);
    assert_eq!((&server.setup_link, &server.dsn), (&None, &None));
    let ada = server.nobody().into_session(&server.login("ada@example.com"));
    assert_eq!(ada.get("/api/v1/me").json()["user"]["is_admin"], json!(true));
}

/// A link that nobody used in a day opens nothing; the next start prints another, and only that one holds.
#[test]
fn setup_expires_and_a_restart_renews_it() {
    let server = Running::start(&[]);
    let first = server.setup_token();
    let setup = |server: &Running, token: &str| {
        let body = json!({ "token": token, "email": "ada@example.com", "name": "A", "password": PASSWORD });
        server.nobody().post("/api/v1/setup", &body).status
    };
    let left: i64 = server.database().query_row("SELECT expires FROM links", [], |row| row.get(0)).unwrap();
    assert!((now() + DAY - left).abs() < 60_000);
    server.database().execute("UPDATE links SET expires = ?1", [now() - 1]).unwrap();
    assert_eq!(setup(&server, &first), 403);
    let server = Running::start_in(server.stop(), &[]);
    assert_ne!(server.setup_token(), first);
    server.database().execute("UPDATE links SET expires = ?1", [now() + DAY]).unwrap();
    assert_eq!(setup(&server, &first), 403);
    assert_eq!(setup(&server, &server.setup_token()), 201);
}

/// After ten wrong passwords an account is closed for a while, wherever the next comes from; others are not.
#[test]
fn login_is_throttled() {
    let server = Running::start(&["--trusted-proxies", "127.0.0.1"]);
    let host = server.host();
    server.person(&host, "bob@example.com", None);
    let login = |from: &str, email: &str, password: &str| {
        let client = server.nobody().with("x-forwarded-for", from);
        client.post("/api/v1/login", &json!({ "email": email, "password": password }))
    };
    for attempt in 0..10 {
        let answer = login(&format!("192.0.2.{attempt}"), "host@example.com", "not the password");
        assert_eq!((answer.status, answer.reason().as_str()), (401, "wrong_password"));
    }
    let closed = login("192.0.2.99", " HOST@example.com", PASSWORD);
    assert_eq!((closed.status, closed.reason().as_str()), (429, "too_many_attempts"));
    let seconds: i64 = closed.header("retry-after").unwrap().parse().unwrap();
    assert!((880..=901).contains(&seconds), "{seconds}");
    assert_eq!(login("192.0.2.99", "bob@example.com", PASSWORD).status, 200);
    assert_eq!(host.get("/api/v1/me").status, 200);
    // Who remembers in time starts anew.
    for attempt in 0..18 {
        assert_eq!(login("192.0.2.98", "bob@example.com", "not the password").status, 401);
        if attempt % 9 == 8 {
            assert_eq!(login("192.0.2.98", "bob@example.com", PASSWORD).status, 200);
        }
    }
    // One address, many accounts that nobody has: told the same, and then nothing.
    for attempt in 0..50 {
        assert_eq!(login("198.51.100.7", &format!("nobody{attempt}@example.com"), "x").reason(), "wrong_password");
    }
    assert_eq!(login("198.51.100.7", "bob@example.com", PASSWORD).status, 429);
    assert_eq!(login("198.51.100.8", "bob@example.com", PASSWORD).status, 200);
}

/// A page of someone else's makes the browser send the cookie, but neither the token nor the right origin.
#[test]
fn what_is_forged_changes_nothing() {
    let server = Running::start(&[]);
    let host = server.host();
    let make = |client: &super::support::Client| {
        let answer = client.post("/api/v1/projects", &json!({ "name": "Forged" }));
        (answer.status, answer.reason())
    };
    let forbidden = |reason: &str| (403, reason.to_owned());
    assert_eq!(make(&host.clone().without("x-faultwire-csrf")), forbidden("csrf"));
    assert_eq!(make(&host.clone().with("x-faultwire-csrf", &"0".repeat(64))), forbidden("csrf"));
    assert_eq!(make(&host.clone().with("origin", "https://evil.example")), forbidden("foreign_origin"));
    assert_eq!(make(&host.clone().with("origin", "null")), forbidden("foreign_origin"));
    let body = json!({ "email": "host@example.com", "password": PASSWORD });
    let foreign = server.nobody().with("origin", "https://evil.example").post("/api/v1/login", &body);
    assert_eq!((foreign.status, foreign.cookie()), (403, None));
    assert_eq!(host.get("/api/v1/projects").json()["items"].as_array().unwrap().len(), 1);
    let own = host.clone().with("origin", &format!("http://{}", server.address));
    assert_eq!(make(&own).0, 201);
    // Reading needs neither; who reads their own page finds the token there.
    let told = host.clone().without("x-faultwire-csrf").get("/api/v1/me").json()["csrf"].clone();
    assert_eq!(make(&host.clone().with("x-faultwire-csrf", told.as_str().unwrap())).0, 201);
    // A token is not sent unasked, so it needs no second proof, from whatever page.
    assert_eq!(make(&host.token("write", None).with("origin", "https://tool.example")).0, 201);
}

/// Sessions are listed, and end one by one, all others at once, by logout, by another password, and by age.
#[test]
fn sessions_end() {
    let server = Running::start(&[]);
    let first = server.host();
    let again = || server.nobody().with("user-agent", "Test/1").into_session(&server.login("host@example.com"));
    let is_in = |client: &super::support::Client| client.get("/api/v1/me").status == 200;
    let answer = server.login("host@example.com");
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.ends_with("; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax"), "{cookie}");
    let second = server.nobody().into_session(&answer);
    let listed = second.get("/api/v1/sessions").json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    let other = listed["items"].as_array().unwrap().iter().find(|s| s["number"] != listed["current"]).unwrap();
    assert_eq!(second.delete(&format!("/api/v1/sessions/{}", other["number"])).status, 204);
    assert!(!is_in(&first) && is_in(&second));

    let out = second.post("/api/v1/logout", &json!({}));
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert!(!is_in(&second));

    let (third, fourth) = (again(), again());
    assert_eq!(third.delete("/api/v1/sessions").status, 204);
    assert!(is_in(&third) && !is_in(&fourth));

    let fifth = again();
    let change = |current: &str, new: &str| third.post("/api/v1/password", &json!({ "current": current, "new": new }));
    assert_eq!(change("not the password", "another password").reason(), "password");
    assert_eq!(change(PASSWORD, "short").reason(), "invalid");
    assert_eq!(change(PASSWORD, "another password").status, 200);
    assert!(is_in(&third) && !is_in(&fifth));
    assert_eq!(server.login("host@example.com").status, 401);

    // 30 days after the last use; each use begins them anew.
    server.database().execute("UPDATE sessions SET used = ?1", [now() - 29 * DAY]).unwrap();
    assert!(is_in(&third));
    until("the use to be noted", || {
        let used: i64 = server.database().query_row("SELECT used FROM sessions", [], |row| row.get(0)).unwrap();
        (now() - used < 60_000).then_some(())
    });
    server.database().execute("UPDATE sessions SET used = ?1", [now() - 30 * DAY - 1]).unwrap();
    assert!(!is_in(&third));
}

/// A link for a password is used once, ends all sessions, and makes the older one void.
#[test]
fn a_forgotten_password() {
    let server = Running::start(&[]);
    let host = server.host();
    let ada = server.person(&host, "ada@example.com", None);
    let id = ada.get("/api/v1/me").json()["user"]["id"].clone();
    let link = || host.post(&format!("/api/v1/users/{id}/password-link"), &json!({})).json()["token"].clone();
    let (old, fresh) = (link(), link());
    let redeem = |token: &serde_json::Value, password: &str| {
        server.nobody().post("/api/v1/redeem", &json!({ "token": token, "password": password }))
    };
    assert_eq!(redeem(&old, "the next password").reason(), "link");
    assert_eq!(redeem(&fresh, "short").reason(), "invalid");
    let answer = redeem(&fresh, "the next password");
    assert_eq!(answer.status, 200);
    assert_eq!(ada.get("/api/v1/me").status, 401);
    assert_eq!(server.nobody().into_session(&answer).get("/api/v1/me").json()["user"]["id"], id);
    assert_eq!(redeem(&fresh, "the next password").reason(), "link");
    assert_eq!(server.login("ada@example.com").status, 401);
    let late = link();
    server.database().execute("UPDATE links SET expires = ?1", [now() - 1]).unwrap();
    assert_eq!(redeem(&late, "the next password").reason(), "link");
}

/// An invitation brings one person with the role it says; the server keeps an admin whatever happens.
#[test]
fn people_come_and_go() {
    let server = Running::start(&[]);
    let host = server.host();
    let admin = server.person(&host, "admin@example.com", Some((1, "admin")));
    let added = admin.post("/api/v1/projects/1/members", &json!({ "email": "New@example.com", "role": "member" }));
    let token = added.json()["token"].clone();
    let redeem = || {
        let body = json!({ "token": token, "name": "New", "password": PASSWORD });
        server.nobody().post("/api/v1/redeem", &body)
    };
    let new = server.nobody().into_session(&redeem());
    assert_eq!(redeem().reason(), "link");
    let me = new.get("/api/v1/me").json();
    assert_eq!(me["user"]["email"], json!("new@example.com"));
    let project = &me["projects"][0];
    assert_eq!((&project["project"]["id"], &project["role"]), (&json!(1), &json!("member")));
    let path = format!("/api/v1/projects/1/members/{}", me["user"]["id"]);
    assert_eq!(admin.put(&path, &json!({ "role": "viewer" })).status, 200);
    assert_eq!(new.get("/api/v1/projects/1/keys").status, 403);
    assert_eq!(admin.delete(&path).status, 204);
    assert_eq!(new.get("/api/v1/projects/1/issues").status, 404);
    // Who is not in the project is not found by counting numbers.
    assert_eq!(admin.put(&path, &json!({ "role": "viewer" })).status, 404);
    let id = |client: &super::support::Client| client.get("/api/v1/me").json()["user"]["id"].clone();
    let own = format!("/api/v1/users/{}", id(&host));
    assert_eq!(host.delete(&own).reason(), "conflict");
    assert_eq!(host.send("PATCH", &own, Some(&json!({ "is_admin": false }))).reason(), "conflict");
    assert_eq!(host.delete(&format!("/api/v1/users/{}", id(&new))).status, 204);
    assert_eq!(new.get("/api/v1/me").status, 401);
    let mail = json!({ "email": "admin@example.com" });
    assert_eq!(host.post("/api/v1/invitations", &mail).reason(), "conflict");
}

/// With a path in the public address all is there too, and the cookie is for it alone.
#[test]
fn under_a_path() {
    let server = Running::start(&["--public-url", "https://faults.example/faultwire/"]);
    assert!(server.dsn.as_deref().unwrap().ends_with("@faults.example/faultwire/1"));
    assert!(server.setup_link.as_deref().unwrap().starts_with("https://faults.example/faultwire/setup#"));
    let mut nobody = server.nobody().with("origin", "https://faults.example");
    nobody.base = "/faultwire".to_owned();
    let body = json!({ "token": server.setup_token(), "email": "a@b.c", "name": "A", "password": PASSWORD });
    let answer = nobody.post("/api/v1/setup", &body);
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Secure-faultwire=") && cookie.ends_with("; HttpOnly; SameSite=Lax; Secure"));
    assert!(cookie.contains("; Path=/faultwire; "));
    let host = nobody.clone().into_session(&answer);
    let projects = host.get("/api/v1/projects").json();
    assert_eq!(projects["items"][0]["keys"][0]["dsn"], json!(server.dsn.clone().unwrap()));
    assert_eq!(nobody.get("/healthz").text(), "ok");
    let mut bare = nobody.clone();
    bare.base = String::new();
    let bare = bare.get("/faultwire?a=b");
    assert_eq!((bare.status, bare.header("location")), (308, Some("/faultwire/?a=b")));
    assert_eq!(server.nobody().get("/faultwirex/healthz").status, 404);
    // What the link opens finds its scripts and the API under the path.
    for page in ["/", "/setup", "/join"] {
        assert!(nobody.get(page).text().contains("<base href=\"/faultwire/\">"), "{page}");
    }
    assert_eq!(nobody.get("/api/v1/projects").status, 401);
    assert_eq!(nobody.get("/nothing").reason(), "not_found");
    let event = json!({ "event_id": "1".repeat(32), "message": "hello" });
    let key = nobody.clone().with("x-sentry-auth", &format!("Sentry sentry_key={}", server.first_key()));
    assert_eq!(key.post("/api/1/store/", &event).status, 200);
    // A proxy may take the path away, and probes do not know it.
    assert_eq!(server.nobody().get("/healthz").text(), "ok");
    assert_eq!(server.nobody().get("/api/v1/projects").status, 401);
    let metrics = host.get("/metrics");
    assert!(metrics.text().contains("route=\"/api/v1/projects\"") && !metrics.text().contains("/faultwire/"));
}

/// Nothing that opens a door stands in the database.
#[test]
fn secrets_are_not_stored() {
    let server = Running::start(&[]);
    let setup = server.setup_token();
    let host = server.host();
    let token = host.token("read", None);
    let link = host.post("/api/v1/invitations", &json!({ "email": "x@example.com" })).json()["token"].clone();
    let values = |client: &super::support::Client| client.headers.iter().map(|(_, v)| v.clone()).collect::<Vec<_>>();
    let mut secrets = vec![setup, link.as_str().unwrap().to_owned(), PASSWORD.to_owned()];
    secrets.extend(values(&host).into_iter().map(|v| v.replace("faultwire=", "")));
    secrets.extend(values(&token).into_iter().map(|v| v.replace("Bearer fwt_", "")));
    let folder = server.stop();
    let files = ["faultwire.db", "faultwire.db-wal"].map(|name| folder.path().join("data").join(name));
    let bytes: Vec<u8> = files.iter().filter_map(|file| std::fs::read(file).ok()).flatten().collect();
    assert!(bytes.windows(16).any(|part| part == b"host@example.com"));
    for secret in secrets {
        assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret}");
    }
}
