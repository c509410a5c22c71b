//! Which release is later.
//!
//! Two releases compare by semantic version only if both have one and are of the same package (`shop@1.2.0`); else by
//! when they were first deployed, or first seen where no deploy was told.

use std::cmp::Ordering;
use std::collections::HashMap;

use semver::Version;

/// Releases remembered for a project; the ones that were known longest go first.
const MAX_RELEASES: usize = 2000;

/// What is known of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Its whole name.
    pub name: String,
    /// Time of its first occurrence.
    pub first_seen: Option<i64>,
    /// Time of its first deploy.
    pub deployed: Option<i64>,
}

impl Release {
    fn since(&self) -> Option<i64> {
        self.deployed.or(self.first_seen)
    }
}

/// The package and version in a release's name: `shop@1.2.0+7`, `1.2.0`, `v1.2`.
fn version(name: &str) -> Option<(&str, Version)> {
    let (package, text) = name.rsplit_once('@').unwrap_or(("", name));
    let text = text.strip_prefix('v').unwrap_or(text);
    let full = match text.split(['-', '+']).next().map(|core| core.matches('.').count()) {
        Some(1) => {
            let at = text.find(['-', '+']).unwrap_or(text.len());
            format!("{}.0{}", text.get(..at)?, text.get(at..)?)
        }
        Some(2) => text.to_owned(),
        _ => return None,
    };
    Some((package, Version::parse(&full).ok()?))
}

/// The releases of a project.
#[derive(Debug, Clone, Default)]
pub struct Releases {
    by_name: HashMap<String, Release>,
}

impl Releases {
    /// The releases that are known.
    pub fn new(releases: impl IntoIterator<Item = Release>) -> Self {
        Releases { by_name: releases.into_iter().map(|release| (release.name.clone(), release)).collect() }
    }

    /// An occurrence of `name` at `time`; true if that is new.
    pub fn see(&mut self, name: &str, time: i64) -> bool {
        if let Some(known) = self.by_name.get_mut(name) {
            let is_earlier = known.first_seen.is_none_or(|first| time < first);
            if is_earlier {
                known.first_seen = Some(time);
            }
            return is_earlier;
        }
        if self.by_name.len() >= MAX_RELEASES
            && let Some(oldest) = self.by_name.values().min_by_key(|release| release.since()).map(|r| r.name.clone())
        {
            self.by_name.remove(&oldest);
        }
        let release = Release { name: name.to_owned(), first_seen: Some(time), deployed: None };
        self.by_name.insert(name.to_owned(), release);
        true
    }

    /// A deploy of `name` at `time`; the first one counts.
    pub fn deploy(&mut self, name: &str, time: i64) {
        let fresh = Release { name: name.to_owned(), first_seen: None, deployed: None };
        let release = self.by_name.entry(name.to_owned()).or_insert(fresh);
        release.deployed = Some(release.deployed.map_or(time, |first| first.min(time)));
    }

    /// What is known of a release.
    pub fn get(&self, name: &str) -> Option<&Release> {
        self.by_name.get(name)
    }

    /// How `one` stands to `other`; `None` when nothing is known that says so.
    pub fn compare(&self, one: &str, other: &str) -> Option<Ordering> {
        if one == other {
            return Some(Ordering::Equal);
        }
        if let (Some((package, version)), Some((others, theirs))) = (version(one), version(other))
            && package == others
        {
            return Some(version.cmp(&theirs));
        }
        let since = |name: &str| self.by_name.get(name).and_then(Release::since);
        since(one)?.partial_cmp(&since(other)?)
    }

    /// The release that no other is later than.
    pub fn newest(&self) -> Option<&str> {
        let later = |one: &&Release, other: &&Release| {
            self.compare(&one.name, &other.name).unwrap_or_else(|| one.since().cmp(&other.since()))
        };
        // Not a total order where packages mix: take the best by time, then what is later than that by version.
        let by_time = self.by_name.values().max_by_key(|release| release.since())?;
        let best = self.by_name.values().filter(|r| later(r, &by_time) == Ordering::Greater).max_by(later);
        Some(&best.unwrap_or(by_time).name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(releases: &[(&str, i64)]) -> Releases {
        let release =
            |(name, seen): &(&str, i64)| Release { name: (*name).into(), first_seen: Some(*seen), deployed: None };
        Releases::new(releases.iter().map(release))
    }

    #[test]
    fn by_version_within_a_package() {
        let releases = known(&[("shop@1.10.0", 1), ("shop@1.9.0", 2)]);
        assert_eq!(releases.compare("shop@1.10.0", "shop@1.9.0"), Some(Ordering::Greater));
        assert_eq!(releases.compare("shop@2.0.0-rc.1", "shop@2.0.0"), Some(Ordering::Less));
        assert_eq!(releases.compare("v1.2", "1.2.0"), Some(Ordering::Equal));
        assert_eq!(releases.newest(), Some("shop@1.10.0"));
    }

    #[test]
    fn by_time_where_versions_say_nothing() {
        let mut releases = known(&[("abc", 5), ("def", 3), ("shop@9.0.0", 4), ("till@1.0.0", 6)]);
        assert_eq!(releases.compare("abc", "def"), Some(Ordering::Greater));
        assert_eq!(releases.compare("shop@9.0.0", "till@1.0.0"), Some(Ordering::Less));
        assert_eq!(releases.compare("abc", "unheard"), None);
        releases.deploy("def", 9);
        assert_eq!(releases.compare("abc", "def"), Some(Ordering::Less));
        assert_eq!(releases.newest(), Some("def"));
    }
}
