//! Starts the real binary, speaks real HTTP to it, and never leaves it behind.

#![allow(dead_code, reason = "each test uses its part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test helper fails by panicking")]

pub mod samples;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use faultwire::protocol::Value;

/// A sink that dies with its value, and with the test's process: its standard input closes then.
pub struct Sink {
    pub child: Child,
    pub stdin: Option<ChildStdin>,
    pub stdout: BufReader<ChildStdout>,
    pub data: String,
    pub control: String,
    pub dsn: String,
    agent: ureq::Agent,
}

/// A status, headers and a body.
pub struct Answer {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

pub fn binary() -> Command {
    Command::new(env!("CARGO_BIN_EXE_faultwire-sink"))
}

/// A client whose every call ends within `timeout`.
pub fn agent(timeout: Duration) -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(timeout)).build().into()
}

impl Sink {
    pub fn start(options: &[&str]) -> Sink {
        let mut child = binary()
            .args(options)
            .arg("--until-stdin-closes")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut next = |name: &str| {
            let mut line = String::new();
            stdout.read_line(&mut line).unwrap();
            line.strip_prefix(name).unwrap_or_else(|| panic!("{name} expected, found {line:?}")).trim().to_owned()
        };
        let (data, dsn, control) = (next("listening "), next("dsn "), next("control "));
        let stdin = child.stdin.take();
        Sink { child, stdin, stdout, data, control, dsn, agent: agent(Duration::from_secs(20)) }
    }

    pub fn quiet() -> Sink {
        Sink::start(&["--quiet"])
    }

    pub fn envelope_url(&self) -> String {
        format!("{}/api/1/envelope/", self.data)
    }

    /// Posts a body to the envelope endpoint.
    pub fn post(&self, body: &[u8]) -> Answer {
        self.post_with(&[], body).unwrap()
    }

    pub fn post_with(&self, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer, ureq::Error> {
        self.post_to(&self.envelope_url(), headers, body)
    }

    pub fn post_to(&self, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer, ureq::Error> {
        post(&self.agent, url, headers, body)
    }

    /// `GET` on the control port.
    pub fn get(&self, path: &str) -> Answer {
        answer(self.agent.get(format!("{}{path}", self.control)).call().unwrap())
    }

    /// `POST` on the control port.
    pub fn order(&self, path: &str, body: &str) -> Answer {
        self.post_to(&format!("{}{path}", self.control), &[], body.as_bytes()).unwrap()
    }

    pub fn mode(&self, body: &str) {
        let answer = self.order("/_sink/mode", body);
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    pub fn events(&self) -> Vec<Value> {
        self.get("/_sink/events").json().as_array().unwrap().clone()
    }

    pub fn requests(&self) -> Vec<Value> {
        self.get("/_sink/requests").json().as_array().unwrap().clone()
    }

    pub fn stats(&self) -> Value {
        self.get("/_sink/stats").json()
    }

    /// Everything printed after the first lines, once the sink has ended.
    pub fn printed(mut self) -> String {
        drop(self.stdin.take());
        let mut text = String::new();
        self.stdout.read_to_string(&mut text).unwrap();
        text
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // Not by its standard input alone: a sink that hangs must fail its test, not the whole run.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn post(agent: &ureq::Agent, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer, ureq::Error> {
    let request = headers.iter().fold(agent.post(url), |request, (name, value)| request.header(*name, *value));
    Ok(answer(request.send(body)?))
}

fn answer(response: ureq::http::Response<ureq::Body>) -> Answer {
    let (head, mut body) = response.into_parts();
    Answer { status: head.status.as_u16(), headers: head.headers, body: body.read_to_vec().unwrap() }
}

pub fn gzip(body: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(body).unwrap();
    packed.finish().unwrap()
}
