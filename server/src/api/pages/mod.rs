//! The pages: what one-time links open, and the issues. They hold nothing of anyone's and ask the API for it, so they
//! need nothing of who asks.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::table::Route;
use crate::people::Need;

/// Nothing but the page's own script and style, and nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; \
                      form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/", Need::Open, async || html(include_str!("issues.html"))),
        Route::get("/issues.js", Need::Open, async || script(include_str!("issues.js"))),
        Route::get("/issues.css", Need::Open, async || served("text/css; charset=utf-8", include_str!("issues.css"))),
        Route::get("/setup", Need::Open, async || html(include_str!("entrance.html"))),
        Route::get("/join", Need::Open, async || html(include_str!("entrance.html"))),
        Route::get("/entrance.js", Need::Open, async || script(include_str!("entrance.js"))),
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

fn html(body: &'static str) -> Response {
    served("text/html; charset=utf-8", body)
}

fn script(body: &'static str) -> Response {
    served("text/javascript; charset=utf-8", body)
}
