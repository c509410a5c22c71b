//! The live stream of a project: server-sent events, resumed by `Last-Event-ID`.
//!
//! `event` tells what happened to an issue, `issue` how one is now; `reset` that some were missed, so that all has to
//! be read again.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::stream::{self, Stream, StreamExt};
use tokio::sync::watch;

use super::guard::Pass;
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
    vec![Route::get("/api/v1/projects/{project}/stream", Need::View, stream)]
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

async fn stream(
    State(api): Shared,
    Extension(pass): Extension<Pass>,
    Path(project): Path<u32>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let live = api.live.clone();
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
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
    let events = batches.flat_map(|events| stream::iter(events.into_iter().map(Ok)));
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
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
