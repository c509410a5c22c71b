//! Names and quoted values in prose: `password 'x'`, `password is 'x'`.

use super::ends::quoted_value;
use super::inert::is_inert;
use super::keys::ENDS_PHRASES;
use super::{Found, before};
use crate::sanitize::rules::Secrecy;
use crate::sanitize::scan::{Scan, placeholder};

/// `password 'x'`, `secret key 'x'`, `password is 'x'`: the opening quote stands at `i`.
pub(in crate::sanitize) fn quoted<'s>(scan: &Scan<'_, 's>, i: usize) -> Option<Found<'s>> {
    let b = scan.b;
    if before(b, i) != b' ' {
        return None;
    }
    let mut end = i - 1;
    let floor = scan.floor(end);
    let word_start = |end: usize| {
        let mut start = end;
        while start > floor && (before(b, start).is_ascii_alphanumeric() || matches!(before(b, start), b'_' | b'-')) {
            start -= 1;
        }
        start
    };
    let mut start = word_start(end);
    // What is said of a secret is often no secret: "password is 'required'".
    let said = matches!(b.get(start..end), Some(b"is" | b"was")) && before(b, start) == b' ';
    if said {
        end = start - 1;
        start = word_start(end);
    }
    let word = scan.text.get(start..end)?;
    let sql = word.eq_ignore_ascii_case("by")
        && b.get(start.saturating_sub(11)..start).is_some_and(|w| w.eq_ignore_ascii_case(b"identified "));
    let key = if sql {
        scan.keys.find("password")?
    } else if ENDS_PHRASES.contains(&word.to_ascii_lowercase().as_str()) && before(b, start) == b' ' {
        let first = word_start(start - 1);
        scan.keys.find_last(scan.text.get(first..end)?)?
    } else {
        scan.keys.find(word)?
    };
    let (from, to) = quoted_value(b, i)?;
    let value = b.get(from..to)?;
    // `the key "password": "x"`: what is quoted is a name itself.
    let behind = b.iter().skip(to + 1).find(|c| **c != b' ');
    if matches!(behind, Some(b':' | b'=')) && scan.text.get(from..to).is_some_and(|name| scan.keys.find(name).is_some())
    {
        return None;
    }
    let weak = key.prose
        && (value.len() < 8 || value.len() > 512 || !value.iter().any(u8::is_ascii_digit) || value.contains(&b' '));
    let weak = weak || (said && !value.iter().any(|c| c.is_ascii_digit()));
    if weak || is_inert(value) || key.secrecy == Secrecy::Pii || placeholder(b, from) == Some(to) {
        return None;
    }
    Some((from, to, key.name))
}
