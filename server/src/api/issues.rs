//! Issues: lists, one in full, its occurrences, and what is done to it.

use std::io::ErrorKind;

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::answers::{Tagged, reading};
use super::inputs::{Exactly, IfMatch, Input, Limit, Path, Query};
use super::search::{Which, hex_id, invalid};
use super::table::Route;
use super::{Problem, Shared};
use crate::consume::ledger::{Answer, Cause, Move};
use crate::issues::Issue;
use crate::people::{Caller, Need};
use crate::store::sqlite::{Details, Found, Occurrence, Page, Reader, Sort};
use crate::{IssueId, ProjectId};

/// Entries of a page unless it is asked for others.
const LIMIT: usize = 25;
const MAX_LIMIT: usize = 100;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/v1/projects/{project}/issues", Need::View, "Issues.", list),
        Route::get("/api/v1/projects/{project}/issues/{issue}", Need::View, "An issue in full.", one),
        Route::post("/api/v1/projects/{project}/issues/{issue}", Need::Change, "Changes an issue.", change),
        Route::get(
            "/api/v1/projects/{project}/issues/{issue}/occurrences",
            Need::View,
            "Stored occurrences of an issue, the newest first.",
            occurrences,
        ),
        Route::get(
            "/api/v1/projects/{project}/events/{event}",
            Need::View,
            "An event's issue, and its payload if that was stored.",
            event,
        ),
    ]
}

async fn list(
    State(api): Shared,
    Path(project): Path<u32>,
    Query(which): Query<Which>,
) -> Result<Json<Page<Issue>>, Problem> {
    let limit = which.limit.unwrap_or(LIMIT).clamp(1, MAX_LIMIT);
    let (filter, after) = (which.filter()?, which.after()?);
    let reader = api.reader.clone();
    let sort = which.sort(Sort::LastSeen);
    reading(move || reader.sorted_issues(ProjectId(project), &filter, sort, after, limit)).await.map(Json)
}

/// An issue in full.
#[derive(Serialize, JsonSchema)]
struct Whole {
    issue: Issue,
    details: Details,
}

/// An issue alone.
#[derive(Serialize, JsonSchema)]
struct OneIssue {
    issue: Issue,
}

async fn one(State(api): Shared, Path((project, issue)): Path<(u32, i64)>) -> Result<Tagged<Whole>, Problem> {
    let reader = api.reader.clone();
    let found = reading(move || reader.issue(IssueId(issue))).await?;
    let (issue, details) = found.filter(|(issue, _)| issue.project.0 == project).ok_or(Problem::NotFound)?;
    Ok(Tagged { tag: issue.version.to_string(), body: Whole { issue, details } })
}

/// What is done, and why.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(extend("unevaluatedProperties" = false))]
struct Change {
    #[serde(flatten)]
    what: Move,
    /// The reason, for those who read the audit trail: up to 500 characters.
    #[schemars(length(max = 500))]
    why: Option<String>,
}

async fn change(
    State(api): Shared,
    Path((project, issue)): Path<(u32, i64)>,
    caller: Caller,
    known: IfMatch,
    Input(Exactly(Change { what, why })): Input<Exactly<Change>>,
) -> Result<Tagged<OneIssue>, Problem> {
    let version = known.version()?;
    what.check()?;
    let cause = Cause::new(caller.who(), why)?;
    let task = move |ledger: &mut crate::consume::Ledger| {
        ledger.change(ProjectId(project), IssueId(issue), &what, &cause, version)
    };
    match api.doorway.ask(task).await?? {
        Answer::Done(issue) => Ok(Tagged { tag: issue.version.to_string(), body: OneIssue { issue: *issue } }),
        Answer::Gone => Err(Problem::NotFound),
        Answer::Stale(issue) => Err(Problem::Stale(json!(issue))),
        Answer::Refused(why) => Err(Problem::Invalid(why)),
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Occurrences {
    /// The `next` of the page before.
    after: Option<String>,
    #[serde(default)]
    limit: Limit<LIMIT, MAX_LIMIT>,
}

async fn occurrences(
    State(api): Shared,
    Path((project, issue)): Path<(u32, i64)>,
    Query(which): Query<Occurrences>,
) -> Result<Json<Page<Occurrence>>, Problem> {
    let reader = api.reader.clone();
    let limit = which.limit.get();
    let after = which.after.as_deref().map(str::parse).transpose().map_err(invalid)?;
    let page = reading(move || {
        let known = reader.issue(IssueId(issue))?.is_some_and(|(issue, _)| issue.project.0 == project);
        known.then(|| reader.occurrences(IssueId(issue), after, limit)).transpose()
    });
    page.await?.map(Json).ok_or(Problem::NotFound)
}

/// An event, as far as it was stored.
#[derive(Serialize, JsonSchema)]
struct StoredEvent {
    project: ProjectId,
    issue: IssueId,
    event_id: String,
    /// What names its fault: 64 hexadecimal digits.
    fingerprint: String,
    /// The stored event of the issue before it in time; null if there is none, or this one is not stored.
    older: Option<String>,
    /// The same behind it.
    newer: Option<String>,
    /// The event; null if it cannot be shown.
    payload: Option<Map<String, Value>>,
    /// Why it cannot.
    missing: Option<Missing>,
}

/// Why there is no payload.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Missing {
    /// Only its count was kept, or is still kept.
    NotKept,
    /// Its file is no longer there.
    Gone,
    /// The disk does not give it back as it was written.
    Damaged,
}

/// The payload as it is on disk, or why there is none: what happened to a file is no reason to hide the rest.
fn payload(reader: &Reader, stored: &Occurrence) -> anyhow::Result<Result<Map<String, Value>, Missing>> {
    let error = match reader.payload(stored) {
        Ok(payload) => return Ok(Ok(payload)),
        Err(error) => error,
    };
    let missing = match error.downcast_ref::<std::io::Error>().map(std::io::Error::kind) {
        Some(ErrorKind::NotFound) => Missing::Gone,
        // What is torn, what does not decompress, and what then is no JSON.
        Some(ErrorKind::UnexpectedEof | ErrorKind::InvalidData | ErrorKind::Other) | None => Missing::Damaged,
        // The machine's, and may pass.
        Some(_) => return Err(error),
    };
    tracing::error!(event = stored.event_id, error = format!("{error:#}"), "a payload is damaged or gone");
    Ok(Err(missing))
}

/// An event's issue, and its payload if that was stored.
async fn event(State(api): Shared, Path((project, event)): Path<(u32, String)>) -> Result<Json<StoredEvent>, Problem> {
    let (id, bare) = hex_id("event", &event)?;
    let reader = api.reader.clone();
    let found = reading(move || {
        let Some(found) = reader.event(&id)?.filter(|found| found.project.0 == project) else { return Ok(None) };
        let payload = found.stored.map_or(Ok(Err(Missing::NotKept)), |stored| payload(&reader, &stored))?;
        let Found { project, issue, fingerprint, older, newer, .. } = found;
        let missing = payload.as_ref().err().copied();
        let payload = payload.ok();
        Ok(Some(StoredEvent { project, issue, event_id: bare, fingerprint, older, newer, payload, missing }))
    });
    found.await?.map(Json).ok_or(Problem::NotFound)
}
