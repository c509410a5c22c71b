//! Capturing: the gate, what is extracted for a "yes", and the queue.

use std::error::Error as StdError;
use std::num::NonZeroU64;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::backtrace::{self, mix};
use super::{chain, local, names, text, thread};
use crate::capture::{Body, Capture, MAX_MESSAGE_LENGTH, NativeStack, RawException, RawStack};
use crate::client::Client;
use crate::cut::LOOK_AHEAD;
use crate::gate::{Admission, Candidate, Inside, Verdict};
use crate::protocol::{Event, EventId, Level, LogEntry};
use crate::sampling::{SamplingContext, TypePolicy};
use crate::scope::{Layers, Scope};
use crate::tape::Tape;

/// What a capture costs the queue beside its texts.
const OVERHEAD: usize = 512;
/// What one of the chain costs beside its text.
const OVERHEAD_EXCEPTION: usize = 256;

/// Captures an error with its sources and the stack of the caller. Returns at once: the new event's id,
/// for one more of a storm the id of the last full event of this place, `None` when nothing was captured.
///
/// The type's name is known where `E` is a type; behind `&dyn Error` it is read from the `Debug` text.
/// Of `anyhow::Error`, give `error.as_ref()`; of a `Box<dyn Error>`, `&*error`.
///
/// Texts are cut at 8192 characters, chains at 64 errors; both are sanitized on the way.
pub fn capture_error<E: StdError + ?Sized>(error: &E) -> Option<EventId> {
    guarded(|client| {
        let layers = local::layers();
        let rate = sample_type(client, names::path::<E>(), || chain::name(error), &layers, Level::Error)?;
        let stack = backtrace::capture();
        let place = || fold_key(chain::type_hash(error), &stack, &layers, Level::Error);
        let fold = quietly(place).flatten();
        let admission = match client.admit(fold, rate) {
            Verdict::No => return None,
            Verdict::Folded(exemplar) => return exemplar,
            Verdict::Yes(admission) => admission,
        };
        let _inside = Inside::enter();
        let exceptions = chain::extract(error, Some(stack));
        submit(client, admission, Level::Error, Body::Exceptions(exceptions), layers)
    })
}

/// Captures a text; with the option `attach_stacktrace`, the caller's stack with it. Never folded.
pub fn capture_message(message: impl AsRef<str>, level: Level) -> Option<EventId> {
    guarded(|client| {
        let mut layers = local::layers();
        let mut call = Scope::default();
        call.set_level(Some(level));
        layers.call = Some(Box::new(call));
        let rate = client.sample(&candidate(client, None, false, level, &layers))?;
        let Verdict::Yes(admission) = client.admit(None, rate) else { return None };
        let _inside = Inside::enter();
        let text = text::of(MAX_MESSAGE_LENGTH + LOOK_AHEAD, format_args!("{}", message.as_ref()));
        let stack = client.options().attach_stacktrace.then(|| RawStack::Native(backtrace::capture()));
        let entry = Box::new(LogEntry::from(text.unwrap_or_default()));
        submit(client, admission, level, Body::Message { entry, stack }, layers)
    })
}

/// Captures a finished event. It gets a new id; what it says goes before what the scopes say.
pub fn capture_event(event: Event) -> Option<EventId> {
    guarded(|client| {
        let layers = local::layers();
        let sampling = SamplingContext::of_event(&event, &layers);
        let candidate = Candidate { sampling, ignored: false, rate: client.options().sample_rate.0 };
        let rate = client.sample(&candidate)?;
        let Verdict::Yes(admission) = client.admit(None, rate) else { return None };
        let _inside = Inside::enter();
        let level = event.level;
        submit(client, admission, level, Body::Event(Box::new(event)), layers)
    })
}

/// Runs a capture; a bug in it is none of the application's business. What was admitted is counted by
/// then ([`Admission`] sees to it).
fn guarded(capture: impl FnOnce(&Client) -> Option<EventId>) -> Option<EventId> {
    let client = super::current().filter(|client| client.is_enabled())?;
    catch_unwind(AssertUnwindSafe(|| capture(&client))).unwrap_or_default()
}

/// Runs code of the application (`source`, `Debug`) that must not harm it; `None` when it panics.
fn quietly<R>(run: impl FnOnce() -> R) -> Option<R> {
    let _inside = Inside::enter();
    catch_unwind(AssertUnwindSafe(run)).ok()
}

