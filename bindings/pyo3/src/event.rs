//! The capture calls. The order is that of the gate: cheapest test first.

use std::num::NonZeroU64;

use faultwire::capture::{Body, Capture, RawStack, ThreadInfo};
use faultwire::client::Client;
use faultwire::gate::{Admission, Candidate, Inside, Verdict};
use faultwire::loss::Reason;
use faultwire::protocol::{Event, Level, LogEntry, Request, User, Value};
use faultwire::sampling::SamplingContext;
use faultwire::scope::{Layers, Scope, may_say_places};
use faultwire::tape::Tape;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::extract::chain::{self, How, local_limits};
use crate::extract::values::attribute_dict;
use crate::extract::{json, traceback, types};
use crate::guard::guard;
use crate::scope::{CallScope, Cells, text_of};
use crate::{callbacks, client};

/// The attribute by which an exception object that was seen is known again. It holds the event's id,
/// or None, and no reference to anything.
const MARK: &str = "__faultwire_event_id__";

/// Captures an exception: the one given, or the one being handled. Never raises and never blocks.
///
/// Returns the id of the new event; for one more occurrence of a storming place the id of the last
/// full event; for an exception object that was captured before its first id; otherwise None.
#[pyfunction]
#[pyo3(signature = (error=None, *, level=None, tags=None, extra=None, contexts=None, user=None, fingerprint=None, transaction=None, logger=None, handled=true, mechanism="generic"))]
#[allow(clippy::too_many_arguments)]
pub(crate) fn capture_exception<'py>(
    py: Python<'py>,
    error: Option<&Bound<'py, PyAny>>,
    level: Option<&Bound<'py, PyAny>>,
    tags: Option<&Bound<'py, PyAny>>,
    extra: Option<&Bound<'py, PyAny>>,
    contexts: Option<&Bound<'py, PyAny>>,
    user: Option<&Bound<'py, PyAny>>,
    fingerprint: Option<&Bound<'py, PyAny>>,
    transaction: Option<&Bound<'py, PyAny>>,
    logger: Option<&Bound<'py, PyAny>>,
    handled: bool,
    mechanism: &str,
) -> Option<Py<PyAny>> {
    guard("capture_exception", None, || {
        let client = client::current().filter(|c| c.is_enabled())?;
        let (level, transaction, logger) = (level.map(text_of), transaction.map(text_of), logger.map(text_of));
        let (level, transaction, logger) = (level.as_deref(), transaction.as_deref(), logger.as_deref());
        let call = CallScope { level, tags, extra, contexts, user, fingerprint, transaction };
        // SAFETY: the GIL is held, and `resolve` gives an exception that is held by what it returns.
        unsafe {
            let given = resolve(py, error)?;
            exception(py, &client, &given, &call, logger, &How { mechanism, handled })
        }
    })
}

/// An exception and its traceback, which may be null.
struct Given<'py> {
    exception: Bound<'py, PyAny>,
    traceback: Option<Bound<'py, PyAny>>,
}

