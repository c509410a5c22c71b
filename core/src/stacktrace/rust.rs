//! Rust: where its libraries lie, and what a symbol says of module and function.

use crate::protocol::Frame;

use super::Rules;
use super::in_app::under;
use super::language::{Dir, LibraryRoot, basename, below_library, slashed};

use Dir::{Any, Is, Versioned};

/// Folders of the standard library and of dependencies. Source: rustc's path remapping
/// (`/rustc/HASH`, `/rust/deps`), the `rust-src` component, and the layout of Cargo's home, which
/// need not be called `.cargo`.
pub(super) const LIBRARIES: &[LibraryRoot] = &[
    LibraryRoot { dirs: &[Is("rustc"), Any], why: "standard library as it was built" },
    LibraryRoot { dirs: &[Versioned("rustc-")], why: "standard library as distributions build it" },
    LibraryRoot { dirs: &[Is("rust"), Is("deps")], why: "what the standard library depends on" },
    LibraryRoot { dirs: &[Is("rustlib"), Is("src"), Is("rust")], why: "standard library, local sources" },
    LibraryRoot { dirs: &[Is("registry"), Is("src"), Any], why: "dependencies from a registry" },
    LibraryRoot { dirs: &[Is("git"), Is("checkouts")], why: "dependencies from Git" },
];

/// Crates that are never the application's, for frames without a path.
const LIBRARY_CRATES: &[(&str, &str)] = &[
    ("std", "standard library"),
    ("core", "standard library"),
    ("alloc", "standard library"),
    ("panic_unwind", "standard library"),
    ("__rustc", "symbols of the compiler"),
    ("backtrace", "captures the stack"),
    ("faultwire", "this crate"),
];

/// Folders at the root of a package that hold its sources.
const SOURCE_DIRS: &[&str] = &["src", "tests", "benches", "examples"];

/// Whether the code is the application's: everything is that does not lie in a library. A frame
/// with neither module nor path is the C runtime's: Rust code has a crate.
pub(super) fn in_app(module: Option<&str>, path: Option<&str>) -> bool {
    if module.is_some_and(|m| LIBRARY_CRATES.iter().any(|(krate, _)| under(m, krate))) {
        return false;
    }
    match path {
        Some(path) => below_library(path, LIBRARIES).is_none(),
        None => module.is_some(),
    }
}

/// Splits a function that is still a whole symbol. Inlined and generic functions are often named
/// without a path in the debug information (`do_call<F, R>`, `{closure#0}`): then the file tells
/// the module, where the file is a library's.
pub(super) fn complete(frame: &mut Frame, _rules: &Rules) {
    if frame.module.is_none()
        && let Some(symbol) = frame.function.as_deref()
    {
        let (module, function) = split_symbol(symbol);
        frame.function = Some(function);
        frame.module = module.or_else(|| frame.abs_path.as_deref().and_then(module_of_path));
    }
}

/// The module of a library's file: `std::panicking` for `library/std/src/panicking.rs`,
/// `serde_json::de` for `serde_json-1.0.140/src/de.rs`.
///
/// `None` elsewhere: the name of the application's crate is not to be seen in a path.
pub fn module_of_path(path: &str) -> Option<String> {
    let relative = slashed(below_library(path, LIBRARIES)?);
    let (package, file) = relative.rsplit_once("/src/")?;
    let package = basename(package);
    let version = |(at, _): &(usize, &str)| package.as_bytes().get(at + 1).is_some_and(u8::is_ascii_digit);
    let name = package.match_indices('-').find(version).map_or(package, |(at, _)| &package[..at]);
    let stem = file.strip_suffix(".rs")?;
    let stem = stem.strip_suffix("/mod").unwrap_or(stem);
    let mut module = name.replace('-', "_");
    if !matches!(stem, "lib" | "main") {
        module.push_str("::");
        module.push_str(&stem.replace('/', "::"));
    }
    Some(module)
}

/// The path below the package's root: below Cargo's or rustc's folder for a library, from the
/// innermost `src`, `tests`, `benches` or `examples` for the application. A relative path is
/// already relative to the workspace.
pub(super) fn filename(path: &str, _module: Option<&str>, _rules: &Rules) -> String {
    if let Some(relative) = below_library(path, LIBRARIES) {
        return slashed(relative);
    }
    let path = slashed(path);
    let drive = path.as_bytes().get(1) == Some(&b':');
    if !path.starts_with('/') && !drive {
        return path.strip_prefix("./").unwrap_or(&path).to_owned();
    }
    let mut end = path.len();
    while let Some(slash) = path.get(..end).and_then(|p| p.rfind('/')) {
        let folder = path.get(..slash).map(basename).unwrap_or_default();
        if SOURCE_DIRS.contains(&folder) {
            return path[slash - folder.len()..].to_owned();
        }
        end = slash;
    }
    basename(&path).to_owned()
}

