//! What was hashed, for people to read and to compare.

use serde::Serialize;

/// The parts of one event's fingerprint.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Record {
    /// The algorithm: `v1`.
    pub version: &'static str,
    /// The fingerprint.
    pub hash: String,
    /// What it is without the application's own parts; equal to `hash` when there are none.
    pub default_hash: String,
    /// What the default hash is made of.
    pub basis: Basis,
    /// The exceptions, the raised one first; empty unless `basis` says exceptions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<ExceptionRecord>,
    /// The message, when `basis` says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageRecord>,
    /// The stack, when `basis` says thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread: Option<ExceptionRecord>,
    /// The application's own parts, as it gave them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fingerprint: Vec<String>,
    /// The application's additions to the blocklist.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub additions: Vec<String>,
}

/// What the default hash is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The chain of exceptions.
    Exceptions,
    /// The logger and the message.
    Message,
    /// The stack of a thread.
    Thread,
    /// The event has none of them: its logger and its transaction.
    Nothing,
}

/// One exception, or one stack.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct ExceptionRecord {
    /// The class; absent for a thread.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub ty: Option<String>,
    /// The frames that count, caller to callee.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub frames: Vec<FrameRecord>,
    /// The normalised message; only where no frame counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The sorted unique hashes of a group's members; its own type and frames do not count.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<String>,
    /// The frames that do not count.
    #[serde(skip_serializing_if = "Dropped::is_none")]
    pub dropped: Dropped,
}

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FrameRecord {
    /// Module, or file without extension.
    pub module: String,
    /// Function.
    pub function: String,
}

/// A message event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MessageRecord {
    /// The logger.
    pub logger: String,
    /// The normalised template, or text.
    pub text: String,
}

/// Number of frames that do not count, by reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Dropped {
    /// Framework plumbing.
    #[serde(skip_serializing_if = "is_zero")]
    pub blocklisted: usize,
    /// Frames of libraries, where the application has its own.
    #[serde(skip_serializing_if = "is_zero")]
    pub not_in_app: usize,
    /// Frames inside of loops.
    #[serde(skip_serializing_if = "is_zero")]
    pub recursion: usize,
    /// Frames without function, module and file.
    #[serde(skip_serializing_if = "is_zero")]
    pub unnamed: usize,
    /// Frames of Python's comprehensions, which newer versions do not have.
    #[serde(skip_serializing_if = "is_zero")]
    pub comprehension: usize,
}

impl Dropped {
    fn is_none(&self) -> bool {
        *self == Dropped::default()
    }
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}
