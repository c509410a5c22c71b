//! Alerts, channels and messages: written with the batch, read by the delivery task and the API.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{Page, Reader, Sqlite, rows};
use crate::alerts::{
    Alert, AlertStore, Alerting, Attempt, Channel, ChannelId, Content, NewMessage, Outgoing, Pending, Rule, State,
    Waiting, default_rules,
};
use crate::store::Event;
use crate::{IssueId, ProjectId};

/// Alerts that go in one message at most.
const MAX_BUNDLE: i64 = 1000;
/// Of these, that are told in full.
const MAX_CONTENT: i64 = 20;

const CHANNEL: &str = "id, project, name, kind, enabled, config, sealed, created, deleted";

fn channel(row: &Row<'_>) -> rusqlite::Result<Channel> {
    Ok(Channel {
        id: ChannelId(row.get(0)?),
        project: ProjectId(row.get(1)?),
        name: row.get(2)?,
        kind: rows::json(row, 3)?,
        enabled: row.get(4)?,
        config: rows::json(row, 5)?,
        sealed: row.get(6)?,
        created: row.get(7)?,
        deleted: row.get(8)?,
    })
}

/// Writes what a batch has of alerts.
pub(super) fn write(transaction: &Transaction<'_>, outgoing: &Outgoing) -> anyhow::Result<()> {
    outgoing.channels.iter().try_for_each(|channel| put_channel(transaction, channel))?;
    for (project, rules) in &outgoing.rules {
        let sql = "INSERT OR REPLACE INTO rules (project, rules) VALUES (?1, ?2)";
        transaction.prepare_cached(sql)?.execute(params![project.0, serde_json::to_string(rules)?])?;
    }
    alerts(transaction, outgoing)?;
    for ((issue, rule), time) in &outgoing.marks {
        let sql = "INSERT OR REPLACE INTO told (issue, rule, time) VALUES (?1, ?2, ?3)";
        transaction.prepare_cached(sql)?.execute(params![issue.0, rule, time])?;
    }
    for (issue, threshold) in &outgoing.episodes {
        match threshold {
            Some(threshold) => transaction
                .prepare_cached("INSERT OR REPLACE INTO episodes (issue, threshold) VALUES (?1, ?2)")?
                .execute(params![issue.0, threshold])?,
            None => transaction.prepare_cached("DELETE FROM episodes WHERE issue = ?1")?.execute([issue.0])?,
        };
    }
    outgoing.messages.iter().try_for_each(|message| put_message(transaction, message))?;
    outgoing.attempts.iter().try_for_each(|attempt| put_attempt(transaction, attempt))?;
    outgoing.forget.map_or(Ok(()), |before| forget(transaction, before))
}

fn alerts(transaction: &Transaction<'_>, outgoing: &Outgoing) -> anyhow::Result<()> {
    let mut insert =
        transaction.prepare_cached("INSERT INTO alerts (channel, issue, time, body) VALUES (?1, ?2, ?3, ?4)")?;
    let mut open = transaction.prepare_cached("INSERT OR IGNORE INTO incidents (issue, channel) VALUES (?1, ?2)")?;
    for new in &outgoing.alerts {
        let (alert, body) = (&new.alert, serde_json::to_string(&new.alert)?);
        insert.execute(params![new.channel.0, alert.issue.0, alert.time, body])?;
        if new.opens {
            open.execute(params![alert.issue.0, new.channel.0])?;
        }
    }
    let mut end = transaction.prepare_cached(
        "INSERT INTO alerts (channel, issue, time, body) SELECT channel, issue, ?2, ?3 FROM incidents WHERE issue = ?1",
    )?;
    let mut ended = transaction.prepare_cached("DELETE FROM incidents WHERE issue = ?1")?;
    for alert in &outgoing.resolved {
        end.execute(params![alert.issue.0, alert.time, serde_json::to_string(alert)?])?;
        ended.execute([alert.issue.0])?;
    }
    Ok(())
}

