//! The signed webhook, and where it may not go.

use std::time::{SystemTime, UNIX_EPOCH};

use ring::hmac;
use serde_json::json;

use crate::http::Receiver;
use crate::world::{PROJECT, World};

/// A receiver that follows the documentation can check who sent it.
#[test]
fn the_signature_is_of_timestamp_and_body() {
    let (world, receiver) = (World::start(&[]), Receiver::start());
    let secret = "a secret of some length";
    world.channel(json!({ "kind": "webhook", "url": receiver.url("/hook?a=b"), "secret": secret }));
    world.fails("First", json!({ "release": "app@1" }));
    let request = receiver.accepted(1).remove(0);
    assert_eq!(request.line, "POST /hook?a=b HTTP/1.1");
    let timestamp = request.header("X-Faultwire-Timestamp");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    assert!(now - timestamp.parse::<u64>().unwrap() < 20);
    let signed = [timestamp.as_bytes(), b".", &request.body].concat();
    let digits = request.header("X-Faultwire-Signature").strip_prefix("v1=").unwrap().to_owned();
    let bytes: Vec<u8> = (0..64).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect();
    let key = |secret: &str| hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hmac::verify(&key(secret), &signed, &bytes).unwrap();
    assert!(hmac::verify(&key("another secret"), &signed, &bytes).is_err());
    let body = request.json();
    assert_eq!(body["id"], request.id());
    let alert = &body["alerts"][0];
    assert_eq!((alert["event"].as_str(), alert["release"].as_str()), (Some("new"), Some("app@1")));
    assert_eq!(alert["title"], "First: it failed");
}

/// This machine is inside: refused by address and by name, until the admin opens it.
#[test]
fn inside_is_closed() {
    let receiver = Receiver::start();
    let hook = receiver.url("/");
    for (flags, host, is_open) in [
        (&[][..], "127.0.0.1", false),
        (&["--webhook-allow", "10.0.0.0/8,other.internal"], "127.0.0.1", false),
        (&["--webhook-allow", "127.0.0.0/8"], "127.0.0.1", true),
        (&[], "localhost", false),
        (&["--webhook-allow", "localhost"], "localhost", true),
        (&["--webhook-allow", "localhost"], "127.0.0.1", false),
    ] {
        let world = World::bare(flags);
        let before = receiver.requests().len();
        let url = hook.replace("127.0.0.1", host);
        let channel = world.channel(json!({ "kind": "webhook", "url": url, "secret": "0123456789abcdef" }));
        let tried = world.post(&format!("{PROJECT}/channels/{channel}/test"), json!({}));
        assert_eq!(tried["state"], if is_open { "sent" } else { "failed" }, "{flags:?} {host}: {tried}");
        assert_eq!(tried["note"].as_str().unwrap().contains("webhook_allow"), !is_open, "{tried}");
        assert_eq!(receiver.requests().len() - before, usize::from(is_open), "{flags:?} {host}");
    }
}
