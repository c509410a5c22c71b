//! Names of functions, modules and files without what differs between builds, runs and instances.
//!
//! Each language has rows in `NAMES`; they run in order, each on the result of the one before. Two
//! principles decide the doubtful cases: a closure belongs to the function it is written in, and an
//! instance (of a generic function, a proxy, an accessor) is what it was made from.
//!
//! Every function here is linear in its input but for the nesting of generics, which is bounded.

mod files;

use std::borrow::Cow;

use files::{ROOTS, bundle};
pub use files::{file_name, file_stem};

/// Longest name that is looked at; monomorphised names can be longer and say no more.
const LONGEST: usize = 4096;
/// Depth to which the types in a qualified path (`<<A as B>::C as D>::f`) are read; deeper ones are dropped.
const DEPTH: usize = 8;

/// A language, as far as its names are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Python,
    Rust,
    V8,
    Jvm,
    Swift,
    Native,
    Go,
    Ruby,
    DotNet,
    Other,
}

use Language::{DotNet, Go, Jvm, Native, Other, Python, Ruby, Rust, Swift, V8};

impl Language {
    fn of(platform: &str) -> Language {
        match platform {
            "python" => Python,
            "rust" => Rust,
            "node" | "javascript" | "javascript-browser" | "bun" | "deno" => V8,
            "java" | "kotlin" | "android" | "scala" | "groovy" | "clojure" => Jvm,
            "cocoa" | "swift" | "objc" | "apple" => Swift,
            "native" | "c" | "cpp" => Native,
            "go" => Go,
            "ruby" => Ruby,
            "csharp" | "dotnet" => DotNet,
            _ => Other,
        }
    }
}

const fn mask(languages: &[Language]) -> u16 {
    let mut mask = 0;
    let mut i = 0;
    while i < languages.len() {
        mask |= 1 << languages[i] as u16;
        i += 1;
    }
    mask
}

/// What a row works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Function,
    Module,
}

use Part::{Function, Module};

/// One thing that is taken off names.
pub(crate) struct NameRule {
    pub(crate) name: &'static str,
    pub(crate) languages: &'static [Language],
    pub(crate) part: Part,
    pub(crate) doc: &'static str,
    /// `languages` as bits.
    mask: u16,
    /// The changed name; `None` when there is nothing to change.
    apply: fn(&str) -> Option<Cow<'_, str>>,
}

macro_rules! rows {
    ($($name:literal $part:ident $languages:expr, $apply:path, $doc:literal;)*) => {
        &[$(NameRule { name: $name, languages: $languages, part: $part, doc: $doc, mask: mask($languages), apply: $apply }),*]
    };
}

