//! The capture calls. The order is that of the gate: cheapest test first.
//!
//! An error is captured in three steps, each with no more of it than it needs, since looking is what
//! costs (the first look at `error.stack` makes V8 write it): [`sample`] its type; [`admit`] its message
//! and stack; [`capture_exception`] the rest. What `admit` was given waits on the thread for the last step.

use std::cell::RefCell;
use std::sync::Arc;

use faultwire::Error;
use faultwire::capture::{Body, Capture, RawStack};
use faultwire::client::Client;
use faultwire::gate::{Admission, Candidate, Verdict};
use faultwire::loss::Reason;
use faultwire::protocol::{Event, Level, LogEntry, Value};
use faultwire::sampling::{SamplingContext, TypePolicy};
use faultwire::scope::Layers;
use faultwire::tape::Tape;
use napi::bindgen_prelude::Either;
use napi_derive::napi;

use crate::client::{self, State};
use crate::guard::guard;
use crate::raw::{How, Raised, exceptions, fold_key, reduced};
use crate::scope::{ScopeCell, layers};
use crate::text::{Scratch, Text};
use crate::{error, lifecycle};

/// [`sample`]: no.
const NO: f64 = -1.0;
/// [`sample`]: tell the names of the type, then ask again.
const UNKNOWN_TYPE: f64 = -2.0;
/// [`sample`]: nothing is captured.
const DISABLED: f64 = -3.0;

/// An event that waits for the application's `beforeSend`.
#[napi(object)]
pub struct Prepared {
    /// 32 hex digits.
    pub id: String,
    /// JSON.
    pub event: String,
}

/// What a capture gave: the new event's id, or the event for the hook.
type Captured = Option<Either<String, Prepared>>;

/// Between [`admit`] and [`capture_exception`].
struct Admitted {
    state: Arc<State>,
    admission: Admission,
    raised: Vec<Raised>,
}

/// What an error came from, causes and members of groups alike: lists that go together.
#[napi(object)]
pub struct Causes {
    /// By [`crate::types::intern_type`].
    pub type_ids: Vec<f64>,
    /// Messages.
    pub values: Vec<String>,
    /// Empty where there is none.
    pub stacks: Vec<String>,
}

thread_local! {
    // What an environment that ends leaves here is counted as lost when its thread ends.
    static ADMITTED: RefCell<Option<Admitted>> = const { RefCell::new(None) };
    static PREPARED: RefCell<Option<(Arc<State>, Capture)>> = const { RefCell::new(None) };
}

/// Counts a capture that the package refuses: `already_captured`, `reentrant`, `before_send`, ...
#[napi]
pub fn refuse(reason: String) {
    guard("refuse", (), || {
        if let Some(state) = client::enabled()
            && let Some(reason) = Reason::ALL.iter().find(|r| r.as_str() == reason)
        {
            state.client.refuse(*reason);
        }
    });
}

/// What the options say of a type: the rate, or -1 when it is ignored, or -2 when its names must be told.
/// For type 0, which is none, `sampleRate`.
#[napi]
pub fn type_rate(type_id: f64) -> f64 {
    guard("typeRate", NO, || match client::enabled() {
        None => NO,
        Some(state) => match policy(&state, type_id) {
            None => UNKNOWN_TYPE,
            Some(policy) if policy.ignored => NO,
            Some(policy) => policy.rate,
        },
    })
}

fn policy(state: &State, type_id: f64) -> Option<TypePolicy> {
    state.types.policy(type_id as u64, state.client.options())
}

/// The first half of the gate: the rate that a capture was kept at, or -1, which was counted; or -2 when the
/// names of the type must be told first; or -3 when nothing is captured. `rate` is what a sampler of the application says, negative if none.
#[napi]
pub fn sample(type_id: f64, rate: f64) -> f64 {
    guard("sample", NO, || {
        let Some(state) = client::enabled() else { return DISABLED };
        let Some(policy) = policy(&state, type_id) else { return UNKNOWN_TYPE };
        let rate = if (0.0..=1.0).contains(&rate) { rate } else { policy.rate };
        pass(&state.client, policy.ignored, rate).unwrap_or(NO)
    })
}

fn pass(client: &Client, ignored: bool, rate: f64) -> Option<f64> {
    let sampling = SamplingContext { exception_type: None, level: Level::Error, logger: None, transaction: None };
    client.sample(&Candidate { sampling, ignored, rate })
}

