//! Issues that are like one: suggestions, with the reasons.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answers::reading;
use super::table::Route;
use super::{Problem, Shared};
use crate::issues::similar::MIN_SCORE;
use crate::people::Need;
use crate::{IssueId, ProjectId};

/// Suggestions unless it is asked for others.
const LIMIT: usize = 10;
const MAX_LIMIT: usize = 50;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/api/v1/projects/{project}/issues/{issue}/similar", Need::View, similar)]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    limit: Option<usize>,
}

async fn similar(
    State(api): Shared,
    Path((project, issue)): Path<(u32, i64)>,
    Query(which): Query<Which>,
) -> Result<Json<Value>, Problem> {
    let reader = api.reader.clone();
    let limit = which.limit.unwrap_or(LIMIT).clamp(1, MAX_LIMIT);
    let found = reading(move || reader.similar(ProjectId(project), IssueId(issue), limit)).await?;
    let found = found.ok_or(Problem::NotFound)?;
    let item = |(issue, alike)| json!({ "issue": issue, "likeness": alike });
    let items: Vec<Value> = found.into_iter().map(item).collect();
    Ok(Json(json!({ "items": items, "min_score": MIN_SCORE })))
}
