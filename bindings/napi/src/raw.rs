//! What the package extracts of an error and its causes, as core's raw captures.

use std::num::NonZeroU64;

use faultwire::capture::{RawException, RawStack};
use faultwire::keys::{self, mix};
use faultwire::protocol::{Mechanism, Value};
use faultwire::stacktrace::v8;
use faultwire::storm::FoldKey;

/// What is known of one error before it is kept: of its chain, or its group.
#[derive(Debug)]
pub(crate) struct Raised {
    pub value: String,
    pub stack: Option<Box<str>>,
}

impl Raised {
    /// `stack` as [`reduced`] gives it; an empty text is none.
    pub fn new(value: String, stack: &str) -> Self {
        Raised { value, stack: (!stack.is_empty()).then(|| stack.into()) }
    }

    /// Values and stacks that go together.
    pub fn all(values: Vec<String>, stacks: &[String]) -> impl Iterator<Item = Raised> {
        values.into_iter().enumerate().map(|(at, value)| {
            let stack = reduced(stacks.get(at).map_or("", String::as_str), &value);
            Raised::new(value, stack)
        })
    }
}

/// A stack reduced to its places, where it has any.
pub(crate) fn reduced<'s>(stack: &'s str, message: &str) -> &'s str {
    let places = v8::places(stack, message);
    if places.is_empty() { stack } else { places }
}

/// A key of the place an error comes from: the level, and types and reduced stacks of the chain. `None` when
/// the error itself has no place.
pub(crate) fn fold_key<'s>(
    level: Option<&str>,
    type_id: f64,
    stack: &str,
    causes: impl Iterator<Item = (f64, &'s str)>,
) -> Option<FoldKey> {
    let place = Some(v8::place_hash(stack)).filter(|place| *place != 0)?;
    let one = |hash, id: f64, place| mix(mix(hash, id.to_bits()), place);
    let hash = one(level.map_or(0, keys::text), type_id, place);
    NonZeroU64::new(causes.fold(hash, |hash, (id, stack)| one(hash, id, v8::place_hash(stack))))
}

/// How the outermost error was captured.
pub(crate) struct How<'a> {
    /// Empty: the engine's usual.
    pub mechanism: &'a str,
    pub handled: bool,
    /// What was thrown is no error.
    pub synthetic: bool,
}

/// The chain in wire order: the oldest cause first. `types` and `raised` begin with the error itself. `links`,
/// JSON, says of each what holds it: `[parent, attribute, is a group]`.
pub(crate) fn exceptions(
    types: impl Iterator<Item = String>,
    raised: Vec<Raised>,
    links: Option<&str>,
    how: &How<'_>,
) -> Vec<RawException> {
    let links: Value = links.and_then(|l| serde_json::from_str(l).ok()).unwrap_or(Value::Null);
    let mut chain: Vec<RawException> = types
        .zip(raised)
        .enumerate()
        .map(|(at, (ty, raised))| {
            let link = &links[at];
            let mut mechanism = Mechanism {
                exception_id: Some(at as u32),
                is_exception_group: link[2].as_bool().filter(|group| *group),
                ..Mechanism::default()
            };
            if at == 0 {
                mechanism.ty = how.mechanism.to_owned();
                mechanism.handled = Some(how.handled);
                mechanism.synthetic = how.synthetic.then_some(true);
            } else {
                mechanism.ty = "chained".to_owned();
                mechanism.parent_id = link[0].as_u64().and_then(|n| u32::try_from(n).ok());
                mechanism.source = link[1].as_str().map(str::to_owned);
            }
            RawException {
                ty: ty.into(),
                module: None,
                value: Some(raised.value),
                mechanism,
                stack: raised.stack.map(RawStack::Text),
            }
        })
        .collect();
    chain.reverse();
    chain
}
