//! Source maps: any map is survived, and one that a simple reader understands says the same to it.
//!
//! Input: the map in one line, then the generated file.

use faultwire::protocol::Value;
use faultwire::testing::source_map;

/// Positions asked for, and the names of functions there.
const ASKED: &[(u32, u32, &str)] = &[
    (0, 0, "a"),
    (0, 1, "a.b"),
    (0, 7, "new n"),
    (0, 40, "async a [as b]"),
    (1, 0, "e"),
    (1, 5, "#e"),
    (2, 30, "e.n.t"),
    (u32::MAX, u32::MAX, "x"),
];

pub fn check(input: &[u8]) {
    let Some(text) = crate::text(input) else { return };
    let (map, code) = text.split_once('\n').unwrap_or((text, ""));
    let mut file = code.as_bytes().to_vec();
    file.extend_from_slice(b"\n//# sourceMappingURL=data:application/json,");
    for byte in map.bytes() {
        file.extend_from_slice(format!("%{byte:02x}").as_bytes());
    }
    let found = source_map(file, ASKED);
    for (path, line, column, _) in found.iter().flatten() {
        assert!(*line > 0 && *column > 0 && !path.contains('\0') && !path.starts_with("//"), "{path}:{line}:{column}");
    }
    let Some(simple) = simple(map) else { return };
    for ((line, column, _), found) in ASKED.iter().zip(&found) {
        let last = simple.iter().rev().find(|s| s.0 == i64::from(*line) && s.1 <= i64::from(*column));
        let known = last.and_then(|segment| segment.2);
        let found = found.as_ref().map(|(_, line, column, _)| (i64::from(*line) - 1, i64::from(*column) - 1));
        assert_eq!(found, known, "{line}:{column} of {map}");
    }
}

/// A segment: line, column, and line and column of the source.
type Segment = (i64, i64, Option<(i64, i64)>);

/// All mappings of a plain and flawless map with one source, in order; `None` for any other.
fn simple(map: &str) -> Option<Vec<Segment>> {
    let map: Value = serde_json::from_str(map).ok()?;
    let sources = map.get("sources")?.as_array()?;
    let plain = map.get("version")? == 3 && sources.len() == 1 && sources.first()?.as_str()? == "a.ts";
    let keys = ["version", "sources", "mappings"];
    if !plain || map.as_object()?.keys().any(|key| !keys.contains(&key.as_str())) {
        return None;
    }
    let mut segments = Vec::new();
    let (mut source, mut source_line, mut source_column) = (0, 0, 0);
    for (line, group) in map.get("mappings")?.as_str()?.split(';').enumerate() {
        let mut column = 0;
        for text in group.split(',').filter(|text| !text.is_empty()) {
            let numbers = numbers(text)?;
            column += numbers.first()?;
            let before = segments.last().map(|s: &Segment| (s.0, s.1));
            let line = i64::try_from(line).ok()?;
            if column < 0 || before > Some((line, column)) {
                return None;
            }
            let original = match numbers.as_slice() {
                [_] => None,
                [_, s, l, c] => {
                    source += s;
                    source_line += l;
                    source_column += c;
                    Some((source_line, source_column)).filter(|_| source == 0)
                }
                _ => return None,
            };
            let limit = 0..i64::from(i32::MAX);
            if source < 0 || !limit.contains(&source_line) || !limit.contains(&source_column) || column > limit.end {
                return None;
            }
            segments.push((line, column, original));
        }
    }
    Some(segments)
}

/// The numbers of a segment: base64 VLQ.
fn numbers(text: &str) -> Option<Vec<i64>> {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut numbers = Vec::new();
    let (mut value, mut shift) = (0i64, 0);
    for c in text.chars() {
        let digit = i64::try_from(DIGITS.find(c)?).ok()?;
        if shift > 25 {
            return None;
        }
        value |= (digit & 31) << shift;
        shift += 5;
        if digit & 32 == 0 {
            numbers.push(if value & 1 == 1 { -(value >> 1) } else { value >> 1 });
            (value, shift) = (0, 0);
        }
    }
    (shift == 0).then_some(numbers)
}
