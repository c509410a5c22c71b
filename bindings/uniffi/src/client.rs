//! The process-wide client.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use faultwire::Error;
use faultwire::client::Client;
use faultwire::options::Options;
use faultwire::protocol::{Map, SdkInfo, Value};
use faultwire::sampling::Types;
use faultwire::settings::Sdk;
use faultwire::testing::Kept;
use serde_json::json;

use crate::callbacks::{BeforeBreadcrumb, BeforeSend, ErrorSampler, hooks};
use crate::error::{BridgeError, internal};
use crate::guard::{guard, silence_panics};

/// A client and what the bridge keeps beside it.
pub(crate) struct State {
    pub client: Client,
    pub types: Types,
    pub host: Host,
    kept: Option<Kept>,
}

/// Where the bridge runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Host {
    /// Kotlin, Java and what else runs on the JVM.
    Jvm,
    /// Swift.
    Swift,
}

impl Host {
    /// The platform of its events, by the protocol's names.
    pub fn platform(self) -> &'static str {
        match self {
            Host::Jvm => "java",
            Host::Swift => "cocoa",
        }
    }

    fn name(self) -> (&'static str, &'static str) {
        match self {
            Host::Jvm => ("faultwire.kotlin", "maven:io.faultwire:faultwire"),
            Host::Swift => ("faultwire.swift", "swiftpm:faultwire"),
        }
    }
}

/// What runs the application.
#[derive(Debug, Clone, uniffi::Record)]
pub struct Runtime {
    pub host: Host,
    /// `OpenJDK Runtime Environment`, `Swift`.
    pub name: String,
    pub version: String,
}

/// The options that the packages themselves need.
#[derive(Debug, Clone, uniffi::Record)]
pub struct Settings {
    pub attach_stacktrace: bool,
    pub capture_crashes: bool,
    pub debug: bool,
    /// None are kept at 0.
    pub max_breadcrumbs: i64,
    /// Captures that wait for the worker at most.
    pub max_queue_events: i64,
    /// Bytes of a request's body that are looked at.
    pub max_request_body_bytes: i64,
    /// Characters.
    pub max_value_length: i64,
    pub send_default_pii: bool,
    pub shutdown_timeout_ms: i64,
    pub storm_folding: bool,
}

static STATE: RwLock<Option<Arc<State>>> = RwLock::new(None);

