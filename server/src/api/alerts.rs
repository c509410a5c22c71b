//! Alerts: channels and rules of a project, what was sent, and the feed of all that happened.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answers::{Input, reading};
use super::table::Route;
use super::{Api, Problem, Shared};
use crate::alerts::delivery::message_id;
use crate::alerts::{
    Alert, Attempt, Channel, ChannelId, Config, Content, NewMessage, Outcome, Rule, Secrets, State as Standing, Wanted,
};
use crate::people::Need;
use crate::store::sqlite::{Page, Reader};
use crate::{ProjectId, clock};

/// Entries of a page unless it is asked for others.
const LIMIT: usize = 50;
const MAX_LIMIT: usize = 200;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/v1/projects/{project}/channels", Need::View, channels),
        Route::post("/api/v1/projects/{project}/channels", Need::Manage, create),
        Route::patch("/api/v1/projects/{project}/channels/{channel}", Need::Manage, change),
        Route::delete("/api/v1/projects/{project}/channels/{channel}", Need::Manage, remove),
        Route::post("/api/v1/projects/{project}/channels/{channel}/test", Need::Manage, test),
        Route::get("/api/v1/projects/{project}/rules", Need::View, rules),
        Route::put("/api/v1/projects/{project}/rules", Need::Manage, set_rules),
        Route::get("/api/v1/projects/{project}/deliveries", Need::View, deliveries),
        Route::get("/api/v1/projects/{project}/feed", Need::View, feed),
    ]
}

/// Reads something of a project that exists.
async fn of_project<T: Send + 'static>(
    api: &Api,
    project: ProjectId,
    read: impl FnOnce(&Reader) -> anyhow::Result<T> + Send + 'static,
) -> Result<T, Problem> {
    let reader = api.reader.clone();
    let found = reading(move || {
        let is_known =
            reader.registry(|registry| Ok(registry.projects().all()?.iter().any(|one| one.id == project)))?;
        is_known.then(|| read(&reader)).transpose()
    });
    found.await?.ok_or(Problem::NotFound)
}

async fn channels(State(api): Shared, Path(project): Path<u32>) -> Result<Json<Value>, Problem> {
    let found = of_project(&api, ProjectId(project), move |reader| reader.channels(ProjectId(project))).await?;
    let items: Vec<Value> = found.iter().map(|channel| channel.shown(&api.vault)).collect();
    Ok(Json(json!({ "items": items })))
}

async fn create(
    State(api): Shared,
    Path(project): Path<u32>,
    Input(mut wanted): Input<Wanted>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let project = ProjectId(project);
    of_project(&api, project, |_| Ok(())).await?;
    let Some(kind) = wanted.kind.take() else {
        return Err(Problem::Invalid("kind: expected slack, email, pagerduty or webhook".to_owned()));
    };
    let vault = api.vault.clone();
    let build = move |id| {
        let mut channel = Channel {
            id,
            project,
            name: kind.as_str().to_owned(),
            kind,
            enabled: true,
            config: Config::default(),
            sealed: Vec::new(),
            created: clock::now(),
            deleted: false,
        };
        let mut secrets = Secrets::default();
        wanted.put(&mut channel, &mut secrets).map_err(Problem::Invalid)?;
        channel.seal(&vault, &secrets)?;
        Ok::<Channel, Problem>(channel)
    };
    let channel: Channel = api.doorway.ask(|ledger| ledger.make_channel(build)).await???;
    Ok((StatusCode::CREATED, Json(channel.shown(&api.vault))))
}

async fn change(
    State(api): Shared,
    Path((project, channel)): Path<(u32, i64)>,
    Input(wanted): Input<Wanted>,
) -> Result<Json<Value>, Problem> {
    if wanted.kind.is_some() {
        return Err(Problem::Invalid("kind: a channel keeps it; make another".to_owned()));
    }
    let vault = api.vault.clone();
    let change = move |channel: &mut Channel| {
        // Sealed under a key that is gone: they have to be set again, all of them.
        let mut secrets = channel.unseal(&vault).unwrap_or_default();
        wanted.put(channel, &mut secrets).map_err(Problem::Invalid)?;
        channel.seal(&vault, &secrets)?;
        Ok::<(), Problem>(())
    };
    let changed = api.doorway.ask(move |ledger| ledger.change_channel(ProjectId(project), ChannelId(channel), change));
    let channel: Result<Channel, Problem> = changed.await??.ok_or(Problem::NotFound)?;
    Ok(Json(channel?.shown(&api.vault)))
}

