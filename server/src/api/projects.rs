//! Projects, their keys, and why events of theirs are not here.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answers::reading;
use super::{Api, Problem, Shared};
use crate::server::dsn;
use crate::{ProjectId, clock};

pub(super) fn routes() -> Router<Arc<Api>> {
    Router::new()
        .route("/api/v1/projects", get(list))
        .route("/api/v1/projects/{project}/outcomes", get(outcomes))
        .route("/api/v1/projects/{project}/deploys", post(deploy))
}

async fn list(State(api): Shared) -> Result<Json<Value>, Problem> {
    let (reader, public_url) = (api.reader.clone(), api.public_url.clone());
    let found = reading(move || reader.projects(|projects| Ok((projects.all()?, projects.keys()?)))).await?;
    let (projects, keys) = found;
    let of = |id: ProjectId| {
        let keys = keys.iter().filter(move |key| key.project == id);
        keys.map(|key| json!({ "key": key, "dsn": dsn(&public_url, &key.public, id) })).collect::<Vec<_>>()
    };
    let items: Vec<Value> = projects.iter().map(|p| json!({ "project": p, "keys": of(p.id) })).collect();
    Ok(Json(json!({ "items": items })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    event_id: Option<String>,
}

async fn outcomes(
    State(api): Shared,
    Path(project): Path<u32>,
    Query(which): Query<Which>,
) -> Result<Json<Value>, Problem> {
    let reader = api.reader.clone();
    reading(move || reader.outcomes(ProjectId(project), which.event_id.as_deref())).await.map(Json)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Deploy {
    release: String,
    time: Option<i64>,
}

async fn deploy(
    State(api): Shared,
    Path(project): Path<u32>,
    Json(deploy): Json<Deploy>,
) -> Result<Json<Value>, Problem> {
    if deploy.release.is_empty() || deploy.release.chars().count() > 200 {
        return Err(Problem::Invalid("release: expected 1 to 200 characters".to_owned()));
    }
    let time = deploy.time.unwrap_or_else(clock::now);
    api.doorway.ask(move |ledger| ledger.deploy(ProjectId(project), &deploy.release, time)).await??;
    Ok(Json(json!({})))
}
