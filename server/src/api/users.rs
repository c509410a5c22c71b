//! The people of this server, for its admins; and of a project, for its admins.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answers::{Input, reading};
use super::table::Route;
use super::{Api, Problem, Shared};
use crate::people::{self, Caller, Need, Purpose, Role, UserId, secrets};
use crate::{ProjectId, clock};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/v1/users", Need::HostPeople, users),
        Route::patch("/api/v1/users/{user}", Need::HostPeople, change_user),
        Route::delete("/api/v1/users/{user}", Need::HostPeople, remove_user),
        Route::delete("/api/v1/users/{user}/sessions", Need::HostPeople, close_sessions),
        Route::post("/api/v1/users/{user}/password-link", Need::HostPeople, password_link),
        Route::post("/api/v1/invitations", Need::HostPeople, invite),
        Route::get("/api/v1/projects/{project}/members", Need::View, members),
        Route::post("/api/v1/projects/{project}/members", Need::ManagePeople, add_member),
        Route::put("/api/v1/projects/{project}/members/{user}", Need::ManagePeople, change_member),
        Route::delete("/api/v1/projects/{project}/members/{user}", Need::ManagePeople, remove_member),
    ]
}

async fn users(State(api): Shared) -> Result<Json<Value>, Problem> {
    let reader = api.reader.clone();
    let items = reading(move || reader.registry(|registry| registry.people().users())).await?;
    Ok(Json(json!({ "items": items })))
}