/// The second half, for what [`sample`] kept at `rate`: an error's type, message and stack (an empty text is
/// none), and those of what it came from. `may_fold` is false where an explicit fingerprint says more than the place.
///
/// True: go on with [`capture_exception`]. A text: one more of a storming place, and the id of its last
/// full event. False: no.
#[napi]
pub fn admit(
    rate: f64,
    type_id: f64,
    value: Text,
    stack: Text,
    level: Text,
    may_fold: bool,
    causes: Option<Causes>,
) -> Either<String, bool> {
    guard("admit", Either::B(false), || {
        let Some(state) = client::enabled() else { return Either::B(false) };
        Scratch::with(|scratch| {
            let [value, stack, level] = [&value, &stack, &level].map(|text| scratch.read(text));
            let [value, stack, level] = [value, stack, level].map(|read| scratch.text(read.as_ref()));
            let value = value.unwrap_or("");
            let stack = reduced(stack.unwrap_or(""), value);
            let (type_ids, causes) = match causes {
                Some(c) => (c.type_ids, Raised::all(c.values, &c.stacks).collect()),
                None => (Vec::new(), Vec::new()),
            };
            let may_fold = may_fold && state.client.options().storm_folding;
            let of_causes = type_ids.iter().zip(&causes).map(|(id, c)| (*id, c.stack.as_deref().unwrap_or("")));
            let fold = if may_fold { fold_key(level, type_id, stack, of_causes) } else { None };
            match state.client.admit(fold, rate) {
                Verdict::No => Either::B(false),
                Verdict::Folded(exemplar) => match exemplar {
                    Some(id) => Either::A(text(&id.hex())),
                    None => Either::B(false),
                },
                Verdict::Yes(admission) => {
                    let own = Raised::new(value.to_owned(), stack);
                    let raised = std::iter::once(own).chain(causes).collect();
                    ADMITTED.set(Some(Admitted { state, admission, raised }));
                    Either::B(true)
                }
            }
        })
    })
}

/// Counts as lost what was admitted, or waits for a hook, and got no further.
#[napi]
pub fn abandon() {
    guard("abandon", (), || {
        drop(ADMITTED.take());
        drop(PREPARED.take());
    });
}

/// Captures what was admitted: an error of the type `ty`, and those of the types `causes`, as in [`Causes`]. `links`
/// says what holds each of them (`[[parent, attribute, is a group], ...]` in JSON), `call` and `surroundings` are
/// scope layers in JSON. `hooked`: this environment runs the application's `beforeSend`.
#[napi]
#[allow(clippy::too_many_arguments)]
pub fn capture_exception(
    isolation: &ScopeCell,
    current: Option<&ScopeCell>,
    ty: String,
    causes: Option<Vec<String>>,
    links: Option<String>,
    mechanism: Option<String>,
    handled: bool,
    synthetic: bool,
    logger: Option<String>,
    call: Option<String>,
    surroundings: Option<String>,
    hooked: bool,
) -> Captured {
    guard("captureException", None, || {
        let Admitted { state, admission, raised } = ADMITTED.take()?;
        let how = How { mechanism: mechanism.as_deref().unwrap_or_default(), handled, synthetic };
        let types = std::iter::once(ty).chain(causes.into_iter().flatten());
        let body = Body::Exceptions(exceptions(types, raised, links.as_deref(), &how));
        let layers = layers(isolation, current, call.as_deref(), surroundings.as_deref());
        finish(state, admission, Level::Error, body, layers, logger, hooked)
    })
}

/// Captures a message that [`sample`] kept at `rate`. `params` is JSON, `stack` the caller's.
#[napi]
#[allow(clippy::too_many_arguments)]
pub fn capture_message(
    rate: f64,
    isolation: &ScopeCell,
    current: Option<&ScopeCell>,
    message: String,
    template: Option<String>,
    params: Option<String>,
    stack: Option<String>,
    logger: Option<String>,
    call: Option<String>,
    surroundings: Option<String>,
    hooked: bool,
) -> Captured {
    guard("captureMessage", None, || {
        let state = client::enabled()?;
        let Verdict::Yes(admission) = state.client.admit(None, rate) else { return None };
        let params = params.and_then(|p| serde_json::from_str(&p).ok()).unwrap_or(Value::Null);
        let entry = LogEntry { formatted: Some(message), message: template, params };
        let stack = stack.filter(|s| !s.is_empty()).map(|s| RawStack::Text(s.into()));
        let body = Body::Message { entry: Box::new(entry), stack };
        let layers = layers(isolation, current, call.as_deref(), surroundings.as_deref());
        finish(state, admission, Level::Info, body, layers, logger, hooked)
    })
}

