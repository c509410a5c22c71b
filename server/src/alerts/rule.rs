//! Which events of which issues are told on which channels: pure rules.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::channel::{ChannelId, Kind};
use super::spike::Crossed;
use crate::issues::{Level, LevelName, Severity, Trigger};

/// Rules of a project.
const MAX_RULES: usize = 50;
/// Entries of one list in a rule, and characters of a name or value.
const MAX_LIST: usize = 100;
const MAX_TEXT: usize = 200;
/// The longest cooldown: a week. Marks of what was told are forgotten after it.
pub const MAX_COOLDOWN: u64 = 7 * 86_400;
/// Occurrences a minute above which the feed speaks of a spike when no rule says otherwise.
const SPIKE: u32 = 100;

/// One rule of a project. A rule without channels notifies all that the project has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name, once in a project: its cooldowns are kept under it.
    pub name: String,
    /// What it tells.
    pub triggers: BTreeSet<Trigger>,
    /// Where it tells it; empty is on all channels.
    #[serde(default)]
    pub channels: BTreeSet<ChannelId>,
    /// Of which issues.
    #[serde(default)]
    pub filter: Filter,
    /// Seconds until it tells of the same issue again; 0, the default, is at once.
    #[serde(default)]
    pub cooldown_seconds: u64,
    /// Occurrences a minute, estimated, above which there is a spike; by default 100.
    #[serde(default = "spike_per_minute")]
    pub spike_per_minute: u32,
    /// Whether it is in force; by default it is.
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn spike_per_minute() -> u32 {
    SPIKE
}

fn yes() -> bool {
    true
}

/// Of which issues a rule tells; what is empty or absent lets all through.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "RuleFilter")]
pub struct Filter {
    /// In one of these environments.
    pub environments: BTreeSet<String>,
    /// In one of these releases.
    pub releases: BTreeSet<String>,
    /// At least this bad.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<LevelName>")]
    pub min_level: Option<Level>,
    /// At least this urgent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_severity: Option<Severity>,
    /// With each of these tags.
    pub tags: BTreeMap<String, String>,
}

/// What a filter looks at.
#[derive(Clone, Copy)]
pub struct Scene<'o> {
    /// Of the occurrence.
    pub environment: &'o str,
    /// Of the occurrence.
    pub release: Option<&'o str>,
    /// Of the issue.
    pub level: Level,
    /// Of the issue.
    pub severity: Severity,
    /// Whether a tag has a value.
    pub has_tag: &'o dyn Fn(&str, &str) -> bool,
}

impl Filter {
    /// Whether it lets `scene` through.
    pub fn fits(&self, scene: Scene<'_>) -> bool {
        (self.environments.is_empty() || self.environments.contains(scene.environment))
            && (self.releases.is_empty() || scene.release.is_some_and(|release| self.releases.contains(release)))
            && self.min_level.is_none_or(|least| scene.level >= least)
            && self.min_severity.is_none_or(|least| scene.severity >= least)
            && self.tags.iter().all(|(name, value)| (scene.has_tag)(name, value))
    }
}

/// What a project has to say of alerts: its rules, and its channels that are in use.
#[derive(Debug, Clone, PartialEq)]
pub struct Alerting {
    /// Its rules.
    pub rules: Vec<Rule>,
    /// Channels in use.
    pub channels: Vec<(ChannelId, Kind)>,
    /// Occurrences a minute above which there is something to tell, or to be seen in the feed.
    pub thresholds: Vec<f64>,
}

/// The rule of a project that has set none: what is new, what is back, and what can no longer be told apart.
pub fn default_rules() -> Vec<Rule> {
    vec![Rule {
        name: "default".to_owned(),
        triggers: [Trigger::New, Trigger::Regressed, Trigger::Overflow].into(),
        channels: BTreeSet::new(),
        filter: Filter::default(),
        cooldown_seconds: 0,
        spike_per_minute: SPIKE,
        enabled: true,
    }]
}

