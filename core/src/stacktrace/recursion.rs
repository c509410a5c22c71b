//! Recursion keeps its first and last round.
//!
//! A stack of 3000 calls of one function, or of 1000 rounds of three functions that call each
//! other, says no more than two rounds do. Rounds must repeat exactly, by function and file;
//! lines may differ, because the innermost call fails elsewhere than where the others recurse.

use std::collections::HashMap;

use crate::protocol::Frame;

/// Rounds below which nothing is folded: with two there is nothing between first and last.
const MIN_ROUNDS: usize = 3;

/// Distances tried at each frame, taken from where its function comes again. One round seldom
/// calls one function more often than this; together with hashes that compare two rounds in
/// constant time it keeps the search linear.
const CANDIDATES: usize = 16;

/// Passes: a round that itself holds recursion of varying depth repeats only once that is folded.
const PASSES: usize = 4;

/// Names that many functions of one file share: for these the line counts too, so that a pile of
/// different wrappers does not look like recursion.
const SHARED_NAMES: &[&str] = &["wrapper", "wrapped", "inner", "_wrapper", "decorated", "new_func"];

/// Folds direct and mutual recursion in `frames`; returns how many frames left.
pub fn fold(frames: &mut Vec<Frame>) -> u32 {
    let before = frames.len();
    for _ in 0..PASSES {
        if frames.len() < MIN_ROUNDS || !fold_once(frames) {
            break;
        }
    }
    u32::try_from(before - frames.len()).unwrap_or(u32::MAX)
}

fn fold_once(frames: &mut Vec<Frame>) -> bool {
    let ids = number(frames);
    let next = next_of_same(&ids);
    if next.iter().all(|n| *n == usize::MAX) {
        return false;
    }
    let hashes = Hashes::new(&ids);
    let mut keep = vec![true; ids.len()];
    let mut at = 0;
    while at < ids.len() {
        match round_at(at, &ids, &next, &hashes) {
            Some((period, rounds)) => {
                let last_round = at + period * (rounds - 1);
                keep[at + period..last_round].fill(false);
                at = last_round + period;
            }
            None => at += 1,
        }
    }
    let mut kept = keep.iter();
    let before = frames.len();
    frames.retain(|_| kept.next().copied().unwrap_or(true));
    frames.len() < before
}

/// Length and number of the rounds that begin at `at`, if there are enough of them.
fn round_at(at: usize, ids: &[u32], next: &[usize], hashes: &Hashes) -> Option<(usize, usize)> {
    let mut again = next[at];
    for _ in 0..CANDIDATES {
        if again == usize::MAX {
            return None;
        }
        let period = again - at;
        if at + MIN_ROUNDS * period > ids.len() {
            return None;
        }
        let span = (MIN_ROUNDS - 1) * period;
        if hashes.equal(at, again, span) {
            // The hash only says where to look.
            let same = (0..ids.len() - again).take_while(|i| ids[at + i] == ids[again + i]).count();
            let rounds = 1 + same / period;
            if rounds >= MIN_ROUNDS {
                return Some((period, rounds));
            }
        }
        again = next[again];
    }
    None
}

/// A number for each frame, the same for frames of the same function.
fn number(frames: &[Frame]) -> Vec<u32> {
    type Key<'f> = (Option<&'f str>, Option<&'f str>, Option<&'f str>, Option<u32>);
    let mut known: HashMap<Key, u32> = HashMap::with_capacity(frames.len().min(256));
    frames
        .iter()
        .map(|frame| {
            let function = frame.function.as_deref().or(frame.instruction_addr.as_deref());
            let file = frame.abs_path.as_deref().or(frame.filename.as_deref());
            let shared = function.is_some_and(|f| {
                let name = f.rsplit('.').next().unwrap_or(f);
                f.starts_with('<') || name.starts_with('<') || SHARED_NAMES.contains(&name)
            });
            let line = if shared { frame.lineno } else { None };
            let fresh = known.len() as u32;
            *known.entry((frame.module.as_deref(), function, file, line)).or_insert(fresh)
        })
        .collect()
}

