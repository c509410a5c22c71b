//! Swift: whose the modules are, and what a symbol says of module and function.

use std::borrow::Cow;

use crate::protocol::Frame;

use super::Rules;
use super::in_app::under;
use super::language::{Dir, LibraryRoot, basename, below_library, slashed};
use super::normalize::{bracketed, closing_round, push_labels, split_level};
use super::rust;
use crate::packed::packed;

use Dir::{Is, Versioned};

/// Folders of dependencies and of the toolchain. Source: the layouts of SwiftPM, Xcode, CocoaPods and Carthage.
pub(super) const LIBRARIES: &[LibraryRoot] = &[
    LibraryRoot { dirs: &[Is(".build"), Is("checkouts")], why: "dependencies of SwiftPM" },
    LibraryRoot { dirs: &[Is("SourcePackages"), Is("checkouts")], why: "dependencies of SwiftPM in Xcode" },
    LibraryRoot { dirs: &[Is("Carthage"), Is("Checkouts")], why: "dependencies of Carthage" },
    LibraryRoot { dirs: &[Is("Pods")], why: "dependencies of CocoaPods" },
    LibraryRoot { dirs: &[Is("swiftlang"), Versioned("swift-")], why: "standard library as it was built" },
];

/// Modules that are never the application's, each with what it is; with `*` at the end, all that start so.
pub const LIBRARY_MODULES: &[(&str, &str)] = &[
    ("Swift", "standard library, concurrency too"),
    ("_Concurrency", "standard library"),
    ("_StringProcessing", "standard library"),
    ("Synchronization", "standard library"),
    ("Observation", "standard library"),
    ("__C", "C and Objective-C"),
    ("__C_Synthesized", "C and Objective-C"),
    ("Foundation*", "Foundation, FoundationEssentials, FoundationNetworking"),
    ("CoreFoundation", "Foundation's core"),
    ("ObjectiveC", "runtime"),
    ("Dispatch", "queues"),
    ("Glibc", "C library"),
    ("Musl", "C library"),
    ("Darwin", "C library"),
    ("os", "logging and signposts"),
    ("Combine", "platform"),
    ("SwiftUI", "platform"),
    ("SwiftUICore", "platform"),
    ("UIKit", "platform"),
    ("UIKitCore", "platform"),
    ("AppKit", "platform"),
    ("CoreData", "platform"),
    ("Network", "platform"),
    ("XCTest", "tests"),
    ("Testing", "tests"),
    ("Faultwire", "this package"),
    ("FaultwireBridge", "this package"),
    ("FaultwireFFI", "this package"),
    ("Sentry", "another error tracker"),
    ("NIO*", "network: SwiftNIO"),
    ("Vapor", "web framework"),
    ("RoutingKit", "Vapor"),
    ("AsyncKit", "Vapor"),
    ("Fluent*", "Vapor"),
    ("Hummingbird*", "web framework"),
    ("GRPC*", "gRPC"),
    ("AsyncHTTPClient", "HTTP client"),
    ("Alamofire", "HTTP client"),
    ("PostgresNIO", "database driver"),
    ("Logging", "swift-log"),
    ("Metrics", "swift-metrics"),
    ("ServiceLifecycle", "start and stop of services"),
    ("ArgumentParser", "command lines"),
    ("RxSwift", "reactive streams"),
    ("AWSLambdaRuntime*", "AWS"),
    // Rust in the same process: the bridge and what it is made of.
    ("faultwire", "this package's engine"),
    ("faultwire_uniffi", "this package's engine"),
    ("uniffi_core", "this package's engine"),
    ("std", "standard library of Rust"),
    ("core", "standard library of Rust"),
    ("alloc", "standard library of Rust"),
];

/// What stands for a path where the compiler made the code.
const GENERATED: &str = "<compiler-generated>";

/// Whether the code is the application's: everything is that has a module or a source and is in no library. Without
/// either it is C's, or made by the compiler.
pub(super) fn in_app(module: Option<&str>, path: Option<&str>) -> bool {
    let is_library = |module: &str| {
        packed!(LIBRARY_MODULES: (&str, &str), row => row.0).lines().any(|name| match name.strip_suffix('*') {
            Some(start) => module.starts_with(start),
            None => under(module, name),
        })
    };
    if module.is_some_and(is_library) {
        return false;
    }
    match path {
        Some(path) => {
            let is_library = |rows| below_library(path, rows).is_some();
            basename(path) != GENERATED && !is_library(LIBRARIES) && !is_library(rust::LIBRARIES)
        }
        None => module.is_some(),
    }
}

