//! A server in a directory of its own, and a client that speaks plain HTTP to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use clap::Parser;
use faultwire_server::api::Pages;
use faultwire_server::server::Server;
use faultwire_server::settings::Settings;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot;

pub const PASSWORD: &str = "correct horse battery";
const DEADLINE: Duration = Duration::from_secs(20);

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    settings: Settings,
}

/// A server that runs until it is dropped or stopped.
pub struct Running {
    pub address: SocketAddr,
    pub dsn: Option<String>,
    pub setup_link: Option<String>,
    folder: TempDir,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    pub fn start(settings: &[&str]) -> Running {
        Running::start_in(tempfile::tempdir().unwrap(), settings)
    }

    pub fn start_in(folder: TempDir, settings: &[&str]) -> Running {
        Running::with(folder, settings, Pages::own())
    }

    /// One whose dashboard is this folder.
    pub fn showing(dist: &Path, settings: &[&str]) -> Running {
        Running::with(tempfile::tempdir().unwrap(), settings, Pages::Folder(dist.to_owned()))
    }

    fn with(folder: TempDir, settings: &[&str], pages: Pages) -> Running {
        let data = folder.path().join("data");
        let data = data.to_str().unwrap();
        let own = ["test", "--listen", "127.0.0.1:0", "--data-dir", data];
        let settings = Cli::parse_from(own.iter().chain(settings)).settings;
        let (stop, stopped) = oneshot::channel::<()>();
        let (sender, started) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async {
                let server = Server::with(settings, pages).await.unwrap();
                sender.send((server.address(), server.first_dsn.clone(), server.setup_link.clone())).unwrap();
                server.run(async { drop(stopped.await) }).await.unwrap();
            });
        });
        let (address, dsn, setup_link) = started.recv().unwrap();
        Running { address, dsn, setup_link, folder, stop: Some(stop), thread: Some(thread) }
    }

    /// Stops it; its directory, for another one.
    pub fn stop(mut self) -> TempDir {
        self.end();
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }

    fn end(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }

    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The database, for what time would do.
    pub fn database(&self) -> rusqlite::Connection {
        let connection = rusqlite::Connection::open(self.data_dir().join("faultwire.db")).unwrap();
        connection.busy_timeout(DEADLINE).unwrap();
        connection
    }

    pub fn nobody(&self) -> Client {
        Client { address: self.address, base: String::new(), headers: Vec::new() }
    }

    pub fn setup_token(&self) -> String {
        self.setup_link.as_deref().unwrap().split_once('#').unwrap().1.to_owned()
    }

    /// The first person.
    pub fn host(&self) -> Client {
        let setup = json!({ "token": self.setup_token(), "email": "host@example.com", "name": "Host",
                            "password": PASSWORD });
        let answer = self.nobody().post("/api/v1/setup", &setup);
        assert_eq!(answer.status, 201, "{answer:?}");
        self.nobody().into_session(&answer)
    }

    /// Someone invited by `host`, with a role in a project.
    pub fn person(&self, host: &Client, email: &str, role: Option<(i64, &str)>) -> Client {
        let mut invitation = json!({ "email": email });
        if let Some((project, role)) = role {
            invitation["project"] = json!(project);
            invitation["role"] = json!(role);
        }
        let invited = host.post("/api/v1/invitations", &invitation);
        assert_eq!(invited.status, 201, "{invited:?}");
        let redeem = json!({ "token": invited.json()["token"], "name": email, "password": PASSWORD });
        let answer = self.nobody().post("/api/v1/redeem", &redeem);
        assert_eq!(answer.status, 200, "{answer:?}");
        self.nobody().into_session(&answer)
    }

    pub fn login(&self, email: &str) -> Answer {
        self.nobody().post("/api/v1/login", &json!({ "email": email, "password": PASSWORD }))
    }

    /// The key of the project that the first start made.
    pub fn first_key(&self) -> String {
        let dsn = self.dsn.as_deref().unwrap();
        dsn.split_once("://").unwrap().1.split_once('@').unwrap().0.to_owned()
    }

    /// Sends an event; the status of the answer.
    pub fn send(&self, project: i64, key: &str, event_id: &str) -> u16 {
        let event = json!({ "event_id": event_id, "platform": "python", "level": "error",
            "user": { "id": "ada", "email": "ada@customers.example" },
            "exception": { "values": [{ "type": "ValueError", "value": "no such thing" }] } });
        let auth = format!("Sentry sentry_version=7, sentry_key={key}");
        let client = self.nobody().with("x-sentry-auth", &auth);
        client.post(&format!("/api/{project}/store/"), &event).status
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// What the build of a dashboard leaves, in little. Its page is as it is written; what else a browser reads is packed.
pub fn dist() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let page = "<!doctype html><html><head><base href=\"/\"><meta name=\"faultwire-build\" content=\"__BUILD__\">\
                <script src=\"theme.js\"></script><script type=\"module\" src=\"./assets/app-1.js\"></script>";
    std::fs::write(folder.path().join("index.html"), page).unwrap();
    std::fs::create_dir(folder.path().join("assets")).unwrap();
    for (name, content) in [("assets/app-1.js", "let app = 1;"), ("theme.js", "let theme = 1;"), ("icon.svg", "<svg/>")]
    {
        let file = std::fs::File::create(folder.path().join(format!("{name}.gz"))).unwrap();
        let mut packed = GzEncoder::new(file, Compression::best());
        packed.write_all(content.as_bytes()).unwrap();
        packed.finish().unwrap();
    }
    folder
}

