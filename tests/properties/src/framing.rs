//! Of a file of frames that was cut, flipped and joined, exactly the undamaged frames are read.
//!
//! Input: any bytes, as a file; and as lines, each of which happens to another one: `+` writes it again behind
//! itself, `-N` and `~N` are damage ([`File::damage`]), any other line is a frame, its first byte the kind.

use std::ops::Range;

use faultwire::testing::disk::{Frame, append_frame, frames};

use crate::damage::{File, gaps};

/// Bytes before a payload.
const HEADER: usize = 13;
/// A file that doubles with each line grows no further than this.
const MOST: usize = 1 << 16;

pub fn check(input: &[u8]) {
    any_file(input);
    if let Some(text) = crate::text(input) {
        damaged_file(text);
    }
}

fn range(frame: &Frame) -> Range<usize> {
    let (at, _, payload) = frame;
    *at..at + HEADER + payload.len()
}

fn any_file(input: &[u8]) {
    let (found, damaged) = frames(input);
    assert_eq!(damaged, gaps(input.len(), found.iter().map(range)));
    for frame in &found {
        let mut written = Vec::new();
        append_frame(&mut written, frame.1, &frame.2);
        assert_eq!(Some(&*written), input.get(range(frame)), "read as it was not written");
    }
}

fn damaged_file(text: &str) {
    let mut file = File::default();
    let mut written: Vec<Frame> = Vec::new();
    for line in text.lines().take(64) {
        if line == "+" {
            if file.bytes.len() <= MOST {
                let start = file.repeat();
                written.extend(written.clone().into_iter().map(|(at, kind, payload)| (at + start, kind, payload)));
            }
        } else if file.damage(line) {
            let length = file.bytes.len();
            written.retain(|frame| range(frame).end <= length);
        } else {
            let (kind, payload) = line.as_bytes().split_first().unwrap_or((&0, &[]));
            // A frame within a frame would be found where the outer one is damaged: records are texts.
            let payload = String::from_utf8_lossy(payload).into_owned().into_bytes();
            let place = file.append(|file| append_frame(file, *kind, &payload));
            written.push((place.start, *kind, payload));
        }
    }
    written.retain(|frame| file.is_sound(&range(frame)));
    let (found, damaged) = frames(&file.bytes);
    assert_eq!(damaged, gaps(file.bytes.len(), written.iter().map(range)), "of {text:?}");
    assert_eq!(found, written, "of {text:?}");
}
