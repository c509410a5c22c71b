//! In front of every route: who asks, and may they.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{FromRequestParts, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;

use super::answers::reading;
use super::{Api, Problem};
use crate::people::{Caller, Denied, NOTE_EVERY, Need, decide, secrets};
use crate::telemetry::Task;
use crate::{ProjectId, clock, threads};

/// The header that a page sends with everything that changes something.
pub const CSRF: &str = "x-faultwire-csrf";

/// By what someone says who they are.
enum Credential {
    Token(String),
    Session(String),
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// A token wins over a cookie, which browsers send unasked. What is there and wrong is not passed over.
fn credential(api: &Api, headers: &HeaderMap) -> Option<Credential> {
    if headers.contains_key(header::AUTHORIZATION) {
        return bearer(headers).map(|token| Credential::Token(token.to_owned()));
    }
    api.site.session(headers).map(|session| Credential::Session(session.to_owned()))
}

/// Answers the request if who asks may what `need` says. The handler finds them as [`Caller`].
pub(super) async fn guard(
    State((api, need)): State<(Arc<Api>, Need)>,
    params: Result<RawPathParams, axum::extract::rejection::RawPathParamsRejection>,
    mut request: Request<Body>,
    next: Next,
) -> Result<Response, Problem> {
    let headers = request.headers();
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let credential = credential(&api, headers);
    if !is_safe && !matches!(credential, Some(Credential::Token(_))) && !api.site.is_own(headers) {
        return Err(Problem::Forbidden("foreign_origin", "the page is not one of this server; see public_url"));
    }
    if need == Need::Open || (need == Need::Metrics && has_metrics_token(&api, &credential)) {
        return Ok(next.run(request).await);
    }
    let named = params.map_err(|_| Problem::NotFound)?;
    let named = named.iter().find(|(name, _)| *name == "project").map(|(_, value)| value.to_owned());
    let project = named.as_deref().map(|text| text.parse().map(ProjectId).map_err(|_| Problem::NotFound)).transpose();
    // Who is nobody learns nothing, not even that a path cannot be.
    let project_of_lookup = project.as_ref().ok().copied().flatten();
    let credential = credential.ok_or(Problem::Unauthorized)?;
    let pass = Pass::new(&credential, project_of_lookup, need);
    let caller = pass.find(&api).await?.ok_or(Problem::Unauthorized)?;
    project?;
    if let Credential::Session(session) = &credential
        && !is_safe
    {
        let sent = request.headers().get(CSRF).and_then(|value| value.to_str().ok()).unwrap_or_default();
        // By their hashes, so that the time it takes tells nothing of the value.
        if secrets::hash(sent) != secrets::hash(&secrets::csrf(session)) {
            return Err(Problem::Forbidden("csrf", "X-Faultwire-CSRF: expected what login and /api/v1/me tell"));
        }
    }
    decide(need, &caller, is_safe).map_err(|denied| match denied {
        Denied::Hidden => Problem::NotFound,
        Denied::Forbidden(why) => Problem::Forbidden("forbidden", why),
    })?;
    request.extensions_mut().insert(caller);
    request.extensions_mut().insert(pass);
    let mut response = next.run(request).await;
    // What is for one is not kept for another by anything between.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn has_metrics_token(api: &Api, credential: &Option<Credential>) -> bool {
    match (credential, &api.metrics_token) {
        (Some(Credential::Token(token)), Some(expected)) => secrets::hash(token) == *expected,
        _ => false,
    }
}

/// By what someone was let in, and to what: so that an answer that takes long can ask again.
#[derive(Debug, Clone)]
pub(super) struct Pass {
    is_session: bool,
    hash: secrets::Hash,
    project: Option<ProjectId>,
    need: Need,
}

impl Pass {
    fn new(credential: &Credential, project: Option<ProjectId>, need: Need) -> Pass {
        let (is_session, hash) = match credential {
            Credential::Session(session) => (true, secrets::hash(session)),
            Credential::Token(token) => (false, secrets::hash(token)),
        };
        Pass { is_session, hash, project, need }
    }

    async fn find(&self, api: &Arc<Api>) -> Result<Option<Caller>, Problem> {
        let (reader, now) = (api.reader.clone(), clock::now());
        let Pass { is_session, hash, project, .. } = self.clone();
        let found = reading(move || {
            reader.registry(|registry| match is_session {
                true => registry.people().by_session(&hash, project, now),
                false => registry.people().by_token(&hash, project, now),
            })
        });
        let Some((caller, used)) = found.await? else { return Ok(None) };
        if now - used >= NOTE_EVERY {
            note(api, &caller, now);
        }
        Ok(Some(caller))
    }

    /// Who was let in, if they still would be.
    pub async fn renew(&self, api: &Arc<Api>) -> Option<Caller> {
        let caller = self.find(api).await.ok().flatten()?;
        decide(self.need, &caller, true).is_ok().then_some(caller)
    }
}

/// Notes that someone was here, beside the answer, once for all requests of a moment.
fn note(api: &Arc<Api>, caller: &Caller, now: i64) {
    let via = caller.via.clone();
    if api.noting.swap(true, std::sync::atomic::Ordering::AcqRel) {
        return;
    }
    let api = api.clone();
    threads::start(Task::Note, async move {
        let started = Instant::now();
        let noted = api.doorway.ask(move |ledger| ledger.edit(|registry| registry.people().note(&via, now))).await;
        Task::Note.ended(started, matches!(noted, Ok(Ok(_))));
        api.noting.store(false, std::sync::atomic::Ordering::Release);
        if let Ok(Err(error)) = noted {
            tracing::warn!(error = format!("{error:#}"), "the use of a session or token was not noted");
        }
    });
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Caller, Problem> {
        // Only where the route is open: there nobody was asked for.
        parts.extensions.get().cloned().ok_or(Problem::Unauthorized)
    }
}
