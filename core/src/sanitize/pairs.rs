//! The key rules in running text: `key=value`, `"key": "value"`, `key: value`, `<key>value</key>`,
//! `--key value`, and in source lines the literals that are assigned to such keys.
//!
//! A value that starts and never ends reaches to the end of the text: what was cut off is not known.

use super::limits::KEY_WINDOW;
use super::rules::{KeyMatch, Secrecy, Span, percent_decode};
use super::scan::{Scan, placeholder, placeholder_before};

/// A hit: range and kind.
type Found<'s> = (usize, usize, &'s str);

fn at(b: &[u8], i: usize) -> u8 {
    b.get(i).copied().unwrap_or(0)
}

fn before(b: &[u8], i: usize) -> u8 {
    i.checked_sub(1).map_or(0, |i| at(b, i))
}

/// Stand-ins and constants that hide nothing: `%s`, `?`, `$1`, `{name}`, `null`, `***`.
pub(super) fn is_inert(value: &[u8]) -> bool {
    let Ok(value) = std::str::from_utf8(value) else { return false };
    let value = value.trim();
    if value.is_empty() || value == "…" || value == "..." || value.bytes().all(|c| matches!(c, b'*' | b'?')) {
        return true;
    }
    let word = value.trim_end_matches([',', '.', ')', '}', ']', ';']);
    if matches!(
        word.to_ascii_lowercase().as_str(),
        "" | "null"
            | "none"
            | "nil"
            | "undefined"
            | "true"
            | "false"
            | "%s"
            | "%d"
            | "%r"
            | "%v"
            | "{}"
            | "{"
            | "{:?"
            | "{:?}"
            | "{0"
            | "{0}"
    ) {
        return true;
    }
    let name = |text: &str| {
        !text.is_empty() && text.len() <= 64 && text.bytes().all(|c| c.is_ascii_alphanumeric() || b"_.".contains(&c))
    };
    let inside =
        |open: &str, close: &str| value.strip_prefix(open).and_then(|v| v.strip_suffix(close)).is_some_and(name);
    inside("{", "}")
        || inside("${", "}")
        || value.strip_prefix("${").is_some_and(name)
        || inside("%(", ")s")
        || inside("{{", "}}")
        || { value.strip_prefix('$').is_some_and(|v| !v.is_empty() && v.bytes().all(|c| c.is_ascii_digit())) }
}

/// Where an operator that stands at `i` begins and ends, and whether it is a colon.
struct Operator {
    start: usize,
    end: usize,
    colon: bool,
    encoded: bool,
}

fn operator(b: &[u8], i: usize) -> Option<Operator> {
    match at(b, i) {
        b'=' => {
            let mut end = i + 1;
            while end < i + 3 && matches!(at(b, end), b'=' | b'>' | b'~') {
                end += 1;
            }
            let start = if matches!(before(b, i), b'!' | b'+' | b'?' | b'<' | b'|' | b'>') { i - 1 } else { i };
            Some(Operator { start, end, colon: false, encoded: false })
        }
        b':' => match at(b, i + 1) {
            b':' => None,
            b'/' if at(b, i + 2) == b'/' => None,
            b'=' => Some(Operator { start: i, end: i + 2, colon: false, encoded: false }),
            _ if before(b, i) == b':' => None,
            _ => {
                let start = if before(b, i) == b'?' { i - 1 } else { i };
                Some(Operator { start, end: i + 1, colon: true, encoded: false })
            }
        },
        b'%' if at(b, i + 1) == b'3' => match at(b, i + 2) | 32 {
            b'd' => Some(Operator { start: i, end: i + 3, colon: false, encoded: true }),
            b'a' => Some(Operator { start: i, end: i + 3, colon: true, encoded: true }),
            _ => None,
        },
        _ => None,
    }
}

fn is_quote(c: u8) -> bool {
    matches!(c, b'"' | b'\'' | b'`')
}

/// Quotes as HTML and JSON escape them.
const ENTITIES: [&[u8]; 4] = [b"&quot;", b"&#34;", b"&#39;", b"\\u0022"];