/// The table, in the order in which the rows of a language run.
#[rustfmt::skip]
pub(crate) const NAMES: &[NameRule] = rows![
    "py-co-name"       Function &[Python],               py_co_name,        "`A.f.<locals>.g` is `g`: the last segment, as in the code object";
    "rust-hash"        Function &[Rust],                 rust_hash,         "`::h` and 16 hexadecimal digits; `17h...E` in mangled names";
    "compiler-suffix"  Function &[Rust, Swift, Native, Other], compiler_suffix, "`.constprop.0`, `.isra.0`, `.part.0`, `.cold`, `.llvm.1`, `.lto_priv.0`, `[clone ...]`, `@plt`, `+0x1f`";
    "rust-crate-hash"  Function &[Rust],                 rust_disambiguator, "`core[8f3ac1d2]`: the crate's disambiguator";
    "rust-closure"     Function &[Rust],                 rust_closure,      "`::{{closure}}`, `{closure#0}`, `{async_fn#0}`, shims; counters of other `{kind#0}`";
    "rust-generics"    Function &[Rust],                 rust_generics,     "`<T as Trait>::f` and `<impl Trait for T>::f` are `T::f`; type arguments go";
    "v8-alias"         Function &[V8],                   v8_alias,          "` [as alias]`, ` (index 0)`, `/<`";
    "v8-prefix"        Function &[V8],                   v8_prefix,         "`async `, `new `, and the receivers `Object.`, `Module.`, `Function.`, `exports.`, `global.`, `Window.`";
    "v8-anonymous"     Function &[V8],                   v8_anonymous,      "the spellings of a function without a name are `<anonymous>`; `eval at ...` is `eval`";
    "jvm-lambda"       Function &[Jvm],                  jvm_lambda,        "`lambda$f$12`, `$anonfun$f$1`, `f$lambda$3`, `f$lambda-3` are `f`; `new` and `static` are `<init>` and `<clinit>`";
    "jvm-access"       Function &[Jvm],                  jvm_access,        "`access$000` is `access`, `access$f` and `access$f$p` are `f`";
    "jvm-suffix"       Function &[Jvm],                  jvm_suffix,        "`$default`, `$suspendImpl`, `$mcV$sp`, `-impl`, the hash of mangled Kotlin names, `__1234`";
    "swift-wrapper"    Function &[Swift],                swift_wrapper,     "`closure #1 in f`, `specialized f`, `partial apply for f`, `@objc f`, witnesses, resume functions are `f`";
    "swift-signature"  Function &[Swift],                swift_signature,   "`f(x: Int) -> Int` is `f(x:)`; `(f in _0123)` is `f`";
    "block"            Function &[Swift, Native],        objc_block,        "`__12-[A f]_block_invoke_2` is `-[A f]`, `__f_block_invoke` is `f`";
    "cpp-signature"    Function &[Native],               cpp_signature,     "lambdas belong to their function; arguments, template arguments, return types, ABI tags go";
    "go-closure"       Function &[Go],                   go_closure,        "`f.func1.2`, `f.gowrap1`, `f-fm`, `f[...]` are `f`";
    "ruby-block"       Function &[Ruby],                 ruby_block,        "`block (2 levels) in f`, `rescue in f`, `ensure in f` are `f`";
    "dotnet-generated" Function &[DotNet],               dotnet_generated,  "`<F>b__12_0` and `<F>g__Local|3_0` are `F`";
    "jvm-generated"    Module   &[Jvm],                  jvm_generated,     "`$$Lambda...`, `$$EnhancerBySpringCGLIB$$...`, `$HibernateProxy$...` and their like; `/0x...`";
    "jvm-proxy"        Module   &[Jvm],                  jvm_proxy,         "`jdk.proxy2.$Proxy45` is `$Proxy`";
    "jvm-accessor"     Module   &[Jvm],                  jvm_accessor,      "the number of `GeneratedMethodAccessor123` and its like, `LambdaForm$MH012`, `eval12`, `fn__34`, `_closure5`";
    "jvm-anonymous"    Module   &[Jvm],                  jvm_anonymous,     "`A$1` is `A`, `A$f$2$1` is `A$f`, `A$1Local` is `A$Local`";
    "rust-module-hash" Module   &[Rust],                 rust_disambiguator, "`core[8f3ac1d2]`: the crate's disambiguator";
    "rust-module-closure" Module &[Rust],                rust_closure,      "as for functions";
    "rust-module"      Module   &[Rust],                 rust_generics,     "as for functions";
    "v8-bundle"        Module   &[V8],                   v8_bundle,         "hashes of bundles: `main.3f9a1c2b` is `main`";
    "dotnet-state"     Module   &[DotNet],               dotnet_state,      "`A+<F>d__12` is `A.F`, `A+<>c__DisplayClass3_0` is `A`";
];

/// Every word list of the rows.
pub(crate) fn word_lists() -> [(&'static str, &'static [&'static str]); 7] {
    [
        ("rust closures", RUST_CLOSURES),
        ("compiler suffixes", COMPILER_SUFFIXES),
        ("v8 prefixes", V8_PREFIXES),
        ("jvm marks", JVM_MARKS),
        ("jvm numbered", JVM_NUMBERED),
        ("swift prefixes", SWIFT_PREFIXES),
        ("roots", ROOTS),
    ]
}

/// The limits of the rows.
pub(crate) const LIMITS: &[(&str, usize)] = &[("longest name", LONGEST), ("depth of generics", DEPTH)];

/// The function's name as the fingerprint sees it; empty when the name says nothing.
pub fn function_name<'n>(platform: &str, raw: &'n str) -> Cow<'n, str> {
    let language = Language::of(platform);
    let name = cut(raw.trim());
    if language != V8 && nameless(name) {
        return Cow::Borrowed("");
    }
    apply(language, Function, name)
}

/// The module's name as the fingerprint sees it.
pub fn module_name<'n>(platform: &str, raw: &'n str) -> Cow<'n, str> {
    apply(Language::of(platform), Module, cut(raw.trim()))
}

