//! Scope and capture become an event: nothing is decided here, only put in its place.

use crate::capture::{Body, Capture, CodeLocation, LocatedFrame, MAX_MESSAGE_LENGTH, RawException, RawStack};
use crate::cut::{LOOK_AHEAD, cut};
use crate::interned::Interned;
use crate::protocol::{Event, Exception, Frame, SdkInfo, Stacktrace, Thread, Value};
use crate::scope::set_in_context;
use crate::settings::Settings;
use crate::stacktrace;

/// Turns what a stack is made of into frames; the worker remembers what it has seen.
pub(crate) trait Symbolicate {
    /// The frames of a native stack.
    fn frames(&mut self, stack: &crate::capture::NativeStack) -> Vec<Frame>;
    /// The frames of a stack that is a text in the form of `platform`; `message` is the error's.
    fn parse(&mut self, platform: &str, text: &str, message: &str) -> Vec<Frame> {
        stacktrace::parse(platform, text, message)
    }
    /// A frame in this code, but for its line.
    fn place(&mut self, code: &Interned<CodeLocation>) -> Frame {
        place(code)
    }
}

/// The event of a capture. Frames carry the place of their locals on the tape, to be read once it is
/// known which frames stay.
pub(crate) fn assemble(capture: &mut Capture, settings: &Settings, symbols: &mut dyn Symbolicate) -> Event {
    let options = &settings.options;
    let base = Event {
        event_id: capture.admission.event_id,
        timestamp: capture.timestamp,
        platform: capture.platform.to_owned(),
        level: capture.level,
        logger: capture.logger.take(),
        ..Event::default()
    };
    let body = std::mem::replace(&mut capture.body, Body::Exceptions(Vec::new()));
    let mut event = match body {
        Body::Event(given) => {
            let mut scoped = base;
            capture.layers.apply(&mut scoped, options.max_breadcrumbs);
            overlay(*given, scoped)
        }
        Body::Message { entry, stack } => {
            let mut event = Event { logentry: Some(*entry), ..base };
            capture.layers.apply(&mut event, options.max_breadcrumbs);
            if let Some(stack) = stack {
                let stacktrace = stacktrace_of(stack, capture.platform, "", symbols);
                event.threads.values.push(Thread { current: Some(true), stacktrace, ..Thread::default() });
            }
            event
        }
        Body::Exceptions(chain) => {
            let mut event = base;
            capture.layers.apply(&mut event, options.max_breadcrumbs);
            event.exception.values = chain.into_iter().map(|raw| exception(raw, capture.platform, symbols)).collect();
            if let [only] = event.exception.values.as_mut_slice() {
                unnumber(only);
            }
            event
        }
    };
    describe_thread(&mut event, capture);
    complete(&mut event, settings);
    if capture.admission.sample_rate < 1.0 {
        set_in_context(&mut event, "error_sampling", "client_sample_rate", capture.admission.sample_rate.into());
    }
    event
}

pub(crate) fn exception(raw: RawException, platform: &str, symbols: &mut dyn Symbolicate) -> Exception {
    let message = raw.value.as_deref().unwrap_or_default();
    let mut mechanism = raw.mechanism;
    if mechanism.ty.is_empty() {
        "generic".clone_into(&mut mechanism.ty);
    }
    if let Some(RawStack::Text(text)) = &raw.stack
        && let Some(other) = stacktrace::without_places(platform, text, message)
    {
        // An application can say what stacks look like: nobody can read its frames but people.
        mechanism.data.insert("stack".to_owned(), bounded(other).into());
    }
    let stacktrace = raw.stack.and_then(|stack| stacktrace_of(stack, platform, message, symbols));
    Exception {
        ty: Some(raw.ty.to_string()),
        value: raw.value,
        module: raw.module.map(|m| m.to_string()),
        thread_id: None,
        mechanism: Some(mechanism),
        stacktrace,
    }
}