/// Reads a key that ends at `end`, backwards, within [`KEY_WINDOW`].
fn key_before<'s>(scan: &Scan<'_, 's>, end: usize) -> Option<(KeyMatch<'s>, bool)> {
    let b = scan.b;
    let floor = end.saturating_sub(KEY_WINDOW).max(scan.done);
    let mut end = end;
    while end > floor && matches!(before(b, end), b' ' | b'\t') {
        end -= 1;
    }
    // `config["password"]`
    if before(b, end) == b']' && is_quote(before(b, end - 1)) {
        end -= 1;
    }
    let entity = ENTITIES.iter().find(|entity| b.get(floor..end).is_some_and(|head| head.ends_with(entity)));
    let quoted = entity.is_some() || (end > floor && is_quote(before(b, end)));
    if let Some(entity) = entity {
        end -= entity.len();
    } else if quoted {
        end -= 1;
        while end > floor && before(b, end) == b'\\' {
            end -= 1;
        }
    }
    let mut start = end;
    let in_key = |c: u8| c.is_ascii_alphanumeric() || c >= 0x80 || b"_-.$%[]+@".contains(&c);
    while start > floor && in_key(before(b, start)) {
        // The kind in a placeholder is no key.
        if before(b, start) == b']' && placeholder_before(b, start).is_some() {
            break;
        }
        start -= 1;
    }
    while start < end && !scan.text.is_char_boundary(start) {
        start += 1;
    }
    let key = scan.text.get(start..end)?;
    // One letter decides nothing; a digit or a bracket ends few names.
    if !key.bytes().any(|c| c.is_ascii_alphabetic() || c >= 0x80) {
        return None;
    }
    let decoded = percent_decode(key);
    if let Some(found) = scan.keys.find(&decoded) {
        return Some((found, quoted));
    }
    // `\npassword=`: the letter belongs to the escape.
    if before(b, start) == b'\\'
        && matches!(at(b, start), b'n' | b't' | b'r')
        && let Some(found) = scan.keys.find(key.get(1..)?)
    {
        return Some((found, quoted));
    }
    // `Account Key: x`: names in words.
    if !quoted && before(b, start) == b' ' && ENDS_PHRASES.contains(&key.to_ascii_lowercase().as_str()) {
        let mut phrase = start;
        for _ in 0..2 {
            let word = phrase;
            while phrase > floor && before(b, phrase) == b' ' && word - phrase < 1 {
                phrase -= 1;
            }
            while phrase > floor && (before(b, phrase).is_ascii_alphanumeric()) {
                phrase -= 1;
            }
        }
        let phrase = scan.text.get(phrase..end)?;
        return scan.keys.find_last(phrase).map(|found| (found, quoted));
    }
    None
}

/// Last words of names that people write with spaces.
const ENDS_PHRASES: &[&str] = &[
    "key", "keys", "number", "no", "code", "card", "id", "string", "phrase", "account", "address", "birth", "name",
    "pin", "ip",
];

/// `key=value` and its kin around the operator at `i`. Returns where to go on.
pub(super) fn pair(scan: &mut Scan<'_, '_>, i: usize) -> Option<usize> {
    let b = scan.b;
    let op = operator(b, i)?;
    if op.start < scan.done {
        return None;
    }
    let Some((key, quoted_key)) = key_before(scan, op.start) else {
        return form_part(scan, i, &op);
    };
    let (start, end) = value(scan, &op, &key, quoted_key)?;
    scan.hit(start, end, key.name)
}

/// `('password', 'x')`, `["password", "x"]`: reprs of pairs. The comma stands at `i`.
pub(super) fn couple<'s>(scan: &Scan<'_, 's>, i: usize) -> Option<Found<'s>> {
    let b = scan.b;
    let quote = before(b, i);
    if !is_quote(quote) {
        return None;
    }
    let end = i - 1;
    let floor = end.saturating_sub(KEY_WINDOW).max(scan.done);
    let open = floor + memchr::memrchr(quote, b.get(floor..end)?)?;
    let mut bracket = open;
    if matches!(before(b, bracket), b'b' | b'u') {
        bracket -= 1;
    }
    if !matches!(before(b, bracket), b'(' | b'[') {
        return None;
    }
    let name = scan.text.get(open + 1..end)?;
    // A text that mentions a name is none, nor is what a pass before made of it.
    if name.contains([' ', '=', '<', ':']) || name.contains("[Filtered") {
        return None;
    }
    let key = scan.keys.find(name)?;
    let mut v = i + 1;
    while at(b, v) == b' ' {
        v += 1;
    }
    let (from, to) = quoted_value(b, v)?;
    let value = scan.text.get(from..to)?;
    let closes = matches!(at(b, to + 1), b')' | b']' | b',') || to == b.len();
    // `("username", "password")` is a list of names.
    let names = value.len() <= KEY_WINDOW && scan.keys.find(value).is_some();
    let stays = !closes || names || is_inert(value.as_bytes()) || placeholder(b, from) == Some(to);
    (!stays).then_some((from, to, key.name))
}

