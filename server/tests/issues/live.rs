//! The live stream: what happens is told as it happens, and what was missed is told again.

use std::io::{BufRead, BufReader, Read};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::story::{PROJECT, Story, event};
use super::support::{Client, Running, until};

const STREAM: &str = "/api/v1/projects/1/stream";

/// One entry of a stream.
#[derive(Debug, Clone)]
pub struct Entry {
    pub id: String,
    pub name: String,
    pub data: Value,
}

/// A reader of entries, from wherever the bytes come.
pub struct Stream<R>(pub BufReader<R>);

impl<R: Read> Stream<R> {
    /// The next entry; whatever else is on the wire has none of these three fields.
    pub fn next(&mut self) -> Entry {
        let (mut id, mut name, mut line) = (String::new(), String::new(), String::new());
        let started = Instant::now();
        loop {
            line.clear();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "the stream ended");
            // What keeps the connection alive is no entry.
            assert!(started.elapsed() < Duration::from_secs(30), "no entry came");
            match line.trim_end().split_once(": ") {
                Some(("id", value)) => id = value.to_owned(),
                Some(("event", value)) => name = value.to_owned(),
                Some(("data", value)) => return Entry { id, name, data: serde_json::from_str(value).unwrap() },
                _ => {}
            }
        }
    }

    /// Entries up to the first that is looked for, with it.
    pub fn until(&mut self, is_it: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        let mut read = Vec::new();
        loop {
            read.push(self.next());
            if is_it(read.last().unwrap()) {
                return read;
            }
        }
    }
}

/// A stream, and the first that it says.
pub fn greeted(client: &Client, path: &str) -> (Stream<std::net::TcpStream>, Entry) {
    let mut reader = client.open(path);
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        reader.read_line(&mut line).unwrap();
    }
    let mut stream = Stream(reader);
    let hello = stream.next();
    assert_eq!(hello.name, "hello");
    (stream, hello)
}

fn open(client: &Client) -> Stream<std::net::TcpStream> {
    greeted(client, STREAM).0
}

fn resume(client: &Client, id: &str) -> Stream<std::net::TcpStream> {
    open(&client.clone().with("last-event-id", id))
}

pub fn is(name: &'static str, event: &'static str) -> impl Fn(&Entry) -> bool {
    move |entry| entry.name == name && entry.data["event"] == event
}

/// Events of issues by what is told, without what the issue is now.
fn told(entries: &[Entry]) -> Vec<String> {
    let events = entries.iter().filter(|entry| entry.name == "event");
    events.map(|entry| entry.data["event"].as_str().unwrap().to_owned()).collect()
}

/// New, changed, milestone, and that a channel is told; then how the issue is now.
#[test]
fn what_happens_is_told_as_it_happens() {
    let story = Story::begin(&["--webhook-allow", "127.0.0.1"]);
    let hook = json!({ "kind": "webhook", "url": "http://127.0.0.1:9/", "secret": "0123456789abcdef" });
    let channel = story.host.post(&format!("{PROJECT}/channels"), &hook).json()["id"].clone();
    let mut stream = open(&story.host);
    story.send(&event("KeyError", "'sku'", &["pay"]));
    let mut entries = stream.until(|entry| entry.name == "issue");
    let new = entries.iter().find(|entry| is("event", "new")(entry)).unwrap();
    assert_eq!((&new.data["title"], &new.data["culprit"]), (&json!("KeyError: 'sku'"), &json!("app.pay in pay")));
    let alert = entries.iter().find(|entry| is("alert", "new")(entry)).unwrap();
    assert_eq!((&alert.data["channel"], &alert.data["issue"]), (&channel, &new.data["issue"]));
    let issue = entries.last().unwrap().data.clone();
    assert_eq!(
        (&issue["id"], &issue["raw"], &issue["status"]["status"]),
        (&new.data["issue"], &json!(1), &json!("unresolved"))
    );
    let path = format!("{PROJECT}/issues/{}", issue["id"]);
    assert_eq!(story.host.post(&path, &json!({ "move": "acknowledge" })).status, 200);
    entries.extend(stream.until(is("event", "changed")));
    assert_eq!(entries.last().unwrap().data["who"], "host@example.com");
    (0..9).for_each(|_| story.send(&event("KeyError", "'sku'", &["pay"])));
    entries.extend(stream.until(is("event", "milestone")));
    assert_eq!(entries.last().unwrap().data["detail"]["milestone"], 10);
    assert_eq!(told(&entries), ["new", "changed", "milestone"]);
    let number = |entry: &Entry| entry.id.rsplit_once('.').unwrap().1.parse::<u64>().unwrap();
    assert!(entries.windows(2).all(|pair| number(&pair[0]) < number(&pair[1])), "{entries:#?}");
}

