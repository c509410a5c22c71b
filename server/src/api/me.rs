//! What a person has here: their sessions and tokens.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answers::{Created, Items, NoContent, reading};
use super::document::{Answer, Sketch};
use super::inputs::{Input, Path};
use super::pages::BUILD_HEADER;
use super::table::Route;
use super::users::OneUser;
use super::{Problem, Shared};
use crate::people::{self, Caller, MAX_TOKENS, Need, Role, UserId, Via, secrets};
use crate::store::sqlite::{NewToken, Project, Session, Token};
use crate::{ProjectId, clock};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(
            "/api/v1/me",
            Need::Known,
            "Who asks, what they are where, and what a page needs beside its cookie.",
            me,
        ),
        Route::patch("/api/v1/me", Need::Person, "Changes how one is called.", rename),
        Route::get("/api/v1/sessions", Need::Person, "Own sessions.", sessions),
        Route::delete("/api/v1/sessions", Need::Person, "Ends all other sessions.", close_others),
        Route::delete("/api/v1/sessions/{session}", Need::Person, "Ends a session.", close),
        Route::get("/api/v1/tokens", Need::Person, "Own tokens.", tokens),
        Route::post(
            "/api/v1/tokens",
            Need::Person,
            "Makes a token; this answer is the only one that says it.",
            make_token,
        )
        .may(409, "There are too many."),
        Route::delete("/api/v1/tokens/{token}", Need::Person, "Revokes a token.", revoke_token),
    ]
}

/// Who asks.
#[derive(Serialize, JsonSchema)]
struct Me {
    user: Asker,
    /// The projects that they see.
    projects: Vec<RoleIn>,
    /// The session that they ask by.
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<i64>,
    /// What a page sends with everything that changes something.
    #[serde(skip_serializing_if = "Option::is_none")]
    csrf: Option<String>,
    /// The token that they ask by.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<AskedBy>,
}

#[derive(Serialize, JsonSchema)]
struct Asker {
    id: UserId,
    email: String,
    name: String,
    /// Of the server, and asking as such.
    is_admin: bool,
}

#[derive(Serialize, JsonSchema)]
struct RoleIn {
    project: Project,
    role: Role,
}

#[derive(Serialize, JsonSchema)]
struct AskedBy {
    number: i64,
    name: String,
    /// The only project it is for.
    project: Option<ProjectId>,
    can_write: bool,
}

/// An answer that says which pages this server has.
struct WithBuild<A> {
    build: String,
    answer: A,
}

impl<A: IntoResponse> IntoResponse for WithBuild<A> {
    fn into_response(self) -> Response {
        let mut response = self.answer.into_response();
        if let Ok(build) = HeaderValue::try_from(self.build) {
            response.headers_mut().insert(HeaderName::from_static(BUILD_HEADER), build);
        }
        response
    }
}

impl<A: Answer> Answer for WithBuild<A> {
    fn describe(sketch: &mut Sketch) {
        A::describe(sketch);
        sketch.answered_header(BUILD_HEADER, "The build of the dashboard: a tab that has another is stale.");
    }
}

