//! Runs `tests/vectors/stack` and holds the tables to it: a builtin row without a case fails.

mod vectors;

use faultwire::protocol::{Frame, Value};
use faultwire::stacktrace::{Blocklist, Rules, blocklist, in_app, jvm, swift};
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
    let rows = blocklist::BUILTIN.iter().flat_map(|(table, rows)| rows.iter().map(move |row| (table, row)));
    for (table, row) in rows {
        let hit = |(platform, frame): &&(&str, Frame)| row.blocks(table, platform, frame);
        let (platform, frame) = frames.iter().find(hit).unwrap_or_else(|| panic!("{row:?} has a case"));
        assert!(Blocklist::builtin().blocks(platform, frame), "{row:?} is reached through the index");
    }
}

#[test]
fn every_package_of_the_jvm_has_a_case() {
    let cases = vectors::cases("stack");
    let modules: Vec<&str> = cases
        .iter()
        .filter(|case| case.input["platform"] == "java")
        .flat_map(|case| case.expected["frames"].as_array().into_iter().flatten())
        .filter(|frame| frame["in_app"] == false)
        .filter_map(|frame| frame["module"].as_str())
        .collect();
    for (package, what) in jvm::LIBRARIES {
        assert!(!what.is_empty(), "{package}");
        let below = |module: &&&str| module.strip_prefix(package).is_some_and(|rest| rest.starts_with('.'));
        let module = modules.iter().find(below).unwrap_or_else(|| panic!("{package} has a case"));
        let others = jvm::LIBRARIES.iter().filter(|(other, _)| module.starts_with(&format!("{other}.")));
        assert_eq!(others.count(), 1, "{package} alone says whose {module} is");
    }
}

#[test]
fn every_library_of_swift_has_a_case() {
    let cases = vectors::cases("stack");
    let is_case = |module: &str| {
        let frames = cases.iter().filter(|c| c.input["platform"] == "cocoa").map(|c| &c.expected["frames"]);
        frames.flat_map(|f| f.as_array().into_iter().flatten()).any(|f| f["module"] == module && f["in_app"] == false)
    };
    for (module, what) in swift::LIBRARY_MODULES {
        assert!(!what.is_empty() && is_case(&module.replace('*', "X")), "{module} has a case");
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

/// Not a vector: this process's own stack, as the compiler that builds it names its frames.
#[test]
fn a_real_panic_ends_and_begins_in_the_application() {
    static STACK: std::sync::Mutex<String> = std::sync::Mutex::new(String::new());
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {
        *STACK.lock().unwrap() = std::backtrace::Backtrace::force_capture().to_string();
    }));
    let orders: Vec<u32> = Vec::new();
    let place = move || *orders.first().expect("an order");
    let panicked = std::thread::spawn(move || place_order(&place)).join().is_err();
    std::panic::set_hook(previous);
    assert!(panicked);

    // `N: symbol` and below it `at path:line:column`, callee first.
    let printed = STACK.lock().unwrap().clone();
    let mut frames: Vec<Frame> = Vec::new();
    for line in printed.lines().map(str::trim) {
        if let Some(path) = line.strip_prefix("at ") {
            let path = path.rsplitn(3, ':').last().unwrap_or(path);
            frames.last_mut().unwrap().abs_path = Some(path.to_owned());
        } else if let Some((_, symbol)) = line.split_once(": ") {
            frames.push(Frame { function: Some(symbol.to_owned()), ..Frame::default() });
        }
    }
    // The hook is this test's; in an application it is the library's.
    frames.retain(|f| f.function.as_deref().is_none_or(|f| !f.contains("force_capture")));
    frames[0] = Frame { function: Some("faultwire::hook".to_owned()), ..Frame::default() };
    frames.reverse();
    let mut stack = faultwire::protocol::Stacktrace { frames };
    faultwire::stacktrace::resolve("rust", &mut stack, &Rules::default());
    // Optimised builds inline, and line tables then name functions without their path: what counts
    // is the function and whose it is.
    let left: Vec<String> =
        stack.frames.iter().map(|f| format!("{:?} {:?} {:?}", f.in_app, f.module, f.function)).collect();
    let told = format!("{left:#?}\n{printed}");
    let own = stack.frames.iter().filter(|f| f.in_app == Some(true)).count();
    assert!(own >= 2, "{told}");
    // Beside its own frames only the function that panics on its behalf may be left.
    assert!(left.len() <= own + 1, "{told}");
    let place = stack.frames.iter().find(|f| f.function.as_deref() == Some("place_order"));
    assert!(
        place.is_some_and(|f| f.in_app == Some(true) && f.filename.as_deref() == Some("tests/vectors_stack.rs")),
        "{told}"
    );
}

#[inline(never)]
fn place_order(place: &dyn Fn() -> u32) -> u32 {
    place() + 1
}
