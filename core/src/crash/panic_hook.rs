//! Captures panics. A dangerous place: whatever panics in a panic hook aborts the process, and the
//! panicking thread may hold any lock.
//!
//! - The hook that was in place runs as before, after the capture: stderr is unchanged. A hook that the
//!   application sets later with `std::panic::set_hook` replaces this one unless it chains.
//! - No code of the application runs in here: no `Display`, no sampler, no `before_send` (that is the
//!   worker's). No lock is waited for: a scope that the panicking thread was changing is left out.
//! - Panics on Faultwire's own threads and within its calls (a `Display` that panics) are caught and
//!   counted there; they are none of the application's, so nothing is said of them.
//! - An unwinding panic of the main thread drops the guard of `init`, which sends; one of another thread
//!   leaves the process alive, and the event is sent as any other. Only where the process is about to be
//!   aborted does the hook wait for the event to leave or to be on disk, at most `shutdown_timeout`: compiled with
//!   `panic = "abort"`, or in a panic that cannot unwind (in `extern "C"`, or in a `Drop` while unwinding).

use std::panic::PanicHookInfo;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::capture::MAX_MESSAGE_LENGTH;
use crate::client::Client;
use crate::cut::LOOK_AHEAD;
use crate::gate::Inside;
use crate::sdk;

type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Send + Sync>;

/// Puts the hook before the one in place, once a process.
pub(crate) fn install() {
    static INSTALLED: AtomicBool = AtomicBool::new(false);
    // `set_hook` panics on a thread that is panicking.
    if std::thread::panicking() || INSTALLED.swap(true, Ordering::AcqRel) {
        return;
    }
    let previous: Hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| run(info, &previous)));
}

fn run(info: &PanicHookInfo<'_>, previous: &Hook) {
    if Inside::is() {
        return;
    }
    let client = sdk::try_current().filter(|client| client.is_enabled() && client.captures_panics());
    let Some(client) = client else { return previous(info) };
    let aborts = is_abort(info);
    if !aborts {
        capture(&client, info);
    }
    previous(info);
    if aborts || cfg!(panic = "abort") {
        #[cfg(native_crashes)]
        super::native::signal::expect_abort();
        let _inside = Inside::enter();
        client.flush_or_spool(client.options().shutdown_timeout);
    }
}

/// True for the panic that the standard library raises just before it aborts. What led to it was captured
/// a moment ago.
fn is_abort(info: &PanicHookInfo<'_>) -> bool {
    let in_std = info.location().is_some_and(|at| at.file().ends_with("core/src/panicking.rs"));
    in_std && text(info).is_some_and(|text| text.starts_with("panic in a "))
}

fn text<'a>(info: &'a PanicHookInfo<'_>) -> Option<&'a str> {
    let payload = info.payload();
    payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str))
}

fn capture(client: &Arc<Client>, info: &PanicHookInfo<'_>) {
    let limit = MAX_MESSAGE_LENGTH + LOOK_AHEAD;
    let text = sdk::text::of(limit, format_args!("{}", text(info).unwrap_or("a value that is not a text")));
    let location = info.location().map(|at| at.to_string());
    sdk::capture::panic(client, text.unwrap_or_default(), location);
}