/// The exception that a call means: an exception, an `exc_info` triple, or what is being handled.
unsafe fn resolve<'py>(py: Python<'py>, error: Option<&Bound<'py, PyAny>>) -> Option<Given<'py>> {
    // SAFETY: checks of live objects; new references are taken over by `Bound`.
    unsafe {
        let is_exception =
            |o: &Bound<'_, PyAny>| ffi::PyObject_TypeCheck(o.as_ptr(), ffi::PyExc_BaseException.cast()) != 0;
        let of = |exception: Bound<'py, PyAny>| {
            let traceback = ffi::PyException_GetTraceback(exception.as_ptr());
            Given { traceback: Bound::from_owned_ptr_or_opt(py, traceback), exception }
        };
        match error {
            Some(error) if is_exception(error) => Some(of(error.clone())),
            Some(error) => {
                let triple = error.cast::<PyTuple>().ok().filter(|t| t.len() == 3)?;
                let exception = triple.get_item(1).ok().filter(|e| is_exception(e))?;
                let given = triple.get_item(2).ok().filter(|t| !t.is_none());
                let known = of(exception);
                let is_traceback =
                    |t: &Bound<'_, PyAny>| known.traceback.as_ref().is_some_and(|k| k.get_type().is(t.get_type()));
                Some(match given.filter(is_traceback) {
                    Some(traceback) => Given { traceback: Some(traceback), ..known },
                    None => known,
                })
            }
            None => {
                let (mut class, mut value, mut traceback) =
                    (std::ptr::null_mut(), std::ptr::null_mut(), std::ptr::null_mut());
                ffi::PyErr_GetExcInfo(&raw mut class, &raw mut value, &raw mut traceback);
                let owned = |p| Bound::from_owned_ptr_or_opt(py, p).filter(|o| !o.is_none());
                let (_class, value, _traceback) = (owned(class), owned(value), owned(traceback));
                value.filter(is_exception).map(of)
            }
        }
    }
}

/// # Safety
/// The GIL is held.
unsafe fn exception<'py>(
    py: Python<'py>,
    client: &Client,
    given: &Given<'py>,
    call: &CallScope<'_, 'py>,
    logger: Option<&str>,
    how: &How<'_>,
) -> Option<Py<PyAny>> {
    let options = client.options();
    let pointer = given.exception.as_ptr();
    let traceback = given.traceback.as_ref().map_or(std::ptr::null_mut(), |t| t.as_ptr());
    // SAFETY: `given` holds the exception and its traceback for the whole call.
    unsafe {
        // What a hook of the application raises is its own affair, and no mark is left on it.
        if Inside::is() {
            client.refuse(Reason::Reentrant);
            return None;
        }
        let marks = attribute_dict(py, pointer);
        if let Some(seen) = marks.as_ref().and_then(|m| m.get_item(pyo3::intern!(py, MARK)).ok().flatten()) {
            client.refuse(Reason::AlreadyCaptured);
            return Some(seen.unbind());
        }
        let mark = |id: Option<&Py<PyAny>>| {
            if let Some(marks) = &marks {
                let none = py.None();
                let _ = marks.set_item(pyo3::intern!(py, MARK), id.unwrap_or(&none));
            }
        };
        let class = types::of(py, pointer, options);
        // Of what is ignored the sampler hears nothing.
        let layers = if class.policy.ignored { Layers::default() } else { asked_layers(py, client, call) };
        // Sampled out or ignored: nothing of the exception was looked at but its type.
        let candidate = Candidate {
            sampling: SamplingContext::of(Some(&class.name), Level::Error, logger, &layers),
            ignored: class.policy.ignored,
            rate: class.policy.rate,
        };
        let Some(rate) = client.sample(&candidate) else {
            mark(None);
            return None;
        };
        let (place, mut walk) = match options.storm_folding {
            true => chain::place(py, pointer, traceback, options),
            false => (0, traceback::walk(py, traceback)),
        };
        let mut fold = None;
        let said = may_say_places().then(|| Cells::here(py).layers(None));
        let is_grouped = call.fingerprint.is_some() || said.as_ref().is_some_and(|s| s.fingerprint().is_some());
        if place != 0 && !is_grouped {
            let level = call.level.or_else(|| said.as_ref()?.level().map(Level::as_str));
            let by_level = level.map_or(0, |l| l.bytes().fold(0, |h, b| traceback::mix(h, u64::from(b))));
            fold = NonZeroU64::new(traceback::mix(place, by_level));
        }
        let admission = match client.admit(fold, rate) {
            Verdict::No => {
                mark(None);
                return None;
            }
            Verdict::Folded(exemplar) => {
                let id = exemplar.map(|id| text_object(py, &id.hex()));
                mark(id.as_ref());
                return id;
            }
            Verdict::Yes(admission) => admission,
        };
        let id = text_object(py, &admission.event_id.hex());
        mark(Some(&id));
        let mut held = Vec::new();
        if walk.places.is_empty() && options.attach_stacktrace {
            (walk, held) = traceback::walk_stack(py);
        }
        let mut tape = Tape::with_capacity(if options.include_local_variables { 4096 } else { 0 });
        let exceptions = chain::extract(py, pointer, walk, how, options, &mut tape);
        drop(held);
        let sent =
            finish(py, client, admission, Body::Exceptions(exceptions), tape, call, logger, Some(&given.exception));
        sent.then_some(id)
    }
}

