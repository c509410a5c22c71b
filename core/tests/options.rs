//! Options and errors: each mistake names its option; the table is the documentation.

#![cfg(feature = "client")]
#![allow(missing_docs, clippy::panic, reason = "tests")]

use std::fmt::Write;
use std::path::Path;

use faultwire::options::{OPTIONS, OptionDef, Options};
use faultwire::protocol::{Map, Value};
use faultwire::{Error, ErrorKind};
use serde_json::json;

fn from(options: Value) -> Result<Options, Error> {
    let Value::Object(map) = options else { panic!("an object") };
    Options::from_map(&map, |_| None)
}

/// Every option, given a value of each type it does not take.
#[test]
fn a_wrong_type_names_the_option() {
    let values = [json!(true), json!(-1), json!(0.5), json!("no such thing"), json!([1]), json!({"a": [1]})];
    for option in OPTIONS {
        let mut refused = 0;
        for value in &values {
            if let Err(error) = from(Value::Object(Map::from_iter([(option.name.to_owned(), value.clone())]))) {
                assert_eq!(error.field, option.name, "{value}: {error}");
                let expected = if option.name == "dsn" { ErrorKind::InvalidDsn } else { ErrorKind::InvalidOption };
                assert_eq!(error.kind, expected, "{error}");
                assert!(error.to_string().starts_with(option.name), "{error}");
                refused += 1;
            }
        }
        assert!(refused >= 4, "{} takes nearly anything", option.name);
        from(Value::Object(Map::from_iter([(option.name.to_owned(), Value::Null)]))).unwrap();
    }
}

/// Every default is a value that the option takes.
#[test]
fn a_default_can_be_given() {
    for option in OPTIONS {
        from(Value::Object(Map::from_iter([(option.name.to_owned(), (option.default)())]))).unwrap();
    }
}

/// An option that is not there, and what was probably meant.
#[test]
fn an_unknown_option_is_an_error_that_helps() {
    let error = from(json!({"sampleRate": 1.0})).unwrap_err();
    assert_eq!((error.field.as_str(), error.kind), ("sampleRate", ErrorKind::InvalidOption));
    assert!(error.message.contains("sample_rate"), "{error}");
    assert!(from(json!({"colour": "red"})).unwrap_err().message.starts_with("unknown option"));
}

/// Limits beyond the type, in the struct as well as in a map.
#[test]
fn out_of_range_names_the_option() {
    let cases = [
        ("sample_rate", json!(1.5)),
        ("exception_sample_rates", json!({"Busy": 2})),
        ("max_breadcrumbs", json!(100_000)),
        ("max_value_length", json!(1)),
        ("storm_burst", json!(0)),
        ("storm_window", json!(0.5)),
        ("max_queue_events", json!(0)),
        ("max_queue_bytes", json!(10)),
        ("max_outbox_bytes", json!(10)),
        ("shutdown_timeout", json!(-1)),
        ("http_proxy", json!("proxy:3128")),
        ("https_proxy", json!("ftp://proxy")),
    ];
    for (name, value) in cases {
        let error = from(Value::Object(Map::from_iter([(name.to_owned(), value)]))).unwrap_err();
        assert_eq!((error.field.as_str(), error.kind), (name, ErrorKind::InvalidOption), "{error}");
    }
    let error = faultwire::init(Options { storm_burst: 0, ..Options::default() }).unwrap_err();
    assert_eq!(error.field, "storm_burst");
}

/// What is wrong with a DSN is said without showing it.
#[test]
fn a_bad_dsn_is_named_and_not_shown() {
    for dsn in ["no-scheme", "http://s3cret@", "http://s3cret@host/", "ftp://s3cret@host/1"] {
        let error = from(json!({"dsn": dsn})).unwrap_err();
        assert_eq!((error.field.as_str(), error.kind), ("dsn", ErrorKind::InvalidDsn), "{dsn}: {error}");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
    assert!(from(json!({"dsn": ""})).unwrap().dsn.is_none(), "empty is disabled");
}

/// The environment fills in what was not said; ours go before Sentry's.
#[test]
fn the_environment_completes_the_options() {
    let environment = |name: &str| match name {
        "SENTRY_DSN" => Some("http://sentry@host/1".to_owned()),
        "FAULTWIRE_RELEASE" => Some("shop@2".to_owned()),
        "SENTRY_RELEASE" => Some("shop@1".to_owned()),
        "FAULTWIRE_ENVIRONMENT" => Some(String::new()),
        "SENTRY_ENVIRONMENT" => Some("staging".to_owned()),
        _ => None,
    };
    let options = Options::from_map(&Map::new(), environment).unwrap();
    assert!(options.dsn.is_some());
    assert_eq!((options.release.as_deref(), options.environment.as_str()), (Some("shop@2"), "staging"));
    let Value::Object(said) = json!({"release": "shop@3", "environment": "test"}) else { unreachable!() };
    let options = Options::from_map(&said, environment).unwrap();
    assert_eq!((options.release.as_deref(), options.environment.as_str()), (Some("shop@3"), "test"));
}

/// An error says its kind in one word, the same in every language.
#[test]
fn every_kind_of_error_has_a_name_of_its_own() {
    let names: std::collections::BTreeSet<_> = ErrorKind::ALL.iter().map(|kind| kind.as_str()).collect();
    assert_eq!(names.len(), ErrorKind::ALL.len());
    let error = Error::option("sample_rate", "expected less");
    let dynamic: &dyn std::error::Error = &error;
    assert_eq!(dynamic.to_string(), "sample_rate: expected less");
}

/// `docs/options.md` is the table, word for word. `FAULTWIRE_WRITE_DOCS=1 cargo test -p faultwire --test
/// options` writes it.
#[test]
fn the_documentation_of_the_options_is_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/options.md");
    let text = document();
    if std::env::var_os("FAULTWIRE_WRITE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == text, "docs/options.md is not what the table says: run with FAULTWIRE_WRITE_DOCS=1");
}

fn document() -> String {
    let mut out = String::from(
        "# Options\n\n\
         The same in every language: `snake_case` here and in Python and Rust, `camelCase` in Node. Spans are\n\
         seconds (a `Duration` in Rust, milliseconds in Node). An unknown option, or one of the wrong type, is an error\n\
         that names it.\n\n\
         This page is generated from the table in `core/src/options.rs`; do not edit it.\n",
    );
    for OptionDef { name, expected, default, doc } in OPTIONS {
        let default = match default() {
            Value::Null => "unset".to_owned(),
            value => format!("`{value}`"),
        };
        let _ = write!(out, "\n## `{name}`\n\n{}\n\n- value: {expected}\n- default: {default}\n", doc.trim());
    }
    out
}
