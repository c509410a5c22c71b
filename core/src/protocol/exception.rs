use serde::{Deserialize, Serialize};

use super::{Map, Stacktrace, Value, lenient};

/// One error of a chain. On the wire the oldest cause comes first and the raised error last.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Exception {
    /// Class name without the module.
    #[serde(rename = "type", deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub ty: Option<String>,
    /// The message.
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Module of the class.
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// The thread it was raised on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread_id: Option<Value>,
    /// How it came to be captured, and its place in the chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mechanism: Option<Mechanism>,
    /// Its stack.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stacktrace: Option<Stacktrace>,
}

/// How an exception was captured and where it stands in the tree of causes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Mechanism {
    /// `generic` for calls by the application, `auto.<...>` for hooks, `chained` for causes.
    #[serde(rename = "type", deserialize_with = "lenient::or_default")]
    pub ty: String,
    /// False when nobody caught it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handled: Option<bool>,
    /// True when the type and message say how it was captured rather than what went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub synthetic: Option<bool>,
    /// The attribute of the parent that holds this one: `__cause__`, `__context__`, `exceptions[0]`, `source`.
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Number of this exception; the root is 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exception_id: Option<u32>,
    /// Number of the exception that holds this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<u32>,
    /// An exception group: the members carry the stacks that matter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_exception_group: Option<bool>,
    /// Platform detail (signal numbers, errno).
    #[serde(deserialize_with = "lenient::or_default", skip_serializing_if = "Map::is_empty")]
    pub meta: Map,
    /// Free detail.
    #[serde(deserialize_with = "lenient::or_default", skip_serializing_if = "Map::is_empty")]
    pub data: Map,
}