fn text_object(py: Python<'_>, hex: &[u8; 32]) -> Py<PyAny> {
    let text = std::str::from_utf8(hex).unwrap_or_default();
    pyo3::types::PyString::new(py, text).into_any().unbind()
}

/// From an admission to the queue: scopes, request, thread, and the application's hook.
#[allow(clippy::too_many_arguments)]
fn finish<'py>(
    py: Python<'py>,
    client: &Client,
    admission: Admission,
    body: Body,
    tape: Tape,
    call: &CallScope<'_, 'py>,
    logger: Option<&str>,
    exception: Option<&Bound<'py, PyAny>>,
) -> bool {
    let cells = Cells::here(py);
    let layers = whole_layers(py, &cells, call);
    let id = admission.event_id;
    let bytes = 512 + tape.len() + body_bytes(&body);
    let mut capture = Capture {
        timestamp: admission.timestamp,
        admission,
        platform: "python",
        level: if matches!(&body, Body::Message { .. }) { Level::Info } else { Level::Error },
        logger: logger.map(str::to_owned),
        body,
        layers,
        thread: thread(py),
        tape,
        bytes,
    };
    if let Some(hook) = callbacks::before_send(py) {
        let event = client.prepare(&mut capture);
        match run_before_send(py, client, &hook, event, exception) {
            Some(event) => client.replace(&mut capture, event),
            None => {
                client.reject(&capture, Reason::BeforeSend);
                return false;
            }
        }
    }
    let sent = client.submit(capture).is_some();
    if sent {
        cells.remember(py, id);
    }
    sent
}

/// All layers of a capture, what an integration knows of the request among them.
fn whole_layers<'py>(py: Python<'py>, cells: &Cells<'py>, call: &CallScope<'_, 'py>) -> Layers {
    let mut layers = cells.layers(call.scope());
    layers.fallback = cells.request_source(py).and_then(|source| request(py, &source)).map(Box::new);
    layers
}

/// The same for the application's sampler; nothing where there is none, since nobody else asks.
fn asked_layers<'py>(py: Python<'py>, client: &Client, call: &CallScope<'_, 'py>) -> Layers {
    if client.has_sampler() { whole_layers(py, &Cells::here(py), call) } else { Layers::default() }
}

fn body_bytes(body: &Body) -> usize {
    match body {
        // An estimate: the event was made of bounded values already.
        Body::Event(_) => 8192,
        Body::Message { entry, .. } => entry.formatted.as_ref().map_or(0, String::len) + 256,
        Body::Exceptions(chain) => chain
            .iter()
            .map(|e| {
                let frames = match &e.stack {
                    Some(RawStack::Located(frames)) => frames.len(),
                    _ => 0,
                };
                256 + e.value.as_ref().map_or(0, String::len) + frames * 32
            })
            .sum(),
    }
}

/// What the innermost request says; a source that raises says nothing.
fn request(py: Python<'_>, source: &Py<PyAny>) -> Option<Scope> {
    let _inside = Inside::enter();
    let request = source.call0(py).ok()?;
    let mut map = json::request(request.bind(py))?;
    let mut scope = Scope::default();
    if let Some(Value::String(transaction)) = map.remove("transaction") {
        scope.set_transaction(Some(&transaction));
    }
    scope.set_user(map.remove("user").and_then(User::from_value));
    scope.set_request(serde_json::from_value::<Request>(Value::Object(map)).ok());
    Some(scope)
}

