//! What programs may do with a token.

use serde_json::json;

use super::support::{Running, until};

/// A token may what its scope says, at most what its owner may, and until it ends.
#[test]
fn a_token_is_bound_by_its_scope_and_its_owner() {
    let server = Running::start(&[]);
    let host = server.host();
    host.post("/api/v1/projects", &json!({ "name": "Second" }));
    let ada = server.person(&host, "ada@example.com", Some((1, "member")));
    let make = |project: i64| {
        let body = json!({ "name": "ci", "access": "write", "project": project });
        ada.post("/api/v1/tokens", &body).status
    };
    // Not for what its owner does not see.
    assert_eq!((make(1), make(2), make(99)), (201, 400, 400));
    let deploy = |client: &super::support::Client, project: i64| {
        client.post(&format!("/api/v1/projects/{project}/deploys"), &json!({ "release": "1.0" })).status
    };
    let (reads, writes) = (ada.token("read", None), ada.token("write", Some(1)));
    assert_eq!((deploy(&reads, 1), deploy(&writes, 1), deploy(&writes, 2)), (403, 200, 404));
    assert_eq!(reads.get("/api/v1/projects/1/issues").status, 200);
    assert_eq!(writes.post("/api/v1/projects/1/keys", &json!({ "kind": "server" })).status, 403);
    // Neither makes itself another.
    assert_eq!(writes.post("/api/v1/tokens", &json!({ "name": "x", "access": "write" })).status, 403);

    until("the use to be noted", || {
        let tokens = ada.get("/api/v1/tokens").json();
        tokens["items"][0]["used"].is_i64().then_some(())
    });
    server.database().execute("UPDATE tokens SET expires = 1 WHERE writes = 0", []).unwrap();
    assert_eq!(reads.get("/api/v1/me").status, 401);
    let past = json!({ "name": "x", "access": "read", "expires": 1 });
    assert_eq!(ada.post("/api/v1/tokens", &past).reason(), "invalid");

    // The owner leaves the project, and so do their tokens.
    let id = ada.get("/api/v1/me").json()["user"]["id"].clone();
    let member = format!("/api/v1/projects/1/members/{id}");
    host.put(&member, &json!({ "role": "viewer" }));
    assert_eq!(deploy(&writes, 1), 403);
    host.delete(&member);
    assert_eq!(deploy(&writes, 1), 404);
}

/// The secret is told once, and a revoked token is none at once.
#[test]
fn a_token_is_shown_once_and_revoked_at_once() {
    let server = Running::start(&[]);
    let host = server.host();
    let made = host.post("/api/v1/tokens", &json!({ "name": "deploys", "access": "read" })).json();
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("fwt_") && secret.len() == 68);
    let token = host.bearer(secret);
    let me = token.get("/api/v1/me").json();
    assert_eq!((&me["token"]["name"], &me["csrf"]), (&json!("deploys"), &json!(null)));
    assert!(!host.get("/api/v1/tokens").text().contains(&secret[4..]));
    // A cookie beside a wrong token does not help it.
    let mut both = host.clone().with("authorization", "Bearer fwt_wrong");
    assert_eq!(both.get("/api/v1/me").status, 401);
    both = both.with("authorization", "Basic aG9zdDpob3N0");
    assert_eq!(both.get("/api/v1/me").status, 401);
    let path = format!("/api/v1/tokens/{}", made["token"]["number"]);
    // It is not someone else's to revoke.
    assert_eq!(server.person(&host, "ada@example.com", None).delete(&path).status, 404);
    assert_eq!(token.get("/api/v1/me").status, 200);
    assert_eq!(host.delete(&path).status, 204);
    assert_eq!(token.get("/api/v1/me").status, 401);
}

/// The audit trail says who did it: a person by their address, a program by its token besides.
#[test]
fn who_did_it() {
    let server = Running::start(&[]);
    let host = server.host();
    assert_eq!(server.send(1, &server.first_key(), &"a".repeat(32)), 200);
    let issue = until("the issue", || {
        host.get("/api/v1/projects/1/issues").json()["items"].get(0).map(|issue| issue["id"].to_string())
    });
    let path = format!("/api/v1/projects/1/issues/{issue}");
    assert_eq!(host.post(&path, &json!({ "move": "acknowledge" })).status, 200);
    assert_eq!(host.token("write", Some(1)).post(&path, &json!({ "move": "resolve" })).status, 200);
    let history = host.get(&path).json()["details"]["history"].clone();
    let who: Vec<_> = history.as_array().unwrap().iter().map(|line| line["who"].as_str().unwrap()).collect();
    assert_eq!(who, ["host@example.com (token ci)", "host@example.com", ""]);
}
