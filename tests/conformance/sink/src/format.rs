//! Values, times and sizes as texts that people read and that cannot lie.

use faultwire::protocol::{Timestamp, Value};

/// Longest text shown of one value; the rest is counted.
const MAX_SHOWN: usize = 4096;

/// A name and a text.
pub type Pair = (String, String);

/// A value as a text: texts bare, everything else as JSON.
pub fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => visible(text),
        other => visible(&other.to_string()),
    }
}

/// A text that cannot lie about itself: control characters and those that turn the reading direction
/// are spelled out, line ends and tabs stay, what is too long is cut and counted.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(MAX_SHOWN + 32));
    let mut characters = text.chars();
    for character in characters.by_ref().take(MAX_SHOWN) {
        let hidden = character.is_control() && !matches!(character, '\n' | '\t')
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
        if hidden {
            out.extend(character.escape_unicode());
        } else {
            out.push(character);
        }
    }
    let left = characters.count();
    if left > 0 {
        out.push_str(&format!(" … {left} more characters"));
    }
    out
}

/// `−1.2 s`, `−3 min`: how long before the event.
pub fn span(micros: i64) -> String {
    let secs = micros as f64 / 1e6;
    let sign = if micros < 0 { '+' } else { '−' };
    match secs.abs() {
        secs if secs < 1.0 => format!("{sign}{:.0} ms", secs * 1e3),
        secs if secs < 120.0 => format!("{sign}{secs:.1} s"),
        secs if secs < 7200.0 => format!("{sign}{:.0} min", secs / 60.0),
        secs => format!("{sign}{:.0} h", secs / 3600.0),
    }
}

/// To the millisecond, as people write it.
pub fn moment(at: Timestamp) -> String {
    let text = at.to_string();
    format!("{} {} UTC", text.get(..10).unwrap_or(&text), text.get(11..23).unwrap_or_default())
}

/// `12 345`: digits in threes, with a thin space.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// `1.2 kB`.
pub fn size(bytes: usize) -> String {
    match bytes {
        0..1000 => format!("{bytes} B"),
        1000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hides_in_a_text() {
        assert_eq!(visible("a\u{1b}[31mb\u{202e}c\td"), "a\\u{1b}[31mb\\u{202e}c\td");
        assert!(visible(&"x".repeat(MAX_SHOWN + 7)).ends_with(" … 7 more characters"));
    }
}
