//! Every option: its name, type, default, limits and documentation, in one table.
//!
//! The table makes the struct, the parser that names a bad option, and `docs/options.md`.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::protocol::{Dsn, Map, Value, map_of};
use crate::{Error, ErrorKind};

/// How the client-side fingerprint travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FingerprintMode {
    /// Under `contexts.faultwire.fingerprint`; the backend's own grouping is left alone.
    #[default]
    Context,
    /// As the event's `fingerprint`: the backend groups as we do.
    Override,
}

/// How much of a request's body is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BodySize {
    /// None of it.
    Never,
    /// Up to 1 KiB.
    Small,
    /// Up to 10 KiB.
    #[default]
    Medium,
    /// Up to 100 KiB; more never fits beside the rest of an event.
    Always,
}

impl BodySize {
    /// The limit in bytes.
    pub fn bytes(self) -> usize {
        match self {
            BodySize::Never => 0,
            BodySize::Small => 1024,
            BodySize::Medium => 10 * 1024,
            BodySize::Always => 100 * 1024,
        }
    }
}

/// One row of the table, for documentation.
#[derive(Debug, Clone, Copy)]
pub struct OptionDef {
    /// Name, the same in every language but for its casing.
    pub name: &'static str,
    /// What a value must be.
    pub expected: &'static str,
    /// The default, as JSON.
    pub default: fn() -> Value,
    /// What it does.
    pub doc: &'static str,
}

/// A type that an option can have.
trait OptionValue: Sized {
    const EXPECTED: &'static str;
    /// `Err` says what was expected beyond the type; the type itself is named by `EXPECTED`.
    fn parse(value: &Value) -> Result<Self, String>;
    fn show(&self) -> Value;
}

fn expected<T: OptionValue>() -> String {
    format!("expected {}", T::EXPECTED)
}

impl OptionValue for bool {
    const EXPECTED: &'static str = "true or false";
    fn parse(value: &Value) -> Result<Self, String> {
        value.as_bool().ok_or_else(expected::<Self>)
    }
    fn show(&self) -> Value {
        (*self).into()
    }
}

impl OptionValue for usize {
    const EXPECTED: &'static str = "a whole number, 0 or more";
    fn parse(value: &Value) -> Result<Self, String> {
        value.as_u64().and_then(|n| usize::try_from(n).ok()).ok_or_else(expected::<Self>)
    }
    fn show(&self) -> Value {
        (*self).into()
    }
}

impl OptionValue for Option<String> {
    const EXPECTED: &'static str = "a text";
    fn parse(value: &Value) -> Result<Self, String> {
        value.as_str().map(|text| Some(text.to_owned()).filter(|t| !t.is_empty())).ok_or_else(expected::<Self>)
    }
    fn show(&self) -> Value {
        self.clone().map_or(Value::Null, Value::from)
    }
}

impl OptionValue for String {
    const EXPECTED: &'static str = "a text";
    fn parse(value: &Value) -> Result<Self, String> {
        value.as_str().map(str::to_owned).ok_or_else(expected::<Self>)
    }
    fn show(&self) -> Value {
        self.clone().into()
    }
}

impl OptionValue for Option<Dsn> {
    const EXPECTED: &'static str = "a text SCHEME://KEY@HOST/PROJECT";
    fn parse(value: &Value) -> Result<Self, String> {
        let text = value.as_str().ok_or_else(expected::<Self>)?.trim();
        if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(|e: Error| e.message) }
    }
    fn show(&self) -> Value {
        Value::Null
    }
}

impl OptionValue for Vec<String> {
    const EXPECTED: &'static str = "a list of texts";
    fn parse(value: &Value) -> Result<Self, String> {
        let list = value.as_array().ok_or_else(expected::<Self>)?;
        list.iter().map(|v| v.as_str().map(str::to_owned).ok_or_else(expected::<Self>)).collect()
    }
    fn show(&self) -> Value {
        self.clone().into()
    }
}

/// A share from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate(pub f64);

impl OptionValue for Rate {
    const EXPECTED: &'static str = "a number from 0.0 to 1.0";
    fn parse(value: &Value) -> Result<Self, String> {
        value.as_f64().filter(|r| (0.0..=1.0).contains(r)).map(Rate).ok_or_else(expected::<Self>)
    }
    fn show(&self) -> Value {
        self.0.into()
    }
}

