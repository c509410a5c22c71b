//! The capture calls. The order is that of the gate: cheapest test first.
//!
//! An error is captured in three steps, each with no more of it than it needs: [`sample`] its type; [`admit`] the place
//! it comes from; [`Admitted::submit_exception`] the rest. An [`Admitted`] that is let go counts as lost.

use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, PoisonError};

use faultwire::capture::{Body, Capture, NativeStack, RawStack, ThreadInfo};
use faultwire::gate::{Admission, Candidate, Verdict};
use faultwire::keys;
use faultwire::loss::Reason;
use faultwire::protocol::{Event, Level, LogEntry, Value};
use faultwire::sampling::{NO_TYPE, SamplingContext, Types};
use faultwire::scope::Layers;
use faultwire::tape::Tape;

use crate::client::{self, State};
use crate::error::{BridgeError, internal};
use crate::guard::guard;
use crate::raw::{How, Raised, exceptions};
use crate::scope::{ScopeCell, layers, level_of};

/// [`sample`]: no.
pub(crate) const NO: f64 = -1.0;
/// [`sample`]: tell the names of the type, then ask again.
const UNKNOWN_TYPE: f64 = -2.0;

/// Counts a capture that the package refuses: `already_captured`, `reentrant`, ...
#[uniffi::export]
pub fn refuse(reason: String) {
    guard("refuse", (), || {
        if let Some(state) = client::enabled()
            && let Some(reason) = Reason::ALL.iter().find(|r| r.as_str() == reason)
        {
            state.client.refuse(*reason);
        }
    });
}

/// Tells the names of an error type, its own first, then those of what it inherits from; gives its id, the same for
/// the same names. What has no type is 0.
#[uniffi::export]
pub fn intern_type(names: Vec<String>) -> i64 {
    guard("intern_type", NO_TYPE as i64, || {
        let id = Types::id(&names);
        if let Some(state) = client::current() {
            state.types.learn(id, &names, state.client.options());
        }
        id as i64
    })
}

/// Whether the application has a sampler: only it looks at more of a capture than its type.
#[uniffi::export]
pub fn has_sampler() -> bool {
    guard("has_sampler", false, || client::current().is_some_and(|state| state.client.has_sampler()))
}

/// The first half of the gate: the rate that a capture was kept at, or -1, which was counted or nothing is captured; or
/// -2 when the names of the type must be told first. All but the id is for the application's sampler: `level` is the
/// usual one of such a capture, which the scopes and `call`, a scope layer in JSON, may change.
#[uniffi::export]
pub fn sample(
    type_id: i64,
    type_name: Option<String>,
    level: String,
    logger: Option<String>,
    isolation: Option<Arc<ScopeCell>>,
    current: Option<Arc<ScopeCell>>,
    call: Option<String>,
) -> f64 {
    guard("sample", NO, || {
        let layers = layers(isolation.as_deref(), current.as_deref(), call.as_deref());
        let level = level_of(Some(&level)).unwrap_or(Level::Error);
        let sampling = SamplingContext::of(type_name.as_deref(), level, logger.as_deref(), &layers);
        sample_type(type_id, sampling)
    })
}

/// See [`sample`].
pub(crate) fn sample_type(type_id: i64, sampling: SamplingContext<'_>) -> f64 {
    let Some(state) = client::enabled() else { return NO };
    let Some(policy) = state.types.policy(type_id as u64, state.client.options()) else { return UNKNOWN_TYPE };
    let candidate = Candidate { sampling, ignored: policy.ignored, rate: policy.rate };
    state.client.sample(&candidate).unwrap_or(NO)
}

/// What the second half of the gate said.
#[derive(Debug, uniffi::Enum)]
pub enum Admittance {
    /// No, which was counted.
    Refused,
    /// One more of a storming place: the id of its last full event.
    Folded { id: Option<String> },
    /// Go on, with the id of the new event.
    Kept { id: String, capture: Arc<Admitted> },
}

