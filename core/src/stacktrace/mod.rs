//! From raw frames to frames that people can read.
//!
//! The extractor on the app's thread says what it knows of each frame: function, module, path and
//! line. [`resolve`] does the rest on the worker, in this order:
//!
//! | step | where |
//! |---|---|
//! | a stack that is a text becomes frames | [`v8`] |
//! | module and function from the path or symbol, `filename` below its package root | [`jvm`], [`python`], [`rust`], [`swift`], [`v8`] |
//! | `in_app`: the application's own code, or a library's | [`in_app`] |
//! | frames of framework plumbing leave | [`blocklist`] |
//! | recursion keeps its first and last round | [`recursion`] |
//!
//! Source lines and source maps are read apart from that, by [`SourceCache`], because only a client has the files.

pub mod blocklist;
pub mod in_app;
pub mod jvm;
mod language;
#[cfg(feature = "client")]
mod maps;
pub mod normalize;
pub mod python;
mod recursion;
pub mod rust;
mod source;
#[cfg(feature = "client")]
mod sourcemap;
pub mod swift;
pub mod v8;

pub use blocklist::Blocklist;
pub use in_app::in_app;
/// Frames kept of one stack: the outermost and innermost halves of it. Far beyond any real stack, and
/// enough of a recursion to recognise its cycle.
pub const MAX_FRAMES: usize = 4096;

pub use recursion::fold;
pub use source::{Context, SourceCache};

use serde::Deserialize;

use crate::Error;
use crate::protocol::{Frame, Stacktrace, Value};
pub(crate) use language::TextForm;
use language::language;
#[cfg(feature = "client")]
pub(crate) use maps::{apply as apply_map, inline_originals};

/// What an application says of its frames; the default is what every application gets.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Modules that are the application's own, by whole segments: `myapp` is `myapp.x`, not
    /// `myapplication`. Wins over everything.
    pub in_app_include: Vec<String>,
    /// Modules that are not. Wins over the defaults of the language and over what the frame says.
    pub in_app_exclude: Vec<String>,
    /// Frames that leave the stack.
    pub blocklist: Blocklist,
    /// The project's folder, for languages that name modules by their files; by default not known.
    pub root: Option<String>,
}

impl Rules {
    /// Rules from the options of the same names.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] naming the option with the row that does not parse.
    pub fn new(include: Vec<String>, exclude: Vec<String>, frame_blocklist: &[String]) -> Result<Rules, Error> {
        for (option, list) in [("in_app_include", &include), ("in_app_exclude", &exclude)] {
            if list.iter().any(|prefix| in_app::bare(prefix).is_empty()) {
                return Err(Error::option(option, "expected module names such as `myapp` or `myapp.orders`"));
            }
        }
        let blocklist = Blocklist::with(frame_blocklist)?;
        Ok(Rules { in_app_include: include, in_app_exclude: exclude, blocklist, root: None })
    }
}

/// How many frames [`resolve`] took out, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resolved {
    /// Frames of framework plumbing.
    pub blocklisted: u32,
    /// Frames between the first and the last round of a recursion.
    pub recursion_folded: u32,
}

impl std::ops::AddAssign for Resolved {
    fn add_assign(&mut self, other: Resolved) {
        self.blocklisted = self.blocklisted.saturating_add(other.blocklisted);
        self.recursion_folded = self.recursion_folded.saturating_add(other.recursion_folded);
    }
}

/// The frames of a stack that is a text in the form of `platform`, caller to callee; `message` is the
/// error's own, which such a text can repeat. None for a platform whose stacks are no texts.
pub fn parse(platform: &str, text: &str, message: &str) -> Vec<Frame> {
    text_form(platform)
        .map_or_else(Vec::new, |form| (form.split)(text, message).into_iter().rev().filter_map(form.frame).collect())
}

/// What a stack that is a text says if it has no place, and more than the error's header.
#[cfg(feature = "client")]
pub(crate) fn without_places<'s>(platform: &str, text: &'s str, message: &str) -> Option<&'s str> {
    (text_form(platform)?.without_places)(text, message)
}

/// How stacks of `platform` are read that are texts.
pub(crate) fn text_form(platform: &str) -> Option<TextForm> {
    language(platform).and_then(|l| l.text)
}

/// The frames of a text that the interpreter of `platform` wrote in a crash, caller to callee. None for a platform
/// without such texts.
pub fn dumped(platform: &str, text: &str) -> Vec<Frame> {
    language(platform).and_then(|l| l.dump).map_or_else(Vec::new, |form| (form.frames)(text))
}

/// Whether a native function, by its name, is where the interpreter of `platform` runs code: what [`dumped`] gives
/// stands in its place and in that of all that called it.
#[cfg(all(feature = "client", native_crashes))]
pub(crate) fn runs_code(platform: &str, function: &str) -> bool {
    language(platform).and_then(|l| l.dump).is_some_and(|form| (form.runs_code)(function))
}