impl Alerting {
    /// Of a project with these rules and these channels in use.
    pub fn new(rules: Vec<Rule>, channels: Vec<(ChannelId, Kind)>) -> Self {
        let of_spikes = rules.iter().filter(|rule| rule.enabled && rule.triggers.contains(&Trigger::Spike));
        let mut thresholds: Vec<f64> = of_spikes.map(|rule| f64::from(rule.spike_per_minute)).collect();
        if thresholds.is_empty() {
            thresholds.push(f64::from(SPIKE));
        }
        Alerting { rules, channels, thresholds }
    }

    /// Rules that tell of a trigger; a spike those whose threshold it has crossed.
    pub fn matching<'a>(
        &'a self,
        trigger: Trigger,
        crossed: Option<Crossed>,
        scene: Scene<'a>,
    ) -> impl Iterator<Item = &'a Rule> {
        let is_crossed = move |rule: &Rule| {
            let threshold = f64::from(rule.spike_per_minute);
            crossed.is_some_and(|crossed| crossed.from < threshold && threshold <= crossed.to)
        };
        self.rules.iter().filter(move |rule| {
            rule.enabled
                && rule.triggers.contains(&trigger)
                && (trigger != Trigger::Spike || is_crossed(rule))
                && rule.filter.fits(scene)
        })
    }

    /// The channels of a rule that are in use.
    pub fn channels_of(&self, rule: &Rule) -> impl Iterator<Item = (ChannelId, Kind)> {
        self.channels.iter().copied().filter(|(id, _)| rule.channels.is_empty() || rule.channels.contains(id))
    }
}

/// Takes a channel that is gone out of the rules; whether it was in any. One that told nobody else is turned off: without
/// channels it would tell all.
pub fn forget(rules: &mut [Rule], gone: ChannelId) -> bool {
    let mut was_in_any = false;
    for rule in rules {
        if rule.channels.remove(&gone) {
            was_in_any = true;
            rule.enabled &= !rule.channels.is_empty();
        }
    }
    was_in_any
}