/// Splits a demangled symbol into module and function, without hashes.
///
/// - `app::orders::place::{{closure}}::h0123456789abcdef` is `place::{{closure}}` in `app::orders`.
/// - A type's name, told by its capital, belongs to the function: `Order::place` in `app::orders`.
/// - `<app::T as core::fmt::Display>::fmt` is `<T as core::fmt::Display>::fmt` in `app`; where the
///   type has no path (`&str`, a generic), the module is the trait's.
pub fn split_symbol(symbol: &str) -> (Option<String>, String) {
    let symbol = without_hashes(symbol);
    let parts = split_path(&symbol);
    let Some(first) = parts.first() else { return (None, symbol) };
    if let Some(inner) = first.strip_prefix('<').and_then(|f| f.strip_suffix('>')) {
        let (ty, of_trait) = split_as(inner);
        let path = ty.trim_start_matches(['&', '*', ' ']);
        let path = ["mut ", "const ", "dyn "].iter().fold(path, |p, word| p.strip_prefix(word).unwrap_or(p));
        let rest = symbol.get(first.len()..).unwrap_or_default();
        if let Some((module, name)) = module_and_name(path) {
            let prefix = ty.get(..ty.len() - path.len()).unwrap_or_default();
            let of_trait = of_trait.map(|t| format!(" as {t}")).unwrap_or_default();
            return (Some(module), format!("<{prefix}{name}{of_trait}>{rest}"));
        }
        if let Some((module, name)) = of_trait.and_then(module_and_name) {
            return (Some(module), format!("<{ty} as {name}>{rest}"));
        }
        return (None, symbol);
    }
    // The function starts at the first of: an `<impl ..>`, the name before a closure, a type.
    let last = parts.len() - 1;
    let is_type = |part: &str| part.starts_with(|c: char| c.is_uppercase());
    let start = (1..=last).find(|i| {
        let (part, next) = (parts[*i], parts.get(i + 1));
        *i == last
            || part.starts_with('<')
            || is_type(part)
            || next.is_some_and(|n| n.starts_with('{') || (n.starts_with('<') && !n.starts_with("<impl")))
    });
    match start {
        // `crate::{{closure}}`, `name::<u8>`: nothing stands between crate and function.
        Some(at) if parts[at].starts_with("<impl") || !parts[at].starts_with(['{', '<']) => {
            (Some(parts[..at].join("::")), parts[at..].join("::"))
        }
        Some(at) if at > 1 => (Some(parts[..at - 1].join("::")), parts[at - 1..].join("::")),
        _ => (None, symbol),
    }
}

/// Module and last name of the path of a type or trait; `None` when it is a bare name.
fn module_and_name(path: &str) -> Option<(String, &str)> {
    let parts = split_path(path);
    let named = |part: &&str| part.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let (last, modules) = parts.split_last()?;
    let modules = modules.split_at(modules.iter().take_while(|p| named(p) && !p.contains(['<', ' '])).count()).0;
    if modules.is_empty() {
        return None;
    }
    let module = modules.join("::");
    let name = if modules.len() + 1 == parts.len() { Some(*last) } else { path.get(module.len() + 2..) };
    name.map(|name| (module, name))
}

/// The type and the trait of `T as Trait`.
fn split_as(inner: &str) -> (&str, Option<&str>) {
    let mut depth = 0usize;
    let bytes = inner.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        depth = nesting(depth, bytes, at);
        if depth == 0 && *byte == b' ' && inner.get(at..).is_some_and(|rest| rest.starts_with(" as ")) {
            return (&inner[..at], inner.get(at + 4..));
        }
    }
    (inner, None)
}

/// The parts of a path between `::` that stand outside every bracket.
fn split_path(path: &str) -> Vec<&str> {
    let bytes = path.as_bytes();
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0usize);
    for at in 0..bytes.len() {
        depth = nesting(depth, bytes, at);
        if depth == 0 && at >= start && bytes[at] == b':' && bytes.get(at + 1) == Some(&b':') {
            parts.push(&path[start..at]);
            start = at + 2;
        }
    }
    if start < path.len() {
        parts.push(&path[start..]);
    }
    parts
}

/// Depth of brackets after byte `at`; the `>` of `->` closes nothing.
fn nesting(depth: usize, bytes: &[u8], at: usize) -> usize {
    match bytes[at] {
        b'<' | b'(' | b'[' | b'{' => depth + 1,
        b'>' if at > 0 && bytes[at - 1] == b'-' => depth,
        b'>' | b')' | b']' | b'}' => depth.saturating_sub(1),
        _ => depth,
    }
}

/// The symbol without `::h` and 16 digits at its end, `.llvm.` suffixes, and crate hashes (`app[0123456789abcdef]`).
fn without_hashes(symbol: &str) -> String {
    let symbol = symbol.split(".llvm.").next().unwrap_or(symbol);
    let is_hash = |text: &str| text.len() >= 10 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let symbol = match symbol.rsplit_once("::h") {
        Some((rest, hash)) if hash.len() == 16 && is_hash(hash) => rest,
        _ => symbol,
    };
    let mut out = String::with_capacity(symbol.len());
    let mut rest = symbol;
    while let Some((before, after)) = rest.split_once('[') {
        out.push_str(before);
        match after.split_once(']') {
            Some((hash, tail)) if is_hash(hash) => rest = tail,
            _ => {
                out.push('[');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}
