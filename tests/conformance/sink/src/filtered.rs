//! Where an event says that something was filtered or cut: the sanitizer's markers and `_meta`.

use faultwire::protocol::Value;

use crate::format::{Pair, grouped, shown, visible};

/// A place where something was filtered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filtered {
    /// Path in the event's JSON.
    pub path: String,
    /// The same as people name it: `charge · card`.
    pub name: String,
    /// Kinds named by the markers; the plain marker names none.
    pub kinds: Vec<String>,
    /// What `_meta` says of it.
    pub remark: Option<String>,
}

/// What the sanitizer leaves: `[Filtered]` or `[Filtered:kind]`.
const MARKER: &str = "[Filtered";

/// The parts of a text that are markers, and the text between.
pub fn marked(text: &str) -> impl Iterator<Item = (bool, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let start = rest.match_indices(MARKER).map(|(at, _)| at).find(|at| marker_end(&rest[*at..]).is_some());
        let (marker, end) = match start {
            Some(0) => (true, marker_end(rest).unwrap_or(rest.len())),
            Some(start) => (false, start),
            None => (false, rest.len()),
        };
        let (part, after) = rest.split_at(end);
        rest = after;
        Some((marker, part))
    })
}

/// Where a marker at the start of `text` ends.
fn marker_end(text: &str) -> Option<usize> {
    let after = text.strip_prefix(MARKER)?;
    if after.starts_with(']') {
        return Some(MARKER.len() + 1);
    }
    let kind = after.strip_prefix(':')?;
    let end = kind.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')))?;
    kind[end..].starts_with(']').then_some(MARKER.len() + 1 + end + 1)
}

/// Every place of `payload` that holds a marker; `remarks` are those of `_meta`.
pub fn filtered(payload: &Value, remarks: &[Pair]) -> Vec<Filtered> {
    let mut found = Vec::new();
    let keys = payload.as_object().into_iter().flatten().filter(|(key, _)| *key != "_meta");
    for (key, value) in keys {
        walk(value, key.clone(), &mut |path, text| {
            let markers = marked(text).filter(|(marker, _)| *marker).map(|(_, part)| part);
            let kinds: Vec<String> =
                markers.map(|part| part.trim_start_matches(MARKER).trim_matches([':', ']']).to_owned()).collect();
            if kinds.is_empty() {
                return;
            }
            let mut kinds: Vec<String> = kinds.into_iter().filter(|kind| !kind.is_empty()).collect();
            kinds.dedup();
            let remark = remarks.iter().find(|(of, _)| of == path).map(|(_, text)| visible(text));
            found.push(Filtered { path: path.to_owned(), name: visible(&named(path, payload)), kinds, remark });
        });
    }
    found
}

/// Calls `see` with every text and its path. Recursion is bounded: serde_json reads 128 levels.
fn walk(value: &Value, path: String, see: &mut impl FnMut(&str, &str)) {
    match value {
        Value::String(text) => see(&path, text),
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                walk(value, format!("{path}.{index}"), see);
            }
        }
        Value::Object(object) => {
            for (key, value) in object {
                walk(value, format!("{path}.{key}"), see);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A path as people name it: the function instead of the frame's number, no `values`.
pub fn named(path: &str, payload: &Value) -> String {
    let parts: Vec<&str> = path.split('.').collect();
    let text = |value: Option<&Value>, key: &str| Some(value?.get(key)?.as_str()?.to_owned());
    if let Some(at) = parts.iter().position(|part| *part == "frames")
        && let Some(rest) = parts.get(at + 2..)
        && !rest.is_empty()
    {
        let function = text(value_at(payload, &parts[..at + 2]), "function").unwrap_or_else(|| "?".to_owned());
        let what = match rest {
            ["vars", local @ ..] => local.join("."),
            [source, ..] if source.ends_with("context") || *source == "context_line" => "source".to_owned(),
            other => other.join("."),
        };
        return format!("{function} · {what}");
    }
    match parts.as_slice() {
        [list @ "exception", "values", number, rest @ ..] if !rest.is_empty() => {
            let ty = text(value_at(payload, &[list, "values", number]), "type").unwrap_or_else(|| "error".to_owned());
            let what = if rest == ["value"] { "message".to_owned() } else { rest.join(".") };
            return format!("{ty} · {what}");
        }
        [list @ "breadcrumbs", "values", number, rest @ ..] if !rest.is_empty() => {
            let category =
                text(value_at(payload, &[list, "values", number]), "category").unwrap_or_else(|| number.to_string());
            return format!("breadcrumb {category} · {}", rest.join("."));
        }
        _ => {}
    }
    let kept: Vec<&str> = parts.iter().filter(|part| **part != "values").copied().collect();
    kept.join(".")
}

fn value_at<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, part| match value {
        Value::Array(list) => list.get(part.parse::<usize>().ok()?),
        other => other.get(part),
    })
}

/// The remarks of `_meta`: path, and what was done there.
pub fn remarks(meta: &Value) -> Vec<Pair> {
    let mut found = Vec::new();
    remarks_below(meta, String::new(), &mut found);
    found
}

fn remarks_below(meta: &Value, path: String, found: &mut Vec<Pair>) {
    let Value::Object(object) = meta else { return };
    for (key, value) in object {
        if key.is_empty() {
            let texts = remark_texts(value);
            if !texts.is_empty() {
                found.push((path.clone(), texts.join("; ")));
            }
        } else {
            let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            remarks_below(value, below, found);
        }
    }
}

/// `{"rem": [[rule, action, from, to]], "len": n, "err": [...]}` in words.
fn remark_texts(entry: &Value) -> Vec<String> {
    let mut texts = Vec::new();
    for remark in entry.get("rem").and_then(Value::as_array).into_iter().flatten() {
        let part = |at: usize| remark.get(at).and_then(Value::as_str);
        let action = match part(1) {
            Some("x") => "cut",
            Some("s") => "replaced",
            Some("m") => "masked",
            Some("p") => "hashed",
            Some("e") => "encrypted",
            Some("a") => "noted",
            Some(other) => other,
            None => "",
        };
        texts.push(format!("{} {action}", part(0).unwrap_or("?")).trim().to_owned());
    }
    texts.dedup();
    if let Some(length) = entry.get("len").and_then(Value::as_u64) {
        texts.push(format!("was {} long", grouped(length)));
    }
    for error in entry.get("err").and_then(Value::as_array).into_iter().flatten() {
        texts.push(shown(error.get(0).unwrap_or(error)));
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_told_from_what_only_looks_like_one() {
        let parts: Vec<_> = marked("a [Filtered] b [Filtered:card] [Filteredx] [Filtered:\"]").collect();
        let expected = [
            (false, "a "),
            (true, "[Filtered]"),
            (false, " b "),
            (true, "[Filtered:card]"),
            (false, " [Filteredx] [Filtered:\"]"),
        ];
        assert_eq!(parts, expected);
    }
}
