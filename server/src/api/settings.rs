//! What a project sets for itself.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::answers::{Input, reading};
use super::table::Route;
use super::{Api, Problem, Shared};
use crate::ProjectId;
use crate::consume::ledger::Set;
use crate::people::{Caller, Need};
use crate::project_settings::ProjectSettings;

const PATH: &str = "/api/v1/projects/{project}/settings";

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get(PATH, Need::View, shown), Route::patch(PATH, Need::Manage, change)]
}

/// Own settings, and what is in force with the server's; the version is the ETag.
fn answer(api: &Api, project: ProjectId, own: &ProjectSettings, version: u64) -> Response {
    let mut response = Json(json!({ "own": own, "in_force": *api.of.of(project) })).into_response();
    if let Ok(tag) = HeaderValue::try_from(format!("\"{version}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

async fn shown(State(api): Shared, Path(project): Path<u32>) -> Result<Response, Problem> {
    let (project, reader) = (ProjectId(project), api.reader.clone());
    let found = reading(move || reader.registry(|registry| registry.projects().settings_of(project)));
    let (own, version) = found.await?;
    Ok(answer(&api, project, &own, version))
}

/// Sets what is named: a value, or null for the server's.
async fn change(
    State(api): Shared,
    Path(project): Path<u32>,
    caller: Caller,
    headers: HeaderMap,
    Input(wanted): Input<Map<String, Value>>,
) -> Result<Response, Problem> {
    let version = match headers.get(header::IF_MATCH).map(|tag| tag.to_str().unwrap_or_default()) {
        None | Some("*") => None,
        Some(tag) => {
            let number = tag.trim().trim_matches('"').parse();
            Some(number.map_err(|_| Problem::Invalid("If-Match: expected the ETag of the settings".to_owned()))?)
        }
    };
    let (project, who) = (ProjectId(project), caller.who());
    match api.doorway.ask(move |ledger| ledger.set(project, &wanted, &who, version)).await?? {
        Set::Done(own, version) => Ok(answer(&api, project, &own, version)),
        Set::Gone => Err(Problem::NotFound),
        Set::Stale(own) => Err(Problem::Stale(json!(own))),
        Set::Refused(why) => Err(Problem::Invalid(why)),
    }
}
