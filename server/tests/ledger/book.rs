//! A ledger in a directory that goes with it.

use std::path::PathBuf;
use std::sync::Arc;

use faultwire::sanitize::Sanitizer;
use faultwire::stacktrace::Rules;
use faultwire_server::alerts::{Channel, Config, Kind, Rule};
use faultwire_server::clock::{DAY, HOUR};
use faultwire_server::consume::ledger::{Answer, Cause, Limits, Move, Set};
use faultwire_server::consume::{Counts, Ledger, Occurrence, Origin, Reading, SessionSender, Tables};
use faultwire_server::issues::{Fingerprint, Issue};
use faultwire_server::log::{KeyKind, Position};
use faultwire_server::project_settings::{ByProject, InForce};
use faultwire_server::store::sqlite::{Filter, Reader, ReleaseRow, Sqlite};
use faultwire_server::store::{Counted, FilesReader, IssueStore, OccurrenceFiles, OccurrenceStore, Registry};
use faultwire_server::{IssueId, ProjectId};
use serde_json::{Value, json};
use tempfile::TempDir;

/// When everything is received, unless said otherwise.
pub const NOW: i64 = 1_700_000_000_000;
pub const SHOP: ProjectId = ProjectId(1);

pub struct Book {
    folder: TempDir,
    ledger: Ledger,
    reading: Reading,
    limits: InForce,
    batches: u32,
    events: u32,
}

fn test() -> Cause {
    Cause { who: "test".to_owned(), why: None }
}

fn limits() -> InForce {
    InForce {
        customer_tag: "customer".to_owned(),
        auto_resolve_days: 0,
        hourly_new_issues: 500,
        store_first: 1000,
        store_one_in: 10,
        retention_days: 90,
        cleanup_quiet: false,
        hourly_quota: 0,
    }
}

fn ledger(
    folder: &TempDir,
    limits: &InForce,
    keep: impl FnOnce(OccurrenceFiles) -> Box<dyn OccurrenceStore>,
) -> (Ledger, Reading) {
    let store = Sqlite::open(&folder.path().join("db"), 64 << 20).unwrap();
    let shop = |registry: Registry<'_>| match registry.projects().get(SHOP)? {
        Some(_) => Ok(()),
        None => registry.projects().create("shop", "Shop", NOW).map(drop),
    };
    store.registry(shop).unwrap();
    let files = OccurrenceFiles::open(&folder.path().join("occurrences"), store.occurrences_end()).unwrap();
    let of = Arc::new(ByProject::new(limits.clone()));
    let tables = Tables {
        sanitizer: Sanitizer::default(),
        rules: Rules::new(Vec::new(), Vec::new(), &[]).unwrap(),
        salt: "salt".to_owned(),
        of: of.clone(),
    };
    let reading = Reading::new(tables);
    let limits_of = Limits { of, retention_bytes: 1 << 30 };
    (Ledger::new(Box::new(store), keep(files), limits_of, reading.again()), reading)
}

