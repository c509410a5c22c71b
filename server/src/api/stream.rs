//! The live stream of a project, or of all that someone sees: server-sent events, resumed by `Last-Event-ID`.
//!
//! `hello` comes first. `event` tells what happened to an issue, `issue` how one is now, `alert` that a channel is
//! told; `reset` that some were missed, or that the reader sees other projects by now, so that all has to be read again.

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Extension;
use axum::extract::{FromRequestParts, State};
use axum::http::HeaderName;
use axum::http::request::Parts;
use axum::response::sse::{Event, KeepAlive};
use axum::response::{IntoResponse, Response, Sse};
use futures_util::stream::{self, StreamExt};
use serde_json::json;
use tokio::sync::watch;
use tokio::time::timeout;

use super::answers::reading;
use super::document::{Answer, Part, Sketch};
use super::guard::Pass;
use super::inputs::Path;
use super::table::Route;
use super::{Api, Problem, Shared};
use crate::live::{Entry, Live, Read};
use crate::people::{Caller, Need};
use crate::telemetry::Metrics;
use crate::{ProjectId, clock};

/// Who reads is asked again who they are, after so long, before they are told more.
const PROVE_EVERY: Duration = Duration::from_secs(1);
/// Proxies close what is silent for a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(
            "/api/v1/stream",
            Need::Known,
            "What happens in all projects that one sees, as it happens: server-sent events as those of a project.",
            all,
        ),
        Route::get(
            "/api/v1/projects/{project}/stream",
            Need::View,
            "What happens to issues, as it happens: server-sent events `hello`, `issue`, `event`, `alert` and `reset`.",
            one,
        ),
    ]
}

struct Reader {
    api: Arc<Api>,
    pass: Pass,
    /// When the pass held last.
    proven: Instant,
    live: Arc<Live>,
    /// The only project, if it is for one.
    only: Option<ProjectId>,
    projects: HashSet<ProjectId>,
    after: u64,
    /// There was something of others since it was proven: it may be theirs by now.
    has_passed: bool,
    is_greeted: bool,
    /// What was there before is not known: it is said at once.
    begins_anew: bool,
    more: watch::Receiver<u64>,
    metrics: Arc<Metrics>,
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.metrics.streams.dec();
    }
}

/// The id of the last event that a reader had.
struct LastEventId(Option<String>);

impl<S: Sync> FromRequestParts<S> for LastEventId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<LastEventId, Infallible> {
        let value = parts.headers.get("last-event-id").and_then(|value| value.to_str().ok());
        Ok(LastEventId(value.map(str::to_owned)))
    }
}

impl Part for LastEventId {
    fn describe(sketch: &mut Sketch) {
        sketch.header("Last-Event-ID", "The `id` of the last event that was read: what came since is sent first.");
    }
}

/// Events without an end.
struct Events(Response);

impl IntoResponse for Events {
    fn into_response(self) -> Response {
        self.0
    }
}

impl Answer for Events {
    fn describe(sketch: &mut Sketch) {
        let schema = json!({ "type": "string" });
        sketch.answers(200, "Events, until either side ends it.", "text/event-stream", schema);
    }
}

async fn one(
    State(api): Shared,
    Extension(pass): Extension<Pass>,
    Path(project): Path<u32>,
    LastEventId(last): LastEventId,
) -> Events {
    let project = ProjectId(project);
    events(api, pass, last.as_deref(), Some(project), HashSet::from([project]))
}

async fn all(
    State(api): Shared,
    Extension(pass): Extension<Pass>,
    caller: Caller,
    LastEventId(last): LastEventId,
) -> Result<Events, Problem> {
    let projects = seen(&api, caller).await?;
    Ok(events(api, pass, last.as_deref(), None, projects))
}