fn apply(language: Language, part: Part, name: &str) -> Cow<'_, str> {
    let bit = mask(&[language]);
    let mut name = Cow::Borrowed(name);
    for row in NAMES.iter().filter(|row| row.part == part && row.mask & bit != 0) {
        name = match name {
            Cow::Borrowed(text) => (row.apply)(text).unwrap_or(Cow::Borrowed(text)),
            Cow::Owned(text) => match (row.apply)(&text).map(Cow::into_owned) {
                Some(changed) => Cow::Owned(changed),
                None => Cow::Owned(text),
            },
        };
    }
    name
}

fn cut(name: &str) -> &str {
    let mut end = name.len().min(LONGEST);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.get(..end).unwrap_or("")
}

/// Names that stand for "no symbol".
fn nameless(name: &str) -> bool {
    matches!(name, "" | "?" | "??" | "???" | "<unknown>" | "<redacted>" | "unknown" | "(null)" | "__unknown")
        || name.strip_prefix("0x").is_some_and(|hex| !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// The text without the digits at its end.
fn numberless(text: &str) -> &str {
    text.trim_end_matches(|c: char| c.is_ascii_digit())
}

fn shorter<'n>(before: &str, after: &'n str) -> Option<Cow<'n, str>> {
    (after.len() < before.len() && !after.is_empty()).then_some(Cow::Borrowed(after))
}

// ---- Python

fn py_co_name(name: &str) -> Option<Cow<'_, str>> {
    shorter(name, name.rsplit('.').next()?)
}

// ---- Rust

fn rust_hash(name: &str) -> Option<Cow<'_, str>> {
    let is_hash = |hash: &str| hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    if let Some((path, hash)) = name.len().checked_sub(16).and_then(|at| name.split_at_checked(at))
        && let Some(path) = path.strip_suffix("::h")
        && is_hash(hash)
    {
        return shorter(name, path);
    }
    let (head, hash) = name.strip_suffix('E')?.rsplit_once("17h")?;
    (name.starts_with("_ZN") && is_hash(hash)).then(|| Cow::Owned(format!("{head}E")))
}

fn rust_disambiguator(name: &str) -> Option<Cow<'_, str>> {
    if !name.contains('[') {
        return None;
    }
    let mut out = String::new();
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('[') {
        let hash = after.split_once(']').filter(|(hash, _)| {
            before.ends_with(|c: char| c.is_alphanumeric() || c == '_')
                && (8..=16).contains(&hash.len())
                && hash.bytes().all(|b| b.is_ascii_hexdigit())
        });
        out.push_str(before);
        rest = match hash {
            Some((_, after)) => after,
            None => {
                out.push('[');
                after
            }
        };
    }
    out.push_str(rest);
    (out.len() < name.len()).then_some(Cow::Owned(out))
}

/// Kinds of `{kind#0}` that are closures or made by the compiler.
const RUST_CLOSURES: &[&str] = &["closure", "async", "coroutine", "shim", "vtable.shim", "gen"];

fn rust_closure(name: &str) -> Option<Cow<'_, str>> {
    if !name.contains('{') {
        return None;
    }
    let mut out = String::new();
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let (inner, after) = match after.strip_prefix('{') {
            Some(double) => double.split_once("}}")?,
            None => after.split_once('}')?,
        };
        let kind = inner.split(['#', ':']).next().unwrap_or("");
        if RUST_CLOSURES.iter().any(|k| kind.starts_with(k)) {
            let shorter = out.strip_suffix("::").map_or(out.len(), str::len);
            out.truncate(shorter);
        } else {
            out.push('{');
            out.push_str(kind);
            out.push('}');
        }
        rest = after;
    }
    out.push_str(rest);
    (out != name).then_some(Cow::Owned(out))
}

fn rust_generics(name: &str) -> Option<Cow<'_, str>> {
    name.contains('<').then(|| Cow::Owned(rust_path(name, DEPTH)))
}

