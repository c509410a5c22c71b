//! The process-wide client.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use faultwire::Error;
use faultwire::client::Client;
use faultwire::options::Options;
use faultwire::protocol::{Map, SdkInfo, Value, map_of};
use faultwire::sampling::Types;
use faultwire::settings::{Hooks, Sdk};
use faultwire::testing::Kept;
use napi::Env;
use napi::bindgen_prelude::Object;
use napi_derive::napi;
use serde_json::json;

use crate::error;
use crate::guard::guard;

/// A client and what the bridge keeps beside it, shared by all environments.
pub(crate) struct State {
    pub client: Client,
    pub types: Types,
    /// The hooks that the package runs. An environment that has none of its own must not pass them by.
    pub hooks: ClientHooks,
    generation: u32,
    given: Map,
    kept: Option<Kept>,
    said_unhooked: AtomicBool,
}

/// Which hooks the application registered.
#[napi(object)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClientHooks {
    pub before_send: bool,
    pub before_breadcrumb: bool,
}

static STATE: RwLock<Option<Arc<State>>> = RwLock::new(None);
static GENERATIONS: AtomicU32 = AtomicU32::new(0);

/// The client, if `init` was called in any environment.
pub(crate) fn current() -> Option<Arc<State>> {
    STATE.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// The client, if it captures.
pub(crate) fn enabled() -> Option<Arc<State>> {
    current().filter(|s| s.client.is_enabled())
}

impl State {
    /// Says once that captures are lost because this environment did not call `init`.
    pub fn say_unhooked(&self) {
        if !self.said_unhooked.swap(true, Ordering::Relaxed) {
            self.client.debug("a thread captured without the beforeSend of the process: call init there, too");
        }
    }
}

/// Makes the process-wide client from options by core's names, in JSON. One that was made elsewhere of the
/// same options is joined; another one is replaced and closed without waiting. An answer.
#[napi]
pub fn init(options: String, node_version: String, hooks: ClientHooks, capture_transport: bool) -> String {
    guard("init", error::internal(), || error::answer(start(&options, &node_version, hooks, capture_transport)))
}

fn start(options: &str, node_version: &str, hooks: ClientHooks, capture_transport: bool) -> Result<Value, Error> {
    let given = match serde_json::from_str(options) {
        Ok(Value::Object(map)) => map,
        _ => return Err(Error::option("options", "expected an object")),
    };
    if let Some(state) = enabled()
        && state.given == given
        && state.hooks == hooks
        && state.kept.is_none()
        && !capture_transport
    {
        return Ok(Value::Null);
    }
    let options = Options::from_map(&given, |name| std::env::var(name).ok())?;
    let kept = capture_transport.then(Kept::default);
    let transport = kept.as_ref().map(Kept::transport);
    let state = State {
        client: Client::new(options, Hooks::default(), sdk(node_version), transport)?,
        types: Types::default(),
        hooks,
        generation: GENERATIONS.fetch_add(1, Ordering::Relaxed) + 1,
        given,
        kept,
        said_unhooked: AtomicBool::new(false),
    };
    let state = Arc::new(state);
    let old = STATE.write().unwrap_or_else(PoisonError::into_inner).replace(Arc::clone(&state));
    if let Some(old) = old {
        state.client.take_over_from(&old.client);
    }
    Ok(Value::Null)
}

fn sdk(node_version: &str) -> Sdk {
    let info = SdkInfo {
        name: "faultwire.node".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        packages: vec![json!({"name": "npm:faultwire", "version": env!("CARGO_PKG_VERSION")})],
        ..SdkInfo::default()
    };
    let runtime = json!({ "name": "node", "version": node_version });
    Sdk {
        info,
        platform: "node",
        host_handles_sigterm: true,
        host_reports_crashes: false,
        contexts: map_of([("runtime".to_owned(), runtime)]),
    }
}

/// The version of the engine.
#[napi]
pub fn version() -> String {
    guard("version", String::new(), || env!("CARGO_PKG_VERSION").to_owned())
}

/// A number of the client in use, another one for each; 0 when nothing is captured.
#[napi]
pub fn generation() -> u32 {
    guard("generation", 0, || enabled().map_or(0, |s| s.generation))
}

/// The options that the package itself needs, as JSON; durations in milliseconds.
#[napi]
pub fn settings() -> Option<String> {
    guard("settings", None, || {
        let state = current()?;
        let options = state.client.options();
        let settings = json!({
            "attachStacktrace": options.attach_stacktrace,
            "debug": options.debug,
            "maxBreadcrumbs": options.max_breadcrumbs,
            "maxRequestBodyBytes": options.max_request_body_size.bytes(),
            "maxValueLength": options.max_value_length,
            "sendDefaultPii": options.send_default_pii,
            "shutdownTimeout": options.shutdown_timeout.as_secs_f64() * 1000.0,
            "hasBeforeBreadcrumb": state.hooks.before_breadcrumb,
        });
        Some(settings.to_string())
    })
}

/// Names an integration that is switched on.
#[napi]
pub fn add_integration(name: String) {
    guard("addIntegration", (), || {
        if let Some(state) = current() {
            state.client.add_integration(&name);
        }
    });
}

fn span(milliseconds: Option<f64>) -> Option<Duration> {
    milliseconds.map(|ms| Duration::try_from_secs_f64(ms.max(0.0) / 1000.0).unwrap_or(Duration::MAX))
}

fn flush_within(timeout: Option<f64>) -> bool {
    let Some(state) = enabled() else { return true };
    let timeout = span(timeout).unwrap_or(state.client.options().shutdown_timeout);
    state.client.flush(timeout)
}

/// Waits off the JavaScript thread, in milliseconds at most, until all that was captured before is
/// delivered or counted as lost.
#[napi(ts_return_type = "Promise<boolean>")]
pub fn flush<'env>(env: &'env Env, timeout: Option<f64>) -> napi::Result<Object<'env>> {
    elsewhere(env, move || guard("flush", false, || flush_within(timeout)))
}

