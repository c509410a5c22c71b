//! What the worker remembers of places changes nothing of what is sent.

use std::sync::Arc;

use faultwire::capture::{Body, Capture, CodeLocation, LocatedFrame, RawException, RawStack};
use faultwire::client::Client;
use faultwire::gate::{Candidate, Verdict};
use faultwire::interned::Interned;
use faultwire::protocol::{Level, Mechanism};
use faultwire::sampling::SamplingContext;
use faultwire::scope::Layers;
use faultwire::settings::BeforeSend;
use faultwire::tape::Tape;
use faultwire::{Hooks, Options};

use crate::support::backend::Backend;
use crate::support::{SOON, client};

const SOURCE: &str = "import os\n\npassword = \"hunter2-in-the-source\"\nprint(1)\nfail()\nprint(2)\n";

/// A file of the application, and code in it whose name holds a token.
fn code(test: &str) -> Interned<CodeLocation> {
    let path = std::env::temp_dir().join(format!("faultwire-places-{}-{test}.py", std::process::id()));
    std::fs::write(&path, SOURCE).unwrap();
    let function = "handle_ghp_0123456789abcdef0123456789abcdef0123";
    Arc::new(CodeLocation::new(path.to_str().unwrap(), function, Some("shop.orders"))).into()
}

fn raise(client: &Client, code: &Interned<CodeLocation>, lines: &[u32]) {
    let sampling = SamplingContext { exception_type: None, level: Level::Error, logger: None, transaction: None };
    let rate = client.sample(&Candidate { sampling, ignored: false, rate: 1.0 }).unwrap();
    let Verdict::Yes(admission) = client.admit(None, rate) else { return };
    let frames = lines.iter().map(|line| LocatedFrame { code: code.clone(), line: *line, locals: None }).collect();
    let error = RawException {
        ty: "OrderError".into(),
        module: None,
        value: Some("failed".to_owned()),
        mechanism: Mechanism::default(),
        stack: Some(RawStack::Located(frames)),
    };
    let submitted = client.submit(Capture {
        timestamp: admission.timestamp,
        admission,
        platform: "python",
        level: Level::Error,
        logger: None,
        body: Body::Exceptions(vec![error]),
        layers: Layers::default(),
        thread: None,
        tape: Tape::default(),
        bytes: 512,
    });
    assert!(submitted.is_some());
}

/// The second and third event of a place are the first again: frames, source lines and remarks.
#[test]
fn a_place_that_is_met_again_is_told_in_the_same_way() {
    let backend = Backend::default();
    let client = client(Options::default(), Hooks::default(), &backend);
    let code = code("again");
    (0..3).for_each(|_| raise(&client, &code, &[5, 1, 5]));
    assert!(client.flush(SOON));
    let events = backend.events();
    for event in &events {
        assert!(!event.to_string().contains("hunter2-in-the-source"), "{event}");
        assert!(!event.to_string().contains("ghp_0123456789abcdef"), "{event}");
        assert_eq!(event["exception"], events[0]["exception"]);
        assert_eq!(event["_meta"], events[0]["_meta"]);
        assert_eq!(event["contexts"]["faultwire"], events[0]["contexts"]["faultwire"]);
    }
    let frame = &events[2]["exception"]["values"][0]["stacktrace"]["frames"][0];
    assert_eq!(frame["context_line"], "fail()");
    assert_eq!(frame["pre_context"].as_array().map(Vec::len), Some(4));
    assert!(events[2]["_meta"].to_string().contains("@password"), "{}", events[2]["_meta"]);
}

/// A hook that writes into frames which the worker knew to be clean is looked at again.
#[test]
fn what_a_hook_writes_into_a_known_frame_is_sanitized() {
    let backend = Backend::default();
    let hook: BeforeSend = Arc::new(|mut event| {
        for frame in event.exception.values.iter_mut().flat_map(|e| &mut e.stacktrace).flat_map(|s| &mut s.frames) {
            frame.module = Some("ghp_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".to_owned());
            frame.context_line = Some("secret = 'hunter2-by-a-hook'".to_owned());
        }
        Some(event)
    });
    let client = client(Options::default(), Hooks { before_send: Some(hook), ..Hooks::default() }, &backend);
    let code = code("hook");
    (0..2).for_each(|_| raise(&client, &code, &[5]));
    assert!(client.flush(SOON));
    for event in backend.events() {
        let text = event.to_string();
        assert!(!text.contains("hunter2-by-a-hook") && !text.contains("ghp_aaaa"), "{text}");
    }
}