/// What waits for a channel that is no longer in use goes with it.
fn put_channel(transaction: &Transaction<'_>, channel: &Channel) -> anyhow::Result<()> {
    let sql = format!("INSERT OR REPLACE INTO channels ({CHANNEL}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
    transaction.prepare_cached(&sql)?.execute(params![
        channel.id.0,
        channel.project.0,
        channel.name,
        serde_json::to_string(&channel.kind)?,
        channel.enabled,
        serde_json::to_string(&channel.config)?,
        channel.sealed,
        channel.created,
        channel.deleted,
    ])?;
    if channel.deleted || !channel.enabled {
        let id = [channel.id.0];
        transaction.execute("DELETE FROM alerts WHERE channel = ?1 AND message IS NULL", id)?;
        transaction.execute("DELETE FROM incidents WHERE channel = ?1", id)?;
        let sql = "UPDATE messages SET state = 'failed', note = 'the channel was taken out of use' \
                   WHERE channel = ?1 AND state = 'pending'";
        transaction.execute(sql, id)?;
    }
    Ok(())
}

fn put_message(transaction: &Transaction<'_>, message: &NewMessage) -> anyhow::Result<()> {
    let sql = "INSERT INTO messages (id, channel, project, created, since, alerts, state, due) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'pending', ?4)";
    transaction.prepare_cached(sql)?.execute(params![
        message.id,
        message.channel.0,
        message.project.0,
        message.created,
        message.since,
        message.alerts.len() as i64,
    ])?;
    let mut bundle = transaction.prepare_cached("UPDATE alerts SET message = ?1 WHERE number = ?2")?;
    for alert in &message.alerts {
        bundle.execute(params![message.id, alert])?;
    }
    Ok(())
}

fn put_attempt(transaction: &Transaction<'_>, attempt: &Attempt) -> anyhow::Result<()> {
    // Taken out of use meanwhile: what came of the last attempt is still said, and that there is no other.
    let sql = "UPDATE messages SET attempts = attempts + 1, answered = ?2, due = ?4, note = ?5, \
               state = CASE WHEN ?3 = 'pending' THEN state ELSE ?3 END WHERE id = ?1";
    let Attempt { id, time, state, due, note } = attempt;
    transaction.prepare_cached(sql)?.execute(params![id, time, state.as_str(), due, note])?;
    Ok(())
}

fn forget(transaction: &Transaction<'_>, before: i64) -> anyhow::Result<()> {
    transaction.execute("DELETE FROM told WHERE time < ?1", [before])?;
    // By the messages' numbers, which grow with time: what is done and old is at their beginning.
    let sql = "DELETE FROM alerts WHERE message IN \
               (SELECT id FROM messages WHERE created < ?1 AND state <> 'pending' ORDER BY number LIMIT 1000)";
    transaction.execute(sql, [before])?;
    let sql = "DELETE FROM messages WHERE number IN \
               (SELECT number FROM messages WHERE created < ?1 AND state <> 'pending' ORDER BY number LIMIT 1000)";
    transaction.execute(sql, [before])?;
    Ok(())
}

fn rules(connection: &Connection, project: ProjectId) -> anyhow::Result<Vec<Rule>> {
    let mut statement = connection.prepare_cached("SELECT rules FROM rules WHERE project = ?1")?;
    let found = statement.query_row([project.0], |row| rows::json(row, 0)).optional()?;
    Ok(found.unwrap_or_else(default_rules))
}

fn channels(connection: &Connection, project: ProjectId) -> anyhow::Result<Vec<Channel>> {
    let sql = format!("SELECT {CHANNEL} FROM channels WHERE project = ?1 AND deleted = 0 ORDER BY id");
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_map([project.0], channel)?.collect::<Result<_, _>>()?)
}

fn one_channel(connection: &Connection, id: ChannelId) -> anyhow::Result<Option<Channel>> {
    let sql = format!("SELECT {CHANNEL} FROM channels WHERE id = ?1");
    Ok(connection.prepare_cached(&sql)?.query_row([id.0], channel).optional()?)
}

impl AlertStore for Sqlite {
    fn alerting(&self, project: ProjectId) -> anyhow::Result<Alerting> {
        let channels = channels(&self.connection, project)?;
        let in_use = channels.into_iter().filter(|channel| channel.enabled);
        let channels = in_use.map(|channel| (channel.id, channel.kind)).collect();
        Ok(Alerting::new(rules(&self.connection, project)?, channels))
    }

    fn channel(&self, project: ProjectId, id: ChannelId) -> anyhow::Result<Option<Channel>> {
        let found = one_channel(&self.connection, id)?;
        Ok(found.filter(|channel| channel.project == project && !channel.deleted))
    }

    fn channels(&self, project: ProjectId) -> anyhow::Result<BTreeSet<ChannelId>> {
        Ok(channels(&self.connection, project)?.into_iter().map(|channel| channel.id).collect())
    }