async fn remove(State(api): Shared, Path((project, channel)): Path<(u32, i64)>) -> Result<StatusCode, Problem> {
    let remove = |channel: &mut Channel| {
        channel.deleted = true;
        channel.sealed.clear();
        Ok::<(), Problem>(())
    };
    let removed = api.doorway.ask(move |ledger| ledger.change_channel(ProjectId(project), ChannelId(channel), remove));
    removed.await??.ok_or(Problem::NotFound)??;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a message that says it is a test, once, and waits for what comes of it.
async fn test(State(api): Shared, Path((project, channel)): Path<(u32, i64)>) -> Result<Json<Value>, Problem> {
    let (project, id) = (ProjectId(project), ChannelId(channel));
    let found = of_project(&api, project, move |reader| reader.channels(project)).await?;
    let channel = found.into_iter().find(|channel| channel.id == id).ok_or(Problem::NotFound)?;
    let (message, now) = (message_id()?, clock::now());
    let sender = api.sender.clone();
    let sent = {
        let message = message.clone();
        let content = Content { alerts: vec![Alert::test(project, now)], total: 1 };
        tokio::task::spawn_blocking(move || sender.send(&channel, &message, content)).await
    };
    let (state, note) = match sent.map_err(|_| Problem::Unavailable)? {
        Outcome::Accepted(note) => (Standing::Sent, note),
        Outcome::Later(note, _) | Outcome::Refused(note) => (Standing::Failed, note),
    };
    let time = clock::now();
    let new = NewMessage { id: message.clone(), channel: id, project, created: now, since: now, alerts: Vec::new() };
    let attempt = Attempt { id: message.clone(), time, state, due: time, note: note.clone() };
    api.doorway.ask(|ledger| ledger.tested(new, attempt)).await??;
    Ok(Json(json!({ "message": message, "state": state, "note": note })))
}

async fn rules(State(api): Shared, Path(project): Path<u32>) -> Result<Json<Value>, Problem> {
    let rules = of_project(&api, ProjectId(project), move |reader| reader.rules(ProjectId(project))).await?;
    Ok(Json(json!({ "items": rules })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    items: Vec<Rule>,
}

/// Replaces all rules.
async fn set_rules(
    State(api): Shared,
    Path(project): Path<u32>,
    Input(rules): Input<Rules>,
) -> Result<Json<Value>, Problem> {
    let project = ProjectId(project);
    of_project(&api, project, |_| Ok(())).await?;
    let items = rules.items.clone();
    api.doorway.ask(move |ledger| ledger.set_rules(project, rules.items)).await??.map_err(Problem::Invalid)?;
    Ok(Json(json!({ "items": items })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Messages {
    state: Option<Standing>,
    channel: Option<i64>,
    after: Option<i64>,
    limit: Option<usize>,
}

async fn deliveries(
    State(api): Shared,
    Path(project): Path<u32>,
    Query(which): Query<Messages>,
) -> Result<Json<Page<Value>>, Problem> {
    let project = ProjectId(project);
    let limit = which.limit.unwrap_or(LIMIT).clamp(1, MAX_LIMIT);
    let channel = which.channel.map(ChannelId);
    let page =
        of_project(&api, project, move |reader| reader.deliveries(project, which.state, channel, which.after, limit));
    page.await.map(Json)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lines {
    after: Option<i64>,
    limit: Option<usize>,
}

async fn feed(
    State(api): Shared,
    Path(project): Path<u32>,
    Query(which): Query<Lines>,
) -> Result<Json<Page<Value>>, Problem> {
    let limit = which.limit.unwrap_or(LIMIT).clamp(1, MAX_LIMIT);
    let project = ProjectId(project);
    of_project(&api, project, move |reader| reader.feed(project, which.after, limit)).await.map(Json)
}