/// With the id of the last entry a reader goes on where they were: nothing is missing and nothing comes twice.
#[test]
fn who_comes_back_gets_what_they_missed() {
    let story = Story::begin(&[]);
    let mut stream = open(&story.host);
    story.send(&event("First", "a", &["first"]));
    let id = stream.until(is("event", "new")).pop().unwrap().id;
    drop(stream);
    for kind in ["Second", "Third"] {
        story.send(&event(kind, "a", &[kind]));
        story.issue(kind);
    }
    let mut again = resume(&story.host, &id);
    let mut missed = again.until(|entry| is("event", "new")(entry) && entry.data["title"] == "Third: a");
    story.send(&event("Fourth", "a", &["fourth"]));
    missed.extend(again.until(is("event", "new")));
    assert!(missed.iter().all(|entry| entry.name != "reset" && entry.id != id), "{missed:#?}");
    let titles: Vec<_> = missed.iter().filter(|e| e.name == "event").map(|e| e.data["title"].clone()).collect();
    assert_eq!(titles, ["Second: a", "Third: a", "Fourth: a"]);
    // Whoever begins is told of nothing that was before.
    let mut fresh = open(&story.host);
    story.send(&event("Fifth", "a", &["fifth"]));
    let first = fresh.until(|entry| entry.name == "event").pop().unwrap();
    assert_eq!(first.data["title"], "Fifth: a");
}

/// What cannot be told again is said to be gone: an id that never was, and one of the server before a restart.
#[test]
fn what_is_gone_is_said_to_be() {
    let story = Story::begin(&[]);
    let mut stream = open(&story.host);
    story.send(&event("First", "a", &["first"]));
    let known = stream.until(is("event", "new")).pop().unwrap().id;
    let (era, _) = known.rsplit_once('.').unwrap();
    for id in ["nonsense", "7", &format!("{era}.999999"), &format!("{era}.x"), "another.1"] {
        let mut stream = resume(&story.host, id);
        let first = stream.next();
        assert_eq!(first.name, "reset", "{id}");
        // From there on it goes on, as from any other.
        let kind = format!("After{}", id.len());
        story.send(&event(&kind, "a", &[&kind]));
        let mut later = resume(&story.host, &first.id);
        assert!(later.until(is("event", "new")).iter().all(|entry| entry.name != "reset"), "{id}");
    }
    let (folder, host) = (story.server.stop(), story.host);
    let again = Running::start_in(folder, &[]);
    let host = Client { address: again.address, ..host };
    assert_eq!(resume(&host, &known).next().name, "reset");
}

/// However often an issue occurs, how it is now is told once a second; and at last as it is in the end.
#[test]
fn an_issue_changes_at_most_once_a_second() {
    let story = Story::begin(&[]);
    let mut stream = open(&story.host);
    let started = Instant::now();
    let mut sent = 0;
    while started.elapsed() < Duration::from_millis(2500) {
        story.send(&event("Storm", "a", &["storm"]));
        sent += 1;
    }
    assert!(sent > 10, "no storm: {sent}");
    let entries = stream.until(|entry| entry.name == "issue" && entry.data["raw"] == sent);
    let seconds = started.elapsed().as_secs_f64();
    let changes = entries.iter().filter(|entry| entry.name == "issue").count();
    assert!((2..=seconds.ceil() as usize + 1).contains(&changes), "{changes} in {seconds} s");
}

/// A reader that takes nothing holds up neither what comes in nor who reads beside them; when they go on they are told
/// that they have missed something.
#[test]
fn a_slow_reader_holds_up_nobody() {
    let story = Story::begin(&["--hourly-new-issues", "100000"]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // Little that the machine itself would take for them.
    let slow = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let stream = socket.connect(story.server.address).await.unwrap().into_std().unwrap();
        stream.set_nonblocking(false).unwrap();
        stream
    });
    let cookie = &story.host.headers.iter().find(|(name, _)| name == "cookie").unwrap().1;
    let request = format!("GET {STREAM} HTTP/1.1\r\nhost: {}\r\ncookie: {cookie}\r\n\r\n", story.server.address);
    std::io::Write::write_all(&mut &slow, request.as_bytes()).unwrap();
    let mut quick = open(&story.host);
    // More than the ring has, and the buffers of two sockets take.
    let (faults, long) = (4500, "\u{1f980}".repeat(190));
    let read = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while read.load(Ordering::Relaxed) < faults {
                let entry = quick.next();
                assert_ne!(entry.name, "reset", "who reads has nothing to begin anew");
                read.fetch_add(usize::from(is("event", "new")(&entry)), Ordering::Relaxed);
            }
        });
        for sender in 0..4 {
            let (story, long, read) = (&story, &long, &read);
            scope.spawn(move || {
                for n in (sender..faults).step_by(4) {
                    // No faster than they read: the ring is for all.
                    until("the other reader", || (read.load(Ordering::Relaxed) + 1000 > n).then_some(()));
                    let mut fault = event(&format!("Fault{n}{long}"), "a", &[&format!("f{n}x")]);
                    fault["transaction"] = json!(long);
                    story.send(&fault);
                }
            });
        }
    });
    until("all are counted", || {
        let count: i64 =
            story.server.database().query_row("SELECT COUNT(*) FROM issues", [], |row| row.get(0)).unwrap();
        (count == faults as i64).then_some(())
    });
    slow.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let read = Stream(BufReader::new(slow)).until(|entry| entry.name == "reset");
    assert!(told(&read).len() < faults, "they had it all");
}
