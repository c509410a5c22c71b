//! A server with one person who may everything, and what is sent to it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::support::{Client, Running, until};

/// The project that every server begins with.
pub const PROJECT: &str = "/api/v1/projects/1";

pub struct Story {
    pub server: Running,
    pub host: Client,
    pub key: String,
}

/// Seconds since 1970.
pub fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

fn id() -> String {
    let mut id = [0; 16];
    getrandom::fill(&mut id).unwrap();
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An event of an exception with this way through the code, the caller first.
pub fn event(kind: &str, value: &str, path: &[&str]) -> Value {
    let frame = |name: &&str| json!({ "function": name, "module": format!("app.{name}"), "in_app": true, "lineno": 7 });
    let frames: Vec<Value> = path.iter().map(frame).collect();
    json!({
        "event_id": id(), "platform": "python", "level": "error", "timestamp": now(), "environment": "production",
        "exception": { "values": [{ "type": kind, "value": value, "stacktrace": { "frames": frames } }] },
    })
}

impl Story {
    pub fn begin(settings: &[&str]) -> Story {
        let server = Running::start(settings);
        let (host, key) = (server.host(), server.first_key());
        Story { server, host, key }
    }

    /// The status and the head of the answer to an envelope of these items.
    pub fn envelope(&self, items: &[(&str, Value)]) -> (u16, String) {
        let mut body = "{}\n".to_owned();
        for (ty, payload) in items {
            let payload = payload.to_string();
            body.push_str(&format!("{}\n{payload}\n", json!({ "type": ty, "length": payload.len() })));
        }
        self.raw(&format!("Sentry sentry_version=7, sentry_key={}", self.key), &body)
    }

    /// The same for a body as it is.
    pub fn raw(&self, auth: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.server.address).unwrap();
        let length = body.len();
        let request = format!(
            "POST /api/1/envelope/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-sentry-auth: {auth}\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        (answer.split(' ').nth(1).unwrap().parse().unwrap(), answer)
    }

    pub fn send(&self, event: &Value) {
        let (status, answer) = self.envelope(&[("event", event.clone())]);
        assert_eq!(status, 200, "{answer}");
    }

    pub fn get(&self, path: &str) -> Value {
        let answer = self.host.get(&format!("{PROJECT}{path}"));
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()
    }

    pub fn items(&self, path: &str) -> Vec<Value> {
        self.get(path)["items"].as_array().unwrap().clone()
    }

    /// The issue of a kind of exception, once it is there.
    pub fn issue(&self, kind: &str) -> i64 {
        until(kind, || self.items("/issues?limit=100").iter().find(|issue| issue["type"] == kind)?["id"].as_i64())
    }
}
