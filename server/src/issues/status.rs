//! The life of an issue.
//!
//! ```text
//! unresolved --> acknowledged --> resolved --> regressed
//!      ^                            ^  \________/  |
//!      |____________ ignored <______|______________|      people move an issue anywhere
//! ```
//!
//! Of itself an issue regresses when it occurs after it was resolved, and is no longer ignored when the condition has
//! come that was set.

use std::cmp::Ordering;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Releases;

/// Where an issue stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Status {
    /// New, or open again by hand.
    #[default]
    Unresolved,
    /// Someone is on it.
    Acknowledged,
    /// Said to be mended.
    Resolved {
        /// From when on.
        at: i64,
        /// From which release on.
        resolved: Resolved,
    },
    /// Was said to be mended, and came back.
    Regressed,
    /// Not to be shown and not to be told.
    Ignored {
        /// Until when.
        ignored: Ignored,
    },
}

/// From when on an issue is mended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "in", content = "release", rename_all = "snake_case")]
pub enum Resolved {
    /// From this moment on.
    Now,
    /// From this release on.
    Release(String),
    /// In whatever is later than this release, the newest when it was said; `None` when there was none.
    AfterRelease(Option<String>),
    /// By the rule that quiet issues are.
    Quiet,
}

/// Until when an issue is ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "until", content = "value", rename_all = "snake_case")]
pub enum Ignored {
    /// For good.
    Forever,
    /// Until something later than this release occurs, the newest when it was said.
    AfterRelease(Option<String>),
    /// Until there were so many occurrences in all, estimated.
    Count(u64),
    /// Until an occurrence after this time.
    Time(i64),
}

/// What a status needs to know of an occurrence.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'e> {
    /// When it happened.
    pub time: i64,
    /// The release it happened in.
    pub release: Option<&'e str>,
    /// Occurrences of the issue with this one, estimated.
    pub estimated: f64,
}

/// How an occurrence moves an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It was mended and is back.
    Regressed,
    /// The condition it was ignored until has come.
    Unignored,
}

impl Status {
    /// The name of the status alone.
    pub fn name(&self) -> &'static str {
        match self {
            Status::Unresolved => "unresolved",
            Status::Acknowledged => "acknowledged",
            Status::Resolved { .. } => "resolved",
            Status::Regressed => "regressed",
            Status::Ignored { .. } => "ignored",
        }
    }

    /// How an occurrence moves an issue that stands here, if it does.
    pub fn on(&self, seen: Seen<'_>, releases: &Releases) -> Option<Change> {
        match self {
            Status::Unresolved | Status::Acknowledged | Status::Regressed => None,
            Status::Resolved { at, resolved } => returns(*at, resolved, seen, releases).then_some(Change::Regressed),
            Status::Ignored { ignored } => ends(ignored, seen, releases).then_some(Change::Unignored),
        }
    }

    /// Where the issue stands after a change.
    pub fn after(change: Change) -> Status {
        match change {
            Change::Regressed => Status::Regressed,
            Change::Unignored => Status::Unresolved,
        }
    }
}

/// An event of a release that is older, or as old, is of what is still out there, whenever it comes.
fn returns(at: i64, resolved: &Resolved, seen: Seen<'_>, releases: &Releases) -> bool {
    let is_later = seen.time > at;
    let against = |other: &str| seen.release.and_then(|release| releases.compare(release, other));
    match resolved {
        Resolved::Now | Resolved::Quiet | Resolved::AfterRelease(None) => is_later,
        Resolved::Release(mended) => match against(mended) {
            Some(order) => order != Ordering::Less,
            None => is_later,
        },
        Resolved::AfterRelease(Some(last)) => match against(last) {
            Some(order) => order == Ordering::Greater,
            None => is_later,
        },
    }
}

fn ends(ignored: &Ignored, seen: Seen<'_>, releases: &Releases) -> bool {
    match ignored {
        Ignored::Forever => false,
        Ignored::Count(count) => seen.estimated >= *count as f64,
        Ignored::Time(until) => seen.time > *until,
        // With no release known then, the first that is named is later.
        Ignored::AfterRelease(None) => seen.release.is_some(),
        Ignored::AfterRelease(Some(last)) => {
            seen.release.and_then(|release| releases.compare(release, last)) == Some(Ordering::Greater)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::issues::Release;

    fn releases() -> Releases {
        let release = |(name, time): (&str, i64)| Release { name: name.into(), first_seen: Some(time), deployed: None };
        Releases::new([("app@1.0.0", 1), ("app@1.1.0", 5), ("nightly-a", 7), ("nightly-b", 8)].map(release))
    }

    fn seen(time: i64, release: Option<&str>) -> Seen<'_> {
        Seen { time, release, estimated: 10.0 }
    }

    /// Every status, and an occurrence on either side of what moves it.
    #[test]
    fn the_table() {
        let resolved = |resolved| Status::Resolved { at: 10, resolved };
        let ignored = |ignored| Status::Ignored { ignored };
        let of = |name: &str| Some(name.to_owned());
        let [regressed, unignored] = [Some(Change::Regressed), Some(Change::Unignored)];
        let cases = [
            (Status::Unresolved, seen(99, None), None),
            (Status::Acknowledged, seen(99, None), None),
            (Status::Regressed, seen(99, None), None),
            (resolved(Resolved::Now), seen(10, None), None),
            (resolved(Resolved::Now), seen(11, Some("app@1.0.0")), regressed),
            (resolved(Resolved::Quiet), seen(11, None), regressed),
            (resolved(Resolved::Release("app@1.1.0".into())), seen(11, Some("app@1.0.0")), None),
            (resolved(Resolved::Release("app@1.1.0".into())), seen(11, Some("app@1.1.0")), regressed),
            (resolved(Resolved::Release("app@1.1.0".into())), seen(11, Some("app@1.2.0")), regressed),
            (resolved(Resolved::Release("app@1.1.0".into())), seen(11, None), regressed),
            (resolved(Resolved::Release("app@1.1.0".into())), seen(9, None), None),
            (resolved(Resolved::AfterRelease(of("app@1.1.0"))), seen(11, Some("app@1.1.0")), None),
            (resolved(Resolved::AfterRelease(of("app@1.1.0"))), seen(11, Some("app@1.1.1")), regressed),
            (resolved(Resolved::AfterRelease(of("nightly-a"))), seen(11, Some("nightly-a")), None),
            (resolved(Resolved::AfterRelease(of("nightly-a"))), seen(11, Some("nightly-b")), regressed),
            (resolved(Resolved::AfterRelease(None)), seen(11, None), regressed),
            (ignored(Ignored::Forever), seen(99, Some("app@9.0.0")), None),
            (ignored(Ignored::Count(11)), seen(99, None), None),
            (ignored(Ignored::Count(10)), seen(99, None), unignored),
            (ignored(Ignored::Time(20)), seen(20, None), None),
            (ignored(Ignored::Time(20)), seen(21, None), unignored),
            (ignored(Ignored::AfterRelease(of("app@1.1.0"))), seen(99, Some("app@1.1.0")), None),
            (ignored(Ignored::AfterRelease(of("app@1.1.0"))), seen(99, None), None),
            (ignored(Ignored::AfterRelease(of("app@1.1.0"))), seen(99, Some("app@2.0.0")), unignored),
            (ignored(Ignored::AfterRelease(None)), seen(99, Some("app@0.1.0")), unignored),
        ];
        for (status, occurrence, expected) in cases {
            assert_eq!(status.on(occurrence, &releases()), expected, "{status:?} {occurrence:?}");
        }
    }
}