/// The value behind an operator.
fn value(scan: &Scan<'_, '_>, op: &Operator, key: &KeyMatch<'_>, quoted_key: bool) -> Option<(usize, usize)> {
    let b = scan.b;
    let mut v = op.end;
    let blank = |c: u8| matches!(c, b' ' | b'\t') || (quoted_key && matches!(c, b'\n' | b'\r'));
    while blank(at(b, v)) {
        v += 1;
    }
    if v >= b.len() || placeholder_fills(b, v) {
        return None;
    }
    if let Some((start, end)) = quoted_value(b, v) {
        let inside = b.get(start..end)?;
        if is_inert(inside) || placeholder(b, start) == Some(end) {
            return None;
        }
        return Some((start, joined_literals(b, end)));
    }
    let first = at(b, v);
    if matches!(first, b'{' | b'[' | b'(') {
        let end = balanced(b, v);
        let inside = b.get(v..end)?;
        if matches!(inside, b"{}" | b"[]" | b"()") || is_inert(inside) {
            return None;
        }
        return Some((v, end));
    }
    // `Some("x")`, `SecretStr('x')`, `String::from("x")`
    let callee = b
        .iter()
        .skip(v)
        .take(KEY_WINDOW)
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.' | b':' | b'&' | b'!'))
        .count();
    if callee > 0 && matches!(at(b, v + callee), b'(' | b'{') && is_quote_soon(b, v + callee + 1) {
        return Some((v, balanced(b, v + callee)));
    }
    // `<Session object at 0x7f...>`
    if first == b'<' {
        let window = b.get(v..(v + 200).min(b.len()))?;
        if let Some(close) = memchr::memchr(b'>', window)
            && memchr::memmem::find(window.get(..close)?, b" at 0x").is_some()
        {
            return None;
        }
    }
    let mut end = match key.span {
        Span::Line if op.colon => line_end(b, v),
        Span::Digits => digits_end(b, v).max(word_end(scan, v, op)),
        _ => word_end(scan, v, op),
    };
    if end <= v {
        return None;
    }
    // `Authorization=Bearer abc`: the scheme is not the secret.
    if matches!(
        b.get(v..end)?.to_ascii_lowercase().as_slice(),
        b"bearer" | b"basic" | b"token" | b"digest" | b"negotiate" | b"apikey" | b"bot" | b"hmac" | b"aws4-hmac-sha256"
    ) && at(b, end) == b' '
    {
        end = if key.span == Span::Line { line_end(b, end + 1) } else { word_end(scan, end + 1, op) };
    }
    let value = b.get(v..end)?;
    if is_inert(value) || placeholder(b, v) == Some(end) {
        return None;
    }
    if op.colon && !quoted_key && key.prose && is_plain_word(value) {
        return None;
    }
    // `password: str = "x"`: what looked like the value was its type.
    let mut assign = end;
    while matches!(at(b, assign), b' ' | b'\t') {
        assign += 1;
    }
    if op.colon && at(b, assign) == b'=' && at(b, assign + 1) != b'=' && assign < b.len() {
        let again = Operator { start: assign, end: assign + 1, colon: false, encoded: false };
        let mut v = again.end;
        while matches!(at(b, v), b' ' | b'\t') {
            v += 1;
        }
        let close = quoted_value(b, v).map_or_else(|| word_end(scan, v, &again), |(_, end)| end);
        end = end.max(close);
    }
    Some((v, end))
}

/// A word of prose: "unexpected token: identifier".
fn is_plain_word(value: &[u8]) -> bool {
    let word = value.strip_suffix(b".").or_else(|| value.strip_suffix(b",")).unwrap_or(value);
    word.len() < 16 && (word.iter().all(u8::is_ascii_lowercase) || !word.iter().any(u8::is_ascii_alphanumeric))
}

/// A placeholder stands at `v` and the value ends with it.
fn placeholder_fills(b: &[u8], v: usize) -> bool {
    placeholder(b, v).is_some_and(|end| match at(b, end) {
        0 => true,
        c => c.is_ascii_whitespace() || b"\"'`,;&)}]<>|\\%#!?:./=".contains(&c),
    })
}

fn is_quote_soon(b: &[u8], i: usize) -> bool {
    b.iter().skip(i).take(12).any(|c| is_quote(*c))
}

