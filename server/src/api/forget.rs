//! What is stored of one of a project's own users goes.
//!
//! Stored payloads go whose `user` has the id, address, name or IP address that is asked for: rows are deleted, bytes
//! overwritten, and the user is no longer found by them. What was only counted stays: users are counted by salted hashes, from which none is taken out again,
//! and a value that the application put into tags, titles or elsewhere than `user` is not looked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answers::reading;
use super::inputs::{Input, Path};
use super::table::Route;
use super::{Api, Problem, Shared};
use crate::ProjectId;
use crate::consume::Ledger;
use crate::people::{Caller, Need};
use crate::store::OccurrenceRow;

/// Payloads that are looked at before others get their turn.
const AT_ONCE: usize = 500;
/// Searches at most, until nothing is found: others may come, or be moved, while one runs.
const ROUNDS: usize = 5;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::post(
        "/api/v1/projects/{project}/forget-user",
        Need::Manage,
        "Deletes what is stored of one of the project's users.",
        forget,
    )]
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Forget {
    /// The id, e-mail address, name or IP address that stands in the events' `user`.
    #[schemars(length(min = 1, max = 1000))]
    user: String,
}

/// What went.
#[derive(Serialize, JsonSchema)]
struct Removed {
    /// Stored payloads.
    removed: usize,
}

async fn forget(
    State(api): Shared,
    caller: Caller,
    Path(project): Path<u32>,
    Input(Forget { user }): Input<Forget>,
) -> Result<Json<Removed>, Problem> {
    if user.is_empty() || user.chars().count() > 1000 {
        return Err(Problem::Invalid("user: expected 1 to 1000 characters".to_owned()));
    }
    let project = ProjectId(project);
    // What waits to be stored as the newest goes too.
    let wanted = user.clone();
    api.doorway.ask(move |ledger| ledger.let_go(project, &wanted)).await?;
    let mut removed = 0;
    for _ in 0..ROUNDS {
        let found = search(&api, project, &user).await?;
        if found.is_empty() {
            break;
        }
        let mut by_file: BTreeMap<u32, Vec<OccurrenceRow>> = BTreeMap::new();
        found.into_iter().for_each(|row| by_file.entry(row.place.file).or_default().push(row));
        for rows in by_file.into_values() {
            removed += api.doorway.ask(move |ledger| ledger.forget(&rows)).await??;
        }
    }
    // Theirs may be among them, with nothing that leads to it.
    while api.doorway.ask(Ledger::overwrite_superseded).await?? {}
    api.doorway.ask(move |ledger| ledger.forget_user(project, &user)).await??;
    tracing::warn!(project = project.0, removed, by = caller.who(), "what was stored of a user was deleted");
    Ok(Json(Removed { removed }))
}

/// The payloads of a user, read beside everything else.
async fn search(api: &Arc<Api>, project: ProjectId, user: &str) -> Result<Vec<OccurrenceRow>, Problem> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let (reader, user) = (api.reader.clone(), user.to_owned());
        let (rows, theirs) = reading(move || {
            let rows = reader.registry(|registry| registry.payloads().of(project, after.as_ref(), AT_ONCE))?;
            // One that cannot be read, or that retention took meanwhile, is nobody's.
            let is_theirs = |row: &&OccurrenceRow| reader.stored(row.place).is_ok_and(|payload| names(&payload, &user));
            let theirs: Vec<_> = rows.iter().filter(is_theirs).cloned().collect();
            Ok((rows, theirs))
        })
        .await?;
        found.extend(theirs);
        after = rows.last().cloned();
        if rows.len() < AT_ONCE {
            return Ok(found);
        }
    }
}

/// Whether an event is of this user.
fn names(payload: &[u8], user: &str) -> bool {
    #[derive(Deserialize)]
    struct Stored {
        user: Option<BTreeMap<String, Value>>,
    }
    let stored = serde_json::from_slice::<Stored>(payload).ok().and_then(|stored| stored.user);
    let of = |name: &str| stored.as_ref().and_then(|fields| fields.get(name));
    ["id", "email", "username", "ip_address"]
        .iter()
        .filter_map(|name| of(name))
        .any(|value| value.as_str() == Some(user))
}