/// Who asks, what they are where, and what a page needs beside its cookie.
async fn me(State(api): Shared, caller: Caller, headers: HeaderMap) -> Result<WithBuild<Json<Me>>, Problem> {
    let (reader, asker) = (api.reader.clone(), caller.clone());
    let found = reading(move || {
        reader.registry(|registry| Ok((registry.people().projects_of(&asker)?, registry.projects().all()?)))
    });
    let (roles, projects) = found.await?;
    let roles: HashMap<_, _> = roles.into_iter().collect();
    let seen = projects.into_iter().filter_map(|project| Some((*roles.get(&project.id)?, project)));
    let projects = seen.map(|(role, project)| RoleIn { project, role }).collect();
    let is_admin = caller.is_host();
    let user = Asker { id: caller.user, email: caller.email, name: caller.name, is_admin };
    let (session, token) = match caller.via {
        Via::Session { number } => (Some(number), None),
        Via::Token { number, name, project, can_write } => (None, Some(AskedBy { number, name, project, can_write })),
    };
    let csrf = session.and_then(|_| api.site.session(&headers)).map(secrets::csrf);
    let me = Me { user, projects, session, csrf, token };
    Ok(WithBuild { build: api.pages.build(), answer: Json(me) })
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Rename {
    name: String,
}

async fn rename(State(api): Shared, caller: Caller, Input(rename): Input<Rename>) -> Result<Json<OneUser>, Problem> {
    let name = people::name(&rename.name)?;
    let user = api.edit(move |registry| {
        registry.people().rename(caller.user, &name)?;
        registry.people().user(caller.user)?.ok_or(Problem::NotFound)
    });
    Ok(Json(OneUser { user: user.await? }))
}

/// Sessions, and the one that asks.
#[derive(Serialize, JsonSchema)]
struct Sessions {
    items: Vec<Session>,
    current: Option<i64>,
}

async fn sessions(State(api): Shared, caller: Caller) -> Result<Json<Sessions>, Problem> {
    let reader = api.reader.clone();
    let items = reading(move || reader.registry(|r| r.people().sessions(caller.user, clock::now()))).await?;
    Ok(Json(Sessions { items, current: current(&caller.via) }))
}

fn current(via: &Via) -> Option<i64> {
    match via {
        Via::Session { number } => Some(*number),
        Via::Token { .. } => None,
    }
}

async fn close(State(api): Shared, caller: Caller, Path(number): Path<i64>) -> Result<NoContent, Problem> {
    let closed = api.edit(move |registry| Ok(registry.people().close_session(caller.user, number)?)).await?;
    if closed { Ok(NoContent) } else { Err(Problem::NotFound) }
}

async fn close_others(State(api): Shared, caller: Caller) -> Result<NoContent, Problem> {
    let kept = current(&caller.via);
    api.edit(move |registry| Ok(registry.people().close_sessions(caller.user, kept)?)).await?;
    Ok(NoContent)
}

async fn tokens(State(api): Shared, caller: Caller) -> Result<Json<Items<Token>>, Problem> {
    let reader = api.reader.clone();
    let items = reading(move || reader.registry(|registry| registry.people().tokens(caller.user))).await?;
    Ok(Json(Items { items }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Access {
    Read,
    Write,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MakeToken {
    name: String,
    /// None is all that its owner sees.
    project: Option<ProjectId>,
    access: Access,
    /// Milliseconds since 1970; none is never.
    expires: Option<i64>,
}

/// A new token.
#[derive(Serialize, JsonSchema)]
struct MadeToken {
    token: Token,
    /// What is sent as `Authorization: Bearer`.
    secret: String,
}

/// A token. The answer is the only one that says it.
async fn make_token(
    State(api): Shared,
    caller: Caller,
    Input(make): Input<MakeToken>,
) -> Result<Created<MadeToken>, Problem> {
    let now = clock::now();
    if make.expires.is_some_and(|expires| expires <= now) {
        return Err(Problem::Invalid("expires: expected a time to come, in milliseconds since 1970".to_owned()));
    }
    let can_write = matches!(make.access, Access::Write);
    let new = NewToken { name: people::name(&make.name)?, project: make.project, can_write, expires: make.expires };
    let secret = secrets::token()?;
    let hash = secrets::hash(&secret);
    let token = api.edit(move |registry| {
        let people = registry.people();
        let sees = people.projects_of(&caller)?;
        if new.project.is_some_and(|wanted| !sees.iter().any(|(project, _)| *project == wanted)) {
            return Err(Problem::Invalid("project: there is no such project".to_owned()));
        }
        if people.tokens(caller.user)?.len() >= MAX_TOKENS {
            return Err(Problem::Conflict(format!("you have {MAX_TOKENS} tokens: revoke some first")));
        }
        Ok(people.add_token(caller.user, &hash, &new, now)?)
    });
    Ok(Created(MadeToken { token: token.await?, secret }))
}

async fn revoke_token(State(api): Shared, caller: Caller, Path(number): Path<i64>) -> Result<NoContent, Problem> {
    let revoked = api.edit(move |registry| Ok(registry.people().remove_token(caller.user, number)?)).await?;
    if revoked { Ok(NoContent) } else { Err(Problem::NotFound) }
}
