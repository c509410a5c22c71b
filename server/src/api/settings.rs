//! What a project sets for itself.

use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::answers::{Tagged, reading};
use super::inputs::{IfMatch, Input, Path};
use super::table::Route;
use super::{Api, Problem, Shared};
use crate::ProjectId;
use crate::consume::ledger::Set;
use crate::people::{Caller, Need};
use crate::project_settings::{InForce, ProjectSettings};

const PATH: &str = "/api/v1/projects/{project}/settings";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(PATH, Need::View, "A project's own settings, and those in force.", shown),
        Route::patch(PATH, Need::Manage, "Sets what is named: a value, or null for the server's.", change),
    ]
}

/// Own settings, and what is in force with the server's.
#[derive(Serialize, JsonSchema)]
struct Both {
    own: ProjectSettings,
    in_force: InForce,
}

/// As [`ProjectSettings`]; what is not named stays.
#[derive(Deserialize, JsonSchema)]
#[serde(transparent)]
struct Wanted(#[schemars(with = "ProjectSettings")] Map<String, Value>);

fn answer(api: &Api, project: ProjectId, own: ProjectSettings, version: u64) -> Tagged<Both> {
    Tagged { tag: version.to_string(), body: Both { own, in_force: (*api.of.of(project)).clone() } }
}

async fn shown(State(api): Shared, Path(project): Path<u32>) -> Result<Tagged<Both>, Problem> {
    let (project, reader) = (ProjectId(project), api.reader.clone());
    let found = reading(move || reader.registry(|registry| registry.projects().settings_of(project)));
    let (own, version) = found.await?;
    Ok(answer(&api, project, own, version))
}

async fn change(
    State(api): Shared,
    Path(project): Path<u32>,
    caller: Caller,
    known: IfMatch,
    Input(Wanted(wanted)): Input<Wanted>,
) -> Result<Tagged<Both>, Problem> {
    let version = known.version()?;
    let (project, who) = (ProjectId(project), caller.who());
    match api.doorway.ask(move |ledger| ledger.set(project, &wanted, &who, version)).await?? {
        Set::Done(own, version) => Ok(answer(&api, project, own, version)),
        Set::Gone => Err(Problem::NotFound),
        Set::Stale(own) => Err(Problem::Stale(json!(own))),
        Set::Refused(why) => Err(Problem::Invalid(why)),
    }
}
