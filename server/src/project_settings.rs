//! What a project sets for itself. What it does not set is as the server's settings say.
//!
//! All that is in force is in one shared table, which is read for every event and changed when a person changes
//! something: by then the change is on disk, and it holds from the next event on.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::{Arc, PoisonError, RwLock};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ProjectId;
use crate::settings::Settings;
use crate::store::Id;

/// Characters of the name of a tag, as in the protocol.
const MAX_TAG: usize = 200;
const MANY: u64 = 1_000_000_000;

/// Own settings; `None` is as the server says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProjectSettings {
    /// Tag whose values are customers.
    pub customer_tag: Option<String>,
    /// Days without an occurrence after which an issue is resolved; 0 is never.
    pub auto_resolve_days: Option<u64>,
    /// New issues in an hour.
    pub hourly_new_issues: Option<u64>,
    /// Occurrences of an issue that are stored in full before sampling begins.
    pub store_first: Option<u64>,
    /// Of those after, one in so many.
    pub store_one_in: Option<u64>,
    /// Days that payloads are kept; at most the server's.
    pub retention_days: Option<u64>,
    /// Whether all payloads but the newest go of a pattern that was seen fewer than 10 times and not for a day.
    pub cleanup_quiet: Option<bool>,
    /// Events in an hour; 0 is no limit. At most the server's, if that has one.
    pub hourly_quota: Option<u64>,
}

/// All settings of a project, its own and the server's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[allow(missing_docs, reason = "as of ProjectSettings")]
pub struct InForce {
    pub customer_tag: String,
    pub auto_resolve_days: u64,
    pub hourly_new_issues: u64,
    pub store_first: u64,
    pub store_one_in: u64,
    pub retention_days: u64,
    pub cleanup_quiet: bool,
    pub hourly_quota: u64,
}

impl From<&Settings> for InForce {
    fn from(settings: &Settings) -> Self {
        InForce {
            customer_tag: settings.customer_tag.clone(),
            auto_resolve_days: settings.auto_resolve_days,
            hourly_new_issues: settings.hourly_new_issues,
            store_first: settings.store_first,
            store_one_in: settings.store_one_in,
            retention_days: settings.retention_days,
            cleanup_quiet: false,
            hourly_quota: settings.hourly_quota,
        }
    }
}

impl InForce {
    /// Whether the sample of occurrences beyond the first ones takes this event. Its id decides, so that what is read
    /// again decides the same.
    pub fn draws(&self, event: &Id) -> bool {
        let lot = event.iter().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
        lot % self.store_one_in.max(1) == 0
    }

    /// These with what a project has set. The server may have become narrower since.
    fn with(&self, own: &ProjectSettings) -> InForce {
        InForce {
            customer_tag: own.customer_tag.clone().unwrap_or_else(|| self.customer_tag.clone()),
            auto_resolve_days: own.auto_resolve_days.unwrap_or(self.auto_resolve_days),
            hourly_new_issues: own.hourly_new_issues.unwrap_or(self.hourly_new_issues),
            store_first: own.store_first.unwrap_or(self.store_first),
            store_one_in: own.store_one_in.unwrap_or(self.store_one_in).max(1),
            retention_days: own.retention_days.unwrap_or(self.retention_days).min(self.retention_days),
            cleanup_quiet: own.cleanup_quiet.unwrap_or(self.cleanup_quiet),
            hourly_quota: match (own.hourly_quota, self.hourly_quota) {
                (None, servers) => servers,
                (Some(own), 0) => own,
                (Some(0), servers) => servers,
                (Some(own), servers) => own.min(servers),
            },
        }
    }

