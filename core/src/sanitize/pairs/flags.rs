//! Arguments of command lines: `--key value`, `-u name:password`.

use super::ends::is_quote;
use super::keys::Operator;
use super::{Found, at, before, value};
use crate::sanitize::limits::KEY_WINDOW;
use crate::sanitize::scan::{Scan, placeholder};

/// `--key value`, and `-u name:password`: the `-` stands at `i`.
pub(in crate::sanitize) fn flag<'s>(scan: &Scan<'_, 's>, i: usize) -> Option<Found<'s>> {
    let b = scan.b;
    let previous = before(b, i);
    if previous.is_ascii_alphanumeric() || previous == b'-' {
        return None;
    }
    let user_flag =
        [&b"-u "[..], b"--user ", b"--proxy-user "].into_iter().find(|flag| b.get(i..i + flag.len()) == Some(*flag));
    if let Some(flag) = user_flag {
        let v = i + flag.len();
        let start = v + usize::from(is_quote(at(b, v)));
        let end = start + b.iter().skip(start).take_while(|c| !c.is_ascii_whitespace() && !is_quote(**c)).count();
        let colon = start + memchr::memchr2(b':', b'[', b.get(start..end)?)? + 1;
        if before(b, colon) != b':' {
            return None;
        }
        let fresh = colon < end && placeholder(b, colon) != Some(end);
        return fresh.then_some((colon, end, "curl-user"));
    }
    if at(b, i + 1) != b'-' {
        return None;
    }
    let start = i + 2;
    let name = b
        .iter()
        .skip(start)
        .take(KEY_WINDOW)
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'))
        .count();
    let end = start + name;
    if name == 0 || at(b, end) != b' ' {
        return None;
    }
    let key = scan.keys.find(scan.text.get(start..end)?)?;
    let mut v = end;
    while at(b, v) == b' ' {
        v += 1;
    }
    if matches!(at(b, v), 0 | b'-' | b'|' | b'>' | b'&') {
        return None;
    }
    let op = Operator { start: end, end: v, colon: false, encoded: false };
    let (from, to) = value(scan, &op, &key, false)?;
    Some((from, to, key.name))
}
