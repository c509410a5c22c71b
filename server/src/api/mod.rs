//! What people and programs see and do: REST under `/api/v1`, and where Prometheus and balancers look.

mod alerts;
mod answers;
mod issues;
mod projects;
mod stream;

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;

use crate::alerts::{Sender, Vault};
use crate::consume::Doorway;
use crate::live::Live;
use crate::log::Log;
use crate::store::sqlite::Reader;
use crate::telemetry::Metrics;

pub use answers::Problem;

/// What the routes need.
pub struct Api {
    /// Reads.
    pub reader: Reader,
    /// Changes.
    pub doorway: Doorway,
    /// What happens.
    pub live: Arc<Live>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// For its depth.
    pub log: Arc<dyn Log>,
    /// What DSNs are made of.
    pub public_url: String,
    /// Seals the secrets of channels.
    pub vault: Arc<Vault>,
    /// Tries channels.
    pub sender: Arc<Sender>,
}

type Shared = State<Arc<Api>>;

/// All routes but those of ingestion.
pub fn routes(api: Arc<Api>) -> Router {
    Router::new()
        .merge(projects::routes())
        .merge(issues::routes())
        .merge(stream::routes())
        .merge(alerts::routes())
        .route("/metrics", get(metrics))
        .route("/healthz", get(async || "ok"))
        .route("/readyz", get(ready))
        .layer(middleware::from_fn_with_state(api.clone(), measure))
        .with_state(api)
}

/// Every route has its time and status in the metrics.
async fn measure(State(api): Shared, request: Request<Body>, next: Next) -> Response {
    let started = Instant::now();
    let route = request.extensions().get::<MatchedPath>().map_or("none".to_owned(), |path| path.as_str().to_owned());
    let method = request.method().as_str().to_owned();
    let response = next.run(request).await;
    api.metrics.answered(&route, &method, response.status().as_u16(), started.elapsed());
    response
}

async fn metrics(State(api): Shared) -> String {
    api.metrics.log_bytes.set(api.log.depth() as i64);
    api.metrics.text()
}

/// Ready when the consumer answers.
async fn ready(State(api): Shared) -> Result<&'static str, StatusCode> {
    api.doorway.ask(|_| ()).await.map(|()| "ready").map_err(|_| StatusCode::SERVICE_UNAVAILABLE)
}
