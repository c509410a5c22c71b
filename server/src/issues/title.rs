//! What an issue is called: from a sanitized event.

use faultwire::protocol::{Event, Exception, Frame};
use faultwire::{Event as Sanitized, Level};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Characters of a title.
const TITLE: usize = 200;
/// Characters of a message: what is beyond is not searched for, and every three of them take room in the index.
const MESSAGE: usize = 1000;
/// Characters of a culprit or a type.
const NAME: usize = 200;

/// What an event says of its issue.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Facts {
    /// `KeyError: 'sku'`, or the first line of a message.
    pub title: String,
    /// Where: the transaction, or the innermost frame of the application.
    pub culprit: String,
    /// The exception's class; empty for messages.
    #[serde(rename = "type")]
    pub kind: String,
    /// The language.
    pub platform: String,
    /// How bad the client says it is.
    #[schemars(with = "LevelName")]
    pub level: Level,
    /// Whether something caught it. Messages count as handled.
    pub is_handled: bool,
}

/// The names that levels have on the wire, for the API's document.
#[derive(Debug, JsonSchema)]
#[schemars(rename = "Level", rename_all = "snake_case")]
pub enum LevelName {
    /// Diagnostic detail.
    Debug,
    /// Normal operation.
    Info,
    /// Unexpected, handled.
    Warning,
    /// An operation failed.
    Error,
    /// The process or task died of it.
    Fatal,
}

/// The facts of a sanitized event.
pub fn facts(event: &Sanitized) -> Facts {
    let raised = event.exception.values.last();
    let kind = raised.and_then(|e| e.ty.clone()).unwrap_or_default();
    let value = raised.and_then(|e| e.value.as_deref()).map(first_line).unwrap_or_default();
    let title = match (kind.is_empty(), value.is_empty()) {
        (false, false) => format!("{kind}: {value}"),
        (false, true) => kind.clone(),
        (true, false) => value.to_owned(),
        (true, true) => logged(event).map_or("(no message)", first_line).to_owned(),
    };
    let is_unhandled = |e: &Exception| e.mechanism.as_ref().is_some_and(|m| m.handled == Some(false));
    Facts {
        title: cut(title, TITLE),
        culprit: cut(culprit(event), NAME),
        kind: cut(kind, NAME),
        platform: cut(event.platform.clone(), 32),
        level: event.level,
        is_handled: !event.exception.values.iter().any(is_unhandled),
    }
}

/// All that an event says in words: what exceptions say, and the message. For people who search for it.
pub fn message(event: &Sanitized) -> String {
    let values = event.exception.values.iter().rev().filter_map(|e| e.value.as_deref());
    let text: Vec<&str> = values.chain(logged(event)).collect();
    cut(text.join("\n"), MESSAGE)
}

fn logged(event: &Event) -> Option<&str> {
    let entry = event.logentry.as_ref()?;
    entry.formatted.as_deref().or(entry.message.as_deref()).filter(|text| !text.trim().is_empty())
}

fn culprit(event: &Event) -> String {
    if let Some(transaction) = event.transaction.as_deref().filter(|t| !t.is_empty()) {
        return transaction.to_owned();
    }
    let stacks = event.exception.values.iter().rev().filter_map(|e| e.stacktrace.as_ref());
    let threads = event.threads.values.iter().filter_map(|t| t.stacktrace.as_ref());
    let frames = stacks.chain(threads).find(|stack| !stack.frames.is_empty()).map(|stack| stack.frames.as_slice());
    let frame = frames
        .and_then(|frames| frames.iter().rev().find(|frame| frame.in_app == Some(true)).or_else(|| frames.last()));
    match frame {
        Some(frame) => place(frame),
        None => event.logger.clone().unwrap_or_default(),
    }
}

fn place(frame: &Frame) -> String {
    let file = frame.module.as_deref().or(frame.filename.as_deref());
    match (file, frame.function.as_deref()) {
        (Some(file), Some(function)) => format!("{file} in {function}"),
        (one, other) => one.or(other).unwrap_or_default().to_owned(),
    }
}

fn first_line(text: &str) -> &str {
    text.trim().lines().next().unwrap_or_default()
}

fn cut(text: String, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        None => text,
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
    }
}
