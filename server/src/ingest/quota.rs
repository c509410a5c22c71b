//! How much may still come. Counted in memory, by the clock's hour and minute: a restart starts anew.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use schemars::JsonSchema;
use serde::Serialize;

use super::Refusal;
use crate::ProjectId;
use crate::clock::{HOUR, MINUTE};
use crate::outcome::Reason;
use crate::project_settings::ByProject;

/// Addresses that are told apart in a minute. Beyond, they share what is left of one.
const MAX_ADDRESSES: usize = 10_000;

/// Counts of the current hour and minute.
#[derive(Debug)]
pub struct Quotas {
    of: Arc<ByProject>,
    by_address: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    hour: i64,
    projects: HashMap<ProjectId, Taken>,
    minute: i64,
    addresses: HashMap<Option<IpAddr>, u64>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Taken {
    events: u64,
    /// When the first was refused.
    full: Option<i64>,
}

/// A project that may send no more this hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Full {
    /// Which.
    pub project: ProjectId,
    /// Events that it may send in an hour.
    pub quota: u64,
    /// When the first was refused.
    #[serde(rename = "refused_since")]
    pub since: i64,
}

impl Quotas {
    /// Those of projects in an hour, and for each address and minute with browser keys; 0 is no limit.
    pub fn new(of: Arc<ByProject>, by_address: u64) -> Self {
        Quotas { of, by_address, state: Mutex::default() }
    }

    /// Projects that are refused events now.
    pub fn full(&self, now: i64) -> Vec<Full> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |(project, taken): (&ProjectId, &Taken)| {
            let quota = self.of.of(*project).hourly_quota;
            // It may have been given more since.
            let is_full = quota > 0 && taken.events >= quota && state.hour == now / HOUR;
            taken.full.filter(|_| is_full).map(|since| Full { project: *project, quota, since })
        };
        let mut found: Vec<Full> = state.projects.iter().filter_map(full).collect();
        found.sort_by_key(|full| full.project);
        found
    }

    /// Gives back what was taken for a request of `project` in which no event was: sessions and reports are free.
    pub fn give_back(&self, project: ProjectId, now: i64) {
        if self.of.of(project).hourly_quota == 0 {
            return;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.hour == now / HOUR
            && let Some(taken) = state.projects.get_mut(&project)
        {
            taken.events = taken.events.saturating_sub(1);
        }
    }

    /// Takes one event of `project`; of `address`, if a browser sends it.
    ///
    /// # Errors
    /// With the seconds until there is room again.
    pub fn take(&self, project: ProjectId, address: Option<IpAddr>, now: i64) -> Result<(), Refusal> {
        let hourly = self.of.of(project).hourly_quota;
        if hourly == 0 && (self.by_address == 0 || address.is_none()) {
            return Ok(());
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.hour != now / HOUR {
            state.hour = now / HOUR;
            state.projects.clear();
        }
        if state.minute != now / MINUTE {
            state.minute = now / MINUTE;
            state.addresses.clear();
        }
        if address.is_some() && self.by_address > 0 {
            let is_known = state.addresses.contains_key(&address);
            let slot = if is_known || state.addresses.len() < MAX_ADDRESSES { address } else { None };
            let count = state.addresses.entry(slot).or_default();
            if *count >= self.by_address {
                let detail = format!("an address may send {} events a minute with browser keys", self.by_address);
                return Err(Refusal::until(Reason::AddressQuota, left(now, MINUTE), detail).of(project));
            }
            *count += 1;
        }
        let taken = state.projects.entry(project).or_default();
        if hourly > 0 && taken.events >= hourly {
            taken.full.get_or_insert(now);
            let detail = format!("the project may send {hourly} events an hour");
            return Err(Refusal::until(Reason::Quota, left(now, HOUR), detail).of(project));
        }
        taken.events += 1;
        Ok(())
    }
}

/// Seconds until the next `span` begins.
fn left(now: i64, span: i64) -> u64 {
    (span - now.rem_euclid(span)).div_euclid(1000) as u64 + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project_settings::{InForce, ProjectSettings};

    fn hourly(hourly_quota: u64) -> Arc<ByProject> {
        let numbers = InForce {
            customer_tag: String::new(),
            auto_resolve_days: 0,
            hourly_new_issues: 1,
            store_first: 1,
            store_one_in: 1,
            retention_days: 1,
            cleanup_quiet: false,
            hourly_quota,
        };
        Arc::new(ByProject::new(numbers))
    }

    /// It holds at once, for one project, and for what was sent before.
    #[test]
    fn a_project_may_have_its_own() {
        let of = hourly(0);
        let quotas = Quotas::new(of.clone(), 0);
        let [shop, other] = [ProjectId(1), ProjectId(2)];
        of.put(shop, &ProjectSettings { hourly_quota: Some(1), ..ProjectSettings::default() });
        assert!(quotas.take(shop, None, 5).is_ok() && quotas.take(shop, None, 6).is_err());
        assert!(quotas.take(other, None, 7).is_ok() && quotas.take(other, None, 7).is_ok());
        assert_eq!(quotas.full(8), [Full { project: shop, quota: 1, since: 6 }]);
        of.put(shop, &ProjectSettings { hourly_quota: Some(2), ..ProjectSettings::default() });
        assert_eq!(quotas.full(8), []);
        assert!(quotas.take(shop, None, 8).is_ok());
    }

    #[test]
    fn what_is_no_event_is_given_back() {
        let quotas = Quotas::new(hourly(1), 0);
        let shop = ProjectId(1);
        for _ in 0..3 {
            assert!(quotas.take(shop, None, 0).is_ok());
            quotas.give_back(shop, 0);
        }
        assert!(quotas.take(shop, None, 0).is_ok());
        // Of the hour before.
        assert!(quotas.take(shop, None, HOUR).is_ok());
        quotas.give_back(shop, 0);
        assert!(quotas.take(shop, None, HOUR).is_err());
    }

    #[test]
    fn a_project_has_its_hour() {
        let quotas = Quotas::new(hourly(2), 0);
        let [shop, other] = [ProjectId(1), ProjectId(2)];
        assert!(quotas.take(shop, None, HOUR - 5000).is_ok() && quotas.take(shop, None, HOUR - 5000).is_ok());
        assert_eq!(quotas.take(shop, None, HOUR - 5000).unwrap_err().retry_after, Some(6));
        assert!(quotas.take(other, None, HOUR - 5000).is_ok());
        assert!(quotas.take(shop, None, HOUR).is_ok());
    }

    #[test]
    fn an_address_has_its_minute() {
        let quotas = Quotas::new(hourly(0), 1);
        let [one, two] = ["192.0.2.1", "192.0.2.2"].map(|address| address.parse().ok());
        assert!(quotas.take(ProjectId(1), one, 0).is_ok());
        assert_eq!(quotas.take(ProjectId(1), one, 0).unwrap_err().reason, Reason::AddressQuota);
        assert!(quotas.take(ProjectId(1), two, 0).is_ok());
        assert!(quotas.take(ProjectId(1), None, 0).is_ok());
        assert!(quotas.take(ProjectId(1), one, MINUTE).is_ok());
    }
}
