//! The pages: what one-time links open, and the issues. They hold nothing of anyone's and ask the API for it, so they
//! need nothing of who asks.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::document::{Answer, Sketch};
use super::table::Route;
use crate::people::Need;

/// Nothing but the page's own script and style, and nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; \
                      form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

/// Something that is the same for everyone.
struct Page(&'static str, &'static str);

pub(super) fn routes() -> Vec<Route> {
    let page = |path, summary, page: fn() -> Page| Route::get(path, Need::Open, summary, async move || page());
    vec![
        page("/", "The issues.", || html(include_str!("issues.html"))),
        page("/issues.js", "Its script.", || script(include_str!("issues.js"))),
        page("/issues.css", "Its style.", || Page("text/css; charset=utf-8", include_str!("issues.css"))),
        page("/setup", "Where the first person comes in.", || html(include_str!("entrance.html"))),
        page("/join", "Where others do.", || html(include_str!("entrance.html"))),
        page("/entrance.js", "Its script.", || script(include_str!("entrance.js"))),
    ]
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let Page(kind, body) = self;
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
}

/// Programs are not told of pages.
impl Answer for Page {
    fn describe(_: &mut Sketch) {}
}

fn html(body: &'static str) -> Page {
    Page("text/html; charset=utf-8", body)
}

fn script(body: &'static str) -> Page {
    Page("text/javascript; charset=utf-8", body)
}