/// The inside of a quoted value that starts at `v`, prefixes (`b'`, `u"`) and escaped quotes
/// included; to the end of the text when nothing closes it.
fn quoted_value(b: &[u8], v: usize) -> Option<(usize, usize)> {
    if let Some(entity) = ENTITIES.iter().find(|entity| b.get(v..v + entity.len()) == Some(**entity)) {
        let start = v + entity.len();
        let close = memchr::memmem::find(b.get(start..)?, entity);
        return Some((start, close.map_or(b.len(), |close| start + close)));
    }
    let letters = b.iter().skip(v).take(2).take_while(|c| b"bBuUrRfFL@$&".contains(c)).count();
    let mut open = v + letters;
    let mut slashes = 0;
    while at(b, open) == b'\\' && slashes < 16 {
        open += 1;
        slashes += 1;
    }
    let quote = at(b, open);
    if !is_quote(quote) {
        return None;
    }
    if slashes == 0 && b.get(open..open + 3) == Some(&[quote; 3]) {
        let start = open + 3;
        let close = memchr::memmem::find(b.get(start..)?, &[quote; 3]);
        return Some((start, close.map_or(b.len(), |c| start + c)));
    }
    let start = open + 1;
    let mut run = 0usize;
    for (i, c) in b.iter().enumerate().skip(start) {
        if *c == b'\\' {
            run += 1;
            continue;
        }
        if *c == quote {
            let closes = if slashes == 0 { run.is_multiple_of(2) } else { run <= slashes };
            if closes {
                return Some((start, if slashes == 0 { i } else { i - run.min(i - start) }));
            }
        }
        run = 0;
    }
    Some((start, b.len()))
}

/// `"abc" + "def"`: literals joined to the first; `end` is at its closing quote.
fn joined_literals(b: &[u8], mut end: usize) -> usize {
    for _ in 0..8 {
        let mut i = end + 1;
        while at(b, i) == b' ' {
            i += 1;
        }
        if !matches!(at(b, i), b'+') {
            return end;
        }
        i += 1;
        while at(b, i) == b' ' {
            i += 1;
        }
        match quoted_value(b, i) {
            Some((_, close)) => end = close,
            None => return end,
        }
    }
    end
}

