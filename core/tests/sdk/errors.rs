//! Errors, their sources and their stacks.

use std::error::Error;
use std::fmt;
use std::hint::black_box;

use faultwire::{Level, Options};

use crate::support::dropped_for;
use crate::{functions, sdk};

#[derive(Debug)]
struct OrderFailed {
    order: u32,
    source: StockError,
}

#[derive(Debug)]
enum StockError {
    Unavailable(std::io::Error),
}

impl fmt::Display for OrderFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "order {} failed", self.order)
    }
}

impl Error for OrderFailed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

impl fmt::Display for StockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stock does not answer")
    }
}

impl Error for StockError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            StockError::Unavailable(source) => Some(source),
        }
    }
}

fn failed() -> OrderFailed {
    OrderFailed { order: 7, source: StockError::Unavailable(std::io::Error::other("connection refused")) }
}

#[inline(never)]
fn place_order(capture: impl FnOnce()) {
    capture();
    black_box(());
}

/// An error with two sources: oldest cause first, each named and numbered, the stack on the error itself.
#[test]
fn an_error_arrives_with_its_sources_and_the_callers_stack() {
    let sdk = sdk(Options::default());
    let mut id = None;
    place_order(|| id = faultwire::capture_error(&failed()));
    let event = sdk.event();
    assert_eq!(event["event_id"], id.unwrap().to_string());
    assert_eq!((&event["platform"], &event["level"]), (&"rust".into(), &"error".into()));
    let values = event["exception"]["values"].as_array().unwrap();
    let said: Vec<_> = values.iter().map(|v| (v["type"].as_str().unwrap(), v["value"].as_str().unwrap())).collect();
    assert_eq!(
        said,
        [
            ("io::Error", "connection refused"),
            ("Unavailable", "stock does not answer"),
            ("OrderFailed", "order 7 failed"),
        ]
    );
    let raised = &values[2];
    assert_eq!(raised["module"], "sdk::errors");
    assert_eq!((&raised["mechanism"]["type"], &raised["mechanism"]["handled"]), (&"generic".into(), &true.into()));
    assert_eq!(values[1]["mechanism"]["source"], "source");
    assert!(values[..2].iter().all(|v| v["stacktrace"].is_null()), "a source has no stack of its own");
    assert_eq!(event["contexts"]["runtime"]["name"], "rustc");
    assert_eq!(event["sdk"]["name"], "faultwire.rust");
}

/// The stack names the program's functions and lines, innermost last, without Faultwire's own.
#[test]
fn the_stack_is_that_of_the_caller() {
    let sdk = sdk(Options::default());
    place_order(|| {
        faultwire::capture_error(&failed());
    });
    let event = sdk.event();
    let names = functions(&event);
    assert!(names.iter().any(|name| name.starts_with("place_order")), "{names:?}");
    assert!(names.last().unwrap().contains("the_stack_is_that_of_the_caller"), "{names:?}");
    let frames = event["exception"]["values"][2]["stacktrace"]["frames"].as_array().unwrap();
    assert!(frames.iter().all(|f| f["module"] != "faultwire::sdk::capture" && f["module"] != "backtrace"), "{names:?}");
    let last = frames.last().unwrap();
    assert!(last["abs_path"].as_str().unwrap().ends_with("core/tests/sdk/errors.rs"), "{last}");
    assert!(last["lineno"].as_u64().unwrap() > 0);
    assert_eq!(last["in_app"], true);
}

/// Behind `dyn Error` the compiler's name is gone; the derived `Debug` text says it.
#[test]
fn a_boxed_error_is_named_by_its_debug_text() {
    let sdk = sdk(Options::default());
    let boxed: Box<dyn Error + Send + Sync> = Box::new(failed());
    faultwire::capture_error(&*boxed);
    let event = sdk.event();
    assert_eq!(event["exception"]["values"][2]["type"], "OrderFailed");
}