/// For each position the next one with the same number, or `usize::MAX`.
fn next_of_same(ids: &[u32]) -> Vec<usize> {
    let mut next = vec![usize::MAX; ids.len()];
    let mut seen = vec![usize::MAX; ids.iter().max().map_or(0, |m| *m as usize + 1)];
    for (at, id) in ids.iter().enumerate().rev() {
        next[at] = std::mem::replace(&mut seen[*id as usize], at);
    }
    next
}

/// Prefix hashes: whether two stretches are equal, in constant time and with high probability.
struct Hashes {
    prefix: Vec<u64>,
    power: Vec<u64>,
}

impl Hashes {
    /// An odd multiplier with well-mixed bits (the golden ratio's).
    const BASE: u64 = 0x9e37_79b9_7f4a_7c15;

    fn new(ids: &[u32]) -> Self {
        let mut prefix = Vec::with_capacity(ids.len() + 1);
        let mut power = Vec::with_capacity(ids.len() + 1);
        let (mut hash, mut scale) = (0u64, 1u64);
        prefix.push(hash);
        power.push(scale);
        for id in ids {
            let mut mixed = (u64::from(*id) + 1).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed ^= mixed >> 29;
            hash = hash.wrapping_mul(Self::BASE).wrapping_add(mixed);
            scale = scale.wrapping_mul(Self::BASE);
            prefix.push(hash);
            power.push(scale);
        }
        Hashes { prefix, power }
    }

    fn of(&self, from: usize, len: usize) -> u64 {
        self.prefix[from + len].wrapping_sub(self.prefix[from].wrapping_mul(self.power[len]))
    }

    fn equal(&self, a: usize, b: usize, len: usize) -> bool {
        self.of(a, len) == self.of(b, len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(names: &str) -> Vec<Frame> {
        let named = |(line, name): (usize, &str)| Frame {
            function: Some(name.to_owned()),
            lineno: Some(line as u32),
            ..Frame::default()
        };
        names.split_whitespace().enumerate().map(named).collect()
    }

    fn folded(names: &str) -> String {
        let mut frames = stack(names);
        fold(&mut frames);
        frames.iter().filter_map(|f| f.function.as_deref()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn depth_does_not_show() {
        for depth in [3, 4, 10, 3000] {
            assert_eq!(folded(&format!("main {} raise", "f ".repeat(depth))), "main f f raise");
            assert_eq!(folded(&format!("main {} raise", "a b c ".repeat(depth))), "main a b c a b c raise");
            assert_eq!(folded(&format!("main {} a raise", "a b ".repeat(depth))), "main a b a b a raise");
        }
        assert_eq!(folded("main f f raise"), "main f f raise");
    }

    #[test]
    fn first_and_last_round_keep_their_lines() {
        let mut frames = stack("main f f f f f");
        assert_eq!(fold(&mut frames), 3);
        assert_eq!(frames.iter().map(|f| f.lineno).collect::<Vec<_>>(), [Some(0), Some(1), Some(5)]);
    }

    #[test]
    fn rounds_with_recursion_inside_fold_too() {
        let round = |n: usize| format!("{} b ", "a ".repeat(n));
        let names: String = (0..40).map(|i| round(3 + i % 5)).collect();
        assert_eq!(folded(&names), "a a b a a b");
    }

    #[test]
    fn different_wrappers_are_no_recursion() {
        assert_eq!(folded("wrapper wrapper wrapper wrapper f"), "wrapper wrapper wrapper wrapper f");
        assert_eq!(folded("<lambda> <lambda> <lambda> f"), "<lambda> <lambda> <lambda> f");
    }

    #[test]
    fn ten_thousand_frames_without_rounds_stay_and_take_linear_time() {
        // A sequence over two names without three equal stretches in a row (Thue-Morse).
        let names: String = (0..10_000u32).map(|i| if i.count_ones() % 2 == 0 { "a " } else { "b " }).collect();
        let mut frames = stack(&names);
        let start = std::time::Instant::now();
        assert_eq!(fold(&mut frames), 0);
        assert!(start.elapsed().as_millis() < 500, "{:?}", start.elapsed());
    }
}