/// A name that nobody could demangle says at least whose it is. What the compiler made has no file.
pub(super) fn complete(frame: &mut Frame, _rules: &Rules) {
    if frame.abs_path.as_deref().is_some_and(|path| basename(path) == GENERATED) {
        (frame.abs_path, frame.lineno, frame.colno) = (None, None, None);
    }
    if frame.module.is_none() {
        frame.module = frame.function.as_deref().filter(|f| is_mangled(f)).and_then(module_of_mangled);
    }
}

/// Folders at the root of a package that hold its sources.
const SOURCE_DIRS: &[&str] = &["Sources", "Source", "Tests"];

/// Below the folder of dependencies for a library; for the application from the innermost `Sources` or `Tests` on.
pub(super) fn filename(path: &str, _module: Option<&str>, _rules: &Rules) -> String {
    if let Some(relative) = below_library(path, LIBRARIES).or_else(|| below_library(path, rust::LIBRARIES)) {
        return slashed(relative);
    }
    let path = slashed(path);
    let mut start = 0;
    let mut found = None;
    for (at, _) in path.match_indices('/') {
        if path.get(start..at).is_some_and(|folder| SOURCE_DIRS.contains(&folder)) {
            found = Some(start);
        }
        start = at + 1;
    }
    found.and_then(|at| path.get(at..)).unwrap_or_else(|| basename(&path)).to_owned()
}

/// Whether a symbol is one of Swift's: `$s` since Swift 5, `$S` and `_T0` before; on Apple platforms with a `_` more.
pub fn is_mangled(symbol: &str) -> bool {
    let symbol = symbol.strip_prefix('_').unwrap_or(symbol);
    ["$s", "$S", "$e", "T0"].iter().any(|mark| symbol.starts_with(mark))
}

/// The module that a mangled symbol begins with: `Shop` of `$s4Shop4CartC`; `None` where it begins with something else.
pub fn module_of_mangled(symbol: &str) -> Option<String> {
    let rest = symbol.strip_prefix('_').unwrap_or(symbol).get(2..)?;
    if let Some(known) = rest.strip_prefix('s').filter(|after| after.starts_with(|c: char| c.is_ascii_digit())) {
        return (!known.is_empty()).then(|| "Swift".to_owned());
    }
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (length, name) = rest.split_at_checked(digits)?;
    let name = name.get(..length.parse().ok()?)?;
    // With a 0 at the beginning it is put together from words: of which, only a demangler knows.
    let is_name = !length.starts_with('0') && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    (is_name && !name.is_empty()).then(|| name.to_owned())
}

/// What a demangler puts before the name of a function that nobody wrote, or wrote as something else.
enum Before {
    /// One instance, or one part, of the function that follows.
    Dropped,
    /// Says which part of what follows it is.
    Kept,
    /// Made by the compiler to call what follows: nobody's code.
    Thunk,
}

const BEFORE: &[(&str, Before)] = &[
    ("merged ", Before::Dropped),
    ("specialized ", Before::Dropped),
    ("static ", Before::Kept),
    ("default argument ", Before::Kept),
    ("variable initialization expression of ", Before::Kept),
    ("property wrapper backing initializer of ", Before::Kept),
    ("implicit closure #", Before::Kept),
    ("closure #", Before::Kept),
    ("partial apply forwarder for ", Before::Thunk),
    ("partial apply for ", Before::Thunk),
    ("dispatch thunk of ", Before::Thunk),
    ("protocol witness for ", Before::Thunk),
    ("vtable thunk for ", Before::Thunk),
    ("curry thunk of ", Before::Thunk),
    ("distributed thunk ", Before::Thunk),
    ("@objc ", Before::Thunk),
    ("@nonobjc ", Before::Thunk),
];

/// Prefixes that are looked at: closures in closures are counted by people as well.
const DEPTH: usize = 32;

/// Splits a demangled symbol into module and function, as a developer would write it.
///
/// - `Shop.Cart.load(from: Foundation.URL) throws -> Shop.Cart` is `Cart.load(from:)` in `Shop`.
/// - `closure #1 (Swift.Int) -> () in Shop.Cart.load() -> ()` is `closure #1 in Cart.load()` in `Shop`.
/// - `(2) await resume partial function for Shop.f() async -> ()`, and specialised and merged functions, are the function.
/// - `(extension in Shop):Swift.Array.sum() -> Swift.Int` is `Array.sum()` in `Shop`.
/// - What the compiler makes to call something (`partial apply forwarder for ...`) has no module.
pub fn split_symbol(symbol: &str) -> (Option<String>, String) {
    let (mut before, mut rest, mut is_thunk) = (String::new(), symbol, false);
    for _ in 0..DEPTH {
        if let Some(whole) = of_part(rest) {
            rest = whole;
        } else if let Some((mark, what)) = BEFORE.iter().find(|(mark, _)| rest.starts_with(mark)) {
            let after = rest.get(mark.len()..).unwrap_or_default();
            rest = after;
            match what {
                Before::Dropped => {}
                Before::Thunk => {
                    is_thunk = true;
                    before.push_str(mark);
                }
                Before::Kept if mark.ends_with('#') => {
                    let Some((number, whole)) = numbered(after) else { break };
                    before.push_str(&format!("{mark}{number} in "));
                    rest = whole;
                }
                Before::Kept if *mark == "default argument " => {
                    let Some((number, whole)) = after.split_once(" of ") else { break };
                    before.push_str(&format!("{mark}{number} of "));
                    rest = whole;
                }
                Before::Kept => before.push_str(mark),
            }
        } else if let Some((name, number, whole)) = local(rest) {
            before.push_str(&format!("{name} #{number} in "));
            rest = whole;
        } else {
            break;
        }
    }
    if rest.starts_with("reabstraction thunk ") {
        // Its types say nothing of whom it calls.
        return (None, format!("{before}reabstraction thunk"));
    }
    let Some((module, name)) = entity(rest) else { return (None, format!("{before}{rest}")) };
    ((!is_thunk).then_some(module), format!("{before}{name}"))
}