    /// The numbers that a project may set.
    fn numbers(&self) -> [(&'static str, RangeInclusive<u64>); 6] {
        let quota = if self.hourly_quota == 0 { 0..=MANY } else { 1..=self.hourly_quota };
        [
            ("auto_resolve_days", 0..=3650),
            ("hourly_new_issues", 1..=100_000),
            ("store_first", 0..=MANY),
            ("store_one_in", 1..=MANY),
            ("retention_days", 1..=self.retention_days),
            ("hourly_quota", quota),
        ]
    }

    /// What `wanted` says, each by its name: a value, or null for the server's.
    ///
    /// # Errors
    /// What is wrong, with its name, and what was expected.
    fn check(&self, name: &str, wanted: &Value) -> Result<(), String> {
        if let Some((_, range)) = self.numbers().into_iter().find(|(known, _)| *known == name) {
            let is_right = wanted.is_null() || wanted.as_u64().is_some_and(|number| range.contains(&number));
            let expected =
                format!("{name}: expected a whole number from {} to {}, or null", range.start(), range.end());
            return if is_right { Ok(()) } else { Err(expected) };
        }
        let is_tag = |tag: &str| (1..=MAX_TAG).contains(&tag.chars().count()) && !tag.contains(char::is_whitespace);
        match (name, wanted) {
            ("customer_tag" | "cleanup_quiet", Value::Null) | ("cleanup_quiet", Value::Bool(_)) => Ok(()),
            ("cleanup_quiet", _) => Err("cleanup_quiet: expected true, false or null".to_owned()),
            ("customer_tag", Value::String(tag)) if is_tag(tag) => Ok(()),
            ("customer_tag", _) => Err(format!("customer_tag: expected a tag's name of up to {MAX_TAG} characters")),
            _ => Err(format!("{name}: there is no such setting of a project")),
        }
    }
}

/// The settings of all projects. Shared.
#[derive(Debug)]
pub struct ByProject {
    server: Arc<InForce>,
    own: RwLock<HashMap<ProjectId, Arc<InForce>>>,
}

impl ByProject {
    /// Where no project has set anything.
    pub fn new(server: InForce) -> Self {
        ByProject { server: Arc::new(server), own: RwLock::default() }
    }

    /// What is in force for a project.
    pub fn of(&self, project: ProjectId) -> Arc<InForce> {
        self.own.read().unwrap_or_else(PoisonError::into_inner).get(&project).unwrap_or(&self.server).clone()
    }

    /// The server's.
    pub fn server(&self) -> &InForce {
        &self.server
    }

    /// Puts a project's own settings in force.
    pub fn put(&self, project: ProjectId, own: &ProjectSettings) {
        let in_force = Arc::new(self.server.with(own));
        self.own.write().unwrap_or_else(PoisonError::into_inner).insert(project, in_force);
    }

    /// `own` with what is `wanted` of it; what is not named stays.
    ///
    /// # Errors
    /// What is wrong, with its name.
    pub fn change(&self, own: &ProjectSettings, wanted: &Map<String, Value>) -> Result<ProjectSettings, String> {
        wanted.iter().try_for_each(|(name, value)| self.server.check(name, value))?;
        let mut all = serde_json::to_value(own).map_err(|error| error.to_string())?;
        if let Value::Object(all) = &mut all {
            all.extend(wanted.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        serde_json::from_value(all).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn server() -> InForce {
        InForce {
            customer_tag: "customer".into(),
            auto_resolve_days: 7,
            hourly_new_issues: 500,
            store_first: 1000,
            store_one_in: 10,
            retention_days: 90,
            cleanup_quiet: false,
            hourly_quota: 0,
        }
    }

    fn change(server: InForce, wanted: Value) -> Result<ProjectSettings, String> {
        let own = ProjectSettings { store_first: Some(5), ..ProjectSettings::default() };
        ByProject::new(server).change(&own, wanted.as_object().unwrap())
    }

    /// Every setting, right and wrong; the message begins with its name.
    #[test]
    fn every_setting_is_checked() {
        let all = serde_json::to_value(server()).unwrap();
        for (name, value) in all.as_object().unwrap() {
            assert!(change(server(), json!({ name: value })).is_ok(), "{name}");
            assert!(change(server(), json!({ name: null })).is_ok(), "{name}");
            for wrong in [json!(-1), json!({}), json!(1.5), json!("")] {
                let error = change(server(), json!({ name: wrong })).unwrap_err();
                assert!(error.starts_with(&format!("{name}: expected")), "{error}");
            }
        }
        for (name, wrong) in [("retention_days", 91), ("retention_days", 0), ("store_one_in", 0), ("other", 1)] {
            assert!(change(server(), json!({ name: wrong })).unwrap_err().starts_with(&format!("{name}: ")));
        }
        let limited = || InForce { hourly_quota: 100, ..server() };
        assert!(change(limited(), json!({ "hourly_quota": 0 })).is_err());
        assert!(change(limited(), json!({ "hourly_quota": 100 })).is_ok());
    }

    #[test]
    fn what_is_not_named_stays_and_null_is_the_servers() {
        let changed = change(server(), json!({ "retention_days": 3 })).unwrap();
        assert_eq!((changed.store_first, changed.retention_days), (Some(5), Some(3)));
        assert_eq!(change(server(), json!({ "store_first": null })).unwrap(), ProjectSettings::default());
    }

    /// A server that became narrower is not widened by what was set before.
    #[test]
    fn a_project_does_not_widen_the_server() {
        let own = ProjectSettings { retention_days: Some(90), hourly_quota: Some(0), ..ProjectSettings::default() };
        let narrow = InForce { retention_days: 30, hourly_quota: 100, ..server() }.with(&own);
        assert_eq!((narrow.retention_days, narrow.hourly_quota), (30, 100));
    }
}
