//! The audit trail says who changed an issue, and why, if they said.

use serde_json::{Value, json};

use super::support::{Running, until};

#[test]
fn a_reason_stands_in_the_trail() {
    let server = Running::start(&[]);
    let host = server.host();
    assert_eq!(server.send(1, &server.first_key(), &"a".repeat(32)), 200);
    let id = until("the issue", || host.get("/api/v1/projects/1/issues").json()["items"][0]["id"].as_i64());
    let path = format!("/api/v1/projects/1/issues/{id}");
    let change = |body: Value| host.post(&path, &body);
    let last = || host.get(&path).json()["details"]["history"][0].clone();
    assert_eq!(change(json!({ "move": "resolve", "why": "fixed by <b>#12</b>" })).status, 200);
    assert_eq!((&last()["detail"]["why"], &last()["who"]), (&json!("fixed by <b>#12</b>"), &json!("host@example.com")));
    let body = json!({ "move": "resolve_in_release", "release": "app@2", "why": "see the deploy" });
    assert_eq!(change(body).status, 200);
    assert_eq!(last()["detail"]["did"], json!({ "move": "resolve_in_release", "release": "app@2" }));
    assert_eq!(last()["detail"]["why"], "see the deploy");
    let many = json!({ "issues": [{ "id": id }], "move": { "move": "reopen" }, "why": "not fixed" });
    assert_eq!(host.post("/api/v1/projects/1/issues", &many).json()["items"][0]["outcome"], "done");
    assert_eq!(last()["detail"]["why"], "not fixed");
    for nothing in [json!({ "move": "acknowledge" }), json!({ "move": "acknowledge", "why": null })] {
        assert_eq!(change(nothing).status, 200);
        assert_eq!(last()["detail"].get("why"), None);
    }
    // Nothing wrong is passed over, and nothing wrong is done.
    let before = last();
    for wrong in [
        json!({ "move": "resolve", "why": "x".repeat(501) }),
        json!({ "move": "resolve", "why": 7 }),
        json!({ "move": "resolve", "because": "x" }),
        json!({ "move": "resolve", "release": "app@2" }),
        json!({ "move": "resolve_in_release", "why": "x" }),
        json!({ "move": "resolve_in_release", "release": "" }),
        json!({ "move": "resolve_in_release", "release": "x".repeat(201) }),
        json!({ "why": "x" }),
    ] {
        assert_eq!(change(wrong.clone()).reason(), "invalid", "{wrong}");
    }
    for (what, why) in [
        (json!({ "move": "resolve" }), "x".repeat(501)),
        (json!({ "move": "resolve_in_release", "release": "" }), "x".to_owned()),
    ] {
        let body = json!({ "issues": [{ "id": id }], "move": what, "why": why });
        assert_eq!(host.post("/api/v1/projects/1/issues", &body).reason(), "invalid", "{what}");
    }
    assert_eq!(last(), before);
    // The document says the same.
    let document = server.nobody().get("/api/v1/openapi.json").json();
    let operation = &document["paths"]["/api/v1/projects/{project}/issues/{issue}"]["post"];
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(
        (&schema["properties"]["why"]["maxLength"], &schema["unevaluatedProperties"]),
        (&json!(500), &json!(false))
    );
}
