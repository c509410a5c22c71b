//! What handlers take of a request. What is wrong with it is said as everything is: JSON with a reason.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{self, FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::Problem;

/// A body of JSON.
pub(super) struct Input<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Input<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Input<T>, Problem> {
        match Json::from_request(request, state).await {
            Ok(Json(value)) => Ok(Input(value)),
            Err(JsonRejection::MissingJsonContentType(_)) => Err(Problem::NotJson),
            Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(Problem::TooLarge),
            Err(rejection) => Err(Problem::Invalid(rejection.body_text())),
        }
    }
}

/// A value of which nothing is passed over. Of choices that have nothing beside their name serde takes whatever else is
/// sent, and `{"move": "resolve", "release": "1.0"}` would resolve in all releases.
#[derive(JsonSchema)]
#[schemars(transparent)]
pub(super) struct Exactly<T>(pub T);

impl<'de, T: DeserializeOwned + Serialize> Deserialize<'de> for Exactly<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Exactly<T>, D::Error> {
        let sent = Map::<String, Value>::deserialize(deserializer)?;
        let value: T = serde_json::from_value(sent.clone().into()).map_err(D::Error::custom)?;
        let taken = serde_json::to_value(&value).map_err(D::Error::custom)?;
        match sent.keys().find(|name| taken.get(name.as_str()).is_none()) {
            Some(name) => Err(D::Error::custom(format!("unknown field `{name}`"))),
            None => Ok(Exactly(value)),
        }
    }
}

/// The parameters of the path, in its order.
pub(super) struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Path<T>, Problem> {
        let taken = extract::Path::from_request_parts(parts, state).await;
        taken.map(|extract::Path(value)| Path(value)).map_err(|rejection| Problem::Invalid(rejection.body_text()))
    }
}

/// The parameters of the query.
pub(super) struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Query<T>, Problem> {
        let taken = extract::Query::from_request_parts(parts, state).await;
        taken.map(|extract::Query(value)| Query(value)).map_err(|rejection| Problem::Invalid(rejection.body_text()))
    }
}

/// What `If-Match` asks for: to change something only if it is still as it was read.
pub(super) struct IfMatch(Option<String>);

impl IfMatch {
    /// The version, of what has one.
    pub fn version(&self) -> Result<Option<u64>, Problem> {
        let wrong = |_| Problem::Invalid("If-Match: expected the ETag that was answered".to_owned());
        self.0.as_deref().map(|tag| tag.parse().map_err(wrong)).transpose()
    }

    /// Whether a thing that has this tag may be changed.
    pub fn allows(&self, tag: &str) -> bool {
        self.0.as_deref().is_none_or(|wanted| wanted == tag)
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<IfMatch, Problem> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else { return Ok(IfMatch(None)) };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(IfMatch(None));
        }
        let tag = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).filter(|tag| !tag.contains('"'));
        let wrong = || Problem::Invalid("If-Match: expected the ETag that was answered, in its quotes".to_owned());
        tag.map(|tag| IfMatch(Some(tag.to_owned()))).ok_or_else(wrong)
    }
}

/// How many of a list: what is asked for, at least one and at most `MOST`, or else `USUAL`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(transparent)]
pub(super) struct Limit<const USUAL: usize, const MOST: usize>(usize);

impl<const USUAL: usize, const MOST: usize> Limit<USUAL, MOST> {
    /// How many.
    pub fn get(self) -> usize {
        self.0.clamp(1, MOST)
    }
}

impl<const USUAL: usize, const MOST: usize> Default for Limit<USUAL, MOST> {
    fn default() -> Self {
        Limit(USUAL)
    }
}

impl<const USUAL: usize, const MOST: usize> JsonSchema for Limit<USUAL, MOST> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Limit{USUAL}Of{MOST}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let description = format!("How many; by default {USUAL}, at most {MOST}.");
        json_schema!({ "type": "integer", "format": "uint", "minimum": 0, "description": description })
    }
}
