use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Breadcrumb, EventId, Exception, Level, Map, Request, Stacktrace, Timestamp, User, Value, Values, lenient};
use crate::Error;

/// Everything one occurrence says.
///
/// When a field is added here, the compiler leads to every place that must know of it: the
/// sanitizer takes events apart without `..`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Event {
    /// The event's name for its whole life.
    pub event_id: EventId,
    /// When it happened.
    pub timestamp: Timestamp,
    /// Language: `python`, `rust`, `node`, `java`, `cocoa`, `native`, `other`.
    #[serde(deserialize_with = "lenient::or_default")]
    pub platform: String,
    /// Severity.
    #[serde(deserialize_with = "lenient::or_default")]
    pub level: Level,
    /// Logger that wrote it; at most 64 characters.
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub logger: Option<String>,
    /// Route or task; at most 200 characters.
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub transaction: Option<String>,
    /// Host; at most 256 characters.
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    /// Version of the application; at most 200 characters.
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Build of the release; at most 64 characters.
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub dist: Option<String>,
    /// Deployment; at most 64 characters.
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// A message, for events that are not exceptions.
    #[serde(alias = "message", deserialize_with = "log_entry", skip_serializing_if = "Option::is_none")]
    pub logentry: Option<LogEntry>,
    /// The chain of errors, oldest cause first.
    #[serde(skip_serializing_if = "Values::is_empty")]
    pub exception: Values<Exception>,
    /// Threads, where a stack belongs to no exception.
    #[serde(skip_serializing_if = "Values::is_empty")]
    pub threads: Values<Thread>,
    /// What happened before, oldest first.
    #[serde(skip_serializing_if = "Values::is_empty")]
    pub breadcrumbs: Values<Breadcrumb>,
    /// Who was hit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<User>,
    /// The HTTP request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
    /// Named objects: `trace`, `runtime`, `os`, and `faultwire`, which is ours.
    #[serde(deserialize_with = "lenient::or_default", skip_serializing_if = "Map::is_empty")]
    pub contexts: Map,
    /// Short searchable texts.
    #[serde(deserialize_with = "lenient::text_map", skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Free detail.
    #[serde(deserialize_with = "lenient::or_default", skip_serializing_if = "Map::is_empty")]
    pub extra: Map,
    /// Installed packages and their versions.
    #[serde(deserialize_with = "lenient::text_map", skip_serializing_if = "BTreeMap::is_empty")]
    pub modules: BTreeMap<String, String>,
    /// Explicit grouping; `{{ default }}` stands for the backend's own.
    #[serde(deserialize_with = "lenient::or_default", skip_serializing_if = "Vec::is_empty")]
    pub fingerprint: Vec<String>,
    /// Who sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sdk: Option<SdkInfo>,
    /// Loaded images, for native stacks.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub debug_meta: Value,
    /// What was cut or filtered, by path.
    #[serde(rename = "_meta", skip_serializing_if = "Value::is_null")]
    pub meta: Value,
}

impl Default for Event {
    fn default() -> Self {
        Event {
            event_id: EventId::random(),
            timestamp: Timestamp::now(),
            platform: "other".to_owned(),
            level: Level::default(),
            logger: None,
            transaction: None,
            server_name: None,
            release: None,
            dist: None,
            environment: None,
            logentry: None,
            exception: Values::default(),
            threads: Values::default(),
            breadcrumbs: Values::default(),
            user: None,
            request: None,
            contexts: Map::new(),
            tags: BTreeMap::new(),
            extra: Map::new(),
            modules: BTreeMap::new(),
            fingerprint: Vec::new(),
            sdk: None,
            debug_meta: Value::Null,
            meta: Value::Null,
        }
    }
}

impl Event {
    /// Reads an event from JSON. Unknown top-level keys are moved to `extra`: the protocol has no
    /// place for them, and nothing is lost.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidPayload`] with the name of the field that does not fit.
    pub fn from_value(value: Value) -> Result<Event, Error> {
        let Value::Object(object) = value else {
            return Err(Error::payload("event", "expected an object"));
        };
        Event::read(object.clone()).map_err(|error| Error::payload(culprit(&object), error.to_string()))
    }

    /// As [`Event::from_value`], from JSON text.
    ///
    /// # Errors
    /// As [`Event::from_value`].
    pub fn from_slice(json: &[u8]) -> Result<Event, Error> {
        let object = || -> Result<Map, Error> {
            serde_json::from_slice(json).map_err(|e| Error::payload("event", format!("expected an object: {e}")))
        };
        // Read once more where it fails: what is sound is then read without a copy.
        Event::read(object()?).or_else(|error| Err(Error::payload(culprit(&object()?), error.to_string())))
    }

    fn read(mut object: Map) -> Result<Event, serde_json::Error> {
        object.retain(|_, v| !v.is_null());
        let unknown: Vec<String> = object.keys().filter(|k| !KNOWN_KEYS.contains(&k.as_str())).cloned().collect();
        let strays: Vec<_> = unknown.iter().filter_map(|key| object.remove_entry(key)).collect();
        let mut event = Event::deserialize(Value::Object(object))?;
        for (key, value) in strays {
            event.extra.entry(key).or_insert(value);
        }
        Ok(event)
    }
}

/// The key whose value alone does not deserialise.
fn culprit(object: &Map) -> String {
    let fails = |(key, value): (&String, &Value)| {
        let alone = Map::from_iter([(key.clone(), value.clone())]);
        Event::deserialize(Value::Object(alone)).is_err().then(|| key.clone())
    };
    object.iter().filter(|(_, value)| !value.is_null()).find_map(fails).unwrap_or_else(|| "event".to_owned())
}

const KNOWN_KEYS: &[&str] = &[
    "event_id",
    "timestamp",
    "platform",
    "level",
    "logger",
    "transaction",
    "server_name",
    "release",
    "dist",
    "environment",
    "logentry",
    "message",
    "exception",
    "threads",
    "breadcrumbs",
    "user",
    "request",
    "contexts",
    "tags",
    "extra",
    "modules",
    "fingerprint",
    "sdk",
    "debug_meta",
    "_meta",
];

/// A message and the parameters it was made with.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LogEntry {
    /// The template; at most 8192 characters.
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Parameters of the template: a list or an object.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub params: Value,
    /// The finished text; at most 8192 characters.
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub formatted: Option<String>,
}

impl From<String> for LogEntry {
    fn from(text: String) -> Self {
        LogEntry { message: None, params: Value::Null, formatted: Some(text) }
    }
}

fn log_entry<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<LogEntry>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Null => None,
        Value::String(text) => Some(LogEntry::from(text)),
        object @ Value::Object(_) => Some(serde_json::from_value(object).map_err(serde::de::Error::custom)?),
        _ => return Err(serde::de::Error::custom("expected a text or an object")),
    })
}

/// One thread and its stack.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Thread {
    /// The system's or the language's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Value>,
    /// The thread's name.
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The thread that crashed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crashed: Option<bool>,
    /// The thread that captured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<bool>,
    /// Its stack.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stacktrace: Option<Stacktrace>,
}

/// The package that made the event.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SdkInfo {
    /// `faultwire.python`, `faultwire.rust`, ...
    #[serde(deserialize_with = "lenient::or_default")]
    pub name: String,
    /// Its version.
    #[serde(deserialize_with = "lenient::or_default")]
    pub version: String,
    /// Integrations that are switched on.
    #[serde(deserialize_with = "lenient::or_default", skip_serializing_if = "Vec::is_empty")]
    pub integrations: Vec<String>,
    /// Packages it came from.
    #[serde(deserialize_with = "lenient::or_default", skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<Value>,
}
