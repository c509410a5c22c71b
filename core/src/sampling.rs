//! Keep or drop, before anything is extracted.

mod types;

pub use types::{NO_TYPE, Types};

use crate::options::Options;
use crate::protocol::{Event, Level};
use crate::scope::Layers;

/// What a sampler is asked about.
#[derive(Debug, Clone, Copy)]
pub struct SamplingContext<'a> {
    /// Class name of the error, `None` for messages and events.
    pub exception_type: Option<&'a str>,
    /// Severity.
    pub level: Level,
    /// Logger, for events that come from logging.
    pub logger: Option<&'a str>,
    /// Route or task of the innermost scope that names one.
    pub transaction: Option<&'a str>,
}

impl<'a> SamplingContext<'a> {
    /// A capture as its event would say it: `level` is its usual one, which `layers` may change.
    pub fn of(exception_type: Option<&'a str>, level: Level, logger: Option<&'a str>, layers: &'a Layers) -> Self {
        let level = layers.level().unwrap_or(level);
        SamplingContext { exception_type, level, logger, transaction: layers.transaction() }
    }

    /// A finished event, which goes before what the scopes say.
    pub fn of_event(event: &'a Event, layers: &'a Layers) -> Self {
        SamplingContext {
            exception_type: event.exception.values.last().and_then(|exception| exception.ty.as_deref()),
            level: event.level,
            logger: event.logger.as_deref(),
            transaction: event.transaction.as_deref().or(layers.transaction()),
        }
    }
}

/// What the options say of one exception type. Bindings keep it per type, so that names are compared once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TypePolicy {
    /// The type is in `ignore_errors`.
    pub ignored: bool,
    /// The rate that holds for the type.
    pub rate: f64,
}

impl TypePolicy {
    /// The policy for a type given its names, own first, then its bases: each as (module, name).
    pub fn of<'a>(options: &Options, names: impl IntoIterator<Item = (Option<&'a str>, &'a str)>) -> TypePolicy {
        let mut policy = TypePolicy { ignored: false, rate: options.sample_rate.0 };
        let mut rated = false;
        for (module, name) in names {
            let qualified = module.map(|m| format!("{m}.{name}"));
            let is = |entry: &str| entry == name || qualified.as_deref() == Some(entry);
            policy.ignored |= options.ignore_errors.iter().any(|entry| is(entry));
            if !rated && let Some((_, rate)) = options.exception_sample_rates.iter().find(|(entry, _)| is(entry)) {
                policy.rate = rate.0;
                rated = true;
            }
        }
        policy
    }
}

/// True for a share `rate` of calls.
pub(crate) fn keep(rate: f64) -> bool {
    if rate >= 1.0 {
        return true;
    }
    // 53 random bits are the digits of a double in [0, 1).
    let dice = (crate::protocol::random_u64() >> 11) as f64 / (1u64 << 53) as f64;
    dice < rate
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Rate;

    #[test]
    fn the_nearest_named_class_decides() {
        let options = Options {
            sample_rate: Rate(0.5),
            exception_sample_rates: [("OSError".to_owned(), Rate(0.1)), ("app.Busy".to_owned(), Rate(0.0))].into(),
            ignore_errors: vec!["app.Expected".to_owned()],
            ..Options::default()
        };
        let of = |names: &[(Option<&'static str>, &'static str)]| TypePolicy::of(&options, names.iter().copied());
        let builtins = Some("builtins");
        assert_eq!(of(&[(builtins, "ValueError")]).rate, 0.5);
        assert_eq!(of(&[(Some("app"), "Busy"), (builtins, "OSError")]).rate, 0.0);
        assert_eq!(of(&[(Some("other"), "Busy"), (builtins, "OSError")]).rate, 0.1);
        assert!(of(&[(Some("x"), "Y"), (Some("app"), "Expected")]).ignored);
    }

    #[test]
    fn keeps_about_the_share_asked_for() {
        let kept = (0..100_000).filter(|_| keep(0.25)).count();
        assert!((24_000..26_000).contains(&kept), "{kept}");
        assert!(!keep(0.0));
    }
}
