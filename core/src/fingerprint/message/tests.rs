use super::{normalize, run};

/// Small, fast and the same everywhere; the tests need variety, not randomness.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % sides
    }
}

const PIECES: &[&str] = &[
    "user",
    "id",
    "12",
    "1.5",
    "-",
    ":",
    "=",
    " ",
    " ",
    " ",
    "'",
    "\"",
    "`",
    "/",
    ".",
    ",",
    "<int>",
    "<",
    ">",
    "[Filtered:email]",
    "[",
    "]",
    "abc1234",
    "deadbeef1234",
    "0x7f",
    "@",
    "a.b",
    "com",
    "2024-01-02",
    "T",
    "15:04:05",
    "Jan",
    "Mon",
    "UTC",
    "+",
    "_",
    "ms",
    "MB",
    "\u{e9}",
    "\u{4f60}",
    "\u{201c}",
    "\u{201d}",
    "\u{2019}",
    "\\",
    "\n",
    "(",
    ")",
    "$1",
    "?",
    "#PID<0.1.2>",
    "#",
    "<0.1.2>",
    "1.2.3.4",
    "::1",
    "fe80::",
    "550e8400-e29b-41d4-a716-446655440000",
    "http://x.y",
    "://",
    "status",
    "404",
    "utf-8",
    "AS",
    "t0",
    "user0_",
    "v1",
    "x86_64",
    "aB3dE5fG7hI9jK1lM2",
    "pid",
    "tenant",
    "acme",
    "{",
    "}",
    "%",
    "1,000",
    "e5",
    "\u{b5}s",
    "/home/",
    "bob",
    "b'",
    "N'",
    "''",
    "999999999999",
    "\r",
    "\t",
    "\u{1f600}",
    "\u{ab}",
    "\u{bb}",
    "Id",
];

#[test]
fn a_second_pass_changes_nothing() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut bad = 0;
    for round in 0..30_000 {
        let text: String = (0..1 + dice.roll(12)).map(|_| PIECES[dice.roll(PIECES.len())]).collect();
        let once = normalize(&text).into_owned();
        let twice = normalize(&once).into_owned();
        if once != twice {
            println!("round {round}: {text:?}\n {once}\n {twice}");
            bad += 1;
            assert!(bad < 12);
        }
    }
    assert_eq!(bad, 0);
}

#[test]
fn any_bytes_are_survived() {
    let mut dice = Dice(0xdead_beef_cafe_f00d);
    for _ in 0..20_000 {
        let bytes: Vec<u8> = (0..dice.roll(60)).map(|_| dice.roll(256) as u8).collect();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let once = normalize(&text).into_owned();
        assert_eq!(once, normalize(&once), "{text:?}");
    }
}

/// Bytes looked at per byte of hostile text: below a constant (the worst is about 200), the same for
/// four times the text. Anything quadratic would be in the thousands here.
#[test]
fn time_is_linear_in_hostile_text() {
    let rate = |text: &str| run(text).steps as f64 / text.len() as f64;
    let more = [
        "a.", "a-", "1,111", "1.1", "1:", "'a", "\\'", "\"a", "a'b'", "A1-", "12ab-", "x://", "IN (", "a@", "_1", "1_",
        "aB1/", "Jan 1 ", "1m", "`a'b", "\\\\'a", "12-", "user ", "a1b2-",
    ];
    for unit in PIECES.iter().chain(&more) {
        let (few, many) = (rate(&unit.repeat(4_000 / unit.len())), rate(&unit.repeat(16_000 / unit.len())));
        assert!(many <= few * 1.1 + 1.0, "{unit:?}: {few:.1} steps a byte, then {many:.1}");
    }
    for a in PIECES {
        for b in PIECES.iter().chain(&more) {
            let unit = format!("{a}{b}");
            let steps = rate(&unit.repeat(1_000 / unit.len()));
            assert!(steps < 400.0, "{unit:?}: {steps:.1} steps a byte");
        }
    }
}

/// One vector at least a row.
#[test]
fn every_row_matches_in_a_vector() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors/message");
    let mut matched = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "json") {
            let file: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
            for case in file["cases"].as_array().unwrap() {
                matched |= run(case["input"].as_str().unwrap()).matched;
            }
        }
    }
    for (i, row) in super::MATCHERS.iter().enumerate() {
        assert!(matched & (1 << i) != 0, "no vector for the row {}", row.name);
    }
}

#[test]
fn nothing_to_replace_costs_no_copy() {
    assert!(matches!(normalize("connection refused"), std::borrow::Cow::Borrowed(_)));
    assert!(matches!(normalize("<int> and [Filtered]"), std::borrow::Cow::Borrowed(_)));
}

/// Prints what an ordinary message costs; run with `--release -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement, not a test"]
fn cost_of_an_ordinary_message() {
    let text =
        "could not connect to server 10.0.0.12:5432 for user 4711: connection timed out after 30.5 s, attempt 3 of 5";
    let quiet =
        "failed to open the configuration file of the payment service: permission denied while reading the directory";
    for text in [text, quiet] {
        let batch = || {
            let started = std::time::Instant::now();
            for _ in 0..10_000 {
                std::hint::black_box(normalize(std::hint::black_box(text)));
            }
            started.elapsed().as_secs_f64() * 1e5
        };
        let best = (0..20).map(|_| batch()).fold(f64::MAX, f64::min);
        println!("{} bytes: {best:.0} ns, the best of 20 batches", text.len());
    }
}
