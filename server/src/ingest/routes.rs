//! One request, from the socket to the log.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::post;
use faultwire::protocol::EventId;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::auth::{Key, Keys, origin, public_key};
use super::body::{BadBody, decompress, encoding};
use super::envelope::{self, Checked};
use super::{Quotas, Refusal, incoming};
use crate::consume::Doorway;
use crate::log::{Encoding, KeyKind, Log, Record, Refused};
use crate::outcome::Reason;
use crate::settings::Settings;
use crate::telemetry::Metrics;
use crate::{address, clock};

/// Bodies beyond this are unpacked on threads that may take their time.
const MAX_INLINE: usize = 64 << 10;
/// Seconds after which a client may try again that met a full house.
const COME_AGAIN: u64 = 5;

/// What the routes need.
pub struct Ingest {
    /// The keys in force.
    pub keys: Arc<Keys>,
    /// How much may still come.
    pub quotas: Arc<Quotas>,
    /// Where accepted envelopes go.
    pub log: Arc<dyn Log>,
    /// Where it is told what was not accepted.
    pub doorway: Doorway,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Limits.
    pub settings: Arc<Settings>,
    /// Room for requests that are read at once.
    pub room: Arc<Semaphore>,
}

/// Which of the two forms a body has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Envelope,
    Event,
}

/// The routes of ingestion, under `/api`.
pub fn routes(ingest: Arc<Ingest>) -> Router {
    let envelope = |state, path, request| accept(state, path, request, Form::Envelope);
    let event = |state, path, request| accept(state, path, request, Form::Event);
    let mut router = Router::new();
    for (path, form) in [("envelope", Form::Envelope), ("store", Form::Event)] {
        for slash in ["", "/"] {
            let path = format!("/api/{{project}}/{path}{slash}");
            let routes = match form {
                Form::Envelope => post(envelope).options(preflight),
                Form::Event => post(event).options(preflight),
            };
            router = router.route(&path, routes);
        }
    }
    router.with_state(ingest)
}

async fn accept(
    State(ingest): State<Arc<Ingest>>,
    Path(project): Path<String>,
    request: Request<Body>,
    form: Form,
) -> Response<Body> {
    let started = Instant::now();
    let page = origin(request.headers()).map(str::to_owned);
    let (parts, mut body) = request.into_parts();
    let answer = ingest.take(&project, &parts, &mut body, form).await;
    if answer.as_ref().is_err_and(|refusal| refusal.reason != Reason::Timeout) {
        incoming::drain(&mut body, &parts.headers, ingest.settings.max_request_bytes).await;
    }
    ingest.metrics.ingested(answer.as_ref().map(|_| ()).map_err(|refusal| refusal.reason), started.elapsed());
    let mut response = match answer {
        Ok(id) => axum::Json(id.map_or_else(|| json!({}), |id| json!({ "id": id }))).into_response(),
        Err(refusal) => {
            tracing::debug!(reason = refusal.reason.as_str(), detail = %refusal.detail, project, "not accepted");
            ingest.doorway.refused(&refusal);
            refusal.into_response()
        }
    };
    allow_page(page.as_deref(), response.headers_mut());
    response
}

/// Pages may read the answer; whether their origin may send has been decided.
fn allow_page(page: Option<&str>, headers: &mut HeaderMap) {
    let Some(page) = page.and_then(|page| HeaderValue::from_str(page).ok()) else { return };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, page);
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
    let exposed = HeaderValue::from_static("x-sentry-error, x-sentry-rate-limits, retry-after, x-faultwire");
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
}

/// What a browser asks before it sends from another origin.
async fn preflight(headers: HeaderMap) -> Response<Body> {
    let mut response = StatusCode::NO_CONTENT.into_response();
    allow_page(origin(&headers), response.headers_mut());
    let answers = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, Method::POST.as_str()),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "x-sentry-auth, x-requested-with, origin, accept, content-type, authentication, authorization, \
             content-encoding, transfer-encoding",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, "3600"),
    ];
    for (name, value) in answers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

