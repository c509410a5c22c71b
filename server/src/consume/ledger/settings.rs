//! A project's own settings, as a person changes them: written with their line in the feed, then in force.

use serde_json::{Map, Value, json};

use super::Ledger;
use crate::project_settings::ProjectSettings;
use crate::store::{Event, NewEvent};
use crate::{IssueId, ProjectId, clock};

/// What became of a change.
#[derive(Debug)]
pub enum Set {
    /// Done; as they are now, and their version.
    Done(ProjectSettings, u64),
    /// There is no such project.
    Gone,
    /// Someone else changed them since; as they are now.
    Stale(ProjectSettings),
    /// Not possible, and why.
    Refused(String),
}

impl Ledger {
    /// Changes what is `wanted` of a project's settings, if their version is still `version`.
    ///
    /// # Errors
    /// When the store refuses: then nothing is changed.
    pub fn set(
        &mut self,
        project: ProjectId,
        wanted: &Map<String, Value>,
        who: &str,
        version: Option<u64>,
    ) -> anyhow::Result<Set> {
        if !self.is_known(project)? {
            return Ok(Set::Gone);
        }
        let (before, known) = self.store.project_settings(project)?;
        if version.is_some_and(|version| version != known) {
            return Ok(Set::Stale(before));
        }
        let after = match self.limits.of.change(&before, wanted) {
            Ok(after) => after,
            Err(why) => return Ok(Set::Refused(why)),
        };
        if after == before {
            return Ok(Set::Done(after, known));
        }
        let detail = json!({ "changed": difference(&json!(before), &json!(after)) });
        let (issue, time, event, who) = (IssueId(0), clock::now(), Event::Settings, who.to_owned());
        self.changes.events.push(NewEvent { project, issue, time, event, who, detail });
        self.changes.settings.push((project, after.clone(), known + 1));
        self.settle_all()?;
        self.limits.of.put(project, &after);
        self.last_chores = i64::MIN;
        Ok(Set::Done(after, known + 1))
    }
}

/// What is not the same: from what, to what.
fn difference(before: &Value, after: &Value) -> Map<String, Value> {
    let fields = after.as_object().into_iter().flatten();
    let changed = fields.filter_map(|(name, to)| {
        let from = before.get(name).unwrap_or(&Value::Null);
        (from != to).then(|| (name.clone(), json!({ "from": from, "to": to })))
    });
    changed.collect()
}
