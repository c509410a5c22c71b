//! Where the scanner stands, and what the rows may ask about the text around it.

use std::cell::Cell;

use super::{LOOK_AHEAD, MATCHERS};

/// What a row can begin with.
pub(super) enum Start {
    /// An ASCII letter or `_`.
    Letter,
    /// `a` to `f` in either case.
    HexLetter,
    /// An ASCII digit.
    Digit,
    /// One of the bytes; of a character beyond ASCII, its first.
    Of(&'static str),
}

impl Start {
    pub(super) const fn has(&self, byte: u8) -> bool {
        match self {
            Start::Letter => byte.is_ascii_alphabetic() || byte == b'_',
            Start::HexLetter => matches!(byte, b'a'..=b'f' | b'A'..=b'F'),
            Start::Digit => byte.is_ascii_digit(),
            Start::Of(bytes) => {
                let bytes = bytes.as_bytes();
                let mut i = 0;
                while i < bytes.len() {
                    if bytes[i] == byte {
                        return true;
                    }
                    // The bytes that continue a character beyond ASCII begin nothing.
                    i += if bytes[i] >= 0xe0 {
                        3
                    } else if bytes[i] >= 0xc0 {
                        2
                    } else {
                        1
                    };
                }
                false
            }
        }
    }
}

/// A match: the text up to `keep` stays, from there to `end` it is replaced.
#[derive(Clone, Copy)]
pub(super) struct Hit {
    pub(super) keep: usize,
    pub(super) end: usize,
    /// Set when the text is a placeholder already.
    pub(super) literal: Option<&'static str>,
}

/// A run of ASCII letters, digits and `_`.
#[derive(Clone, Copy, Default)]
pub(super) struct Word {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) digits: usize,
    pub(super) lower: usize,
    pub(super) upper: usize,
    /// One past the last `_`; the start when there is none.
    pub(super) tail: usize,
}

impl Word {
    pub(super) fn len(&self) -> usize {
        self.end - self.start
    }
}

/// The pairs of quotes, each with the search that was last made for its closing one.
const QUOTES: usize = 9;

/// The scanner's place in the text.
pub(super) struct Cursor<'t> {
    bytes: &'t [u8],
    position: usize,
    /// Where the last match ended; what is before it reads as `>`, as in the output.
    last_end: usize,
    /// The placeholder it got; empty when its text stays.
    last_name: &'static str,
    word: Word,
    closings: [Cell<Closing>; QUOTES],
    #[cfg(debug_assertions)]
    steps: Cell<u64>,
}

/// The answer to "where is the next closing quote?" for every place from `from` to `to`.
#[derive(Clone, Copy, Default)]
struct Closing {
    known: bool,
    from: usize,
    to: usize,
    found: bool,
}

/// Letters, digits and `_`, as bits.
const LOWER: u8 = 1;
const UPPER: u8 = 2;
const DIGIT: u8 = 4;
const UNDERSCORE: u8 = 8;
const CLASS: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'a'..=b'z' => LOWER,
            b'A'..=b'Z' => UPPER,
            b'0'..=b'9' => DIGIT,
            b'_' => UNDERSCORE,
            _ => 0,
        };
        byte += 1;
    }
    table
};

impl<'t> Cursor<'t> {
    pub(super) fn new(bytes: &'t [u8]) -> Self {
        Cursor {
            bytes,
            position: 0,
            last_end: 0,
            last_name: "",
            word: Word::default(),
            closings: Default::default(),
            #[cfg(debug_assertions)]
            steps: Cell::new(0),
        }
    }

    pub(super) fn at_end(&self) -> bool {
        self.position >= self.bytes.len()
    }

    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// The byte at the cursor.
    pub(super) fn byte(&self) -> u8 {
        self.at(self.position)
    }

    /// The byte at `i`; NUL beyond the end.
    #[inline]
    pub(super) fn at(&self, i: usize) -> u8 {
        self.step(1);
        self.bytes.get(i).copied().unwrap_or(0)
    }

    /// The byte `back` places before the cursor as the output has it; NUL before the beginning.
    pub(super) fn left(&self, back: usize) -> u8 {
        match self.position.checked_sub(back) {
            Some(i) if i >= self.last_end => self.at(i),
            Some(_) => b'>',
            None => 0,
        }
    }

