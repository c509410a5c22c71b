//! Sessions, as clients tell of them: one at a time as it goes on (`session`), or many that have ended (`sessions`).
//!
//! What is read here is not yet counted: an update may repeat what earlier ones said. See
//! [`Ledger::sessions`](super::Ledger::sessions).

use faultwire::protocol::Timestamp;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::times::correct;
use crate::ProjectId;
use crate::clock::HOUR;
use crate::store::{Id, SessionPlace, Sessions};

/// Sessions of one hour that an aggregate may stand for, of each kind: what one process can serve.
const MAX_COUNT: u64 = 10_000_000;
/// Entries of one item; clients make one a minute.
const MAX_AGGREGATES: usize = 1000;
/// The environment of those that name none.
const ENVIRONMENT: &str = "production";

/// What one item says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Of one session, as it is now.
    Update(Update),
    /// Of many that have ended: by the hour in which they started.
    Ended(Vec<(SessionPlace, Sessions)>),
}

/// One session, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// Where it counts.
    pub place: SessionPlace,
    /// What it is known by.
    pub sid: String,
    /// How it ended, if it has.
    pub end: Option<End>,
    /// Something went wrong in it.
    pub has_errors: bool,
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// As it should.
    Exited,
    /// By an error that nobody caught.
    Crashed,
    /// It was killed, or the machine went down.
    Abnormal,
}

/// What is noted of a session under an id of its own, so that it counts once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It is counted as started.
    Started,
    /// It is counted as one with errors.
    Errored,
    /// It is counted as ended.
    Ended,
}

impl Update {
    /// The id of a mark: beside those of events, and like none of them.
    pub fn id(&self, mark: Mark) -> Id {
        let project = self.place.project.0.to_be_bytes();
        let digest = Sha256::new().chain_update(b"faultwire/session").chain_update([mark as u8]);
        let digest: [u8; 32] = digest.chain_update(project).chain_update(&self.sid).finalize().into();
        let mut id = [0; 16];
        id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        id
    }
}

#[derive(Deserialize)]
struct Attributes {
    #[serde(default)]
    release: Option<String>,
    #[serde(default)]
    environment: Option<String>,
}

/// Who tells, and when.
#[derive(Debug, Clone, Copy)]
pub struct Sender {
    /// Whose it is.
    pub project: ProjectId,
    /// When the client says it was sent.
    pub sent: Option<i64>,
    /// When it came.
    pub received: i64,
}

impl Sender {
    fn place(self, attributes: Attributes, started: Timestamp) -> Result<SessionPlace, String> {
        let given = |text: Option<String>, most: usize| {
            text.map(|text| text.chars().take(most).collect::<String>()).filter(|text| !text.is_empty())
        };
        let started = correct(started.0.div_euclid(1000), self.sent, self.received).time;
        Ok(SessionPlace {
            project: self.project,
            release: given(attributes.release, 200).ok_or("attrs.release: expected a release")?,
            environment: given(attributes.environment, 64).unwrap_or_else(|| ENVIRONMENT.to_owned()),
            hour: started.div_euclid(HOUR),
        })
    }

