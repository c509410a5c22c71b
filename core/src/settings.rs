//! What a client is made of for its whole life: options, and what is derived from them once.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::Error;
use crate::options::Options;
use crate::outbox::spool::{self, Unusable};
use crate::protocol::{Breadcrumb, Event, Map, SdkInfo};
use crate::sampling::SamplingContext;
use crate::sanitize::Sanitizer;
use crate::stacktrace::Rules;
use crate::transport::MakeTransport;

/// Looks at a finished, sanitized event on the worker; `None` drops it as `before_send`.
pub type BeforeSend = Arc<dyn Fn(Event) -> Option<Event> + Send + Sync>;
/// Looks at a breadcrumb as it is added, on the app thread; `None` drops it.
pub type BeforeBreadcrumb = Arc<dyn Fn(Breadcrumb) -> Option<Breadcrumb> + Send + Sync>;
/// Says the rate for a capture, on the app thread; `None` leaves it to the options.
pub type ErrorSampler = Arc<dyn Fn(&SamplingContext<'_>) -> Option<f64> + Send + Sync>;

/// Code of the application that Faultwire calls.
#[derive(Clone, Default)]
pub struct Hooks {
    /// See [`BeforeSend`].
    pub before_send: Option<BeforeSend>,
    /// See [`BeforeBreadcrumb`].
    pub before_breadcrumb: Option<BeforeBreadcrumb>,
    /// See [`ErrorSampler`].
    pub error_sampler: Option<ErrorSampler>,
}

impl std::fmt::Debug for Hooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hooks")
            .field("before_send", &self.before_send.is_some())
            .field("before_breadcrumb", &self.before_breadcrumb.is_some())
            .field("error_sampler", &self.error_sampler.is_some())
            .finish()
    }
}

/// Which SDK this is, and what it knows of its surroundings.
#[derive(Debug, Clone, Default)]
pub struct Sdk {
    /// Name, version and integrations, as sent with every event.
    pub info: SdkInfo,
    /// `python`, `rust`, ...: the platform of its events.
    pub platform: &'static str,
    /// The host's runtime has a handler for SIGTERM that ends the process; the package sees to it that the
    /// application has none.
    pub host_handles_sigterm: bool,
    /// The host's runtime uses the signals of crashes itself, and writes a report when it breaks down: it is given no
    /// handler of ours, and its report is read at the next start. The JVM.
    pub host_reports_crashes: bool,
    /// Contexts of every event: `runtime`, `os`, ...
    pub contexts: Map,
}

/// Shared by all threads of a client, never changed.
pub(crate) struct Settings {
    pub options: Options,
    pub hooks: Hooks,
    pub sdk: Sdk,
    pub server_name: Option<String>,
    pub sanitizer: Sanitizer,
    pub rules: Rules,
    /// Given with the options, for tests: what it takes is not kept on disk.
    is_own_transport: bool,
    /// `None`: disabled.
    pub make_transport: Option<MakeTransport>,
    /// Integrations switched on since the start, in order.
    integrations: Mutex<Vec<String>>,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Settings {
    pub fn new(
        options: Options,
        hooks: Hooks,
        mut sdk: Sdk,
        transport: Option<MakeTransport>,
    ) -> Result<Settings, Error> {
        options.check()?;
        let sanitizer = Sanitizer::new(crate::sanitize::Config {
            send_default_pii: options.send_default_pii,
            extra_keys: options.sanitize_keys.clone(),
            extra_patterns: options.sanitize_patterns.clone().into_iter().collect(),
            max_value_length: options.max_value_length,
        })?;
        let mut rules =
            Rules::new(options.in_app_include.clone(), options.in_app_exclude.clone(), &options.frame_blocklist)?;
        rules.root = std::env::current_dir().ok().and_then(|folder| folder.into_os_string().into_string().ok());
        let is_own_transport = transport.is_some();
        let make_transport = match (transport, &options.dsn) {
            (Some(transport), _) => Some(transport),
            (None, None) => None,
            (None, Some(dsn)) => {
                let client = format!("{}/{}", sdk.info.name, sdk.info.version);
                let http = crate::transport::HttpSettings::new(dsn, client, &options)?;
                let make: MakeTransport = Arc::new(move || Box::new(crate::transport::Http::new(http.clone())));
                Some(make)
            }
        };
        sdk.contexts.entry("os").or_insert_with(crate::system::os_context);
        let server_name = options.server_name.clone().or_else(crate::system::host_name);
        Ok(Settings {
            options,
            hooks,
            sdk,
            server_name,
            sanitizer,
            rules,
            is_own_transport,
            make_transport,
            integrations: Mutex::default(),
        })
    }

    /// Where the spool is, or why there is none.
    pub fn spool_place(&self) -> Result<PathBuf, Unusable> {
        let no = |reason: &str| Err(Unusable(reason.to_owned()));
        match &self.options.dsn {
            _ if !self.options.spool => no("the option spool is off"),
            _ if self.is_own_transport => no("the transport is not Faultwire's"),
            None => no("there is no dsn"),
            Some(dsn) => spool::place(dsn, &self.options),
        }
    }

    /// Names an integration that was switched on.
    pub fn add_integration(&self, name: &str) {
        let mut names = self.integrations.lock().unwrap_or_else(PoisonError::into_inner);
        if !names.iter().any(|n| n == name) {
            names.push(name.to_owned());
        }
    }

    /// The integrations that are on. Never waits: a fork may have left the lock held for ever.
    pub fn integrations(&self) -> Vec<String> {
        self.integrations.try_lock().map(|names| names.clone()).unwrap_or_default()
    }
}