fn run_before_send(
    py: Python<'_>,
    client: &Client,
    hook: &Py<PyAny>,
    event: Event,
    exception: Option<&Bound<'_, PyAny>>,
) -> Option<Event> {
    let _inside = Inside::enter();
    let Ok(Value::Object(map)) = serde_json::to_value(&event) else { return None };
    let dict = json::map_to_python(py, &map).ok()?;
    let hint = PyDict::new(py);
    if let Some(exception) = exception {
        let traceback = exception.getattr("__traceback__").ok();
        let _ = hint.set_item("exc_info", (exception.get_type(), exception, traceback));
    }
    let result = hook
        .call1(py, (dict, hint))
        .map_err(|error| client.debug(&format!("before_send raised {}", error.get_type(py))))
        .ok()?;
    let result = result.bind(py);
    if result.is_none() {
        return None;
    }
    if !result.is_instance_of::<PyDict>() {
        client.debug("before_send returned neither an event nor None");
        return None;
    }
    let mut changed =
        Event::from_value(json::whole(result)).map_err(|e| client.debug(&format!("before_send: {e}"))).ok()?;
    changed.event_id = event.event_id;
    Some(changed)
}

/// The calling thread; its name is asked for once a thread.
fn thread(py: Python<'_>) -> Option<ThreadInfo> {
    use std::cell::OnceCell;
    thread_local! {
        static INFO: OnceCell<ThreadInfo> = const { OnceCell::new() };
    }
    let describe = || {
        // SAFETY: has no preconditions beyond an initialised interpreter.
        let id = unsafe { ffi::PyThread_get_thread_ident() } as u64;
        // Not `current_thread()`: it makes objects for threads that Python did not start.
        let name = py.import("sys").ok()?.getattr("modules").ok()?.get_item("threading").ok().and_then(|threading| {
            let thread = threading.getattr("_active").ok()?.get_item(id).ok()?;
            thread.getattr("_name").ok()?.extract::<String>().ok()
        });
        Some(ThreadInfo { id, name: name.map(Into::into) })
    };
    INFO.with(|info| match info.get() {
        Some(known) => Some(known.clone()),
        None => describe().inspect(|found| {
            if found.name.is_some() {
                let _ = info.set(found.clone());
            }
        }),
    })
}

/// Captures a message. Never raises and never blocks.
#[pyfunction]
#[pyo3(signature = (message, level=None, *, tags=None, extra=None, contexts=None, user=None, fingerprint=None, transaction=None, logger=None, template=None, params=None))]
#[allow(clippy::too_many_arguments)]
pub(crate) fn capture_message<'py>(
    py: Python<'py>,
    message: &Bound<'py, PyAny>,
    level: Option<&Bound<'py, PyAny>>,
    tags: Option<&Bound<'py, PyAny>>,
    extra: Option<&Bound<'py, PyAny>>,
    contexts: Option<&Bound<'py, PyAny>>,
    user: Option<&Bound<'py, PyAny>>,
    fingerprint: Option<&Bound<'py, PyAny>>,
    transaction: Option<&Bound<'py, PyAny>>,
    logger: Option<&Bound<'py, PyAny>>,
    template: Option<&Bound<'py, PyAny>>,
    params: Option<&Bound<'py, PyAny>>,
) -> Option<Py<PyAny>> {
    guard("capture_message", None, || {
        let client = client::current().filter(|c| c.is_enabled())?;
        let (level, transaction, logger) = (level.map(text_of), transaction.map(text_of), logger.map(text_of));
        let (level, transaction, logger) = (level.as_deref(), transaction.as_deref(), logger.as_deref());
        let call = CallScope { level, tags, extra, contexts, user, fingerprint, transaction };
        if Inside::is() {
            client.refuse(Reason::Reentrant);
            return None;
        }
        let layers = asked_layers(py, &client, &call);
        let sampling = SamplingContext::of(None, Level::Info, logger, &layers);
        let candidate = Candidate { sampling, ignored: false, rate: client.options().sample_rate.0 };
        let rate = client.sample(&candidate)?;
        let Verdict::Yes(admission) = client.admit(None, rate) else { return None };
        let mut tape = Tape::default();
        let mut stack = None;
        if client.options().attach_stacktrace {
            let (walk, _held) = traceback::walk_stack(py);
            // SAFETY: the frames are held until the end of this block.
            stack = Some(RawStack::Located(unsafe {
                walk.frames_with_locals(py, &mut tape, local_limits(client.options()))
            }));
        }
        let entry = LogEntry {
            formatted: Some(long_text_of(message)),
            message: template.map(long_text_of),
            params: params.map_or(Value::Null, json::scoped),
        };
        let id = text_object(py, &admission.event_id.hex());
        let body = Body::Message { entry: Box::new(entry), stack };
        finish(py, &client, admission, body, tape, &call, logger, None).then_some(id)
    })
}

