//! Runs `tests/vectors/stack` and holds the tables to it: a builtin row without a case fails.

mod vectors;

use faultwire::protocol::{Frame, Value};
use faultwire::stacktrace::{Blocklist, Rules, blocklist, in_app};
use serde::Deserialize;

#[test]
fn stacks_are_resolved_as_the_vectors_say() {
    vectors::run("stack", faultwire::stacktrace::vector);
}

#[test]
fn every_builtin_row_has_a_case() {
    let cases = vectors::cases("stack");
    let frames: Vec<(&str, Frame)> = cases
        .iter()
        .filter_map(|case| Some((case.input["platform"].as_str()?, case.input["frames"].as_array()?)))
        .flat_map(|(platform, list)| list.iter().map(move |frame| (platform, frame)))
        .filter_map(|(platform, frame)| Some((platform, Frame::deserialize(frame).ok()?)))
        .collect();
    for row in blocklist::BUILTIN {
        let hit = |(platform, frame): &&(&str, Frame)| row.blocks(platform, frame);
        let (platform, frame) = frames.iter().find(hit).unwrap_or_else(|| panic!("{row:?} has a case"));
        assert!(Blocklist::builtin().blocks(platform, frame), "{row:?} is reached through the index");
    }
}

#[test]
fn the_answer_for_a_code_location_is_the_one_resolve_gives() {
    for case in vectors::cases("stack") {
        let (Some(platform), Some(frames)) = (case.input["platform"].as_str(), case.input["frames"].as_array()) else {
            continue;
        };
        let list = |name: &str| Vec::<String>::deserialize(&case.input[name]).unwrap_or_default();
        let Ok(rules) = Rules::new(list("in_app_include"), list("in_app_exclude"), &[]) else { continue };
        if frames.iter().any(|f| f["in_app"].is_boolean() || f["platform"].is_string()) {
            continue;
        }
        for frame in case.expected["frames"].as_array().into_iter().flatten().filter(|f| f["in_app"].is_boolean()) {
            let answer = in_app(platform, frame["module"].as_str(), frame["abs_path"].as_str(), &rules);
            assert_eq!(Value::from(answer), frame["in_app"], "{}: {frame}", case.name);
        }
    }
}
