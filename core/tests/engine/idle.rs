//! An application that is quiet for long: our threads sleep, and the next capture wakes them.

use std::time::Duration;

use faultwire::{Hooks, Options};

use crate::support::backend::Backend;
use crate::support::{client, raise, until};

/// Longer than the worker goes on looking by itself.
const LONG: Duration = Duration::from_millis(1300);

/// Nobody flushes, nothing folds: only the capture itself can wake the worker.
#[test]
fn a_capture_after_a_long_silence_is_delivered_at_once() {
    let backend = Backend::default();
    let client = client(Options { storm_folding: false, ..Options::default() }, Hooks::default(), &backend);
    for n in 1..=3 {
        raise(&client, "now and then");
        until("delivery", || client.stats().delivered == n);
        std::thread::sleep(LONG);
    }
}
