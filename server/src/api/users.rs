//! The people of this server, for its admins; and of a project, for its admins.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answers::{Created, Items, NoContent, reading};
use super::inputs::{Input, Path};
use super::table::Route;
use super::{Api, Problem, Shared};
use crate::people::{self, Caller, Need, Purpose, Role, User, UserId, secrets};
use crate::store::sqlite::{Invitation, Member};
use crate::{ProjectId, clock};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/v1/users", Need::HostPeople, "All people.", users),
        Route::patch(
            "/api/v1/users/{user}",
            Need::HostPeople,
            "Makes someone an admin of the server, or no longer.",
            change_user,
        )
        .may(409, "The server would have no admin."),
        Route::delete("/api/v1/users/{user}", Need::HostPeople, "Removes a person.", remove_user)
            .may(409, "The server would have no admin."),
        Route::delete(
            "/api/v1/users/{user}/sessions",
            Need::HostPeople,
            "Ends all sessions of a person.",
            close_sessions,
        ),
        Route::post(
            "/api/v1/users/{user}/password-link",
            Need::HostPeople,
            "A one-time link to set another password.",
            password_link,
        ),
        Route::post("/api/v1/invitations", Need::HostPeople, "A one-time link for someone new.", invite)
            .may(409, "There is someone with this address already."),
        Route::get("/api/v1/invitations", Need::HostPeople, "Invitations that nobody has taken up yet.", invitations),
        Route::delete("/api/v1/invitations/{invitation}", Need::HostPeople, "Revokes an invitation.", revoke),
        Route::get(
            "/api/v1/projects/{project}/invitations",
            Need::ManagePeople,
            "Invitations to the project that nobody has taken up yet.",
            project_invitations,
        ),
        Route::delete(
            "/api/v1/projects/{project}/invitations/{invitation}",
            Need::ManagePeople,
            "Revokes an invitation to the project.",
            revoke_in_project,
        ),
        Route::get("/api/v1/projects/{project}/members", Need::View, "Who is in the project.", members),
        Route::post(
            "/api/v1/projects/{project}/members",
            Need::ManagePeople,
            "Adds someone who is here already, or invites them.",
            add_member,
        ),
        Route::put(
            "/api/v1/projects/{project}/members/{user}",
            Need::ManagePeople,
            "Another role for someone who is in the project.",
            change_member,
        ),
        Route::delete(
            "/api/v1/projects/{project}/members/{user}",
            Need::ManagePeople,
            "Removes someone from the project.",
            remove_member,
        ),
    ]
}

async fn users(State(api): Shared) -> Result<Json<Items<User>>, Problem> {
    let reader = api.reader.clone();
    let items = reading(move || reader.registry(|registry| registry.people().users())).await?;
    Ok(Json(Items { items }))
}

/// A person.
#[derive(Serialize, JsonSchema)]
pub(super) struct OneUser {
    pub user: User,
}

