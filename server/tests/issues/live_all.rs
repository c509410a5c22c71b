//! The live stream of all projects that someone sees, whichever these are by now.

use std::io::Read;
use std::net::TcpStream;

use serde_json::json;

use super::live::{Entry, Stream, greeted, is};
use super::story::{PROJECT, event};
use super::support::{Client, Running, until};

const STREAM: &str = "/api/v1/stream";

/// A server with two projects.
struct Two {
    server: Running,
    host: Client,
    keys: [String; 2],
}

impl Two {
    fn begin() -> Two {
        let server = Running::start(&[]);
        let host = server.host();
        let other = make(&host, "Other");
        let keys = [server.first_key(), other];
        Two { server, host, keys }
    }

    /// A new fault in a project.
    fn fault(&self, project: usize, kind: &str) {
        fault(&self.server, project, &self.keys[project - 1], kind);
    }
}

/// Makes a project; its key.
fn make(host: &Client, name: &str) -> String {
    let made = host.post("/api/v1/projects", &json!({ "name": name })).json();
    made["keys"][0]["key"]["public"].as_str().unwrap().to_owned()
}

/// Gives someone a role in a project.
fn let_in(host: &Client, project: i64, email: &str) {
    let member = json!({ "email": email, "role": "viewer" });
    assert_eq!(host.post(&format!("/api/v1/projects/{project}/members"), &member).status, 201);
}

fn fault(server: &Running, project: usize, key: &str, kind: &str) {
    let client = server.nobody().with("x-sentry-auth", &format!("Sentry sentry_version=7, sentry_key={key}"));
    assert_eq!(client.post(&format!("/api/{project}/store/"), &event(kind, "a", &[kind])).status, 200);
}

fn open(client: &Client) -> Stream<TcpStream> {
    greeted(client, STREAM).0
}

fn resume(client: &Client, id: &str) -> (Stream<TcpStream>, Entry) {
    greeted(&client.clone().with("last-event-id", id), STREAM)
}

/// Whether it is the first that is told of a fault.
fn is_new(kind: &str) -> impl Fn(&Entry) -> bool {
    let title = format!("{kind}: a");
    move |entry| is("event", "new")(entry) && entry.data["title"] == title
}

/// The projects that entries are of, each once.
fn projects(entries: &[Entry]) -> Vec<i64> {
    let mut projects: Vec<i64> = entries.iter().map(|entry| entry.data["project"].as_i64().unwrap()).collect();
    projects.sort_unstable();
    projects.dedup();
    projects
}

/// Everyone is told of what they see and of nothing else: all, one of two, and by a token that is for one.
#[test]
fn each_is_told_of_the_projects_that_they_see() {
    let two = Two::begin();
    let ada = two.server.person(&two.host, "ada@example.com", Some((1, "viewer")));
    let bob = two.server.person(&two.host, "bob@example.com", None);
    let narrow = two.host.token("read", Some(2));
    let mut streams = [&two.host, &ada, &narrow, &bob].map(open);
    for (project, kind) in [(1, "First"), (2, "Second"), (1, "Third"), (2, "Fourth")] {
        two.fault(project, kind);
        streams[0].until(is_new(kind));
    }
    let [_, of_ada, narrow, of_bob] = &mut streams;
    assert_eq!(projects(&of_ada.until(is_new("Third"))), [1]);
    assert_eq!(projects(&narrow.until(is_new("Fourth"))), [2]);
    // Who sees nothing is told nothing, but is there: with a role they are told that all is another.
    let_in(&two.host, 1, "bob@example.com");
    two.fault(1, "Fifth");
    assert_eq!(of_bob.next().name, "reset");
}

/// The first that a stream says is of which build and time the server is, and where to go on from.
#[test]
fn a_stream_begins_with_hello() {
    let two = Two::begin();
    let me = two.host.get("/api/v1/me");
    for path in [STREAM, "/api/v1/projects/1/stream"] {
        let before = faultwire_server::clock::now();
        let (stream, hello) = greeted(&two.host, path);
        let now = hello.data["now"].as_i64().unwrap();
        assert!((before..=faultwire_server::clock::now()).contains(&now), "{now}");
        assert_eq!(hello.data["build"].as_str(), me.header("x-faultwire-build"));
        assert_eq!(hello.data["version"].as_str(), me.header("x-faultwire"));
        assert_eq!(two.host.get(path).header("x-accel-buffering"), Some("no"), "proxies pass it on as it comes");
        drop(stream);
        // Who has read nothing else misses nothing either.
        let kind = format!("Missed{}", path.len());
        two.fault(1, &kind);
        until("the fault", || two.host.get(&format!("{PROJECT}/issues")).text().contains(&kind).then_some(()));
        let (mut again, greeting) = greeted(&two.host.clone().with("last-event-id", &hello.id), path);
        assert_eq!(greeting.id, hello.id, "hello is nothing that was missed");
        assert!(again.until(is_new(&kind)).iter().all(|entry| entry.name != "reset"));
    }
}

