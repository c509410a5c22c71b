//! What a page shows beside its issues: how many there are, when they occurred, what can be asked for, and why an event
//! is of its issue.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use faultwire::fingerprint;
use faultwire::protocol::Frame;
use faultwire::stacktrace::Blocklist;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::answers::{Items, reading};
use super::inputs::{Limit, Path, Query};
use super::search::{Which, hex_id};
use super::table::Route;
use super::{Problem, Shared};
use crate::people::Need;
use crate::store::sqlite::{Activity, Choices};
use crate::{IssueId, ProjectId, clock};

/// Issues that one request asks for.
const MAX_ISSUES: usize = 100;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(
            "/api/v1/projects/{project}/counts",
            Need::View,
            "How many issues there are of each status, of those that are asked for.",
            counts,
        ),
        Route::get(
            "/api/v1/projects/{project}/activity",
            Need::View,
            "When up to 100 issues occurred, by the hour.",
            activity,
        ),
        Route::get(
            "/api/v1/projects/{project}/filters",
            Need::View,
            "Environments, releases and tags that issues can be asked for.",
            filters,
        ),
        Route::get(
            "/api/v1/projects/{project}/events/{event}/grouping",
            Need::View,
            "Why a stored event is of its issue: what its fingerprint is made of.",
            grouping,
        ),
    ]
}

/// Issues by where they stand.
#[derive(Serialize, JsonSchema)]
struct Counts {
    /// Numbers by the status' name; of a status that has none there is no entry.
    statuses: BTreeMap<String, u64>,
}

async fn counts(
    State(api): Shared,
    Path(project): Path<u32>,
    Query(which): Query<Which>,
) -> Result<Json<Counts>, Problem> {
    let (reader, filter) = (api.reader.clone(), which.filter()?);
    let statuses = reading(move || reader.standings(ProjectId(project), &filter)).await?;
    Ok(Json(Counts { statuses }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// Their numbers, with commas between them. Of one that is not there nothing is answered.
    #[schemars(regex(pattern = "^[0-9]{1,18}(,[0-9]{1,18}){0,99}$"))]
    issues: String,
    /// How many hours up to now: a day unless others are asked for, at most two weeks.
    #[serde(default)]
    hours: Limit<24, 336>,
}

async fn activity(
    State(api): Shared,
    Path(project): Path<u32>,
    Query(asked): Query<Asked>,
) -> Result<Json<Items<Activity>>, Problem> {
    let wrong = || Problem::Invalid(format!("issues: expected 1 to {MAX_ISSUES} numbers with commas between them"));
    let issues: Vec<IssueId> =
        asked.issues.split(',').map(|id| id.parse().map(IssueId)).collect::<Result<_, _>>().map_err(|_| wrong())?;
    if issues.len() > MAX_ISSUES {
        return Err(wrong());
    }
    let reader = api.reader.clone();
    let hours = asked.hours.get();
    let items = reading(move || reader.activity(ProjectId(project), &issues, hours, clock::now())).await?;
    Ok(Json(Items { items }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Tag {
    /// A tag whose values are wanted.
    tag: Option<String>,
}

async fn filters(
    State(api): Shared,
    Path(project): Path<u32>,
    Query(Tag { tag }): Query<Tag>,
) -> Result<Json<Choices>, Problem> {
    let reader = api.reader.clone();
    reading(move || reader.choices(ProjectId(project), tag.as_deref())).await.map(Json)
}

/// Why an event is of its issue.
#[derive(Serialize, JsonSchema)]
struct Grouping {
    /// The fingerprint that it was counted under: 64 hexadecimal digits.
    fingerprint: String,
    /// What is made of the stored event now: its `hash`, and what that is made of.
    record: Map<String, Value>,
    /// Whether the two are the same. They are not where the client had named the fault by what is not stored, such as
    /// rules of its own.
    agrees: bool,
}

async fn grouping(State(api): Shared, Path((project, event)): Path<(u32, String)>) -> Result<Json<Grouping>, Problem> {
    let (id, _) = hex_id("event", &event)?;
    let reader = api.reader.clone();
    let found = reading(move || {
        let Some(found) = reader.event(&id)?.filter(|found| found.project.0 == project) else { return Ok(None) };
        let Some(stored) = &found.stored else { return Ok(None) };
        let event = faultwire::Event::from_slice(&reader.stored(stored.place())?).map_err(anyhow::Error::msg)?;
        let blocklist = Blocklist::builtin();
        let blocked = |platform: &str, frame: &Frame| blocklist.blocks(platform, frame);
        let record = fingerprint::explain(&event, &blocked, &[]);
        let agrees = record.hash == found.fingerprint;
        let record = serde_json::to_value(record)?.as_object().cloned().unwrap_or_default();
        Ok(Some(Grouping { fingerprint: found.fingerprint, record, agrees }))
    });
    found.await?.map(Json).ok_or(Problem::NotFound)
}
