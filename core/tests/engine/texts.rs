//! A stack that is a text becomes frames on the worker.

use std::path::{Path, PathBuf};

use faultwire::capture::{Body, Capture, RawException, RawStack};
use faultwire::client::Client;
use faultwire::gate::{Candidate, Verdict};
use faultwire::protocol::{Event, Level, LogEntry, Mechanism, Value};
use faultwire::sampling::SamplingContext;
use faultwire::scope::Layers;
use faultwire::tape::Tape;
use faultwire::{Hooks, Options};

use crate::support::backend::Backend;
use crate::support::{SOON, client};

/// A folder of its own for each test.
pub fn folder(test: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("faultwire-texts-{}-{test}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn submit(client: &Client, body: Body) {
    if let Some(capture) = capture(client, body) {
        assert!(client.submit(capture).is_some());
    }
}

fn capture(client: &Client, body: Body) -> Option<Capture> {
    let sampling = SamplingContext { exception_type: None, level: Level::Error, logger: None, transaction: None };
    let rate = client.sample(&Candidate { sampling, ignored: false, rate: 1.0 }).unwrap();
    let Verdict::Yes(admission) = client.admit(None, rate) else { return None };
    Some(Capture {
        timestamp: admission.timestamp,
        admission,
        platform: "node",
        level: Level::Error,
        logger: None,
        body,
        layers: Layers::default(),
        thread: None,
        tape: Tape::default(),
        bytes: 512,
    })
}

fn error(message: &str, stack: &str) -> Body {
    Body::Exceptions(vec![RawException {
        ty: "Error".into(),
        module: None,
        value: Some(message.to_owned()),
        mechanism: Mechanism::default(),
        stack: Some(RawStack::Text(stack.into())),
    }])
}

/// The one event of an error with this message and stack.
pub fn event_of(message: &str, stack: &str, options: Options) -> Value {
    let backend = Backend::default();
    let client = client(options, Hooks::default(), &backend);
    submit(&client, error(message, stack));
    assert!(client.flush(SOON));
    backend.events().remove(0)
}

/// The same, where a hook on the app thread has the event in between.
pub fn hooked_event_of(message: &str, stack: &str, hook: impl FnOnce(&mut Event)) -> Value {
    let backend = Backend::default();
    let client = client(Options::default(), Hooks::default(), &backend);
    let mut capture = capture(&client, error(message, stack)).unwrap();
    let mut event = client.prepare(&mut capture);
    hook(&mut event);
    client.replace(&mut capture, event);
    assert!(client.submit(capture).is_some());
    assert!(client.flush(SOON));
    backend.events().remove(0)
}

/// The frames of the raised exception.
pub fn frames(event: &Value) -> &Vec<Value> {
    event["exception"]["values"][0]["stacktrace"]["frames"].as_array().unwrap()
}

fn write(folder: &Path, name: &str, content: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Frames have source lines, plumbing is gone, recursion is folded, and no secret is left in a source line.
#[test]
fn a_text_has_the_same_way_to_go_as_other_stacks() {
    let path = write(
        &folder("way"),
        "cart.js",
        "function f(n) {\n  const password = 'hunter2-in-source';\n  return f(n - 1);\n}\n",
    );
    let calls = format!("    at f ({path}:3:10)\n").repeat(50);
    let stack = format!(
        "RangeError: too deep\n{calls}    at async Promise.all (index 0)\n    at run (/x/node_modules/koa/lib/application.js:1:1)\n    at node:internal/main/run_main_module:28:49"
    );
    for _ in 0..2 {
        let event = event_of("too deep", &stack, Options::default());
        let functions: Vec<&str> = frames(&event).iter().map(|f| f["function"].as_str().unwrap()).collect();
        assert_eq!(functions, ["Promise.all", "f", "f"], "{event}");
        assert_eq!(event["contexts"]["faultwire"]["frames_blocklisted"], 2);
        assert_eq!(event["contexts"]["faultwire"]["frames_folded"], 48);
        let last = frames(&event).last().unwrap();
        assert_eq!(
            (&last["context_line"], &last["lineno"], &last["colno"]),
            (&"  return f(n - 1);".into(), &3.into(), &10.into())
        );
        assert_eq!(last["in_app"], true);
        assert!(!event.to_string().contains("hunter2-in-source"), "{event}");
    }
}

/// What nobody can take apart is kept for people to read, without its secrets, and not without end.
#[test]
fn a_text_that_is_no_stack_is_kept_beside_the_exception() {
    let stack = format!("12 frames, password=hunter2-in-stack, and more: {}", "frame ".repeat(20_000));
    let event = event_of("boom", &stack, Options::default());
    let exception = &event["exception"]["values"][0];
    assert!(exception.get("stacktrace").is_none(), "{exception}");
    let kept = exception["mechanism"]["data"]["stack"].as_str().unwrap();
    assert!(kept.starts_with("12 frames") && kept.len() < 20_000, "{}", kept.len());
    assert!(!event.to_string().contains("hunter2-in-stack"), "{kept}");

    let event = event_of("boom", "Error: boom", Options::default());
    assert!(event["exception"]["values"][0]["mechanism"].get("data").is_none(), "{event}");
}

/// The stack of a message is the thread's.
#[test]
fn a_message_has_its_stack_on_the_thread() {
    let backend = Backend::default();
    let client = client(Options::default(), Hooks::default(), &backend);
    let stack = Some(RawStack::Text("Error\n    at f (/srv/shop/src/cart.js:1:2)".into()));
    submit(&client, Body::Message { entry: Box::new(LogEntry::from("hello".to_owned())), stack });
    let entry = Box::new(LogEntry::from("hello".to_owned()));
    submit(&client, Body::Message { entry, stack: Some(RawStack::Text("Error".into())) });
    assert!(client.flush(SOON));
    let events = backend.events();
    assert_eq!(events[0]["threads"]["values"][0]["stacktrace"]["frames"][0]["module"], "src/cart");
    assert!(events[1]["threads"]["values"][0].get("stacktrace").is_none(), "{}", events[1]);
}

#[test]
fn an_error_that_is_alone_has_no_number() {
    let raised = |number, is_exception_group| RawException {
        ty: "Error".into(),
        module: None,
        value: None,
        mechanism: Mechanism { exception_id: Some(number), is_exception_group, ..Mechanism::default() },
        stack: None,
    };
    let backend = Backend::default();
    let client = client(Options::default(), Hooks::default(), &backend);
    for chain in [vec![raised(0, None)], vec![raised(0, Some(true))], vec![raised(1, None), raised(0, None)]] {
        submit(&client, Body::Exceptions(chain));
    }
    assert!(client.flush(SOON));
    let numbers: Vec<Vec<Option<u64>>> = backend
        .events()
        .iter()
        .map(|event| {
            let values = event["exception"]["values"].as_array().unwrap();
            values.iter().map(|e| e["mechanism"]["exception_id"].as_u64()).collect()
        })
        .collect();
    assert_eq!(numbers, [vec![None], vec![Some(0)], vec![Some(1), Some(0)]]);
}
