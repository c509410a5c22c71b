//! Names and values in markup and forms: `<key>value</key>`, multipart fields, HTML inputs.

use super::ends::quoted_value;
use super::inert::is_inert;
use super::keys::Operator;
use super::{Found, at};
use crate::sanitize::limits::KEY_WINDOW;
use crate::sanitize::scan::{Scan, placeholder};

/// The multipart field `name="password"` and its value: blank line, text, boundary. Also
/// `name="password" value="x"` of HTML forms.
pub(super) fn form_part(scan: &mut Scan<'_, '_>, i: usize, op: &Operator) -> Option<usize> {
    let b = scan.b;
    if op.colon || i < 4 || !b.get(i - 4..i)?.eq_ignore_ascii_case(b"name") {
        return None;
    }
    let (start, end) = quoted_value(b, op.end).filter(|(start, end)| end - start <= KEY_WINDOW)?;
    let key = scan.keys.find(scan.text.get(start..end)?)?;
    let mut close = end;
    while at(b, close) == b'\\' {
        close += 1;
    }
    close += 1;
    let rest = b.get(close..(close + 200).min(b.len()))?;
    let blank_lines: [(&[u8], &[u8]); 3] =
        [(b"\r\n\r\n", b"\r\n--"), (b"\n\n", b"\n--"), (b"\\r\\n\\r\\n", b"\\r\\n--")];
    for (blank, boundary) in blank_lines {
        if let Some(at) = memchr::memmem::find(rest, blank)
            && memchr::memmem::find(rest.get(..at)?, b"name=").is_none()
        {
            let from = close + at + blank.len();
            let to = memchr::memmem::find(b.get(from..)?, boundary).map_or(b.len(), |at| from + at);
            if from < to && placeholder(b, from) != Some(to) {
                return scan.hit(from, to, key.name);
            }
            return Some(to);
        }
    }
    let value = memchr::memmem::find(rest, b"value=")
        .filter(|at| memchr::memchr(b'>', rest).is_none_or(|close| *at < close))?;
    let (from, to) = quoted_value(b, close + value + 6)?;
    if from < to && placeholder(b, from) != Some(to) { scan.hit(from, to, key.name) } else { None }
}

/// `<key>value</key>`: the `>` stands at `i`.
pub(in crate::sanitize) fn element<'s>(scan: &Scan<'_, 's>, i: usize) -> Option<Found<'s>> {
    let b = scan.b;
    let floor = i.saturating_sub(2 * KEY_WINDOW);
    let open = floor + memchr::memrchr(b'<', b.get(floor..i)?)?;
    let inside = scan.text.get(open + 1..i)?;
    let name = inside.split([' ', '\t', '\n']).next()?;
    if name.starts_with('/')
        || inside.ends_with('/')
        || !name.bytes().all(|c| c.is_ascii_alphanumeric() || b"_-.:".contains(&c))
    {
        return None;
    }
    let key = scan.keys.find(name)?;
    let rest = b.get(i + 1..)?;
    let end = match memchr::memchr(b'<', rest) {
        Some(end) if rest.get(end + 1) == Some(&b'/') || rest.get(end + 1) == Some(&b'!') => i + 1 + end,
        None if scan.text.starts_with('<') => b.len(),
        _ => return None,
    };
    let value = b.get(i + 1..end)?;
    if is_inert(value) || placeholder(b, i + 1) == Some(end) { None } else { Some((i + 1, end, key.name)) }
}
