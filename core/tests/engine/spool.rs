//! The disk spool: what one life of a process leaves, the next one delivers, and never a byte more than allowed.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use faultwire::client::Client;
use faultwire::options::Age;
use faultwire::protocol::Dsn;
use faultwire::settings::Sdk;
use faultwire::{Hooks, Options};

use crate::support::server::Server;
use crate::support::{LOAD, SOON, dropped, dropped_for, lawful, raise, under_load, until};

/// Nobody listens there.
const NOBODY: &str = "http://key@127.0.0.1:9/1";
/// A real file of records has some bytes of frame around each.
const A_LITTLE: Duration = Duration::from_millis(50);

/// A place for spools that goes with the test.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Home {
        Home(tempfile::tempdir().unwrap())
    }

    fn options(&self, dsn: &str) -> Options {
        let dsn: Option<Dsn> = Some(dsn.parse().unwrap());
        let spool_dir = Some(self.path().join("state").to_str().unwrap().to_owned());
        Options { dsn, spool_dir, shutdown_timeout: Duration::from_secs(5), ..Options::default() }
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.path().join("state")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let is_folder = entry.file_type().unwrap().is_dir();
                if is_folder { &mut folders } else { &mut found }.push(entry.path());
            }
        }
        found.sort();
        found
    }

    /// Waits until nobody holds the files any more, as when a process has ended.
    fn is_left(&self) {
        let is_free = |file: &PathBuf| fs::File::open(file).is_ok_and(|open| open.try_lock().is_ok());
        until("the end of the threads", || self.files().iter().all(is_free));
    }

    fn bytes(&self) -> u64 {
        self.files().iter().map(|file| fs::metadata(file).map_or(0, |about| about.len())).sum()
    }
}

fn start(options: Options) -> Client {
    Client::new(options, Hooks::default(), Sdk::default(), None).unwrap()
}

/// A life whose server never answers: it raises `count` errors and ends. Gives their ids.
fn life(home: &Home, options: Options, count: usize) -> Vec<String> {
    let client = start(options);
    let ids = (0..count).map(|n| raise(&client, &format!("number {n}")).unwrap().to_string()).collect();
    assert!(!client.close(None), "nothing was delivered");
    let stats = lawful(client.stats());
    assert_eq!((stats.spooled, stats.outbox.as_str()), (count as u64, "disk"), "{stats:?}");
    drop(client);
    home.is_left();
    ids
}

fn arrived(server: &Server) -> Vec<String> {
    let mut ids: Vec<String> =
        server.events().iter().map(|e| e["event_id"].as_str().unwrap_or_default().to_owned()).collect();
    ids.sort();
    ids
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort();
    ids
}

/// Down for a whole life, up for the next: everything arrives, though that one captures nothing itself, and nothing
/// is left behind. The end of the first does not wait for its timeout.
#[test]
fn what_one_life_could_not_send_the_next_one_does() {
    let home = Home::new();
    let server = Server::start();
    server.refuses();
    let ended = Instant::now();
    let ids = life(&home, home.options(&server.dsn_text()), 120);
    assert!(ended.elapsed() < Duration::from_secs(4), "waited though all was on disk: {:?}", ended.elapsed());
    server.answers(200);
    let next = start(home.options(&server.dsn_text()));
    until("recovery", || next.stats().recovered.delivered == 120);
    let stats = lawful(next.stats());
    assert_eq!((stats.recovered.found, stats.captured), (120, 0));
    assert_eq!(arrived(&server), sorted(ids));
    until("the files to go", || home.files().is_empty());
}

/// Delivered is delivered: the file of a life that ended well is gone, and nothing is sent twice.
#[test]
fn nothing_is_left_of_what_was_delivered() {
    let home = Home::new();
    let server = Server::start();
    let client = start(home.options(&server.dsn_text()));
    (0..50).for_each(|n| assert!(raise(&client, &format!("number {n}")).is_some()));
    assert!(client.flush(SOON));
    assert_eq!(home.files().len(), 1, "the file of a process that lives");
    assert!(client.close(None));
    assert!(home.files().is_empty());
    let next = start(home.options(&server.dsn_text()));
    raise(&next, "the next life");
    assert!(next.close(None));
    assert_eq!((server.events().len(), next.stats().recovered.found), (51, 0));
}

