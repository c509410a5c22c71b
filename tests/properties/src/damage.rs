//! A file to which things happen: what was appended, cut and flipped, and which bytes are still as they were meant.

use std::ops::Range;

/// A file and what it would be without flipped bits.
#[derive(Default)]
pub struct File {
    pub bytes: Vec<u8>,
    meant: Vec<u8>,
}

impl File {
    /// Runs `write` on the file's end; returns what it wrote.
    pub fn append(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Range<usize> {
        let start = self.bytes.len();
        write(&mut self.bytes);
        self.meant.extend_from_slice(self.bytes.get(start..).unwrap_or_default());
        start..self.bytes.len()
    }

    /// Writes the file again behind itself; returns where the copy begins.
    pub fn repeat(&mut self) -> usize {
        self.bytes.extend_from_within(..);
        self.meant.extend_from_within(..);
        self.bytes.len() / 2
    }

    /// Damage: `-N` cuts N bytes off the end, `~N` flips bit N, both modulo the file's length. False when the line
    /// is neither.
    pub fn damage(&mut self, line: &str) -> bool {
        let number = |rest: &str| rest.trim().parse::<usize>().unwrap_or(rest.len());
        if let Some(rest) = line.strip_prefix('-') {
            let left = self.bytes.len() - number(rest) % (self.bytes.len() + 1);
            self.bytes.truncate(left);
            self.meant.truncate(left);
        } else if let Some(rest) = line.strip_prefix('~') {
            let bit = number(rest) % (self.bytes.len() * 8).max(1);
            if let Some(byte) = self.bytes.get_mut(bit / 8) {
                *byte ^= 1 << (bit % 8);
            }
        } else {
            return false;
        }
        true
    }

    /// Whether these bytes are there and as they were meant.
    pub fn is_sound(&self, range: &Range<usize>) -> bool {
        let bytes = self.bytes.get(range.clone());
        bytes.is_some() && bytes == self.meant.get(range.clone())
    }
}

/// How many stretches of a file these ranges, which are in order, leave out.
///
/// # Panics
/// When two overlap or one is beyond the end.
pub fn gaps(length: usize, ranges: impl IntoIterator<Item = Range<usize>>) -> usize {
    let mut gaps = 0;
    let mut end = 0;
    for range in ranges {
        assert!(end <= range.start && range.end <= length, "{range:?} behind {end}, of {length}");
        gaps += usize::from(end < range.start);
        end = range.end;
    }
    gaps + usize::from(end < length)
}
