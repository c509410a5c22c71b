//! One program, many ends: the first argument names the scenario. The DSN comes by `FAULTWIRE_DSN`.

// A scenario fails by panicking, which is what some of them are for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(target_os = "linux")]
mod allocator;
#[cfg(unix)]
mod crashes;
#[cfg(unix)]
mod descriptors;
mod forks;
mod lives;
mod panics;

use std::time::Duration;

use faultwire::{InitGuard, Options};

/// Symbols are looked up slowly where nothing is optimized.
const PATIENT: Duration = Duration::from_secs(30);

fn init() -> InitGuard {
    faultwire::init(Options { shutdown_timeout: PATIENT, ..Options::default() }).unwrap()
}

fn main() {
    let scenario = std::env::args().nth(1).unwrap_or_default();
    match scenario.as_str() {
        "prefork" => forks::prefork(),
        "fork-untouched" => forks::fork_untouched(),
        #[cfg(target_os = "linux")]
        "fork-free" => forks::fork_free(),
        #[cfg(target_os = "linux")]
        "fork-early" => forks::fork_early(),
        "fork-under-load" => forks::fork_under_load(),
        "fork-in-hook" => forks::fork_in_hook(),
        "fork-connected" => forks::fork_connected(),
        #[cfg(target_os = "linux")]
        "fork-connecting" => forks::fork_connecting(),
        #[cfg(target_os = "linux")]
        "no-threads" => lives::no_threads(),
        "recover" => lives::recover(),
        "panic-main" => panics::main_thread(),
        "panic-thread" => panics::other_thread(),
        "panic-extern-c" => panics::extern_c(),
        "panic-in-drop" => panics::in_drop(),
        "panic-in-display" => panics::in_display(),
        "panic-in-scope" => panics::in_scope(),
        "panic-storm" => panics::storm(),
        "panic-hook-off" => panics::hook_off(),
        "internal-panic" => panics::internal(),
        "return" => drop({
            let guard = init();
            faultwire::capture_message("on the way out", faultwire::Level::Info);
            guard
        }),
        #[cfg(unix)]
        closed if closed.starts_with("closed-") => descriptors::run(closed),
        #[cfg(unix)]
        crash if crash.starts_with("crash-") => crashes::run(crash),
        other => panic!("no scenario {other:?}"),
    }
}