/// The path without type arguments, qualified types replaced by the type.
fn rust_path(path: &str, depth: usize) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(open) = rest.find('<') {
        let (before, tail) = rest.split_at(open);
        out.push_str(before);
        let (inner, after) = bracketed(tail);
        let leading = out.is_empty() || out.ends_with(['(', '&', ' ', '[', ',']);
        if let Some(implementation) = inner.strip_prefix("impl ") {
            let subject = split_level(implementation, " for ").map_or(implementation, |(_, ty)| ty);
            push_type(&mut out, subject, depth);
        } else if leading || (out.ends_with("::") && split_level(inner, " as ").is_some()) {
            let ty = split_level(inner, " as ").map_or(inner, |(ty, _)| ty);
            push_type(&mut out, ty, depth);
        } else {
            let turbofish = out.strip_suffix("::").map_or(out.len(), str::len);
            out.truncate(turbofish);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn push_type(out: &mut String, ty: &str, depth: usize) {
    if depth > 0 {
        out.push_str(&rust_path(ty, depth - 1));
    }
}

/// What stands between the `<` at the beginning and its `>`, and what follows; `->` closes nothing.
pub(super) fn bracketed(text: &str) -> (&str, &str) {
    let mut level = 0usize;
    let mut before = 0;
    for (i, byte) in text.bytes().enumerate() {
        match byte {
            b'<' => level += 1,
            b'>' if before != b'-' => {
                level = level.saturating_sub(1);
                if level == 0 {
                    return (text.get(1..i).unwrap_or(""), text.get(i + 1..).unwrap_or(""));
                }
            }
            _ => {}
        }
        before = byte;
    }
    (text.get(1..).unwrap_or(""), "")
}

/// Splits at the first `mark` that is in no brackets.
pub(super) fn split_level<'t>(text: &'t str, mark: &str) -> Option<(&'t str, &'t str)> {
    let mut level = 0usize;
    let mut before = 0;
    for (i, byte) in text.bytes().enumerate() {
        match byte {
            b'<' | b'(' | b'[' => level += 1,
            b'>' if before == b'-' => {}
            b'>' | b')' | b']' => level = level.saturating_sub(1),
            _ => {}
        }
        if level == 0
            && mark.as_bytes().first() == Some(&byte)
            && text.as_bytes().get(i..).is_some_and(|rest| rest.starts_with(mark.as_bytes()))
        {
            return Some((text.get(..i)?, text.get(i + mark.len()..)?));
        }
        before = byte;
    }
    None
}

// ---- Compilers

/// Words that compilers put behind a dot at the end of a symbol.
const COMPILER_SUFFIXES: &[&str] =
    &["constprop", "isra", "part", "cold", "llvm", "lto_priv", "localalias", "resume", "destroy", "cleanup", "actor"];

fn compiler_suffix(name: &str) -> Option<Cow<'_, str>> {
    let mut rest = name;
    if let Some((head, _)) = rest.ends_with(']').then(|| rest.split_once(" [clone ")).flatten() {
        rest = head;
    }
    if let Some((head, offset)) = rest.rsplit_once('+')
        && let Some(offset) = offset.strip_prefix("0x")
        && offset.bytes().all(|b| b.is_ascii_hexdigit())
    {
        rest = head.trim_end();
    }
    if let Some((head, _)) = rest.split_once('@')
        && !head.is_empty()
        && !head.contains(' ')
        && (rest.ends_with("@plt") || rest.contains("@GLIBC") || rest.contains("@@"))
    {
        rest = head;
    }
    while let Some((head, last)) = rest.rsplit_once('.') {
        let word = if digits(last) { head.rsplit_once('.') } else { Some((head, last)) };
        match word {
            Some((head, word)) if COMPILER_SUFFIXES.contains(&word) && !head.is_empty() => rest = head,
            _ => break,
        }
    }
    shorter(name, rest)
}

// ---- V8 and other JavaScript engines

fn v8_alias(name: &str) -> Option<Cow<'_, str>> {
    if !name.ends_with([']', ')', '<']) {
        return None;
    }
    let mut rest = name;
    for mark in [" [as ", " (index "] {
        if let Some((head, tail)) = rest.split_once(mark)
            && tail.ends_with([']', ')'])
        {
            rest = head;
        }
    }
    while let Some(head) = rest.strip_suffix("/<") {
        rest = head;
    }
    shorter(name, rest)
}

/// Words and receivers that engines put before a name.
const V8_PREFIXES: &[&str] = &[
    "async ",
    "async*",
    "new ",
    "Object.",
    "Module.",
    "Function.",
    "module.exports.",
    "exports.",
    "global.",
    "globalThis.",
    "Window.",
    "window.",
];

fn v8_prefix(name: &str) -> Option<Cow<'_, str>> {
    let mut rest = name;
    while let Some(tail) = V8_PREFIXES.iter().find_map(|p| rest.strip_prefix(p)).filter(|tail| !tail.is_empty()) {
        rest = tail;
    }
    shorter(name, rest)
}

