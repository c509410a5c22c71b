//! Panics: captured, and the program looks as it would without Faultwire.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod support;

use faultwire::Value;
use support::server::Server;
use support::{run, unchanged};

fn raised(event: &Value) -> &Value {
    event["exception"]["values"].as_array().and_then(|v| v.last()).unwrap()
}

fn frames(event: &Value) -> &Vec<Value> {
    raised(event)["stacktrace"]["frames"].as_array().unwrap()
}

fn innermost_in_app(event: &Value) -> &Value {
    frames(event).iter().rfind(|frame| frame["in_app"] == true).unwrap()
}

/// The main thread panics: the event leaves while it unwinds; exit code and stderr are what they were.
#[test]
fn a_panic_of_the_main_thread() {
    let events = unchanged("panic-main");
    assert_eq!(events.len(), 1);
    let event = &events[0];
    assert_eq!((&event["level"], &event["tags"]["where"]), (&"fatal".into(), &"main".into()));
    let raised = raised(event);
    assert_eq!((&raised["type"], &raised["value"]), (&"panic".into(), &"a number".into()));
    let mechanism = &raised["mechanism"];
    assert_eq!((&mechanism["type"], &mechanism["handled"]), (&"auto.panic".into(), &false.into()));
    assert!(mechanism["data"]["location"].as_str().unwrap().contains("panics.rs:"), "{mechanism}");
    let innermost = innermost_in_app(event);
    assert!(innermost["function"].as_str().unwrap().contains("main_thread"), "{innermost}");
    let functions: Vec<_> = frames(event).iter().map(|f| f["module"].as_str().unwrap_or_default()).collect();
    assert!(functions.iter().all(|m| !m.starts_with("faultwire::") && !m.contains("panicking")), "{functions:?}");
}

/// Another thread panics: the process goes on, the event names the thread.
#[test]
fn a_panic_of_another_thread() {
    let events = unchanged("panic-thread");
    assert_eq!(events.len(), 1);
    assert_eq!(raised(&events[0])["value"], "order 7 failed");
    assert_eq!(events[0]["threads"]["values"][0]["name"], "billing");
    assert_eq!(events[0]["threads"]["values"][0]["id"], raised(&events[0])["thread_id"]);
}

/// Panics that abort the process: the hook waits for the event to leave.
#[test]
fn a_panic_that_aborts() {
    let events = unchanged("panic-extern-c");
    assert_eq!(events.iter().map(|e| &raised(e)["value"]).collect::<Vec<_>>(), ["in a callback of C"]);
    let events = unchanged("panic-in-drop");
    let mut texts: Vec<_> = events.iter().map(|e| raised(e)["value"].as_str().unwrap()).collect();
    texts.sort_unstable();
    assert_eq!(texts, ["in a destructor", "the first one"]);
}

/// A `Display` that panics within a capture: its event arrives, and nothing is printed.
#[test]
fn a_panic_within_a_capture_is_silent() {
    let events = unchanged("panic-in-display");
    assert_eq!(events.len(), 1);
    assert_eq!(raised(&events[0])["type"], "Bad");
}

/// Code of the application panics while it fills a scope.
#[test]
fn a_panic_while_a_scope_is_filled() {
    let events = unchanged("panic-in-scope");
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["tags"]["isolation"], "is heard");
}

/// A thousand panics at one place: a hundred events, and a count.
#[test]
fn panics_are_folded() {
    let server = Server::start();
    let seen = run("panic-storm", Some(&server));
    assert_eq!(seen.status, "exit status: 0", "{seen:?}");
    assert_eq!(server.events().len(), 100);
}

/// `capture_panics: false`.
#[test]
fn the_hook_can_be_left_out() {
    let events = unchanged("panic-hook-off");
    assert_eq!(events.iter().map(|e| &e["logentry"]["formatted"]).collect::<Vec<_>>(), ["the only event"]);
}

/// Bugs in Faultwire: counted, nothing on stderr, the next event arrives.
#[test]
fn bugs_in_faultwire_are_silent() {
    let events = unchanged("internal-panic");
    assert_eq!(events.iter().map(|e| &e["logentry"]["formatted"]).collect::<Vec<_>>(), ["after the bugs"]);
}

/// The guard sends what is on its way when `main` returns.
#[test]
fn the_end_of_main_sends() {
    assert_eq!(unchanged("return").len(), 1);
}
