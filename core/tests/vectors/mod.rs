//! Reads `tests/vectors/<topic>/*.json` and compares. A topic without cases fails.

#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers of tests, outside any test function")]

mod ran;

use std::path::Path;

use faultwire::Error;
use faultwire::protocol::Value;
use serde::Deserialize;

/// One case of a file.
#[derive(Deserialize)]
pub struct Case {
    pub name: String,
    pub input: Value,
    pub expected: Value,
}

#[derive(Deserialize)]
struct File {
    topic: String,
    description: String,
    cases: Vec<Case>,
}

/// All cases of a topic.
pub fn cases(topic: &str) -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors").join(topic);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<_> = entries.filter_map(|e| e.ok().map(|e| e.path())).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "json"));
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let file: File = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        assert_eq!(file.topic, topic, "{}", path.display());
        assert!(!file.description.is_empty() && !file.cases.is_empty(), "{} is empty", path.display());
        all.extend(file.cases);
    }
    assert!(!all.is_empty(), "{topic} has no cases");
    let mut names: Vec<&str> = all.iter().map(|c| c.name.as_str()).collect();
    names.sort_unstable();
    let twice = names.windows(2).find(|pair| pair[0] == pair[1]);
    assert_eq!(twice, None, "names are unique in a topic");
    all
}

/// Runs all cases of a topic and reports every one that differs.
pub fn run(topic: &str, vector: impl Fn(&Value) -> Result<Value, Error>) {
    let mut wrong = Vec::new();
    let cases = cases(topic);
    for case in &cases {
        let mut actual = vector(&case.input).unwrap_or_else(|e| panic!("{}: {e}", case.name));
        // A message that a case does not tell is not compared.
        if case.expected["error"].get("message").is_none()
            && let Some(error) = actual.get_mut("error").and_then(Value::as_object_mut)
        {
            error.remove("message");
        }
        if actual != case.expected {
            wrong.push(format!("{}\n  expected {}\n  actual   {actual}", case.name, case.expected));
        }
    }
    assert!(wrong.is_empty(), "{} cases of {topic} differ:\n{}", wrong.len(), wrong.join("\n"));
    ran::ran(topic, cases.len());
}