    /// The word that begins at the cursor; empty when none does.
    pub(super) fn word(&self) -> &Word {
        &self.word
    }

    pub(super) fn measure_word(&mut self) {
        self.word = self.word_at(self.position);
    }

    /// The word that begins at `start`.
    pub(super) fn word_at(&self, start: usize) -> Word {
        let mut word = Word { start, end: start, tail: start, ..Word::default() };
        for &byte in self.bytes.get(start..).unwrap_or(&[]) {
            match CLASS[usize::from(byte)] {
                LOWER => word.lower += 1,
                UPPER => word.upper += 1,
                DIGIT => word.digits += 1,
                UNDERSCORE => word.tail = word.end + 1,
                _ => break,
            }
            word.end += 1;
        }
        self.step(word.len() + 1);
        word
    }

    /// The text from `start` to `end`.
    pub(super) fn slice(&self, start: usize, end: usize) -> &'t [u8] {
        self.step(end.saturating_sub(start));
        self.bytes.get(start..end).unwrap_or(&[])
    }

    /// True when `text` stands at `i`.
    pub(super) fn has(&self, i: usize, text: &[u8]) -> bool {
        self.step(1);
        self.bytes.get(i..).is_some_and(|rest| rest.starts_with(text))
    }

    /// Number of bytes from `i` on that satisfy `test`, at most `most`.
    pub(super) fn run(&self, i: usize, most: usize, test: impl Fn(u8) -> bool) -> usize {
        let rest = self.bytes.get(i..).unwrap_or(&[]);
        let run = rest.iter().take(most).take_while(|b| test(**b)).count();
        self.step(run + 1);
        run
    }

    /// True when the cursor does not stand inside a word.
    pub(super) fn can_begin(&self) -> bool {
        CLASS[usize::from(self.byte())] == 0 || !self.after_word()
    }

    /// True when a word ends directly before the cursor.
    pub(super) fn after_word(&self) -> bool {
        let Some(before) = self.position.checked_sub(1) else { return false };
        if self.position == self.last_end {
            return false;
        }
        let byte = self.at(before);
        if byte.is_ascii() { CLASS[usize::from(byte)] != 0 } else { is_letter(self.char_ending_at(self.position)) }
    }

    /// True when a value ends directly before the cursor that was no quoted one: `5"` is five inches.
    pub(super) fn after_value(&self) -> bool {
        self.position > 0 && self.position == self.last_end && self.last_name != "<quoted>"
    }

    /// True when a match may end at `i`: no word and no placeholder follows.
    pub(super) fn boundary(&self, i: usize) -> bool {
        self.word_ends(i) && self.placeholder_at(i).is_none()
    }

    /// True when no word goes on at `i`. Enough for a row that keeps its text: that text is still
    /// there in a second pass, when what follows has become a placeholder.
    pub(super) fn word_ends(&self, i: usize) -> bool {
        let byte = self.at(i);
        if byte.is_ascii() { CLASS[usize::from(byte)] == 0 } else { !is_letter(self.char_at(i)) }
    }

    /// True when one of `joints` and then a number (or what was one, before its placeholder) follows.
    pub(super) fn continues(&self, i: usize, joints: &[u8]) -> bool {
        joints.contains(&self.at(i)) && (self.at(i + 1).is_ascii_digit() || self.placeholder_at(i + 1).is_some())
    }

    /// The same, with a word.
    pub(super) fn continues_word(&self, i: usize, joints: &[u8]) -> bool {
        self.continues(i, joints) || (joints.contains(&self.at(i)) && self.at(i + 1).is_ascii_alphanumeric())
    }

    /// The placeholder of the table that stands at `i`.
    pub(super) fn placeholder_at(&self, i: usize) -> Option<&'static str> {
        if self.at(i) != b'<' || !self.at(i + 1).is_ascii_lowercase() {
            return None;
        }
        let placeholders = MATCHERS.iter().map(|m| m.placeholder).filter(|p| !p.is_empty());
        placeholders.into_iter().find(|p| self.has(i, p.as_bytes()))
    }

    /// The first quote from `from` on, on the same line, that closes the pair `slot`.
    /// A closing quote has no word directly behind it and is escaped exactly when the opening one is.
    pub(super) fn closing(&self, slot: usize, close: &[u8], escaped: bool, from: usize) -> Option<usize> {
        let memo = self.closings.get(slot)?;
        let known = memo.get();
        if known.known && known.from <= from && from <= known.to {
            return known.found.then_some(known.to);
        }
        let mut i = from;
        let found = loop {
            let Some(&byte) = self.bytes.get(i) else { break false };
            if byte == b'\n' {
                break false;
            }
            if byte == close.first().copied().unwrap_or(0)
                && self.has(i, close)
                && (close.len() > 1 || self.escaped(i) == escaped)
                && self.boundary(i + close.len())
            {
                break true;
            }
            i += 1;
        };
        self.step(i - from + 1);
        memo.set(Closing { known: true, from, to: i, found });
        found.then_some(i)
    }

    /// True when an odd number of backslashes stands before `i`.
    pub(super) fn escaped(&self, i: usize) -> bool {
        let before = self.bytes.get(self.last_end.min(i)..i).unwrap_or(&[]);
        let slashes = before.iter().rev().take(LOOK_AHEAD).take_while(|b| **b == b'\\').count();
        self.step(slashes + 1);
        slashes % 2 == 1
    }

    /// Goes on behind a match.
    pub(super) fn matched(&mut self, end: usize, name: &'static str) {
        self.position = end;
        self.last_end = end;
        self.last_name = name;
    }

    /// Passes the word or character at the cursor.
    pub(super) fn skip(&mut self) {
        let word = if self.word.start == self.position && self.word.len() > 0 {
            self.word
        } else {
            self.word_at(self.position)
        };
        self.position = if word.len() > 0 { word.end } else { self.position + width(self.byte()) };
    }

    /// A match that replaces everything from the cursor to `end`.
    pub(super) fn hit(&self, end: usize) -> Option<Hit> {
        self.hit_after(self.position, end)
    }

    /// A match that keeps the text up to `keep` and replaces the rest.
    pub(super) fn hit_after(&self, keep: usize, end: usize) -> Option<Hit> {
        Some(Hit { keep, end, literal: None })
    }

    fn char_at(&self, i: usize) -> u32 {
        let rest = self.bytes.get(i..).unwrap_or(&[]);
        let at = |k: usize| u32::from(rest.get(k).copied().unwrap_or(0) & 0x3f);
        let lead = rest.first().copied().unwrap_or(0);
        match width(lead) {
            2 => u32::from(lead & 0x1f) << 6 | at(1),
            3 => u32::from(lead & 0x0f) << 12 | at(1) << 6 | at(2),
            4 => u32::from(lead & 0x07) << 18 | at(1) << 12 | at(2) << 6 | at(3),
            _ => u32::from(lead),
        }
    }

    fn char_ending_at(&self, end: usize) -> u32 {
        let mut start = end.saturating_sub(1);
        while start > 0 && end - start < 4 && self.bytes.get(start).is_some_and(|b| b & 0xc0 == 0x80) {
            start -= 1;
        }
        self.char_at(start)
    }

    #[inline]
    fn step(&self, _count: usize) {
        #[cfg(debug_assertions)]
        self.steps.set(self.steps.get() + _count as u64);
    }

    #[cfg(debug_assertions)]
    pub(super) fn steps(&self) -> u64 {
        self.steps.get()
    }

    #[cfg(not(debug_assertions))]
    pub(super) fn steps(&self) -> u64 {
        0
    }
}

/// Bytes of the character that begins with `lead`.
fn width(lead: u8) -> usize {
    match lead {
        0xf0.. => 4,
        0xe0.. => 3,
        0xc0.. => 2,
        _ => 1,
    }
}

/// Characters beyond ASCII that belong to words: the alphabets below U+2000. A fixed range, not a
/// property of some version of Unicode, so that v1 means the same for ever.
fn is_letter(c: u32) -> bool {
    matches!(c, 0xc0..=0x1fff) && c != 0xd7 && c != 0xf7
}
