//! Keys of ingestion: what is changed is in force with the answer.

use serde_json::json;

use super::support::Running;

#[test]
fn rotation_takes_effect_at_once() {
    let server = Running::start(&[]);
    let host = server.host();
    let old = server.first_key();
    assert_eq!(server.send(1, &old, &"1".repeat(32)), 200);
    let rotated = host.post(&format!("/api/v1/projects/1/keys/{old}/rotate"), &json!({}));
    assert_eq!(rotated.status, 201);
    let new = rotated.json()["key"]["public"].as_str().unwrap().to_owned();
    assert!(rotated.json()["dsn"].as_str().unwrap().contains(&new));
    assert_eq!(server.send(1, &old, &"2".repeat(32)), 401);
    assert_eq!(server.send(1, &new, &"2".repeat(32)), 200);
    // What is revoked is not rotated.
    assert_eq!(host.post(&format!("/api/v1/projects/1/keys/{old}/rotate"), &json!({})).status, 404);
    assert_eq!(host.delete(&format!("/api/v1/projects/1/keys/{new}")).status, 204);
    assert_eq!(server.send(1, &new, &"3".repeat(32)), 401);
    // Nor is the key of another project this one's.
    let other = host.post("/api/v1/projects", &json!({ "name": "Other" })).json();
    let foreign = other["keys"][0]["key"]["public"].as_str().unwrap();
    assert_eq!(host.delete(&format!("/api/v1/projects/1/keys/{foreign}")).status, 404);
    assert_eq!(server.send(other["project"]["id"].as_i64().unwrap(), foreign, &"4".repeat(32)), 200);
    // A restart knows it as well.
    let server = Running::start_in(server.stop(), &[]);
    assert_eq!(server.send(1, &new, &"5".repeat(32)), 401);
}

#[test]
fn browser_keys_have_origins() {
    let server = Running::start(&[]);
    let host = server.host();
    let make = |origins: serde_json::Value| {
        host.post("/api/v1/projects/1/keys", &json!({ "kind": "browser", "origins": origins }))
    };
    for wrong in ["shop.example", "https://", "https://a/b", "https://a b", "javascript:alert(1)"] {
        assert_eq!(make(json!([wrong])).reason(), "invalid", "{wrong}");
    }
    let made = make(json!(["https://*.shop.example"])).json();
    let key = made["key"]["public"].as_str().unwrap();
    let from = |origin: &str| {
        let page = server.nobody().with("origin", origin).with("x-sentry-auth", &format!("Sentry sentry_key={key}"));
        page.post("/api/1/store/", &json!({ "event_id": "6".repeat(32), "message": "hello" })).status
    };
    assert_eq!((from("https://www.shop.example"), from("https://evil.example")), (200, 403));
    let with_origins = json!({ "kind": "server", "origins": ["https://a.example"] });
    assert_eq!(host.post("/api/v1/projects/1/keys", &with_origins).reason(), "invalid");
}