    fn next_channel(&self) -> anyhow::Result<ChannelId> {
        let sql = "SELECT COALESCE(MAX(id), 0) + 1 FROM channels";
        Ok(ChannelId(self.connection.query_row(sql, [], |row| row.get(0))?))
    }

    fn last_told(&self, issue: IssueId, rule: &str) -> anyhow::Result<Option<i64>> {
        let mut statement = self.connection.prepare_cached("SELECT time FROM told WHERE issue = ?1 AND rule = ?2")?;
        Ok(statement.query_row(params![issue.0, rule], |row| row.get(0)).optional()?)
    }

    fn has_tag(&self, issue: IssueId, name: &str, value: &str) -> anyhow::Result<bool> {
        let sql = "SELECT 1 FROM patterns JOIN tags ON tags.pattern = patterns.id \
                   WHERE patterns.issue = ?1 AND tags.name = ?2 AND tags.value = ?3";
        Ok(self.connection.prepare_cached(sql)?.exists(params![issue.0, name, value])?)
    }

    fn episodes(&self) -> anyhow::Result<HashMap<IssueId, f64>> {
        let mut statement = self.connection.prepare_cached("SELECT issue, threshold FROM episodes")?;
        let pairs = statement.query_map([], |row| Ok((IssueId(row.get(0)?), row.get(1)?)))?;
        Ok(pairs.collect::<Result<_, _>>()?)
    }
}

fn pending(row: &Row<'_>) -> rusqlite::Result<Pending> {
    Ok(Pending { id: row.get(0)?, since: row.get(1)?, attempts: row.get(2)?, due: row.get(3)? })
}

/// A message that was sent, or is to be.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Message {
    /// What makes a repeat recognisable: 32 hexadecimal digits.
    pub id: String,
    /// Where it goes.
    pub channel: ChannelId,
    /// How the channel is called; of one that is gone, was.
    pub channel_name: Option<String>,
    /// When it was bundled.
    pub created: i64,
    /// How many alerts are in it.
    pub alerts: i64,
    /// Whether someone tried the channel.
    pub is_test: bool,
    /// Where it stands.
    pub state: State,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried again.
    pub next_attempt: Option<i64>,
    /// When it was tried last.
    pub last_attempt: Option<i64>,
    /// What the other side said, or why it could not.
    pub note: String,
}

/// A line of the feed: what happened to an issue.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Line {
    /// Its place among all.
    pub number: i64,
    /// Of which issue.
    pub issue: IssueId,
    /// When.
    pub time: i64,
    /// What.
    pub event: Event,
    /// Who did it; empty for what an occurrence did.
    pub who: String,
    /// More: the milestone, the release, the new status.
    pub detail: Value,
    /// The issue's title.
    pub title: Option<String>,
    /// Where it happens.
    pub culprit: Option<String>,
}