impl OptionValue for BTreeMap<String, Rate> {
    const EXPECTED: &'static str = "a map of texts to numbers from 0.0 to 1.0";
    fn parse(value: &Value) -> Result<Self, String> {
        let map = value.as_object().ok_or_else(expected::<Self>)?;
        let mut rates = BTreeMap::new();
        for (name, rate) in map {
            rates.insert(name.clone(), Rate::parse(rate).map_err(|e| format!("{name}: {e}"))?);
        }
        Ok(rates)
    }
    fn show(&self) -> Value {
        Value::Object(map_of(self.iter().map(|(k, v)| (k.clone(), v.show()))))
    }
}

impl OptionValue for BTreeMap<String, String> {
    const EXPECTED: &'static str = "a map of texts to texts";
    fn parse(value: &Value) -> Result<Self, String> {
        let map = value.as_object().ok_or_else(expected::<Self>)?;
        let mut texts = BTreeMap::new();
        for (name, text) in map {
            texts.insert(name.clone(), text.as_str().ok_or_else(expected::<Self>)?.to_owned());
        }
        Ok(texts)
    }
    fn show(&self) -> Value {
        Value::Object(map_of(self.iter().map(|(k, v)| (k.clone(), v.clone().into()))))
    }
}

/// The longest span an option accepts: a day. Longer ones are mistakes of unit.
const LONGEST_SECONDS: f64 = 86_400.0;

impl OptionValue for Duration {
    const EXPECTED: &'static str = "a number of seconds from 0 to 86400";
    fn parse(value: &Value) -> Result<Self, String> {
        let secs = value.as_f64().filter(|s| (0.0..=LONGEST_SECONDS).contains(s));
        secs.map(Duration::from_secs_f64).ok_or_else(expected::<Self>)
    }
    fn show(&self) -> Value {
        self.as_secs_f64().into()
    }
}

/// How long something is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Age(pub Duration);

/// A week.
const LONGEST_AGE: f64 = 7.0 * 86_400.0;

impl OptionValue for Age {
    const EXPECTED: &'static str = "a number of seconds from 0 to 604800";
    fn parse(value: &Value) -> Result<Self, String> {
        let secs = value.as_f64().filter(|s| (0.0..=LONGEST_AGE).contains(s));
        secs.map(|s| Age(Duration::from_secs_f64(s))).ok_or_else(expected::<Self>)
    }
    fn show(&self) -> Value {
        self.0.as_secs_f64().into()
    }
}

impl OptionValue for FingerprintMode {
    const EXPECTED: &'static str = "one of \"context\", \"override\"";
    fn parse(value: &Value) -> Result<Self, String> {
        match value.as_str() {
            Some("context") => Ok(FingerprintMode::Context),
            Some("override") => Ok(FingerprintMode::Override),
            _ => Err(expected::<Self>()),
        }
    }
    fn show(&self) -> Value {
        match self {
            FingerprintMode::Context => "context".into(),
            FingerprintMode::Override => "override".into(),
        }
    }
}

impl OptionValue for BodySize {
    const EXPECTED: &'static str = "one of \"never\", \"small\", \"medium\", \"always\"";
    fn parse(value: &Value) -> Result<Self, String> {
        match value.as_str() {
            Some("never") => Ok(BodySize::Never),
            Some("small") => Ok(BodySize::Small),
            Some("medium") => Ok(BodySize::Medium),
            Some("always") => Ok(BodySize::Always),
            _ => Err(expected::<Self>()),
        }
    }
    fn show(&self) -> Value {
        match self {
            BodySize::Never => "never".into(),
            BodySize::Small => "small".into(),
            BodySize::Medium => "medium".into(),
            BodySize::Always => "always".into(),
        }
    }
}

