//! Frames in a file that only grows: how the SDK's spool and the server's log keep their records.
//!
//! ```text
//! mark (4)  kind (1)  length (4)  checksum (4)  payload (length)       integers little-endian
//! ```
//!
//! Nothing is ever rewritten, so a process that is killed at any moment leaves whole frames and at most one
//! torn one; a full disk or a failing one can leave damage in the midst. A reader that meets something else
//! than a sound frame goes on at the next mark: damage is skipped and counted, what follows is found. The usual
//! mark holds bytes that no text has, so nothing within a frame of text can be taken for one. A file of foreign
//! bytes has a mark of its own, which its writers cannot know: else they could fill it with what looks like frames,
//! each to be checked to its end.

use memchr::memmem;

/// Bytes before the payload.
pub const HEADER: usize = 13;
/// A length beyond this is damage: an event has at most 1 MiB.
pub const MAX_PAYLOAD: usize = 4 << 20;

/// Starts every frame of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark([u8; 4]);

impl Mark {
    /// For files of text: 0xff occurs in no UTF-8.
    pub const TEXT: Mark = Mark([0xff, b'f', b'w', 0xff]);

    /// For a file that may hold any bytes: from a random number that is kept with the file.
    pub fn salted(salt: u32) -> Self {
        // Never zeroes, which fill the rest of a file.
        Mark(salt.max(1).to_le_bytes())
    }
}

/// Appends a frame to `out`; its payload is `parts`, one after the other.
pub fn append(out: &mut Vec<u8>, kind: u8, parts: &[&[u8]]) {
    append_marked(out, Mark::TEXT, kind, parts);
}

/// As [`append`], for a file with a mark of its own.
pub fn append_marked(out: &mut Vec<u8>, mark: Mark, kind: u8, parts: &[&[u8]]) {
    out.reserve(HEADER + parts.iter().map(|part| part.len()).sum::<usize>());
    let length = parts.iter().map(|part| part.len()).sum::<usize>() as u32;
    out.extend_from_slice(&header(mark, kind, length, checksum(kind, length, parts)));
    parts.iter().for_each(|part| out.extend_from_slice(part));
}

fn header(mark: Mark, kind: u8, length: u32, checksum: u32) -> [u8; HEADER] {
    let [m0, m1, m2, m3] = mark.0;
    let [l0, l1, l2, l3] = length.to_le_bytes();
    let [c0, c1, c2, c3] = checksum.to_le_bytes();
    [m0, m1, m2, m3, kind, l0, l1, l2, l3, c0, c1, c2, c3]
}

/// What stands before a short payload, for a signal handler: made without allocating and with next to no stack,
/// of which the usual checksum takes kilobytes where the processor has wide registers.
#[cfg(feature = "client")]
#[cfg_attr(not(native_crashes), allow(dead_code, reason = "there are no signals"))]
pub(crate) fn frugal_header(kind: u8, payload: &[u8]) -> [u8; HEADER] {
    let length = payload.len() as u32;
    let mut sum = u32::MAX;
    for byte in [kind].iter().chain(&length.to_le_bytes()).chain(payload) {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 };
        }
    }
    header(Mark::TEXT, kind, length, !sum)
}

fn checksum(kind: u8, length: u32, parts: &[&[u8]]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&[kind]);
    hasher.update(&length.to_le_bytes());
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize()
}

/// A sound frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'b> {
    /// What the payload is; the file's own numbering.
    pub kind: u8,
    /// Where it starts.
    pub at: usize,
    /// What was appended.
    pub payload: &'b [u8],
}

impl Frame<'_> {
    /// Where the next one may start.
    pub fn end(&self) -> usize {
        self.at + HEADER + self.payload.len()
    }
}

/// The sound frames of a file, in order.
#[derive(Debug)]
pub struct Frames<'b> {
    bytes: &'b [u8],
    mark: Mark,
    at: usize,
    damaged: usize,
}

impl<'b> Frames<'b> {
    /// Those of `bytes`, which have the usual mark.
    pub fn new(bytes: &'b [u8]) -> Self {
        Frames::marked(bytes, Mark::TEXT)
    }

