//! What routes answer against what the document says of them.

use std::collections::BTreeSet;

use faultwire_server::api;
use serde_json::{Value, json};

use super::support::{Answer, Client, PASSWORD, Running, until};

/// Asks, and holds what comes against the document.
struct Reader {
    document: Value,
    answered: BTreeSet<(String, String)>,
}

/// The path of the document with its parameters filled in, in their order.
fn filled(path: &str, values: &[&str]) -> String {
    let mut values = values.iter();
    let part = |part: &str| match part.starts_with('{') {
        true => values.next().unwrap_or_else(|| panic!("{path}: a value is missing")).to_string(),
        false => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

impl Reader {
    fn ask(&mut self, client: &Client, what: &str, values: &[&str], query: &str, body: Option<&Value>) -> Answer {
        let (method, path) = what.split_once(' ').unwrap();
        let answer = client.send(method, &format!("{}{query}", filled(path, values)), body);
        let operation = &self.document["paths"][path][method.to_lowercase()];
        let response = &operation["responses"][answer.status.to_string()];
        assert!(response.is_object(), "{what}: {} is not in the document: {answer:?}", answer.status);
        let has_body = !answer.text().is_empty();
        let kind = answer.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default();
        match response["content"].as_object() {
            None => assert!(!has_body, "{what}: it has a body"),
            Some(content) => {
                let schema = &content.get(kind).unwrap_or_else(|| panic!("{what}: {kind}"))["schema"];
                if kind == "application/json" {
                    self.check(what, schema, &answer.json());
                }
            }
        }
        for header in response["headers"].as_object().into_iter().flatten().map(|(name, _)| name) {
            assert!(answer.header(header).is_some() || header == "Set-Cookie", "{what}: no {header}");
        }
        if answer.status < 300 {
            self.answered.insert((method.to_owned(), path.to_owned()));
        }
        answer
    }

    fn check(&self, what: &str, schema: &Value, value: &Value) {
        let mut schema = schema.clone();
        schema["components"] = self.document["components"].clone();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let wrong: Vec<_> = validator.iter_errors(value).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(wrong.is_empty(), "{what}: {wrong:#?} in {value:#}");
    }

    fn get(&mut self, client: &Client, path: &str, values: &[&str]) -> Value {
        let answer = self.ask(client, &format!("GET {path}"), values, "", None);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        if answer.header("content-type") == Some("application/json") { answer.json() } else { Value::Null }
    }

    fn done(&mut self, client: &Client, what: &str, values: &[&str], body: Value) -> Value {
        let answer = self.ask(client, what, values, "", (!body.is_null()).then_some(&body));
        assert!(answer.status < 300, "{what}: {answer:?}");
        if answer.text().is_empty() { Value::Null } else { answer.json() }
    }
}

const P: &str = "/api/v1/projects/{project}";

/// A server that has some of everything answers each of its routes, and each answer is as the document says.
#[test]
fn every_route_answers_as_documented() {
    let server = Running::start(&[]);
    let nobody = server.nobody();
    let document = nobody.get("/api/v1/openapi.json").json();
    let mut reader = Reader { document, answered: BTreeSet::new() };
    let r = &mut reader;
    let p = |rest: &str| format!("{P}{rest}");

    // Doors.
    for probe in ["/healthz", "/readyz", "/api/v1/openapi.json"] {
        r.get(&nobody, probe, &[]);
    }
    let setup =
        json!({ "token": server.setup_token(), "email": "host@example.com", "name": "H", "password": PASSWORD });
    let answer = r.ask(&nobody, "POST /api/v1/setup", &[], "", Some(&setup));
    let host = nobody.clone().into_session(&answer);
    assert_eq!(r.ask(&nobody, "POST /api/v1/setup", &[], "", Some(&setup)).status, 403);
    let login = json!({ "email": "host@example.com", "password": PASSWORD });
    let second = nobody.clone().into_session(&r.ask(&nobody, "POST /api/v1/login", &[], "", Some(&login)));
    let wrong = json!({ "email": "host@example.com", "password": "x" });
    assert_eq!(r.ask(&nobody, "POST /api/v1/login", &[], "", Some(&wrong)).status, 401);
    assert_eq!(r.ask(&nobody, "POST /api/v1/login", &[], "", Some(&json!([]))).status, 400);
    r.get(&host, "/metrics", &[]);

    // Own things.
    r.get(&host, "/api/v1/me", &[]);
    r.done(&host, "PATCH /api/v1/me", &[], json!({ "name": "Ada" }));
    let token = json!({ "name": "ci", "access": "write", "expires": null });
    let made = r.done(&host, "POST /api/v1/tokens", &[], token);
    let by_token = host.bearer(made["secret"].as_str().unwrap());
    r.get(&by_token, "/api/v1/me", &[]);
    r.get(&host, "/api/v1/tokens", &[]);
    let number = made["token"]["number"].to_string();
    r.done(&host, "DELETE /api/v1/tokens/{token}", &[&number], Value::Null);
    assert_eq!(r.ask(&host, "DELETE /api/v1/tokens/{token}", &["999"], "", None).status, 404);
    assert_eq!(r.ask(&host, "DELETE /api/v1/tokens/{token}", &["x"], "", None).status, 400);
    let sessions = r.get(&host, "/api/v1/sessions", &[]);
    let other = sessions["items"].as_array().unwrap().iter().find(|s| s["number"] != sessions["current"]).unwrap();
    r.done(&host, "DELETE /api/v1/sessions/{session}", &[&other["number"].to_string()], Value::Null);
    assert_eq!(r.ask(&second, "GET /api/v1/me", &[], "", None).status, 401);
    r.done(&host, "DELETE /api/v1/sessions", &[], Value::Null);
    let password = json!({ "current": PASSWORD, "new": PASSWORD });
    r.done(&host, "POST /api/v1/password", &[], password);

    // People.
    let invited = r.done(&host, "POST /api/v1/invitations", &[], json!({ "email": "bob@example.com" }));
    let redeem = json!({ "token": invited["token"], "name": "Bob", "password": PASSWORD });
    let bob = nobody.clone().into_session(&r.ask(&nobody, "POST /api/v1/redeem", &[], "", Some(&redeem)));
    assert_eq!(r.ask(&nobody, "POST /api/v1/redeem", &[], "", Some(&redeem)).status, 403);
    let id = r.get(&bob, "/api/v1/me", &[])["user"]["id"].to_string();
    assert_eq!(r.ask(&bob, &format!("GET {P}/issues"), &["1"], "", None).status, 404);
    r.get(&host, "/api/v1/users", &[]);
    r.done(&host, "PATCH /api/v1/users/{user}", &[&id], json!({ "is_admin": false }));
    r.done(&host, "POST /api/v1/users/{user}/password-link", &[&id], Value::Null);
    let member = json!({ "email": "bob@example.com", "role": "viewer" });
    r.done(&host, &p_("POST", "/members"), &["1"], member);
    let new = json!({ "email": "new@example.com", "role": "admin" });
    r.done(&host, &p_("POST", "/members"), &["1"], new);
    r.get(&host, &p("/members"), &["1"]);
    r.done(&host, &p_("PUT", "/members/{user}"), &["1", &id], json!({ "role": "member" }));
    assert_eq!(r.ask(&bob, &p_("DELETE", ""), &["1"], "", None).status, 403);
    r.done(&host, &p_("DELETE", "/members/{user}"), &["1", &id], Value::Null);
    r.done(&bob, "POST /api/v1/logout", &[], Value::Null);
    r.done(&host, "DELETE /api/v1/users/{user}/sessions", &[&id], Value::Null);
    r.done(&host, "DELETE /api/v1/users/{user}", &[&id], Value::Null);
    let open = r.get(&host, "/api/v1/invitations", &[]);
    let number = open["items"][0]["number"].to_string();
    assert_eq!((&open["items"][0]["email"], &open["items"][0]["role"]), (&json!("new@example.com"), &json!("admin")));
    r.done(&host, "DELETE /api/v1/invitations/{invitation}", &[&number], Value::Null);
    assert_eq!(r.ask(&host, "DELETE /api/v1/invitations/{invitation}", &[&number], "", None).status, 404);

    r.done(&host, &p_("POST", "/members"), &["1"], json!({ "email": "new@example.com", "role": "viewer" }));
    let number = r.get(&host, &p("/invitations"), &["1"])["items"][0]["number"].to_string();
    assert_eq!(r.ask(&host, &p_("DELETE", "/invitations/{invitation}"), &["2", &number], "", None).status, 404);
    r.done(&host, &p_("DELETE", "/invitations/{invitation}"), &["1", &number], Value::Null);

    // Projects.
    let shop = r.done(&host, "POST /api/v1/projects", &[], json!({ "name": "Shop" }));
    assert_eq!(
        r.ask(&host, "POST /api/v1/projects", &[], "", Some(&json!({ "name": "S", "slug": "shop" }))).status,
        409
    );
    let shop = shop["project"]["id"].to_string();
    r.get(&host, "/api/v1/projects", &[]);
    r.get(&host, P, &["1"]);
    r.done(&host, &p_("PATCH", ""), &["1"], json!({ "name": "Faults" }));
    let key = json!({ "kind": "browser", "origins": ["https://shop.example"] });
    let key = r.done(&host, &p_("POST", "/keys"), &["1"], key)["key"]["public"].as_str().unwrap().to_owned();
    let key = r.done(&host, &p_("POST", "/keys/{key}/rotate"), &["1", &key], Value::Null);
    let public = key["key"]["public"].as_str().unwrap();
    r.done(&host, &p_("DELETE", "/keys/{key}"), &["1", public], Value::Null);
    r.get(&host, &p("/keys"), &["1"]);
    r.done(&host, &p_("POST", "/deploys"), &["1"], json!({ "release": "shop@1.0.0", "time": 1 }));
    r.get(&host, &p("/settings"), &["1"]);
    r.done(&host, &p_("PATCH", "/settings"), &["1"], json!({ "retention_days": 7, "customer_tag": null }));
    for wrong in [json!({ "retention_days": 0 }), json!({ "other": 1 }), json!([])] {
        assert_eq!(r.ask(&host, &p_("PATCH", "/settings"), &["1"], "", Some(&wrong)).status, 400, "{wrong}");
    }
    r.get(&host, "/api/v1/health", &[]);

    // Alerts.
    let hook = json!({ "kind": "webhook", "url": "http://127.0.0.1:9/", "secret": "0123456789abcdef", "name": "w" });
    let channel = r.done(&host, &p_("POST", "/channels"), &["1"], hook)["id"].to_string();
    r.get(&host, &p("/channels"), &["1"]);
    r.get(&host, &p("/channels/{channel}"), &["1", &channel]);
    r.done(&host, &p_("PATCH", "/channels/{channel}"), &["1", &channel], json!({ "enabled": false }));
    r.done(&host, &p_("POST", "/channels/{channel}/test"), &["1", &channel], Value::Null);
    let rules = r.get(&host, &p("/rules"), &["1"]);
    r.done(&host, &p_("PUT", "/rules"), &["1"], rules);
    r.get(&host, &p("/deliveries"), &["1"]);

    // Issues.
    let (event, key) = ("a".repeat(32), server.first_key());
    assert_eq!(server.send(1, &key, &event), 200);
    let issue = until("the issue", || {
        host.get("/api/v1/projects/1/issues").json()["items"].get(0).map(|issue| issue["id"].to_string())
    });
    r.get(&host, &p("/issues"), &["1"]);
    for query in ["?limit=x", "?other=1", "?status=unknown"] {
        assert_eq!(r.ask(&host, &p_("GET", "/issues"), &["1"], query, None).status, 400, "{query}");
    }
    r.get(&host, &p("/issues/{issue}"), &["1", &issue]);
    for what in [
        json!({ "move": "ignore_until_count", "count": 7 }),
        json!({ "move": "resolve_in_release", "release": "shop@1.0.0" }),
        json!({ "move": "ignore_until_next_release" }),
        json!({ "move": "reopen" }),
    ] {
        r.done(&host, &p_("POST", "/issues/{issue}"), &["1", &issue], what);
        r.get(&host, &p("/issues/{issue}"), &["1", &issue]);
    }
    r.get(&host, &p("/issues/{issue}/similar"), &["1", &issue]);
    r.get(&host, &p("/counts"), &["1"]);
    r.get(&host, &p("/filters"), &["1"]);
    let asked = format!("?issues={issue},999&hours=3");
    let activity = r.ask(&host, &p_("GET", "/activity"), &["1"], &asked, None).json();
    assert_eq!(activity["items"], json!([{ "issue": issue.parse::<i64>().unwrap(), "hours": [0.0, 0.0, 1.0] }]));
    for query in ["", "?issues=", "?issues=x", "?issues=1,", "?issues=1&hours=x"] {
        assert_eq!(r.ask(&host, &p_("GET", "/activity"), &["1"], query, None).status, 400, "{query}");
    }
    assert_eq!(r.get(&host, &p("/events/{event}/grouping"), &["1", &event])["agrees"], true);
    assert_eq!(r.ask(&host, &p_("GET", "/events/{event}/grouping"), &["1", &"b".repeat(32)], "", None).status, 404);
    let session = "INSERT INTO session_hours VALUES (1, 'shop@1.0.0', 'production', 1, 5, 3, 1, 1, 0)";
    server.database().execute(session, []).unwrap();
    r.get(&host, &p("/sessions"), &["1"]);
    assert_eq!(r.get(&host, &p("/releases"), &["1"])["items"].as_array().unwrap().len(), 1);
    let stale = host.clone().with("if-match", "\"1\"");
    let body = json!({ "move": "resolve" });
    assert_eq!(r.ask(&stale, &p_("POST", "/issues/{issue}"), &["1", &issue], "", Some(&body)).status, 412);
    let ids = json!([{ "id": issue.parse::<i64>().unwrap() }, { "id": 999 }]);
    r.done(&host, &p_("POST", "/issues"), &["1"], json!({ "issues": ids, "move": { "move": "acknowledge" } }));
    assert!(!r.ask(&host, &p_("GET", "/issues.csv"), &["1"], "", None).text().is_empty());
    assert!(!r.ask(&host, &p_("GET", "/issues.jsonl"), &["1"], "", None).text().is_empty());
    r.get(&host, &p("/issues/{issue}/occurrences"), &["1", &issue]);
    r.get(&host, &p("/events/{event}"), &["1", &event]);
    assert_eq!(r.ask(&host, &p_("GET", "/events/{event}"), &["1", "xyz"], "", None).status, 400);
    assert_eq!(r.ask(&host, &p_("GET", "/events/{event}"), &["1", &"b".repeat(32)], "", None).status, 404);
    r.get(&host, &p("/feed"), &["1"]);
    r.get(&host, &p("/outcomes"), &["1"]);
    r.get(&host, &p("/stream"), &["1"]);
    r.get(&host, "/api/v1/stream", &[]);
    r.done(&host, &p_("POST", "/forget-user"), &["1"], json!({ "user": "ada" }));

    // What goes last.
    r.done(&host, &p_("DELETE", "/channels/{channel}"), &["1", &channel], Value::Null);
    let answer = r.ask(&host, &p_("DELETE", ""), &[&shop], "?confirm=shop", None);
    assert_eq!(answer.status, 204);

    let answered = reader.answered;
    let routes = api::table().into_iter().filter(|route| !route.is_page());
    let missing: Vec<_> = routes
        .map(|route| (route.method.to_string(), route.path.to_owned()))
        .filter(|route| !answered.contains(route))
        .collect();
    assert!(missing.is_empty(), "never answered here: {missing:?}");
}

fn p_(method: &str, rest: &str) -> String {
    format!("{method} {P}{rest}")
}
