use serde_json::json;

use super::*;

fn event(value: Value) -> Event {
    Event::from_value(value).unwrap()
}

fn hash(value: Value) -> String {
    compute(&event(value), &|_, _| false).hash
}

fn frames_of(names: &str) -> Value {
    names.chars().map(|c| json!({"module": "app", "function": c.to_string(), "in_app": true})).collect()
}

fn raised(frames: Value) -> Value {
    json!({"platform": "python", "exception": [{"type": "E", "value": "x", "stacktrace": {"frames": frames}}]})
}

/// Direct, mutual and nested recursion in the middle of other frames: any depth, one issue.
#[test]
fn depth_does_not_split() {
    let mut seed = 7u64;
    let mut roll = |sides: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % sides
    };
    for _ in 0..500 {
        let mut word =
            |least, most| -> String { (0..least + roll(most)).map(|_| char::from(b'a' + roll(6) as u8)).collect() };
        let (before, part, after) = (word(0, 4), word(1, 5), word(0, 4));
        let at = |k: usize| hash(raised(frames_of(&format!("{before}{}{after}", part.repeat(k)))));
        let once = at(1);
        for k in [2, 3, 17] {
            assert_eq!(once, at(k), "{before} ({part}) x {k} {after}");
        }
    }
}

/// 4096 frames deep equals 2 rounds.
#[test]
fn the_deepest_stack_is_the_shallow_one() {
    let deep = hash(raised(frames_of(&format!("x{}y", "ab".repeat(2047)))));
    assert_eq!(deep, hash(raised(frames_of("xababy"))));
    assert_ne!(deep, hash(raised(frames_of("xaby").as_array().unwrap()[1..].to_vec().into())));
}

/// A stack whose recursion was folded on the way gives the same hash as the whole one.
#[test]
fn folding_the_stack_first_changes_nothing() {
    for names in ["xaaaaaaaay", "xababababab", "xabcabcabcabcabcy", "xaabaaabaabaaby", "abababa"] {
        let whole = event(raised(frames_of(names)));
        let mut folded = whole.clone();
        let frames = &mut folded.exception.values[0].stacktrace.as_mut().unwrap().frames;
        crate::stacktrace::fold(frames);
        assert_eq!(compute(&whole, &|_, _| false), compute(&folded, &|_, _| false), "{names}");
    }
}

/// Thousands of chained exceptions: no recursion on our side, and repeats count once.
#[test]
fn a_long_chain_is_no_trouble() {
    let one = json!({"type": "E", "stacktrace": {"frames": frames_of("ab")}});
    let chain = |n: usize| hash(json!({"exception": vec![one.clone(); n]}));
    assert_eq!(chain(1), chain(5_000));
}

/// Circles and strangers among the ids neither hang nor panic.
#[test]
fn broken_ids_are_survived() {
    let node = |id: Value, parent: Value, group: bool| json!({"type": "E", "value": "v", "mechanism": {"type": "generic", "exception_id": id, "parent_id": parent, "is_exception_group": group}});
    for nodes in [
        json!([node(json!(0), json!(1), true), node(json!(1), json!(0), true)]),
        json!([node(json!(3), json!(3), true)]),
        json!([node(json!(1), json!(9), false), node(json!(1), json!(0), true), node(json!(0), Value::Null, true)]),
        json!([node(Value::Null, Value::Null, true), node(json!(0), json!(4), false)]),
    ] {
        assert_eq!(hash(json!({"exception": nodes})).len(), 64);
    }
}

/// The record's hash is the hash, and the blocklist's additions are named but not hashed.
#[test]
fn the_record_says_the_same() {
    let event = event(raised(frames_of("abc")));
    let blocks = |_: &str, frame: &Frame| frame.function.as_deref() == Some("b");
    let record = explain(&event, &blocks, &["b".to_owned()]);
    assert_eq!(record.hash, compute(&event, &blocks).hash);
    assert_eq!(record.default_hash, record.hash);
    assert_eq!(record.additions, ["b"]);
    assert_eq!(record.exceptions[0].frames.len(), 2);
    assert_eq!(record.exceptions[0].dropped.blocklisted, 1);
}

/// Prints what an event costs; run with `--release -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement, not a test"]
fn cost_of_fifty_frames() {
    let python: Value = (0..50)
        .map(|i| json!({"module": format!("shop.services.module_{i}"), "function": format!("Service{i}.handle.<locals>.inner"), "filename": "shop/x.py", "lineno": i, "in_app": true}))
        .collect();
    let rust: Value = (0..50)
        .map(|i| json!({"function": format!("<shop::module_{i}::Service<T> as core::ops::FnOnce<A>>::call_once::{{{{closure}}}}::h0123456789abcdef"), "filename": "src/main.rs", "in_app": true}))
        .collect();
    let node: Value = (0..50).map(|i| json!({"function": format!("async Object.handler{i}"), "filename": format!("/app/dist/chunk{i}.3f9a1c2b.js"), "in_app": true})).collect();
    for (platform, frames) in [("python", python), ("rust", rust), ("node", node)] {
        let mut value = raised(frames);
        value["platform"] = json!(platform);
        let event = event(value);
        let batch = || {
            let started = std::time::Instant::now();
            for _ in 0..1_000 {
                std::hint::black_box(compute(std::hint::black_box(&event), &|_, _| false));
            }
            started.elapsed().as_secs_f64() * 1e3
        };
        let best = (0..20).map(|_| batch()).fold(f64::MAX, f64::min);
        println!("{platform}: {best:.1} us, the best of 20 batches");
    }
}
