//! The page that one-time links open. It has no content of anyone's, so it needs nothing of who asks.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::table::Route;
use crate::people::Need;

/// Nothing but the page's own script and style, and nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; \
                      form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/setup", Need::Open, page),
        Route::get("/join", Need::Open, page),
        Route::get("/entrance.js", Need::Open, script),
    ]
}

fn served(kind: &'static str, body: &'static str) -> Response {
    let headers: [(HeaderName, &'static str); 5] = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    let mut response = body.into_response();
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn page() -> Response {
    served("text/html; charset=utf-8", include_str!("entrance.html"))
}

async fn script() -> Response {
    served("text/javascript; charset=utf-8", include_str!("entrance.js"))
}