fn v8_anonymous(name: &str) -> Option<Cow<'_, str>> {
    match name {
        ""
        | "?"
        | "anonymous"
        | "(anonymous)"
        | "(anonymous function)"
        | "{anonymous}()"
        | "module code"
        | "global code" => Some("<anonymous>".into()),
        "eval code" => Some("eval".into()),
        _ => name.starts_with("eval at ").then(|| "eval".into()),
    }
}

fn v8_bundle(name: &str) -> Option<Cow<'_, str>> {
    let start = name.rfind(['/', ':']).map_or(0, |i| i + 1);
    let (head, tail) = name.split_at_checked(start)?;
    // A module has no extension: every part after a dot may be a hash.
    let whole = format!("{tail}.");
    let plain = bundle(&whole);
    let plain = plain.trim_end_matches('.');
    (plain != tail && !plain.is_empty()).then(|| Cow::Owned(format!("{head}{plain}")))
}

// ---- JVM

/// Names of constructors and initialisers in the names of lambdas.
fn jvm_method(name: &str) -> Cow<'_, str> {
    match name {
        "new" => "<init>".into(),
        "static" => "<clinit>".into(),
        "null" | "" => "lambda".into(),
        name => name.into(),
    }
}

fn jvm_lambda(name: &str) -> Option<Cow<'_, str>> {
    let mut rest = name;
    // Of the Java compiler, nested ones too: `lambda$lambda$f$0$1`.
    while let Some(tail) = rest.strip_prefix("lambda$").or_else(|| rest.strip_prefix("$anonfun$")) {
        rest = match tail.rsplit_once('$') {
            Some((method, number)) if digits(number) => method,
            _ if digits(tail) => "",
            _ => tail,
        };
    }
    if rest.len() < name.len() {
        return Some(jvm_method(rest));
    }
    // Of the Kotlin compiler.
    let (method, number) = name.split_once("$lambda")?;
    number.starts_with(['$', '-']).then_some(Cow::Borrowed(method)).filter(|m| !m.is_empty())
}

fn jvm_access(name: &str) -> Option<Cow<'_, str>> {
    let rest = name.strip_prefix("access$")?;
    if digits(rest) { Some("access".into()) } else { shorter(name, rest.strip_suffix("$p").unwrap_or(rest)) }
}

fn jvm_suffix(name: &str) -> Option<Cow<'_, str>> {
    let mut rest = name;
    for suffix in ["$default", "$suspendImpl", "-impl", "$sp"] {
        rest = rest.strip_suffix(suffix).unwrap_or(rest);
    }
    if let Some((head, kind)) = rest.rsplit_once("$mc")
        && kind.bytes().all(|b| b.is_ascii_uppercase())
    {
        rest = head;
    }
    // Kotlin adds seven characters of a hash for parameters of value classes.
    if let Some((head, hash)) = rest.rsplit_once('-')
        && hash.len() == 7
        && !rest.contains(' ')
        && hash.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    {
        rest = head;
    }
    if let Some((head, number)) = rest.rsplit_once("__")
        && digits(number)
    {
        rest = head;
    }
    shorter(name, rest)
}

/// Where the name of a generated class leaves that of the class it was made from.
const JVM_MARKS: &[&str] = &[
    "$$Lambda",
    "$$EnhancerBy",
    "$$FastClassBy",
    "$$KeyFactoryBy",
    "$$SpringCGLIB",
    "$$SpringProxy",
    "$HibernateProxy",
    "$MockitoMock",
    "$ByteBuddy",
    "$auxiliary$",
    "_$$_jvst",
    "_$$_Weld",
    "_$$_javassist",
    "$Proxy$_$$",
    "/0x",
];

fn jvm_generated(name: &str) -> Option<Cow<'_, str>> {
    let end = JVM_MARKS.iter().filter_map(|mark| name.find(mark)).min()?;
    shorter(name, name.get(..end)?)
}

fn jvm_proxy(name: &str) -> Option<Cow<'_, str>> {
    let last = name.rsplit('.').next()?;
    (numberless(last) == "$Proxy" && name.len() > "$Proxy".len()).then(|| "$Proxy".into())
}