impl Book {
    pub fn new() -> Book {
        Book::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut InForce)) -> Book {
        let mut limits = limits();
        change(&mut limits);
        Book::open(tempfile::tempdir().unwrap(), limits, 0, 0)
    }

    fn open(folder: TempDir, limits: InForce, batches: u32, events: u32) -> Book {
        let (ledger, reading) = ledger(&folder, &limits, |files| Box::new(files));
        Book { folder, ledger, reading, limits, batches, events }
    }

    /// A ledger over the same data, its payloads kept by what `keep` makes of the files, for who leaves this one alone.
    pub fn lend(&self, keep: impl FnOnce(OccurrenceFiles) -> Box<dyn OccurrenceStore>) -> (Ledger, Reading) {
        ledger(&self.folder, &self.limits, keep)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn position(&self) -> Position {
        self.ledger.position()
    }

    /// As after a restart.
    pub fn reopen(self) -> Book {
        let Book { folder, ledger, limits, batches, events, .. } = self;
        drop(ledger);
        Book::open(folder, limits, batches, events)
    }

    /// An event with an id of its own; `kind` and `file` name its fault.
    pub fn event(&mut self, kind: &str, file: &str) -> Value {
        self.event_at(kind, file, NOW)
    }

    pub fn event_at(&mut self, kind: &str, file: &str, time: i64) -> Value {
        self.events += 1;
        let frame = json!({"function": "f", "module": file, "in_app": true, "lineno": self.events});
        json!({
            "event_id": format!("{:032x}", self.events),
            "timestamp": time as f64 / 1000.0,
            "platform": "python",
            "exception": {"values": [{"type": kind, "value": "it broke", "stacktrace": {"frames": [frame]}}]},
        })
    }

    fn read(&mut self, event: &Value, received: i64) -> Occurrence {
        let origin = Origin { project: SHOP, key: KeyKind::Server, id: None, sent: None, received };
        Occurrence::read(origin, event.to_string().as_bytes(), &mut self.reading).unwrap()
    }

    pub fn fingerprint(&mut self, event: &Value) -> Fingerprint {
        self.read(event, NOW).fingerprint
    }

    pub fn take(&mut self, event: &Value) {
        self.take_at(event, NOW);
    }

    pub fn take_at(&mut self, event: &Value, received: i64) {
        let occurrence = self.read(event, received);
        self.ledger.occurrence(occurrence).unwrap();
    }

    /// A count item with this number as its id.
    pub fn count(&mut self, number: u8, fingerprint: &Fingerprint, count: u64) {
        let counted = Counted { raw: count, estimated: count as f64 };
        let (release, environment, first, last) = (None, None, NOW - DAY, NOW);
        let (project, id, fingerprint) = (SHOP, [number; 16], *fingerprint);
        let counts = Counts { project, id, fingerprint, counted, first, last, received: NOW, release, environment };
        self.ledger.counts(counts).unwrap();
    }

    /// A `sessions` item.
    pub fn sessions(&mut self, item: &Value) {
        let told = SessionSender { project: SHOP, sent: None, received: NOW }.ended(item.to_string().as_bytes());
        self.ledger.sessions(told.unwrap()).unwrap();
    }

    pub fn releases(&self) -> Vec<ReleaseRow> {
        self.reader().releases(SHOP, None, None, 100).unwrap().items
    }

    pub fn commit(&mut self) -> u64 {
        self.batches += 1;
        self.ledger.commit(Position { segment: 1, offset: self.batches }).unwrap()
    }

    pub fn abandon(&mut self) {
        self.ledger.abandon();
    }

    /// What is due at `now`, written.
    pub fn tick(&mut self, now: i64) {
        self.ledger.tick(now).unwrap();
        self.commit();
    }

    /// A server that runs from one time to another.
    pub fn run(&mut self, times: std::ops::Range<i64>) {
        for now in times.step_by(HOUR as usize / 12) {
            self.tick(now);
        }
    }

    /// Payloads that should go at `now` do.
    pub fn chores(&mut self, now: i64) {
        self.ledger.chores(now).unwrap();
    }

    /// Sets what the project has for itself.
    pub fn set(&mut self, wanted: Value) {
        let set = self.ledger.set(SHOP, wanted.as_object().unwrap(), "test", None).unwrap();
        assert!(matches!(set, Set::Done(..)), "{set:?}");
    }

    pub fn deploy(&mut self, release: &str, time: i64) {
        self.ledger.deploy(SHOP, release, time).unwrap();
    }

    pub fn act(&mut self, issue: IssueId, what: &Move) -> Answer {
        self.ledger.change(SHOP, issue, what, &test(), None).unwrap()
    }

    pub fn act_on(&mut self, issue: IssueId, what: &Move, version: u64) -> Answer {
        self.ledger.change(SHOP, issue, what, &test(), Some(version)).unwrap()
    }

    pub fn channel(&mut self, kind: Kind) {
        let build = |id| {
            let (name, config, sealed) = (String::new(), Config::default(), Vec::new());
            let (project, enabled, deleted) = (SHOP, true, false);
            Ok::<_, ()>(Channel { id, project, name, kind, enabled, config, sealed, created: NOW, deleted })
        };
        self.ledger.make_channel(build).unwrap().unwrap();
    }

    pub fn rules(&mut self, rules: Vec<Rule>) {
        self.ledger.set_rules(SHOP, rules).unwrap().unwrap();
    }

    /// What waits to be sent, channel by channel.
    pub fn told(&self) -> Vec<String> {
        let database = rusqlite::Connection::open(self.folder.path().join("db")).unwrap();
        let sql = "SELECT body ->> 'event' FROM alerts ORDER BY channel, number";
        let mut statement = database.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    pub fn reader(&self) -> Reader {
        Reader::new(&self.folder.path().join("db"), Arc::new(FilesReader::new(&self.folder.path().join("occurrences"))))
    }

    pub fn issues(&self, filter: &Filter) -> Vec<Issue> {
        self.reader().issues(SHOP, filter, None, 100).unwrap().items
    }

    pub fn not_counted(&self, reason: &str) -> i64 {
        self.reader().outcomes(SHOP, None).unwrap().not_counted.get(reason).copied().unwrap_or_default()
    }

    /// Why an event is not counted.
    pub fn outcomes(&self, event_id: &str) -> Vec<String> {
        let last = self.reader().outcomes(SHOP, Some(event_id)).unwrap().last;
        last.into_iter().map(|entry| entry.reason).collect()
    }

    /// What clients say they left out for this reason.
    pub fn left_out(&self, reason: &str) -> i64 {
        self.reader().outcomes(SHOP, None).unwrap().not_sent_by_clients.get(reason).copied().unwrap_or_default()
    }

    /// Where a payload is: file, start and length.
    pub fn place(&self, event_id: &str) -> Option<(u32, u32, u32)> {
        let database = rusqlite::Connection::open(self.folder.path().join("db")).unwrap();
        let place = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let id: [u8; 16] = faultwire_server::consume::parse_hex(event_id).unwrap();
        database.query_row("SELECT file, start, length FROM occurrences WHERE id = ?1", [id], place).ok()
    }

    /// What stands there.
    pub fn bytes(&self, (file, start, length): (u32, u32, u32)) -> Vec<u8> {
        let mut folder = std::fs::read_dir(self.folder.path().join("occurrences")).unwrap().map(|entry| entry.unwrap());
        let name = format!("{file:08x}-");
        let found = folder.find(|entry| entry.file_name().to_string_lossy().starts_with(&name)).unwrap();
        let bytes = std::fs::read(found.path()).unwrap();
        bytes[start as usize..(start + length) as usize].to_vec()
    }

    pub fn payload(&self, event_id: &str) -> Option<Value> {
        let id = faultwire_server::consume::parse_hex(event_id).unwrap();
        let stored = self.reader().event(&id).unwrap()?.stored;
        stored.map(|occurrence| self.reader().payload(&occurrence).unwrap().into())
    }
}