fn last_admin() -> Problem {
    Problem::Conflict("the server would have no admin: make someone else one first".to_owned())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeUser {
    is_admin: bool,
}

async fn change_user(
    State(api): Shared,
    Path(id): Path<UserId>,
    Input(change): Input<ChangeUser>,
) -> Result<Json<Value>, Problem> {
    let user = api.edit(move |registry| {
        let people = registry.people();
        let user = people.user(id)?.ok_or(Problem::NotFound)?;
        if user.is_admin && !change.is_admin && people.is_last_admin(id)? {
            return Err(last_admin());
        }
        people.set_admin(id, change.is_admin)?;
        people.user(id)?.ok_or(Problem::NotFound)
    });
    Ok(Json(json!({ "user": user.await? })))
}

async fn remove_user(State(api): Shared, Path(id): Path<UserId>) -> Result<StatusCode, Problem> {
    api.edit(move |registry| {
        let people = registry.people();
        let user = people.user(id)?.ok_or(Problem::NotFound)?;
        if user.is_admin && people.is_last_admin(id)? {
            return Err(last_admin());
        }
        Ok(people.remove(id)?)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn close_sessions(State(api): Shared, Path(id): Path<UserId>) -> Result<StatusCode, Problem> {
    api.edit(move |registry| {
        registry.people().user(id)?.ok_or(Problem::NotFound)?;
        Ok(registry.people().close_sessions(id, None)?)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A fresh one-time link, in the answer only.
async fn link(
    api: &Arc<Api>,
    purpose: Purpose,
    check: impl FnOnce(crate::store::Registry<'_>) -> Result<(), Problem> + Send + 'static,
) -> Result<Value, Problem> {
    let secret = secrets::fresh()?;
    let (hash, now) = (secrets::hash(&secret), clock::now());
    let expires = now + purpose.lifetime();
    api.edit(move |registry| {
        check(registry)?;
        Ok(registry.people().add_link(&hash, &purpose, now)?)
    })
    .await?;
    Ok(json!({ "link": api.site.link("join", &secret), "token": secret, "expires": expires }))
}

async fn password_link(State(api): Shared, Path(id): Path<UserId>) -> Result<(StatusCode, Json<Value>), Problem> {
    let exists =
        move |registry: crate::store::Registry<'_>| registry.people().user(id)?.map(drop).ok_or(Problem::NotFound);
    Ok((StatusCode::CREATED, Json(link(&api, Purpose::Password(id), exists).await?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Invite {
    email: String,
    #[serde(default)]
    is_admin: bool,
    project: Option<ProjectId>,
    role: Option<Role>,
}

async fn invite(State(api): Shared, Input(invite): Input<Invite>) -> Result<(StatusCode, Json<Value>), Problem> {
    let email = people::email(&invite.email)?;
    let role = match (invite.project, invite.role) {
        (Some(project), Some(role)) => Some((project, role)),
        (None, None) => None,
        _ => return Err(Problem::Invalid("project, role: expected both or neither".to_owned())),
    };
    let purpose = Purpose::Invitation { email: email.clone(), is_admin: invite.is_admin, role };
    let check = move |registry: crate::store::Registry<'_>| {
        if registry.people().by_email(&email)?.is_some() {
            return Err(Problem::Conflict("email: there is someone with this address already".to_owned()));
        }
        match role {
            Some((project, _)) if registry.projects().get(project)?.is_none() => {
                Err(Problem::Invalid("project: there is no such project".to_owned()))
            }
            _ => Ok(()),
        }
    };
    Ok((StatusCode::CREATED, Json(link(&api, purpose, check).await?)))
}

async fn members(State(api): Shared, Path(project): Path<u32>) -> Result<Json<Value>, Problem> {
    let reader = api.reader.clone();
    let items = reading(move || reader.registry(|registry| registry.people().members(ProjectId(project)))).await?;
    Ok(Json(json!({ "items": items })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddMember {
    email: String,
    role: Role,
}

/// Adds someone who is here already, or invites them.
async fn add_member(
    State(api): Shared,
    caller: Caller,
    Path(project): Path<u32>,
    Input(add): Input<AddMember>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let (project, email, role) = (ProjectId(project), people::email(&add.email)?, add.role);
    let wanted = email.clone();
    let added = api.edit(move |registry| {
        let Some((user, _)) = registry.people().by_email(&wanted)? else { return Ok(None) };
        registry.people().set_role(project, user.id, Some(role))?;
        Ok(Some(user))
    });
    if let Some(user) = added.await? {
        tracing::info!(project = project.0, user = user.email, role = role.as_str(), by = caller.who(), "member added");
        return Ok((StatusCode::CREATED, Json(json!({ "user": user, "role": role }))));
    }
    let purpose = Purpose::Invitation { email, is_admin: false, role: Some((project, role)) };
    let exists = move |registry: crate::store::Registry<'_>| {
        registry.projects().get(project)?.map(drop).ok_or(Problem::NotFound)
    };
    Ok((StatusCode::CREATED, Json(link(&api, purpose, exists).await?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeMember {
    role: Role,
}

/// Another role for someone who is in the project.
async fn change_member(
    State(api): Shared,
    caller: Caller,
    Path((project, user)): Path<(u32, UserId)>,
    Input(change): Input<ChangeMember>,
) -> Result<Json<Value>, Problem> {
    let project = ProjectId(project);
    api.edit(move |registry| {
        let members = registry.people().members(project)?;
        members.iter().find(|member| member.user.id == user).ok_or(Problem::NotFound)?;
        Ok(registry.people().set_role(project, user, Some(change.role))?)
    })
    .await?;
    tracing::info!(project = project.0, user = user.0, role = change.role.as_str(), by = caller.who(), "role changed");
    Ok(Json(json!({ "role": change.role })))
}

async fn remove_member(
    State(api): Shared,
    caller: Caller,
    Path((project, user)): Path<(u32, UserId)>,
) -> Result<StatusCode, Problem> {
    let removed = api.edit(move |registry| Ok(registry.people().set_role(ProjectId(project), user, None)?)).await?;
    if !removed {
        return Err(Problem::NotFound);
    }
    tracing::info!(project, user = user.0, by = caller.who(), "member removed");
    Ok(StatusCode::NO_CONTENT)
}