/// Ends of generated names that a number follows.
const JVM_NUMBERED: &[&str] = &["Accessor", "$MH", "$DMH", "$BMH", "$eval", "$fn__", "_closure", "__"];

fn jvm_accessor(name: &str) -> Option<Cow<'_, str>> {
    let mut out = String::new();
    for (i, segment) in name.split_inclusive('$').enumerate() {
        let body = segment.strip_suffix('$').unwrap_or(segment);
        let plain = numberless(body);
        let with_mark = if i > 0 { format!("${plain}") } else { plain.to_owned() };
        if plain.len() < body.len() && JVM_NUMBERED.iter().any(|n| with_mark.ends_with(n)) {
            out.push_str(plain.trim_end_matches("__"));
            out.push_str(segment.get(body.len()..).unwrap_or(""));
        } else {
            out.push_str(segment);
        }
    }
    (out.len() < name.len()).then_some(Cow::Owned(out))
}

fn jvm_anonymous(name: &str) -> Option<Cow<'_, str>> {
    if !name.contains('$') {
        return None;
    }
    let mut out = String::with_capacity(name.len());
    for (i, segment) in name.split('$').enumerate() {
        let plain = segment.trim_start_matches(|c: char| c.is_ascii_digit());
        if i == 0 {
            out.push_str(segment);
        } else if !plain.is_empty() || segment.is_empty() {
            out.push('$');
            out.push_str(plain);
        }
    }
    (out.len() < name.len()).then_some(Cow::Owned(out))
}

// ---- Swift, Objective-C

/// What demanglers put before the name of a function made from another.
const SWIFT_PREFIXES: &[&str] = &[
    "specialized ",
    "partial apply forwarder for ",
    "partial apply for ",
    "partial apply ",
    "@objc ",
    "@nonobjc ",
    "merged ",
    "static ",
    "dynamic ",
    "override ",
    "inlined ",
    "thunk for ",
];

fn swift_wrapper(name: &str) -> Option<Cow<'_, str>> {
    let mut rest = name;
    loop {
        let counted = ["closure #", "implicit closure #", "defer #", "local function #"];
        let inner = if counted.iter().any(|p| rest.starts_with(p)) {
            rest.split_once(" in ").map(|(_, f)| f)
        } else if rest.starts_with("generic specialization <")
            || rest.starts_with("function signature specialization <")
        {
            rest.split_once("> of ").map(|(_, f)| f)
        } else if rest.starts_with('(') && rest.contains(" resume partial function for ") {
            rest.split_once(" resume partial function for ").map(|(_, f)| f)
        } else if let Some(witness) = rest.strip_prefix("protocol witness for ") {
            Some(witness.split_once(" in conformance ").map_or(witness, |(f, _)| f))
        } else {
            SWIFT_PREFIXES.iter().find_map(|p| rest.strip_prefix(p))
        };
        match inner {
            Some(inner) if !inner.is_empty() => rest = inner,
            _ => break,
        }
    }
    shorter(name, rest)
}

fn swift_signature(name: &str) -> Option<Cow<'_, str>> {
    if name.starts_with(['-', '+', '_']) || !name.contains('(') {
        return None;
    }
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    // `A.(f in _0123ABC)(x:)`: the private discriminator.
    while let Some((before, after)) = rest.split_once('(') {
        let Some((inside, tail)) = closing_round(after) else { break };
        out.push_str(before);
        if let Some((private, _)) = inside.split_once(" in _") {
            out.push_str(private);
            rest = tail;
            continue;
        }
        out.push('(');
        push_labels(&mut out, inside);
        out.push(')');
        return (out != name).then_some(Cow::Owned(out));
    }
    out.push_str(rest);
    (out != name).then_some(Cow::Owned(out))
}

/// What stands before the `)` of an opened bracket, and what follows.
pub(super) fn closing_round(text: &str) -> Option<(&str, &str)> {
    let mut level = 1usize;
    for (i, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => level += 1,
            b')' => level -= 1,
            _ => {}
        }
        if level == 0 {
            return Some((text.get(..i)?, text.get(i + 1..)?));
        }
    }
    None
}

/// `x: Int, Int` becomes `x:_:`; labels alone stay.
pub(super) fn push_labels(out: &mut String, arguments: &str) {
    if !arguments.contains([' ', ',']) && (arguments.is_empty() || arguments.ends_with(':')) {
        out.push_str(arguments);
        return;
    }
    let mut rest = arguments;
    while !rest.is_empty() {
        let (argument, tail) = split_level(rest, ",").unwrap_or((rest, ""));
        let label = argument.split_once(':').map_or("_", |(label, _)| label.trim());
        out.push_str(if label.contains([' ', '<', '(', '.']) { "_" } else { label });
        out.push(':');
        rest = tail;
    }
}

