//! Issues that are like one: suggestions, with the reasons.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answers::reading;
use super::inputs::{Limit, Path, Query};
use super::table::Route;
use super::{Problem, Shared};
use crate::issues::Issue;
use crate::issues::similar::{Likeness, MIN_SCORE};
use crate::people::Need;
use crate::{IssueId, ProjectId};

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get(
        "/api/v1/projects/{project}/issues/{issue}/similar",
        Need::View,
        "Issues that are like one, the most alike first.",
        similar,
    )]
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Which {
    #[serde(default)]
    limit: Limit<10, 50>,
}

/// One of them.
#[derive(Serialize, JsonSchema)]
struct Alike {
    issue: Issue,
    likeness: Likeness,
}

#[derive(Serialize, JsonSchema)]
struct Suggestions {
    items: Vec<Alike>,
    /// What is less alike is not suggested.
    min_score: f64,
}

async fn similar(
    State(api): Shared,
    Path((project, issue)): Path<(u32, i64)>,
    Query(which): Query<Which>,
) -> Result<Json<Suggestions>, Problem> {
    let reader = api.reader.clone();
    let limit = which.limit.get();
    let found = reading(move || reader.similar(ProjectId(project), IssueId(issue), limit)).await?;
    let found = found.ok_or(Problem::NotFound)?;
    let items = found.into_iter().map(|(issue, likeness)| Alike { issue, likeness }).collect();
    Ok(Json(Suggestions { items, min_score: MIN_SCORE }))
}
