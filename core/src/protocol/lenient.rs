//! Reading what clients really send: the forms that mean the same and differ only in spelling.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::{Map, Value};

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
        deserializer.deserialize_any(ValuesVisitor(PhantomData))
    }
}

struct ValuesVisitor<T>(PhantomData<T>);

impl<'de, T: DeserializeOwned> Visitor<'de> for ValuesVisitor<T> {
    type Value = Values<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or an object with `values`")
    }

    fn visit_unit<E>(self) -> Result<Values<T>, E> {
        Ok(Values::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Values<T>, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element::<Option<T>>()? {
            values.extend(value);
        }
        Ok(Values { values })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Values<T>, A::Error> {
        let mut single = Map::new();
        let mut values = None;
        while let Some(name) = object.next_key::<String>()? {
            if name == "values" {
                values = Some(object.next_value::<List<T>>()?.0);
            } else {
                single.insert(name, object.next_value()?);
            }
        }
        let alone = || T::deserialize(&Value::Object(single)).map(|value| Values { values: vec![value] });
        values.map_or_else(|| alone().map_err(A::Error::custom), Ok)
    }
}

/// What stands under `values`: a list, and no further object.
struct List<T>(Values<T>);

impl<'de, T: DeserializeOwned> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let list = Option::<Vec<Option<T>>>::deserialize(deserializer)?.unwrap_or_default();
        Ok(List(Values { values: list.into_iter().flatten().collect() }))
    }
}

/// A text from any scalar: numbers and booleans as they print. `None` is what is no scalar.
struct Scalar(Option<String>);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Scalar(match Value::deserialize(deserializer)? {
            Value::String(text) => Some(text),
            Value::Bool(flag) => Some(flag.to_string()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }))
    }
}
/// A map of texts: scalars become texts, a list of pairs is read as a map, nulls are skipped.
pub(super) fn text_map<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    deserializer.deserialize_any(TextsVisitor)
}

struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = BTreeMap<String, String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(BTreeMap::new())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut texts = BTreeMap::new();
        while let Some((name, Scalar(value))) = object.next_entry()? {
            value.map(|value| texts.insert(name, value));
        }
        Ok(texts)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut pairs: A) -> Result<Self::Value, A::Error> {
        let mut texts = BTreeMap::new();
        while let Some(pair) = pairs.next_element::<Value>()? {
            if let Ok((Scalar(Some(name)), Scalar(Some(value)))) = Deserialize::deserialize(&pair) {
                texts.insert(name, value);
            }
        }
        Ok(texts)
    }
}

/// An optional text from any scalar.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match Option::<Scalar>::deserialize(deserializer)? {
        Some(Scalar(None)) => Err(Error::custom("expected a text")),
        text => Ok(text.and_then(|Scalar(text)| text)),
    }
}

/// As [`text`], where there is no field to say so.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Text(#[serde(deserialize_with = "text")] pub Option<String>);

/// As [`text_map`], where there is no field to say so.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Texts(#[serde(deserialize_with = "text_map")] pub BTreeMap<String, String>);

/// `null` reads as the default.
pub(super) fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(d: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(d)?.unwrap_or_default())
}

/// What cannot be read is as if it were not there: for what only helps.
pub(super) fn if_readable<'de, D: Deserializer<'de>, T: DeserializeOwned>(d: D) -> Result<Option<T>, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(d)?).ok())
}