/// An admitted capture, to be submitted once.
#[derive(Debug, uniffi::Object)]
pub struct Admitted {
    pending: Mutex<Option<Pending>>,
}

/// Between the gate and the queue.
pub(crate) struct Pending {
    pub state: Arc<State>,
    pub admission: Admission,
    pub layers: Layers,
    /// Where it was captured, if that says where the error is from.
    pub stack: Option<NativeStack>,
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pending").field("admission", &self.admission).finish_non_exhaustive()
    }
}

/// What is known of a capture beside its body.
#[derive(Debug, Default, uniffi::Record)]
pub struct Circumstances {
    /// The level that the call says.
    pub level: String,
    pub logger: Option<String>,
    pub thread_id: Option<i64>,
    pub thread_name: Option<String>,
}

/// The second half of the gate for what [`sample`] kept at `rate`, where errors have no stack of their own: the
/// caller's says where it comes from, and types what came to pass. With `with_stack` false no stack is taken, and
/// nothing folds. `call` is a scope layer in JSON.
#[uniffi::export]
pub fn admit(
    rate: f64,
    type_ids: Vec<i64>,
    with_stack: bool,
    isolation: Option<Arc<ScopeCell>>,
    current: Option<Arc<ScopeCell>>,
    call: Option<String>,
) -> Admittance {
    guard("admit", Admittance::Refused, || {
        let Some(state) = client::enabled() else { return Admittance::Refused };
        let stack = with_stack.then(NativeStack::here);
        let types = type_ids.iter().fold(0, |hash, id| keys::mix(hash, *id as u64));
        let place = stack.as_ref().filter(|_| !type_ids.is_empty()).and_then(|s| s.key(types));
        let layers = layers(isolation.as_deref(), current.as_deref(), call.as_deref());
        match decide(&state, place, rate, &layers) {
            Verdict::No => Admittance::Refused,
            Verdict::Folded(exemplar) => Admittance::Folded { id: exemplar.map(|id| id.to_string()) },
            Verdict::Yes(admission) => {
                let id = admission.event_id.to_string();
                let pending = Pending { state, admission, layers, stack };
                Admittance::Kept { id, capture: Arc::new(Admitted { pending: Mutex::new(Some(pending)) }) }
            }
        }
    })
}

/// Folding and room in the queue. Where the application groups by itself the place says nothing.
pub(crate) fn decide(state: &State, place: Option<NonZeroU64>, rate: f64, layers: &Layers) -> Verdict {
    let place = place.filter(|_| layers.fingerprint().is_none());
    let level = layers.level().map_or(0, |level| 1 + level as u64);
    let fold = place.and_then(|place| NonZeroU64::new(keys::mix(place.get(), level)));
    state.client.admit(fold, rate)
}

#[uniffi::export]
impl Admitted {
    /// Captures an error with what it came from; false when there was no room.
    pub fn submit_exception(&self, raised: Vec<Raised>, how: How, circumstances: Circumstances) -> bool {
        guard("submit_exception", false, || {
            let Some(mut pending) = self.take() else { return false };
            let mut stack = pending.stack.take().map(RawStack::Native);
            // The stack is that of the capture: the raised error's.
            let raised = raised.into_iter().map(|raised| (raised, stack.take())).collect();
            submit(pending, Level::Error, Body::Exceptions(exceptions(raised, how)), circumstances)
        })
    }

    /// Captures a message. `params` is JSON.
    pub fn submit_message(
        &self,
        message: String,
        template: Option<String>,
        params: Option<String>,
        circumstances: Circumstances,
    ) -> bool {
        guard("submit_message", false, || {
            let Some(mut pending) = self.take() else { return false };
            let stack = pending.stack.take().map(RawStack::Native);
            let body = Body::Message { entry: entry(message, template, params.as_deref()), stack };
            submit(pending, Level::Info, body, circumstances)
        })
    }
}

