//! Projects, their keys, and why events of theirs are not here.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::answers::{Created, Items, NoContent, Nothing, Tagged, content_tag, reading};
use super::inputs::{IfMatch, Input, Path, Query};
use super::table::Route;
use super::{Api, Problem, Shared};
use crate::people::{self, Caller, Need, Role};
use crate::server::dsn;
use crate::store::sqlite::{KeyRow, NotCounted, Project};
use crate::{ProjectId, clock};

/// Keys of a project, those that were revoked among them.
const MAX_KEYS: usize = 100;
/// Origins of a browser key.
const MAX_ORIGINS: usize = 50;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(
            "/api/v1/projects",
            Need::Known,
            "The projects that the caller sees, with keys where they may see those.",
            list,
        ),
        Route::post("/api/v1/projects", Need::Host, "Makes a project with a key.", create)
            .may(409, "The slug is taken."),
        Route::get("/api/v1/projects/{project}", Need::View, "A project.", one),
        Route::patch("/api/v1/projects/{project}", Need::Manage, "Renames a project.", rename),
        Route::delete(
            "/api/v1/projects/{project}",
            Need::ManagePeople,
            "Deletes a project and all that is known of it.",
            delete,
        ),
        Route::get(
            "/api/v1/projects/{project}/keys",
            Need::Change,
            "The keys of the project, those that were revoked among them.",
            keys,
        ),
        Route::post("/api/v1/projects/{project}/keys", Need::Manage, "Makes a key.", create_key)
            .may(409, "The project has too many."),
        Route::post(
            "/api/v1/projects/{project}/keys/{key}/rotate",
            Need::Manage,
            "Another key for the same; the old one is revoked with it.",
            rotate_key,
        ),
        Route::delete("/api/v1/projects/{project}/keys/{key}", Need::Manage, "Revokes a key.", revoke_key),
        Route::get(
            "/api/v1/projects/{project}/outcomes",
            Need::View,
            "What was not counted, and why: where is my event?",
            outcomes,
        ),
        Route::post("/api/v1/projects/{project}/deploys", Need::Change, "Tells of a deploy.", deploy),
    ]
}

/// A key, and what clients are given of it.
#[derive(Serialize, JsonSchema)]
struct KeyAndDsn {
    key: KeyRow,
    dsn: String,
}

/// A project that was made.
#[derive(Serialize, JsonSchema)]
struct NewProject {
    project: Project,
    keys: Vec<KeyAndDsn>,
}

/// A project, and what the caller is there.
#[derive(Serialize, JsonSchema)]
struct SeenProject {
    project: Project,
    role: Role,
    /// For members and admins.
    keys: Vec<KeyAndDsn>,
}

/// A project alone.
#[derive(Serialize, JsonSchema)]
struct OneProject {
    project: Project,
}

fn key_and_dsn(api: &Api, key: &KeyRow) -> KeyAndDsn {
    KeyAndDsn { key: key.clone(), dsn: dsn(api.site.url(), &key.public, key.project) }
}

