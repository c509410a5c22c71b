//! Python: where its libraries lie, and what a path says of the module.

mod dump;

use crate::protocol::Frame;

use super::Rules;
use super::in_app::under;
use super::language::{Dir, LibraryRoot, basename, below_library, slashed};

pub(super) use dump::frames as dumped;

use Dir::{Ends, Is, Versioned};

/// Folders of installed packages and of the standard library. Source: `site` and `sysconfig` of
/// CPython (the `posix_prefix`, `nt` and `deb_system` schemes), PyPy's layout, setuptools' eggs.
pub(super) const LIBRARIES: &[LibraryRoot] = &[
    LibraryRoot { dirs: &[Is("site-packages")], why: "packages installed by pip" },
    LibraryRoot { dirs: &[Is("dist-packages")], why: "packages installed by Debian" },
    LibraryRoot { dirs: &[Ends(".egg")], why: "an egg, unpacked or zipped" },
    LibraryRoot { dirs: &[Ends(".whl")], why: "a wheel on the path" },
    LibraryRoot { dirs: &[Is("lib"), Versioned("python")], why: "standard library" },
    LibraryRoot { dirs: &[Is("lib64"), Versioned("python")], why: "standard library, 64-bit Fedora and SUSE" },
    LibraryRoot { dirs: &[Is("lib"), Versioned("pypy")], why: "standard library of PyPy" },
    LibraryRoot { dirs: &[Is("lib-python"), Is("3")], why: "standard library of older PyPy" },
    LibraryRoot { dirs: &[Is("lib_pypy")], why: "standard library of PyPy, its own parts" },
    LibraryRoot { dirs: &[Versioned("Python"), Is("Lib")], why: "standard library on Windows" },
    LibraryRoot { dirs: &[Is("x64"), Is("Lib")], why: "standard library on Windows, hosted tool caches" },
    LibraryRoot { dirs: &[Ends("conda3"), Is("Lib")], why: "standard library on Windows, conda" },
    LibraryRoot { dirs: &[Is("lib"), Ends(".zip")], why: "standard library, zipped" },
];

/// Starts of names that stand for a path where there is no file and the code is not the
/// application's.
const GENERATED: &[(&str, &str)] = &[
    ("<frozen ", "standard library inside the interpreter"),
    ("<attrs generated", "methods written by attrs"),
    ("<decorator-gen", "wrappers written by decorator"),
    ("<makefun-gen", "wrappers written by makefun"),
    ("<boltons.", "wrappers written by boltons"),
    ("<__array_function__", "dispatch of numpy"),
    ("<template>", "the frame Jinja puts above a template's own"),
];

/// Whether a native function is where the interpreter runs Python code: what called it is Python's own machinery.
pub(super) fn runs_code(function: &str) -> bool {
    const RUNS: &[&str] = &["_PyEval_EvalFrameDefault", "_PyEval_Vector", "PyEval_EvalCode", "_PyEval_EvalFrame"];
    RUNS.contains(&function)
}

/// Whether the code is the application's: everything is that does not lie in a library.
pub(super) fn in_app(module: Option<&str>, path: Option<&str>) -> bool {
    if module.is_some_and(|m| under(m, "faultwire")) {
        return false;
    }
    let Some(path) = path else { return true };
    !GENERATED.iter().any(|(start, _)| path.starts_with(start)) && below_library(path, LIBRARIES).is_none()
}

/// Sets the module of a frame without one, where the path alone tells it.
pub(super) fn complete(frame: &mut Frame, _rules: &Rules) {
    if frame.module.is_none() {
        frame.module = frame.abs_path.as_deref().and_then(module_of_path);
    }
}

/// The module of a file in a library or inside the interpreter.
///
/// `None` elsewhere: where an application's packages start is not to be seen in a path.
pub fn module_of_path(path: &str) -> Option<String> {
    if let Some(frozen) = path.strip_prefix("<frozen ").and_then(|p| p.strip_suffix('>')) {
        return Some(frozen.to_owned());
    }
    let relative = slashed(below_library(path, LIBRARIES)?);
    let stem = relative.strip_suffix(".py").or_else(|| relative.strip_suffix(".pyc"))?;
    Some(stem.strip_suffix("/__init__").unwrap_or(stem).replace('/', "."))
}

/// The path below the package's root.
///
/// In a library: below its folder. In an application: as many folders as the module has names that
/// match them from the end, so `pkg.sub.mod` in `/srv/app/pkg/sub/mod.py` is `pkg/sub/mod.py`.
pub(super) fn filename(path: &str, module: Option<&str>, _rules: &Rules) -> String {
    if path.starts_with('<') {
        return path.to_owned();
    }
    if let Some(relative) = below_library(path, LIBRARIES) {
        return slashed(relative);
    }
    let base = basename(path);
    let stem = base.rsplit_once('.').map_or(base, |(stem, _)| stem);
    let mut names = module.unwrap_or_default().rsplit('.').peekable();
    let mut start = path.len() - base.len();
    if stem == "__main__" {
        // `python -m pkg`: the module is `__main__` and the folder is the package.
        return slashed(&path[start_of_folder(path, start).unwrap_or(start)..]);
    }
    if stem != "__init__" && names.next_if_eq(&stem).is_none() {
        return base.to_owned();
    }
    for name in names {
        match start_of_folder(path, start) {
            Some(folder) if path.get(folder..start - 1) == Some(name) => start = folder,
            _ => break,
        }
    }
    slashed(&path[start..])
}

/// Where the folder begins whose content begins at `start`.
fn start_of_folder(path: &str, start: usize) -> Option<usize> {
    let above = path.get(..start.checked_sub(1)?).filter(|above| !above.is_empty())?;
    Some(above.rfind(['/', '\\']).map_or(0, |at| at + 1)).filter(|at| *at < above.len())
}