/// A message, whatever it is: longer than other texts.
fn long_text_of(value: &Bound<'_, PyAny>) -> String {
    match json::scoped(value) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// Captures an event given in the protocol's own form. Never raises and never blocks; what is not an
/// event is counted as `invalid`.
#[pyfunction]
pub(crate) fn capture_event(py: Python<'_>, event: &Bound<'_, PyAny>) -> Option<Py<PyAny>> {
    guard("capture_event", None, || {
        let client = client::current().filter(|c| c.is_enabled())?;
        if Inside::is() {
            client.refuse(Reason::Reentrant);
            return None;
        }
        let event = match Event::from_value(json::whole(event)) {
            Ok(event) => event,
            Err(error) => {
                client.debug(&format!("capture_event: {error}"));
                client.refuse(Reason::Invalid);
                return None;
            }
        };
        let layers = asked_layers(py, &client, &CallScope::default());
        let sampling = SamplingContext::of_event(&event, &layers);
        let candidate = Candidate { sampling, ignored: false, rate: client.options().sample_rate.0 };
        let rate = client.sample(&candidate)?;
        let Verdict::Yes(admission) = client.admit(None, rate) else { return None };
        let id = text_object(py, &admission.event_id.hex());
        let body = Body::Event(Box::new(event));
        finish(py, &client, admission, body, Tape::default(), &CallScope::default(), None, None).then_some(id)
    })
}

/// The fingerprint of an exception or event, and the record of what was hashed. Nothing is sent.
#[pyfunction]
#[pyo3(signature = (error=None))]
pub(crate) fn explain<'py>(py: Python<'py>, error: Option<&Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
    let explained = guard("explain", None, || {
        let client = client::current()?;
        if let Some(event) = error.filter(|e| e.is_instance_of::<PyDict>()) {
            return Some(match Event::from_value(json::whole(event)) {
                Ok(event) => json::to_python(py, &client.explain(event)),
                Err(error) => Err(crate::error::raise(py, &error)),
            });
        }
        // SAFETY: the GIL is held, and `given` holds the exception and its traceback.
        let exceptions = unsafe {
            let given = resolve(py, error)?;
            let traceback = given.traceback.as_ref().map_or(std::ptr::null_mut(), |t| t.as_ptr());
            let how = How { mechanism: "generic", handled: true };
            let walk = traceback::walk(py, traceback);
            let mut tape = Tape::default();
            chain::extract(py, given.exception.as_ptr(), walk, &how, client.options(), &mut tape)
        };
        Some(json::to_python(py, &client.explain_exceptions(exceptions)))
    });
    explained.unwrap_or_else(|| Ok(PyDict::new(py).into_any()))
}
