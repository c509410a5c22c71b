//! What crosses from the app thread to the worker: raw, bounded, nothing formatted yet.

use std::sync::Arc;

use crate::gate::Admission;
use crate::interned::Interned;
use crate::protocol::{Event, Level, LogEntry, Mechanism, Timestamp, Value};
use crate::scope::Layers;
use crate::tape::Tape;

/// Characters kept of a message or an exception's text (the wire's own limit).
pub const MAX_MESSAGE_LENGTH: usize = 8192;

pub use crate::stacktrace::MAX_FRAMES;

/// Exceptions extracted of one chain or group.
pub const MAX_EXCEPTIONS: usize = 64;

/// One capture, before any work was done on it.
#[derive(Debug)]
pub struct Capture {
    /// What the gate decided.
    pub admission: Admission,
    /// When it happened.
    pub timestamp: Timestamp,
    /// Language of the SDK: `python`, `rust`, ...
    pub platform: &'static str,
    /// Level said by the call; scopes may say another.
    pub level: Level,
    /// Logger that asked for it.
    pub logger: Option<String>,
    /// What happened.
    pub body: Body,
    /// Snapshots of the scopes.
    pub layers: Layers,
    /// The thread it happened on.
    pub thread: Option<ThreadInfo>,
    /// Values that frames refer to.
    pub tape: Tape,
    /// Approximate bytes held, for the queue's bound.
    pub bytes: usize,
}

/// The thread of a capture.
#[derive(Debug, Clone)]
pub struct ThreadInfo {
    /// The language's or the system's id.
    pub id: u64,
    /// Its name, if it has one.
    pub name: Option<Arc<str>>,
}

/// What happened.
#[derive(Debug)]
pub enum Body {
    /// A finished event: from `capture_event`, or back from a hook that ran on the app thread.
    Event(Box<Event>),
    /// A text, and the stack of the caller if asked for.
    Message {
        /// The text, and what it was made of.
        entry: Box<LogEntry>,
        /// The caller's stack.
        stack: Option<RawStack>,
    },
    /// An error and its causes, in wire order: the oldest cause first, the raised one last.
    Exceptions(Vec<RawException>),
}

impl Body {
    /// Approximate bytes that a capture with this body holds, for the queue's bound.
    pub fn bytes(&self) -> usize {
        /// What a capture costs beside its texts, and what one of its errors does.
        const CAPTURE: usize = 512;
        const EXCEPTION: usize = 256;
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let stack = |stack: &Option<RawStack>| stack.as_ref().map_or(0, RawStack::bytes);
        let held = match self {
            // An estimate: the event was made of bounded values already.
            Body::Event(_) => 8192,
            Body::Message { entry, stack: at } => EXCEPTION + text(&entry.formatted) + stack(at),
            Body::Exceptions(chain) => chain.iter().map(|e| EXCEPTION + text(&e.value) + stack(&e.stack)).sum(),
        };
        CAPTURE + held
    }
}

/// One error of a chain.
#[derive(Debug)]
pub struct RawException {
    /// Class name.
    pub ty: Interned<str>,
    /// Module of the class.
    pub module: Option<Interned<str>>,
    /// Its text, with [`LOOK_AHEAD`](crate::cut::LOOK_AHEAD) beyond the limit.
    pub value: Option<String>,
    /// How it was captured. Without a type it is `generic`, the usual one: no text need be made for it.
    pub mechanism: Mechanism,
    /// Where it was raised.
    pub stack: Option<RawStack>,
}

/// A stack as its language gives it, caller to callee.
#[derive(Debug)]
pub enum RawStack {
    /// Interned code locations.
    Located(Vec<LocatedFrame>),
    /// A text in the form of the platform's runtime, parsed on the worker. Best without what stands before
    /// its first place ([`crate::stacktrace::v8::places`]); where it has no place, as it is: it is kept, cut
    /// to [`MAX_MESSAGE_LENGTH`], beside the exception.
    Text(Box<str>),
    /// Addresses, symbolicated on the worker.
    #[cfg(feature = "client")]
    Native(NativeStack),
}

impl RawStack {
    /// Bytes held, without what is interned.
    fn bytes(&self) -> usize {
        match self {
            RawStack::Located(frames) => size_of_val(frames.as_slice()),
            RawStack::Text(text) => text.len(),
            #[cfg(feature = "client")]
            RawStack::Native(stack) => size_of_val(stack.addresses.as_slice()),
        }
    }
}

/// A call at a known place.
#[derive(Debug)]
pub struct LocatedFrame {
    /// The code.
    pub code: Interned<CodeLocation>,
    /// 1-based line; 0 where it is not known.
    pub line: u32,
    /// Position of its local variables on the tape.
    pub locals: Option<u32>,
}

/// A piece of code, described once and shared by every frame that runs it.
#[derive(Debug)]
pub struct CodeLocation {
    /// Path of the source on this machine.
    pub path: Arc<str>,
    /// Name as the language prints it.
    pub function: Arc<str>,
    /// Module.
    pub module: Option<Arc<str>>,
}

impl CodeLocation {
    /// A piece of code.
    pub fn new(path: &str, function: &str, module: Option<&str>) -> Self {
        CodeLocation { path: path.into(), function: function.into(), module: module.map(Arc::from) }
    }
}

/// Addresses of a native stack.
#[cfg(feature = "client")]
#[derive(Debug)]
pub struct NativeStack {
    /// Instruction pointers, callee to caller, as the unwinder gives them.
    pub(crate) addresses: Vec<usize>,
}

#[cfg(feature = "client")]
impl NativeStack {
    /// The stack of the calling thread.
    pub fn here() -> NativeStack {
        crate::sdk::backtrace::capture()
    }

    /// A hash of the place, for [`crate::storm::FoldKey`]: of what came to pass (`what`) and the addresses. `None` where
    /// the stack could not be walked.
    pub fn key(&self, what: u64) -> Option<crate::storm::FoldKey> {
        if self.addresses.is_empty() { None } else { std::num::NonZeroU64::new(self.hash(what)) }
    }
}

impl Capture {
    /// Reads a value off the tape.
    pub fn value(&self, position: u32) -> Value {
        self.tape.read(position as usize)
    }
}