/// Numbers tell the members of a chain or group apart: an error that is alone needs none.
fn unnumber(only: &mut Exception) {
    if let Some(mechanism) = only.mechanism.as_mut().filter(|m| m.is_exception_group.is_none()) {
        mechanism.exception_id = None;
    }
}

/// The text up to the limit of messages, with what the sanitizer needs to see beyond it.
fn bounded(text: &str) -> &str {
    cut(text, MAX_MESSAGE_LENGTH + LOOK_AHEAD)
}

/// The frames of a stack; `None` for a text that has none.
fn stacktrace_of(stack: RawStack, platform: &str, message: &str, symbols: &mut dyn Symbolicate) -> Option<Stacktrace> {
    let frames = match stack {
        RawStack::Located(frames) => {
            let located = |frame: &LocatedFrame| Frame {
                lineno: (frame.line > 0).then_some(frame.line),
                tape_position: frame.locals,
                ..symbols.place(&frame.code)
            };
            frames.iter().map(located).collect()
        }
        RawStack::Text(text) => {
            Some(symbols.parse(platform, &text, message)).filter(|frames: &Vec<Frame>| !frames.is_empty())?
        }
        RawStack::Native(stack) => symbols.frames(&stack),
    };
    Some(Stacktrace { frames })
}

/// What a code location says by itself.
pub(crate) fn place(code: &CodeLocation) -> Frame {
    Frame {
        function: Some(code.function.to_string()),
        module: code.module.as_ref().map(|m| m.to_string()),
        abs_path: Some(code.path.to_string()),
        ..Frame::default()
    }
}

fn describe_thread(event: &mut Event, capture: &Capture) {
    let Some(thread) = &capture.thread else { return };
    let id = Value::from(thread.id);
    for exception in event.exception.values.iter_mut().rev().take(1) {
        exception.thread_id = Some(id.clone());
    }
    if event.threads.is_empty() {
        event.threads.values.push(Thread::default());
    }
    if let Some(first) = event.threads.values.first_mut() {
        first.id.get_or_insert(id);
        first.current = Some(true);
        first.name = first.name.take().or_else(|| thread.name.as_deref().map(str::to_owned));
    }
}

/// Adds what every event of this process says.
pub(crate) fn complete(event: &mut Event, settings: &Settings) {
    let options = &settings.options;
    let fill = |slot: &mut Option<String>, value: &Option<String>| {
        if slot.is_none() {
            slot.clone_from(value);
        }
    };
    fill(&mut event.release, &options.release);
    fill(&mut event.dist, &options.dist);
    fill(&mut event.server_name, &settings.server_name);
    if let Some(entry) = &mut event.logentry
        && entry.message.is_none()
    {
        // Readers of the protocol require the template, and a text without parameters is its own.
        entry.message.clone_from(&entry.formatted);
    }
    event.environment.get_or_insert_with(|| options.environment.clone());
    event.sdk.get_or_insert_with(|| SdkInfo { integrations: settings.integrations(), ..settings.sdk.info.clone() });
    for (name, context) in &settings.sdk.contexts {
        event.contexts.entry(name.clone()).or_insert_with(|| context.clone());
    }
}

/// What the event itself says goes before what its scopes say.
fn overlay(event: Event, scoped: Event) -> Event {
    let mut tags = scoped.tags;
    tags.extend(event.tags);
    let mut extra = scoped.extra;
    extra.extend(event.extra);
    let mut contexts = scoped.contexts;
    contexts.extend(event.contexts);
    let mut breadcrumbs = scoped.breadcrumbs;
    breadcrumbs.values.extend(event.breadcrumbs.values);
    Event {
        event_id: scoped.event_id,
        logger: event.logger.or(scoped.logger),
        transaction: event.transaction.or(scoped.transaction),
        user: event.user.or(scoped.user),
        request: event.request.or(scoped.request),
        fingerprint: if event.fingerprint.is_empty() { scoped.fingerprint } else { event.fingerprint },
        platform: if event.platform.is_empty() || event.platform == "other" { scoped.platform } else { event.platform },
        tags,
        extra,
        contexts,
        breadcrumbs,
        ..event
    }
}
