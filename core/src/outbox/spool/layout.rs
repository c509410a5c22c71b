//! What stands in the frames of a spool file.
//!
//! | kind | payload |
//! |---|---|
//! | event | id (16), time of capture in Unix microseconds (8), items as on the wire |
//! | counts | the same, with the count (8) before the items |
//! | acknowledgement | where the frame of the record that is done starts (8) |
//!
//! Integers are little-endian.

use std::collections::HashSet;

use crate::framing::{self, Frames};
use crate::outbox::{Kind, Origin, Record};
use crate::protocol::{EventId, Timestamp};

const EVENT: u8 = 1;
const COUNTS: u8 = 2;
const ACKNOWLEDGEMENT: u8 = 3;

/// The frame of a record.
pub(crate) fn frame(record: &Record) -> Vec<u8> {
    let (id, time) = (record.id.0.to_le_bytes(), record.captured.0.to_le_bytes());
    let mut out = Vec::new();
    match record.kind {
        Kind::Event => framing::append(&mut out, EVENT, &[&id, &time, &record.items]),
        Kind::Counts(count) => framing::append(&mut out, COUNTS, &[&id, &time, &count.to_le_bytes(), &record.items]),
    }
    out
}

/// The frame that says of the record at `at` that it is done.
pub(crate) fn acknowledgement(at: u64) -> Vec<u8> {
    let mut out = Vec::new();
    framing::append(&mut out, ACKNOWLEDGEMENT, &[&at.to_le_bytes()]);
    out
}

/// Where the record stands that a frame says is done.
pub(crate) fn acknowledged(kind: u8, payload: &[u8]) -> Option<u64> {
    (kind == ACKNOWLEDGEMENT).then_some(())?;
    payload.try_into().ok().map(u64::from_le_bytes)
}

/// The record of a frame, as one that an earlier process left; `None` for a kind that a later version may have.
pub(crate) fn record(kind: u8, payload: &[u8]) -> Option<Record> {
    let (id, rest) = payload.split_first_chunk()?;
    let (time, rest) = rest.split_first_chunk()?;
    let (kind, items) = match kind {
        EVENT => (Kind::Event, rest),
        COUNTS => {
            let (count, items) = rest.split_first_chunk()?;
            (Kind::Counts(u64::from_le_bytes(*count)), items)
        }
        _ => return None,
    };
    let captured = Timestamp(i64::from_le_bytes(*time));
    let id = EventId(u128::from_le_bytes(*id));
    Some(Record { kind, id, captured, items: items.to_vec(), origin: Origin::Recovered })
}

/// What a file holds.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// Records that are not done, with the place and length of their frames; in order.
    pub waiting: Vec<(usize, usize, Record)>,
    /// Damaged stretches.
    pub damaged: usize,
}

/// Reads a whole file.
pub(crate) fn contents(file: &[u8]) -> Contents {
    let mut frames = Frames::new(file);
    let mut found = Vec::new();
    let mut done = HashSet::new();
    for frame in frames.by_ref() {
        match acknowledged(frame.kind, frame.payload) {
            Some(at) => drop(done.insert(at)),
            None => found.push(frame),
        }
    }
    let waiting = found
        .into_iter()
        .filter(|frame| !done.contains(&(frame.at as u64)))
        .filter_map(|frame| Some((frame.at, frame.end() - frame.at, record(frame.kind, frame.payload)?)))
        .collect();
    Contents { waiting, damaged: frames.damaged() }
}
