//! What holds for any input. `fuzz/` looks for one for which it does not; `core/tests/fuzz.rs` runs those that
//! it found once, again. A property is a function that panics.
//!
//! Every input that is a text can be read and written by hand; where a property needs more than a text, its
//! module says how it takes the input apart.

#![allow(clippy::panic, clippy::expect_used, reason = "a property fails by panicking")]

mod damage;
mod dsn;
mod envelope;
mod event;
mod fields;
mod framing;
mod message;
mod ratelimit;
mod sanitizer;
mod secrets;
mod source_map;
mod spool;
mod stack;
pub mod time;

/// Panics where the input shows a bug.
pub type Property = fn(&[u8]);

/// The properties, by the name that their fuzz target and their folders of inputs have.
pub const PROPERTIES: &[(&str, Property)] = &[
    ("dsn", dsn::check),
    ("envelope", envelope::check),
    ("event", event::check),
    ("framing", framing::check),
    ("message", message::check),
    ("ratelimit", ratelimit::check),
    ("sanitizer", sanitizer::whole_event),
    ("sanitizer_linear", sanitizer::linear),
    ("sanitizer_text", sanitizer::single_text),
    ("secrets", secrets::check),
    ("source_map", source_map::check),
    ("spool", spool::check),
    ("stack_python", stack::python),
    ("stack_rust", stack::rust),
    ("stack_v8", stack::v8),
];

/// Runs the property `name` on an input.
///
/// # Panics
/// When the property does not hold, and when there is none of that name.
pub fn check(name: &str, input: &[u8]) {
    let found = PROPERTIES.iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("no property {name}")).1(input);
}

/// The input as a text; most properties say nothing of what is none.
fn text(input: &[u8]) -> Option<&str> {
    std::str::from_utf8(input).ok()
}
