//! The whole text of a stack: where its places begin, and which text belongs to each.
//!
//! ```text
//! TypeError: Cannot read properties of null (reading 'items')      the header
//!     at total (/app/cart.js:35:18)                                 places, callee first
//!         -> /app/cart.ts:34:17                                     Node 12 with --enable-source-maps
//!     at async main (/app/main.js:18:9)
//! ```

use std::collections::VecDeque;

use memchr::{memchr, memmem};

use crate::stacktrace::MAX_FRAMES;

/// Lines of one place: names of functions can hold line breaks.
const MAX_LINES: usize = 4;

/// Bytes of a stack text that are looked at: room for as many frames as anybody reads.
pub const MAX_TEXT: usize = 256 << 10;

/// The part of `stack` from its first place on, at most [`MAX_TEXT`] bytes of it; empty where there is none.
///
/// `message` is the error's message as it is now, whole or its beginning: it can hold lines that look
/// like places, and what stands in it is skipped. No message is fine, and so is a stack without its header.
/// One pass, nothing allocated: this runs on the app thread.
pub fn places<'s>(stack: &'s str, message: &str) -> &'s str {
    let mut start = first_place(stack, 0);
    if !message.is_empty()
        && let Some(at) = start
        // In front of the header there can be an excerpt of the source, and the header can have a code.
        && let Some(found) = memmem::find(stack.as_bytes().get(..at + message.len()).unwrap_or(stack.as_bytes()), message.as_bytes())
        && found <= at
    {
        start = first_place(stack, found + message.len());
    }
    let from = start.and_then(|at| stack.get(at..)).unwrap_or("");
    cut(from, MAX_TEXT)
}

/// A number for the places of a stack, to fold storms by: what [`places`] gives, without what stands
/// between and after them. 0 where there are none; equal numbers for equal places, in this process only.
pub fn place_hash(places: &str) -> u64 {
    let mut hash = 0;
    for line in lines(places).filter(|line| begins_place(line)) {
        hash = mix_text(hash, line.as_bytes());
    }
    hash
}

/// The texts of the places, callee first: of more than [`MAX_FRAMES`] the innermost and outermost halves.
pub(in crate::stacktrace) fn split<'s>(stack: &'s str, message: &str) -> Vec<&'s str> {
    let text = places(stack, message);
    let mut inner: Vec<&str> = Vec::new();
    let mut outer: VecDeque<&str> = VecDeque::new();
    let mut keep = |place| {
        if inner.len() < MAX_FRAMES / 2 {
            inner.push(place);
            return;
        }
        if outer.len() >= MAX_FRAMES - MAX_FRAMES / 2 {
            outer.pop_front();
        }
        outer.push_back(place);
    };
    // Where the place begins that may go on, where it ends so far, and how many lines it has.
    let mut open: Option<(usize, usize, usize)> = None;
    let mut at = 0;
    for line in lines(text) {
        let (start, end) = (at, at + line.len());
        at = end + 1;
        if begins_place(line) {
            if let Some((start, end, _)) = open.replace((start, end, 1)) {
                keep(text.get(start..end).unwrap_or(""));
            }
        } else if let Some((from, until, count)) = open {
            let whole = text.get(from..until).is_some_and(is_place);
            let goes_on = !whole || line.trim_start().starts_with("-> ");
            open = (goes_on && count < MAX_LINES).then_some((from, end, count + 1));
            if whole && open.is_none() {
                // What follows is no place: a property of the error, or the header of another.
                keep(text.get(from..until).unwrap_or(""));
            }
        }
    }
    if let Some((start, end, _)) = open {
        keep(text.get(start..end).unwrap_or(""));
    }
    inner.extend(outer);
    inner
}

/// A text in which there is no place, unless it is the error's header and nothing else: what the application
/// or a library makes of stacks by `Error.prepareStackTrace`, or another engine's format.
pub(in crate::stacktrace) fn without_places<'s>(stack: &'s str, message: &str) -> Option<&'s str> {
    let text = stack.trim();
    let header = |before: &str| {
        let line = before.trim_end().trim_end_matches(':');
        // `TypeError`, `TypeError [ERR_X]`; an excerpt of the source can stand above.
        let name = line.rsplit('\n').next().unwrap_or(line).split(" [").next().unwrap_or(line);
        name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '.'))
    };
    let only_header = text.strip_suffix(message.trim()).is_some_and(header);
    (!only_header && places(stack, message).is_empty()).then_some(text)
}

/// Where the first line that is a place begins, from the line on in which `from` lies.
fn first_place(stack: &str, from: usize) -> Option<usize> {
    let mut at = from;
    // What is left of the line in which the message ends is no place, but where the text begins with one.
    if at > 0 {
        at += memchr(b'\n', stack.as_bytes().get(at..)?)? + 1;
    }
    let begin = at;
    for line in lines(stack.get(at..)?) {
        // Right after the header stands a place, even one whose function's name holds a line break.
        if is_place(line) || (at == begin && begins_place(line)) {
            return Some(at);
        }
        at += line.len() + 1;
    }
    None
}

