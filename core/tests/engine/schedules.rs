//! Any order of captures, faults, flushes, ends and starts: the books balance at each step, and nothing is lost that was
//! not counted.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use faultwire::client::Client;
use faultwire::settings::Sdk;
use faultwire::{Hooks, Options};
use proptest::prelude::*;
use proptest::test_runner::{FailurePersistence, PersistedSeed, RngAlgorithm, TestError, TestRng, TestRunner};

use crate::support::server::Server;
use crate::support::{SOON, dropped, lawful, raise, until};

/// Schedules are tried side by side, since most of their time is waiting.
const LANES: usize = 4;
const SCHEDULES_PER_LANE: u32 = 3;
const MOST_STEPS: usize = 80;
/// A schedule that fails is made smaller for as long: each attempt can wait for something that never comes.
const SHRINKING: Duration = Duration::from_secs(120);
/// Seeds of schedules that failed, which are tried first. A line a seed; proptest's own file needs its `std`.
const REGRESSIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/engine/schedules.proptest-regressions");
/// Statuses of answers: fine, final no, later; 0 closes the connection.
const STATUSES: [usize; 7] = [200, 200, 400, 503, 502, 408, 0];

#[derive(Debug, Clone)]
enum Step {
    Capture { events: usize },
    Answer { status: usize },
    Flush { for_ms: u64 },
    EndAndStart { within_ms: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (0usize..20).prop_map(|events| Step::Capture { events }),
        3 => prop::sample::select(STATUSES.as_slice()).prop_map(|status| Step::Answer { status }),
        1 => (0u64..30).prop_map(|for_ms| Step::Flush { for_ms }),
        1 => (0u64..300).prop_map(|within_ms| Step::EndAndStart { within_ms }),
    ]
}

fn run(steps: &[Step]) {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start();
    let options = || Options {
        dsn: server.dsn(),
        spool_dir: Some(home.path().to_str().unwrap().to_owned()),
        shutdown_timeout: SOON,
        ..Options::default()
    };
    let start = || Client::new(options(), Hooks::default(), Sdk::default(), None).unwrap();
    let is_free = |file: &std::fs::DirEntry| {
        std::fs::File::open(file.path()).is_ok_and(|open| open.try_lock().is_ok()) || !file.path().exists()
    };
    // What ended lives left: the threads of one may need a moment to let go.
    let is_left = || {
        let folders = std::fs::read_dir(home.path()).into_iter().flatten().flatten();
        folders.flat_map(|folder| std::fs::read_dir(folder.path()).into_iter().flatten().flatten()).all(|f| is_free(&f))
    };
    let mut client = start();
    let mut captured = BTreeSet::new();
    // Final answers, in this life and earlier ones.
    let mut refused = 0;
    for (number, step) in steps.iter().enumerate() {
        match *step {
            Step::Capture { events } => (0..events).for_each(|n| {
                captured.insert(raise(&client, &format!("{number}:{n}")).unwrap().to_string());
            }),
            Step::Answer { status } => server.answers(status),
            Step::Flush { for_ms } => drop(client.flush(Duration::from_millis(for_ms))),
            Step::EndAndStart { within_ms } => {
                client.close(Some(Duration::from_millis(within_ms)));
                until("the end of the threads", || lawful(client.stats()).pending == 0 && is_left());
                let stats = lawful(client.stats());
                refused += dropped(&stats) + stats.recovered.dropped.values().sum::<u64>();
                client = start();
            }
        }
        lawful(client.stats());
    }
    server.answers(200);
    // A life that ends with a request on its way may have got a final answer that it did not live to read, or an
    // acknowledgement: then the next one sends again. So none may be missing beyond those that were refused.
    let unexplained = || {
        let stats = lawful(client.stats());
        let refused = refused + dropped(&stats) + stats.recovered.dropped.values().sum::<u64>();
        let events = server.events();
        let arrived: BTreeSet<&str> = events.iter().map(|e| e["event_id"].as_str().unwrap_or_default()).collect();
        assert!(arrived.iter().all(|id| captured.contains(*id)), "something else arrived");
        (captured.len() - arrived.len()) as u64 > refused
    };
    until("delivery of all that was not refused", || {
        let stats = lawful(client.stats());
        let recovered = &stats.recovered;
        let waiting = recovered.found - recovered.delivered - recovered.dropped.values().sum::<u64>();
        let left = |folder: std::fs::DirEntry| std::fs::read_dir(folder.path()).unwrap().flatten().count();
        let files: usize = std::fs::read_dir(home.path()).into_iter().flatten().flatten().map(left).sum();
        // A living process keeps its newest file. One file can also be what an earlier life left.
        let settled = files <= usize::from(stats.captured > 0) && !unexplained();
        client.flush(Duration::from_millis(100)) && waiting == 0 && settled
    });
}

/// The file of [`REGRESSIONS`]; one lane alone reads it.
#[derive(Debug, Clone, PartialEq)]
struct Regressions {
    read: bool,
}

impl FailurePersistence for Regressions {
    fn load_persisted_failures2(&self, _: Option<&'static str>) -> Vec<PersistedSeed> {
        let text = if self.read { std::fs::read_to_string(REGRESSIONS).unwrap_or_default() } else { String::new() };
        let seeds = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
        seeds.filter(|seed| !seed.is_empty()).map(|seed| seed.parse().expect("a seed of proptest")).collect()
    }

    fn save_persisted_failure2(&mut self, _: Option<&'static str>, seed: PersistedSeed, steps: &dyn std::fmt::Debug) {
        let file = OpenOptions::new().append(true).create(true).open(REGRESSIONS);
        file.and_then(|mut file| file.write_all(format!("{seed} # {steps:?}\n").as_bytes())).unwrap();
    }

    fn box_clone(&self) -> Box<dyn FailurePersistence> {
        Box::new(self.clone())
    }

    fn eq(&self, other: &dyn FailurePersistence) -> bool {
        other.as_any().downcast_ref() == Some(self)
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

/// New schedules each time; what fails is made smaller, printed, and tried again by every later run.
fn lane(number: usize) {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).unwrap();
    let config = ProptestConfig {
        cases: SCHEDULES_PER_LANE,
        failure_persistence: Some(Box::new(Regressions { read: number == 0 })),
        ..ProptestConfig::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let failed = OnceLock::new();
    let tried = TestRunner::new_with_rng(config, rng).run(&prop::collection::vec(step(), 1..=MOST_STEPS), |steps| {
        // What is not tried has not failed: that ends the search for a smaller one.
        if failed.get().is_some_and(|since: &Instant| since.elapsed() > SHRINKING) {
            return Ok(());
        }
        catch_unwind(AssertUnwindSafe(|| run(&steps))).map_err(|panic| {
            failed.get_or_init(Instant::now);
            let text = panic.downcast::<String>().map_or_else(|_| "a panic without a text".to_owned(), |text| *text);
            TestCaseError::fail(text)
        })
    });
    match tried {
        Ok(()) => {}
        Err(TestError::Fail(why, steps)) => panic!("{why}\nafter {steps:#?}"),
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}

#[test]
fn any_schedule_loses_nothing_uncounted() {
    std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES).map(|number| scope.spawn(move || lane(number))).collect();
        // All of them, so that each can save what it found.
        let ended: Vec<_> = lanes.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        assert!(ended.iter().all(Result::is_ok), "see above; the seeds are in {REGRESSIONS}");
    });
}