/// Whether a project may have these rules, and these channels exist.
///
/// # Errors
/// What is wrong, with its place.
pub fn validate(rules: &[Rule], channels: &BTreeSet<ChannelId>) -> Result<(), String> {
    if rules.len() > MAX_RULES {
        return Err(format!("rules: expected at most {MAX_RULES}"));
    }
    let mut names = BTreeSet::new();
    let fits = |text: &str| !text.trim().is_empty() && text.chars().count() <= MAX_TEXT;
    for (at, rule) in rules.iter().enumerate() {
        let wrong = |what: &str| Err(format!("rules[{at}].{what}"));
        if !fits(&rule.name) {
            return wrong("name: expected 1 to 200 characters");
        }
        if !names.insert(&rule.name) {
            return wrong("name: another rule has it");
        }
        if rule.triggers.is_empty() {
            return wrong("triggers: expected at least one");
        }
        if let Some(unknown) = rule.channels.iter().find(|id| !channels.contains(id)) {
            return wrong(&format!("channels: there is no channel {} in this project", unknown.0));
        }
        if rule.cooldown_seconds > MAX_COOLDOWN {
            return wrong(&format!("cooldown_seconds: expected at most {MAX_COOLDOWN}"));
        }
        if rule.spike_per_minute == 0 {
            return wrong("spike_per_minute: expected at least 1");
        }
        let filter = &rule.filter;
        let texts = filter.environments.iter().chain(&filter.releases).chain(filter.tags.keys());
        let too_many =
            [filter.environments.len(), filter.releases.len(), filter.tags.len()].iter().any(|n| *n > MAX_LIST);
        if too_many || texts.chain(filter.tags.values()).any(|text| !fits(text)) {
            return wrong("filter: expected lists of at most 100 texts, each of 1 to 200 characters");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene<'o>(has_tag: &'o dyn Fn(&str, &str) -> bool) -> Scene<'o> {
        Scene {
            environment: "production",
            release: Some("app@1"),
            level: Level::Error,
            severity: Severity::High,
            has_tag,
        }
    }

    /// Each part of a filter on both sides.
    #[test]
    fn filters() {
        let paid = |name: &str, value: &str| (name, value) == ("tier", "paid");
        let set = |text: &str| BTreeSet::from([text.to_owned()]);
        let tags = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
        let of = |change: fn(&mut Filter)| {
            let mut filter = Filter::default();
            change(&mut filter);
            filter
        };
        let cases = [
            (Filter::default(), true),
            (Filter { environments: set("production"), ..Filter::default() }, true),
            (Filter { environments: set("staging"), ..Filter::default() }, false),
            (Filter { releases: set("app@1"), ..Filter::default() }, true),
            (Filter { releases: set("app@2"), ..Filter::default() }, false),
            (of(|f| f.min_level = Some(Level::Error)), true),
            (of(|f| f.min_level = Some(Level::Fatal)), false),
            (of(|f| f.min_severity = Some(Severity::Medium)), true),
            (of(|f| f.min_severity = Some(Severity::Critical)), false),
            (Filter { tags: tags("tier", "paid"), ..Filter::default() }, true),
            (Filter { tags: tags("tier", "free"), ..Filter::default() }, false),
        ];
        for (filter, fits) in cases {
            assert_eq!(filter.fits(scene(&paid)), fits, "{filter:?}");
        }
        let nowhere = Scene { release: None, ..scene(&paid) };
        assert!(!Filter { releases: set("app@1"), ..Filter::default() }.fits(nowhere));
    }

    /// Only what is new, back or too much is told by default; the rest is in the feed.
    #[test]
    fn the_default_rule() {
        let alerting = Alerting::new(default_rules(), vec![(ChannelId(1), Kind::Slack)]);
        let none = |_: &str, _: &str| false;
        let told = |trigger| alerting.matching(trigger, None, scene(&none)).count();
        use Trigger::{Milestone, New, Overflow, Recurred, Regressed, Spike, Unignored};
        assert_eq!([New, Regressed, Overflow].map(told), [1; 3]);
        assert_eq!([Unignored, Spike, Recurred, Milestone].map(told), [0; 4]);
        assert_eq!(alerting.channels_of(&alerting.rules[0]).count(), 1);
        assert_eq!(alerting.thresholds, [100.0]);
    }

    #[test]
    fn a_spike_is_told_by_rules_whose_threshold_it_passed() {
        let rule = |name: &str, per_minute| Rule {
            name: name.into(),
            triggers: [Trigger::Spike].into(),
            spike_per_minute: per_minute,
            ..default_rules().remove(0)
        };
        let alerting = Alerting::new(vec![rule("low", 10), rule("high", 1000)], Vec::new());
        let none = |_: &str, _: &str| false;
        let told = |from, to| {
            let rules = alerting.matching(Trigger::Spike, Some(Crossed { from, to }), scene(&none));
            rules.map(|rule| rule.name.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(told(0.0, 10.0), ["low"]);
        assert_eq!(told(10.0, 1000.0), ["high"]);
        assert_eq!(told(0.0, 1000.0), ["low", "high"]);
        assert_eq!(alerting.thresholds, [10.0, 1000.0]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let good = default_rules().remove(0);
        let wrong = |change: fn(&mut Rule)| {
            let mut rule = good.clone();
            change(&mut rule);
            validate(&[good.clone(), rule], &BTreeSet::new()).unwrap_err()
        };
        assert!(wrong(|_| {}).starts_with("rules[1].name: another"));
        assert!(wrong(|rule| rule.name.clear()).starts_with("rules[1].name: expected"));
        let named = |change: fn(&mut Rule)| {
            let mut rule = Rule { name: "other".into(), ..good.clone() };
            change(&mut rule);
            validate(&[rule], &BTreeSet::new())
        };
        assert_eq!(named(|_| {}), Ok(()));
        assert!(named(|rule| rule.triggers.clear()).unwrap_err().contains("triggers"));
        assert!(named(|rule| rule.channels = [ChannelId(7)].into()).unwrap_err().contains("channel 7"));
        assert!(named(|rule| rule.cooldown_seconds = MAX_COOLDOWN + 1).unwrap_err().contains("cooldown"));
        assert!(named(|rule| rule.spike_per_minute = 0).unwrap_err().contains("spike"));
        assert!(named(|rule| rule.filter.releases = ["".to_owned()].into()).unwrap_err().contains("filter"));
    }
}
