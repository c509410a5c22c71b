//! What a person has here: their sessions and tokens.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answers::{Input, reading};
use super::table::Route;
use super::{Problem, Shared};
use crate::people::{self, Caller, MAX_TOKENS, Need, Via, secrets};
use crate::store::sqlite::NewToken;
use crate::{ProjectId, clock};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/v1/me", Need::Known, me),
        Route::patch("/api/v1/me", Need::Person, rename),
        Route::get("/api/v1/sessions", Need::Person, sessions),
        Route::delete("/api/v1/sessions", Need::Person, close_others),
        Route::delete("/api/v1/sessions/{session}", Need::Person, close),
        Route::get("/api/v1/tokens", Need::Person, tokens),
        Route::post("/api/v1/tokens", Need::Person, make_token),
        Route::delete("/api/v1/tokens/{token}", Need::Person, revoke_token),
    ]
}

/// Who asks, what they are where, and what a page needs beside its cookie.
async fn me(State(api): Shared, caller: Caller, headers: HeaderMap) -> Result<Json<Value>, Problem> {
    let (reader, asker) = (api.reader.clone(), caller.clone());
    let found = reading(move || {
        reader.registry(|registry| Ok((registry.people().projects_of(&asker)?, registry.projects().all()?)))
    });
    let (roles, projects) = found.await?;
    let roles: HashMap<_, _> = roles.into_iter().collect();
    let seen = projects.iter().filter_map(|project| Some((project, roles.get(&project.id)?)));
    let projects: Vec<Value> = seen.map(|(project, role)| json!({ "project": project, "role": role })).collect();
    let user = json!({ "id": caller.user, "email": caller.email, "name": caller.name, "is_admin": caller.is_host() });
    Ok(Json(match &caller.via {
        Via::Session { number } => {
            let csrf = api.site.session(&headers).map(secrets::csrf);
            json!({ "user": user, "projects": projects, "session": number, "csrf": csrf })
        }
        Via::Token { number, name, project, can_write } => {
            let token = json!({ "number": number, "name": name, "project": project, "can_write": can_write });
            json!({ "user": user, "projects": projects, "token": token })
        }
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rename {
    name: String,
}

async fn rename(State(api): Shared, caller: Caller, Input(rename): Input<Rename>) -> Result<Json<Value>, Problem> {
    let name = people::name(&rename.name)?;
    let user = api.edit(move |registry| {
        registry.people().rename(caller.user, &name)?;
        registry.people().user(caller.user)?.ok_or(Problem::NotFound)
    });
    Ok(Json(json!({ "user": user.await? })))
}

async fn sessions(State(api): Shared, caller: Caller) -> Result<Json<Value>, Problem> {
    let reader = api.reader.clone();
    let items = reading(move || reader.registry(|r| r.people().sessions(caller.user, clock::now()))).await?;
    Ok(Json(json!({ "items": items, "current": current(&caller.via) })))
}

fn current(via: &Via) -> Option<i64> {
    match via {
        Via::Session { number } => Some(*number),
        Via::Token { .. } => None,
    }
}

async fn close(State(api): Shared, caller: Caller, Path(number): Path<i64>) -> Result<StatusCode, Problem> {
    let closed = api.edit(move |registry| Ok(registry.people().close_session(caller.user, number)?)).await?;
    if closed { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::NotFound) }
}

async fn close_others(State(api): Shared, caller: Caller) -> Result<StatusCode, Problem> {
    let kept = current(&caller.via);
    api.edit(move |registry| Ok(registry.people().close_sessions(caller.user, kept)?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn tokens(State(api): Shared, caller: Caller) -> Result<Json<Value>, Problem> {
    let reader = api.reader.clone();
    let items = reading(move || reader.registry(|registry| registry.people().tokens(caller.user))).await?;
    Ok(Json(json!({ "items": items })))
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Access {
    Read,
    Write,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MakeToken {
    name: String,
    /// None is all that its owner sees.
    project: Option<ProjectId>,
    access: Access,
    /// Milliseconds since 1970; none is never.
    expires: Option<i64>,
}

/// A token. The answer is the only one that says it.
async fn make_token(
    State(api): Shared,
    caller: Caller,
    Input(make): Input<MakeToken>,
) -> Result<(StatusCode, Json<Value>), Problem> {
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
    Ok((StatusCode::CREATED, Json(json!({ "token": token.await?, "secret": secret }))))
}

async fn revoke_token(State(api): Shared, caller: Caller, Path(number): Path<i64>) -> Result<StatusCode, Problem> {
    let revoked = api.edit(move |registry| Ok(registry.people().remove_token(caller.user, number)?)).await?;
    if revoked { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::NotFound) }
}
