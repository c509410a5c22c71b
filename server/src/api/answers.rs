//! What goes wrong, as the API says it: `{"reason": ..., "detail": ...}`.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::consume::doorway::Closed;

/// Why a request has no answer.
#[derive(Debug)]
pub enum Problem {
    /// There is no such thing, or not for the one who asks.
    NotFound,
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

impl From<Closed> for Problem {
    fn from(_: Closed) -> Self {
        Problem::Unavailable
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, body) = match self {
            Problem::NotFound => {
                (StatusCode::NOT_FOUND, json!({ "reason": "not_found", "detail": "there is no such thing" }))
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
        (status, Json(body)).into_response()
    }
}

/// Reads on a thread that may wait for the disk.
pub(super) async fn reading<T: Send + 'static>(
    read: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(read).await.map_err(|_| Problem::Unavailable)?.map_err(Problem::Internal)
}