impl Admitted {
    fn take(&self) -> Option<Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A message, what it was made of, and what was filled in.
pub(crate) fn entry(formatted: String, message: Option<String>, params: Option<&str>) -> Box<LogEntry> {
    let params = params.and_then(|p| serde_json::from_str(p).ok()).unwrap_or(Value::Null);
    Box::new(LogEntry { formatted: Some(formatted), message, params })
}

/// To the queue; false when there was no room.
pub(crate) fn submit(pending: Pending, usual: Level, body: Body, circumstances: Circumstances) -> bool {
    let (state, capture) = capture(pending, usual, body, circumstances);
    state.client.submit(capture).is_some()
}

/// Where the package has a queue of its own, and there is no room in it.
pub(crate) fn overflow(pending: Pending) {
    let nothing = Body::Message { entry: entry(String::new(), None, None), stack: None };
    let (state, capture) = capture(pending, Level::Error, nothing, Circumstances::default());
    state.client.reject(&capture, Reason::QueueOverflow);
}

fn capture(pending: Pending, usual: Level, body: Body, circumstances: Circumstances) -> (Arc<State>, Capture) {
    let Pending { state, admission, layers, .. } = pending;
    let Circumstances { level, logger, thread_id, thread_name } = circumstances;
    let capture = Capture {
        timestamp: admission.timestamp,
        admission,
        platform: state.host.platform(),
        level: level_of(Some(&level)).unwrap_or(usual),
        logger,
        bytes: body.bytes(),
        body,
        layers,
        thread: thread_id.map(|id| ThreadInfo { id: id as u64, name: thread_name.map(Into::into) }),
        tape: Tape::default(),
    };
    (state, capture)
}

/// Captures an event in the protocol's own form, in JSON; its new id. What is not an event is counted as `invalid`.
#[uniffi::export]
pub fn capture_event(
    event: String,
    isolation: Option<Arc<ScopeCell>>,
    current: Option<Arc<ScopeCell>>,
) -> Option<String> {
    guard("capture_event", None, || {
        let layers = layers(isolation.as_deref(), current.as_deref(), None);
        submit_event(&event, layers)
    })
}

/// See [`capture_event`].
pub(crate) fn submit_event(event: &str, layers: Layers) -> Option<String> {
    let state = client::enabled()?;
    let event = match Event::from_slice(event.as_bytes()) {
        Ok(event) => event,
        Err(error) => {
            state.client.debug(&format!("capture_event: {error}"));
            state.client.refuse(Reason::Invalid);
            return None;
        }
    };
    let sampling = SamplingContext::of_event(&event, &layers);
    let rate = sample_type(NO_TYPE as i64, sampling);
    if rate < 0.0 {
        return None;
    }
    let Verdict::Yes(admission) = state.client.admit(None, rate) else { return None };
    let id = admission.event_id.to_string();
    let pending = Pending { state, admission, layers, stack: None };
    submit(pending, Level::Error, Body::Event(Box::new(event)), Circumstances::default()).then_some(id)
}

/// The fingerprint of an event and the record of what was hashed, as JSON. Nothing is sent.
///
/// # Errors
/// When it is no event.
#[uniffi::export]
pub fn explain_event(event: String) -> Result<String, BridgeError> {
    guard("explain_event", internal(), || {
        let Some(state) = client::current() else { return Ok("{}".to_owned()) };
        Ok(state.client.explain(Event::from_slice(event.as_bytes())?).to_string())
    })
}

/// The same for an error that would be captured here, with the caller's stack.
#[uniffi::export]
pub fn explain_exception(raised: Vec<Raised>) -> String {
    guard("explain_exception", "{}".to_owned(), || {
        let Some(state) = client::current() else { return "{}".to_owned() };
        let mut stack = Some(RawStack::Native(NativeStack::here()));
        let raised = raised.into_iter().map(|raised| (raised, stack.take())).collect();
        state.client.explain_exceptions(exceptions(raised, How { handled: true, ..How::default() })).to_string()
    })
}