/// Two servers and one home: each gets its own.
#[test]
fn two_dsns_never_mix() {
    let home = Home::new();
    let servers = [Server::start(), Server::start()];
    servers.iter().for_each(Server::refuses);
    let ids: Vec<_> = servers.iter().map(|server| life(&home, home.options(&server.dsn_text()), 20)).collect();
    servers.iter().for_each(|server| server.answers(200));
    for (server, ids) in servers.iter().zip(ids) {
        let next = start(home.options(&server.dsn_text()));
        until("recovery", || next.stats().recovered.delivered == 20);
        assert_eq!(arrived(server), sorted(ids));
    }
}

/// What a living process holds, no other touches.
#[test]
fn a_living_process_keeps_its_own() {
    let home = Home::new();
    let server = Server::start();
    server.refuses();
    let first = start(home.options(&server.dsn_text()));
    raise(&first, "the first one's");
    until("the record", || first.stats().spooled == 1);
    let second = start(home.options(&server.dsn_text()));
    raise(&second, "the second one's");
    until("the record", || second.stats().spooled == 1);
    server.answers(200);
    assert!(second.flush(SOON));
    assert!(first.flush(SOON));
    for client in [first, second] {
        let stats = lawful(client.stats());
        assert_eq!((stats.recovered.found, stats.delivered), (0, 1));
    }
    assert_eq!(server.events().len(), 2);
}

/// The directory is this user's alone, the files too, and no secret and no key stands in them.
#[cfg(unix)]
#[test]
fn nobody_else_can_read_it() {
    use std::os::unix::fs::MetadataExt;

    let home = Home::new();
    let client = start(home.options(NOBODY));
    raise(&client, "password=hunter2-and-more, card 4111 1111 1111 1111");
    client.close(None);
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    let [file] = home.files().try_into().unwrap();
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    let bytes = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
    assert!(bytes.contains("[Filtered"), "the event is there");
    for secret in ["hunter2", "4111 1111", "key@", "127.0.0.1:9"] {
        assert!(!bytes.contains(secret) && !file.to_string_lossy().contains(secret), "{secret}");
    }
}

/// Beyond the bound the oldest go, counted; the newest stay and arrive. One that is on its way stays, too.
#[test]
fn the_oldest_go_when_there_is_no_room() {
    let home = Home::new();
    let server = Server::start();
    server.refuses();
    let options = Options { spool_max_bytes: 64 << 10, ..home.options(&server.dsn_text()) };
    let client = start(options.clone());
    let ids: Vec<_> = (0..500).map(|n| raise(&client, &format!("number {n}")).unwrap().to_string()).collect();
    until("records", || client.stats().pending == 0);
    assert!(home.bytes() <= 64 << 10, "{}", home.bytes());
    let stats = lawful(client.stats());
    let lost = dropped_for(&stats, "cache_overflow");
    assert!(lost > 0 && stats.spooled > 20 && lost + stats.spooled == 500, "{stats:?}");
    client.close(None);
    drop(client);
    home.is_left();
    server.answers(200);
    let next = start(options);
    until("recovery", || next.stats().recovered.delivered == stats.spooled);
    let arrived = arrived(&server);
    let of_file = |n: usize| n / 10;
    assert!(arrived.iter().all(|id| ids.contains(id)));
    assert!(ids[lost as usize + of_file(500)..].iter().all(|id| arrived.contains(id)), "{lost}");
}

/// So do those of earlier lives before those of this one.
#[test]
fn orphans_go_first() {
    let home = Home::new();
    let server = Server::start();
    server.refuses();
    let options = Options { spool_max_bytes: 64 << 10, ..home.options(&server.dsn_text()) };
    life(&home, options.clone(), 30);
    let client = start(options);
    until("some of the orphans", || client.stats().recovered.found > 0);
    (0..200).for_each(|n| assert!(raise(&client, &format!("number {n}")).is_some()));
    until("records", || client.stats().pending == 0);
    let stats = lawful(client.stats());
    let recovered = &stats.recovered;
    assert_eq!((recovered.found, recovered.dropped.get("cache_overflow")), (30, Some(&30)), "{stats:?}");
}

