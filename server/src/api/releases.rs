//! Releases: when they came, how their sessions ended, what is new in them.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;

use super::answers::{Items, reading};
use super::inputs::{Limit, Path, Query};
use super::table::Route;
use super::{Problem, Shared};
use crate::ProjectId;
use crate::people::Need;
use crate::store::sqlite::{Page, ReleaseRow, SessionHour};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(
            "/api/v1/projects/{project}/releases",
            Need::View,
            "Releases, the newest first, with their sessions.",
            list,
        ),
        Route::get("/api/v1/projects/{project}/sessions", Need::View, "Sessions by the hour.", hours),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct List {
    /// Of sessions and issues there.
    environment: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
    #[serde(default)]
    limit: Limit<25, 100>,
}

async fn list(
    State(api): Shared,
    Path(project): Path<u32>,
    Query(list): Query<List>,
) -> Result<Json<Page<ReleaseRow>>, Problem> {
    let reader = api.reader.clone();
    let limit = list.limit.get();
    let page = move || reader.releases(ProjectId(project), list.environment.as_deref(), list.after.as_deref(), limit);
    reading(page).await.map(Json)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Hours {
    release: Option<String>,
    environment: Option<String>,
    /// Hours: a week unless others are asked for, at most a month.
    #[serde(default)]
    limit: Limit<168, 720>,
}

async fn hours(
    State(api): Shared,
    Path(project): Path<u32>,
    Query(hours): Query<Hours>,
) -> Result<Json<Items<SessionHour>>, Problem> {
    let reader = api.reader.clone();
    let limit = hours.limit.get();
    let (release, environment) = (hours.release, hours.environment);
    let items = move || reader.session_hours(ProjectId(project), release.as_deref(), environment.as_deref(), limit);
    Ok(Json(Items { items: reading(items).await? }))
}
