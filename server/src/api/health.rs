//! How the server is, for who runs it.

use axum::Json;
use axum::extract::State;

use super::answers::reading;
use super::table::Route;
use super::{Problem, Shared};
use crate::health::Report;
use crate::people::Need;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/api/v1/health", Need::Host, "How the server is: disk, lag, quotas.", health)]
}

async fn health(State(api): Shared) -> Result<Json<Report>, Problem> {
    let health = api.health.clone();
    reading(move || Ok(health.report())).await.map(Json)
}