    /// Those of `bytes` with a mark of their own.
    pub fn marked(bytes: &'b [u8], mark: Mark) -> Self {
        Frames { bytes, mark, at: 0, damaged: 0 }
    }

    /// How many stretches were damaged, a torn end among them. Complete after the last frame.
    pub fn damaged(&self) -> usize {
        self.damaged
    }

    fn frame_at(&self, at: usize) -> Option<Frame<'b>> {
        let (header, rest) = self.bytes.get(at..)?.split_at_checked(HEADER)?;
        let number = |from: usize| header.get(from..from + 4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
        let (kind, length, sum) = (*header.get(4)?, number(5)?, number(9)?);
        let fits = header.starts_with(&self.mark.0) && length as usize <= MAX_PAYLOAD;
        let payload = if fits { rest.get(..length as usize)? } else { return None };
        (checksum(kind, length, &[payload]) == sum).then_some(Frame { kind, at, payload })
    }
}

impl<'b> Iterator for Frames<'b> {
    type Item = Frame<'b>;

    fn next(&mut self) -> Option<Frame<'b>> {
        let mut is_damaged = false;
        while self.at < self.bytes.len() {
            if let Some(frame) = self.frame_at(self.at) {
                self.damaged += usize::from(is_damaged);
                self.at = frame.end();
                return Some(frame);
            }
            is_damaged = true;
            let rest = self.bytes.get(self.at + 1..).unwrap_or_default();
            self.at = memmem::find(rest, &self.mark.0).map_or(self.bytes.len(), |found| self.at + 1 + found);
        }
        self.damaged += usize::from(is_damaged);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> Vec<u8> {
        let mut bytes = Vec::new();
        append(&mut bytes, 1, &[b"first"]);
        append(&mut bytes, 2, &[b"sec", b"ond"]);
        append(&mut bytes, 1, &[]);
        bytes
    }

    fn read(bytes: &[u8]) -> (Vec<(u8, String)>, usize) {
        let mut frames = Frames::new(bytes);
        let read = frames.by_ref().map(|f| (f.kind, String::from_utf8_lossy(f.payload).into_owned())).collect();
        (read, frames.damaged())
    }

    fn all() -> Vec<(u8, String)> {
        vec![(1, "first".to_owned()), (2, "second".to_owned()), (1, String::new())]
    }

    #[test]
    fn what_was_appended_is_read() {
        assert_eq!(read(&file()), (all(), 0));
        assert_eq!(read(&[]), (vec![], 0));
    }

    #[test]
    fn the_frugal_header_is_the_same() {
        for payload in [&b""[..], b"a", b"123456789", &[0xff; 2000]] {
            let mut frame = Vec::new();
            append(&mut frame, 7, &[payload]);
            assert_eq!(frame[..HEADER], frugal_header(7, payload));
        }
    }

    /// Cut anywhere: the frames that were whole, and one stretch of damage unless it was cut between two.
    #[test]
    fn a_torn_end_is_skipped() {
        let bytes = file();
        let ends: Vec<usize> = Frames::new(&bytes).map(|f| f.end()).collect();
        for length in 0..bytes.len() {
            let whole = ends.iter().filter(|end| **end <= length).count();
            let is_torn = length != 0 && !ends.contains(&length);
            assert_eq!(read(&bytes[..length]), (all()[..whole].to_vec(), usize::from(is_torn)), "{length}");
        }
    }

    /// Any one bit: the frame that it belongs to is lost, no other.
    #[test]
    fn a_flipped_bit_costs_one_frame() {
        let bytes = file();
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let lost = Frames::new(&bytes).position(|f| bit / 8 < f.end()).unwrap();
            let mut left = all();
            left.remove(lost);
            assert_eq!(read(&damaged), (left, 1), "bit {bit}");
        }
    }

    /// What was appended after a torn frame, by the one who found it, is read.
    #[test]
    fn what_follows_damage_is_found() {
        let mut bytes = file();
        bytes.truncate(bytes.len() - 3);
        bytes.extend_from_slice(&file());
        let mut expected = all()[..2].to_vec();
        expected.extend(all());
        assert_eq!(read(&bytes), (expected, 1));
    }
}