    /// A `session` item.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn update(self, payload: &[u8]) -> Result<Told, String> {
        #[derive(Deserialize)]
        struct Wire {
            sid: String,
            started: Timestamp,
            #[serde(default)]
            status: Option<String>,
            #[serde(default)]
            errors: Option<u64>,
            attrs: Attributes,
        }
        let wire: Wire = serde_json::from_slice(payload).map_err(|e| e.to_string())?;
        let sid: String = wire.sid.chars().filter(|c| *c != '-').map(|c| c.to_ascii_lowercase()).collect();
        if sid.is_empty() || sid.len() > 64 {
            return Err("sid: expected an id of up to 64 characters".to_owned());
        }
        let (end, is_bad) = match wire.status.as_deref().unwrap_or("ok") {
            "ok" => (None, false),
            "exited" => (Some(End::Exited), false),
            // Older clients end with it, newer ones say more exactly what kind of error it was.
            "errored" | "unhandled" => (Some(End::Exited), true),
            "crashed" => (Some(End::Crashed), true),
            "abnormal" => (Some(End::Abnormal), true),
            _ => return Err("status: expected ok, exited, errored, crashed or abnormal".to_owned()),
        };
        let has_errors = is_bad || wire.errors.unwrap_or_default() > 0;
        let place = self.place(wire.attrs, wire.started)?;
        Ok(Told::Update(Update { place, sid, end, has_errors }))
    }

    /// A `sessions` item.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn ended(self, payload: &[u8]) -> Result<Told, String> {
        #[derive(Deserialize)]
        struct Wire {
            aggregates: Vec<Aggregate>,
            attrs: Attributes,
        }
        #[derive(Deserialize)]
        struct Aggregate {
            started: Timestamp,
            #[serde(default)]
            exited: u64,
            #[serde(default)]
            errored: u64,
            #[serde(default)]
            unhandled: u64,
            #[serde(default)]
            crashed: u64,
            #[serde(default)]
            abnormal: u64,
        }
        let wire: Wire = serde_json::from_slice(payload).map_err(|e| e.to_string())?;
        if wire.aggregates.len() > MAX_AGGREGATES {
            return Err(format!("aggregates: expected at most {MAX_AGGREGATES}"));
        }
        let Attributes { release, environment } = wire.attrs;
        let bounded = |count: u64| count.min(MAX_COUNT) as i64;
        let mut told = Vec::with_capacity(wire.aggregates.len());
        for one in wire.aggregates {
            let attributes = Attributes { release: release.clone(), environment: environment.clone() };
            let (exited, crashed, abnormal) = (bounded(one.exited), bounded(one.crashed), bounded(one.abnormal));
            let errored = bounded(one.errored.saturating_add(one.unhandled));
            let started = exited + errored + crashed + abnormal;
            let sessions = Sessions { started, exited, errored, crashed, abnormal };
            told.push((self.place(attributes, one.started)?, sessions));
        }
        Ok(Told::Ended(told))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const NOW: i64 = 1_700_000_000_000;
    const SENDER: Sender = Sender { project: ProjectId(1), sent: None, received: NOW };

    fn update(more: Value) -> Result<Update, String> {
        let mut item = json!({ "sid": "7C7B6585-f901-4351-bf8d-02711b721929", "started": NOW as f64 / 1000.0,
                               "attrs": { "release": "app@1" } });
        item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        SENDER.update(item.to_string().as_bytes()).map(|told| match told {
            Told::Update(update) => update,
            Told::Ended(_) => panic!("{told:?}"),
        })
    }

    #[test]
    fn updates_say_how_a_session_stands() {
        let is = |more: Value, end, has_errors| {
            let read = update(more).unwrap();
            assert_eq!((read.end, read.has_errors), (end, has_errors));
        };
        is(json!({}), None, false);
        is(json!({ "status": "ok", "errors": 1 }), None, true);
        is(json!({ "status": "exited", "errors": 0 }), Some(End::Exited), false);
        is(json!({ "status": "errored" }), Some(End::Exited), true);
        is(json!({ "status": "crashed", "errors": 1 }), Some(End::Crashed), true);
        is(json!({ "status": "abnormal" }), Some(End::Abnormal), true);
        assert_eq!(update(json!({})).unwrap().place.environment, "production");
        for (wrong, field) in [
            (json!({ "status": "gone" }), "status: "),
            (json!({ "sid": "" }), "sid: "),
            (json!({ "attrs": {} }), "attrs.release: "),
        ] {
            assert!(update(wrong).unwrap_err().starts_with(field));
        }
    }

    /// However its id is written, a session has the same marks; each mark, project and session its own.
    #[test]
    fn marks() {
        let one = update(json!({})).unwrap();
        let same = update(json!({ "sid": "7c7b6585f9014351bf8d02711b721929" })).unwrap();
        assert_eq!(one.id(Mark::Ended), same.id(Mark::Ended));
        let mut other = one.clone();
        other.place.project = ProjectId(2);
        let ids = [one.id(Mark::Started), one.id(Mark::Errored), one.id(Mark::Ended), other.id(Mark::Ended)];
        assert_eq!(ids.iter().collect::<std::collections::HashSet<_>>().len(), 4);
    }

    #[test]
    fn what_has_ended_is_the_sum_of_its_ends() {
        let item = json!({ "attrs": { "release": "app@1", "environment": "test" }, "aggregates": [
            { "started": NOW as f64 / 1000.0, "exited": 5, "errored": 2, "unhandled": 1, "crashed": 1 },
            { "started": NOW as f64 / 1000.0, "abnormal": u64::MAX },
        ] });
        let Ok(Told::Ended(told)) = SENDER.ended(item.to_string().as_bytes()) else { panic!() };
        assert_eq!(told[0].1, Sessions { started: 9, exited: 5, errored: 3, crashed: 1, abnormal: 0 });
        assert_eq!(told[1].1.started, MAX_COUNT as i64);
    }
}
