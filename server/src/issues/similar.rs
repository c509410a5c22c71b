//! How alike two issues are, for people who look for the same cause under another name. A suggestion: nothing is merged
//! by it.
//!
//! | part | share | what is compared |
//! |---|---|---|
//! | stack | 70 % | the frames that the fingerprint counts; what both have over what either has, rare frames weigh more |
//! | message | 20 % | the words of the title without the values in it |
//! | context | 10 % | culprit (4 of 10), platform, level, a common environment (2 each) |
//!
//! A frame weighs `ln(1 + patterns of the project / patterns with this frame)`: what every stack has in common, the
//! loop of a server, says next to nothing.

use std::collections::{BTreeMap, BTreeSet};

use faultwire::fingerprint::message::normalize;
use faultwire::fingerprint::{ExceptionRecord, Record};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Facts, Level, hash};

/// Issues that are compared with one.
pub const MAX_CANDIDATES: usize = 200;
/// What is less alike is not suggested.
pub const MIN_SCORE: f64 = 0.2;
/// Frames of a pattern that are kept, from the innermost outwards.
const MAX_FRAMES: usize = 64;

/// The shares of stack, message and context.
const SHARES: [f64; 3] = [0.7, 0.2, 0.1];

/// By what a pattern is found: hashes, made once, when it is new.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Traits {
    /// Of each frame that counts.
    pub frames: BTreeSet<u64>,
    /// Of the title without the values in it.
    pub message: u64,
}

impl Traits {
    /// Those of a fault that was named as `record` says.
    pub fn new(record: &Record, facts: &Facts) -> Traits {
        // The raised exception is the first of them, and its last frame is where it happened.
        let stacks = record.exceptions.iter().chain(&record.thread);
        let frames = stacks.flat_map(|stack: &ExceptionRecord| stack.frames.iter().rev());
        // With the length before it, "ab" in "c" is not "a" in "bc".
        let frames = frames.map(|frame| hash(&format!("{}:{}{}", frame.module.len(), frame.module, frame.function)));
        let mut kept = BTreeSet::new();
        for frame in frames {
            kept.insert(frame);
            if kept.len() >= MAX_FRAMES {
                break;
            }
        }
        Traits { frames: kept, message: hash(&normalize(&facts.title)) }
    }
}

/// What of an issue is compared.
#[derive(Debug, Clone, Default)]
pub struct Sketch {
    /// Frames of all its patterns, and what each weighs.
    pub frames: BTreeMap<u64, f64>,
    /// What it says.
    pub facts: Facts,
    /// Where it was seen.
    pub environments: BTreeSet<String>,
}

/// How alike, from 0 to 1, and why.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Likeness {
    /// All parts together.
    pub score: f64,
    /// Each by itself, from 0 to 1.
    pub parts: Parts,
}

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Parts {
    /// The way through the code.
    pub stack: f64,
    /// What is said.
    pub message: f64,
    /// Where it is said.
    pub context: f64,
}

/// What a frame weighs that `patterns` of `all` have.
pub fn weight(patterns: u64, all: u64) -> f64 {
    (1.0 + all as f64 / patterns.max(1) as f64).ln()
}

/// How alike two issues are.
pub fn likeness(one: &Sketch, other: &Sketch) -> Likeness {
    let parts = Parts {
        stack: overlap(&one.frames, &other.frames),
        message: dice(&words(&one.facts.title), &words(&other.facts.title)),
        context: context(one, other),
    };
    let [stack, message, context] = SHARES;
    Likeness { score: stack * parts.stack + message * parts.message + context * parts.context, parts }
}

/// The weight of what both have, of the weight of what either has. Without a frame there is nothing to be alike.
fn overlap(one: &BTreeMap<u64, f64>, other: &BTreeMap<u64, f64>) -> f64 {
    let (mut shared, mut alone) = (0.0, 0.0);
    for (frame, weight) in one {
        *(if other.contains_key(frame) { &mut shared } else { &mut alone }) += weight;
    }
    alone += other.iter().filter(|(frame, _)| !one.contains_key(*frame)).fold(0.0, |sum, (_, weight)| sum + weight);
    if shared > 0.0 { shared / (shared + alone) } else { 0.0 }
}