/// A life with much to recover and an error of its own: that one does not wait for the others, nor does a flush.
#[test]
fn what_is_fresh_does_not_wait_for_what_is_old() {
    let home = Home::new();
    let server = Server::start();
    server.refuses();
    life(&home, home.options(&server.dsn_text()), 400);
    server.answers(200);
    server.takes(Duration::from_millis(10));
    let next = start(home.options(&server.dsn_text()));
    until("recovery to begin", || next.stats().recovered.delivered > 0);
    let id = raise(&next, "a fresh one").unwrap().to_string();
    assert!(next.flush(SOON));
    let before = server.events().iter().position(|event| event["event_id"] == id).unwrap();
    let old = next.stats().recovered.delivered;
    assert!(before < 100 && old < 200, "{before} before it, {old} when the flush returned");
    assert!(next.close(None));
}

/// With less room in memory than on disk, what waits is read back from there.
#[test]
fn memory_is_bounded_and_the_disk_holds_the_rest() {
    let home = Home::new();
    let server = Server::start();
    server.refuses();
    let options = Options { max_outbox_bytes: 65_536, ..home.options(&server.dsn_text()) };
    let client = start(options);
    let ids: Vec<_> = (0..300).map(|n| raise(&client, &format!("number {n}")).unwrap().to_string()).collect();
    until("records", || client.stats().spooled == 300);
    server.answers(200);
    assert!(client.flush(SOON));
    let stats = lawful(client.stats());
    assert_eq!((stats.delivered, dropped(&stats)), (300, 0));
    assert_eq!(arrived(&server), sorted(ids));
}

/// What is too old is not sent, but counted.
#[test]
fn what_is_too_old_is_counted() {
    let home = Home::new();
    let server = Server::start();
    server.refuses();
    life(&home, home.options(&server.dsn_text()), 5);
    server.answers(200);
    std::thread::sleep(A_LITTLE);
    let next = start(Options { spool_max_age: Age(Duration::from_millis(1)), ..home.options(&server.dsn_text()) });
    until("the end of them", || next.stats().recovered.dropped.get("spool_expired") == Some(&5));
    assert!(server.events().is_empty());
}

/// A torn end and a flipped bit cost a record each, are counted, and nothing else is lost or sent wrong.
#[test]
fn damage_costs_what_was_damaged() {
    let home = Home::new();
    let server = Server::start();
    server.refuses();
    let ids = life(&home, home.options(&server.dsn_text()), 20);
    let [file] = home.files().try_into().unwrap();
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    bytes.truncate(bytes.len() - 7);
    fs::write(&file, bytes).unwrap();
    server.answers(200);
    let next = start(home.options(&server.dsn_text()));
    until("recovery", || next.stats().recovered.delivered == 18);
    let recovered = next.stats().recovered;
    assert_eq!((recovered.found, recovered.dropped.get("spool_damaged")), (20, Some(&2)), "{recovered:?}");
    let arrived = arrived(&server);
    assert!(arrived.len() == 18 && arrived.iter().all(|id| ids.contains(id)));
}

/// A file that was put there by somebody, or is no spool at all, is not sent and does no harm.
#[test]
fn what_is_no_spool_is_not_sent() {
    let home = Home::new();
    let server = Server::start();
    server.refuses();
    life(&home, home.options(&server.dsn_text()), 1);
    let [file] = home.files().try_into().unwrap();
    let folder = file.parent().unwrap();
    fs::File::create(folder.join("0000-0000.spool")).unwrap().write_all(&[0xff; 5000]).unwrap();
    fs::write(folder.join("notes.txt"), "mine").unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&file, folder.join("1111-1111.spool")).unwrap();
        fs::hard_link(folder.join("notes.txt"), folder.join("2222-2222.spool")).unwrap();
    }
    server.answers(200);
    let next = start(home.options(&server.dsn_text()));
    until("recovery", || next.stats().recovered.delivered == 1);
    assert!(next.close(None));
    assert_eq!(server.events().len(), 1);
    assert_eq!(fs::read_to_string(folder.join("notes.txt")).unwrap(), "mine");
}

