//! Runs the example against the sink, and looks at what arrived.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// The sink: `$FAULTWIRE_SINK`, or built beside this test.
fn sink_binary() -> PathBuf {
    if let Some(named) = std::env::var_os("FAULTWIRE_SINK") {
        return named.into();
    }
    let example = PathBuf::from(env!("CARGO_BIN_EXE_faultwire-example"));
    let built = example.with_file_name(format!("faultwire-sink{}", std::env::consts::EXE_SUFFIX));
    let status = Command::new(env!("CARGO")).args(["build", "--quiet", "-p", "faultwire-sink"]).status().unwrap();
    assert!(status.success() && built.is_file(), "the sink could not be built");
    built
}

struct Sink {
    child: Child,
    dsn: String,
    control: String,
}

impl Sink {
    fn start() -> Sink {
        let mut child = Command::new(sink_binary())
            .args(["--quiet", "--until-stdin-closes"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = |name: &str| {
            let line = lines.next().unwrap().unwrap();
            line.strip_prefix(name).unwrap_or_else(|| panic!("{name} expected, found {line:?}")).trim().to_owned()
        };
        let (_, dsn, control) = (said("listening "), said("dsn "), said("control "));
        Sink { child, dsn, control }
    }

    /// An answer as text; what is not UTF-8 in it (compressed bodies) does not matter here.
    fn get(&self, path: &str) -> String {
        let url = format!("{}{path}", self.control.trim_end_matches('/'));
        let bytes = ureq::get(&url).call().unwrap().body_mut().read_to_vec().unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // Its standard input closes with the value; this is for the exit status.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Three failures, three events, each with its story; and the password of the database nowhere.
#[test]
fn the_example_reports_its_failures_without_its_secrets() {
    let sink = Sink::start();
    let state = tempfile::tempdir().unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_faultwire-example"));
    let output = program.env("FAULTWIRE_DSN", &sink.dsn).env("XDG_STATE_HOME", state.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("index out of bounds"), "stderr is as ever");

    let answer: Value = serde_json::from_str(&sink.get("/_sink/events")).unwrap();
    let events = answer.as_array().or(answer["events"].as_array()).unwrap().clone();
    assert_eq!(events.len(), 3, "{answer:#}");
    let by = |what: &dyn Fn(&Value) -> bool| events.iter().find(|e| what(e)).cloned().unwrap();

    let order = by(&|e| e["transaction"] == "POST /orders");
    let chain = order["exception"]["values"].as_array().unwrap();
    let types: Vec<_> = chain.iter().map(|e| e["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["StockError", "OrderFailed"]);
    assert_eq!(chain[1]["value"], "order 1001 could not be placed");
    let text = chain[0]["value"].as_str().unwrap();
    assert!(text.contains("no connection to postgres") && text.contains("[Filtered"), "{text}");
    assert_eq!((&order["user"]["id"], &order["tags"]["service"]), (&"42".into(), &"shop".into()));
    assert_eq!(order["release"], "shop@1.2.3");

    let panic = by(&|e| e["level"] == "fatal");
    assert!(panic["exception"]["values"][0]["value"].as_str().unwrap().starts_with("index out of bounds"));
    assert!(panic["user"].is_null(), "the request's user is not the worker's");
    let warning = by(&|e| e["level"] == "warning");
    assert_eq!((&warning["tags"]["queue"], &warning["tags"]["service"]), (&"mail".into(), &"shop".into()));

    let raw = sink.get("/_sink/raw");
    assert!(raw.contains("order 1001"), "the bodies are there to be searched");
    assert!(!raw.contains("s3cret"), "the password is on the wire");
}
