//! One place of a stack: `at async Cart.load [as get] (file:///srv/cart.mjs:12:7)` and its many relatives.
//!
//! | form | example |
//! |---|---|
//! | with a name | `at total (/app/cart.js:35:18)` |
//! | without | `at /app/cart.js:35:18`, `at async file:///app/cart.mjs:3:1` |
//! | of the engine | `at Array.map (<anonymous>)`, `at async Promise.all (index 0)`, `at f (native)` |
//! | of an eval | `at eval (eval at load (/app/t.js:1:2), <anonymous>:1:7)` |
//! | of WebAssembly | `at boom (wasm://wasm/e8190f1e:wasm-function[0]:0x1e)` |
//!
//! Names hold what people write in them, `a.b (c)` too, and so do paths: what stands in the last brackets
//! begins where something begins that looks like a location.

use std::borrow::Cow;

use crate::protocol::Frame;

/// Where there is no name: what V8 itself writes in some places.
const ANONYMOUS: &str = "<anonymous>";

/// Longest scheme that is looked for: `webpack-internal`, `chrome-extension`.
const LONGEST_SCHEME: usize = 32;

/// The frame of a place; `None` where the text is none.
pub(in crate::stacktrace) fn frame(place: &str) -> Option<Frame> {
    // Node 12 to 14 print the original location below the generated one.
    let (place, original) = match place.split_once("\n") {
        Some((place, below)) if below.trim_start().starts_with("-> ") => (place, below.trim_start().get(3..)),
        _ => (place, None),
    };
    let text = place.trim().strip_prefix("at ")?.trim();
    // `async (...)` is a function of that name.
    let text = text.strip_prefix("async ").filter(|rest| !rest.starts_with('(')).unwrap_or(text);
    let (name, location) = parts(text)?;
    let location = original.and_then(|text| Location::parse(text.trim())).unwrap_or(location);
    let name = if name.is_empty() { location.function.unwrap_or(ANONYMOUS) } else { name };
    Some(Frame {
        function: Some(name.to_owned()),
        abs_path: location.path.map(Cow::into_owned),
        lineno: location.line,
        colno: location.column,
        instruction_addr: location.offset.map(str::to_owned),
        ..Frame::default()
    })
}

/// The name, empty if there is none, and the location.
fn parts(text: &str) -> Option<(&str, Location<'_>)> {
    let Some(inner) = text.strip_suffix(')') else { return Some(("", Location::parse(text)?)) };
    let mut last = None;
    for (at, _) in inner.match_indices(" (") {
        let (name, location) = (inner.get(..at)?, inner.get(at + 2..)?);
        last = Some((name, location));
        if looks_like_location(location) {
            break;
        }
    }
    let (name, location) = last?;
    Some((name.trim(), Location::parse(location)?))
}

/// Whether a location begins here. Relative ones (`cart.js:1:2`, a name given to `vm`) do not look like any.
fn looks_like_location(text: &str) -> bool {
    const BEGINNINGS: &[&str] =
        &["/", "\\\\", "./", "../", ANONYMOUS, "native", "[native code]", "eval at ", "index ", "address at "];
    if BEGINNINGS.iter().any(|beginning| text.starts_with(beginning)) {
        return true;
    }
    let scheme = text.bytes().take(LONGEST_SCHEME).take_while(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b));
    let scheme = scheme.count();
    let colon = text.as_bytes().get(scheme) == Some(&b':') && text.starts_with(|c: char| c.is_ascii_alphabetic());
    // `cart.js:1` has a line there.
    colon && text.as_bytes().get(scheme + 1).is_some_and(|b| !b.is_ascii_digit())
}

/// Where the code is.
#[derive(Debug, Default, PartialEq)]
struct Location<'t> {
    /// Path or URL; none for code of the engine.
    path: Option<Cow<'t, str>>,
    line: Option<u32>,
    column: Option<u32>,
    /// In a WebAssembly module: the byte, and the function's number where it has no name.
    offset: Option<&'t str>,
    function: Option<&'t str>,
}