/// What follows the name of a part or an instance of a function.
fn of_part(symbol: &str) -> Option<&str> {
    if symbol.starts_with('(') {
        let (number, rest) = symbol.get(1..)?.split_once(") ")?;
        let rest = rest.strip_prefix("await ").or_else(|| rest.strip_prefix("suspend "))?;
        return number.parse::<u32>().ok().and(rest.strip_prefix("resume partial function for "));
    }
    let kinds = ["generic ", "function signature specialization ", "inlined generic function "];
    if kinds.iter().any(|kind| symbol.starts_with(kind)) {
        let (_, rest) = bracketed(symbol.get(symbol.find('<')?..)?);
        return rest.strip_prefix(" of ");
    }
    None
}

/// The number of a closure and what it is in, of `1 (Swift.Int) -> () in Shop.f() -> ()`.
fn numbered(symbol: &str) -> Option<(&str, &str)> {
    let digits = symbol.len() - symbol.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, rest) = symbol.split_at_checked(digits)?;
    let (_, whole) = split_level(rest, " in ")?;
    (!number.is_empty()).then_some((number, whole))
}

/// Name and number of a function in a function, and what it is in: `inner #1 (Swift.Int) -> () in Shop.f() -> ()`.
fn local(symbol: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = symbol.split_once(" #")?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let (number, whole) = numbered(rest)?;
    is_name.then_some((name, number, whole))
}

/// Module and name of what has one: `Shop.Cart.load(from: Foundation.URL) throws -> ()`.
fn entity(symbol: &str) -> Option<(String, String)> {
    let (extended, symbol) = match symbol.strip_prefix("(extension in ").and_then(|rest| rest.split_once("):")) {
        Some((module, rest)) => (Some(module), rest),
        None => (None, symbol),
    };
    let (first, mut rest) = part(symbol)?;
    let mut name = String::new();
    while let Some(after) = skipped(rest).strip_prefix('.') {
        let Some((next, left)) = part(after) else { break };
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(&next);
        rest = left;
    }
    let module = extended.unwrap_or(&first).to_owned();
    // A symbol of C, or something that a demangler says in words.
    if name.is_empty() || (extended.is_none() && first.contains(' ')) {
        return None;
    }
    if let Some((arguments, left)) = skipped(rest).strip_prefix('(').and_then(closing_round) {
        name.push('(');
        push_labels(&mut name, arguments);
        name.push(')');
        rest = left;
    }
    if let Some((_, conformance)) = split_level(rest, " in conformance ") {
        let ty = split_level(conformance, " : ").map_or(conformance, |(ty, _)| ty);
        let ty = entity(ty).map_or_else(|| ty.to_owned(), |(_, ty)| ty);
        name.push_str(&format!(" in conformance {ty}"));
    }
    Some((module, name))
}

/// The text after generic arguments, where it begins with such.
fn skipped(rest: &str) -> &str {
    if rest.starts_with('<') { bracketed(rest).1 } else { rest }
}

/// One name of a path, and what follows it.
fn part(path: &str) -> Option<(Cow<'_, str>, &str)> {
    if let Some((private, rest)) = path.strip_prefix('(').and_then(closing_round) {
        // `(helper in _0123ABC)`: private to its file.
        return private.split_once(" in _").map(|(name, _)| (name.into(), rest));
    }
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
    let end = path.find(|c| !is_name(c)).unwrap_or(path.len());
    if end > 0 {
        return Some((path.get(..end)?.into(), path.get(end..)?));
    }
    // An operator: `== infix`.
    let (operator, rest) = path.split_once(' ')?;
    let kind = ["infix", "prefix", "postfix"].iter().find(|kind| rest.starts_with(**kind))?;
    Some((format!("{operator} {kind}").into(), rest.get(kind.len()..)?))
}