/// The end of a bracket that opens at `i`, strings respected; the end of the text when none closes it.
fn balanced(b: &[u8], i: usize) -> usize {
    let mut depth = 0usize;
    let mut quote = 0u8;
    let mut escaped = false;
    for (at, c) in b.iter().enumerate().skip(i) {
        if quote != 0 {
            if escaped {
                escaped = false;
            } else if *c == b'\\' {
                escaped = true;
            } else if *c == quote {
                quote = 0;
            }
            continue;
        }
        match c {
            b'"' | b'\'' => quote = *c,
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    b.len()
}

fn line_end(b: &[u8], v: usize) -> usize {
    let mut i = v;
    while i < b.len() {
        let c = at(b, i);
        if matches!(c, b'\n' | b'\r' | b'"' | b'\'' | b'`')
            || (c == b'\\' && matches!(at(b, i + 1), b'n' | b'r' | b'"' | b'\''))
        {
            break;
        }
        i += 1;
    }
    while i > v && before(b, i) == b' ' {
        i -= 1;
    }
    i
}

fn digits_end(b: &[u8], v: usize) -> usize {
    let run = b.iter().skip(v).take(64).take_while(|c| c.is_ascii_digit() || b" -+()./xX*".contains(c)).count();
    let mut end = v + run;
    while end > v && !before(b, end).is_ascii_digit() {
        end -= 1;
    }
    end
}

/// The end of an unquoted value: a blank, a quote, or a separator behind which the text goes on
/// with something else. A comma inside a password is no such separator.
fn word_end(scan: &Scan<'_, '_>, v: usize, op: &Operator) -> usize {
    let b = scan.b;
    let mut i = v;
    while i < b.len() {
        let c = at(b, i);
        let stops = match c {
            b' ' | b'\t' | b'\n' | b'\r' | b'"' | b'\'' | b'`' => true,
            b'\\' => matches!(at(b, i + 1), b'n' | b'r' | b't' | b'"' | b'\'') && i > v,
            b'<' => i > v,
            b'&' | b';' | b',' | b'|' => next_pair_or_end(b, i + 1) || (c == b'&' && op.encoded),
            b'%' if op.encoded => b.get(i + 1..i + 3) == Some(b"26"),
            b')' | b'}' | b']' | b'>' => {
                let next = at(b, i + 1);
                next == 0 || next.is_ascii_whitespace() || b",;.:)]}>\"'`\\/".contains(&next)
            }
            _ => false,
        };
        if stops {
            break;
        }
        i += 1;
    }
    i
}

/// Behind a separator: the end, a blank, a quote, a bracket, or another `name=` / `name:`.
fn next_pair_or_end(b: &[u8], i: usize) -> bool {
    let c = at(b, i);
    if c == 0 || c.is_ascii_whitespace() || matches!(c, b'"' | b'\'' | b'{' | b'[' | b'}' | b']' | b')' | b'\\' | b'#')
    {
        return true;
    }
    let name =
        b.iter().skip(i).take(KEY_WINDOW).take_while(|c| c.is_ascii_alphanumeric() || b"_-.%[] $+".contains(c)).count();
    let c = at(b, i + name);
    name > 0 && matches!(c, b'=' | b':')
}

/// The multipart field `name="password"` and its value: blank line, text, boundary. Also
/// `name="password" value="x"` of HTML forms.
fn form_part(scan: &mut Scan<'_, '_>, i: usize, op: &Operator) -> Option<usize> {
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
pub(super) fn element<'s>(scan: &Scan<'_, 's>, i: usize) -> Option<Found<'s>> {
    let b = scan.b;
    let floor = i.saturating_sub(2 * KEY_WINDOW).max(scan.done);
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

/// `--key value`, and `-u name:password`: the `-` stands at `i`.
pub(super) fn flag<'s>(scan: &Scan<'_, 's>, i: usize) -> Option<Found<'s>> {
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

/// `password 'x'`, `secret key 'x'`, `password is 'x'`: the opening quote stands at `i`.
pub(super) fn quoted<'s>(scan: &Scan<'_, 's>, i: usize) -> Option<Found<'s>> {
    let b = scan.b;
    if before(b, i) != b' ' {
        return None;
    }
    let mut end = i - 1;
    let floor = end.saturating_sub(KEY_WINDOW).max(scan.done);
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
    let weak = key.prose
        && (value.len() < 8 || value.len() > 512 || !value.iter().any(u8::is_ascii_digit) || value.contains(&b' '));
    let weak = weak || (said && !value.iter().any(|c| c.is_ascii_digit()));
    if weak || is_inert(value) || key.secrecy == Secrecy::Pii || placeholder(b, from) == Some(to) {
        return None;
    }
    Some((from, to, key.name))
}

/// How far an assignment's right-hand side is read for literals in a source line.
const EXPRESSION: usize = 256;

/// A source line: the literals that are assigned to a sensitive name. Returns where to go on.
pub(super) fn literal(scan: &mut Scan<'_, '_>, i: usize) -> Option<usize> {
    let b = scan.b;
    let op = operator(b, i)?;
    let Some((key, quoted_key)) = key_before(scan, op.start) else {
        return form_part(scan, i, &op);
    };
    if key.secrecy == Secrecy::Pii {
        return None;
    }
    let mut v = op.end;
    while matches!(at(b, v), b' ' | b'\t') {
        v += 1;
    }
    let open = open_quote(b, op.start);
    if let Some(quote) = open.filter(|_| !quoted_key) {
        // Inside a string: running text that ends with the string.
        if at(b, v) == quote && v == op.end {
            return None;
        }
        if !is_quote(at(b, v)) {
            let end = word_end(scan, v, &op);
            let value = b.get(v..end)?;
            let readable = is_inert(value)
                || value.is_empty()
                || placeholder(b, v).is_some()
                || matches!(value.first(), Some(b'{' | b'%' | b'$' | b'<' | b'['))
                || (op.colon && is_plain_word(value));
            return if readable { None } else { scan.hit(v, end, key.name) };
        }
    }
    if let Some(end) = settings_line(b, op.start, v, op.end) {
        return scan.hit(v, end, key.name);
    }
    let mut last = None;
    let mut depth = 0usize;
    // Nothing but wrappers came before; nothing at all came before.
    let mut first = true;
    let mut x = v;
    let limit = (v + EXPRESSION).min(b.len());
    while x < limit {
        let c = at(b, x);
        match c {
            b'\n' | b';' | b'#' => break,
            b'/' if at(b, x + 1) == b'/' => break,
            b',' if depth == 0 => break,
            b'(' => depth += 1,
            b'[' | b'{' => {
                depth += 1;
                first &= x == v;
            }
            b')' | b']' | b'}' if depth == 0 => break,
            b')' | b']' | b'}' => depth -= 1,
            b'0'..=b'9' if first => {
                let run = b.iter().skip(x).take(64).take_while(|c| c.is_ascii_alphanumeric() || **c == b'_').count();
                if run >= 4 && b.get(x..x + run)?.iter().all(u8::is_ascii_digit) {
                    last = scan.hit(x, x + run, key.name);
                }
                x += run;
                first = false;
                continue;
            }
            b'\\' if is_quote(at(b, x + 1)) => {
                if let Some((start, end)) = quoted_value(b, x) {
                    if !is_inert(b.get(start..end)?) && placeholder(b, start) != Some(end) {
                        last = scan.hit(start, end, key.name);
                    }
                    x = end + 2;
                    continue;
                }
            }
            c if is_quote(c) && !(c == b'\'' && is_lifetime(b, x)) => {
                let (start, end) = quoted_value(b, x)?;
                let inside = b.get(start..end)?;
                let direct = x == v || (x - v <= 2 && b.get(v..x)?.iter().all(u8::is_ascii_alphabetic));
                let names_it = !direct && scan.text.get(start..end).is_some_and(|text| scan.keys.find(text).is_some());
                let mut behind = end + 1;
                while at(b, behind) == b' ' {
                    behind += 1;
                }
                let is_key = depth > 0 && (at(b, behind) == b':' || b.get(behind..behind + 2) == Some(b"=>"));
                let readable = names_it
                    || is_key
                    || (!direct && key.prose && (!first || is_plain_word(inside)))
                    || is_inert(inside)
                    || placeholder(b, start) == Some(end);
                if !readable {
                    last = scan.hit(start, end, key.name);
                }
                x = if b.get(end..end + 3).is_some_and(|c| c == [at(b, x); 3]) && start == x + 3 {
                    end + 3
                } else {
                    end + 1
                };
                first = false;
                continue;
            }
            b' ' | b'\t' | b'&' => {}
            // String prefixes and wrappers: `Some(`, `b'`, `String::from(`. Still the first thing.
            c if c.is_ascii_alphabetic() || matches!(c, b'_' | b':' | b'.' | b'!') => {}
            _ => first = false,
        }
        x += 1;
    }
    last
}

/// `TOKEN=abc` and `export TOKEN=abc`, as shells and `.env` files write them: a name in capitals, no
/// blanks, and a value that is no call, no variable and ends the line. Returns the value's end.
fn settings_line(b: &[u8], key_end: usize, v: usize, op_end: usize) -> Option<usize> {
    if v != op_end || at(b, key_end) != b'=' || at(b, key_end + 1) == b'=' {
        return None;
    }
    let name = b.get(key_end.saturating_sub(KEY_WINDOW)..key_end)?;
    let capitals =
        name.iter().rev().take_while(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || **c == b'_').count();
    let head = b.get(..key_end - capitals)?.trim_ascii();
    if capitals == 0
        || !(head.is_empty() || head.ends_with(b"export") || head.ends_with(b"ENV") || head.ends_with(b"ARG"))
    {
        return None;
    }
    let value = b.get(v..)?.trim_ascii_end();
    let plain = |c: &u8| c.is_ascii_graphic() && !b"()\"'`$[]{} ".contains(c) || *c >= 0x80;
    let settled = value.is_empty() || is_inert(value) || !value.iter().all(plain);
    (!settled).then_some(v + value.len())
}

/// Rust's `'a`, and the apostrophe of `don't`.
fn is_lifetime(b: &[u8], i: usize) -> bool {
    let next = at(b, i + 1);
    (before(b, i).is_ascii_alphabetic() && next.is_ascii_alphabetic())
        || ((next.is_ascii_alphabetic() || next == b'_') && matches!(before(b, i), b'&' | b'<'))
}

/// The quote that is open at `i` in a line of source, looking back at most [`EXPRESSION`] bytes.
fn open_quote(b: &[u8], i: usize) -> Option<u8> {
    let from = i.saturating_sub(EXPRESSION);
    let mut open = 0u8;
    let mut escaped = false;
    for x in from..i {
        let c = at(b, x);
        if escaped {
            escaped = false;
            continue;
        }
        match c {
            b'\\' => escaped = true,
            b'\n' => open = 0,
            c if open != 0 && c == open => open = 0,
            c if open == 0 && is_quote(c) && !(c == b'\'' && is_lifetime(b, x)) => open = c,
            _ => {}
        }
    }
    (open != 0).then_some(open)
}