/// The projects that someone sees.
async fn seen(api: &Api, caller: Caller) -> Result<HashSet<ProjectId>, Problem> {
    let reader = api.reader.clone();
    let roles = reading(move || reader.registry(|registry| registry.people().projects_of(&caller))).await?;
    Ok(roles.into_iter().map(|(project, _)| project).collect())
}

fn events(
    api: Arc<Api>,
    pass: Pass,
    last: Option<&str>,
    only: Option<ProjectId>,
    projects: HashSet<ProjectId>,
) -> Events {
    let live = api.live.clone();
    let known = last.and_then(|id| id.rsplit_once('.')).filter(|(era, _)| *era == live.era);
    let after = known.and_then(|(_, number)| number.parse().ok());
    api.metrics.streams.inc();
    let reader = Reader {
        only,
        projects,
        after: after.unwrap_or_else(|| live.last()),
        has_passed: false,
        is_greeted: false,
        begins_anew: last.is_some() && after.is_none(),
        more: live.subscribe(),
        metrics: api.metrics.clone(),
        live,
        pass,
        proven: Instant::now(),
        api,
    };
    let batches = stream::unfold(reader, async |mut reader| reader.next().await.map(|events| (events, reader)));
    let events = batches.flat_map(|events| stream::iter(events.into_iter().map(Ok::<_, Infallible>)));
    let stream = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    // nginx would keep it until it has a buffer full.
    Events(([(HeaderName::from_static("x-accel-buffering"), "no")], stream).into_response())
}

impl Reader {
    /// The next entries; none when the server ends, or the right to read them.
    async fn next(&mut self) -> Option<Vec<Event>> {
        if !std::mem::replace(&mut self.is_greeted, true) {
            // Who is about to be told that some are gone is given no place to go on from before that.
            return Some(match self.begins_anew {
                true => vec![self.hello(Event::default()), self.reset()],
                false => vec![self.hello(Event::default().id(self.id(self.after)))],
            });
        }
        while !self.live.is_closed() {
            self.more.borrow_and_update();
            if self.proven.elapsed() >= PROVE_EVERY {
                let projects = self.prove().await?;
                (self.proven, self.has_passed) = (Instant::now(), false);
                if projects != self.projects {
                    self.projects = projects;
                    return Some(vec![self.reset()]);
                }
            }
            match self.live.read(&self.projects, self.after) {
                Read::Reset(last) => {
                    self.after = last;
                    return Some(vec![self.reset()]);
                }
                Read::Entries(entries, last) => {
                    self.has_passed |= self.only.is_none() && last - self.after > entries.len() as u64;
                    self.after = last;
                    if !entries.is_empty() {
                        let event = |entry: Entry| {
                            Event::default().id(self.id(entry.number)).event(entry.name).data(&*entry.data)
                        };
                        return Some(entries.into_iter().map(event).collect());
                    }
                }
            }
            let more = self.more.changed();
            match self.has_passed {
                false => more.await.ok()?,
                true => match timeout(PROVE_EVERY.saturating_sub(self.proven.elapsed()), more).await {
                    Ok(more) => more.ok()?,
                    Err(_) => continue,
                },
            }
        }
        None
    }

    /// The projects that it may tell of now; none if who reads may no longer.
    async fn prove(&self) -> Option<HashSet<ProjectId>> {
        let caller = self.pass.renew(&self.api).await?;
        match self.only {
            Some(project) => Some(HashSet::from([project])),
            None => seen(&self.api, caller).await.ok(),
        }
    }

    fn id(&self, number: u64) -> String {
        format!("{}.{number}", self.live.era)
    }

    fn reset(&self) -> Event {
        Event::default().id(self.id(self.after)).event("reset").data("{}")
    }

    /// What a page holds against its own: its build, and its clock.
    fn hello(&self, event: Event) -> Event {
        let hello =
            json!({ "build": self.api.pages.build(), "version": env!("CARGO_PKG_VERSION"), "now": clock::now() });
        event.event("hello").data(hello.to_string())
    }
}
