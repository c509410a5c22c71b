//! What goes wrong, as the API says it: `{"reason": ..., "detail": ...}`.

use axum::Json;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::consume::doorway::Closed;
use crate::people::passwords::Busy;

/// Why a request has no answer.
#[derive(Debug)]
pub enum Problem {
    /// There is no such thing, or not for the one who asks.
    NotFound,
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

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut header = None;
        let (status, body) = match self {
            Problem::NotFound => {
                (StatusCode::NOT_FOUND, json!({ "reason": "not_found", "detail": "there is no such thing" }))
            }
            Problem::Unauthorized => {
                header = Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
                let detail = "log in, or send an API token: Authorization: Bearer fwt_...";
                (StatusCode::UNAUTHORIZED, json!({ "reason": "unauthorized", "detail": detail }))
            }
            Problem::WrongPassword => {
                let detail = "the address or the password is wrong";
                (StatusCode::UNAUTHORIZED, json!({ "reason": "wrong_password", "detail": detail }))
            }
            Problem::Forbidden(reason, detail) => {
                (StatusCode::FORBIDDEN, json!({ "reason": reason, "detail": detail }))
            }
            Problem::Conflict(detail) => (StatusCode::CONFLICT, json!({ "reason": "conflict", "detail": detail })),
            Problem::TooMany(seconds) => {
                header = Some((header::RETRY_AFTER, HeaderValue::from(seconds)));
                let detail = format!("too many attempts; the next is possible in {seconds} seconds");
                (StatusCode::TOO_MANY_REQUESTS, json!({ "reason": "too_many_attempts", "detail": detail }))
            }
            Problem::Invalid(detail) => (StatusCode::BAD_REQUEST, json!({ "reason": "invalid", "detail": detail })),
            Problem::Stale(now) => {
                let detail = "it was changed since; here is how it is now";
                (StatusCode::PRECONDITION_FAILED, json!({ "reason": "stale", "detail": detail, "current": now }))
            }
            Problem::Unavailable => {
                let detail = "the server is stopping or behind; try again";
                (StatusCode::SERVICE_UNAVAILABLE, json!({ "reason": "unavailable", "detail": detail }))
            }
            Problem::Internal(error) => {
                tracing::error!(error = format!("{error:#}"), "request failed");
                let detail = "the server could not do it; its log says why";
                (StatusCode::INTERNAL_SERVER_ERROR, json!({ "reason": "internal", "detail": detail }))
            }
        };
        let mut response = (status, Json(body)).into_response();
        if let Some((name, value)) = header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// A body of JSON. What is wrong with it is said as everything is.
pub(super) struct Input<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Input<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Input<T>, Problem> {
        match Json::from_request(request, state).await {
            Ok(Json(value)) => Ok(Input(value)),
            Err(rejection) => Err(Problem::Invalid(rejection.body_text())),
        }
    }
}

/// Reads on a thread that may wait for the disk.
pub(super) async fn reading<T: Send + 'static>(
    read: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(read).await.map_err(|_| Problem::Unavailable)?.map_err(Problem::Internal)
}