impl<'t> Location<'t> {
    fn parse(text: &'t str) -> Option<Location<'t>> {
        let text = text.strip_prefix("address at ").unwrap_or(text);
        if matches!(text, ANONYMOUS | "native" | "[native code]" | "unknown" | "unknown location") {
            return Some(Location::default());
        }
        if let Some(number) = text.strip_prefix("index ") {
            return number.bytes().all(|b| b.is_ascii_digit()).then(Location::default);
        }
        if text.starts_with("eval at ") {
            return Location::parse(origin(text));
        }
        if text.starts_with("wasm://")
            && let Some((place, offset)) = text.rsplit_once(":0x")
        {
            let (path, function) = place
                .split_once(":wasm-function")
                .map_or((place, None), |(path, _)| (path, place.get(path.len() + 1..)));
            let offset = text.get(text.len() - offset.len() - 2..);
            return Some(Location { path: Some(path.into()), offset, function, ..Location::default() });
        }
        let (rest, last) = number_at_end(text)?;
        let (path, line, column) = match number_at_end(rest) {
            Some((path, line)) => (path, line, last),
            None => (rest, last, None),
        };
        let path = match path {
            ANONYMOUS | "native" | "" => None,
            path => Some(readable(path)),
        };
        Some(Location { path, line, column, ..Location::default() })
    }
}

/// Splits `:12` off; a number that is none (0, or too large) is `None`.
fn number_at_end(text: &str) -> Option<(&str, Option<u32>)> {
    let rest = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = text.get(rest.len()..).filter(|number| !number.is_empty())?;
    Some((rest.strip_suffix(':')?, number.parse().ok().filter(|n| *n > 0)))
}

/// The place in a file at which code was evaluated: the innermost of
/// `eval at f (eval at g (/app/t.js:17:7)), <anonymous>:1:7`.
fn origin(text: &str) -> &str {
    let mut rest = text;
    while let Some(inner) = rest.strip_prefix("eval at ") {
        let begin = inner.match_indices(" (").find(|(at, _)| inner.get(at + 2..).is_some_and(looks_like_location));
        let Some(after) = begin.or_else(|| inner.match_indices(" (").next()).and_then(|(at, _)| inner.get(at + 2..))
        else {
            return inner;
        };
        rest = after;
    }
    // It ends at the first bracket before which there is a number; a path can hold brackets.
    let ends = |at: &usize| rest.get(..*at).and_then(number_at_end).is_some();
    let end = rest.match_indices(')').map(|(at, _)| at).find(ends);
    end.and_then(|end| rest.get(..end)).unwrap_or(rest.split([')', ',']).next().unwrap_or(rest))
}

/// The path as the file system has it; `data:` without its content, URLs without query.
pub(in crate::stacktrace) fn readable(path: &str) -> Cow<'_, str> {
    if let Some(url) = path.strip_prefix("file://") {
        let plain = url.split(['?', '#']).next().unwrap_or(url);
        return file_path(plain);
    }
    if let Some(data) = path.strip_prefix("data:") {
        let kind = data.split([',', ';']).next().unwrap_or("");
        return Cow::Owned(format!("data:{kind}"));
    }
    Cow::Borrowed(path)
}

/// What follows `file://`: `/srv/x`, `/C:/x`, `host/share/x`.
fn file_path(url: &str) -> Cow<'_, str> {
    let decoded = percent_decoded(url);
    let drive = |text: &str| matches!(text.as_bytes(), [b'/', letter, b':', b'/', ..] if letter.is_ascii_alphabetic());
    match decoded {
        Cow::Borrowed(text) if drive(text) => Cow::Borrowed(text.get(1..).unwrap_or(text)),
        Cow::Owned(text) if drive(&text) => Cow::Owned(text.get(1..).unwrap_or("").to_owned()),
        text if text.starts_with('/') => text,
        text => Cow::Owned(format!("//{text}")),
    }
}

/// `%20` and its like as characters; what is none stays.
pub(in crate::stacktrace) fn percent_decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let digit = |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16));
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            (Some(high), Some(low)) if *byte == b'%' => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).map_or(Cow::Borrowed(text), Cow::Owned)
}
