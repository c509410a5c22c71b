//! What the API answers: what was asked for, in a few forms, or what is wrong: `{"reason": ..., "detail": ...}`.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::consume::doorway::Closed;
use crate::people::passwords::Busy;
use crate::telemetry::requests;

/// Why a request has no answer.
#[derive(Debug)]
pub enum Problem {
    /// There is no such thing, or not for the one who asks.
    NotFound,
    /// There is something, but it takes other methods.
    NotAllowed,
    /// Nobody knows who asks.
    Unauthorized,
    /// No such person, or not their password: which of the two is not told.
    WrongPassword,
    /// They may not: the reason's name, and a sentence.
    Forbidden(&'static str, &'static str),
    /// It cannot be, as things stand.
    Conflict(String),
    /// Too often; seconds until the next attempt.
    TooMany(u64),
    /// The request is wrong: what, and what was expected.
    Invalid(String),
    /// The body is too long.
    TooLarge,
    /// The body is said to be something else than JSON.
    NotJson,
    /// Someone else was first; what is now.
    Stale(serde_json::Value),
    /// The server is stopping or behind.
    Unavailable,
    /// The server's fault. Logged; the client is not told more.
    Internal(anyhow::Error),
}

impl From<anyhow::Error> for Problem {
    fn from(error: anyhow::Error) -> Self {
        Problem::Internal(error)
    }
}

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Self {
        Problem::Internal(error.into())
    }
}

/// What the rules of people say of something they were given.
impl From<String> for Problem {
    fn from(wrong: String) -> Self {
        Problem::Invalid(wrong)
    }
}

impl From<Busy> for Problem {
    fn from(_: Busy) -> Self {
        Problem::Unavailable
    }
}

impl From<Closed> for Problem {
    fn from(_: Closed) -> Self {
        Problem::Unavailable
    }
}

/// A problem, as it is answered.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(super) struct Told {
    /// Its name, for programs.
    pub reason: &'static str,
    /// What it is, for people.
    pub detail: String,
    /// Where someone else was first: what is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<serde_json::Value>,
    /// Where the server is at fault: what its log has of it stands under this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl Problem {
    /// The status and the name.
    fn name(&self) -> (StatusCode, &'static str) {
        match self {
            Problem::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            Problem::NotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Problem::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized"),
            Problem::WrongPassword => (StatusCode::UNAUTHORIZED, "wrong_password"),
            Problem::Forbidden(reason, _) => (StatusCode::FORBIDDEN, reason),
            Problem::Conflict(_) => (StatusCode::CONFLICT, "conflict"),
            Problem::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, "too_many_attempts"),
            Problem::Invalid(_) => (StatusCode::BAD_REQUEST, "invalid"),
            Problem::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Problem::NotJson => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json"),
            Problem::Stale(_) => (StatusCode::PRECONDITION_FAILED, "stale"),
            Problem::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            Problem::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }

    fn detail(&self) -> String {
        let fixed = match self {
            Problem::NotFound => "there is no such thing",
            Problem::NotAllowed => "Allow says which methods there are",
            Problem::Unauthorized => "log in, or send an API token: Authorization: Bearer fwt_...",
            Problem::WrongPassword => "the address or the password is wrong",
            Problem::Forbidden(_, detail) => detail,
            Problem::Conflict(detail) | Problem::Invalid(detail) => detail,
            Problem::TooLarge => "the body is longer than 2 MB",
            Problem::NotJson => "Content-Type: expected application/json",
            Problem::Stale(_) => "it was changed since; here is how it is now",
            Problem::Unavailable => "the server is stopping or behind; try again",
            Problem::Internal(_) => "the server could not do it; its log says why",
            Problem::TooMany(seconds) => {
                return format!("too many attempts; the next is possible in {seconds} seconds");
            }
        };
        fixed.to_owned()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, reason) = self.name();
        let detail = self.detail();
        let header = match &self {
            Problem::Unauthorized => Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            Problem::TooMany(seconds) => Some((header::RETRY_AFTER, HeaderValue::from(*seconds))),
            _ => None,
        };
        let request_id = if status.is_server_error() { requests::current() } else { None };
        if let Problem::Internal(error) = &self {
            tracing::error!(error = format!("{error:#}"), request_id, "request failed");
        }
        let current = match self {
            Problem::Stale(now) => Some(now),
            _ => None,
        };
        let mut response = (status, Json(Told { reason, detail, current, request_id })).into_response();
        if let Some((name, value)) = header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// A list that is answered whole.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ListOf{T}")]
pub(super) struct Items<T> {
    pub items: Vec<T>,
}

/// It is done, and there is nothing to say, but a page reads JSON.
#[derive(Serialize, JsonSchema)]
pub(super) struct Nothing {}

/// 201: it was made.
pub(super) struct Created<T>(pub T);

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, Json(self.0)).into_response()
    }
}

/// 204: it is done, and there is nothing to say.
pub(super) struct NoContent;

impl IntoResponse for NoContent {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

/// An answer with what `If-Match` wants to see again.
pub(super) struct Tagged<T> {
    pub tag: String,
    pub body: T,
}

impl<T: Serialize> Tagged<T> {
    /// Tagged by its own content, and by `more` that it does not show.
    pub fn by_content(body: T, more: &[u8]) -> Tagged<T> {
        Tagged { tag: content_tag(&body, more), body }
    }
}

/// A tag for things that have no version of their own: another as soon as anything of them is.
pub(super) fn content_tag(body: &impl Serialize, more: &[u8]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(serde_json::to_vec(body).unwrap_or_default());
    hasher.update(more);
    hasher.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.body).into_response();
        if let Ok(tag) = HeaderValue::try_from(format!("\"{}\"", self.tag)) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}

/// Reads on a thread that may wait for the disk.
pub(super) async fn reading<T: Send + 'static>(
    read: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(read).await.map_err(|_| Problem::Unavailable)?.map_err(Problem::Internal)
}
