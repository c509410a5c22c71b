//! Cells and captures for the JVM, by JNI: what an application does all the time. The rest goes through UniFFI, where
//! JNA takes microseconds for a call and more for each text.
//!
//! The methods are those of `io.faultwire.internal.Native`. A cell and an admitted capture are addresses, `0` for none;
//! who has one gives it back once, by `freeCell`, or by `submit...` or `abandon`.

mod code;
mod env;

use std::num::NonZeroU64;
use std::sync::Arc;

use faultwire::capture::{Body, LocatedFrame, RawStack};
use faultwire::gate::Verdict;
use faultwire::protocol::Level;
use faultwire::sampling::SamplingContext;
use jni_sys::{
    JNIEnv, jboolean, jbyteArray, jclass, jdouble, jint, jlong, jlongArray, jobject, jobjectArray, jstring, jthrowable,
};

use crate::client;
use crate::event::{self, Circumstances, NO, Pending};
use crate::guard::guard;
use crate::raw::{How, Raised, exceptions};
use crate::scope::{Part, ScopeCell, layers};
use env::{Env, Field};

/// [`admit`](Java_io_faultwire_internal_Native_admit): no.
const REFUSED: jlong = 0;
/// [`admit`](Java_io_faultwire_internal_Native_admit): one more of a storming place. Odd, which no address is.
const FOLDED: jlong = 1;
/// The same, and the id of its last full event was written.
const FOLDED_INTO: jlong = 3;

static BACKTRACE: Field = Field::new(c"java/lang/Throwable", c"backtrace", c"Ljava/lang/Object;");
static ELEMENTS: Field = Field::new(c"java/lang/Throwable", c"stackTrace", c"[Ljava/lang/StackTraceElement;");

fn address<T>(value: Arc<T>) -> jlong {
    Arc::into_raw(value).expose_provenance() as jlong
}

/// The cell behind an address.
fn cell<'a>(address: jlong) -> Option<&'a ScopeCell> {
    // SAFETY: Kotlin gives addresses that it got from `newCell` and keeps the cell alive during the call.
    unsafe { std::ptr::with_exposed_provenance::<ScopeCell>(address as usize).as_ref() }
}

/// The capture behind an address, which is none from now on.
fn pending(address: jlong) -> Option<Box<Pending>> {
    let at = std::ptr::with_exposed_provenance_mut::<Pending>(address as usize);
    // SAFETY: Kotlin gives each address that it got from `admit` back once.
    (!at.is_null()).then(|| unsafe { Box::from_raw(at) })
}

fn level(code: jint) -> Option<Level> {
    [Level::Debug, Level::Info, Level::Warning, Level::Error, Level::Fatal].get(usize::try_from(code).ok()?).copied()
}

