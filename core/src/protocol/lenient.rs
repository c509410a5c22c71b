//! Reading what clients really send: the forms that mean the same and differ only in spelling.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use super::Value;

/// `{"values": [...]}` on the wire; a bare list or a single object is read too, nulls are skipped.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Values<T> {
    /// The members, in wire order.
    pub values: Vec<T>,
}

impl<T> Default for Values<T> {
    fn default() -> Self {
        Values { values: Vec::new() }
    }
}

impl<T> Values<T> {
    /// True when there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

impl<T> From<Vec<T>> for Values<T> {
    fn from(values: Vec<T>) -> Self {
        Values { values }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Values<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let list = match Value::deserialize(deserializer)? {
            Value::Null => Vec::new(),
            Value::Array(list) => list,
            Value::Object(mut object) => match object.remove("values") {
                Some(Value::Array(list)) => list,
                Some(Value::Null) => Vec::new(),
                Some(_) => return Err(serde::de::Error::custom("values: expected a list")),
                None => vec![Value::Object(object)],
            },
            _ => return Err(serde::de::Error::custom("expected a list or an object with `values`")),
        };
        let values = list.into_iter().filter(|v| !v.is_null()).map(serde_json::from_value).collect::<Result<_, _>>();
        values.map(|values| Values { values }).map_err(serde::de::Error::custom)
    }
}

/// A text from any scalar: numbers and booleans as they print.
fn scalar_text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A map of texts: scalars become texts, a list of pairs is read as a map, nulls are skipped.
pub(super) fn text_map<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let mut out = BTreeMap::new();
    match Value::deserialize(deserializer)? {
        Value::Null => {}
        Value::Object(object) => {
            for (key, value) in object {
                if let Some(text) = scalar_text(value) {
                    out.insert(key, text);
                }
            }
        }
        Value::Array(pairs) => {
            for pair in pairs {
                if let Value::Array(mut pair) = pair
                    && let (Some(value), Some(key)) = (pair.pop(), pair.pop())
                    && let (Some(key), Some(value)) = (scalar_text(key), scalar_text(value))
                {
                    out.insert(key, value);
                }
            }
        }
        _ => return Err(serde::de::Error::custom("expected an object")),
    }
    Ok(out)
}

/// An optional text from any scalar.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        other => scalar_text(other).map(Some).ok_or_else(|| serde::de::Error::custom("expected a text")),
    }
}

/// `null` reads as the default.
pub(super) fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(d: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(d)?.unwrap_or_default())
}

/// What cannot be read is as if it were not there: for what only helps.
pub(super) fn if_readable<'de, D: Deserializer<'de>, T: DeserializeOwned>(d: D) -> Result<Option<T>, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(d)?).ok())
}
