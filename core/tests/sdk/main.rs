//! Stories of the Rust SDK: what a program says arrives, where it was said.
//!
//! The client belongs to the process: each story has it for itself while it runs.

#![cfg(feature = "client")]
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "../support/mod.rs"]
mod support;

mod errors;
mod lifecycle;
mod scopes;
mod storms;
mod tasks;

use std::sync::{Mutex, MutexGuard, PoisonError};

use faultwire::protocol::Value;
use faultwire::{InitGuard, Options, Setup};
use support::SOON;
use support::backend::Backend;

static ALONE: Mutex<()> = Mutex::new(());

/// The SDK of this process, on a backend of its own, until it is dropped.
pub struct Sdk {
    pub backend: Backend,
    _guard: InitGuard,
    _alone: MutexGuard<'static, ()>,
}

pub fn sdk(options: Options) -> Sdk {
    sdk_with(options, Setup::default())
}

pub fn sdk_with(options: Options, setup: Setup) -> Sdk {
    sdk_held(ALONE.lock().unwrap_or_else(PoisonError::into_inner), options, setup)
}

/// The same for a story that has the process for itself already, see [`Sdk::end`].
pub fn sdk_held(alone: MutexGuard<'static, ()>, options: Options, setup: Setup) -> Sdk {
    let backend = Backend::default();
    let setup = Setup { transport: Some(backend.transport()), ..setup };
    let guard = faultwire::init_with(options, setup).unwrap();
    Sdk { backend, _guard: guard, _alone: alone }
}

impl Sdk {
    /// Ends the SDK, and goes on having the process for itself.
    pub fn end(self) -> MutexGuard<'static, ()> {
        let Sdk { backend: _, _guard, _alone } = self;
        drop(_guard);
        _alone
    }

    /// All events, once they have arrived.
    pub fn events(&self) -> Vec<Value> {
        assert!(faultwire::flush(SOON));
        support::lawful(faultwire::stats());
        self.backend.events()
    }

    /// The only event.
    pub fn event(&self) -> Value {
        let events = self.events();
        assert_eq!(events.len(), 1, "{events:#?}");
        events.into_iter().next().unwrap()
    }
}

/// The functions of the stack of the error itself.
pub fn functions(event: &Value) -> Vec<String> {
    let raised = event["exception"]["values"].as_array().unwrap().last().unwrap().clone();
    let frames = raised["stacktrace"]["frames"].as_array().cloned().unwrap_or_default();
    frames.iter().map(|f| f["function"].as_str().unwrap_or_default().to_owned()).collect()
}
