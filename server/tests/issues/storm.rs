//! An issue that fires as fast as clients can send: the stream tells of it once a second, and of its milestones.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::story::{PROJECT, Story, event};
use super::support::until;

/// How long it fires.
const STORM: Duration = Duration::from_secs(6);
const CLIENTS: usize = 4;
/// Events that a client sends before it waits for the answers to all of them.
const PIPELINE: usize = 16;

/// One entry of the stream: when it came, what it is called, what it says.
#[derive(Debug)]
struct Told {
    at: Instant,
    name: String,
    data: Value,
}

/// Reads the stream until `is_over` and a second has passed in which nothing came but what keeps it alive.
fn listen(story: &Story, is_over: &AtomicBool) -> Vec<Told> {
    let mut reader = story.host.open(&format!("{PROJECT}/stream"));
    reader.get_ref().set_read_timeout(Some(Duration::from_millis(2500))).unwrap();
    let (mut told, mut name, mut line) = (Vec::new(), String::new(), String::new());
    loop {
        match reader.read_line(&mut line) {
            Ok(0) => return told,
            Err(_) if is_over.load(Ordering::Relaxed) => return told,
            // Half a line stays.
            Err(_) => continue,
            Ok(_) => {}
        }
        if let Some(text) = line.strip_prefix("event: ") {
            name = text.trim().to_owned();
        } else if let Some(text) = line.strip_prefix("data: ") {
            let data = serde_json::from_str(text.trim()).unwrap();
            told.push(Told { at: Instant::now(), name: std::mem::take(&mut name), data });
        }
        line.clear();
    }
}

/// Sends events of one fault on a connection that it keeps, until the time is over; how many were accepted.
fn fire(story: &Story, client: usize, until: Instant) -> u64 {
    let stream = TcpStream::connect(story.server.address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let (mut writer, mut reader) = (stream.try_clone().unwrap(), BufReader::new(stream));
    let auth = format!("Sentry sentry_version=7, sentry_key={}", story.server.first_key());
    // Only the id differs: to make the others anew would cost more than to send them.
    let template = event("Storm", "it rains", &["main", "rain"]);
    let (id, template) = (template["event_id"].as_str().unwrap().to_owned(), template.to_string());
    let mut accepted = 0;
    while Instant::now() < until {
        let mut requests = Vec::new();
        for n in 0..PIPELINE as u64 {
            let body = template.replace(&id, &format!("{client:016x}{:016x}", accepted + n));
            let length = body.len();
            let head = format!(
                "POST /api/1/store/ HTTP/1.1\r\nhost: x\r\nx-sentry-auth: {auth}\r\ncontent-length: {length}\r\n\r\n"
            );
            requests.extend(head.into_bytes());
            requests.extend(body.into_bytes());
        }
        writer.write_all(&requests).unwrap();
        for _ in 0..PIPELINE {
            let (mut line, mut length) = (String::new(), 0);
            reader.read_line(&mut line).unwrap();
            assert!(line.contains(" 200 "), "{line}");
            while line != "\r\n" {
                line.clear();
                reader.read_line(&mut line).unwrap();
                let value = line.to_ascii_lowercase();
                length = value.strip_prefix("content-length: ").map_or(length, |value| value.trim().parse().unwrap());
            }
            reader.read_exact(&mut vec![0; length]).unwrap();
            accepted += 1;
        }
    }
    accepted
}

/// All are counted; the stream has at most one change of the issue in a second, of which the last counts all, and
/// beside that it being new, its milestones and that it is a spike, once each; so has the feed.
#[test]
fn a_storm_is_told_once_a_second() {
    let story = Story::begin(&[]);
    let is_over = AtomicBool::new(false);
    let began = Instant::now();
    let (told, accepted) = std::thread::scope(|scope| {
        let listener = scope.spawn(|| listen(&story, &is_over));
        // The stream is there before the first event.
        until("a reader", || {
            let metrics = story.host.get("/metrics");
            metrics.text().contains("faultwire_live_streams 1").then_some(())
        });
        let (story, end) = (&story, Instant::now() + STORM);
        let clients: Vec<_> = (0..CLIENTS).map(|client| scope.spawn(move || fire(story, client, end))).collect();
        let accepted: u64 = clients.into_iter().map(|client| client.join().unwrap()).sum();
        let issue = story.issue("Storm");
        until("all to be counted", || {
            (story.get(&format!("/issues/{issue}"))["issue"]["raw"] == accepted).then_some(())
        });
        is_over.store(true, Ordering::Relaxed);
        (listener.join().unwrap(), accepted)
    });
    let rate = accepted as f64 / STORM.as_secs_f64();
    println!("{accepted} events in {STORM:?}: {rate:.0} a second");
    assert!(accepted > 1000, "a storm: {accepted}");

    let named = |name: &str| told.iter().filter(|one| one.name == name).collect::<Vec<_>>();
    let (changes, events) = (named("issue"), named("event"));
    assert_eq!(named("hello").len() + changes.len() + events.len(), told.len(), "nothing was missed: {told:#?}");
    // The server's seconds and those of whoever reads begin at different moments.
    let seconds = began.elapsed().as_secs() + 2;
    assert!(changes.len() as u64 <= seconds && changes.len() >= 3, "{} in {seconds} s", changes.len());
    for pair in changes.windows(3) {
        assert!(pair[2].at - pair[0].at > Duration::from_millis(1500), "{pair:?}");
    }
    assert_eq!(changes.last().unwrap().data["raw"], json!(accepted));
    let milestones: Vec<u64> =
        [10, 50, 100, 500, 1000, 5000, 10_000, 50_000].into_iter().filter(|milestone| *milestone <= accepted).collect();
    let mut kinds: Vec<&str> = events.iter().map(|one| one.data["event"].as_str().unwrap()).collect();
    assert_eq!(story.items("/feed?limit=200").len(), kinds.len());
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds, ["milestone", "new", "spike"]);
    // Of several that one batch crosses, the highest is told.
    let crossed = events.len() - 2;
    assert!((1..=milestones.len()).contains(&crossed), "{milestones:?}: {events:#?}");
    let last = events.iter().rfind(|one| one.data["event"] == "milestone").unwrap();
    assert!(last.data["detail"].to_string().contains(&milestones.last().unwrap().to_string()), "{last:?}");
}
