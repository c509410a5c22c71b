//! How much may still come. Counted in memory, by the clock's hour and minute: a restart starts anew.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use super::Refusal;
use crate::ProjectId;
use crate::clock::{HOUR, MINUTE};
use crate::outcome::Reason;

/// Addresses that are told apart in a minute. Beyond, they share what is left of one.
const MAX_ADDRESSES: usize = 10_000;

/// Counts of the current hour and minute.
#[derive(Debug)]
pub struct Quotas {
    hourly: u64,
    by_address: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    hour: i64,
    projects: HashMap<ProjectId, u64>,
    minute: i64,
    addresses: HashMap<Option<IpAddr>, u64>,
}

impl Quotas {
    /// Limits for each project and hour, and for each address and minute with browser keys; 0 is no limit.
    pub fn new(hourly: u64, by_address: u64) -> Self {
        Quotas { hourly, by_address, state: Mutex::default() }
    }

    /// Takes one event of `project`; of `address`, if a browser sends it.
    ///
    /// # Errors
    /// With the seconds until there is room again.
    pub fn take(&self, project: ProjectId, address: Option<IpAddr>, now: i64) -> Result<(), Refusal> {
        if self.hourly == 0 && (self.by_address == 0 || address.is_none()) {
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
        let count = state.projects.entry(project).or_default();
        if self.hourly > 0 && *count >= self.hourly {
            let detail = format!("the project may send {} events an hour", self.hourly);
            return Err(Refusal::until(Reason::Quota, left(now, HOUR), detail).of(project));
        }
        *count += 1;
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

    #[test]
    fn a_project_has_its_hour() {
        let quotas = Quotas::new(2, 0);
        let [shop, other] = [ProjectId(1), ProjectId(2)];
        assert!(quotas.take(shop, None, HOUR - 5000).is_ok() && quotas.take(shop, None, HOUR - 5000).is_ok());
        assert_eq!(quotas.take(shop, None, HOUR - 5000).unwrap_err().retry_after, Some(6));
        assert!(quotas.take(other, None, HOUR - 5000).is_ok());
        assert!(quotas.take(shop, None, HOUR).is_ok());
    }

    #[test]
    fn an_address_has_its_minute() {
        let quotas = Quotas::new(0, 1);
        let [one, two] = ["192.0.2.1", "192.0.2.2"].map(|address| address.parse().ok());
        assert!(quotas.take(ProjectId(1), one, 0).is_ok());
        assert_eq!(quotas.take(ProjectId(1), one, 0).unwrap_err().reason, Reason::AddressQuota);
        assert!(quotas.take(ProjectId(1), two, 0).is_ok());
        assert!(quotas.take(ProjectId(1), None, 0).is_ok());
        assert!(quotas.take(ProjectId(1), one, MINUTE).is_ok());
    }
}