/// The client, if `init` was called.
pub(crate) fn current() -> Option<Arc<State>> {
    STATE.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// The client, if it captures.
pub(crate) fn enabled() -> Option<Arc<State>> {
    current().filter(|s| s.client.is_enabled())
}

fn replace(new: Option<Arc<State>>) {
    let old = std::mem::replace(&mut *STATE.write().unwrap_or_else(PoisonError::into_inner), new.clone());
    match (old, new) {
        (Some(old), Some(new)) => new.client.take_over_from(&old.client),
        (Some(old), None) => _ = old.client.close(Some(Duration::ZERO)),
        (None, _) => {}
    }
}

/// Makes the process-wide client from options by core's names, in a JSON object; an earlier one is closed without
/// waiting. `capture_transport` keeps envelopes in memory, for [`taken_envelopes`].
///
/// # Errors
/// Naming the option.
#[uniffi::export]
pub fn init(
    options: String,
    runtime: Runtime,
    before_send: Option<Arc<dyn BeforeSend>>,
    before_breadcrumb: Option<Arc<dyn BeforeBreadcrumb>>,
    error_sampler: Option<Arc<dyn ErrorSampler>>,
    capture_transport: bool,
) -> Result<(), BridgeError> {
    silence_panics();
    guard("init", internal(), || {
        let Ok(Value::Object(given)) = serde_json::from_str(&options) else {
            return Err(Error::option("options", "expected an object").into());
        };
        let options = Options::from_map(&given, |name| std::env::var(name).ok())?;
        let kept = capture_transport.then(Kept::default);
        let transport = kept.as_ref().map(Kept::transport);
        let hooks = hooks(before_send, before_breadcrumb, error_sampler);
        let host = runtime.host;
        let client = Client::new(options, hooks, sdk(runtime), transport)?;
        replace(Some(Arc::new(State { client, types: Types::default(), host, kept })));
        Ok(())
    })
}

fn sdk(runtime: Runtime) -> Sdk {
    let (name, package) = runtime.host.name();
    let info = SdkInfo {
        name: name.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        packages: vec![json!({"name": package, "version": env!("CARGO_PKG_VERSION")})],
        ..SdkInfo::default()
    };
    let contexts = json!({ "name": runtime.name, "version": runtime.version });
    Sdk {
        info,
        platform: runtime.host.platform(),
        // The JVM ends itself on SIGTERM, by way of its shutdown hooks.
        host_handles_sigterm: runtime.host == Host::Jvm,
        // It uses SEGV hundreds of times a second, and writes a log of its end.
        host_reports_crashes: runtime.host == Host::Jvm,
        contexts: Map::from_iter([("runtime".to_owned(), contexts)]),
    }
}

/// The version of the engine.
#[uniffi::export]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// Whether captures go anywhere: after `init` with a DSN, before `close`.
#[uniffi::export]
pub fn is_enabled() -> bool {
    guard("is_enabled", false, || enabled().is_some())
}

/// The options that the package itself needs; nothing before `init`.
#[uniffi::export]
pub fn settings() -> Option<Settings> {
    guard("settings", None, || {
        let state = current()?;
        let options = state.client.options();
        let whole = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        Some(Settings {
            attach_stacktrace: options.attach_stacktrace,
            capture_crashes: options.capture_crashes,
            debug: options.debug,
            max_breadcrumbs: whole(options.max_breadcrumbs),
            max_queue_events: whole(options.max_queue_events),
            max_request_body_bytes: whole(options.max_request_body_size.bytes()),
            max_value_length: whole(options.max_value_length),
            send_default_pii: options.send_default_pii,
            shutdown_timeout_ms: i64::try_from(options.shutdown_timeout.as_millis()).unwrap_or(i64::MAX),
            storm_folding: options.storm_folding,
        })
    })
}

/// Names an integration that is switched on.
#[uniffi::export]
pub fn add_integration(name: String) {
    guard("add_integration", (), || {
        if let Some(state) = current() {
            state.client.add_integration(&name);
        }
    });
}

/// Says something on stderr when `debug` is on. Never the content of an event.
#[uniffi::export]
pub fn debug(line: String) {
    guard("debug", (), || {
        if let Some(state) = current() {
            state.client.debug(&line);
        }
    });
}

fn span(milliseconds: i64) -> Duration {
    Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0))
}

/// Waits, in milliseconds at most, until all that was captured before is delivered or counted as lost. The default
/// is `shutdown_timeout`.
#[uniffi::export]
pub fn flush(timeout_ms: Option<i64>) -> bool {
    guard("flush", false, || {
        let Some(state) = enabled() else { return true };
        state.client.flush(timeout_ms.map_or(state.client.options().shutdown_timeout, span))
    })
}

/// Flushes, then ends: later captures are no-ops.
#[uniffi::export]
pub fn close(timeout_ms: Option<i64>) -> bool {
    guard("close", false, || current().is_none_or(|s| s.client.close(timeout_ms.map(span))))
}

/// Ends without waiting, and forgets what was kept: for tests.
#[uniffi::export]
pub fn abandon_client() {
    guard("abandon_client", (), || replace(None));
}

/// Counters of everything that this process captured, as JSON.
#[uniffi::export]
pub fn stats() -> String {
    guard("stats", "{}".to_owned(), || {
        let stats = current().map(|s| s.client.stats()).unwrap_or_default();
        serde_json::to_string(&stats).unwrap_or_default()
    })
}

/// Envelopes since the last call, with `capture_transport`, as JSON: `[[header, [[item header, payload]]]]`.
#[uniffi::export]
pub fn taken_envelopes() -> String {
    guard("taken_envelopes", "[]".to_owned(), || {
        let kept = current().and_then(|s| s.kept.clone());
        Value::from(kept.map(|k| k.take_json()).unwrap_or_default()).to_string()
    })
}
