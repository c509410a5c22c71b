use serde::{Deserialize, Serialize};

use super::{Level, Map, Timestamp, lenient};

/// Something that happened before the error: a log line, a query, a request.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Breadcrumb {
    /// When; the default is the moment it was added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Timestamp>,
    /// `default`, `http`, `query`, `navigation`, ...: how a viewer shows it.
    #[serde(rename = "type", deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub ty: Option<String>,
    /// Dotted name of the source, for example a logger's name.
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Severity; absent means `info`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// Human-readable text; at most 8192 characters on the wire.
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Structured detail.
    #[serde(deserialize_with = "lenient::or_default", skip_serializing_if = "Map::is_empty")]
    pub data: Map,
}