fn candidate<'a>(
    client: &Client,
    exception_type: Option<&'a str>,
    ignored: bool,
    level: Level,
    layers: &'a Layers,
) -> Candidate<'a> {
    let sampling = SamplingContext::of(exception_type, level, None, layers);
    Candidate { sampling, ignored, rate: client.options().sample_rate.0 }
}

/// The first half of the gate for an error. Its name is looked for only if something depends on it.
fn sample_type(
    client: &Client,
    path: Option<&str>,
    name: impl FnOnce() -> names::TypeName,
    layers: &Layers,
    level: Level,
) -> Option<f64> {
    let options = client.options();
    let by_type = !options.ignore_errors.is_empty() || !options.exception_sample_rates.is_empty();
    if !by_type && !client.has_sampler() || Inside::is() {
        return client.sample(&candidate(client, path, false, level, layers));
    }
    let found = if path.is_none() { quietly(name) } else { None };
    let short = path.map(names::short).or(found.as_ref().map(|name| &*name.ty)).unwrap_or(names::UNKNOWN);
    // An option may name a type with its path or without. There are no base classes.
    let policy = TypePolicy::of(options, path.into_iter().chain([short]).map(|name| (None, name)));
    let candidate = Candidate { rate: policy.rate, ..candidate(client, Some(short), policy.ignored, level, layers) };
    client.sample(&candidate)
}

/// The place a capture comes from: what is raised, how it came here, how bad it is. `None` never folds:
/// without frames, or where the application groups by itself.
pub(crate) fn fold_key(types: u64, stack: &NativeStack, layers: &Layers, level: Level) -> Option<NonZeroU64> {
    if stack.is_empty() || layers.fingerprint().is_some() {
        return None;
    }
    NonZeroU64::new(mix(stack.hash(types), layers.level().unwrap_or(level) as u64))
}

/// From an admission to the queue.
pub(crate) fn submit(
    client: &Client,
    admission: Admission,
    level: Level,
    body: Body,
    layers: Layers,
) -> Option<EventId> {
    let capture = Capture {
        timestamp: admission.timestamp,
        admission,
        platform: "rust",
        level,
        logger: None,
        bytes: OVERHEAD + bytes(&body),
        body,
        layers,
        thread: Some(thread::here()),
        tape: Tape::default(),
    };
    client.submit(capture).inspect(|id| local::remember(*id))
}

fn bytes(body: &Body) -> usize {
    let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let of_stack = |stack: &Option<RawStack>| match stack {
        Some(RawStack::Native(stack)) => stack.len() * size_of::<usize>(),
        Some(RawStack::Text(text)) => text.len(),
        Some(RawStack::Located(_)) | None => 0,
    };
    let of_exception = |e: &RawException| OVERHEAD_EXCEPTION + text(&e.value) + of_stack(&e.stack);
    match body {
        // An estimate, as exact as its size on the wire would be: the event came from the application.
        Body::Event(event) => serde_json::to_string(event).map_or(0, |json| json.len()),
        Body::Message { entry, stack } => text(&entry.formatted) + of_stack(stack),
        Body::Exceptions(chain) => chain.iter().map(of_exception).sum(),
    }
}

/// One panic: its text, where it is in the source, and the stack of the hook.
pub(crate) fn panic(client: &Arc<Client>, text: String, location: Option<String>) -> Option<EventId> {
    use crate::protocol::{Map, Mechanism, Value};
    /// The type of panics, for people and for `ignore_errors`.
    const TYPE: &str = "panic";
    let layers = local::try_layers();
    let policy = TypePolicy::of(client.options(), [(None, TYPE)]);
    let candidate =
        Candidate { rate: policy.rate, ..candidate(client, Some(TYPE), policy.ignored, Level::Fatal, &layers) };
    let rate = client.sample_unasked(&candidate)?;
    let stack = backtrace::capture();
    let admission = match client.admit(fold_key(0, &stack, &layers, Level::Fatal), rate) {
        Verdict::No => return None,
        Verdict::Folded(exemplar) => return exemplar,
        Verdict::Yes(admission) => admission,
    };
    let _inside = Inside::enter();
    let mechanism = Mechanism {
        ty: "auto.panic".to_owned(),
        handled: Some(false),
        exception_id: Some(0),
        data: location.map(|at| ("location".to_owned(), Value::from(at))).into_iter().collect::<Map>(),
        ..Mechanism::default()
    };
    let stack = Some(RawStack::Native(stack));
    let exception = RawException { ty: TYPE.into(), module: None, value: Some(text), mechanism, stack };
    submit(client, admission, Level::Fatal, Body::Exceptions(vec![exception]), layers)
}