/// The projects that the caller sees, with keys where they may see those.
async fn list(State(api): Shared, caller: Caller) -> Result<Json<Items<SeenProject>>, Problem> {
    let reader = api.reader.clone();
    let found = reading(move || {
        reader.registry(|registry| {
            let roles: HashMap<_, _> = registry.people().projects_of(&caller)?.into_iter().collect();
            Ok((roles, registry.projects().all()?, registry.projects().keys()?))
        })
    });
    let (roles, projects, keys) = found.await?;
    let of = |id: ProjectId| keys.iter().filter(move |key| key.project == id).map(|key| key_and_dsn(&api, key));
    let item = |project: Project| {
        let role = *roles.get(&project.id)?;
        let keys = if role >= Role::Member { of(project.id).collect() } else { Vec::new() };
        Some(SeenProject { project, role, keys })
    };
    Ok(Json(Items { items: projects.into_iter().filter_map(item).collect() }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Create {
    name: String,
    /// Its name in addresses; made of the name if it is not said.
    slug: Option<String>,
}

async fn create(
    State(api): Shared,
    caller: Caller,
    Input(create): Input<Create>,
) -> Result<Created<NewProject>, Problem> {
    let name = people::name(&create.name)?;
    let slug = create.slug;
    let made = api.edit_keys(move |registry| {
        let projects = registry.projects();
        let slug = match slug {
            None => projects.free_slug(&name)?,
            Some(slug) => {
                let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
                if slug.is_empty() || slug.len() > 50 || !slug.chars().all(fits) {
                    return Err(Problem::Invalid("slug: expected 1 to 50 of a-z, 0-9 and -".to_owned()));
                }
                if projects.all()?.iter().any(|project| project.slug == slug) {
                    return Err(Problem::Conflict(format!("slug: there is a project {slug:?} already")));
                }
                slug
            }
        };
        Ok(projects.create(&slug, &name, clock::now())?)
    });
    let (project, key) = made.await?;
    tracing::info!(project = project.id.0, by = caller.who(), "project made");
    Ok(Created(NewProject { project, keys: vec![key_and_dsn(&api, &key)] }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Rename {
    name: String,
}

async fn one(State(api): Shared, Path(project): Path<u32>) -> Result<Tagged<OneProject>, Problem> {
    let reader = api.reader.clone();
    let found = reading(move || reader.registry(|registry| registry.projects().get(ProjectId(project)))).await?;
    let project = found.ok_or(Problem::NotFound)?;
    Ok(Tagged::by_content(OneProject { project }, &[]))
}

async fn rename(
    State(api): Shared,
    Path(project): Path<u32>,
    known: IfMatch,
    Input(rename): Input<Rename>,
) -> Result<Tagged<OneProject>, Problem> {
    let name = people::name(&rename.name)?;
    let project = api.edit(move |registry| {
        let projects = registry.projects();
        let now = OneProject { project: projects.get(ProjectId(project))?.ok_or(Problem::NotFound)? };
        if !known.allows(&content_tag(&now, &[])) {
            return Err(Problem::Stale(json!(now)));
        }
        projects.rename(ProjectId(project), &name)?;
        projects.get(ProjectId(project))?.ok_or(Problem::NotFound)
    });
    Ok(Tagged::by_content(OneProject { project: project.await? }, &[]))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Confirm {
    /// The project's slug, so that it is not deleted by mistake.
    confirm: Option<String>,
}

/// Deletes a project and all that is known of it.
async fn delete(
    State(api): Shared,
    caller: Caller,
    Path(project): Path<u32>,
    Query(Confirm { confirm }): Query<Confirm>,
) -> Result<NoContent, Problem> {
    let (id, keys) = (ProjectId(project), api.keys.clone());
    let deleted = api.doorway.ask(move |ledger| {
        let Some(project) = ledger.edit(|registry| registry.projects().get(id))? else { return Ok(false) };
        if confirm.as_deref() != Some(&project.slug) {
            return Err(Problem::Invalid(format!("confirm: expected the project's slug, {:?}", project.slug)));
        }
        let deleted = ledger.delete_project(id);
        // Whatever became of its payloads: nothing more of it comes in.
        keys.replace(ledger.edit(|registry| registry.projects().key_table())?);
        Ok(deleted?)
    });
    if !deleted.await?? {
        return Err(Problem::NotFound);
    }
    tracing::warn!(project, by = caller.who(), "project deleted");
    Ok(NoContent)
}

async fn keys(State(api): Shared, Path(project): Path<u32>) -> Result<Json<Items<KeyAndDsn>>, Problem> {
    let reader = api.reader.clone();
    let keys = reading(move || reader.registry(|registry| registry.projects().keys())).await?;
    let of = keys.iter().filter(|key| key.project == ProjectId(project));
    Ok(Json(Items { items: of.map(|key| key_and_dsn(&api, key)).collect() }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Server,
    Browser,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CreateKey {
    kind: Kind,
    /// Of browser keys: the pages that may use it; none is all.
    #[serde(default)]
    origins: Vec<String>,
}

fn check_origin(origin: &str) -> Result<(), Problem> {
    let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://")).unwrap_or_default();
    let host = host.strip_prefix("*.").unwrap_or(host);
    let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '[' | ']');
    if host.is_empty() || host.len() > 255 || !host.chars().all(is_host) {
        let expected = "expected scheme and host such as https://shop.example or https://*.shop.example";
        return Err(Problem::Invalid(format!("origins: {expected}, got {origin:?}")));
    }
    Ok(())
}

async fn create_key(
    State(api): Shared,
    caller: Caller,
    Path(project): Path<u32>,
    Input(create): Input<CreateKey>,
) -> Result<Created<KeyAndDsn>, Problem> {
    let is_browser = matches!(create.kind, Kind::Browser);
    if !is_browser && !create.origins.is_empty() {
        return Err(Problem::Invalid("origins: only browser keys have some".to_owned()));
    }
    if create.origins.len() > MAX_ORIGINS {
        return Err(Problem::Invalid(format!("origins: expected at most {MAX_ORIGINS}")));
    }
    create.origins.iter().try_for_each(|origin| check_origin(origin))?;
    let id = ProjectId(project);
    let key = api.edit_keys(move |registry| {
        let projects = registry.projects();
        projects.get(id)?.ok_or(Problem::NotFound)?;
        if projects.keys()?.iter().filter(|key| key.project == id).count() >= MAX_KEYS {
            return Err(Problem::Conflict(format!("the project has {MAX_KEYS} keys")));
        }
        Ok(projects.create_key(id, is_browser, &create.origins, clock::now())?)
    });
    let key = key.await?;
    tracing::info!(project, by = caller.who(), "key made");
    Ok(Created(key_and_dsn(&api, &key)))
}

/// Another key for the same, in force at once; the old one is revoked with it. Who needs both for a while makes a new
/// one first and revokes the old one later.
async fn rotate_key(
    State(api): Shared,
    caller: Caller,
    Path((project, public)): Path<(u32, String)>,
) -> Result<Created<KeyAndDsn>, Problem> {
    let id = ProjectId(project);
    let key = api.edit_keys(move |registry| {
        let (projects, now) = (registry.projects(), clock::now());
        let of = |key: &KeyRow| key.project == id && key.public == public && key.revoked.is_none();
        let old = projects.keys()?.into_iter().find(of).ok_or(Problem::NotFound)?;
        projects.revoke_key(id, &old.public, now)?;
        Ok(projects.create_key(id, old.browser, &old.origins, now)?)
    });
    let key = key.await?;
    tracing::info!(project, by = caller.who(), "key rotated");
    Ok(Created(key_and_dsn(&api, &key)))
}

async fn revoke_key(
    State(api): Shared,
    caller: Caller,
    Path((project, public)): Path<(u32, String)>,
) -> Result<NoContent, Problem> {
    let id = ProjectId(project);
    let revoked = api.edit_keys(move |registry| Ok(registry.projects().revoke_key(id, &public, clock::now())?)).await?;
    if !revoked {
        return Err(Problem::NotFound);
    }
    tracing::info!(project, by = caller.who(), "key revoked");
    Ok(NoContent)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Which {
    /// What became of this event.
    event_id: Option<String>,
}

async fn outcomes(
    State(api): Shared,
    Path(project): Path<u32>,
    Query(which): Query<Which>,
) -> Result<Json<NotCounted>, Problem> {
    let reader = api.reader.clone();
    reading(move || reader.outcomes(ProjectId(project), which.event_id.as_deref())).await.map(Json)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Deploy {
    #[schemars(length(min = 1, max = 200))]
    release: String,
    /// When; by default now.
    time: Option<i64>,
}

async fn deploy(
    State(api): Shared,
    Path(project): Path<u32>,
    Input(deploy): Input<Deploy>,
) -> Result<Json<Nothing>, Problem> {
    if deploy.release.is_empty() || deploy.release.chars().count() > 200 {
        return Err(Problem::Invalid("release: expected 1 to 200 characters".to_owned()));
    }
    let time = deploy.time.unwrap_or_else(clock::now);
    api.doorway.ask(move |ledger| ledger.deploy(ProjectId(project), &deploy.release, time)).await??;
    Ok(Json(Nothing {}))
}
