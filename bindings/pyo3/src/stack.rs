//! The interpreter's own stack in captured crashes: by `faulthandler`, which can write it while the process breaks down.
//!
//! `faulthandler.register` makes its writer the handler of a signal, of which core learns the address and takes it back
//! from there. `faulthandler` still counts the signal as registered, and must, since otherwise it writes nothing.

use faultwire::client::Client;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyBool};

/// Has crashes of this process show the stack of Python. Nothing happens where crashes are not captured, or Python has
/// no `faulthandler`.
pub(crate) fn learn(py: Python<'_>, client: &Client) {
    client.learn_host_stack(&mut |signal, descriptor| register(py, signal, descriptor).is_ok(), &mut |signal| {
        unregister(py, signal)
    });
}

/// Ends that: the interpreter may be about to end itself.
pub(crate) fn forget(py: Python<'_>) {
    Client::forget_host_stack(&mut |signal| unregister(py, signal));
}

fn register(py: Python<'_>, signal: i32, descriptor: i32) -> PyResult<()> {
    let no = PyBool::new(py, false);
    let options = [("all_threads", &no), ("chain", &no)].into_py_dict(py)?;
    py.import("faulthandler")?.call_method("register", (signal, descriptor), Some(&options))?;
    Ok(())
}

fn unregister(py: Python<'_>, signal: i32) {
    let _ = py.import("faulthandler").and_then(|module| module.call_method1("unregister", (signal,)));
}
