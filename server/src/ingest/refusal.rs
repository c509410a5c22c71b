//! A no, as the client reads it.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::ProjectId;
use crate::outcome::Reason;

/// Why a request is not accepted.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The reason's name is in the answer.
    pub reason: Reason,
    /// What was expected and what was found.
    pub detail: String,
    /// Whose it would have been, once that is known.
    pub project: Option<ProjectId>,
    /// Seconds after which the client may come again.
    pub retry_after: Option<u64>,
}

impl Refusal {
    /// A no for `reason`.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Refusal { reason, detail: detail.into(), project: None, retry_after: None }
    }

    /// A no until some seconds have passed.
    pub fn until(reason: Reason, seconds: u64, detail: impl Into<String>) -> Self {
        Refusal { retry_after: Some(seconds.max(1)), ..Refusal::new(reason, detail) }
    }

    /// The same, of `project`.
    pub fn of(self, project: ProjectId) -> Self {
        Refusal { project: Some(project), ..self }
    }

    fn status(&self) -> StatusCode {
        match self.reason {
            Reason::InvalidKey | Reason::RevokedKey => StatusCode::UNAUTHORIZED,
            Reason::WrongProject | Reason::ForbiddenOrigin | Reason::ForbiddenItem => StatusCode::FORBIDDEN,
            Reason::UnknownProject => StatusCode::NOT_FOUND,
            Reason::TooLarge | Reason::TooManyItems => StatusCode::PAYLOAD_TOO_LARGE,
            Reason::Timeout => StatusCode::REQUEST_TIMEOUT,
            Reason::Quota | Reason::AddressQuota => StatusCode::TOO_MANY_REQUESTS,
            Reason::Overloaded | Reason::DiskFull => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = self.status();
        let body = Json(json!({ "reason": self.reason.as_str(), "detail": self.detail }));
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            if status == StatusCode::TOO_MANY_REQUESTS {
                let limit = format!("{seconds}:error;default:project:{}", self.reason.as_str());
                if let Ok(value) = HeaderValue::try_from(limit) {
                    headers.insert("x-sentry-rate-limits", value);
                }
            }
        }
        response
    }
}
