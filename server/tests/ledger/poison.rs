//! An event that brings the code down does not hold up the others.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use faultwire_server::PatternId;
use faultwire_server::clock;
use faultwire_server::consume::{Consumer, Doorway, Ledger};
use faultwire_server::log::{self, Encoding, KeyKind, Log, Record};
use faultwire_server::store::sqlite::Filter;
use faultwire_server::store::{OccurrenceReader, OccurrenceStore, Place, Usage};
use faultwire_server::telemetry::Metrics;
use serde_json::{Value, json};

use crate::book::{Book, SHOP};

/// Files, until they are to keep something that says "poison".
pub struct Fragile<S>(pub S);

impl<S: OccurrenceStore> OccurrenceStore for Fragile<S> {
    fn put(&mut self, pattern: PatternId, payload: &[u8], is_kept: bool) -> io::Result<Place> {
        assert!(!payload.windows(6).any(|part| part == b"poison"), "as it is meant to be");
        self.0.put(pattern, payload, is_kept)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync()
    }

    fn discard(&mut self) {
        self.0.discard();
    }

    fn end(&self) -> Option<Place> {
        self.0.end()
    }

    fn leave(&mut self, places: &[Place]) {
        self.0.leave(places);
    }

    fn erase(&mut self, places: &[Place]) -> io::Result<()> {
        self.0.erase(places)
    }

    fn usage(&self) -> io::Result<Usage> {
        self.0.usage()
    }

    fn remove(&mut self, file: u32) -> io::Result<()> {
        self.0.remove(file)
    }

    fn reader(&self) -> Arc<dyn OccurrenceReader> {
        self.0.reader()
    }
}

/// A consumer under way over a log.
struct Way {
    files: Arc<log::Files>,
    doorway: Doorway,
    consumer: std::thread::JoinHandle<()>,
}

impl Way {
    fn start(book: &Book, bodies: Vec<Vec<u8>>, change: impl FnOnce(&mut Ledger)) -> Way {
        let (doorway, metrics) = (Doorway::default(), Arc::new(Metrics::default()));
        let files = Arc::new(log::Files::open(&book.path("log"), book.position()).unwrap());
        bodies.into_iter().for_each(|body| append(&files, body));
        let (mut ledger, reading) = book.lend(|occurrences| Box::new(Fragile(occurrences)));
        change(&mut ledger);
        let consumer = Consumer::new(files.clone(), ledger, doorway.clone(), reading, metrics).unwrap();
        Way { files, doorway, consumer: std::thread::spawn(move || consumer.run()) }
    }

    fn end(self) {
        self.doorway.close();
        self.files.close();
        self.consumer.join().unwrap();
    }
}

fn append(files: &log::Files, body: Vec<u8>) {
    let received = clock::now();
    let (project, key, encoding, plain) = (SHOP, KeyKind::Server, Encoding::Identity, None);
    let record = Record { project, key, received, encoding, body, plain };
    files.append(record).unwrap().blocking_recv().unwrap().unwrap();
}

fn until_counted(book: &Book, count: u64) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while book.issues(&Filter::default()).first().is_none_or(|issue| issue.raw < count) {
        assert!(Instant::now() < deadline, "it goes on");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn envelope(event: &Value) -> Vec<u8> {
    format!("{}\n{}\n{event}\n", json!({ "event_id": event["event_id"] }), json!({ "type": "event" })).into_bytes()
}

/// Two of eleven, in one batch with the others and with what has no id: these two are outcomes under their ids, all else
/// is counted once, and what comes later as well.
#[test]
fn what_cannot_be_counted_is_said_and_the_rest_counts() {
    let mut book = Book::new();
    let mut events: Vec<Value> = (0..11).map(|_| book.event_at("KeyError", "a.py", clock::now())).collect();
    for number in [3, 7] {
        events[number]["extra"] = json!({ "what": "poison" });
    }
    let report = json!({ "discarded_events": [{ "reason": "queue", "category": "error", "quantity": 5 }] });
    let report = format!("{{}}\n{{\"type\":\"client_report\"}}\n{report}\n").into_bytes();
    let mut bodies: Vec<Vec<u8>> = events.iter().map(envelope).collect();
    bodies.insert(5, report);
    let way = Way::start(&book, bodies, |_| {});
    until_counted(&book, 9);
    let mut last = events[0].clone();
    last["event_id"] = json!("f".repeat(32));
    append(&way.files, envelope(&last));
    until_counted(&book, 10);
    way.end();

    assert_eq!(book.issues(&Filter::default())[0].raw, 10);
    assert_eq!((book.not_counted("internal_error"), book.not_counted("duplicate")), (2, 0));
    for number in [3, 7] {
        let listed = book.outcomes(events[number]["event_id"].as_str().unwrap());
        assert_eq!(listed, ["internal_error"]);
    }
    assert_eq!(book.left_out("queue"), 5);
}

/// Who is told of a batch and fails at it does not make uncounted what is counted: nothing is lost, repeated or said to be.
#[test]
fn who_is_told_and_fails_changes_nothing() {
    let mut book = Book::new();
    let mut bodies: Vec<Vec<u8>> = (0..5).map(|_| envelope(&book.event_at("KeyError", "a.py", clock::now()))).collect();
    let report = json!({ "discarded_events": [{ "reason": "queue", "category": "error", "quantity": 5 }] });
    bodies.push(format!("{{}}\n{{\"type\":\"client_report\"}}\n{report}\n").into_bytes());
    let way = Way::start(&book, bodies, |ledger| ledger.listen(|_| panic!("as it is meant to be")));
    until_counted(&book, 5);
    append(&way.files, envelope(&book.event_at("KeyError", "a.py", clock::now())));
    until_counted(&book, 6);
    way.end();
    assert_eq!(book.issues(&Filter::default())[0].raw, 6);
    assert_eq!((book.not_counted("internal_error"), book.not_counted("duplicate"), book.left_out("queue")), (0, 0, 5));
}