impl Reader {
    /// All channels for which something waits, by number.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn outbox(&self) -> anyhow::Result<Vec<Waiting>> {
        self.with(|connection| {
            let sql = "SELECT channel FROM alerts WHERE message IS NULL \
                       UNION SELECT channel FROM messages WHERE state = 'pending' ORDER BY 1";
            let mut statement = connection.prepare_cached(sql)?;
            let ids = statement.query_map([], |row| row.get(0).map(ChannelId))?.collect::<Result<Vec<_>, _>>()?;
            let mut found = Vec::new();
            for id in ids {
                let Some(channel) = one_channel(connection, id)? else { continue };
                let sql = "SELECT id, since, attempts, due FROM messages \
                           WHERE channel = ?1 AND state = 'pending' ORDER BY number LIMIT 1";
                let pending = connection.prepare_cached(sql)?.query_row([id.0], pending).optional()?;
                let sql = "SELECT created FROM messages WHERE channel = ?1 AND alerts > 0 ORDER BY number DESC LIMIT 1";
                let bundled = connection.prepare_cached(sql)?.query_row([id.0], |row| row.get(0)).optional()?;
                let sql =
                    "SELECT number, time FROM alerts WHERE channel = ?1 AND message IS NULL ORDER BY number LIMIT ?2";
                let mut statement = connection.prepare_cached(sql)?;
                let pair = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
                let alerts = statement.query_map(params![id.0, MAX_BUNDLE], pair)?.collect::<Result<Vec<_>, _>>()?;
                found.push(Waiting { channel, pending, bundled, alerts });
            }
            Ok(found)
        })
    }

    /// What a message tells.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn content(&self, message: &str) -> anyhow::Result<Content> {
        self.with(|connection| {
            let sql = "SELECT COUNT(*) FROM alerts WHERE message = ?1";
            let total: i64 = connection.prepare_cached(sql)?.query_row([message], |row| row.get(0))?;
            let sql = "SELECT body FROM alerts WHERE message = ?1 ORDER BY number LIMIT ?2";
            let mut statement = connection.prepare_cached(sql)?;
            let body = |row: &Row<'_>| rows::json::<Alert>(row, 0);
            let alerts = statement.query_map(params![message, MAX_CONTENT], body)?.collect::<Result<_, _>>()?;
            Ok(Content { alerts, total: total as usize })
        })
    }

    /// The channels of a project, by number.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn channels(&self, project: ProjectId) -> anyhow::Result<Vec<Channel>> {
        self.with(|connection| channels(connection, project))
    }

    /// The rules of a project; the default if it has set none.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn rules(&self, project: ProjectId) -> anyhow::Result<Vec<Rule>> {
        self.with(|connection| rules(connection, project))
    }

    /// Messages of a project, the newest first; `state` and `channel` choose among them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn deliveries(
        &self,
        project: ProjectId,
        state: Option<State>,
        channel: Option<ChannelId>,
        after: Option<i64>,
        limit: usize,
    ) -> anyhow::Result<Page<Message>> {
        let sql = "SELECT number, id, channel, created, alerts, state, attempts, due, answered, note, \
                   (SELECT name FROM channels WHERE channels.id = messages.channel) \
                   FROM messages WHERE project = ?1 AND number < ?2 AND (?3 IS NULL OR state = ?3) \
                   AND (?4 IS NULL OR channel = ?4) ORDER BY number DESC LIMIT ?5";
        let values = params![
            project.0,
            after.unwrap_or(i64::MAX),
            state.map(State::as_str),
            channel.map(|channel| channel.0),
            limit as i64 + 1
        ];
        self.with(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let message = |row: &Row<'_>| {
                let (number, id, channel): (i64, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
                let (created, alerts, state): (i64, i64, String) = (row.get(3)?, row.get(4)?, row.get(5)?);
                let (attempts, due): (i64, i64) = (row.get(6)?, row.get(7)?);
                let (answered, note, name): (Option<i64>, String, Option<String>) =
                    (row.get(8)?, row.get(9)?, row.get(10)?);
                let state = State::named(&state);
                let message = Message {
                    id,
                    channel: ChannelId(channel),
                    channel_name: name,
                    created,
                    alerts,
                    is_test: alerts == 0,
                    state,
                    attempts,
                    next_attempt: (state == State::Pending).then_some(due),
                    last_attempt: answered,
                    note,
                };
                Ok((number, message))
            };
            let found = statement.query_map(values, message)?.collect::<Result<Vec<_>, _>>()?;
            Ok(page(found, limit))
        })
    }

    /// What happened to issues of a project, the newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn feed(&self, project: ProjectId, after: Option<i64>, limit: usize) -> anyhow::Result<Page<Line>> {
        let sql = "SELECT number, issue, time, event, who, detail, title, culprit FROM events \
                   LEFT JOIN issues ON issues.id = events.issue \
                   WHERE events.project = ?1 AND number < ?2 ORDER BY number DESC LIMIT ?3";
        self.with(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let line = |row: &Row<'_>| {
                let (number, issue, time): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
                let (event, who, detail) = (rows::json(row, 3)?, row.get(4)?, rows::json(row, 5)?);
                let (title, culprit) = (row.get(6)?, row.get(7)?);
                Ok((number, Line { number, issue: IssueId(issue), time, event, who, detail, title, culprit }))
            };
            let values = params![project.0, after.unwrap_or(i64::MAX), limit as i64 + 1];
            let found = statement.query_map(values, line)?.collect::<Result<Vec<_>, _>>()?;
            Ok(page(found, limit))
        })
    }
}

/// One more than fits says that there is a next page.
fn page<T>(mut found: Vec<(i64, T)>, limit: usize) -> Page<T> {
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|(number, _)| number.to_string());
    Page { items: found.into_iter().map(|(_, value)| value).collect(), next }
}
