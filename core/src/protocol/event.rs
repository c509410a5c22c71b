use std::collections::BTreeMap;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::{
    Breadcrumb, EventId, Exception, Level, Map, Request, Stacktrace, Timestamp, User, Value, Values, lenient, map_of,
};
use crate::Error;

/// Everything one occurrence says.
///
/// When a field is added here, the compiler leads to every place that must know of it: the
/// sanitizer takes events apart without `..`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// The event's name for its whole life.
    pub event_id: EventId,
    /// When it happened.
    pub timestamp: Timestamp,
    /// Language: `python`, `rust`, `node`, `java`, `cocoa`, `native`, `other`.
    pub platform: String,
    /// Severity.
    pub level: Level,
    /// Logger that wrote it; at most 64 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logger: Option<String>,
    /// Route or task; at most 200 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction: Option<String>,
    /// Host; at most 256 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    /// Version of the application; at most 200 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Build of the release; at most 64 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dist: Option<String>,
    /// Deployment; at most 64 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// A message, for events that are not exceptions.
    #[serde(skip_serializing_if = "Option::is_none")]
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
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub contexts: Map,
    /// Short searchable texts.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Free detail.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub extra: Map,
    /// Installed packages and their versions.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub modules: BTreeMap<String, String>,
    /// Explicit grouping; `{{ default }}` stands for the backend's own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
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
        let Value::Object(object) = &value else {
            return Err(Error::payload("event", "expected an object"));
        };
        Event::deserialize(&value).map_err(|error| Error::payload(culprit(object), error.to_string()))
    }

    /// As [`Event::from_value`], from JSON text.
    ///
    /// # Errors
    /// As [`Event::from_value`].
    pub fn from_slice(json: &[u8]) -> Result<Event, Error> {
        // Read once more where it fails: what is sound is read without a tree of values in between. Whether the whole is
        // UTF-8 is sooner seen than whether each text is.
        let sound = std::str::from_utf8(json).ok().and_then(|json| serde_json::from_str(json).ok());
        sound.map(Ok).unwrap_or_else(|| {
            let object: Map = serde_json::from_slice(json)
                .map_err(|e| Error::payload("event", format!("expected an object: {e}")))?;
            Event::from_value(Value::Object(object))
        })
    }
}

/// The key whose value alone does not deserialise.
fn culprit(object: &Map) -> String {
    let fails = |(key, value): (&String, &Value)| {
        let alone = map_of([(key.clone(), value.clone())]);
        Event::deserialize(&Value::Object(alone)).is_err().then(|| key.clone())
    };
    object.iter().find_map(fails).unwrap_or_else(|| "event".to_owned())
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EventVisitor)
    }
}

struct EventVisitor;

impl<'de> Visitor<'de> for EventVisitor {
    type Value = Event;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Event, A::Error> {
        let mut event = Event::default();
        let (mut message, mut strays) = (None, Map::new());
        while let Some(name) = from.next_key::<String>()? {
            match name.as_str() {
                "event_id" => set(&mut event.event_id, &mut from)?,
                "timestamp" => set(&mut event.timestamp, &mut from)?,
                "platform" => set(&mut event.platform, &mut from)?,
                "level" => set(&mut event.level, &mut from)?,
                "logger" => event.logger = text(&mut from)?,
                "transaction" => event.transaction = text(&mut from)?,
                "server_name" => event.server_name = text(&mut from)?,
                "release" => event.release = text(&mut from)?,
                "dist" => event.dist = text(&mut from)?,
                "environment" => event.environment = text(&mut from)?,
                "logentry" => event.logentry = from.next_value::<Option<LogEntry>>()?,
                "message" => message = from.next_value::<Option<LogEntry>>()?,
                "exception" => event.exception = from.next_value()?,
                "threads" => event.threads = from.next_value()?,
                "breadcrumbs" => event.breadcrumbs = from.next_value()?,
                "user" => event.user = from.next_value()?,
                "request" => event.request = from.next_value()?,
                "contexts" => set(&mut event.contexts, &mut from)?,
                "tags" => event.tags = from.next_value::<lenient::Texts>()?.0,
                "extra" => set(&mut event.extra, &mut from)?,
                "modules" => event.modules = from.next_value::<lenient::Texts>()?.0,
                "fingerprint" => set(&mut event.fingerprint, &mut from)?,
                "sdk" => event.sdk = from.next_value()?,
                "debug_meta" => event.debug_meta = from.next_value()?,
                "_meta" => event.meta = from.next_value()?,
                _ => strays.extend(from.next_value::<Option<Value>>()?.map(|value| (name, value))),
            }
        }
        event.logentry = event.logentry.or(message);
        for (name, value) in strays {
            event.extra.entry(name).or_insert(value);
        }
        Ok(event)
    }
}

/// A null says nothing: what is there by default stays.
fn set<'de, A: MapAccess<'de>, T: Deserialize<'de>>(field: &mut T, from: &mut A) -> Result<(), A::Error> {
    from.next_value::<Option<T>>().map(|value| value.into_iter().for_each(|value| *field = value))
}

fn text<'de, A: MapAccess<'de>>(from: &mut A) -> Result<Option<String>, A::Error> {
    from.next_value::<lenient::Text>().map(|text| text.0)
}