/// Where there can be no directory, events are kept in memory, and `stats()` says why.
#[test]
fn without_a_directory_there_is_memory() {
    let home = Home::new();
    fs::write(home.path().join("state"), "a file where the directory would be").unwrap();
    let server = Server::start();
    let client = start(home.options(&server.dsn_text()));
    raise(&client, "kept in memory");
    assert!(client.flush(SOON));
    let stats = lawful(client.stats());
    assert_eq!((stats.delivered, stats.spooled), (1, 0));
    assert!(stats.outbox.starts_with("memory: "), "{}", stats.outbox);
}

/// What the disk refused is written once it takes records again: when somebody flushes or closes, and without that.
#[test]
fn what_was_in_memory_alone_is_stored_when_the_disk_takes_it_again() {
    let home = Home::new();
    let state = home.path().join("state");
    let server = Server::start();
    server.refuses();
    let client = start(home.options(&server.dsn_text()));
    for wait in [true, false] {
        fs::write(&state, "a file where the directory would be").unwrap();
        let ids: Vec<_> = (0..3).map(|n| raise(&client, &format!("{n} {wait}")).unwrap()).collect();
        until("the refusal", || client.stats().outbox.starts_with("memory: "));
        let before = lawful(client.stats());
        assert_eq!((before.pending, ids.len()), (3, 3), "{before:?}");
        fs::remove_file(&state).unwrap();
        assert!(wait || !client.flush(Duration::ZERO), "the server is down");
        until("the records", || client.stats().pending == 0);
        let after = lawful(client.stats());
        assert_eq!((after.spooled, after.outbox.as_str()), (before.spooled + 3, "disk"), "{after:?}");
        // What comes next needs a directory that is not there.
        fs::remove_dir_all(&state).unwrap();
    }
    drop(client);
    assert_eq!(server.events().len(), 0);
}

/// The directory is deleted under a living process: what comes later goes to a new one, and nothing is lost.
#[test]
fn a_deleted_directory_is_made_again() {
    let home = Home::new();
    let server = Server::start();
    server.refuses();
    let client = start(home.options(&server.dsn_text()));
    raise(&client, "before");
    until("the record", || client.stats().spooled == 1);
    fs::remove_dir_all(home.path().join("state")).unwrap();
    raise(&client, "after");
    until("the record", || client.stats().spooled == 2);
    assert_eq!(home.files().len(), 1);
    server.answers(200);
    assert!(client.flush(SOON));
    assert_eq!((server.events().len(), lawful(client.stats()).delivered), (2, 2));
}

/// `spool` off: no file, no directory.
#[test]
fn it_can_be_switched_off() {
    let home = Home::new();
    let client = start(Options { spool: false, shutdown_timeout: A_LITTLE, ..home.options(NOBODY) });
    raise(&client, "in memory alone");
    client.close(None);
    assert_eq!(client.stats().outbox, "memory: the option spool is off");
    assert!(!home.path().join("state").exists());
}

/// Four threads capture while the server comes and goes: the books balance at any moment, and all arrives once.
#[test]
fn the_books_balance_while_the_server_comes_and_goes() {
    let home = Home::new();
    let server = Server::start();
    let client = start(Options { max_outbox_bytes: 64 << 10, ..home.options(&server.dsn_text()) });
    let turn = std::sync::atomic::AtomicUsize::new(0);
    under_load(&client, Duration::from_micros(300), 1, || {
        let statuses = [200, 503, 200, 502];
        let turn = turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        server.answers(statuses[turn % statuses.len()]);
        (0..20).for_each(|_| {
            lawful(client.stats());
            std::thread::sleep(Duration::from_millis(2));
        });
    });
    server.answers(200);
    until("all of it", || client.flush(Duration::from_secs(1)) || dropped(&client.stats()) > 0);
    let stats = lawful(client.stats());
    assert_eq!((stats.delivered, dropped(&stats)), (LOAD, 0), "{stats:?}");
    let mut ids = arrived(&server);
    let all = ids.len();
    ids.dedup();
    assert_eq!((ids.len() as u64, all as u64), (LOAD, LOAD));
}