/// An error that has nothing good to say for itself: still an event, and nothing reaches the caller.
#[test]
fn hostile_errors_are_survived() {
    #[derive(Clone, Copy)]
    struct Hostile(bool);
    impl fmt::Display for Hostile {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("no text")
        }
    }
    impl fmt::Debug for Hostile {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("no text either")
        }
    }
    impl Error for Hostile {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            assert!(!self.0, "no source");
            None
        }
    }
    let sdk = sdk(Options::default());
    let dynamic: &dyn Error = &Hostile(false);
    assert!(faultwire::capture_error(dynamic).is_some());
    assert_eq!(faultwire::capture_error(&Hostile(true)), None);
    let event = sdk.event();
    assert_eq!(event["exception"]["values"][0]["value"], "<its Display panicked>");
    assert_eq!(dropped_for(&faultwire::stats(), "internal_sdk_error"), 1);
}

/// Ten megabytes of text: the formatter is stopped early.
#[test]
fn a_huge_text_is_cut() {
    #[derive(Debug)]
    struct Huge;
    impl fmt::Display for Huge {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            for n in 0..1_000_000 {
                write!(f, "words {n} and words ")?;
            }
            Ok(())
        }
    }
    impl Error for Huge {}
    let sdk = sdk(Options::default());
    faultwire::capture_error(&Huge);
    let event = sdk.event();
    let value = event["exception"]["values"][0]["value"].as_str().unwrap();
    assert!((8_000..=8_300).contains(&value.chars().count()), "{}", value.len());
}

/// Types that are ignored or sampled, by their name with or without the path.
#[test]
fn types_can_be_ignored_and_sampled_by_name() {
    for name in ["OrderFailed", "sdk::errors::OrderFailed"] {
        let sdk = sdk(Options { ignore_errors: vec![name.to_owned()], ..Options::default() });
        assert_eq!(faultwire::capture_error(&failed()), None, "{name}");
        let dynamic: &dyn Error = &failed();
        assert_eq!(faultwire::capture_error(dynamic).is_none(), name == "OrderFailed", "{name}");
        assert!(faultwire::capture_error(&fmt::Error).is_some());
        drop(sdk);
    }
    let rates = [("OrderFailed".to_owned(), faultwire::options::Rate(0.0))].into();
    let sdk = sdk(Options { exception_sample_rates: rates, ..Options::default() });
    assert_eq!(faultwire::capture_error(&failed()), None);
    assert_eq!(dropped_for(&faultwire::stats(), "sample_rate"), 1);
    drop(sdk);
}

/// A message carries the caller's stack only when asked to.
#[test]
fn messages_have_a_stack_on_demand() {
    for attach in [false, true] {
        let sdk = sdk(Options { attach_stacktrace: attach, ..Options::default() });
        assert!(faultwire::capture_message("running late", Level::Warning).is_some());
        let event = sdk.event();
        assert_eq!((&event["level"], &event["logentry"]["formatted"]), (&"warning".into(), &"running late".into()));
        assert_eq!(event["threads"]["values"][0]["stacktrace"].is_object(), attach);
    }
}

/// An event of the application's own making.
#[test]
fn a_finished_event_is_taken_as_it_is() {
    let sdk = sdk(Options { release: Some("shop@7".to_owned()), ..Options::default() });
    let mut event = faultwire::Event { logger: Some("billing".to_owned()), ..Default::default() };
    event.tags.insert("kind".to_owned(), "imported".to_owned());
    let id = faultwire::capture_event(event).unwrap();
    let event = sdk.event();
    assert_eq!((&event["event_id"], &event["logger"]), (&id.to_string().into(), &"billing".into()));
    assert_eq!((&event["release"], &event["tags"]["kind"]), (&"shop@7".into(), &"imported".into()));
}

/// What would be hashed, without sending it.
#[test]
fn explain_names_the_fingerprint_that_the_event_gets() {
    let sdk = sdk(Options::default());
    let capture_and_explain = |send: bool| {
        if send {
            faultwire::capture_error(&failed()).map(|_| faultwire::Value::Null)
        } else {
            Some(faultwire::explain(&failed()))
        }
    };
    let explained = black_box(capture_and_explain)(false).unwrap();
    black_box(capture_and_explain)(true);
    let event = sdk.event();
    let hash = event["contexts"]["faultwire"]["fingerprint"].as_str().unwrap();
    assert!(explained.to_string().contains(hash), "{explained:#}\n{hash}");
}
