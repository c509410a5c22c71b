//! One address by the debug information and the symbol table of the program.

use crate::protocol::Frame;
use crate::stacktrace::{rust, swift};

use super::demangle;

/// The frames at an address; none where it belongs to nothing that is known.
pub(super) fn frames(address: usize) -> Vec<Frame> {
    let mut frames = Vec::new();
    // A return address stands after the call: one less lies within it.
    let call = address.saturating_sub(1);
    backtrace::resolve(call as *mut _, |symbol| {
        let (module, function) = symbol.name().map(|name| named(&name)).unzip();
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
    frames
}

/// Module and function of a symbol, whichever language it is from.
fn named(name: &backtrace::SymbolName) -> (Option<String>, String) {
    match name.as_str().filter(|raw| swift::is_mangled(raw)) {
        None => rust::split_symbol(&format!("{name:#}")),
        Some(raw) => match demangle::swift(raw) {
            Some(demangled) => swift::split_symbol(&demangled),
            None => (swift::module_of_mangled(raw), raw.to_owned()),
        },
    }
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
}
