//! Alerts: channels and rules of a project, what was sent, and the feed of all that happened.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::answers::{Created, Items, NoContent, Tagged, content_tag, reading};
use super::inputs::{IfMatch, Input, Limit, Path, Query};
use super::table::Route;
use super::{Api, Problem, Shared};
use crate::alerts::delivery::message_id;
use crate::alerts::{
    Alert, Attempt, Channel, ChannelId, Config, Content, NewMessage, Outcome, Rule, Secrets, Shown, State as Standing,
    Wanted,
};
use crate::consume::Ledger;
use crate::people::Need;
use crate::store::sqlite::{Line, Message, Page, Reader};
use crate::{ProjectId, clock};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/v1/projects/{project}/channels", Need::View, "The channels of the project.", channels),
        Route::post("/api/v1/projects/{project}/channels", Need::Manage, "Makes a channel.", create),
        Route::get("/api/v1/projects/{project}/channels/{channel}", Need::View, "A channel.", channel),
        Route::patch(
            "/api/v1/projects/{project}/channels/{channel}",
            Need::Manage,
            "Changes a channel; what is absent stays.",
            change,
        ),
        Route::delete("/api/v1/projects/{project}/channels/{channel}", Need::Manage, "Removes a channel.", remove),
        Route::post(
            "/api/v1/projects/{project}/channels/{channel}/test",
            Need::Manage,
            "Sends a message that says it is a test, and waits for what comes of it.",
            test,
        ),
        Route::get("/api/v1/projects/{project}/rules", Need::View, "The rules of the project.", rules),
        Route::put("/api/v1/projects/{project}/rules", Need::Manage, "Replaces all rules.", set_rules),
        Route::get("/api/v1/projects/{project}/deliveries", Need::View, "Messages, the newest first.", deliveries),
        Route::get("/api/v1/projects/{project}/feed", Need::View, "What happened to issues, the newest first.", feed),
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

async fn channels(State(api): Shared, Path(project): Path<u32>) -> Result<Json<Items<Shown>>, Problem> {
    let found = of_project(&api, ProjectId(project), move |reader| reader.channels(ProjectId(project))).await?;
    Ok(Json(Items { items: found.iter().map(|channel| channel.shown(&api.vault)).collect() }))
}

/// A channel with its tag, which another secret changes as well.
fn tagged(api: &Api, channel: &Channel) -> Tagged<Shown> {
    Tagged::by_content(channel.shown(&api.vault), &channel.sealed)
}

async fn channel(State(api): Shared, Path((project, channel)): Path<(u32, i64)>) -> Result<Tagged<Shown>, Problem> {
    let found = of_project(&api, ProjectId(project), move |reader| reader.channels(ProjectId(project))).await?;
    let one = found.iter().find(|one| one.id == ChannelId(channel)).ok_or(Problem::NotFound)?;
    Ok(tagged(&api, one))
}

async fn create(
    State(api): Shared,
    Path(project): Path<u32>,
    Input(mut wanted): Input<Wanted>,
) -> Result<Created<Shown>, Problem> {
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
    Ok(Created(channel.shown(&api.vault)))
}

async fn change(
    State(api): Shared,
    Path((project, channel)): Path<(u32, i64)>,
    known: IfMatch,
    Input(wanted): Input<Wanted>,
) -> Result<Tagged<Shown>, Problem> {
    if wanted.kind.is_some() {
        return Err(Problem::Invalid("kind: a channel keeps it; make another".to_owned()));
    }
    let (vault, theirs) = (api.vault.clone(), api.clone());
    let change = move |channel: &mut Channel| {
        let now = tagged(&theirs, channel);
        if !known.allows(&now.tag) {
            return Err(Problem::Stale(json!(now.body)));
        }
        // Sealed under a key that is gone: they have to be set again, all of them.
        let mut secrets = channel.unseal(&vault).unwrap_or_default();
        wanted.put(channel, &mut secrets).map_err(Problem::Invalid)?;
        channel.seal(&vault, &secrets)?;
        Ok::<(), Problem>(())
    };
    let changed = api.doorway.ask(move |ledger| ledger.change_channel(ProjectId(project), ChannelId(channel), change));
    let channel: Result<Channel, Problem> = changed.await??.ok_or(Problem::NotFound)?;
    Ok(tagged(&api, &channel?))
}

async fn remove(State(api): Shared, Path((project, channel)): Path<(u32, i64)>) -> Result<NoContent, Problem> {
    let remove = |channel: &mut Channel| {
        channel.deleted = true;
        channel.sealed.clear();
        Ok::<(), Problem>(())
    };
    let removed = api.doorway.ask(move |ledger| ledger.change_channel(ProjectId(project), ChannelId(channel), remove));
    removed.await??.ok_or(Problem::NotFound)??;
    Ok(NoContent)
}

/// What came of a test.
#[derive(Serialize, JsonSchema)]
struct Tested {
    /// The message's id.
    message: String,
    state: Standing,
    /// What the other side said, or why it could not.
    note: String,
}

/// Sends a message that says it is a test, once, and waits for what comes of it.
async fn test(State(api): Shared, Path((project, channel)): Path<(u32, i64)>) -> Result<Json<Tested>, Problem> {
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
    Ok(Json(Tested { message, state, note }))
}

async fn rules(State(api): Shared, Path(project): Path<u32>) -> Result<Tagged<Items<Rule>>, Problem> {
    let items = of_project(&api, ProjectId(project), move |reader| reader.rules(ProjectId(project))).await?;
    Ok(Tagged::by_content(Items { items }, &[]))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Rules {
    items: Vec<Rule>,
}

/// Replaces all rules.
async fn set_rules(
    State(api): Shared,
    Path(project): Path<u32>,
    known: IfMatch,
    Input(rules): Input<Rules>,
) -> Result<Tagged<Items<Rule>>, Problem> {
    let project = ProjectId(project);
    of_project(&api, project, |_| Ok(())).await?;
    let items = rules.items.clone();
    let reader = api.reader.clone();
    let set = move |ledger: &mut Ledger| {
        // Nobody else writes while the ledger is at this.
        let now = Items { items: reader.rules(project)? };
        if !known.allows(&content_tag(&now, &[])) {
            return Err(Problem::Stale(json!(now)));
        }
        ledger.set_rules(project, rules.items)?.map_err(Problem::Invalid)
    };
    api.doorway.ask(set).await??;
    Ok(Tagged::by_content(Items { items }, &[]))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Messages {
    /// Those that stand so.
    state: Option<Standing>,
    /// Those of one channel.
    channel: Option<i64>,
    /// The `next` of the page before.
    after: Option<i64>,
    #[serde(default)]
    limit: Limit<50, 200>,
}

async fn deliveries(
    State(api): Shared,
    Path(project): Path<u32>,
    Query(which): Query<Messages>,
) -> Result<Json<Page<Message>>, Problem> {
    let project = ProjectId(project);
    let limit = which.limit.get();
    let channel = which.channel.map(ChannelId);
    let page =
        of_project(&api, project, move |reader| reader.deliveries(project, which.state, channel, which.after, limit));
    page.await.map(Json)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Lines {
    /// The `next` of the page before.
    after: Option<i64>,
    #[serde(default)]
    limit: Limit<50, 200>,
}

async fn feed(
    State(api): Shared,
    Path(project): Path<u32>,
    Query(which): Query<Lines>,
) -> Result<Json<Page<Line>>, Problem> {
    let limit = which.limit.get();
    let project = ProjectId(project);
    of_project(&api, project, move |reader| reader.feed(project, which.after, limit)).await.map(Json)
}