impl Ingest {
    async fn take(
        &self,
        project: &str,
        parts: &Parts,
        body: &mut Body,
        form: Form,
    ) -> Result<Option<EventId>, Refusal> {
        let full = || Refusal::until(Reason::Overloaded, COME_AGAIN, "too many requests at once");
        let _room = self.room.try_acquire().map_err(|_| full())?;
        let named = public_key(&parts.headers, &parts.uri);
        // A key in a header is judged before the body is read, one in the body after.
        let early = named.is_some() || form == Form::Event;
        let admitted = match early {
            true => Some(self.admit(named.as_deref(), project, parts)?),
            false => None,
        };
        let of_project = |refusal: Refusal| match &admitted {
            Some(key) => refusal.of(key.project),
            None => refusal,
        };
        let (whole, encoding) = self.whole(parts, body, form).await.map_err(of_project)?;
        let key = match admitted {
            Some(key) => key,
            None => self.admit(envelope::key_in(&whole.plain).as_deref(), project, parts)?,
        };
        let checked = envelope::check(&whole.plain, key.kind, self.settings.max_event_bytes)
            .map_err(|refusal| refusal.of(key.project))?;
        if !checked.has_event {
            self.quotas.give_back(key.project, clock::now());
        }
        self.write(&key, whole, encoding, checked).await.map_err(|refusal| refusal.of(key.project))
    }

    fn admit(&self, public: Option<&str>, project: &str, parts: &Parts) -> Result<Key, Refusal> {
        let key = self.keys.admit(public, project, &parts.headers)?;
        let client = || address::client(parts, &self.settings.trusted_proxies).map(address::network);
        let address = (key.kind == KeyKind::Browser).then(client).flatten();
        self.quotas.take(key.project, address, clock::now())?;
        Ok(key)
    }

    /// The body, read and unpacked.
    async fn whole(&self, parts: &Parts, body: &mut Body, form: Form) -> Result<(Whole, Encoding), Refusal> {
        let headers = &parts.headers;
        let name = headers.get(header::CONTENT_ENCODING).map_or(Ok(""), |value| value.to_str()).unwrap_or("?");
        let encoding = encoding(name).ok_or_else(|| {
            Refusal::new(Reason::InvalidEncoding, "Content-Encoding: expected gzip, deflate, br, zstd or none")
        })?;
        let raw = incoming::read(body, headers, self.settings.max_request_bytes).await?;
        self.unpack(raw, encoding, form).await
    }

    async fn unpack(&self, raw: Vec<u8>, encoding: Encoding, form: Form) -> Result<(Whole, Encoding), Refusal> {
        let limit = self.settings.max_request_bytes;
        if raw.len() <= MAX_INLINE {
            return unpack(raw, encoding, form, limit);
        }
        let task = tokio::task::spawn_blocking(move || unpack(raw, encoding, form, limit));
        task.await.map_err(|_| Refusal::until(Reason::Overloaded, COME_AGAIN, "the server is stopping"))?
    }

    async fn write(
        &self,
        key: &Key,
        whole: Whole,
        encoding: Encoding,
        checked: Checked,
    ) -> Result<Option<EventId>, Refusal> {
        if checked.kept == 0 {
            self.doorway.dropped(key.project, checked.dropped);
            return Ok(checked.event_id);
        }
        let (encoding, body, plain) = match (checked.rewritten, whole.raw) {
            (Some(rewritten), _) => (Encoding::Identity, rewritten, None),
            (None, Some(raw)) => (encoding, raw, Some(whole.plain)),
            (None, None) => (encoding, whole.plain, None),
        };
        let record = Record { project: key.project, key: key.kind, received: clock::now(), encoding, body, plain };
        let ticket = self.log.append(record).map_err(not_written)?;
        let written = ticket.await.map_err(|_| not_written(Refused::Busy))?;
        written.map_err(not_written)?;
        // Not before: what is refused comes again, whole.
        self.doorway.dropped(key.project, checked.dropped);
        Ok(checked.event_id)
    }
}

fn not_written(refused: Refused) -> Refusal {
    match refused {
        Refused::Busy => Refusal::until(Reason::Overloaded, COME_AGAIN, "the server is behind"),
        Refused::Disk(_) => Refusal::until(Reason::DiskFull, 30, "the server cannot write to its disk"),
    }
}

/// A body in both of its forms: as it came, if it was compressed, and plain.
struct Whole {
    raw: Option<Vec<u8>>,
    plain: Vec<u8>,
}

fn unpack(raw: Vec<u8>, encoding: Encoding, form: Form, limit: u64) -> Result<(Whole, Encoding), Refusal> {
    let whole = match encoding {
        Encoding::Identity => Whole { raw: None, plain: raw },
        _ => {
            let plain = decompress(encoding, &raw, limit).map_err(|bad| match bad {
                BadBody::TooLarge => Refusal::new(Reason::TooLarge, "the body is too large when decompressed"),
                BadBody::Corrupt => Refusal::new(Reason::InvalidEncoding, "the body is not what Content-Encoding says"),
            })?;
            Whole { raw: Some(raw), plain }
        }
    };
    match form {
        Form::Envelope => Ok((whole, encoding)),
        Form::Event => Ok((Whole { raw: None, plain: envelope::of_event(whole.plain)? }, Encoding::Identity)),
    }
}
