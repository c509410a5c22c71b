//! What stands where a value is expected, and hides nothing.

use super::at;
use crate::sanitize::scan::placeholder;

/// Stand-ins and constants that hide nothing: `%s`, `?`, `$1`, `{name}`, `null`, `***`.
pub(in crate::sanitize) fn is_inert(value: &[u8]) -> bool {
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

/// A word of prose: "unexpected token: identifier".
pub(super) fn is_plain_word(value: &[u8]) -> bool {
    let word = value.strip_suffix(b".").or_else(|| value.strip_suffix(b",")).unwrap_or(value);
    word.len() < 16 && (word.iter().all(u8::is_ascii_lowercase) || !word.iter().any(u8::is_ascii_alphanumeric))
}

/// A placeholder stands at `v` and the value ends with it.
pub(super) fn placeholder_fills(b: &[u8], v: usize) -> bool {
    placeholder(b, v).is_some_and(|end| match at(b, end) {
        0 => true,
        c => c.is_ascii_whitespace() || b"\"'`,;&)}]<>|\\%#!?:./=".contains(&c),
    })
}