/// Captures an event in the protocol's own form, in JSON. What is not an event is counted as `invalid`.
/// `rate` as in [`sample`].
#[napi]
pub fn capture_event(
    event: String,
    rate: f64,
    isolation: &ScopeCell,
    current: Option<&ScopeCell>,
    hooked: bool,
) -> Captured {
    guard("captureEvent", None, || {
        let state = client::enabled()?;
        let event = match parse(&event) {
            Ok(event) => event,
            Err(error) => {
                state.client.debug(&format!("captureEvent: {error}"));
                state.client.refuse(Reason::Invalid);
                return None;
            }
        };
        let rate = if (0.0..=1.0).contains(&rate) { rate } else { state.client.options().sample_rate.0 };
        let rate = pass(&state.client, false, rate)?;
        let Verdict::Yes(admission) = state.client.admit(None, rate) else { return None };
        let layers = layers(isolation, current, None, None);
        finish(state, admission, Level::Error, Body::Event(Box::new(event)), layers, None, hooked)
    })
}

fn parse(event: &str) -> Result<Event, Error> {
    let value = serde_json::from_str(event).map_err(|e| Error::payload("event", e.to_string()))?;
    Event::from_value(value)
}

/// From an admission to the queue, or to the application's hook.
fn finish(
    state: Arc<State>,
    admission: Admission,
    level: Level,
    body: Body,
    layers: Layers,
    logger: Option<String>,
    hooked: bool,
) -> Captured {
    let id = text(&admission.event_id.hex());
    let bytes = body.bytes();
    let mut capture = Capture {
        timestamp: admission.timestamp,
        admission,
        platform: "node",
        level,
        logger,
        body,
        layers,
        thread: lifecycle::thread(),
        tape: Tape::default(),
        bytes,
    };
    if hooked {
        let event = state.client.prepare(&mut capture);
        let event = serde_json::to_string(&event).ok()?;
        PREPARED.set(Some((state, capture)));
        return Some(Either::B(Prepared { id, event }));
    }
    if state.hooks.before_send {
        // The hook filters what must not leave: it is not passed by.
        state.say_unhooked();
        state.client.reject(&capture, Reason::BeforeSend);
        return None;
    }
    state.client.submit(capture).map(|_| Either::A(id))
}

/// Goes on with the event that waits for the application's hook: what the hook made of it, in JSON, or
/// nothing when it said no. False when it was dropped.
#[napi]
pub fn complete(event: Option<String>) -> bool {
    guard("complete", false, || {
        let Some((state, mut capture)) = PREPARED.take() else { return false };
        let changed = event
            .and_then(|event| parse(&event).map_err(|error| state.client.debug(&format!("beforeSend: {error}"))).ok());
        match changed {
            Some(mut event) => {
                event.event_id = capture.admission.event_id;
                state.client.replace(&mut capture, event);
                state.client.submit(capture).is_some()
            }
            None => {
                state.client.reject(&capture, Reason::BeforeSend);
                false
            }
        }
    })
}

/// The fingerprint of an error and the record of what was hashed: an answer. Nothing is sent.
#[napi]
pub fn explain_exception(
    types: Vec<String>,
    values: Vec<String>,
    stacks: Vec<String>,
    links: Option<String>,
) -> String {
    guard("explainException", error::internal(), || {
        error::answer(Ok(client::current().map_or(Value::Object(Default::default()), |state| {
            let raised = Raised::all(values, &stacks).collect();
            let how = How { mechanism: "", handled: true, synthetic: false };
            state.client.explain_exceptions(exceptions(types.into_iter(), raised, links.as_deref(), &how))
        })))
    })
}

/// The same for an event in JSON.
#[napi]
pub fn explain_event(event: String) -> String {
    guard("explainEvent", error::internal(), || {
        error::answer(match client::current() {
            None => Ok(Value::Object(Default::default())),
            Some(state) => parse(&event).map(|event| state.client.explain(event)),
        })
    })
}

fn text(hex: &[u8; 32]) -> String {
    std::str::from_utf8(hex).unwrap_or("").to_owned()
}