fn objc_block(name: &str) -> Option<Cow<'_, str>> {
    let (head, counter) = name.split_once("_block_invoke")?;
    let plain = counter.is_empty() || counter.strip_prefix(['_', '.']).is_some_and(digits);
    let head = head.trim_start_matches('_').trim_start_matches(|c: char| c.is_ascii_digit());
    plain.then(|| shorter(name, head)).flatten()
}

// ---- C and C++

fn cpp_signature(name: &str) -> Option<Cow<'_, str>> {
    if name.starts_with(['-', '+']) || !name.contains(['(', '<', '[', '{', '$', '\'']) {
        return None;
    }
    let name = name.replace("[abi:cxx11]", "").replace("(anonymous namespace)", "{anon}");
    let name = ["::{lambda(", "::'lambda", "::$_", "::{closure", "::<lambda"]
        .iter()
        .filter_map(|mark| name.find(mark))
        .min()
        .map_or(name.as_str(), |end| name.get(..end).unwrap_or(""));
    let mut out = String::with_capacity(name.len());
    let mut level = 0usize;
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        if level == 0 && (out.is_empty() || out.ends_with([':', ' '])) && rest.starts_with("operator") {
            let symbol = rest.get(8..).unwrap_or("");
            let length = ["()", "[]", "<=>", "->*", "<<=", ">>=", "<<", ">>", "->", "<=", ">=", "<", ">"]
                .iter()
                .find(|s| symbol.starts_with(**s))
                .map_or(0, |s| s.len());
            out.push_str(rest.get(..8 + length).unwrap_or(""));
            rest = rest.get(8 + length..).unwrap_or("");
            continue;
        }
        match first {
            '<' => level += 1,
            '>' => level = level.saturating_sub(1),
            // Arguments end the name; what follows qualifies it.
            '(' if level == 0 => break,
            c if level == 0 => out.push(c),
            _ => {}
        }
        rest = rest.get(first.len_utf8()..).unwrap_or("");
    }
    // `int f`: the return type of a template. Conversion operators keep their type.
    let plain = if out.contains("operator ") { out.as_str() } else { out.trim_end().rsplit(' ').next().unwrap_or("") };
    let plain = plain.trim_start_matches(['*', '&']).replace("{anon}", "(anonymous namespace)");
    (!plain.is_empty()).then_some(Cow::Owned(plain))
}

// ---- Languages of foreign clients that the server meets

fn go_closure(name: &str) -> Option<Cow<'_, str>> {
    let mut text = Cow::Borrowed(name);
    if name.contains("[...]") {
        text = Cow::Owned(name.replace("[...]", ""));
    }
    let mut rest = text.strip_suffix("-fm").unwrap_or(&text);
    while let Some((head, last)) = rest.rsplit_once('.') {
        let counted = ["func", "gowrap", "deferwrap"].iter().any(|k| last.strip_prefix(k).is_some_and(digits));
        if !(counted || digits(last)) || head.is_empty() {
            break;
        }
        rest = head;
    }
    (rest.len() < name.len()).then(|| Cow::Owned(rest.to_owned()))
}

fn ruby_block(name: &str) -> Option<Cow<'_, str>> {
    let mut rest = name;
    while ["block ", "rescue ", "ensure "].iter().any(|k| rest.starts_with(k)) {
        rest = rest.split_once(" in ")?.1;
    }
    shorter(name, rest)
}

fn dotnet_generated(name: &str) -> Option<Cow<'_, str>> {
    let (method, kind) = name.strip_prefix('<')?.split_once('>')?;
    let generated = kind.contains("__") && !method.is_empty();
    generated.then(|| shorter(name, method)).flatten()
}

fn dotnet_state(name: &str) -> Option<Cow<'_, str>> {
    let (class, inner) = name.split_once("+<").or_else(|| name.split_once(".<"))?;
    let (method, _) = inner.split_once('>')?;
    Some(if method.is_empty() { Cow::Borrowed(class) } else { Cow::Owned(format!("{class}.{method}")) })
}

#[cfg(test)]
mod tests;