/// Waits for something to become so.
pub fn until<T>(what: &str, mut is_so: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = is_so() {
            return answer;
        }
        assert!(started.elapsed() < DEADLINE, "{what}: not within {DEADLINE:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Who sends these headers with everything.
#[derive(Debug, Clone)]
pub struct Client {
    pub address: SocketAddr,
    pub base: String,
    pub headers: Vec<(String, String)>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    head: String,
    body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub fn reason(&self) -> String {
        self.json()["reason"].as_str().unwrap_or_default().to_owned()
    }

    pub fn text(&self) -> &str {
        &self.body
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(':'));
        fields.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    }

    /// `name=value` of the cookie that it sets.
    pub fn cookie(&self) -> Option<&str> {
        self.header("set-cookie")?.split(';').next()
    }
}

impl Client {
    pub fn with(mut self, name: &str, value: &str) -> Client {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn without(mut self, name: &str) -> Client {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    /// As a browser goes on that was answered so.
    pub fn into_session(self, answer: &Answer) -> Client {
        let csrf = answer.json()["csrf"].as_str().unwrap().to_owned();
        self.with("cookie", answer.cookie().unwrap()).with("x-faultwire-csrf", &csrf)
    }

    pub fn bearer(&self, token: &str) -> Client {
        let nobody = Client { headers: Vec::new(), ..self.clone() };
        nobody.with("authorization", &format!("Bearer {token}"))
    }

    /// A client that has a new token of this one's.
    pub fn token(&self, access: &str, project: Option<i64>) -> Client {
        let made = self.post("/api/v1/tokens", &json!({ "name": "ci", "access": access, "project": project }));
        assert_eq!(made.status, 201, "{made:?}");
        self.bearer(made.json()["secret"].as_str().unwrap())
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None)
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, Some(body))
    }

    pub fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, Some(body))
    }

    pub fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None)
    }

    /// The answer as it comes, headers and all.
    pub fn open(&self, path: &str) -> BufReader<TcpStream> {
        self.ask("GET", path, None)
    }

    pub fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let mut reader = self.ask(method, path, body);
        let mut answer = String::new();
        while !answer.ends_with("\r\n\r\n") && reader.read_line(&mut answer).unwrap() > 0 {}
        // A live stream has no end.
        if !answer.contains("text/event-stream") {
            reader.read_to_string(&mut answer).unwrap();
        }
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// Sends what is no JSON as a whole.
    pub fn text(&self, path: &str, body: &str) -> Answer {
        let mut answer = String::new();
        self.say("POST", path, body).read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> BufReader<TcpStream> {
        self.say(method, path, &body.map(Value::to_string).unwrap_or_default())
    }

    fn say(&self, method: &str, path: &str, body: &str) -> BufReader<TcpStream> {
        let mut head = format!("{method} {}{path} HTTP/1.1\r\nconnection: close\r\n", self.base);
        let own = [("host", self.address.to_string()), ("content-length", body.len().to_string())];
        let own = own.iter().filter(|(name, _)| !self.headers.iter().any(|(known, _)| known == name));
        own.for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
        if !body.is_empty() {
            head.push_str("content-type: application/json\r\n");
        }
        self.headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.write_all(format!("{head}\r\n{body}").as_bytes()).unwrap();
        BufReader::new(stream)
    }
}