/// A message and the parameters it was made with. A bare text is read as a finished message.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct LogEntry {
    /// The template; at most 8192 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Parameters of the template: a list or an object.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub params: Value,
    /// The finished text; at most 8192 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formatted: Option<String>,
}

impl From<String> for LogEntry {
    fn from(text: String) -> Self {
        LogEntry { message: None, params: Value::Null, formatted: Some(text) }
    }
}

impl<'de> Deserialize<'de> for LogEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LogEntryVisitor)
    }
}

struct LogEntryVisitor;

impl<'de> Visitor<'de> for LogEntryVisitor {
    type Value = LogEntry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or an object")
    }

    fn visit_str<E>(self, text: &str) -> Result<LogEntry, E> {
        Ok(LogEntry::from(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<LogEntry, A::Error> {
        let mut entry = LogEntry::default();
        while let Some(name) = from.next_key::<String>()? {
            match name.as_str() {
                "message" => entry.message = text(&mut from)?,
                "params" => entry.params = from.next_value()?,
                "formatted" => entry.formatted = text(&mut from)?,
                _ => drop(from.next_value::<serde::de::IgnoredAny>()?),
            }
        }
        Ok(entry)
    }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A field that is written but not read would lie in `extra`.
    #[test]
    fn what_is_written_is_read() {
        let text = || Some("text".to_owned());
        let object = || Map::from_iter([("name".to_owned(), json!({"deep": [1, null, 2.5]}))]);
        let texts = || BTreeMap::from([("name".to_owned(), "text".to_owned())]);
        let event = Event {
            event_id: EventId(3),
            timestamp: Timestamp(1_700_000_000_123_456),
            platform: "python".to_owned(),
            level: Level::Fatal,
            logger: text(),
            transaction: text(),
            server_name: text(),
            release: text(),
            dist: text(),
            environment: text(),
            logentry: Some(LogEntry { message: text(), params: json!([1]), formatted: text() }),
            exception: vec![Exception { ty: text(), ..Exception::default() }].into(),
            threads: vec![Thread { name: text(), ..Thread::default() }].into(),
            breadcrumbs: vec![Breadcrumb { message: text(), ..Breadcrumb::default() }].into(),
            user: Some(User { id: text(), ..User::default() }),
            request: Some(Request { url: text(), ..Request::default() }),
            contexts: object(),
            tags: texts(),
            extra: object(),
            modules: texts(),
            fingerprint: vec!["text".to_owned()],
            sdk: Some(SdkInfo { name: "sdk".to_owned(), ..SdkInfo::default() }),
            debug_meta: json!({"images": []}),
            meta: json!({"tags": {"": {}}}),
        };
        assert_eq!(Event::from_slice(&serde_json::to_vec(&event).unwrap()), Ok(event.clone()));
        assert_eq!(Event::from_value(serde_json::to_value(&event).unwrap()), Ok(event));
    }

    #[test]
    fn both_forms_are_read_as_one() {
        let read = |value: Value| {
            let from_text = Event::from_slice(value.to_string().as_bytes());
            assert_eq!(from_text, Event::from_value(value.clone()), "{value}");
            from_text
        };
        let base = |more: Value| {
            let mut event = json!({"event_id": "0123456789abcdef0123456789abcdef", "timestamp": 1.5});
            event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            event
        };
        let one = json!({"type": "E", "value": 7});
        for exception in [json!([one, null]), json!({"values": [one]}), one.clone(), json!({"values": [one], "x": 1})] {
            let event = read(base(json!({ "exception": exception }))).unwrap();
            assert_eq!(event.exception.values.len(), 1);
            assert_eq!(event.exception.values[0].value.as_deref(), Some("7"));
        }
        for none in [json!(null), json!([]), json!({"values": null}), json!({"values": []})] {
            assert!(read(base(json!({ "exception": none }))).unwrap().exception.is_empty());
        }
        for tags in [json!({"a": 1, "b": [2], "c": null}), json!([["a", 1], ["b"], ["b", {}], 3, [null, 4]])] {
            assert_eq!(read(base(json!({ "tags": tags }))).unwrap().tags, BTreeMap::from([("a".into(), "1".into())]));
        }
        let said = json!({"message": "m", "logentry": {"formatted": "f", "other": 1}});
        assert_eq!(read(base(said)).unwrap().logentry.unwrap().formatted.as_deref(), Some("f"));
        let event = read(base(json!({"message": "m", "stray": [1], "extra": {"stray": 2}, "other": 3}))).unwrap();
        assert_eq!(event.logentry, Some(LogEntry::from("m".to_owned())));
        assert_eq!(Value::Object(event.extra), json!({"stray": 2, "other": 3}));
        for (field, wrong) in [
            ("exception", json!(7)),
            ("exception", json!({"values": {"type": "E"}})),
            ("tags", json!("t")),
            ("level", json!(3)),
            ("timestamp", json!("soon")),
            ("event_id", json!("7")),
            ("user", json!([])),
            ("logentry", json!([])),
            ("release", json!({})),
        ] {
            assert_eq!(read(base(json!({ field: wrong }))).unwrap_err().field, field);
        }
    }
}
