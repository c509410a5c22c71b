//! Crashes: the process dies as it would without us, and the next start tells.

#![cfg(unix)]
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod support;

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use faultwire::Value;
use support::server::Server;

const SECRET: &str = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";

/// A server, and a home for what processes leave.
struct Place {
    server: Server,
    home: tempfile::TempDir,
}

struct Ended {
    status: ExitStatus,
    out: String,
    err: String,
}

impl Place {
    fn new() -> Place {
        Place { server: Server::start(), home: tempfile::tempdir().unwrap() }
    }

    fn command(&self, scenario: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_faultwire-processes"));
        command
            .arg(scenario)
            .env_remove("SENTRY_DSN")
            .env("RUST_BACKTRACE", "0")
            .env("XDG_STATE_HOME", self.home.path())
            .env("FAULTWIRE_DSN", self.server.dsn_text());
        command
    }

    fn run(&self, scenario: &str) -> Ended {
        ended(&mut self.command(scenario))
    }

    /// All files of the spool directory.
    fn files(&self) -> Vec<PathBuf> {
        let Ok(directories) = std::fs::read_dir(self.home.path().join("faultwire")) else { return Vec::new() };
        directories.flatten().flat_map(|d| std::fs::read_dir(d.path()).unwrap().flatten().map(|e| e.path())).collect()
    }

    fn crash_files(&self) -> Vec<PathBuf> {
        let is_crash = |path: &PathBuf| path.extension().is_some_and(|e| e == "crash" || e == "scope");
        self.files().into_iter().filter(is_crash).collect()
    }

    /// Starts the program again, of another release, and gives what the server has got by then.
    fn report(&self, expected: usize) -> Vec<Value> {
        let next = ended(self.command("crash-report").env("RELEASE", "second"));
        assert_eq!((next.status.code(), next.err.as_str()), (Some(0), ""), "{}", next.out);
        assert_eq!(next.out, format!("{expected} found, {expected} delivered"));
        assert_eq!(self.crash_files(), Vec::<PathBuf>::new(), "nothing is left");
        self.server.events()
    }

    /// What is on disk says no secret, and is for nobody else's eyes.
    fn is_clean(&self) {
        for path in self.files() {
            let bytes = std::fs::read(&path).unwrap();
            let has = |text: &str| bytes.windows(text.len()).any(|w| w == text.as_bytes());
            assert!(!has(SECRET) && !has(&SECRET[..12]), "{path:?}");
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{path:?}");
        }
    }
}

fn ended(command: &mut Command) -> Ended {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { status: output.status, out: text(output.stdout), err: text(output.stderr) }
}

fn raised(event: &Value) -> &Value {
    event["exception"]["values"].as_array().and_then(|v| v.last()).unwrap()
}