fn words(title: &str) -> BTreeSet<String> {
    let plain = normalize(title).to_lowercase();
    plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Twice what both have, of what each has.
fn dice(one: &BTreeSet<String>, other: &BTreeSet<String>) -> f64 {
    let shared = one.intersection(other).count();
    2.0 * shared as f64 / (one.len() + other.len()).max(1) as f64
}

fn context(one: &Sketch, other: &Sketch) -> f64 {
    let (ours, theirs): (&Facts, &Facts) = (&one.facts, &other.facts);
    let levels: [Level; 2] = [ours.level, theirs.level];
    let same = [
        (0.4, !ours.culprit.is_empty() && normalize(&ours.culprit) == normalize(&theirs.culprit)),
        (0.2, ours.platform == theirs.platform),
        (0.2, levels[0] == levels[1]),
        (0.2, !one.environments.is_disjoint(&other.environments)),
    ];
    same.iter().filter(|(_, is_same)| *is_same).map(|(share, _)| share).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use faultwire::fingerprint;
    use serde_json::json;

    fn sketch(title: &str, culprit: &str, frames: &[(u64, f64)]) -> Sketch {
        let facts = Facts { title: title.into(), culprit: culprit.into(), ..Facts::default() };
        Sketch { frames: frames.iter().copied().collect(), facts, environments: ["production".into()].into() }
    }

    #[test]
    fn the_same_is_wholly_alike_and_all_else_less() {
        let one = sketch("KeyError: 'sku'", "cart", &[(1, 2.0), (2, 0.5)]);
        let same = likeness(&one, &one);
        assert!((same.score - 1.0).abs() < 1e-9, "{same:?}");
        let nothing = likeness(&Sketch::default(), &Sketch::default());
        assert_eq!((nothing.parts.stack, nothing.parts.message), (0.0, 0.0));
    }

    #[test]
    fn rare_frames_weigh_more() {
        assert!(weight(1, 1000) > 3.0 * weight(300, 1000) && weight(1000, 1000) > 0.0);
        let one = sketch("a", "", &[(1, weight(2, 1000)), (9, weight(900, 1000))]);
        let by_rare = likeness(&one, &sketch("b", "", &[(1, weight(2, 1000)), (3, weight(1, 1000))]));
        let by_common = likeness(&one, &sketch("b", "", &[(9, weight(900, 1000)), (3, weight(1, 1000))]));
        assert!(by_rare.parts.stack > 5.0 * by_common.parts.stack, "{by_rare:?} {by_common:?}");
    }

    /// The way through the code counts more than all that is said; values in a message say nothing.
    #[test]
    fn the_stack_outweighs_the_message() {
        let one = sketch("KeyError: user 42 not found", "cart", &[(1, 1.0), (2, 1.0)]);
        let path = likeness(&one, &sketch("Timeout: no answer", "other", &[(1, 1.0), (2, 1.0)]));
        let said = likeness(&one, &sketch("KeyError: user 7 not found", "cart", &[(3, 1.0)]));
        assert_eq!((path.parts.stack, said.parts.stack, said.parts.message), (1.0, 0.0, 1.0));
        assert!(path.score > said.score && said.score >= MIN_SCORE);
    }

    /// The frames are those of the fingerprint: no line, and none of a library.
    #[test]
    fn traits_are_those_of_the_fingerprint() {
        let traits = |line: u32, library: &str, value: &str| {
            let event = faultwire::Event::from_value(json!({
                "event_id": "0".repeat(32), "timestamp": 1.5, "platform": "python",
                "exception": {"values": [{"type": "E", "value": value, "stacktrace": {"frames": [
                    {"function": library, "module": "lib", "in_app": false},
                    {"function": "f", "module": "app", "in_app": true, "lineno": line},
                    {"function": "g", "module": "app", "in_app": true, "lineno": line},
                ]}}]},
            }));
            let event = event.unwrap();
            Traits::new(&fingerprint::explain(&event, &|_, _| false, &[]), &crate::issues::facts(&event))
        };
        let one = traits(1, "a", "user 42");
        assert_eq!(one.frames.len(), 2);
        assert_eq!(one, traits(2, "b", "user 7"));
        assert_ne!(one.message, traits(1, "a", "other words").message);
    }
}
