//! File names without what differs between builds and installations.

use std::borrow::Cow;

use super::{cut, digits};

/// Directories after which a path says which package it is in.
pub(super) const ROOTS: &[&str] = &["site-packages", "dist-packages", "node_modules"];

/// The file's path without the origin, the installation's directories, versions and bundle hashes.
/// The caller gives the path relative to the project; absolute prefixes are not known here.
pub fn file_name<'n>(_platform: &str, raw: &'n str) -> Cow<'n, str> {
    let path = cut(raw.trim());
    if path.starts_with('<') {
        // `<string>`, `<frozen os>`, `<ipython-input-3-5f2a>`
        return if path.starts_with("<ipython-input") { "<ipython-input>".into() } else { path.into() };
    }
    let slashed: Cow<'_, str> = if path.contains('\\') { path.replace('\\', "/").into() } else { path.into() };
    let mut out = String::with_capacity(path.len());
    let mut segments = origin(&slashed).split('/').filter(|s| !matches!(*s, "" | "." | "~")).peekable();
    let mut before = "";
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        if !last && (ROOTS.contains(&segment) || cargo_root(before, segment)) {
            out.clear();
            // `registry/src/index.crates.io-6f17d22bba15001f/`
            if segment == "src" {
                segments.next();
            }
            before = "";
            continue;
        }
        let plain = if last { bundle(segment) } else { Cow::Borrowed(directory(segment)) };
        before = segment;
        if plain.is_empty() {
            continue;
        }
        if !out.is_empty() {
            out.push('/');
        }
        out.push_str(&plain);
    }
    if out == path { Cow::Borrowed(path) } else { Cow::Owned(out) }
}

/// `registry/src`, `git/checkouts`: where cargo keeps the sources of others. `rustc/<commit>/`: where
/// the standard library was built.
fn cargo_root(before: &str, segment: &str) -> bool {
    matches!((before, segment), ("registry", "src") | ("git", "checkouts")) || (before == "rustc" && hex_hash(segment))
}

/// The path without its last extension: what stands for a module where the language has none.
pub fn file_stem(path: &str) -> &str {
    let name = path.rfind('/').map_or(0, |i| i + 1);
    match path.rfind('.') {
        Some(dot) if dot > name => path.get(..dot).unwrap_or(path),
        _ => path,
    }
}

/// Without scheme, host, query and fragment.
fn origin(path: &str) -> &str {
    let path = match path.split_once("://") {
        Some(("http" | "https", rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        Some((_, rest)) => rest,
        None => path,
    };
    let path = path.split(['?', '#']).next().unwrap_or(path);
    // The layers of a Next.js build: `(rsc)/./src/x.ts`.
    match path.trim_start_matches('/').split_once("/./") {
        Some((layer, inside)) if layer.starts_with('(') && layer.ends_with(')') => inside,
        _ => path,
    }
}

/// A directory without its version; empty when it is nothing but a version or a hash.
fn directory(segment: &str) -> &str {
    if !segment.bytes().any(|b| b.is_ascii_digit()) {
        return segment;
    }
    if version(segment.strip_prefix('v').unwrap_or(segment)) || (segment.len() >= 7 && hex_hash(segment)) {
        return "";
    }
    if let Some((name, tag)) = segment.rsplit_once(['@', '-'])
        && !name.is_empty()
        && (version(tag) || hex_hash(tag))
    {
        return name;
    }
    match segment.strip_prefix("python") {
        Some(number) if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit() || b == b'.') => "python",
        _ => segment,
    }
}

/// `1.2`, `1.2.3`, `1.2.3-beta.1`: begins with two numbers and a dot.
fn version(text: &str) -> bool {
    let mut parts = text.splitn(3, '.');
    let major = parts.next().is_some_and(digits);
    major && parts.next().is_some_and(|minor| minor.starts_with(|c: char| c.is_ascii_digit()))
}

fn hex_hash(text: &str) -> bool {
    let all = text.len() >= 7 && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'));
    all && text.bytes().any(|b| b.is_ascii_digit()) && text.bytes().any(|b| b.is_ascii_alphabetic())
}

/// A file's name without the hash or version that a bundler or publisher put in it.
pub(super) fn bundle(file: &str) -> Cow<'_, str> {
    let (first, rest) = file.split_once('.').unwrap_or((file, ""));
    let versioned = rest.starts_with(|c: char| c.is_ascii_digit());
    let stem = match first.rsplit_once(['-', '~']) {
        // `jquery-3.6.0.min.js`
        Some((name, number)) if !name.is_empty() && digits(number) && versioned => name,
        _ => hashless(first),
    };
    let stem = if stem.len() >= 8 && hex_hash(stem) { "<hash>" } else { stem };
    let goes = |part: &str| bundle_hash(part) || digits(part);
    let (middle, extension) = rest.rsplit_once('.').unwrap_or(("", rest));
    if stem == first && !middle.split('.').any(goes) {
        return Cow::Borrowed(file);
    }
    let mut out = String::from(stem);
    for part in middle.split('.').filter(|part| !part.is_empty() && !goes(part)).chain([extension]) {
        if !part.is_empty() {
            out.push('.');
            out.push_str(part);
        }
    }
    Cow::Owned(out)
}

/// `index-BdH3k2_x` is `index`.
fn hashless(stem: &str) -> &str {
    // A hash of eight characters may hold a `-` itself.
    if let Some(split) = stem.len().checked_sub(9)
        && let (Some(name), Some(hash)) = (stem.get(..split), stem.get(split..).and_then(|h| h.strip_prefix('-')))
        && !name.is_empty()
        && bundle_hash(hash)
    {
        return name;
    }
    match stem.rsplit_once(['-', '~']) {
        Some((name, hash)) if !name.is_empty() && bundle_hash(hash) => name,
        _ => stem,
    }
}

/// Hexadecimal hashes, numbers of eight digits and more, base32 and base64 hashes of eight characters
/// and more: those change the class of character often, names do not (`HomePage`).
fn bundle_hash(text: &str) -> bool {
    if text.len() < 7 {
        return false;
    }
    if hex_hash(text) || (text.len() >= 8 && digits(text)) {
        return true;
    }
    if !(8..=64).contains(&text.len()) || !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
        return false;
    }
    let class = |b: u8| match b {
        b'0'..=b'9' => 0,
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        _ => 3,
    };
    let has = |wanted: u8| text.bytes().any(|b| class(b) == wanted);
    let turns = text.as_bytes().windows(2).filter(|w| matches!(w, [a, b] if class(*a) != class(*b))).count();
    let mixed = (has(0) || has(1)) && has(2) && turns * 2 >= text.len();
    let base32 = text.len() == 8 && has(0) && has(2) && !has(1) && !has(3);
    mixed || base32
}