fn functions(event: &Value) -> Vec<String> {
    let frames = raised(event)["stacktrace"]["frames"].as_array().unwrap();
    frames.iter().map(|f| f["function"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Runs a scenario that dies, with and without capture, and gives the one event of it.
fn crash(scenario: &str, signal: i32, name: &str) -> (Place, Value) {
    let place = Place::new();
    let without = ended(place.command(scenario).env("CRASHES_OFF", "1"));
    let with = place.run(scenario);
    assert_eq!(with.status.signal(), Some(signal), "{scenario}: {:?} {}", with.status, with.err);
    assert_eq!(with.status, without.status, "core dump and all");
    let numberless = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "");
    assert_eq!((with.out, numberless(&with.err)), (without.out, numberless(&without.err)), "{scenario}");
    assert_eq!(place.crash_files().len(), 2, "a record and a scope");
    place.is_clean();
    let mut events = place.report(1);
    assert_eq!(events.len(), 1);
    assert_eq!(place.report(0).len(), 1, "once");
    let event = events.remove(0);
    assert_eq!((&event["level"], &raised(&event)["type"]), (&"fatal".into(), &name.into()));
    let mechanism = &raised(&event)["mechanism"];
    assert_eq!((&mechanism["type"], &mechanism["handled"]), (&"signalhandler".into(), &false.into()));
    assert_eq!(mechanism["meta"]["signal"]["name"], name);
    let told = (&event["release"], &event["environment"], &event["user"]["id"], &event["tags"]["service"]);
    assert_eq!(told, (&"first".into(), &"test".into(), &"u-1".into(), &"billing".into()));
    assert!(event["breadcrumbs"]["values"][0]["message"].as_str().unwrap().starts_with("signed in with [Filtered"));
    assert!(!event.to_string().contains(SECRET));
    assert!(event["contexts"]["os"]["name"].is_string());
    (place, event)
}

/// The fault is in `function`, which `run` called.
fn is_in(event: &Value, function: &str) {
    let functions = functions(event);
    assert_eq!(functions.last().map(String::as_str), Some(function), "{functions:?}");
    assert!(functions.iter().any(|f| f == "run") && functions.iter().any(|f| f == "main"), "{functions:?}");
}

#[test]
fn an_invalid_access() {
    let (_place, event) = crash("crash-segv", libc::SIGSEGV, "SIGSEGV");
    assert_eq!(raised(&event)["value"], "Segfault: invalid memory access at 0x0");
    assert_eq!(raised(&event)["mechanism"]["meta"]["signal"]["number"], libc::SIGSEGV);
    assert_eq!(event["tags"]["said"], "just now", "what was said just before is there");
    let thread = &event["threads"]["values"][0];
    assert_eq!((&thread["crashed"], &thread["name"]), (&true.into(), &"faultwire-proce".into()));
    assert_eq!(thread["id"], raised(&event)["thread_id"]);
    is_in(&event, "read_volatile<u8>");
    let frame = raised(&event)["stacktrace"]["frames"].as_array().unwrap().last().unwrap();
    assert!(frame["instruction_addr"].as_str().unwrap().starts_with("0x"), "{frame}");
    let images = event["debug_meta"]["images"].as_array().unwrap();
    let own = images.iter().find(|i| i["code_file"].as_str().unwrap().ends_with("faultwire-processes")).unwrap();
    assert!(own["code_id"].as_str().unwrap().len() >= 32 && own["debug_id"].as_str().unwrap().len() == 36, "{own}");
    assert_eq!(frame["image_addr"], own["image_addr"]);
    assert!(event["contexts"]["registers"]["rip"].is_string() || event["contexts"]["registers"]["pc"].is_string());
    assert_eq!(event["contexts"]["faultwire"]["fingerprint"].as_str().unwrap().len(), 64);
}

#[test]
fn a_call_to_nowhere() {
    let (_place, event) = crash("crash-segv-wild", libc::SIGSEGV, "SIGSEGV");
    assert_eq!(raised(&event)["value"], "Segfault: invalid memory access at 0x10");
    assert!(functions(&event).iter().any(|f| f == "wild_call"), "{:?}", functions(&event));
}

#[test]
fn an_abort() {
    let (_place, event) = crash("crash-abort", libc::SIGABRT, "SIGABRT");
    assert_eq!(raised(&event)["value"], "Aborted");
    assert!(functions(&event).iter().any(|f| f == "run"), "{:?}", functions(&event));
}

#[test]
fn memory_that_its_file_does_not_have() {
    let (_place, event) = crash("crash-bus", libc::SIGBUS, "SIGBUS");
    assert_eq!(raised(&event)["mechanism"]["meta"]["signal"]["code_name"], "BUS_ADRERR");
    assert!(functions(&event).iter().any(|f| f == "bus"), "{:?}", functions(&event));
}

#[test]
fn a_division_by_zero() {
    let (_place, event) = crash("crash-fpe", libc::SIGFPE, "SIGFPE");
    assert!(functions(&event).iter().any(|f| f == "fpe"), "{:?}", functions(&event));
}

#[test]
fn an_illegal_instruction() {
    let (_place, event) = crash("crash-ill", libc::SIGILL, "SIGILL");
    assert!(functions(&event).iter().any(|f| f == "ill"), "{:?}", functions(&event));
}

/// The stack begins with the breakpoint, not with what follows it.
#[test]
fn a_breakpoint() {
    let (_place, event) = crash("crash-trap", libc::SIGTRAP, "SIGTRAP");
    assert_eq!(raised(&event)["value"], "Trap: breakpoint");
    is_in(&event, "trap");
    let address = |text: &Value| u64::from_str_radix(text.as_str().unwrap().trim_start_matches("0x"), 16).unwrap();
    let innermost = raised(&event)["stacktrace"]["frames"].as_array().unwrap().last().unwrap();
    let at = address(&innermost["instruction_addr"]);
    let registers = &event["contexts"]["registers"];
    if cfg!(target_arch = "x86_64") {
        assert_eq!(at + 1, address(&registers["rip"]));
    } else {
        assert_eq!(at, address(&registers["pc"]));
    }
}

/// What Linux forces upon a process ends it, though it ignores the signal.
#[cfg(target_os = "linux")]
#[test]
fn a_breakpoint_that_is_ignored() {
    let (_place, event) = crash("crash-trap-ignored", libc::SIGTRAP, "SIGTRAP");
    is_in(&event, "trap");
}

/// A handler that sees to it that the next one is the end: so it is, though the processor is beyond this one already.
#[test]
fn a_breakpoint_whose_handler_gives_up() {
    let (place, event) = crash("crash-trap-given-up", libc::SIGTRAP, "SIGTRAP");
    let goes_on = cfg!(target_arch = "x86_64");
    is_in(&event, if goes_on { "trap" } else { "trap_once" });
    let said = place.run("crash-trap-given-up").err;
    assert_eq!(said, if goes_on { "the handler before, and on" } else { "the handler before" });
}

#[test]
fn a_breakpoint_that_is_handled_leaves_no_event() {
    let place = Place::new();
    let ended = place.run("crash-trap-handled");
    assert_eq!((ended.status.signal(), ended.out.as_str()), (Some(libc::SIGKILL), "handled\n"), "{}", ended.err);
    assert!(place.report(0).is_empty());
}

#[test]
fn a_signal_that_is_ignored_leaves_no_event() {
    let place = Place::new();
    let ended = place.run("crash-trap-sent-ignored");
    assert_eq!((ended.status.signal(), ended.out.as_str()), (Some(libc::SIGKILL), "goes on\n"), "{}", ended.err);
    assert!(place.report(0).is_empty());
}

/// The standard library says so and aborts, as ever; the event is of what came first.
#[test]
fn an_overflow_of_the_main_thread() {
    let (_place, event) = crash("crash-overflow", libc::SIGABRT, "SIGSEGV");
    assert!(raised(&event)["value"].as_str().unwrap().starts_with("Stack overflow"), "{}", raised(&event)["value"]);
    assert!(functions(&event).iter().any(|f| f == "overflow"), "{:?}", functions(&event));
}

#[test]
fn an_overflow_of_another_thread() {
    let (_place, event) = crash("crash-overflow-thread", libc::SIGABRT, "SIGSEGV");
    assert!(raised(&event)["value"].as_str().unwrap().starts_with("Stack overflow"), "{}", raised(&event)["value"]);
    assert_eq!(event["threads"]["values"][0]["name"], "deep");
}

/// 8 KiB is what most threads have for handlers: enough for the kernel, for us and for the message.
#[test]
fn an_overflow_with_little_room_for_handlers() {
    let (_place, event) = crash("crash-overflow-little-room", libc::SIGABRT, "SIGSEGV");
    assert!(raised(&event)["value"].as_str().unwrap().starts_with("Stack overflow"), "{}", raised(&event)["value"]);
    assert_eq!(event["contexts"]["faultwire"]["stack"], "unwind tables");
}

/// The thread has a name, and said something last.
#[test]
fn a_crash_of_another_thread() {
    let (_place, event) = crash_said_by_thread();
    assert_eq!(event["threads"]["values"][0]["name"], "ledger");
    assert_eq!(event["tags"]["said"], "by the thread");
    assert!(functions(&event).iter().any(|f| f == "segv"));
}

fn crash_said_by_thread() -> (Place, Value) {
    let place = Place::new();
    let ended = place.run("crash-thread");
    assert_eq!(ended.status.signal(), Some(libc::SIGSEGV));
    let events = place.report(1);
    (place, events.into_iter().next().unwrap())
}

#[test]
fn two_threads_at_once_are_one_crash() {
    for _ in 0..5 {
        let place = Place::new();
        let ended = place.run("crash-two-threads");
        assert_eq!(ended.status.signal(), Some(libc::SIGSEGV));
        let events = place.report(1);
        assert_eq!(events.len(), 1);
        assert!(functions(&events[0]).iter().any(|f| f == "segv"));
    }
}

/// The recorder itself fails, by the same and by another signal: what it had written is the event.
#[test]
fn a_fault_within_the_handler() {
    for (scenario, signal, name) in
        [("crash-double", libc::SIGFPE, "SIGFPE"), ("crash-double-other", libc::SIGSEGV, "SIGSEGV")]
    {
        let (_place, event) = crash(scenario, signal, name);
        assert!(raised(&event)["stacktrace"].is_null(), "the stack was not come to");
        assert!(event["contexts"]["registers"].is_object());
    }
}

/// The program's own handler prints and lets the process die.
#[test]
fn a_handler_of_before_is_called() {
    let (place, event) = crash("crash-previous", libc::SIGSEGV, "SIGSEGV");
    assert_eq!(raised(&event)["value"], "Segfault: invalid memory access at 0x0");
    assert_eq!(place.run("crash-previous").err, "the handler before");
}

/// The program's own handler mends what was wrong: the faults were none, though the process is killed later.
#[test]
fn a_handler_that_recovers_leaves_no_event() {
    let place = Place::new();
    let ended = place.run("crash-recovered");
    assert_eq!((ended.status.signal(), ended.out.as_str()), (Some(libc::SIGKILL), "mended\n"), "{}", ended.err);
    assert!(place.report(0).is_empty());
}

/// Without us the standard library's handler swallows the signal, once.
#[test]
fn a_signal_that_was_swallowed_is_no_crash() {
    let place = Place::new();
    let ended = place.run("crash-sent-to-std");
    assert_eq!((ended.status.signal(), ended.out.as_str()), (Some(libc::SIGKILL), "goes on\n"), "{}", ended.err);
    assert!(place.report(0).is_empty());
}

/// Another client takes over what the first one had begun.
#[test]
fn a_second_client() {
    let (_place, event) = crash("crash-second-client", libc::SIGSEGV, "SIGSEGV");
    assert_eq!(event["tags"]["said"], "just now");
}

/// The panic was captured; that the process aborts for it is not another event.
#[test]
fn a_panic_that_aborts_is_one_event() {
    let place = Place::new();
    assert_eq!(place.run("crash-panic").status.signal(), Some(libc::SIGABRT));
    let events = place.report(0);
    assert_eq!(events.iter().map(|e| raised(e)["type"].clone()).collect::<Vec<_>>(), ["panic"]);
}

#[test]
fn a_living_process_keeps_its_files() {
    let place = Place::new();
    let mut alive = place
        .command("crash-alive")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(alive.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "alive\n");
    let files = place.crash_files();
    assert_eq!(files.len(), 2);
    let next = place.run("crash-report");
    assert_eq!(next.out, "0 found, 0 delivered");
    assert_eq!(place.crash_files(), files);
    drop(alive.stdin.take());
    assert!(alive.wait().unwrap().success());
    assert!(place.crash_files().is_empty(), "they go with a good end");
}

#[test]
fn after_close_nothing_is_left() {
    let place = Place::new();
    let ended = place.run("crash-closed");
    assert_eq!(ended.status.signal(), Some(libc::SIGSEGV), "{}", ended.err);
    assert!(place.crash_files().is_empty());
    assert!(place.report(0).is_empty());
}

/// Each process of a fork has its own; one that never used the client leaves nothing.
#[test]
fn a_forked_child_has_its_own() {
    let place = Place::new();
    let ended = place.run("crash-child");
    assert!(ended.status.success(), "{}", ended.err);
    let events = place.report(1);
    assert_eq!(events.len(), 2);
    let crash = events.iter().find(|e| e["level"] == "fatal").unwrap();
    assert_eq!((&crash["tags"]["who"], &crash["tags"]["service"]), (&"child".into(), &"billing".into()));
}

/// A file that was cut, or filled with anything, is no crash and goes.
#[test]
fn damage_is_no_crash() {
    let place = Place::new();
    place.run("crash-segv");
    let record = |e: &str| place.crash_files().into_iter().find(|p| Path::new(p).extension().unwrap() == e).unwrap();
    let mut bytes = std::fs::read(record("crash")).unwrap();
    bytes.iter_mut().step_by(7).for_each(|byte| *byte ^= 0x55);
    std::fs::write(record("crash"), bytes).unwrap();
    assert!(place.report(0).is_empty());

    // Without its scope a crash is still one, of an unknown release.
    place.run("crash-segv");
    std::fs::write(record("scope"), "not a scope").unwrap();
    let events = place.report(1);
    assert_eq!(raised(&events[0])["type"], "SIGSEGV");
    assert!(events[0]["release"].is_null(), "not that of whoever tells");
}