macro_rules! options {
    ($( $(#[doc = $doc:literal])+ $name:ident: $ty:ty = $default:expr; )+) => {
        /// What a client is told at `init`. See each field for its meaning and default.
        #[derive(Debug, Clone)]
        pub struct Options {
            $( $(#[doc = $doc])+ pub $name: $ty, )+
        }

        impl Default for Options {
            fn default() -> Self {
                Options { $( $name: $default, )+ }
            }
        }

        /// The names alone. Documentation is no concern of a process: what does not name the table does without it.
        const NAMES: &[&str] = &[ $( stringify!($name), )+ ];

        /// The whole table, in order.
        pub const OPTIONS: &[OptionDef] = &[
            $( OptionDef {
                name: stringify!($name),
                expected: <$ty as OptionValue>::EXPECTED,
                default: || { let default: $ty = $default; default.show() },
                doc: concat!($($doc,)+),
            }, )+
        ];

        impl Options {
            /// Sets one option from JSON; null leaves it as it is.
            fn set(&mut self, name: &str, value: &Value) -> Result<(), Error> {
                if value.is_null() {
                    return if NAMES.contains(&name) { Ok(()) } else { Err(unknown(name)) };
                }
                match name {
                    $( stringify!($name) => {
                        self.$name = OptionValue::parse(value).map_err(|message| ill_typed(name, message, value))?;
                        Ok(())
                    } )+
                    _ => Err(unknown(name)),
                }
            }
        }
    };
}

options! {
    /// Where events go: `SCHEME://KEY@HOST/PROJECT`. Unset or empty: disabled. Environment: `FAULTWIRE_DSN`, then `SENTRY_DSN`.
    dsn: Option<Dsn> = None;
    /// Version of the application, as people name it. Environment: `FAULTWIRE_RELEASE`, then `SENTRY_RELEASE`.
    release: Option<String> = None;
    /// Where the application runs. Environment: `FAULTWIRE_ENVIRONMENT`, then `SENTRY_ENVIRONMENT`.
    environment: String = "production".to_owned();
    /// Build of the release.
    dist: Option<String> = None;
    /// Name of the host; the default is the system's.
    server_name: Option<String> = None;
    /// Share of events kept, decided before anything is extracted. Kept events carry the rate.
    sample_rate: Rate = Rate(1.0);
    /// Rates by exception type, which go before `sample_rate`: `{"TimeoutError": 0.1, "app.errors.Busy": 0.0}`. A base class counts for its subclasses.
    exception_sample_rates: BTreeMap<String, Rate> = BTreeMap::new();
    /// Exception types that are never captured: `["KeyboardInterrupt", "app.errors.Expected"]`. A base class counts for its subclasses.
    ignore_errors: Vec<String> = Vec::new();
    /// Breadcrumbs kept a scope, oldest dropped; 0 switches them off.
    max_breadcrumbs: usize = 100;
    /// Attach the caller's stack to messages.
    attach_stacktrace: bool = false;
    /// Send e-mail and IP addresses, user names and cookies. Secrets are filtered all the same.
    send_default_pii: bool = false;
    /// Send the local variables of each frame, sanitized.
    include_local_variables: bool = true;
    /// Run an application object's own `__repr__` to show a local variable (Python). Off, because it can block, raise or query a database.
    run_user_repr: bool = false;
    /// Send source lines around each frame.
    include_source_context: bool = true;
    /// Module prefixes that are the application's own.
    in_app_include: Vec<String> = Vec::new();
    /// Module prefixes that are not the application's own; `in_app_include` goes before it.
    in_app_exclude: Vec<String> = Vec::new();
    /// Framework frames to drop besides the built-in list: `module`, `module:function` or `platform|module:function`.
    frame_blocklist: Vec<String> = Vec::new();
    /// Say on stderr what is going on. Never prints the content of an event.
    debug: bool = false;
    /// Proxy for `http` DSNs; the default is the environment's `HTTP_PROXY`, with `NO_PROXY`.
    http_proxy: Option<String> = None;
    /// Proxy for `https` DSNs; the default is the environment's `HTTPS_PROXY`, with `NO_PROXY`.
    https_proxy: Option<String> = None;
    /// Path of a PEM file with certificate authorities to trust besides the system's and the bundled ones.
    ca_certs: Option<String> = None;
    /// Seconds that leaving the process may wait for events on their way.
    shutdown_timeout: Duration = Duration::from_secs(2);
    /// Send what is on its way before SIGTERM ends the process (not on Windows). Only where the application leaves the
    /// signal its default action, which follows; waits at most `shutdown_timeout`.
    flush_on_sigterm: bool = false;
    /// How much of a request's body is kept: `never`, `small` (1 KiB), `medium` (10 KiB), `always` (100 KiB).
    max_request_body_size: BodySize = BodySize::Medium;
    /// Characters kept of a value; messages keep 8192.
    max_value_length: usize = 1024;
    /// Key names to filter besides the built-in ones.
    sanitize_keys: Vec<String> = Vec::new();
    /// Patterns to filter besides the built-in ones: a kind, shown as `[Filtered:kind]`, to a regular expression as the
    /// crate `regex` has them; of Unicode's properties it knows the general categories (`\p{Lu}`).
    sanitize_patterns: BTreeMap<String, String> = BTreeMap::new();
    /// How the client-side fingerprint travels: `context` leaves the backend's grouping alone, `override` replaces it.
    fingerprint_mode: FingerprintMode = FingerprintMode::Context;
    /// Fold repeated captures of the same place into exact counts.
    storm_folding: bool = true;
    /// Full events a place and window before folding starts.
    storm_burst: usize = 100;
    /// Seconds of the folding window.
    storm_window: Duration = Duration::from_secs(60);
    /// Captures that may wait for the worker; more are dropped and counted as `queue_overflow`.
    max_queue_events: usize = 4096;
    /// Bytes of captures that may wait for the worker, approximately; more are dropped and counted as `queue_overflow`.
    max_queue_bytes: usize = 32 * 1024 * 1024;
    /// Bytes of finished events that may wait to be sent; the oldest are dropped and counted as `cache_overflow`.
    max_outbox_bytes: usize = 32 * 1024 * 1024;
    /// Keep events on disk until they are delivered, so that they outlive the process. Without a directory that is
    /// writable and private, they are kept in memory; `stats()` says why.
    spool: bool = true;
    /// Directory of the spool; one below it for each DSN. The default is `faultwire` in the platform's place for state:
    /// `$XDG_STATE_HOME` or `~/.local/state`, `~/Library/Application Support`, `%LOCALAPPDATA%`.
    spool_dir: Option<String> = None;
    /// Bytes of the spool, all processes together; beyond, the oldest events are dropped and counted as `cache_overflow`.
    spool_max_bytes: usize = 64 * 1024 * 1024;
    /// Seconds after which an event is not sent any more, but counted as `spool_expired`. A server tells repeated
    /// events for a week at most, hence no longer than that.
    spool_max_age: Age = Age(Duration::from_secs(3 * 86_400));
    /// Have the disk confirm each event (`fdatasync`): it then outlives a power failure too, not only the process.
    spool_sync: bool = false;
    /// Record native crashes (the signals SEGV, BUS, ABRT, ILL, FPE and TRAP) beside the spool, without which it
    /// does nothing; the next start reports them. The process dies as it would without. Unix only; see
    /// `docs/crashes.md`.
    capture_crashes: bool = false;
}

fn unknown(name: &str) -> Error {
    let close = NAMES.iter().filter(|known| alike(known, name)).min_by_key(|known| known.len().abs_diff(name.len()));
    let hint = close.map(|known| format!(", did you mean {known}?")).unwrap_or_default();
    Error::option(name, format!("unknown option{hint}"))
}

/// True for names that differ by case, separators, or a missing or added piece.
fn alike(known: &str, given: &str) -> bool {
    let squash = |s: &str| s.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let (known, given) = (squash(known), squash(given));
    given.len() >= 3 && (known.contains(&given) || given.contains(&known))
}

fn ill_typed(name: &str, message: String, value: &Value) -> Error {
    let kind = if name == "dsn" { ErrorKind::InvalidDsn } else { ErrorKind::InvalidOption };
    // The value itself is shown only where it cannot be a secret.
    let got = match value {
        Value::Number(n) => format!(", got {n}"),
        Value::Bool(b) => format!(", got {b}"),
        Value::String(s) if name != "dsn" && s.len() <= 40 && !name.contains("proxy") => format!(", got {s:?}"),
        Value::String(_) => String::new(),
        Value::Array(_) => ", got a list".to_owned(),
        Value::Object(_) => ", got a map".to_owned(),
        Value::Null => ", got nothing".to_owned(),
    };
    Error::new(kind, name, message + if kind == ErrorKind::InvalidDsn { "" } else { &got })
}

impl Options {
    /// The defaults, completed from the environment: `..Options::from_env()?`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidDsn`] when `FAULTWIRE_DSN` or `SENTRY_DSN` does not parse.
    pub fn from_env() -> Result<Options, Error> {
        Options::from_map(&Map::new(), |name| std::env::var(name).ok())
    }

    /// These options, with what they leave at its default taken from the environment where it is there:
    /// `dsn`, `release`, `environment`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidDsn`] on a bad `FAULTWIRE_DSN` or `SENTRY_DSN`.
    pub(crate) fn completed_from(mut self, environment: impl Fn(&str) -> Option<String>) -> Result<Options, Error> {
        let defaults = Options::default();
        let unsaid = [
            ("dsn", self.dsn.is_none()),
            ("release", self.release.is_none()),
            ("environment", self.environment == defaults.environment),
        ];
        for (name, _) in unsaid.into_iter().filter(|(_, unsaid)| *unsaid) {
            self.complete(name, &environment)?;
        }
        Ok(self)
    }

    /// Sets one option from its environment variable, if there is one.
    fn complete(&mut self, name: &str, environment: &impl Fn(&str) -> Option<String>) -> Result<(), Error> {
        let variable = ["FAULTWIRE_", "SENTRY_"].map(|prefix| prefix.to_owned() + &name.to_ascii_uppercase());
        match variable.iter().find_map(|v| environment(v).filter(|v| !v.is_empty())) {
            Some(value) => self.set(name, &value.into()),
            None => Ok(()),
        }
    }

    /// Options from names to JSON values, completed from the environment.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOption`] or [`ErrorKind::InvalidDsn`], naming the option.
    pub fn from_map(map: &Map, environment: impl Fn(&str) -> Option<String>) -> Result<Options, Error> {
        let mut options = Options::default();
        for name in ["dsn", "release", "environment"] {
            if map.get(name).is_none_or(Value::is_null) {
                options.complete(name, &environment)?;
            }
        }
        for (name, value) in map {
            options.set(name, value)?;
        }
        options.check()?;
        Ok(options)
    }

    /// Limits between and within options that types do not express.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOption`], naming the option.
    pub fn check(&self) -> Result<(), Error> {
        let within = |name: &str, value: usize, range: std::ops::RangeInclusive<usize>| {
            if range.contains(&value) {
                Ok(())
            } else {
                let (low, high) = range.into_inner();
                Err(Error::option(name, format!("expected a whole number from {low} to {high}, got {value}")))
            }
        };
        within("max_breadcrumbs", self.max_breadcrumbs, 0..=1000)?;
        within("max_value_length", self.max_value_length, 16..=65_536)?;
        within("storm_burst", self.storm_burst, 1..=1_000_000)?;
        within("max_queue_events", self.max_queue_events, 1..=1_000_000)?;
        within("max_queue_bytes", self.max_queue_bytes, 65_536..=4 << 30)?;
        within("max_outbox_bytes", self.max_outbox_bytes, 65_536..=4 << 30)?;
        within("spool_max_bytes", self.spool_max_bytes, 65_536..=64 << 30)?;
        if self.storm_window < Duration::from_secs(1) {
            return Err(Error::option("storm_window", "expected a number of seconds from 1 to 86400"));
        }
        for rate in std::iter::once(("sample_rate", self.sample_rate)) {
            if !(0.0..=1.0).contains(&rate.1.0) {
                return Err(Error::option(rate.0, expected::<Rate>()));
            }
        }
        const PROXIES: [&str; 7] =
            ["http://", "https://", "socks://", "socks4://", "socks4a://", "socks5://", "socks5h://"];
        for (name, proxy) in [("http_proxy", &self.http_proxy), ("https_proxy", &self.https_proxy)] {
            if let Some(url) = proxy
                && !PROXIES.iter().any(|scheme| url.starts_with(scheme))
            {
                return Err(Error::option(name, "expected a URL http://HOST:PORT"));
            }
        }
        Ok(())
    }
}
