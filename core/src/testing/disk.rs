//! What stands on disk, byte for byte: frames, and the records of a spool file within them.

use crate::framing::{self, Frames};
use crate::outbox::spool::layout;
use crate::outbox::{Kind, Origin, Record};
use crate::protocol::{EventId, Timestamp};

/// Place, kind and payload of a sound frame.
pub type Frame = (usize, u8, Vec<u8>);

/// Appends a frame to a file.
pub fn append_frame(file: &mut Vec<u8>, kind: u8, payload: &[u8]) {
    framing::append(file, kind, &[payload]);
}

/// The sound frames of a file, and how many stretches between them are damaged.
pub fn frames(file: &[u8]) -> (Vec<Frame>, usize) {
    let mut frames = Frames::new(file);
    let sound = frames.by_ref().map(|frame| (frame.at, frame.kind, frame.payload.to_vec())).collect();
    (sound, frames.damaged())
}

/// A record that waits in a spool file: where its frame stands, how long that is, and what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub at: usize,
    pub length: usize,
    pub id: u128,
    /// Unix time in microseconds.
    pub captured: i64,
    /// Of folded counts, how many; `None` for an event.
    pub count: Option<u64>,
    pub items: Vec<u8>,
}

/// Appends a record to a spool file, wherever it says that it is. Returns it with its place.
pub fn append_record(file: &mut Vec<u8>, record: Waiting) -> Waiting {
    let frame = layout::frame(&Record {
        kind: record.count.map_or(Kind::Event, Kind::Counts),
        id: EventId(record.id),
        captured: Timestamp(record.captured),
        items: record.items.clone(),
        origin: Origin::Recovered,
    });
    let record = Waiting { at: file.len(), length: frame.len(), ..record };
    file.extend_from_slice(&frame);
    record
}

/// Appends to a spool file that the record at `at` is done.
pub fn append_acknowledgement(file: &mut Vec<u8>, at: usize) {
    file.extend_from_slice(&layout::acknowledgement(at as u64));
}

/// The record of a frame that says it is done, if it is such a frame.
pub fn acknowledged(kind: u8, payload: &[u8]) -> Option<u64> {
    layout::acknowledged(kind, payload)
}

/// What waits in a spool file, and how many stretches are damaged.
pub fn spooled(file: &[u8]) -> (Vec<Waiting>, usize) {
    let layout::Contents { waiting, damaged } = layout::contents(file);
    let waiting = waiting.into_iter().map(|(at, length, record)| Waiting {
        at,
        length,
        id: record.id.0,
        captured: record.captured.0,
        count: match record.kind {
            Kind::Event => None,
            Kind::Counts(count) => Some(count),
        },
        items: record.items,
    });
    (waiting.collect(), damaged)
}
