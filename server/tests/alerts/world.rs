//! A server as users run it: the binary, a data directory that goes with the test, and its API.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

/// The project that every server begins with.
pub const PROJECT: &str = "/api/v1/projects/1";

/// The file of certificates that a server trusts, if the test made one.
const TRUSTED: &str = "trusted.pem";

pub struct World {
    pub folder: tempfile::TempDir,
    flags: Vec<String>,
    child: Child,
    url: String,
    key: String,
    agent: ureq::Agent,
}

pub fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

fn agent() -> ureq::Agent {
    let config =
        ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(30)));
    config.build().new_agent()
}

/// Runs the binary; it, and the lines it prints until it listens.
fn run(folder: &std::path::Path, flags: &[String]) -> (Child, String, Option<String>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_faultwire-server"));
    command.arg("--data-dir").arg(folder).args(["--listen", "127.0.0.1:0", "--log", "warn"]).args(flags);
    if folder.join(TRUSTED).exists() {
        command.env("SSL_CERT_FILE", folder.join(TRUSTED));
    }
    let mut child = command.current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let url = lines.next().unwrap().unwrap().rsplit(' ').next().unwrap().to_owned();
    // The first start says the DSN as well.
    let is_first = !folder.join("known").exists();
    let dsn = is_first.then(|| lines.next().unwrap().unwrap());
    if is_first {
        let link = lines.next().unwrap().unwrap();
        let token = come_in(&url, link.rsplit('#').next().unwrap());
        std::fs::write(folder.join("known"), token).unwrap();
    }
    let key = dsn.map(|line| line.split("://").nth(1).unwrap().split('@').next().unwrap().to_owned());
    std::thread::spawn(move || lines.for_each(drop));
    (child, url, key)
}

/// Makes the first person; a token of theirs, which may do everything.
fn come_in(url: &str, secret: &str) -> String {
    let agent = agent();
    let person =
        json!({"token": secret, "email": "ada@example.org", "name": "Ada", "password": "correct horse battery"});
    let post = |path: &str, cookie: &str, csrf: &str, body: &Value| {
        let request = ureq::http::Request::builder().method("POST").uri(format!("{url}{path}"));
        let request = request.header("Content-Type", "application/json").header("Cookie", cookie);
        agent.run(request.header("X-Faultwire-CSRF", csrf).body(body.to_string()).unwrap()).unwrap()
    };
    let mut answer = post("/api/v1/setup", "", "", &person);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let said: Value = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
    let wanted = json!({"name": "test", "access": "write"});
    let mut answer = post("/api/v1/tokens", &cookie, said["csrf"].as_str().unwrap(), &wanted);
    let said: Value = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
    said["secret"].as_str().or(said["token"].as_str()).unwrap_or_else(|| panic!("{said}")).to_owned()
}

impl World {
    /// A server whose webhooks may go to this machine, and whose digests take a second, if `flags` do not say so.
    pub fn start(flags: &[&str]) -> World {
        World::bare(&World::usual(flags))
    }

