//! How people come in: the first of them, login, one-time links; and out.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answers::{Created, Nothing, reading};
use super::document::{Answer, Part, Sketch};
use super::inputs::Input;
use super::table::Route;
use super::{Api, Problem, Shared};
use crate::people::{self, Caller, Need, Purpose, User, UserId, Via, passwords, secrets};
use crate::store::Registry;
use crate::{address, clock};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/api/v1/setup", Need::Open, "The first person, by the link that the first start printed.", setup)
            .may(403, "The link was used, or is too old, or there never was one.")
            .may(409, "There is someone with this address already."),
        Route::post("/api/v1/login", Need::Open, "A session for a person.", login)
            .may(401, "The address or the password is wrong.")
            .may(429, "Too many attempts; `Retry-After` says when the next is possible."),
        Route::post("/api/v1/redeem", Need::Open, "An invitation, or another password, by a one-time link.", redeem)
            .may(403, "The link was used, or is too old, or there never was one.")
            .may(409, "There is someone with this address already."),
        Route::post("/api/v1/logout", Need::Person, "Ends the session.", logout),
        Route::post("/api/v1/password", Need::Person, "Another password; all other sessions end.", password)
            .may(429, "Too many attempts; `Retry-After` says when the next is possible."),
    ]
}

/// Who is on the other end, as far as a request tells.
struct Visitor {
    address: Option<IpAddr>,
    agent: String,
}

impl FromRequestParts<Arc<Api>> for Visitor {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Visitor, Self::Rejection> {
        let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        let agent = agent.chars().take(200).collect();
        Ok(Visitor { address: address::client(parts, &api.trusted_proxies), agent })
    }
}

impl Part for Visitor {}

const NO_LINK: Problem = Problem::Forbidden("link", "the link was used, or is too old, or there never was one");

fn taken() -> Problem {
    Problem::Conflict("there is someone with this address already: log in".to_owned())
}

/// What a page needs beside the cookie of someone who came in.
#[derive(Serialize, JsonSchema)]
struct Welcome {
    user: User,
    /// To be sent as `X-Faultwire-CSRF` with everything that changes something.
    csrf: String,
}

fn welcome(user: User, session: &str) -> Welcome {
    Welcome { user, csrf: secrets::csrf(session) }
}

/// An answer that sets the cookie of the session, or takes it away.
struct WithCookie<A> {
    cookie: Option<String>,
    answer: A,
}