/// The same on the calling thread, which it blocks: for the very end of a process.
#[napi]
pub fn flush_sync(timeout: Option<f64>) -> bool {
    guard("flushSync", false, || flush_within(timeout))
}

/// Flushes, then ends: later captures are no-ops.
#[napi(ts_return_type = "Promise<boolean>")]
pub fn close<'env>(env: &'env Env, timeout: Option<f64>) -> napi::Result<Object<'env>> {
    elsewhere(env, move || guard("close", false, || current().is_none_or(|s| s.client.close(span(timeout)))))
}

/// Ends without waiting, and forgets what was kept: for tests.
#[napi]
pub fn abandon_client() {
    guard("abandonClient", (), || {
        let old = STATE.write().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(old) = old {
            old.client.close(Some(Duration::ZERO));
        }
    });
}

/// A promise for what `wait` gives. It waits on a thread of its own: one of Node's would be missing to the
/// application, and `process.exit` waits for those.
fn elsewhere<'env>(env: &'env Env, wait: impl FnOnce() -> bool + Send + 'static) -> napi::Result<Object<'env>> {
    let (deferred, promise) = env.create_deferred()?;
    let spawned = std::thread::Builder::new().name("faultwire-flush".to_owned()).spawn(move || {
        let done = wait();
        deferred.resolve(move |_| Ok(done));
    });
    match spawned {
        Ok(_) => Ok(promise),
        Err(error) => Err(napi::Error::from_reason(error.to_string())),
    }
}

/// Counters of everything that this process captured, as JSON.
#[napi]
pub fn stats() -> String {
    guard("stats", "{}".to_owned(), || {
        let stats = current().map(|s| s.client.stats()).unwrap_or_default();
        serde_json::to_string(&stats).unwrap_or_default()
    })
}

/// Envelopes since the last call, with `capture_transport`, as JSON: [[header, [[item header, payload]]]].
#[napi]
pub fn taken_envelopes() -> String {
    guard("takenEnvelopes", "[]".to_owned(), || {
        let kept = current().and_then(|s| s.kept.clone());
        Value::from(kept.map(|k| k.take_json()).unwrap_or_default()).to_string()
    })
}