/// What was missed comes from all projects; what cannot be told again is said to be gone, before there is an id that
/// would leave it out.
#[test]
fn who_comes_back_gets_what_they_missed() {
    let two = Two::begin();
    let mut stream = open(&two.host);
    two.fault(1, "First");
    let id = stream.until(is_new("First")).pop().unwrap().id;
    drop(stream);
    two.fault(2, "Second");
    two.fault(1, "Third");
    let missed = resume(&two.host, &id).0.until(is_new("Third"));
    assert!(missed.iter().all(|entry| entry.name != "reset"));
    assert_eq!(projects(&missed), [1, 2]);
    let (folder, host) = (two.server.stop(), two.host);
    let server = Running::start_in(folder, &[]);
    let host = Client { address: server.address, ..host };
    let (mut stream, hello) = resume(&host, &id);
    let reset = stream.next();
    assert_eq!((hello.id.as_str(), reset.name.as_str()), ("", "reset"));
    fault(&server, 2, &two.keys[1], "Fourth");
    stream.until(is_new("Fourth"));
    let missed = resume(&host, &reset.id).0.until(is_new("Fourth"));
    assert!(missed.iter().all(|entry| entry.name != "reset"));
}

/// A role that is given, and a project that is made, while a stream is open: it says that all has to be read again and
/// tells of them from then on. Nothing more has to happen after what was passed over.
#[test]
fn who_gets_to_see_more_is_told_of_it() {
    let two = Two::begin();
    let ada = two.server.person(&two.host, "ada@example.com", Some((1, "viewer")));
    let mut stream = open(&ada);
    let_in(&two.host, 2, "ada@example.com");
    two.fault(2, "Passed");
    assert_eq!(stream.until(|entry| entry.name == "reset").len(), 1);
    two.fault(2, "Told");
    assert_eq!(projects(&stream.until(is_new("Told"))), [2]);
    let mut stream = open(&two.host);
    let key = make(&two.host, "Made");
    fault(&two.server, 3, &key, "Of the third");
    stream.until(|entry| entry.name == "reset");
    fault(&two.server, 3, &key, "Another");
    stream.until(is_new("Another"));
}

/// A role that is taken ends what is told of its project, and of no other; with the person the stream ends.
#[test]
fn who_gets_to_see_less_is_told_less() {
    let two = Two::begin();
    let ada = two.server.person(&two.host, "ada@example.com", Some((1, "viewer")));
    let_in(&two.host, 2, "ada@example.com");
    let id = ada.get("/api/v1/me").json()["user"]["id"].clone();
    let mut stream = open(&ada);
    two.fault(2, "Before");
    stream.until(is_new("Before"));
    assert_eq!(two.host.delete(&format!("/api/v1/projects/2/members/{id}")).status, 204);
    let mut sent = 0..;
    let mut send = |project| two.fault(project, &format!("Of{project}n{}", sent.next().unwrap()));
    let read = std::thread::scope(|scope| {
        let reading = scope.spawn(|| stream.until(|entry| entry.name == "reset"));
        until("the reset", || {
            send(2);
            reading.is_finished().then_some(())
        });
        reading.join().unwrap()
    });
    assert!(read.iter().all(|entry| entry.name == "reset" || entry.data["project"] == 2));
    two.fault(2, "Hidden");
    two.fault(1, "After");
    assert_eq!(projects(&stream.until(is_new("After"))), [1]);
    assert_eq!(two.host.delete(&format!("/api/v1/users/{id}")).status, 204);
    let ended = std::thread::spawn(move || stream.0.read_to_end(&mut Vec::new()).unwrap());
    until("the stream to end", || {
        send(1);
        ended.is_finished().then_some(())
    });
    ended.join().unwrap();
}