/// Defines native methods: the name, what it gives if there is a bug in it, what it takes over whatever comes, and its work
/// with the environment. Names are guarded as `jvm.<name>`, so that none is that of an export of UniFFI's.
macro_rules! natives {
    ($( $(#[doc = $doc:literal])+ $symbol:ident = $name:literal |$env:ident $(, $argument:ident: $type:ty)*| -> $result:ty { $otherwise:expr } $(taking $taken:ident)? $work:block )+) => {
        $(
            $(#[doc = $doc])+
            #[unsafe(no_mangle)]
            #[allow(non_snake_case, clippy::too_many_arguments)]
            pub extern "system" fn $symbol(env: *mut JNIEnv, _: jclass $(, $argument: $type)*) -> $result {
                let $env = Env(env);
                $(let $taken = pending($taken);)?
                guard(concat!("jvm.", $name), $otherwise, move || $work)
            }
        )+
    };
}

natives! {
    /// A cell that starts from what `parent` holds now, or empty.
    Java_io_faultwire_internal_Native_newCell = "newCell" |_env, parent: jlong, current: jboolean| -> jlong { 0 } {
        address(Arc::new(ScopeCell::within(cell(parent), current)))
    }

    /// The cell under all others.
    Java_io_faultwire_internal_Native_globalCell = "globalCell" |_env| -> jlong { 0 } {
        address(crate::scope::global_cell())
    }

    /// Gives a cell back.
    Java_io_faultwire_internal_Native_freeCell = "freeCell" |_env, at: jlong| -> () { () } {
        let at = std::ptr::with_exposed_provenance::<ScopeCell>(at as usize);
        if !at.is_null() {
            // SAFETY: Kotlin gives each address back once, when nothing can use it any more.
            drop(unsafe { Arc::from_raw(at) });
        }
    }

    /// See [`ScopeCell::set_tag`].
    Java_io_faultwire_internal_Native_setTag = "setTag" |env, at: jlong, key: jstring, value: jstring| -> () { () } {
        if let (Some(cell), Some(key)) = (cell(at), env.text(key)) {
            cell.set_tag(key, env.text(value));
        }
    }

    /// See [`ScopeCell::set_context`].
    Java_io_faultwire_internal_Native_setContext = "setContext" |env, at: jlong, key: jstring, value: jstring| -> () { () } {
        if let (Some(cell), Some(key)) = (cell(at), env.text(key)) {
            cell.set_context(key, env.text(value));
        }
    }

    /// See [`ScopeCell::set_extra`].
    Java_io_faultwire_internal_Native_setExtra = "setExtra" |env, at: jlong, key: jstring, value: jstring| -> () { () } {
        if let (Some(cell), Some(key), Some(value)) = (cell(at), env.text(key), env.text(value)) {
            cell.set_extra(key, value);
        }
    }

    /// See [`ScopeCell::set_part`]; parts are counted in their order there.
    Java_io_faultwire_internal_Native_setPart = "setPart" |env, at: jlong, part: jint, value: jstring| -> () { () } {
        let part = usize::try_from(part).ok().and_then(|part| Part::ALL.get(part));
        if let (Some(cell), Some(part)) = (cell(at), part) {
            cell.set_part(*part, env.text(value));
        }
    }

    /// See [`ScopeCell::continue_trace`].
    Java_io_faultwire_internal_Native_continueTrace = "continueTrace" |env, at: jlong, header: jstring| -> jboolean { false } {
        cell(at).zip(env.text(header)).is_some_and(|(cell, header)| cell.continue_trace(header))
    }

    /// See [`ScopeCell::add_breadcrumb`]; `seconds` that are no number are now.
    Java_io_faultwire_internal_Native_addBreadcrumb = "addBreadcrumb" |env, at: jlong, message: jstring, category: jstring, level: jstring, kind: jstring, data: jstring, seconds: jdouble| -> () { () } {
        if let Some(cell) = cell(at) {
            let seconds = Some(seconds).filter(|s| s.is_finite());
            cell.add_breadcrumb(env.text(message), env.text(category), env.text(level), env.text(kind), env.text(data), seconds);
        }
    }

    /// Forgets all of a cell, or its breadcrumbs.
    Java_io_faultwire_internal_Native_clear = "clear" |_env, at: jlong, breadcrumbs_only: jboolean| -> () { () } {
        match cell(at) {
            Some(cell) if breadcrumbs_only => cell.clear_breadcrumbs(),
            Some(cell) => cell.clear(),
            None => {}
        }
    }

    /// See [`event::intern_type`].
    Java_io_faultwire_internal_Native_internType = "internType" |env, names: jobjectArray| -> jlong { 0 } {
        event::intern_type(env.texts(names).into_iter().flatten().collect())
    }

    /// See [`event::refuse`].
    Java_io_faultwire_internal_Native_refuse = "refuse" |env, reason: jstring| -> () { () } {
        event::refuse(env.text(reason).unwrap_or_default());
    }

    /// See [`event::sample`]; levels are counted from `debug`.
    Java_io_faultwire_internal_Native_sample = "sample" |env, type_id: jlong, type_name: jstring, at: jint, logger: jstring, isolation: jlong, current: jlong, call: jstring| -> jdouble { NO } {
        let layers = layers(cell(isolation), cell(current), env.text(call).as_deref());
        let (name, logger) = (env.text(type_name), env.text(logger));
        let usual = level(at).unwrap_or(Level::Error);
        event::sample_type(type_id, SamplingContext::of(name.as_deref(), usual, logger.as_deref(), &layers))
    }

    /// The second half of the gate: 0 for no; 1 or 3 for one more of a storming place, with 3 the id of its last full event
    /// in `id` (32 bytes); else the address of what goes on, and its id in `id`. `place` is a hash, 0 where nothing folds.
    Java_io_faultwire_internal_Native_admit = "admit" |env, place: jlong, rate: jdouble, isolation: jlong, current: jlong, call: jstring, id: jbyteArray| -> jlong { REFUSED } {
        let Some(state) = client::enabled() else { return REFUSED };
        let layers = layers(cell(isolation), cell(current), env.text(call).as_deref());
        match event::decide(&state, NonZeroU64::new(place as u64), rate, &layers) {
            Verdict::No => REFUSED,
            Verdict::Folded(None) => FOLDED,
            Verdict::Folded(Some(exemplar)) => {
                env.write(id, &exemplar.hex());
                FOLDED_INTO
            }
            Verdict::Yes(admission) => {
                env.write(id, &admission.event_id.hex());
                let pending = Pending { state, admission, layers, stack: None };
                Box::into_raw(Box::new(pending)).expose_provenance() as jlong
            }
        }
    }

    /// Gives an admitted capture back, which counts as lost: for want of room, or of a bug.
    Java_io_faultwire_internal_Native_abandon = "abandon" |_env, at: jlong, overflow: jboolean| -> () { () } taking at {
        match at {
            Some(pending) if overflow => event::overflow(*pending),
            other => drop(other),
        }
    }

    /// Describes a piece of code; its number for frames, the same until `forgetCode`.
    Java_io_faultwire_internal_Native_internCode = "internCode" |env, class: jstring, method: jstring, file: jstring| -> jlong { -1 } {
        code::intern(env.text(class).as_deref(), env.text(method).as_deref(), env.text(file).as_deref())
    }

    /// Forgets all code, so that a program that makes code all the time does not grow.
    Java_io_faultwire_internal_Native_forgetCode = "forgetCode" |_env| -> () { () } {
        code::forget();
    }

    /// Captures an error and what it came from. Of each, `texts` has type, package, message and the attribute that holds
    /// it; `numbers` has which one holds it, how many frames follow, and of each frame, caller first, code and line.
    Java_io_faultwire_internal_Native_submitException = "submitException" |env, at: jlong, texts: jobjectArray, numbers: jlongArray, mechanism: jstring, handled: jboolean, level: jstring, logger: jstring, thread_id: jlong, thread_name: jstring| -> jboolean { false } taking at {
        let Some(pending) = at else { return false };
        let raised = raised(env.texts(texts), &env.numbers(numbers));
        let how = How { mechanism: env.text(mechanism).unwrap_or_default(), handled };
        let circumstances = circumstances(env, level, logger, thread_id, thread_name);
        event::submit(*pending, Level::Error, Body::Exceptions(exceptions(raised, how)), circumstances)
    }

    /// Captures a message; `numbers` has code and line of each frame, caller first.
    Java_io_faultwire_internal_Native_submitMessage = "submitMessage" |env, at: jlong, message: jstring, template: jstring, params: jstring, numbers: jlongArray, level: jstring, logger: jstring, thread_id: jlong, thread_name: jstring| -> jboolean { false } taking at {
        let Some(pending) = at else { return false };
        let entry = event::entry(env.text(message).unwrap_or_default(), env.text(template), env.text(params).as_deref());
        let body = Body::Message { entry, stack: stack(&env.numbers(numbers)) };
        let circumstances = circumstances(env, level, logger, thread_id, thread_name);
        event::submit(*pending, Level::Info, body, circumstances)
    }

    /// See [`event::explain_exception`]; the rest as in `submitException`.
    Java_io_faultwire_internal_Native_explain = "explain" |env, texts: jobjectArray, numbers: jlongArray, into: jobjectArray| -> () { () } {
        let raised = raised(env.texts(texts), &env.numbers(numbers));
        if let Some(state) = client::current() {
            let record = state.client.explain_exceptions(exceptions(raised, How { handled: true, ..How::default() }));
            env.put(into, &record.to_string());
        }
    }

    /// See [`event::capture_event`]; its id in `id`. False when there is none.
    Java_io_faultwire_internal_Native_captureEvent = "captureEvent" |env, event: jstring, isolation: jlong, current: jlong, id: jbyteArray| -> jboolean { false } {
        let layers = layers(cell(isolation), cell(current), None);
        let captured = event::submit_event(&env.text(event).unwrap_or_default(), layers);
        captured.inspect(|new| env.write(id, new.as_bytes())).is_some()
    }

    /// What the JVM keeps of the stack of a throwable before anybody looks at it; null where that is not known.
    Java_io_faultwire_internal_Native_backtrace = "backtrace" |env, throwable: jthrowable| -> jobject { std::ptr::null_mut() } {
        env.field(throwable, &BACKTRACE)
    }

    /// The stack of a throwable if somebody has looked at it or set it: an array, empty or null before.
    Java_io_faultwire_internal_Native_elements = "elements" |env, throwable: jthrowable| -> jobject { std::ptr::null_mut() } {
        env.field(throwable, &ELEMENTS)
    }
}

fn circumstances(env: Env, level: jstring, logger: jstring, thread_id: jlong, thread_name: jstring) -> Circumstances {
    Circumstances {
        level: env.text(level).unwrap_or_default(),
        logger: env.text(logger),
        thread_id: (thread_id >= 0).then_some(thread_id),
        thread_name: env.text(thread_name),
    }
}

/// Texts of each error in `texts`.
const TEXTS: usize = 4;

fn raised(texts: Vec<Option<String>>, numbers: &[jlong]) -> Vec<(Raised, Option<RawStack>)> {
    let mut texts = texts.into_iter();
    let mut numbers = numbers;
    let mut raised = Vec::new();
    while let ([parent, frames, rest @ ..], true) = (numbers, texts.len() >= TEXTS) {
        let mut text = || texts.next().flatten();
        let one = Raised {
            type_name: text().unwrap_or_default(),
            module: text(),
            value: text(),
            source: text(),
            parent: i32::try_from(*parent).ok().filter(|parent| *parent >= 0),
            data: None,
        };
        let (own, others) = rest.split_at(rest.len().min(usize::try_from(*frames).unwrap_or(0).saturating_mul(2)));
        numbers = others;
        raised.push((one, stack(own)));
    }
    raised
}

fn stack(numbers: &[jlong]) -> Option<RawStack> {
    let known = code::known();
    let (frames, _) = numbers.as_chunks();
    let frame = |[code, line]: &[jlong; 2]| {
        let code = known.get(usize::try_from(*code).ok()?)?.clone();
        Some(LocatedFrame { code, line: u32::try_from(*line).unwrap_or(0), locals: None })
    };
    let frames: Vec<LocatedFrame> = frames.iter().filter_map(frame).collect();
    (!frames.is_empty()).then_some(RawStack::Located(frames))
}
