//! Runs the shared sanitize vectors, twice each: a second pass must change nothing.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

#[path = "vectors/ran.rs"]
mod ran;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use faultwire::sanitize::{rules, vector};
use serde_json::Value;

struct Case {
    file: String,
    body: Value,
}

impl Case {
    fn get(&self, key: &str) -> Value {
        self.body.get(key).cloned().unwrap_or_default()
    }

    fn title(&self) -> String {
        format!("{}: {}", self.file, self.get("name"))
    }
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/sanitize");
    let mut cases = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "json") {
            continue;
        }
        let document: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let list = document["cases"].as_array().unwrap();
        assert!(!list.is_empty(), "{file} is empty");
        cases.extend(list.iter().map(|body| Case { file: file.clone(), body: body.clone() }));
    }
    assert!(!cases.is_empty(), "no vectors found");
    cases
}

/// Objects: every listed member. Anything else: equal.
fn covers(actual: &Value, expected: &Value) -> bool {
    match (actual, expected) {
        (Value::Object(actual), Value::Object(expected)) => {
            expected.iter().all(|(key, value)| actual.get(key).is_some_and(|found| covers(found, value)))
        }
        (Value::Array(actual), Value::Array(expected)) => {
            actual.len() == expected.len() && actual.iter().zip(expected).all(|(a, e)| covers(a, e))
        }
        _ => actual == expected,
    }
}

#[test]
fn every_vector_comes_out_as_written() {
    let mut failures = Vec::new();
    let cases = cases();
    for case in &cases {
        let kind = case.get("kind");
        let kind = kind.as_str().unwrap();
        let actual = match vector(kind, &case.get("input"), &case.get("options")) {
            Ok(actual) => actual,
            Err(error) => {
                failures.push(format!("{}: {error}", case.title()));
                continue;
            }
        };
        let expected = case.get("expected");
        let same = if kind == "event" { covers(&actual, &expected) } else { actual == expected };
        if !same {
            failures.push(format!("{}\n  expected {expected}\n  actual   {actual}", case.title()));
        }
        let absent = case.get("absent");
        for secret in absent.as_array().into_iter().flatten().filter_map(Value::as_str) {
            if actual.to_string().contains(secret) {
                failures.push(format!("{}: {secret} is still there", case.title()));
            }
        }
    }
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
    ran::ran("sanitize", cases.len());
}

#[test]
fn a_second_pass_changes_nothing() {
    let mut failures = Vec::new();
    for case in cases() {
        let kind = case.get("kind");
        let kind = kind.as_str().unwrap();
        let again = |value: &Value| match kind {
            "key" => None,
            "header" => Some(Value::from(vec![case.get("input")[0].clone(), value.clone()])),
            "value" => {
                let mut input = case.get("input");
                input["value"] = value.clone();
                Some(input)
            }
            _ => Some(value.clone()),
        };
        let once = vector(kind, &case.get("input"), &case.get("options")).unwrap();
        let Some(input) = again(&once) else { continue };
        let twice = vector(kind, &input, &case.get("options")).unwrap();
        if once != twice {
            failures.push(format!("{}\n  once  {once}\n  twice {twice}", case.title()));
        }
    }
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn every_row_of_the_tables_has_a_vector() {
    let shown: BTreeSet<String> = cases()
        .iter()
        .flat_map(|case| case.get("rules").as_array().cloned().unwrap_or_default())
        .filter_map(|rule| rule.as_str().map(str::to_owned))
        .collect();
    for (name, source) in rules() {
        assert!(shown.contains(name), "rule {name} has no vector");
        assert!(!source.is_empty(), "rule {name} has no source");
    }
    let known: BTreeSet<&str> = rules().into_iter().map(|(name, _)| name).collect();
    for name in shown {
        assert!(known.contains(name.as_str()), "vectors name an unknown rule: {name}");
    }
}
