//! The bridge between Faultwire's engine and Python: `faultwire._native`.
//!
//! - [`event`]: the capture calls; [`extract`]: Python's objects to core's raw captures;
//! - [`scope`]: scope cells; [`client`]: the process-wide client; [`callbacks`]: the application's hooks;
//! - [`fork`](mod@fork): the engine's threads around a fork; [`stack`]: Python's own stack in crashes;
//! - [`error`]: core's errors as exceptions; [`vector`]: the shared vectors;
//! - [`gil`], [`capi`], [`guard`]: state under the GIL, optional C functions, the guard of every export.

mod callbacks;
mod capi;
mod client;
mod error;
mod event;
mod extract;
mod fork;
mod gil;
mod guard;
mod scope;
mod stack;
mod vector;

use pyo3::prelude::*;

/// Captures are allocated on the application's threads and freed on the worker. Here that needs no lock
/// that the application's thread could wait for. A child of a fork would wait for ever for a free of the forking thread's
/// memory that was half done: the engine's threads free nothing while a fork can come.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    guard::silence_panics();
    guard::guard_or_raise(module.py(), "_native", || fill(module))
}

fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    capi::init(module.py());
    module.add("VERSION", env!("CARGO_PKG_VERSION"))?;
    error::register(module)?;
    module.add_class::<scope::PyScopeCell>()?;
    module.add_function(wrap_pyfunction!(scope::bind_context, module)?)?;
    module.add_function(wrap_pyfunction!(client::init, module)?)?;
    module.add_function(wrap_pyfunction!(client::is_enabled, module)?)?;
    module.add_function(wrap_pyfunction!(client::option, module)?)?;
    module.add_function(wrap_pyfunction!(client::add_integration, module)?)?;
    module.add_function(wrap_pyfunction!(client::flush, module)?)?;
    module.add_function(wrap_pyfunction!(client::close, module)?)?;
    module.add_function(wrap_pyfunction!(fork::pause_threads, module)?)?;
    module.add_function(wrap_pyfunction!(fork::resume_threads, module)?)?;
    module.add_function(wrap_pyfunction!(client::stats, module)?)?;
    module.add_function(wrap_pyfunction!(client::taken_envelopes, module)?)?;
    module.add_function(wrap_pyfunction!(event::capture_exception, module)?)?;
    module.add_function(wrap_pyfunction!(event::capture_message, module)?)?;
    module.add_function(wrap_pyfunction!(event::capture_event, module)?)?;
    module.add_function(wrap_pyfunction!(event::explain, module)?)?;
    module.add_function(wrap_pyfunction!(vector::vector, module)?)?;
    module.add_function(wrap_pyfunction!(vector::_arm_panic, module)?)
}
