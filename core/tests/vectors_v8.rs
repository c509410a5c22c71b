//! Runs `tests/vectors/v8-stack`, and throws at the parser what no engine prints.

mod vectors;

use std::time::{Duration, Instant};

use faultwire::protocol::Value;
use faultwire::stacktrace::{MAX_FRAMES, parse, v8};

#[test]
fn texts_become_frames_as_the_vectors_say() {
    vectors::run("v8-stack", v8::vector);
}

/// Numbers that look random and are the same in every run (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

#[test]
fn mutilated_stacks_never_panic_and_give_sane_frames() {
    const PIECES: &[&str] = &[
        "\n    at ",
        "\n",
        " (",
        ")",
        ":",
        ":1:2",
        "eval at ",
        "<anonymous>",
        "native",
        "async ",
        "new ",
        "file://",
        "%",
        "%2",
        "node:",
        "webpack://",
        "data:",
        "wasm://wasm/a:wasm-function[1]:0x1",
        "C:\\",
        "-> ",
        "é",
        "\u{2028}",
        "\0",
        " [as x]",
        "index 0",
        "0",
        "99999999999999999999",
        "/node_modules/",
        "..",
        "?",
        "#",
    ];
    let seeds: Vec<String> =
        vectors::cases("v8-stack").iter().filter_map(|case| case.input["stack"].as_str().map(str::to_owned)).collect();
    assert!(seeds.len() > 60);
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    for round in 0..20_000 {
        let mut text: Vec<char> = seeds[random.below(seeds.len())].chars().collect();
        for _ in 0..=random.below(6) {
            let at = random.below(text.len() + 1);
            match random.below(3) {
                0 => text.truncate(at),
                1 => drop(text.drain(at..(at + random.below(20)).min(text.len()))),
                _ => drop(text.splice(at..at, PIECES[random.below(PIECES.len())].chars())),
            }
        }
        let text: String = text.into_iter().collect();
        let message: String = text.chars().skip(random.below(20)).take(random.below(40)).collect();
        let places = v8::places(&text, &message);
        assert!(text.contains(places));
        let frames = parse("node", &text, &message);
        assert!(frames.is_empty() || v8::place_hash(places) != 0, "round {round}: {text:?}");
        for frame in frames {
            assert!(frame.function.is_some_and(|f| !f.is_empty()), "round {round}: {text:?}");
            assert!(frame.lineno != Some(0) && frame.colno != Some(0));
        }
        let input: Value = serde_json::json!({ "stack": text, "message": message, "root": "/srv/shop" });
        assert!(v8::vector(&input).is_ok());
    }
}

/// Texts made to be slow for a parser that looks ahead or back too far.
#[test]
fn the_time_is_linear_in_the_text() {
    type Shape = (&'static str, fn(usize) -> String);
    let shapes: [Shape; 9] = [
        ("brackets", |n| format!("    at {}", " (".repeat(n))),
        ("closing brackets", |n| format!("    at eval (eval at f (/a{}", ")".repeat(n))),
        ("evals", |n| format!("    at {}/a:1:2)", "eval (eval at f (".repeat(n))),
        ("colons", |n| format!("    at f (/a{}1)", ":1".repeat(n))),
        ("digits", |n| format!("    at f (/a:{})", "1".repeat(n))),
        ("places", |n| "    at f (/a.js:1:2)\n".repeat(n)),
        ("open places", |n| "    at f\n    ".repeat(n)),
        ("arrows", |n| format!("    at f (/a.js:1:2)\n{}", "  -> /b.js:1:2\n".repeat(n))),
        ("spaces", |n| format!("    at f{}(/a.js:1:2)", " ".repeat(n))),
    ];
    for (name, shape) in shapes {
        for message in ["", "(", "at f"] {
            let text = shape(200_000);
            let start = Instant::now();
            let frames = parse("node", &text, message);
            v8::place_hash(v8::places(&text, message));
            assert!(start.elapsed() < Duration::from_secs(2), "{name}: {:?}", start.elapsed());
            assert!(frames.len() <= MAX_FRAMES);
        }
    }
}

#[test]
fn of_a_deep_stack_both_ends_are_kept() {
    let text: String = (1..=9000).map(|n| format!("    at f{n} (/a.js:{n}:1)\n")).collect();
    let frames = parse("node", &text, "");
    let function = |frame: Option<&faultwire::protocol::Frame>| frame.and_then(|f| f.function.clone());
    assert_eq!(frames.len(), MAX_FRAMES);
    assert_eq!(function(frames.last()).as_deref(), Some("f1"));
    assert_eq!(function(frames.first()).as_deref(), Some("f9000"));
    assert_eq!(function(frames.get(MAX_FRAMES / 2)).as_deref(), Some("f2048"));
    assert_eq!(function(frames.get(MAX_FRAMES / 2 - 1)).as_deref(), Some("f6953"));
}
