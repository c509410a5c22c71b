//! What the package extracts of an error and its causes, as core's raw captures.

use std::num::NonZeroU64;

use faultwire::capture::{Body, RawException, RawStack};
use faultwire::protocol::{Mechanism, Value};
use faultwire::stacktrace::v8;
use faultwire::storm::FoldKey;

use crate::types::{mix, text_hash};

/// Stacks as they came, reduced to their places where they have any.
pub(crate) struct Stacks {
    texts: Vec<Option<Box<str>>>,
}

impl Stacks {
    /// `stacks` and `messages` go together; an empty text is no stack.
    pub fn new(stacks: Vec<String>, messages: &[String]) -> Self {
        let reduced = |(at, stack): (usize, String)| {
            let message = messages.get(at).map_or("", String::as_str);
            let places = v8::places(&stack, message);
            if places.is_empty() {
                return Some(stack.into_boxed_str()).filter(|s| !s.is_empty());
            }
            Some(places.into())
        };
        Stacks { texts: stacks.into_iter().enumerate().map(reduced).collect() }
    }

    /// A key of the place an error comes from: types and stacks of the chain, and the level. `None` when
    /// the error itself has no place.
    pub fn fold_key(&self, type_ids: &[f64], level: Option<&str>) -> Option<FoldKey> {
        let place = |stack: &Option<Box<str>>| stack.as_deref().map_or(0, v8::place_hash);
        if self.texts.first().is_none_or(|first| place(first) == 0) {
            return None;
        }
        let hash = level.map_or(0, text_hash);
        let hash = type_ids.iter().fold(hash, |hash, id| mix(hash, id.to_bits()));
        NonZeroU64::new(self.texts.iter().fold(hash, |hash, stack| mix(hash, place(stack))))
    }
}

/// How the outermost error was captured.
pub(crate) struct How<'a> {
    pub mechanism: &'a str,
    pub handled: bool,
    /// What was thrown is no error.
    pub synthetic: bool,
}

/// The chain in wire order: the oldest cause first. `types`, `values` and `stacks` begin with the error
/// itself. `links`, JSON, says of each what holds it: `[parent, attribute, is a group]`.
pub(crate) fn exceptions(
    types: Vec<String>,
    values: Vec<String>,
    stacks: Stacks,
    links: Option<&str>,
    how: &How<'_>,
) -> Vec<RawException> {
    let links: Value = links.and_then(|l| serde_json::from_str(l).ok()).unwrap_or(Value::Null);
    let mut values = values.into_iter();
    let mut stacks = stacks.texts.into_iter();
    let mut chain: Vec<RawException> = types
        .into_iter()
        .enumerate()
        .map(|(at, ty)| {
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
                value: values.next(),
                mechanism,
                stack: stacks.next().flatten().map(RawStack::Text),
            }
        })
        .collect();
    chain.reverse();
    chain
}

/// Approximate bytes that a body holds, for the queue's bound.
pub(crate) fn body_bytes(body: &Body) -> usize {
    let of_stack = |stack: &Option<RawStack>| match stack {
        Some(RawStack::Text(text)) => text.len(),
        _ => 0,
    };
    match body {
        // An estimate: the event was made of bounded values already.
        Body::Event(_) => 8192,
        Body::Message { entry, stack } => entry.formatted.as_ref().map_or(0, String::len) + of_stack(stack) + 256,
        Body::Exceptions(chain) => {
            chain.iter().map(|e| 256 + e.value.as_ref().map_or(0, String::len) + of_stack(&e.stack)).sum()
        }
    }
}