/// `    at ...` with an end that places have: `)`, a number, or `<anonymous>`.
fn is_place(line: &str) -> bool {
    let inner = line.trim_ascii_end();
    begins_place(line) && (inner.ends_with([')', '>']) || inner.rsplit(':').next().is_some_and(is_number))
}

/// V8 indents by blanks. This runs for each line on the app thread, where looking for Unicode's kinds of them costs.
fn begins_place(line: &str) -> bool {
    let inner = line.trim_ascii_start();
    inner.len() < line.len() && inner.starts_with("at ")
}

/// A line, a column, or an offset in a wasm module.
fn is_number(text: &str) -> bool {
    let hex = text.strip_prefix("0x").map(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
    !text.is_empty() && hex.unwrap_or_else(|| text.bytes().all(|b| b.is_ascii_digit()))
}

/// The lines, each without its `\n`.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.filter(|t| !t.is_empty())?;
        let end = memchr(b'\n', text.as_bytes()).unwrap_or(text.len());
        rest = text.get(end + 1..);
        text.get(..end)
    })
}

/// The text up to `limit` bytes, without half a character.
fn cut(text: &str, limit: usize) -> &str {
    let mut end = text.len().min(limit);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or("")
}

/// Eight bytes a step, as the hash of the table in `storm.rs` needs no more than to be well spread.
fn mix_text(mut hash: u64, bytes: &[u8]) -> u64 {
    let mix = |hash: u64, n: u64| {
        // Both halves of the product: the upper bits depend on all lower ones.
        let product = u128::from(hash ^ n ^ 0x9e37_79b9_7f4a_7c15) * 0xa076_1d64_78bd_642f;
        (product as u64) ^ ((product >> 64) as u64)
    };
    let (chunks, tail) = bytes.as_chunks::<8>();
    for chunk in chunks {
        hash = mix(hash, u64::from_be_bytes(*chunk));
    }
    let tail = tail.iter().fold(0, |n, b| (n << 8) | u64::from(*b));
    mix(mix(hash, tail), bytes.len() as u64).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACES: &str = "    at f (/a.js:1:2)\n    at async /b.js:3:4\n    at Array.map (<anonymous>)";

    #[test]
    fn the_header_does_not_count() {
        for (header, message) in [
            ("Error: boom", "boom"),
            ("Error", ""),
            ("TypeError [ERR_X]: no", "no"),
            ("Error: a\n    at x (y.js:1:2)\nb", "a\n    at x (y.js:1:2)\nb"),
            ("Error: a\n    at x (y.js:1:2)", "a\n    at x (y.js:1:2)"),
            ("a.vm:1\nthrow new Error('vm')\n^\n\nError: vm", "vm"),
            ("Error: as it was", "as it is"),
            ("Error: its beginning and more", "its beginning"),
            ("Error: meet me\n    at the station", "unknown"),
        ] {
            assert_eq!(places(&format!("{header}\n{PLACES}"), message), PLACES, "{header}");
        }
        for message in ["f (/a.js:1:2)", "/b.js", ")"] {
            assert_eq!(places(PLACES, message), PLACES, "a message that a place happens to hold");
        }
        for none in ["", "\n", "Error: x", "at f (/a.js:1:2)", "custom 12\n  at"] {
            assert_eq!(places(none, "x"), "", "{none}");
        }
    }

    #[test]
    fn what_stands_between_and_after_places_does_not_count() {
        let hash = place_hash(PLACES);
        assert_ne!(hash, 0);
        assert_eq!(place_hash(&format!("{PLACES}\n  code: 'ENOENT' {{ id: 17 }}\n")), hash);
        assert_ne!(place_hash(&PLACES.replace("3:4", "3:5")), hash);
        assert_ne!(place_hash("    at a (b:1:1)\n    at c (d:1:1)"), place_hash("    at c (d:1:1)\n    at a (b:1:1)"));
        assert_eq!(place_hash(""), 0);
    }

    #[test]
    fn what_is_no_stack_is_told_from_a_mere_header() {
        for (text, message) in [
            ("", ""),
            ("Error", ""),
            ("Error: boom", "boom"),
            ("TypeError [ERR_X]: no", "no"),
            ("a.vm:1\nlet x = ;\n        ^\n\nSyntaxError: no", "no"),
            ("Error: two\nlines\n", "two\nlines"),
            (PLACES, "x"),
        ] {
            assert_eq!(without_places(text, message), None, "{text}");
        }
        for (text, message) in [("f@/a.js:1:2\ng@/b.js:3:4\n", "boom"), ("custom 1 of boom", "boom"), ("[{}]", "")] {
            assert_eq!(without_places(text, message), Some(text.trim()));
        }
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let long = format!("Error\n{}", "    at é (/a.js:1:2)\n".repeat(50_000));
        let kept = places(&long, "");
        assert!(kept.len() <= MAX_TEXT && kept.len() > MAX_TEXT - 4);
        assert_ne!(place_hash(kept), 0);
    }
}
