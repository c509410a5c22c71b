//! A spool file, whatever became of it, gives no record twice and none that was acknowledged; and of one that was
//! cut and flipped every sound record that has no sound acknowledgement.
//!
//! Input: any bytes, as a file; and as lines, each of which happens to another one: `aN` acknowledges the N'th
//! record, `cN ITEMS` is a record of N folded counts, `-N` and `~N` are damage ([`File::damage`]), any other line
//! is an event.

use std::collections::HashSet;
use std::ops::Range;

use faultwire::testing::disk::{Waiting, acknowledged, append_acknowledgement, append_record, frames, spooled};

use crate::damage::{File, gaps};

pub fn check(input: &[u8]) {
    any_file(input);
    if let Some(text) = crate::text(input) {
        damaged_file(text);
    }
}

fn range(record: &Waiting) -> Range<usize> {
    record.at..record.at + record.length
}

fn any_file(input: &[u8]) {
    let (waiting, damaged) = spooled(input);
    // In order and apart: none twice.
    gaps(input.len(), waiting.iter().map(range));
    let (sound, damaged_frames) = frames(input);
    assert_eq!(damaged, damaged_frames);
    let done: HashSet<u64> = sound.iter().filter_map(|(_, kind, payload)| acknowledged(*kind, payload)).collect();
    for record in waiting {
        assert!(!done.contains(&(record.at as u64)), "acknowledged: {record:?}");
        let mut written = Vec::new();
        let place = range(&record);
        append_record(&mut written, record);
        assert_eq!(Some(&*written), input.get(place), "read as it was not written");
    }
}

fn damaged_file(text: &str) {
    let mut file = File::default();
    let mut records: Vec<Waiting> = Vec::new();
    let mut acknowledgements: Vec<(usize, Range<usize>)> = Vec::new();
    for (number, line) in text.lines().take(64).enumerate() {
        if file.damage(line) {
            let length = file.bytes.len();
            records.retain(|record| range(record).end <= length);
            acknowledgements.retain(|(_, place)| place.end <= length);
        } else if let Some(chosen) = line.strip_prefix('a').and_then(|rest| rest.parse::<usize>().ok()) {
            if let Some(at) = records.get(chosen).map(|record| record.at) {
                acknowledgements.push((at, file.append(|file| append_acknowledgement(file, at))));
            }
        } else {
            let counts = line.strip_prefix('c').and_then(|rest| rest.split_once(' '));
            let counts = counts.and_then(|(count, items)| Some((count.parse().ok()?, items)));
            let items = counts.map_or(line, |(_, items)| items).as_bytes().to_vec();
            let record = Waiting {
                at: 0,
                length: 0,
                id: number as u128,
                captured: 1_700_000_000_000_000 + number as i64,
                count: counts.map(|(count, _)| count),
                items,
            };
            file.append(|file| records.push(append_record(file, record)));
        }
    }
    records.retain(|record| file.is_sound(&range(record)));
    acknowledgements.retain(|(_, place)| file.is_sound(place));
    let mut sound: Vec<Range<usize>> = records.iter().map(range).collect();
    sound.extend(acknowledgements.iter().map(|(_, place)| place.clone()));
    sound.sort_by_key(|place| place.start);
    records.retain(|record| acknowledgements.iter().all(|(at, _)| *at != record.at));
    let (waiting, damaged) = spooled(&file.bytes);
    assert_eq!(damaged, gaps(file.bytes.len(), sound), "of {text:?}");
    assert_eq!(waiting, records, "of {text:?}");
}
