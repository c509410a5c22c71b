//! Every request has an id, a line in the log, and a place in the metrics.
//!
//! The line has the route's pattern, not the path that was asked for, and nothing of query, headers and body: there
//! are secrets in all of them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

use super::Metrics;
use crate::clock;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Longer ones are not taken over.
const MAX_ID: usize = 64;

tokio::task_local! {
    static CURRENT: HeaderValue;
}

/// The id of the request that is being answered; none beside one.
pub fn current() -> Option<String> {
    CURRENT.try_with(|id| id.to_str().map(str::to_owned).ok()).ok().flatten()
}

/// The id that a proxy or client has given, if it is one that can stand in any log.
fn given(request: &Request<Body>) -> Option<HeaderValue> {
    let id = request.headers().get(HEADER)?;
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    ((1..=MAX_ID).contains(&id.len()) && id.as_bytes().iter().all(is_plain)).then(|| id.clone())
}

/// When this process began, and a number: not to be mistaken, and nothing that anyone has to guess.
fn fresh() -> HeaderValue {
    static START: LazyLock<i64> = LazyLock::new(clock::now);
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let id = format!("{:x}-{:x}", *START, NEXT.fetch_add(1, Ordering::Relaxed));
    HeaderValue::try_from(id).unwrap_or(HeaderValue::from_static("none"))
}

/// Inside the router, where it is known which route it was: says so outside.
pub async fn name(request: Request<Body>, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    if let Some(route) = route {
        response.extensions_mut().insert(route);
    }
    response
}

/// Around everything.
pub async fn follow(State(metrics): State<Arc<Metrics>>, request: Request<Body>, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let id = given(&request).unwrap_or_else(fresh);
    let mut response = CURRENT.scope(id.clone(), next.run(request)).await;
    let took = started.elapsed();
    let status = response.status().as_u16();
    let matched = response.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or("none", |route| route.as_str());
    // What is no method of HTTP is one to the metrics, whatever is sent.
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    let method = known.into_iter().find(|known| *known == method.as_str()).unwrap_or("other");
    metrics.answered(route, method, status, took);
    let (request_id, seconds) = (id.to_str().unwrap_or_default(), took.as_secs_f64());
    if status >= 500 {
        tracing::error!(request_id, method, route, status, seconds, "request");
    } else if is_constant(route) {
        tracing::debug!(request_id, method, route, status, seconds, "request");
    } else {
        tracing::info!(request_id, method, route, status, seconds, "request");
    }
    response.headers_mut().insert(HEADER, id);
    response
}

/// What machines ask all day: thousands of lines a second that say nothing the metrics do not.
fn is_constant(route: &str) -> bool {
    route.starts_with("/api/{project}/") || matches!(route, "/metrics" | "/healthz" | "/readyz")
}
