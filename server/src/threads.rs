//! Threads and tasks have names, which stand in one list: [`Task`]. Nothing is started but by this file.

use std::io;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle, Scope, ScopedJoinHandle};
use std::time::Duration;

use tokio::task::{AbortHandle, JoinSet};

use crate::telemetry::Task;

/// Starts a thread that tools show under the name of `task`.
///
/// # Errors
/// When the system has none left.
pub fn spawn(task: Task, run: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    Builder::new().name(format!("faultwire-{}", task.as_str())).spawn(run)
}

/// The same, for a thread that ends before `scope` does.
///
/// # Errors
/// When the system has none left.
pub fn spawn_in<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    task: Task,
    run: impl FnOnce() -> T + Send + 'scope,
) -> io::Result<ScopedJoinHandle<'scope, T>> {
    Builder::new().name(format!("faultwire-{}", task.as_str())).spawn_scoped(scope, run)
}

/// Starts a task on the runtime's threads; it tells of its rounds itself.
pub fn start<T: Send + 'static>(_: Task, run: impl Future<Output = T> + Send + 'static) -> tokio::task::JoinHandle<T> {
    tokio::spawn(run)
}

/// The same, as one of several that are waited for together.
pub fn start_in<T: Send + 'static>(
    together: &mut JoinSet<T>,
    _: Task,
    run: impl Future<Output = T> + Send + 'static,
) -> AbortHandle {
    together.spawn(run)
}

/// Wakes one thread, for whatever reason; a ring while it is awake is not lost.
#[derive(Debug, Default)]
pub struct Bell {
    rung: Mutex<bool>,
    waiting: Condvar,
}

impl Bell {
    /// Wakes the one who waits, or the next one who would.
    pub fn ring(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.waiting.notify_one();
    }

    /// Waits for a ring, at most so long.
    pub fn wait(&self, at_most: Duration) {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.waiting.wait_timeout_while(rung, at_most, |rung| !*rung);
        *waited.unwrap_or_else(PoisonError::into_inner).0 = false;
    }
}