impl<A: IntoResponse> IntoResponse for WithCookie<A> {
    fn into_response(self) -> Response {
        let mut response = self.answer.into_response();
        if let Some(cookie) = self.cookie.and_then(|cookie| HeaderValue::try_from(cookie).ok()) {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
        response
    }
}

impl<A: Answer> Answer for WithCookie<A> {
    fn describe(sketch: &mut Sketch) {
        A::describe(sketch);
        sketch.answered_header("Set-Cookie", "The session, or its end.");
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Setup {
    token: String,
    email: String,
    name: String,
    password: String,
}

/// The first person, by the link that the first start printed.
async fn setup(
    State(api): Shared,
    visitor: Visitor,
    Input(setup): Input<Setup>,
) -> Result<WithCookie<Created<Welcome>>, Problem> {
    let hash = secrets::hash(&setup.token);
    if purpose(&api, hash).await? != Some(Purpose::Setup) {
        return Err(NO_LINK);
    }
    let (email, name) = (people::email(&setup.email)?, people::name(&setup.name)?);
    passwords::check(&setup.password, &email)?;
    let password = api.hasher.hash(setup.password).await??;
    let session = secrets::fresh()?;
    let opened = secrets::hash(&session);
    let user = api
        .edit(move |registry| {
            let (people, now) = (registry.people(), clock::now());
            if people.link(&hash, now)? != Some(Purpose::Setup) || people.has_admin()? {
                return Err(NO_LINK);
            }
            people.end_link(&hash)?;
            let user = people.add(&email, &name, Some(&password), true, now)?.ok_or_else(taken)?;
            people.open_session(user.id, &opened, &visitor.agent, now)?;
            Ok(user)
        })
        .await?;
    tracing::info!(user = user.email, "the first person was set up");
    Ok(WithCookie { cookie: Some(api.site.open(&session)), answer: Created(welcome(user, &session)) })
}

async fn purpose(api: &Api, hash: secrets::Hash) -> Result<Option<Purpose>, Problem> {
    let reader = api.reader.clone();
    reading(move || reader.registry(|registry| registry.people().link(&hash, clock::now()))).await
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Login {
    email: String,
    password: String,
}

async fn login(
    State(api): Shared,
    visitor: Visitor,
    Input(login): Input<Login>,
) -> Result<WithCookie<Json<Welcome>>, Problem> {
    // Whatever cannot be an address is nobody's, and throttled as that.
    let email: String = people::email(&login.email).unwrap_or_default();
    let user = prove(&api, &email, visitor.address, login.password).await?.ok_or(Problem::WrongPassword)?;
    let session = secrets::fresh()?;
    let opened = secrets::hash(&session);
    let id = user.id;
    api.edit(move |registry| {
        // They may have been removed while the password was looked at.
        registry.people().user(id)?.ok_or(Problem::WrongPassword)?;
        Ok(registry.people().open_session(id, &opened, &visitor.agent, clock::now())?)
    })
    .await?;
    Ok(WithCookie { cookie: Some(api.site.open(&session)), answer: Json(welcome(user, &session)) })
}

/// Whose password it is, if it is right.
async fn prove(api: &Api, email: &str, address: Option<IpAddr>, password: String) -> Result<Option<User>, Problem> {
    if let Err(seconds) = api.throttle.take(address, email, clock::now()) {
        tracing::warn!(address = address.map(|a| a.to_string()), "too many attempts to log in");
        return Err(Problem::TooMany(seconds));
    }
    let (reader, wanted) = (api.reader.clone(), email.to_owned());
    let known = reading(move || reader.registry(|registry| registry.people().by_email(&wanted))).await?;
    let (user, stored) = known.map_or((None, None), |(user, stored)| (Some(user), stored));
    let is_right = api.hasher.is_right(password, stored).await?;
    if is_right {
        api.throttle.forgive(email);
    }
    Ok(user.filter(|_| is_right))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Redeem {
    token: String,
    /// For invitations.
    name: Option<String>,
    password: String,
}

/// An invitation, or a new password, by a one-time link.
async fn redeem(
    State(api): Shared,
    visitor: Visitor,
    Input(redeem): Input<Redeem>,
) -> Result<WithCookie<Json<Welcome>>, Problem> {
    let hash = secrets::hash(&redeem.token);
    let purpose = purpose(&api, hash).await?.filter(|purpose| *purpose != Purpose::Setup).ok_or(NO_LINK)?;
    let email = match &purpose {
        Purpose::Invitation { email, .. } => email.clone(),
        Purpose::Password(user) => user_of(&api, *user).await?.email,
        Purpose::Setup => return Err(NO_LINK),
    };
    let name = match (&purpose, redeem.name) {
        (Purpose::Invitation { .. }, name) => Some(people::name(&name.unwrap_or_default())?),
        (_, name) => name.map(|name| people::name(&name)).transpose()?,
    };
    passwords::check(&redeem.password, &email)?;
    let password = api.hasher.hash(redeem.password).await??;
    let session = secrets::fresh()?;
    let opened = secrets::hash(&session);
    let forgiven = email.clone();
    let user = api
        .edit(move |registry| {
            let now = clock::now();
            // Another may have used it while the password was hashed.
            let purpose = registry.people().link(&hash, now)?.ok_or(NO_LINK)?;
            registry.people().end_link(&hash)?;
            let user = accept(registry, purpose, name, &password, now)?;
            registry.people().open_session(user.id, &opened, &visitor.agent, now)?;
            Ok(user)
        })
        .await?;
    api.throttle.forgive(&forgiven);
    Ok(WithCookie { cookie: Some(api.site.open(&session)), answer: Json(welcome(user, &session)) })
}

fn accept(
    registry: Registry<'_>,
    purpose: Purpose,
    name: Option<String>,
    password: &str,
    now: i64,
) -> Result<User, Problem> {
    let people = registry.people();
    match purpose {
        Purpose::Invitation { email, is_admin, role } => {
            let name = name.unwrap_or_else(|| email.clone());
            let user = people.add(&email, &name, Some(password), is_admin, now)?.ok_or_else(taken)?;
            if let Some((project, role)) = role {
                people.set_role(project, user.id, Some(role))?;
            }
            Ok(user)
        }
        Purpose::Password(id) => {
            people.set_password(id, password, None)?;
            if let Some(name) = name {
                people.rename(id, &name)?;
            }
            people.user(id)?.ok_or(NO_LINK)
        }
        Purpose::Setup => Err(NO_LINK),
    }
}

async fn user_of(api: &Api, id: UserId) -> Result<User, Problem> {
    let reader = api.reader.clone();
    reading(move || reader.registry(|registry| registry.people().user(id))).await?.ok_or(NO_LINK)
}

async fn logout(State(api): Shared, caller: Caller, headers: HeaderMap) -> Result<WithCookie<Json<Nothing>>, Problem> {
    if let Via::Session { number } = caller.via {
        api.edit(move |registry| Ok(registry.people().close_session(caller.user, number)?)).await?;
    }
    let cookie = api.site.session(&headers).map(|_| api.site.close());
    Ok(WithCookie { cookie, answer: Json(Nothing {}) })
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Password {
    current: String,
    new: String,
}

/// Another password; all other sessions of the person end.
async fn password(
    State(api): Shared,
    caller: Caller,
    visitor: Visitor,
    Input(password): Input<Password>,
) -> Result<Json<Nothing>, Problem> {
    let proven = prove(&api, &caller.email, visitor.address, password.current).await?;
    let user = proven.ok_or(Problem::Forbidden("password", "current: it is not your password"))?;
    passwords::check(&password.new, &caller.email)?;
    let hash = api.hasher.hash(password.new).await??;
    let kept = match caller.via {
        Via::Session { number } => Some(number),
        Via::Token { .. } => None,
    };
    api.edit(move |registry| Ok(registry.people().set_password(user.id, &hash, kept)?)).await?;
    Ok(Json(Nothing {}))
}
