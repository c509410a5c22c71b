//! The `mappings` of a map: base64 VLQ, each number the difference to the one before. Kept as text with a
//! checkpoint now and then, from which a few hundred segments are decoded for each question.

use crate::base64::digit;

/// Segments between checkpoints: decoded in a few microseconds.
const STRIDE: usize = 512;

#[derive(Debug)]
pub(super) struct Mappings {
    text: Box<str>,
    /// The state before every [`STRIDE`]th segment.
    checkpoints: Vec<State>,
}

/// What the differences have added up to.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    /// Byte of the text at which the next segment begins.
    at: u32,
    line: u32,
    column: u32,
    source: u32,
    source_line: u32,
    source_column: u32,
    name: u32,
}

/// From `column` of `line` on, until the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Segment {
    pub line: u32,
    pub column: u32,
    /// Number of the source, line, column; none for code that the tool added.
    pub source: Option<(u32, u32, u32)>,
    pub name: Option<u32>,
}

impl Mappings {
    /// Reads all of it once. What follows a segment that cannot be read is not mapped.
    pub fn new(text: Box<str>) -> Mappings {
        let mut cursor = Cursor { text: text.as_bytes(), state: State::default() };
        let mut checkpoints = vec![cursor.state];
        let mut count = 0;
        loop {
            let before = cursor.state;
            if cursor.next().is_none() {
                break;
            }
            count += 1;
            if count % STRIDE == 0 {
                checkpoints.push(cursor.state);
            }
            // A text of more than 4 GB is not to be had: files are bounded.
            debug_assert!(cursor.state.at > before.at);
        }
        Mappings { text, checkpoints }
    }

    /// The last segment on `line` that begins at or before `column`.
    pub fn find(&self, line: u32, column: u32) -> Option<Segment> {
        let mut best = None;
        // The segment in question can be the last before a checkpoint.
        for segment in self.from(self.checkpoint(line, column).saturating_sub(1)) {
            if (segment.line, segment.column) > (line, column) {
                break;
            }
            if segment.line == line {
                best = Some(segment);
            }
        }
        best
    }

    /// Calls `look` with the segments up to a position, last first, until it gives something or at least
    /// `limit` were seen.
    pub fn before<T>(
        &self,
        line: u32,
        column: u32,
        limit: usize,
        mut look: impl FnMut(Segment) -> Option<T>,
    ) -> Option<T> {
        let last = self.checkpoint(line, column);
        let first = last.saturating_sub(limit.div_ceil(STRIDE));
        for number in (first..=last).rev() {
            let stride: Vec<Segment> = self.from(number).take(STRIDE).collect();
            let known = stride.into_iter().rev().filter(|s| (s.line, s.column) <= (line, column));
            if let Some(found) = known.into_iter().find_map(&mut look) {
                return Some(found);
            }
        }
        None
    }

    /// What it costs to hold.
    pub fn bytes(&self) -> usize {
        self.text.len() + self.checkpoints.len() * size_of::<State>()
    }

    /// The last checkpoint at or before a position.
    fn checkpoint(&self, line: u32, column: u32) -> usize {
        self.checkpoints.partition_point(|state| (state.line, state.column) <= (line, column)).saturating_sub(1)
    }

    fn from(&self, checkpoint: usize) -> Cursor<'_> {
        let state = self.checkpoints.get(checkpoint).copied().unwrap_or_default();
        Cursor { text: self.text.as_bytes(), state }
    }
}

struct Cursor<'t> {
    text: &'t [u8],
    state: State,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.state.at as usize).copied()
    }

    fn has_number(&self) -> bool {
        self.peek().and_then(digit).is_some()
    }

    /// One number of a segment; `None` where there is none.
    fn number(&mut self) -> Option<i32> {
        let mut value = 0u64;
        for shift in (0..).step_by(5).take(7) {
            let digit = digit(self.peek()?)?;
            self.state.at += 1;
            value |= u64::from(digit & 31) << shift;
            if digit & 32 == 0 {
                let size = i32::try_from(value >> 1).ok()?;
                return Some(if value & 1 == 1 { -size } else { size });
            }
        }
        None
    }
}

impl Iterator for Cursor<'_> {
    type Item = Segment;

    fn next(&mut self) -> Option<Segment> {
        loop {
            match self.peek()? {
                b';' => {
                    self.state.line += 1;
                    self.state.column = 0;
                }
                b',' => {}
                _ => break,
            }
            self.state.at += 1;
        }
        self.state.column = self.state.column.checked_add_signed(self.number()?)?;
        let mut segment = Segment { line: self.state.line, column: self.state.column, source: None, name: None };
        if self.has_number() {
            let (source, line, column) = (self.number()?, self.number()?, self.number()?);
            let State { source: s, source_line: l, source_column: c, name, .. } = &mut self.state;
            *s = s.checked_add_signed(source)?;
            *l = l.checked_add_signed(line)?;
            *c = c.checked_add_signed(column)?;
            segment.source = Some((*s, *l, *c));
            let known = *name;
            if self.has_number() {
                self.state.name = known.checked_add_signed(self.number()?)?;
                segment.name = Some(self.state.name);
            }
        }
        // Whatever else: not of this version.
        matches!(self.peek(), None | Some(b',' | b';')).then_some(segment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_segment_is_found_across_checkpoints() {
        // 5000 segments on one line, two columns apart, each a line further in the source.
        let mappings = Mappings::new(
            ["AAAA"].into_iter().chain(std::iter::repeat_n("EACA", 4999)).collect::<Vec<_>>().join(",").into(),
        );
        for n in 0..5000 {
            for column in [2 * n, 2 * n + 1] {
                let segment = mappings.find(0, column).unwrap();
                assert_eq!((segment.column, segment.source), (2 * n, Some((0, n, 0))));
            }
        }
        let mut seen = Vec::new();
        mappings.before::<()>(0, 4001, 1500, |segment| {
            seen.push(segment.column);
            None
        });
        assert_eq!(seen.first(), Some(&4000));
        assert!(seen.windows(2).all(|pair| pair[0] == pair[1] + 2));
        assert!((1500..1500 + 2 * STRIDE).contains(&seen.len()), "{}", seen.len());
    }
}
