//! What clients had not sent when another took their place: whoever waits for that one waits for it, too.

use std::sync::{Arc, Weak};
use std::time::Instant;

use crate::engine::Engine;
use crate::fork::{self, Shared};

/// Engines that were closed and still work, each with the process that its threads are in.
#[derive(Debug, Default)]
pub(crate) struct Earlier(Shared<Vec<(u64, Weak<Engine>)>>);

impl Earlier {
    /// Takes over what `other` waited for, and its own engine.
    pub fn take(&self, other: &Earlier, engine: Option<&Arc<Engine>>) {
        let mut taken = other.0.with(std::mem::take);
        taken.retain(|(_, engine)| engine.strong_count() > 0);
        taken.extend(engine.map(|engine| (fork::generation(), Arc::downgrade(engine))));
        self.0.with(|engines| engines.extend(taken));
    }

    /// Waits for their ends; true if all that they had came to one.
    pub fn wait(&self, deadline: Instant) -> bool {
        // In a forked child there is nobody to wait for.
        let is_here = |(generation, _): &(u64, Weak<Engine>)| *generation == fork::generation();
        let engines: Vec<_> =
            self.0.with(|engines| engines.iter().filter(|e| is_here(e)).filter_map(|(_, e)| e.upgrade()).collect());
        engines.iter().filter(|engine| !engine.wait_for_end(deadline)).count() == 0
    }
}
