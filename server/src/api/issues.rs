//! Issues: lists, one in full, its occurrences, and what is done to it.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answers::{Input, reading};
use super::table::Route;
use super::{Problem, Shared};
use crate::consume::ledger::{Answer, Move};
use crate::consume::parse_hex;
use crate::issues::Issue;
use crate::people::{Caller, Need};
use crate::store::sqlite::{Filter, Occurrence, Page};
use crate::{IssueId, ProjectId};

/// Entries of a page unless it is asked for others.
const LIMIT: usize = 25;
const MAX_LIMIT: usize = 100;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/v1/projects/{project}/issues", Need::View, list),
        Route::get("/api/v1/projects/{project}/issues/{issue}", Need::View, one),
        Route::post("/api/v1/projects/{project}/issues/{issue}", Need::Change, change),
        Route::get("/api/v1/projects/{project}/issues/{issue}/occurrences", Need::View, occurrences),
        Route::get("/api/v1/projects/{project}/events/{event}", Need::View, event),
    ]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    status: Option<String>,
    severity: Option<String>,
    environment: Option<String>,
    release: Option<String>,
    query: Option<String>,
    after: Option<String>,
    limit: Option<usize>,
}

async fn list(
    State(api): Shared,
    Path(project): Path<u32>,
    Query(list): Query<List>,
) -> Result<Json<Page<Issue>>, Problem> {
    let limit = list.limit.unwrap_or(LIMIT).clamp(1, MAX_LIMIT);
    let reader = api.reader.clone();
    let filter = Filter {
        status: list.status,
        severity: list.severity,
        environment: list.environment,
        release: list.release,
        text: list.query,
    };
    reading(move || reader.issues(ProjectId(project), &filter, list.after.as_deref(), limit)).await.map(Json)
}

/// The answer with the version as its ETag.
fn tagged(issue: &Issue, body: Value) -> Response {
    let mut response = Json(body).into_response();
    if let Ok(tag) = HeaderValue::try_from(format!("\"{}\"", issue.version)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

async fn one(State(api): Shared, Path((project, issue)): Path<(u32, i64)>) -> Result<Response, Problem> {
    let reader = api.reader.clone();
    let found = reading(move || reader.issue(IssueId(issue))).await?;
    let (issue, details) = found.filter(|(issue, _)| issue.project.0 == project).ok_or(Problem::NotFound)?;
    let body = json!({ "issue": issue, "details": details });
    Ok(tagged(&issue, body))
}

async fn change(
    State(api): Shared,
    Path((project, issue)): Path<(u32, i64)>,
    caller: Caller,
    headers: HeaderMap,
    Input(what): Input<Move>,
) -> Result<Response, Problem> {
    let version = match headers.get(header::IF_MATCH).map(|tag| tag.to_str().unwrap_or_default()) {
        None | Some("*") => None,
        Some(tag) => {
            let number = tag.trim().trim_matches('"').parse();
            Some(number.map_err(|_| Problem::Invalid("If-Match: expected the ETag of the issue".to_owned()))?)
        }
    };
    let task = move |ledger: &mut crate::consume::Ledger| {
        ledger.change(ProjectId(project), IssueId(issue), &what, &caller.who(), version)
    };
    match api.doorway.ask(task).await?? {
        Answer::Done(issue) => Ok(tagged(&issue, json!({ "issue": issue }))),
        Answer::Gone => Err(Problem::NotFound),
        Answer::Stale(issue) => Err(Problem::Stale(json!(issue))),
        Answer::Refused(why) => Err(Problem::Invalid(why)),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Occurrences {
    after: Option<String>,
    limit: Option<usize>,
}

async fn occurrences(
    State(api): Shared,
    Path((project, issue)): Path<(u32, i64)>,
    Query(which): Query<Occurrences>,
) -> Result<Json<Page<Occurrence>>, Problem> {
    let reader = api.reader.clone();
    let limit = which.limit.unwrap_or(LIMIT).clamp(1, MAX_LIMIT);
    let page = reading(move || {
        let known = reader.issue(IssueId(issue))?.is_some_and(|(issue, _)| issue.project.0 == project);
        known.then(|| reader.occurrences(IssueId(issue), which.after.as_deref(), limit)).transpose()
    });
    page.await?.map(Json).ok_or(Problem::NotFound)
}

/// An event's issue, and its payload if that was stored.
async fn event(State(api): Shared, Path((project, event)): Path<(u32, String)>) -> Result<Json<Value>, Problem> {
    let bare = event.replace('-', "").to_ascii_lowercase();
    let id = parse_hex(&bare).ok_or_else(|| Problem::Invalid("event: expected 32 hexadecimal digits".to_owned()))?;
    let reader = api.reader.clone();
    let found = reading(move || {
        let Some((whose, issue, stored)) = reader.event(&id)?.filter(|(whose, ..)| whose.0 == project) else {
            return Ok(None);
        };
        let payload = stored.map(|occurrence| reader.payload(&occurrence)).transpose()?;
        Ok(Some(json!({ "project": whose, "issue": issue, "event_id": bare, "payload": payload })))
    });
    found.await?.map(Json).ok_or(Problem::NotFound)
}
