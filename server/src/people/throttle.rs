//! How often one may try to log in: by address and by account, in bounded memory.
//!
//! An attempt takes its place before the password is looked at, so that many at once gain nothing. One that was right
//! gives the account its places back, not the address.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::address::network;
use crate::clock::MINUTE;

/// How long an attempt counts.
const WINDOW: i64 = 15 * MINUTE;
/// Attempts of an address: several people may share one.
const OF_ADDRESS: u32 = 50;
/// Attempts at an account, from wherever: who forgot a password tries fewer.
const OF_ACCOUNT: u32 = 10;
/// Addresses, and accounts, that are told apart. Beyond, they share the places of one.
const MAX_NAMES: usize = 10_000;

/// Attempts of the last minutes.
#[derive(Debug, Default)]
pub struct Throttle(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    addresses: Attempts<IpAddr>,
    accounts: Attempts<String>,
}

#[derive(Debug)]
struct Attempts<Name>(HashMap<Option<Name>, (i64, u32)>);

impl<Name> Default for Attempts<Name> {
    fn default() -> Self {
        Attempts(HashMap::new())
    }
}

impl<Name: Eq + Hash> Attempts<Name> {
    /// Takes a place of `limit`; otherwise the seconds until there are places again.
    fn take(&mut self, name: Name, limit: u32, now: i64) -> Result<(), u64> {
        let name = Some(name);
        if !self.0.contains_key(&name) && self.0.len() >= MAX_NAMES {
            self.0.retain(|_, (since, _)| now - *since < WINDOW);
        }
        let is_told = self.0.contains_key(&name) || self.0.len() < MAX_NAMES;
        let (since, count) = self.0.entry(name.filter(|_| is_told)).or_insert((now, 0));
        // A clock that was set back begins anew, too.
        if !(0..WINDOW).contains(&(now - *since)) {
            (*since, *count) = (now, 0);
        }
        if *count >= limit {
            return Err((*since + WINDOW - now).div_euclid(1000) as u64 + 1);
        }
        *count += 1;
        Ok(())
    }
}

impl Throttle {
    /// Takes a place for an attempt at `account` from `address`.
    ///
    /// # Errors
    /// With the seconds until there is one again.
    pub fn take(&self, address: Option<IpAddr>, account: &str, now: i64) -> Result<(), u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(address) = address {
            state.addresses.take(network(address), OF_ADDRESS, now)?;
        }
        state.accounts.take(account.to_owned(), OF_ACCOUNT, now)
    }

    /// It was the right one.
    pub fn forgive(&self, account: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).accounts.0.remove(&Some(account.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: u32) -> Option<IpAddr> {
        Some(IpAddr::V4((0x0a00_0000 + n).into()))
    }

    #[test]
    fn an_account_has_ten_attempts_from_anywhere_until_one_is_right() {
        let throttle = Throttle::default();
        for n in 0..OF_ACCOUNT {
            assert_eq!(throttle.take(address(n), "ada", 0), Ok(()));
        }
        assert_eq!(throttle.take(address(99), "ada", MINUTE), Err(14 * 60 + 1));
        assert_eq!(throttle.take(address(99), "bob", MINUTE), Ok(()));
        throttle.forgive("ada");
        assert_eq!(throttle.take(address(99), "ada", MINUTE), Ok(()));
    }

    #[test]
    fn an_address_has_fifty_at_whatever_accounts() {
        let throttle = Throttle::default();
        for n in 0..OF_ADDRESS {
            assert_eq!(throttle.take(address(1), &n.to_string(), 0), Ok(()));
        }
        assert!(throttle.take(address(1), "another", 0).is_err());
        assert_eq!(throttle.take(address(2), "another", 0), Ok(()));
        assert_eq!(throttle.take(address(1), "another", WINDOW), Ok(()));
        let same: [IpAddr; 2] = ["2001:db8::1".parse().unwrap(), "2001:db8::ffff:2".parse().unwrap()];
        assert_eq!(network(same[0]), network(same[1]));
    }

    #[test]
    fn memory_is_bounded() {
        let throttle = Throttle::default();
        for n in 0..MAX_NAMES as u32 * 2 {
            let _ = throttle.take(address(n), &n.to_string(), 0);
        }
        let state = throttle.0.lock().unwrap();
        assert!(state.addresses.0.len() <= MAX_NAMES + 1 && state.accounts.0.len() <= MAX_NAMES + 1);
    }
}
