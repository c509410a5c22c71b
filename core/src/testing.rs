//! For tests of applications and of Faultwire itself.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::Error;
use crate::protocol::{Envelope, Value};
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
}

impl Transport for Kept {
    fn send(&mut self, envelope: &[u8]) -> Result<Answer, NoAnswer> {
        let envelope = Envelope::parse(envelope).map_err(|e| NoAnswer(e.to_string()))?;
        self.envelopes.lock().unwrap_or_else(PoisonError::into_inner).push(envelope);
        Ok(Answer { status: 200, ..Answer::default() })
    }
}

/// Runs one shared vector of `tests/vectors/<topic>`; every language comes here through its bridge.
/// For the topic `sanitize` the input is `{"kind", "input", "options"}`.
///
/// # Errors
/// What the vector expects as an error; [`crate::ErrorKind::InvalidPayload`] on an unknown topic.
pub fn vector(topic: &str, input: &Value) -> Result<Value, Error> {
    match topic {
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

/// Places that can be made to fail, to show that a bug stays inside.
const PLACES: &[&str] = &["submit", "worker"];

static ARMED: AtomicU8 = AtomicU8::new(0);

/// Makes the next piece of work at `place` (`submit`: on the app thread; `worker`) panic, once.
pub fn arm_panic(place: &str) {
    let number = PLACES.iter().position(|p| *p == place).map_or(0, |at| at as u8 + 1);
    ARMED.store(number, Ordering::SeqCst);
}

#[allow(clippy::panic)]
pub(crate) fn panic_if_armed(place: &str) {
    let armed = ARMED.load(Ordering::Relaxed);
    if armed != 0 && PLACES.get(armed as usize - 1) == Some(&place) {
        ARMED.store(0, Ordering::SeqCst);
        panic!("armed by a test");
    }
}
