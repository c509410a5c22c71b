use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Value, lenient};

/// The HTTP request during which the event happened.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Request {
    /// Scheme, host and path; the query stands in `query_string`.
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// HTTP method.
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// As a text (`a=b&c=d`), a map, or a list of pairs.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub query_string: Value,
    /// Header names to values.
    #[serde(deserialize_with = "lenient::text_map", skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// As a text (`a=b; c=d`), a map, or a list of pairs.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub cookies: Value,
    /// The body: structured where it could be parsed, otherwise text.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub data: Value,
    /// Server variables: `REMOTE_ADDR`, `SERVER_NAME`, ...
    #[serde(deserialize_with = "lenient::text_map", skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
}
