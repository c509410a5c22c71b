//! Depth does not count: a function that is entered again leads back to its first entry.
//!
//! The stack is read from the caller to the callee as a walk over functions, and its loops are erased
//! in the order in which they close: `A B A B` is `A B`, `A A A` is `A`, `A B C B D` is `A B D`. The
//! result is the simple path that leaves each of its functions after the last visit to it.
//!
//! Why that is right for any recursion, direct, mutual or nested, in any surroundings: which functions
//! are on the path and in which order depends only on the last visit to each function and on what
//! follows that visit. Repeating a part of the walk directly after itself moves the last visits of the
//! part's functions into the last repetition and changes nothing of what follows them. So k and k + n
//! repetitions give the same path, for every k of at least 1.
//!
//! Names that many functions share (decorators' `wrapper`, `<anonymous>`) do not say that a function
//! was entered again. They close loops only among themselves, within one row of such names; the loops
//! of all other functions are erased with the shared names in them. The argument above then holds for
//! the other functions, and for each row of shared names by itself.
//!
//! What is given up: two stacks that differ only inside of a loop (`retry load_users retry fetch`,
//! `retry load_orders retry fetch`) are one. Tree walkers, parsers and renderers take another way
//! through their loops with every input, and would otherwise make an issue of each.

use std::collections::HashMap;
use std::hash::Hash;

/// Names that many functions of one module share.
pub(super) const SHARED: &[&str] = &[
    "wrapper",
    "_wrapper",
    "wrapped",
    "_wrapped",
    "inner",
    "_inner",
    "decorated",
    "decorator",
    "new_func",
    "<anonymous>",
    "<lambda>",
    "<genexpr>",
    "lambda",
];

/// Indexes of the frames on the path, in order. Linear in the length of the stack.
pub(super) fn path<K: Hash + Eq + Copy>(stack: &[K], shared: impl Fn(K) -> bool) -> Vec<usize> {
    let mut path: Vec<usize> = Vec::with_capacity(stack.len());
    // Where a function stands on the path, of a shared name the last place.
    let mut place: HashMap<K, usize> = HashMap::with_capacity(stack.len());
    // Where the present row of shared names begins on the path.
    let mut row = 0;
    for (i, function) in stack.iter().enumerate() {
        let is_shared = shared(*function);
        let entered = place.get(function).copied().filter(|at| !is_shared || *at >= row);
        match entered {
            Some(at) => {
                for erased in path.drain(at + 1..) {
                    if let Some(function) = stack.get(erased) {
                        place.remove(function);
                    }
                }
            }
            None => {
                place.insert(*function, path.len());
                path.push(i);
            }
        }
        if !is_shared {
            row = path.len();
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(stack: &str) -> String {
        let stack: Vec<char> = stack.chars().collect();
        path(&stack, |c| c.is_ascii_lowercase()).into_iter().map(|i| stack[i]).collect()
    }

    #[test]
    fn loops_close() {
        for (stack, expected) in [
            ("", ""),
            ("A", "A"),
            ("AAA", "A"),
            ("ABABAB", "AB"),
            ("ABABA", "A"),
            ("ABABABA", "A"),
            ("XABCABCY", "XABCY"),
            ("XAABAABY", "XABY"),
            ("ABCBD", "ABD"),
            ("ABC", "ABC"),
            ("XABXABC", "XABC"),
            // Small letters are shared names.
            ("wAwB", "wAwB"),
            ("wAwAwB", "wAwB"),
            ("wwA", "wA"),
            ("wvwvA", "wvA"),
            ("wAvwB", "wAvwB"),
        ] {
            assert_eq!(names(stack), expected, "{stack}");
        }
    }

    /// Any part, repeated any number of times, among any other frames.
    #[test]
    fn the_number_of_repetitions_does_not_matter() {
        let mut seed = 0x2545_f491_4f6c_dd1du64;
        let mut roll = |sides: u64| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            (seed >> 11) % sides
        };
        for _ in 0..20_000 {
            let mut word = |longest: u64, least: u64| -> String {
                let length = least + roll(longest);
                // Four functions and three shared names.
                (0..length).map(|_| b"ABCDwvu"[roll(7) as usize] as char).collect()
            };
            let (before, part, after) = (word(6, 0), word(8, 1), word(6, 0));
            let once = names(&format!("{before}{part}{after}"));
            for k in 2..6 {
                let text = format!("{before}{}{after}", part.repeat(k));
                assert_eq!(names(&text), once, "{before} ({part}) x {k} {after}");
            }
        }
    }

    /// 4096 frames of two functions and of all different ones: a path, not a wait.
    #[test]
    fn deep_stacks_are_no_trouble() {
        let deep: Vec<usize> = (0..4096).map(|i| i % 2).collect();
        assert_eq!(path(&deep, |_| false).len(), 2);
        let wide: Vec<usize> = (0..4096).collect();
        assert_eq!(path(&wide, |_| false).len(), 4096);
    }
}
