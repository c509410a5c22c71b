use serde::{Deserialize, Serialize};

use super::{Value, lenient, map_of};

/// Who was hit. Everything beyond `id` is subject to `send_default_pii`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct User {
    /// The application's id of the user.
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// E-mail address.
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Login name.
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Address of the client, or `{{auto}}`.
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<String>,
    /// Anything else the application says of the user.
    #[serde(flatten)]
    pub other: std::collections::BTreeMap<String, Value>,
}

impl User {
    /// From a JSON object; a scalar is taken as the id.
    pub fn from_value(value: Value) -> Option<User> {
        match value {
            Value::Object(_) => serde_json::from_value(value).ok(),
            Value::Null | Value::Array(_) => None,
            scalar => serde_json::from_value(Value::Object(map_of([("id".to_owned(), scalar)]))).ok(),
        }
    }
}
