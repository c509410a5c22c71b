//! Addresses to functions and lines, on the worker.

use std::collections::HashMap;

use crate::assemble::Symbolicate;
use crate::capture::NativeStack;
use crate::protocol::Frame;
use crate::stacktrace::rust;

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
    let mut frames = Vec::new();
    // A return address stands after the call: one less lies within it.
    let call = address.saturating_sub(1);
    backtrace::resolve(call as *mut _, |symbol| {
        let name = symbol.name().map(|n| format!("{n:#}"));
        let (module, function) = name.as_deref().map(rust::split_symbol).unzip();
        let abs_path = symbol.filename().map(|p| p.to_string_lossy().into_owned());
        let module = module.flatten().or_else(|| abs_path.as_deref().and_then(module_of_path));
        frames.push(Frame {
            function,
            module,
            abs_path,
            lineno: symbol.lineno(),
            colno: symbol.colno(),
            instruction_addr: Some(format!("{address:#x}")),
            ..Frame::default()
        });
    });
    if frames.is_empty() {
        frames.push(Frame { instruction_addr: Some(format!("{address:#x}")), ..Frame::default() });
    }
    frames
}

/// Where this crate's sources lay when it was compiled, as its own debug information names them.
const OWN_SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/");

/// The module of a library's function whose name came without one: debug information that is reduced
/// to line tables (`debug = "line-tables-only"`) leaves it out. The folders say the same.
fn module_of_path(path: &str) -> Option<String> {
    let (krate, rest) = if let Some(rest) = path.strip_prefix(OWN_SOURCES) {
        ("faultwire", rest)
    } else if let Some((_, below)) = path.split_once("/registry/src/") {
        // INDEX/NAME-VERSION/src/..., where a name can have dashes and a version starts with a digit.
        let (package, rest) = below.split_once('/')?.1.split_once("/src/")?;
        let version =
            package.rmatch_indices('-').find(|(at, _)| package[at + 1..].starts_with(|c: char| c.is_ascii_digit()));
        (&package[..version?.0], rest)
    } else {
        let below = path.strip_prefix("/rustc/").or(path.split_once("/rustlib/src/").map(|(_, below)| below))?;
        below.split_once("/library/")?.1.split_once("/src/")?
    };
    let file = rest.strip_suffix(".rs")?;
    let file = file.strip_suffix("/mod").unwrap_or(file);
    let root = krate.replace('-', "_");
    Some(if matches!(file, "lib" | "mod") { root } else { format!("{root}::{}", file.replace('/', "::")) })
}

/// Crates whose frames can stand between the application and the call into this crate.
const RUNTIME: &[&str] = &["faultwire", "backtrace", "std", "core", "alloc", "__rustc"];
/// The way of a panic from where it is raised to the hook.
const PANIC_RUNTIME: &[&str] = &["std::panicking", "core::panicking", "std::sys::backtrace", "__rustc"];

/// Frames of the capture itself: the innermost ones up to the call into this crate, or, where that was
/// the panic hook, up to the panic. What lies between (the unwinder, the standard library's
/// `catch_unwind`) is no end of it; anything else is the application.
fn of_the_capture(innermost_first: &[Frame]) -> usize {
    let module = |frame: &Frame| match (&frame.module, &frame.function) {
        (Some(module), _) => Some(module.trim_start_matches('<').to_owned()),
        // `__rust_try` and its kin belong to no module.
        (None, Some(function)) if function.starts_with("__rust") => Some("std".to_owned()),
        (None, _) => None,
    };
    let in_runtime = |module: &String| RUNTIME.contains(&module.split("::").next().unwrap_or_default());
    let run: Vec<String> = innermost_first.iter().map_while(module).take_while(in_runtime).collect();
    let Some(call) = run.iter().rposition(|module| module.split("::").next() == Some("faultwire")) else { return 0 };
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
    fn a_path_names_the_module_of_a_library() {
        let cases = [
            ("/rustc/59807616e1fa2540/library/std/src/panicking.rs", Some("std::panicking")),
            ("/x/lib/rustlib/src/rust/library/core/src/ops/function.rs", Some("core::ops::function")),
            (
                "/h/.cargo/registry/src/index.crates.io-1949/backtrace-0.3.77/src/backtrace/mod.rs",
                Some("backtrace::backtrace"),
            ),
            ("/h/registry/src/i/some-crate-1.0.0-rc.1/src/lib.rs", Some("some_crate")),
            ("/home/me/app/src/orders.rs", None),
            ("src/main.rs", None),
        ];
        for (path, module) in cases {
            assert_eq!(module_of_path(path).as_deref(), module, "{path}");
        }
        assert_eq!(module_of_path(&format!("{OWN_SOURCES}sdk/api.rs")).as_deref(), Some("faultwire::sdk::api"));
    }

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
}
