//! The shared vectors of the fingerprint's topics.

#![allow(clippy::unwrap_used)] // A test: what does not fit fails it.

#[path = "vectors/ran.rs"]
mod ran;

use std::collections::BTreeSet;
use std::path::Path;

use faultwire::fingerprint::{TOPICS, vector};
use serde_json::Value;

struct Case {
    file: String,
    name: String,
    input: Value,
    expected: Value,
}

/// Every case of a topic; fails on an empty set, on a case without a part and on a name given twice.
fn cases(topic: &str) -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors").join(topic);
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "json"));
    files.sort();
    let mut names = BTreeSet::new();
    let mut cases = Vec::new();
    for path in files {
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let mut content: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(content["topic"], topic, "{file}");
        for case in content["cases"].as_array_mut().unwrap() {
            let name = case["name"].as_str().unwrap().to_owned();
            assert!(names.insert(name.clone()), "{file}: {name} is there twice");
            let (input, expected) = (case["input"].take(), case["expected"].take());
            assert!(!input.is_null() && !expected.is_null(), "{file}: {name} lacks input or expected");
            cases.push(Case { file: file.clone(), name, input, expected });
        }
    }
    assert!(!cases.is_empty(), "no case under {}", folder.display());
    cases
}

fn run(topic: &str) {
    let mut wrong = Vec::new();
    let cases = cases(topic);
    for Case { file, name, input, expected } in &cases {
        match vector(topic, input) {
            Ok(found) if found == *expected => {}
            Ok(found) => {
                wrong.push(format!("{file}: {name}\n  input    {input}\n  expected {expected}\n  found    {found}"))
            }
            Err(error) => wrong.push(format!("{file}: {name}\n  input    {input}\n  error    {error}")),
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    ran::ran(topic, cases.len());
}

#[test]
fn message() {
    run("message");
}

#[test]
fn function_names() {
    run("function-names");
}

#[test]
fn fingerprint() {
    run("fingerprint");
}

/// Normalising twice is normalising once, in every case of the topics where the output is an input.
#[test]
fn results_are_fixed_points() {
    for Case { name, expected, .. } in cases("message") {
        assert_eq!(vector("message", &expected).unwrap(), expected, "{name}");
    }
    for Case { name, input, mut expected, .. } in cases("function-names") {
        let before = expected.clone();
        expected["platform"] = input["platform"].clone();
        assert_eq!(vector("function-names", &expected).unwrap(), before, "{name}");
    }
}

/// A placeholder that no case shows is a row that nobody has tried.
#[test]
fn every_placeholder_has_a_case() {
    let outputs: Vec<String> = cases("message").iter().map(|c| c.expected.as_str().unwrap().to_owned()).collect();
    for table in faultwire::fingerprint::tables() {
        for row in table.rows.iter().filter(|row| !row.placeholder.is_empty()) {
            let shown = outputs.iter().any(|o| o.contains(row.placeholder));
            assert!(shown, "no case for {} ({})", row.name, row.placeholder);
        }
    }
}

#[test]
fn every_topic_has_its_folder() {
    for topic in TOPICS {
        assert!(!cases(topic).is_empty());
    }
    assert!(vector("nonsense", &Value::Null).is_err());
}