fn last_admin() -> Problem {
    Problem::Conflict("the server would have no admin: make someone else one first".to_owned())
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ChangeUser {
    is_admin: bool,
}

async fn change_user(
    State(api): Shared,
    Path(id): Path<UserId>,
    Input(change): Input<ChangeUser>,
) -> Result<Json<OneUser>, Problem> {
    let user = api.edit(move |registry| {
        let people = registry.people();
        let user = people.user(id)?.ok_or(Problem::NotFound)?;
        if user.is_admin && !change.is_admin && people.is_last_admin(id)? {
            return Err(last_admin());
        }
        people.set_admin(id, change.is_admin)?;
        people.user(id)?.ok_or(Problem::NotFound)
    });
    Ok(Json(OneUser { user: user.await? }))
}

async fn remove_user(State(api): Shared, Path(id): Path<UserId>) -> Result<NoContent, Problem> {
    api.edit(move |registry| {
        let people = registry.people();
        let user = people.user(id)?.ok_or(Problem::NotFound)?;
        if user.is_admin && people.is_last_admin(id)? {
            return Err(last_admin());
        }
        Ok(people.remove(id)?)
    })
    .await?;
    Ok(NoContent)
}

async fn close_sessions(State(api): Shared, Path(id): Path<UserId>) -> Result<NoContent, Problem> {
    api.edit(move |registry| {
        registry.people().user(id)?.ok_or(Problem::NotFound)?;
        Ok(registry.people().close_sessions(id, None)?)
    })
    .await?;
    Ok(NoContent)
}

/// A one-time link. No other answer says it.
#[derive(Serialize, JsonSchema)]
struct Link {
    /// To be opened in a browser.
    link: String,
    /// What stands behind the `#` of it.
    token: String,
    /// Until when it holds.
    expires: i64,
}

/// A fresh one-time link, in the answer only.
async fn link(
    api: &Arc<Api>,
    purpose: Purpose,
    check: impl FnOnce(crate::store::Registry<'_>) -> Result<(), Problem> + Send + 'static,
) -> Result<Link, Problem> {
    let secret = secrets::fresh()?;
    let (hash, now) = (secrets::hash(&secret), clock::now());
    let expires = now + purpose.lifetime();
    api.edit(move |registry| {
        check(registry)?;
        Ok(registry.people().add_link(&hash, &purpose, now)?)
    })
    .await?;
    Ok(Link { link: api.site.link("join", &secret), token: secret, expires })
}

async fn password_link(State(api): Shared, Path(id): Path<UserId>) -> Result<Created<Link>, Problem> {
    let exists =
        move |registry: crate::store::Registry<'_>| registry.people().user(id)?.map(drop).ok_or(Problem::NotFound);
    Ok(Created(link(&api, Purpose::Password(id), exists).await?))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Invite {
    email: String,
    #[serde(default)]
    is_admin: bool,
    project: Option<ProjectId>,
    role: Option<Role>,
}

async fn invite(State(api): Shared, Input(invite): Input<Invite>) -> Result<Created<Link>, Problem> {
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
    Ok(Created(link(&api, purpose, check).await?))
}

async fn open_invitations(api: &Arc<Api>, project: Option<ProjectId>) -> Result<Json<Items<Invitation>>, Problem> {
    let reader = api.reader.clone();
    let found = reading(move || reader.registry(|registry| registry.people().invitations(project, clock::now())));
    Ok(Json(Items { items: found.await? }))
}

async fn end_invitation(api: &Arc<Api>, project: Option<ProjectId>, number: i64) -> Result<NoContent, Problem> {
    let ended = api.edit(move |registry| Ok(registry.people().revoke_invitation(project, number)?)).await?;
    if ended { Ok(NoContent) } else { Err(Problem::NotFound) }
}

async fn invitations(State(api): Shared) -> Result<Json<Items<Invitation>>, Problem> {
    open_invitations(&api, None).await
}

async fn revoke(State(api): Shared, Path(number): Path<i64>) -> Result<NoContent, Problem> {
    end_invitation(&api, None, number).await
}

async fn project_invitations(State(api): Shared, Path(project): Path<u32>) -> Result<Json<Items<Invitation>>, Problem> {
    open_invitations(&api, Some(ProjectId(project))).await
}

async fn revoke_in_project(
    State(api): Shared,
    Path((project, number)): Path<(u32, i64)>,
) -> Result<NoContent, Problem> {
    end_invitation(&api, Some(ProjectId(project)), number).await
}

async fn members(State(api): Shared, Path(project): Path<u32>) -> Result<Json<Items<Member>>, Problem> {
    let reader = api.reader.clone();
    let items = reading(move || reader.registry(|registry| registry.people().members(ProjectId(project)))).await?;
    Ok(Json(Items { items }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AddMember {
    email: String,
    role: Role,
}

/// Someone who was here already, or the link by which someone comes.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum Added {
    Member { user: User, role: Role },
    Invited(Link),
}

/// Adds someone who is here already, or invites them.
async fn add_member(
    State(api): Shared,
    caller: Caller,
    Path(project): Path<u32>,
    Input(add): Input<AddMember>,
) -> Result<Created<Added>, Problem> {
    let (project, email, role) = (ProjectId(project), people::email(&add.email)?, add.role);
    let wanted = email.clone();
    let added = api.edit(move |registry| {
        let Some((user, _)) = registry.people().by_email(&wanted)? else { return Ok(None) };
        registry.people().set_role(project, user.id, Some(role))?;
        Ok(Some(user))
    });
    if let Some(user) = added.await? {
        tracing::info!(project = project.0, user = user.email, role = role.as_str(), by = caller.who(), "member added");
        return Ok(Created(Added::Member { user, role }));
    }
    let purpose = Purpose::Invitation { email, is_admin: false, role: Some((project, role)) };
    let exists = move |registry: crate::store::Registry<'_>| {
        registry.projects().get(project)?.map(drop).ok_or(Problem::NotFound)
    };
    Ok(Created(Added::Invited(link(&api, purpose, exists).await?)))
}

#[derive(Deserialize, Serialize, JsonSchema)]
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
) -> Result<Json<ChangeMember>, Problem> {
    let project = ProjectId(project);
    api.edit(move |registry| {
        let members = registry.people().members(project)?;
        members.iter().find(|member| member.user.id == user).ok_or(Problem::NotFound)?;
        Ok(registry.people().set_role(project, user, Some(change.role))?)
    })
    .await?;
    tracing::info!(project = project.0, user = user.0, role = change.role.as_str(), by = caller.who(), "role changed");
    Ok(Json(change))
}

async fn remove_member(
    State(api): Shared,
    caller: Caller,
    Path((project, user)): Path<(u32, UserId)>,
) -> Result<NoContent, Problem> {
    let removed = api.edit(move |registry| Ok(registry.people().set_role(ProjectId(project), user, None)?)).await?;
    if !removed {
        return Err(Problem::NotFound);
    }
    tracing::info!(project, user = user.0, by = caller.who(), "member removed");
    Ok(NoContent)
}
