//! Starting, ending and asking: the client of this process.

use std::error::Error as StdError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use super::chain;
use crate::Error;
use crate::client::Client;
use crate::fork::Shared;
use crate::options::Options;
use crate::protocol::{Map, SdkInfo, Value};
use crate::settings::{Hooks, Sdk};
use crate::stats::Stats;
use crate::transport::MakeTransport;

static CLIENT: Shared<Option<Arc<Client>>> = Shared::new(None);

/// What [`init_with`] is told beside the options.
#[derive(Clone)]
pub struct Setup {
    /// Code of the application that is asked about events, breadcrumbs and sampling.
    pub hooks: Hooks,
    /// Capture panics (default). The hook that is in place is kept and runs as before.
    pub capture_panics: bool,
    /// Carries envelopes instead of HTTP, for tests: see [`crate::testing::Kept`].
    pub transport: Option<MakeTransport>,
}

impl Default for Setup {
    fn default() -> Self {
        Setup { hooks: Hooks::default(), capture_panics: true, transport: None }
    }
}

impl From<Hooks> for Setup {
    fn from(hooks: Hooks) -> Self {
        Setup { hooks, ..Setup::default() }
    }
}

impl std::fmt::Debug for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setup")
            .field("hooks", &self.hooks)
            .field("capture_panics", &self.capture_panics)
            .field("transport", &self.transport.is_some())
            .finish()
    }
}

/// Ends the client that it came with when it is dropped: waits up to `shutdown_timeout` for what is on
/// its way. Keep it for as long as the program runs; a panic of the main thread drops it, too.
#[derive(Debug)]
#[must_use = "dropping it ends the client at once: keep it in a variable of `main`"]
pub struct InitGuard {
    client: Arc<Client>,
}

impl InitGuard {
    /// False without a DSN: every call is a no-op then.
    pub fn is_enabled(&self) -> bool {
        self.client.is_enabled()
    }
}

impl Drop for InitGuard {
    fn drop(&mut self) {
        let _ = catch_unwind(AssertUnwindSafe(|| self.client.close(None)));
    }
}

/// Starts the client of this process; an earlier one is replaced and ended without waiting. What that has on its way
/// is waited for with what this one has.
///
/// `dsn` and `release` that are `None`, and an `environment` that is the default, are taken from
/// `FAULTWIRE_DSN`, `FAULTWIRE_RELEASE` and `FAULTWIRE_ENVIRONMENT`, or the `SENTRY_` variables of the
/// same name. Without a DSN every call is a no-op.
///
/// ```
/// # fn main() -> Result<(), faultwire::Error> {
/// let _guard = faultwire::init(faultwire::Options {
///     dsn: Some("http://key@127.0.0.1:9/1".parse()?),
///     release: Some("shop@1.2.3".to_owned()),
///     ..Default::default()
/// })?;
/// if let Err(error) = "twelve".parse::<u32>() {
///     faultwire::capture_error(&error);
/// }
/// # faultwire::close(Some(std::time::Duration::ZERO));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`crate::ErrorKind::InvalidOption`] or [`crate::ErrorKind::InvalidDsn`], naming the option.
pub fn init(options: Options) -> Result<InitGuard, Error> {
    init_with(options, Setup::default())
}

/// [`init`] with [`Hooks`], or with all of a [`Setup`].
///
/// # Errors
/// Those of [`init`].
pub fn init_with(options: Options, setup: impl Into<Setup>) -> Result<InitGuard, Error> {
    let Setup { hooks, capture_panics, transport } = setup.into();
    let options = options.completed_from(|name| std::env::var(name).ok())?;
    let client = Arc::new(Client::new(options, hooks, sdk(), transport)?);
    if capture_panics {
        crate::crash::panic_hook::install();
        client.add_integration("panic");
    }
    client.capture_panics(capture_panics);
    let earlier = CLIENT.with(|slot| slot.replace(Arc::clone(&client)));
    if let Some(earlier) = earlier {
        client.take_over_from(&earlier);
    }
    Ok(InitGuard { client })
}

fn sdk() -> Sdk {
    let version = env!("CARGO_PKG_VERSION");
    let info = SdkInfo {
        name: "faultwire.rust".to_owned(),
        version: version.to_owned(),
        packages: vec![serde_json::json!({"name": "cargo:faultwire", "version": version})],
        ..SdkInfo::default()
    };
    let runtime = serde_json::json!({"name": "rustc", "version": env!("FAULTWIRE_RUSTC")});
    Sdk { info, platform: "rust", contexts: Map::from_iter([("runtime".to_owned(), runtime)]), ..Sdk::default() }
}

/// The client, if `init` was called.
pub(crate) fn current() -> Option<Arc<Client>> {
    CLIENT.with(|slot| slot.clone())
}

/// The same for a panic hook.
pub(crate) fn try_current() -> Option<Arc<Client>> {
    CLIENT.try_with(|slot| slot.clone()).flatten()
}

/// True between `init` with a DSN and `close`.
pub fn is_enabled() -> bool {
    current().is_some_and(|client| client.is_enabled())
}

/// Waits until all that this process captured before is acknowledged or counted as lost; true if that
/// came about within `timeout`.
pub fn flush(timeout: Duration) -> bool {
    let Some(client) = current().filter(|client| client.is_enabled()) else { return true };
    catch_unwind(AssertUnwindSafe(|| client.flush(timeout))).unwrap_or(false)
}

/// Flushes, then ends the client: later captures are no-ops. The default is the option
/// `shutdown_timeout`. What dropping the guard does.
pub fn close(timeout: Option<Duration>) -> bool {
    let Some(client) = current() else { return true };
    catch_unwind(AssertUnwindSafe(|| client.close(timeout))).unwrap_or(false)
}

/// What became of everything that this process captured; all zero without a client.
pub fn stats() -> Stats {
    current().map(|client| client.stats()).unwrap_or_default()
}

/// The fingerprint of an error at this place, and the record of what was hashed. Nothing is sent.
/// `Value::Null` without a client.
pub fn explain<E: StdError + ?Sized>(error: &E) -> Value {
    let Some(client) = current() else { return Value::Null };
    let _inside = crate::gate::Inside::enter();
    let explained = catch_unwind(AssertUnwindSafe(|| {
        client.explain_exceptions(chain::extract(error, Some(super::backtrace::capture())))
    }));
    explained.unwrap_or(Value::Null)
}