/// Completes the frames of `stack` and removes those that say nothing.
///
/// A frame's own `platform` wins over the event's. What the extractor has set stays: only an
/// `in_app_include` or `in_app_exclude` row overrules an `in_app` that is already there. The crash
/// stays, and so does every frame of a stack that is plumbing throughout.
pub fn resolve(platform: &str, stack: &mut Stacktrace, rules: &Rules) -> Resolved {
    stack.frames.iter_mut().for_each(|frame| complete(platform, frame, rules));
    let blocklisted = rules.blocklist.remove(platform, &mut stack.frames);
    let recursion_folded = fold(&mut stack.frames);
    Resolved { blocklisted, recursion_folded }
}

/// All of [`resolve`] that a frame is enough for. Doing it again changes nothing.
pub(crate) fn complete(platform: &str, frame: &mut Frame, rules: &Rules) {
    let language = language(frame.platform.as_deref().unwrap_or(platform));
    if let Some(language) = language {
        (language.complete)(frame, rules);
        if frame.filename.is_none()
            && let Some(path) = frame.abs_path.as_deref()
        {
            frame.filename = Some((language.filename)(path, frame.module.as_deref(), rules));
        }
    }
    let module = frame.module.as_deref();
    frame.in_app = in_app::by_rules(module, rules).or(frame.in_app).or_else(|| {
        let path = frame.abs_path.as_deref().or(frame.filename.as_deref());
        language.map(|l| (l.in_app)(module, path))
    });
}

/// Runs one case of `tests/vectors/stack`; shared by the runners of all languages.
///
/// Input is one of
/// - `{platform, frames, in_app_include?, in_app_exclude?, frame_blocklist?, root?}`, which gives
///   `{frames, blocklisted, recursion_folded}`, or `{error: {kind, field, message}}` for bad rules;
///   `{repeat: n, frames}` among the frames stands for n times these;
/// - `{symbol}`, a demangled Rust symbol, which gives `{module, function}`; with the `platform` `cocoa` a Swift symbol,
///   demangled or as it is where nobody could.
///
/// # Errors
/// [`crate::ErrorKind::InvalidPayload`] when the input is neither.
pub fn vector(input: &Value) -> Result<Value, Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Part {
        Repeat { repeat: usize, frames: Vec<Frame> },
        One(Box<Frame>),
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Input {
        platform: String,
        frames: Vec<Part>,
        #[serde(default)]
        in_app_include: Vec<String>,
        #[serde(default)]
        in_app_exclude: Vec<String>,
        #[serde(default)]
        frame_blocklist: Vec<String>,
        root: Option<String>,
    }
    if let Some(symbol) = input.get("symbol").and_then(Value::as_str) {
        let (module, function) = match input.get("platform").and_then(Value::as_str) {
            Some("cocoa" | "swift") if swift::is_mangled(symbol) => {
                (swift::module_of_mangled(symbol), symbol.to_owned())
            }
            Some("cocoa" | "swift") => swift::split_symbol(symbol),
            _ => rust::split_symbol(symbol),
        };
        return Ok(serde_json::json!({ "module": module, "function": function }));
    }
    let input = Input::deserialize(input).map_err(|e| Error::payload("vector", e.to_string()))?;
    let mut rules = match Rules::new(input.in_app_include, input.in_app_exclude, &input.frame_blocklist) {
        Ok(rules) => rules,
        Err(error) => return Ok(crate::protocol::error_vector(&error)),
    };
    rules.root = input.root;
    let mut stack = Stacktrace::default();
    for part in input.frames {
        match part {
            Part::Repeat { repeat, frames } => (0..repeat).for_each(|_| stack.frames.extend_from_slice(&frames)),
            Part::One(frame) => stack.frames.push(*frame),
        }
    }
    let Resolved { blocklisted, recursion_folded } = resolve(&input.platform, &mut stack, &rules);
    Ok(serde_json::json!({
        "frames": stack.frames,
        "blocklisted": blocklisted,
        "recursion_folded": recursion_folded,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Figures: `cargo test --release -p faultwire figures -- --ignored --nocapture`.
    #[test]
    #[ignore = "prints figures"]
    fn figures_of_resolve() {
        let frame = |i: usize| Frame {
            module: Some(format!("shop.views.part{}", i % 40)),
            function: Some("handle".to_owned()),
            abs_path: Some(format!("/srv/venv/lib/python3.12/site-packages/shop/views/part{}.py", i % 40)),
            lineno: Some(i as u32),
            ..Frame::default()
        };
        for count in [50, 10_000] {
            let stack = Stacktrace { frames: (0..count).map(frame).collect() };
            let mut best = std::time::Duration::MAX;
            for _ in 0..50 {
                let mut copy = stack.clone();
                let start = std::time::Instant::now();
                let resolved = resolve("python", &mut copy, &Rules::default());
                best = best.min(start.elapsed());
                assert_eq!(resolved.recursion_folded > 0, count > 120);
            }
            println!("resolve, {count} frames: {best:?}");
        }
    }
}
