//! The live stream of a project: server-sent events, resumed by `Last-Event-ID`.
//!
//! `event` tells what happened to an issue, `issue` how one is now, `alert` that a channel is told; `reset` that some
//! were missed, so that all has to be read again.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Extension;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::response::sse::{Event, KeepAlive};
use axum::response::{IntoResponse, Response, Sse};
use futures_util::stream::{self, StreamExt};
use serde_json::json;
use tokio::sync::watch;

use super::document::{Answer, Part, Sketch};
use super::guard::Pass;
use super::inputs::Path;
use super::table::Route;
use super::{Api, Shared};
use crate::ProjectId;
use crate::live::{Live, Read};
use crate::people::Need;
use crate::telemetry::Metrics;

/// Who reads is asked again who they are, after so long, before they are told more.
const PROVE_EVERY: Duration = Duration::from_secs(1);
/// Proxies close what is silent for a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get(
        "/api/v1/projects/{project}/stream",
        Need::View,
        "What happens to issues, as it happens: server-sent events `issue`, `event`, `alert` and `reset`.",
        stream,
    )]
}

struct Reader {
    api: Arc<Api>,
    pass: Pass,
    /// When the pass held last.
    proven: Instant,
    live: Arc<Live>,
    project: ProjectId,
    after: u64,
    /// What was there before is not known: it is said first.
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

async fn stream(
    State(api): Shared,
    Extension(pass): Extension<Pass>,
    Path(project): Path<u32>,
    LastEventId(last): LastEventId,
) -> Events {
    let live = api.live.clone();
    let last = last.as_deref();
    let known = last.and_then(|id| id.rsplit_once('.')).filter(|(era, _)| *era == live.era);
    let after = known.and_then(|(_, number)| number.parse().ok());
    api.metrics.streams.inc();
    let reader = Reader {
        project: ProjectId(project),
        after: after.unwrap_or_else(|| live.last()),
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
    Events(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

impl Reader {
    /// The next entries; none when the server ends, or the right to read them.
    async fn next(&mut self) -> Option<Vec<Event>> {
        if std::mem::take(&mut self.begins_anew) {
            return Some(vec![self.reset()]);
        }
        while !self.live.is_closed() {
            self.more.borrow_and_update();
            if self.proven.elapsed() >= PROVE_EVERY {
                if !self.pass.holds(&self.api).await {
                    return None;
                }
                self.proven = Instant::now();
            }
            match self.live.read(self.project, self.after) {
                Read::Reset(last) => {
                    self.after = last;
                    return Some(vec![self.reset()]);
                }
                Read::Entries(entries, last) => {
                    self.after = last;
                    if !entries.is_empty() {
                        let id = |number| format!("{}.{number}", self.live.era);
                        let event = |entry: crate::live::Entry| {
                            Event::default().id(id(entry.number)).event(entry.name).data(&*entry.data)
                        };
                        return Some(entries.into_iter().map(event).collect());
                    }
                }
            }
            self.more.changed().await.ok()?;
        }
        None
    }

    fn reset(&self) -> Event {
        Event::default().id(format!("{}.{}", self.live.era, self.after)).event("reset").data("{}")
    }
}