    fn usual<'f>(flags: &[&'f str]) -> Vec<&'f str> {
        let usual =
            [["--webhook-allow", "127.0.0.1"], ["--alert-digest-seconds", "1"], ["--public-url", "https://f.example"]];
        let missing = usual.iter().filter(|pair| !flags.contains(&pair[0])).flatten().chain(flags);
        missing.copied().collect()
    }

    /// A server with `flags`.
    pub fn bare(flags: &[&str]) -> World {
        World::within(tempfile::tempdir().unwrap(), flags)
    }

    /// As [`World::start`]; it trusts this certificate and no other of the machine.
    pub fn trusting(pem: &str, flags: &[&str]) -> World {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(TRUSTED), pem).unwrap();
        World::within(folder, &World::usual(flags))
    }

    fn within(folder: tempfile::TempDir, flags: &[&str]) -> World {
        let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let (child, url, key) = run(folder.path(), &flags);
        World { folder, flags, child, url, key: key.unwrap(), agent: agent() }
    }

    /// Ends the server without a warning, and starts it again.
    pub fn crash(&mut self) {
        self.kill();
        self.again();
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn again(&mut self) {
        let (child, url, _) = run(self.folder.path(), &self.flags);
        (self.child, self.url, self.agent) = (child, url, agent());
    }

    /// Asks it to end, and waits.
    pub fn stop(&mut self) {
        // SAFETY: a signal to a child that was not waited for.
        unsafe { libc::kill(self.child.id() as i32, libc::SIGTERM) };
        assert!(self.child.wait().unwrap().success());
    }

    pub fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask("GET", path, None);
        assert_eq!(status, 200, "GET {path}: {body}");
        body
    }

    pub fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.ask("POST", path, Some(body));
        assert!((200..300).contains(&status), "POST {path}: {status} {answer}");
        answer
    }

    /// Status and body of any request of the API.
    pub fn ask(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let url = format!("{}{path}", self.url);
        let request = ureq::http::Request::builder().method(method).uri(url).header("Content-Type", "application/json");
        let token = std::fs::read_to_string(self.folder.path().join("known")).unwrap();
        let request = request.header("Authorization", format!("Bearer {token}"));
        let body = body.map_or_else(Vec::new, |body| body.to_string().into_bytes());
        let mut response = self.agent.run(request.body(body).unwrap()).unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        (response.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Makes a channel; its number.
    pub fn channel(&self, wanted: Value) -> i64 {
        self.post(&format!("{PROJECT}/channels"), wanted)["id"].as_i64().unwrap()
    }

    pub fn rules(&self, rules: Value) {
        let (status, answer) = self.ask("PUT", &format!("{PROJECT}/rules"), Some(json!({ "items": rules })));
        assert_eq!(status, 200, "{answer}");
    }

    /// Sends an event of the fault of this name; `more` is merged into it.
    pub fn fails(&self, fault: &str, more: Value) {
        let mut event = event(fault);
        for (name, value) in more.as_object().unwrap() {
            event[name] = value.clone();
        }
        self.envelope(&event);
    }

    pub fn envelope(&self, event: &Value) {
        let (header, event) = (json!({ "event_id": event["event_id"] }), event.to_string());
        let item = json!({ "type": "event", "length": event.len() });
        self.send(&format!("{header}\n{item}\n{event}\n"));
    }

    pub fn send(&self, envelope: &str) {
        let auth = format!("Sentry sentry_version=7, sentry_key={}", self.key);
        let request = self.agent.post(format!("{}/api/1/envelope/", self.url)).header("X-Sentry-Auth", auth);
        let mut response = request.send(envelope).unwrap();
        assert_eq!(response.status(), 200, "{}", response.body_mut().read_to_string().unwrap());
    }

    /// The issue of a fault, once it is there.
    pub fn issue(&self, fault: &str) -> i64 {
        let found = self.until(|| {
            let issues = self.get(&format!("{PROJECT}/issues?limit=100"));
            let items = issues["items"].as_array().unwrap().clone();
            items.into_iter().find(|issue| issue["type"] == fault).and_then(|issue| issue["id"].as_i64())
        });
        found.unwrap_or_else(|| panic!("no issue {fault}"))
    }

    /// Does something to an issue.
    pub fn moves(&self, issue: i64, what: &str) {
        self.post(&format!("{PROJECT}/issues/{issue}"), json!({ "move": what }));
    }

    /// The feed, the oldest first: event and issue.
    pub fn feed(&self) -> Vec<(String, i64)> {
        let feed = self.get(&format!("{PROJECT}/feed?limit=200"));
        let line = |line: &Value| (line["event"].as_str().unwrap().to_owned(), line["issue"].as_i64().unwrap());
        feed["items"].as_array().unwrap().iter().rev().map(line).collect()
    }

    /// Waits until the feed has an event so many times.
    pub fn fed(&self, event: &str, count: usize) {
        let seen = self.until(|| (self.feed().iter().filter(|(one, _)| one == event).count() >= count).then_some(()));
        seen.unwrap_or_else(|| panic!("{event} {count}: {:?}", self.feed()));
    }

    /// Waits until all that was sent is counted.
    pub fn counted(&self, events: u64) {
        let seen = self.until(|| {
            let issues = self.get(&format!("{PROJECT}/issues?limit=100"));
            let raw = issues["items"].as_array().unwrap().iter().map(|issue| issue["raw"].as_u64().unwrap());
            (raw.sum::<u64>() >= events).then_some(())
        });
        seen.unwrap_or_else(|| panic!("not {events} events counted"));
    }

    pub fn deliveries(&self) -> Vec<Value> {
        self.get(&format!("{PROJECT}/deliveries?limit=200"))["items"].as_array().unwrap().clone()
    }

    /// The log of deliveries, once nothing in it waits and there are so many.
    pub fn settled(&self, count: usize) -> Vec<Value> {
        let settled = self.until(|| {
            let log = self.deliveries();
            (log.len() >= count && log.iter().all(|message| message["state"] != "pending")).then_some(log)
        });
        settled.unwrap_or_else(|| panic!("not settled: {:#?}", self.deliveries()))
    }

    fn until<T>(&self, find: impl Fn() -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            match find() {
                None if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(10)),
                found => return found,
            }
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn event(fault: &str) -> Value {
    let mut id = [0; 16];
    getrandom::fill(&mut id).unwrap();
    let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    let frame = json!({ "function": format!("do_{fault}"), "module": format!("app.{fault}"), "filename": "app.py",
                        "lineno": 7, "in_app": true });
    json!({
        "event_id": id, "platform": "python", "level": "error", "timestamp": now(), "environment": "production",
        "exception": { "values": [{ "type": fault, "value": "it failed", "stacktrace": { "frames": [frame] } }] },
    })
}
