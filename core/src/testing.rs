//! For tests of applications and of Faultwire itself.

#[doc(hidden)]
pub mod disk;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;

use crate::Error;
use crate::protocol::{Envelope, Item, Value};
use crate::transport::{Answer, MakeTransport, NoAnswer, Transport};

/// Keeps envelopes instead of sending them.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    envelopes: Arc<Mutex<Vec<Envelope>>>,
}

impl Kept {
    /// The transport that fills it.
    pub fn transport(&self) -> MakeTransport {
        let kept = self.clone();
        Arc::new(move || Box::new(kept.clone()))
    }

    /// What has arrived since the last call.
    pub fn take(&self) -> Vec<Envelope> {
        std::mem::take(&mut self.envelopes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The same as JSON: `[header, [[item header, payload as a text]]]` of each.
    pub fn take_json(&self) -> Vec<Value> {
        let item = |item: &Item| json!([item.header, String::from_utf8_lossy(&item.payload)]);
        let whole = |envelope: &Envelope| json!([envelope.header, envelope.items.iter().map(item).collect::<Vec<_>>()]);
        self.take().iter().map(whole).collect()
    }
}

impl Transport for Kept {
    fn send(&mut self, envelope: &[u8]) -> Result<Answer, NoAnswer> {
        let envelope = Envelope::parse(envelope).map_err(|e| NoAnswer(e.to_string()))?;
        self.envelopes.lock().unwrap_or_else(PoisonError::into_inner).push(envelope);
        Ok(Answer { status: 200, ..Answer::default() })
    }
}

/// Whether no fork can come while this thread goes on.
#[doc(hidden)]
pub fn keeps_forks_away() -> bool {
    crate::fork::is_kept_away()
}

/// Runs one shared vector of `tests/vectors/<topic>`; every language comes here through its bridge.
/// For the topic `sanitize` the input is `{"kind", "input", "options"}`.
///
/// # Errors
/// What the vector expects as an error; [`crate::ErrorKind::InvalidPayload`] on an unknown topic.
pub fn vector(topic: &str, input: &Value) -> Result<Value, Error> {
    match topic {
        "cut" => crate::cut::vector(input),
        "dsn" | "envelope" => crate::protocol::vector(topic, input),
        "fingerprint" | "function-names" | "message" => crate::fingerprint::vector(topic, input),
        "rate-limits" => crate::transport::ratelimit_vector(input),
        "sanitize" => {
            let kind = input["kind"].as_str().ok_or_else(|| Error::payload("kind", "expected a text"))?;
            crate::sanitize::vector(kind, &input["input"], &input["options"])
        }
        "stack" => crate::stacktrace::vector(input),
        "v8-stack" => crate::stacktrace::v8::vector(input),
        _ => Err(Error::payload("topic", "expected a folder of tests/vectors")),
    }
}

/// Path, line, column and function.
#[doc(hidden)]
pub type Original = (String, u32, u32, Option<String>);

/// What the source map within a generated file says of 0-based positions: for each line, column and function's
/// name, the original's path, its 1-based line and column, and the function's own name.
#[doc(hidden)]
pub fn source_map(file: Vec<u8>, asked: &[(u32, u32, &str)]) -> Vec<Option<Original>> {
    let found = crate::stacktrace::inline_originals(file, asked);
    found.into_iter().map(|p| p.map(|p| (p.path, p.line, p.column, p.function))).collect()
}

/// The [`number`] of the place that is to fail; 0 for none, which is all that production ever reads.
static ARMED: AtomicU64 = AtomicU64::new(0);

/// Makes the next piece of work at `place` panic, once, to show that a bug stays inside: `submit` on the
/// app thread, `worker`, or the name of an export of the bridge in use. An empty name disarms.
///
/// Returns whether the place that was armed before had not been reached.
pub fn arm_panic(place: &str) -> bool {
    ARMED.swap(if place.is_empty() { 0 } else { number(place) }, Ordering::SeqCst) != 0
}

/// Has the recorder of crashes fail itself by `signal` in the midst of the next record.
#[cfg(native_crashes)]
pub fn fail_in_next_crash(signal: i32) {
    crate::crash::native::signal::fail_next(signal);
}

/// Panics if a test armed `place`. One relaxed load otherwise.
#[doc(hidden)]
#[inline]
pub fn panic_if_armed(place: &str) {
    let armed = ARMED.load(Ordering::Relaxed);
    if armed != 0 {
        go_off(armed, place);
    }
}

#[cold]
#[allow(clippy::panic)]
fn go_off(armed: u64, place: &str) {
    if armed == number(place) && ARMED.compare_exchange(armed, 0, Ordering::SeqCst, Ordering::Relaxed).is_ok() {
        panic!("armed by a test");
    }
}

/// A place as a number other than 0 (FNV-1a): a name would need a lock, which a fork could find taken.
fn number(place: &str) -> u64 {
    place.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)) | 1
}
