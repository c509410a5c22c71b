//! Addresses to functions and lines, on the worker.

#[cfg(feature = "backtrace")]
mod demangle;
#[cfg(feature = "backtrace")]
mod lookup;
mod own_library;

use std::collections::HashMap;

use crate::assemble::Symbolicate;
use crate::capture::NativeStack;
use crate::protocol::Frame;

/// Addresses whose frames are remembered. A program captures from far fewer places.
const MAX_ADDRESSES: usize = 16_384;

/// A cache over the symbol tables, which `backtrace` keeps loaded.
#[derive(Default)]
pub(crate) struct Symbols {
    by_address: HashMap<usize, Vec<Frame>>,
}

impl Symbols {
    /// The frames at one address: more than one where functions were inlined, callee first.
    fn at(&mut self, address: usize) -> &[Frame] {
        if self.by_address.len() >= MAX_ADDRESSES {
            self.by_address.clear();
        }
        self.by_address.entry(address).or_insert_with(|| resolve(address))
    }
}

fn resolve(address: usize) -> Vec<Frame> {
    #[cfg(feature = "backtrace")]
    let mut frames = lookup::frames(address);
    #[cfg(not(feature = "backtrace"))]
    let mut frames = Vec::new();
    if frames.is_empty() {
        frames.push(Frame { instruction_addr: Some(format!("{address:#x}")), ..Frame::default() });
    }
    if own_library::has(address.saturating_sub(1)) {
        // A bridge's is stripped, or its debug information names no paths: nothing but this crate and what it needs
        // is in there.
        for frame in frames.iter_mut().filter(|frame| frame.module.is_none()) {
            frame.module = Some("faultwire".to_owned());
        }
    }
    frames
}

/// The frames before the address `after`, callee first; none where it belongs to nothing that is known.
#[cfg(all(feature = "backtrace", native_crashes))]
pub(crate) fn frames(after: usize) -> Vec<Frame> {
    lookup::frames(after)
}

/// Crates and modules of this package: the call into it is the last of these.
const OWN: &[&str] = &["faultwire", "faultwire_uniffi", "Faultwire", "FaultwireBridge"];
/// What can stand between the application and the call into this package.
const RUNTIME: &[&str] = &["backtrace", "std", "core", "alloc", "__rustc", "uniffi_core", "Swift"];
/// Functions without a module that can, too, and what they belong to.
const NAMELESS: &[(&str, &str)] = &[
    // `__rust_try` and its kin.
    ("__rust", "std"),
    ("uniffi_", "faultwire_uniffi"),
    ("ffi_faultwire", "faultwire_uniffi"),
    ("partial apply", "Swift"),
    ("reabstraction thunk", "Swift"),
    ("dispatch thunk", "Swift"),
    ("protocol witness", "Swift"),
];
/// The way of a panic from where it is raised to the hook.
const PANIC_RUNTIME: &[&str] = &["std::panicking", "core::panicking", "std::sys::backtrace", "__rustc"];

/// Frames of the capture itself: the innermost ones up to the call into this package, or, where that was
/// the panic hook, up to the panic. What lies between (the unwinder, the standard library's
/// `catch_unwind`) is no end of it; anything else is the application.
fn of_the_capture(innermost_first: &[Frame]) -> usize {
    let module = |frame: &Frame| match (&frame.module, &frame.function) {
        (Some(module), _) => Some(module.trim_start_matches('<').to_owned()),
        (None, Some(function)) => {
            NAMELESS.iter().find(|(start, _)| function.starts_with(start)).map(|(_, module)| (*module).to_owned())
        }
        (None, None) => None,
    };
    let root = |module: &String| module.split("::").next().unwrap_or_default().to_owned();
    let is_own = |module: &String| OWN.contains(&root(module).as_str());
    let in_runtime = |module: &String| is_own(module) || RUNTIME.contains(&root(module).as_str());
    let run: Vec<String> = innermost_first.iter().map_while(module).take_while(in_runtime).collect();
    let Some(call) = run.iter().rposition(is_own) else { return 0 };
    let is_hook = run[call].starts_with("faultwire::crash");
    let panicked = run.iter().rposition(|module| PANIC_RUNTIME.iter().any(|m| module.starts_with(m)));
    1 + if is_hook { panicked.unwrap_or(call).max(call) } else { call }
}

impl Symbolicate for Symbols {
    fn frames(&mut self, stack: &NativeStack) -> Vec<Frame> {
        let mut frames: Vec<Frame> = Vec::with_capacity(stack.addresses.len());
        for address in &stack.addresses {
            frames.extend_from_slice(self.at(*address));
        }
        frames.drain(..of_the_capture(&frames));
        frames.reverse();
        frames
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_capture_ends_where_the_application_begins() {
        let frames = |modules: &[&str]| -> Vec<Frame> {
            modules.iter().map(|m| Frame { module: Some((*m).to_owned()), ..Frame::default() }).collect()
        };
        let raised = ["backtrace::backtrace", "faultwire::sdk::backtrace", "std::panic", "faultwire::sdk::capture"];
        let outside = ["app::orders", "faultwire::sdk::local", "app"];
        assert_eq!(of_the_capture(&frames(&[&raised[..], &outside[..]].concat())), 4);
        let panicked = ["backtrace", "faultwire::crash::panic_hook", "alloc::boxed", "std::panicking", "__rustc"];
        let panicked = [&panicked[..], &["core::panicking", "core::option"], &outside].concat();
        assert_eq!(of_the_capture(&frames(&panicked)), 6);
        // Another program's use of the standard library is its own.
        assert_eq!(of_the_capture(&frames(&["std::panicking", "app"])), 0);
        assert_eq!(of_the_capture(&[]), 0);
    }

    #[test]
    fn the_capture_of_a_bridge_ends_in_its_language() {
        let frame = |name: &str| {
            let (module, function) = match name.split_once('|') {
                Some((module, function)) => (Some(module.to_owned()), function.to_owned()),
                None => (None, name.to_owned()),
            };
            Frame { module, function: Some(function).filter(|f| !f.is_empty()), ..Frame::default() }
        };
        let frames = |names: &[&str]| -> Vec<Frame> { names.iter().map(|name| frame(name)).collect() };
        let rust = ["backtrace|trace", "faultwire|capture", "faultwire_uniffi::event|admit", "std::panicking|try"];
        let stripped = ["faultwire|", "faultwire|"];
        let swift = [
            "uniffi_faultwire_uniffi_fn_func_admit",
            "FaultwireBridge|closure #1 in admit(rate:)",
            "partial apply forwarder for closure #1 in admit(rate:)",
            "FaultwireBridge|rustCall(_:)",
            "Swift|TaskLocal.withValue(_:operation:)",
            "Faultwire|capture(error:)",
        ];
        let outside = ["Shop|Cart.load(from:)", "Faultwire|withScope(_:)", "Shop|main()"];
        for engine in [&rust[..], &stripped[..]] {
            let stack = [engine, &swift, &outside].concat();
            assert_eq!(of_the_capture(&frames(&stack)), engine.len() + swift.len());
        }
        // Closures of the application that the standard library calls are not of the capture.
        let mapped =
            ["Faultwire|capture(error:)", "partial apply forwarder for f", "Swift|Array.map(_:)", "Shop|main()"];
        assert_eq!(of_the_capture(&frames(&mapped)), 1);
    }
}
