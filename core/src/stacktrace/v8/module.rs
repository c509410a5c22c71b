//! JavaScript: what a path says of the module, and whose code it is.
//!
//! A module has the name with which one would import it: `express/lib/router`, `@nestjs/core/injector`,
//! `node:internal/timers`; in the application its path below the project, `src/orders/cart`.

use std::borrow::Cow;

use crate::protocol::Frame;
use crate::stacktrace::Rules;
use crate::stacktrace::language::{Dir, LibraryRoot, basename, below_library, slashed};

use Dir::Is;

/// Folders of installed packages. That of pnpm (`.pnpm/x@1/node_modules/x`), Yarn's zip files and nested
/// ones all end in one of these.
pub(super) const LIBRARIES: &[LibraryRoot] = &[
    LibraryRoot { dirs: &[Is("node_modules")], why: "packages installed by npm, pnpm, Yarn" },
    LibraryRoot { dirs: &[Is("jspm_packages")], why: "packages installed by jspm" },
];

/// Beginnings of paths that are the platform's own, and what its modules are called by.
const PLATFORM: &[(&str, &str, &str)] = &[
    ("node:", "node:", "modules of Node"),
    ("internal/", "node:internal/", "modules of Node before 16"),
    ("ext:", "ext:", "modules of Deno"),
    ("deno:", "deno:", "modules of Deno"),
    ("bun:", "bun:", "modules of Bun"),
    ("/var/runtime/", "aws-lambda/", "the runtime of AWS Lambda"),
    ("/var/task/___vc/", "vercel/", "the launcher of Vercel"),
];

/// What bundlers write into a bundle beside the modules, as paths in their source maps name it.
const OF_BUNDLERS: &[&str] = &["webpack/", "(webpack)/", "external ", "turbopack/runtime/", "\0"];

/// Folders in which projects keep their code: a path of which nothing else is known counts from the last one on.
const SOURCE_DIRS: &[&str] = &["src", "dist", "build", "out"];

/// Ends of file names that imports leave out.
const EXTENSIONS: &[&str] =
    &[".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx", ".vue", ".svelte", ".astro", ".json"];

/// Whether the code is the application's. Code without path and module is the engine's.
pub(in crate::stacktrace) fn in_app(module: Option<&str>, path: Option<&str>) -> bool {
    let Some(path) = path.or(module).filter(|path| !path.is_empty()) else { return false };
    let is_ours = |path: &str| path.starts_with("faultwire/") || path.starts_with("@faultwire/");
    platform(path).is_none()
        && below_library(path, LIBRARIES).is_none()
        && bundled(path).is_none_or(|inside| !is_ours(inside) && !OF_BUNDLERS.iter().any(|b| inside.starts_with(b)))
}

/// Whether a file can be made from others that its source map names. Those of packages are left as they are:
/// nobody looks for the sources of others, and rules name their modules as they are installed.
#[cfg(feature = "client")]
pub(in crate::stacktrace) fn is_generated(path: &str) -> bool {
    [".js", ".mjs", ".cjs", ".jsx"].iter().any(|end| path.ends_with(end))
        && platform(path).is_none()
        && below_library(path, LIBRARIES).is_none()
}

/// Sets the module of a frame without one.
pub(in crate::stacktrace) fn complete(frame: &mut Frame, rules: &Rules) {
    if frame.module.is_none() {
        let path = frame.abs_path.as_deref().or(frame.filename.as_deref());
        frame.module = path.and_then(|path| module_of_path(path, rules.root.as_deref()));
    }
}

/// The path below the package or the project.
pub(in crate::stacktrace) fn filename(path: &str, _module: Option<&str>, rules: &Rules) -> String {
    below(path, rules.root.as_deref()).into_owned()
}

/// The name of the module in a file; `None` where there is no file.
fn module_of_path(path: &str, root: Option<&str>) -> Option<String> {
    if path.starts_with(['<', '[']) || path.starts_with("data:") || path.starts_with("wasm:") {
        return None;
    }
    let file = below(path, root);
    let stem = EXTENSIONS.iter().find_map(|end| file.strip_suffix(end)).unwrap_or(&file);
    let stem = stem.strip_suffix("/index").unwrap_or(stem);
    (!stem.is_empty()).then(|| stem.to_owned())
}

/// A path of the platform as its module's name begins, and the rest of it.
fn platform(path: &str) -> Option<(&'static str, &str)> {
    PLATFORM.iter().find_map(|(beginning, name, _)| Some((*name, path.strip_prefix(beginning)?)))
}

fn below<'p>(path: &'p str, root: Option<&str>) -> Cow<'p, str> {
    if let Some((name, rest)) = platform(path) {
        return Cow::Owned(format!("{name}{rest}"));
    }
    let path = match bundled(path) {
        // The file's number in a development build: `./src/cart.ts?a1b2`.
        Some(inside) => inside.split('?').next().unwrap_or(inside),
        None => path,
    };
    let path = if path.contains('\\') { Cow::Owned(slashed(path)) } else { Cow::Borrowed(path) };
    let start = start_of_name(&path, root);
    match path {
        Cow::Borrowed(path) => Cow::Borrowed(path.get(start..).unwrap_or(path)),
        Cow::Owned(path) => Cow::Owned(path.get(start..).unwrap_or(&path).to_owned()),
    }
}

/// Where in a path the part begins by which people name the file.
fn start_of_name(path: &str, root: Option<&str>) -> usize {
    if let Some(inside) = below_library(path, LIBRARIES) {
        return path.len() - inside.len();
    }
    let is_absolute = path.starts_with('/') || path.as_bytes().get(1) == Some(&b':');
    if !is_absolute {
        return path.len() - path.trim_start_matches("../").trim_start_matches("./").len();
    }
    let under = |root: &str| {
        let root = slashed(root);
        let inside = path.strip_prefix(root.trim_end_matches('/'))?.strip_prefix('/')?;
        (root.len() > 1 && !inside.is_empty()).then(|| path.len() - inside.len())
    };
    root.and_then(under).or_else(|| source_dir(path)).unwrap_or(path.len() - basename(path).len())
}

/// Where the last folder begins in which projects keep code.
fn source_dir(path: &str) -> Option<usize> {
    let mut start = 0;
    let mut last = None;
    for (at, _) in path.match_indices('/') {
        if path.get(start..at).is_some_and(|dir| SOURCE_DIRS.contains(&dir)) {
            last = Some(start);
        }
        start = at + 1;
    }
    last
}

/// The path in a project of a URL that a bundler made (`webpack://shop/./src/cart.ts`) or that a browser
/// loaded (`https://example.com/static/main.js`).
fn bundled(path: &str) -> Option<&str> {
    let (scheme, rest) = path.split_once("://")?;
    if !scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'+') || scheme == "wasm" {
        return None;
    }
    let inside = match rest.split_once("/./") {
        // Before it: the name of the project, and the layer of a Next.js build.
        Some((before, inside)) if !before.contains("node_modules") => inside,
        _ => match rest.strip_prefix('/') {
            Some(inside) => inside,
            // The name of the project, or the host.
            None => rest.split_once('/').map_or(rest, |(_, inside)| inside),
        },
    };
    Some(inside.trim_start_matches("../").trim_start_matches("./"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_below_their_package_or_project() {
        let root = Some("/srv/shop");
        for (path, expected) in [
            ("/srv/shop/src/orders/cart.ts", "src/orders/cart"),
            ("/srv/shop/index.js", "index"),
            ("/srv/shop/src/orders/index.mjs", "src/orders"),
            ("/srv/shopping/src/cart.ts", "src/cart"),
            ("/srv/shopping/cart.ts", "cart"),
            ("/srv/shop/node_modules/express/lib/router/layer.js", "express/lib/router/layer"),
            ("/srv/shop/node_modules/@nestjs/core/index.js", "@nestjs/core"),
            ("/x/node_modules/.pnpm/koa@2.15.0/node_modules/koa/lib/application.js", "koa/lib/application"),
            ("/x/node_modules/a/node_modules/b/c.cjs", "b/c"),
            ("/x/.yarn/cache/koa-npm-2.15.0-2b.zip/node_modules/koa/lib/request.js", "koa/lib/request"),
            ("C:\\srv\\shop\\dist\\cart.js", "dist/cart"),
            ("C:/srv/shop/node_modules/koa/lib/request.js", "koa/lib/request"),
            ("node:internal/timers", "node:internal/timers"),
            ("internal/timers.js", "node:internal/timers"),
            ("webpack://shop/./src/cart.ts", "src/cart"),
            ("webpack:///./src/cart.ts?a1b2", "src/cart"),
            ("webpack:///src/cart.ts", "src/cart"),
            ("webpack-internal:///(rsc)/./src/cart.ts", "src/cart"),
            ("webpack://shop/../lib/cart.ts", "lib/cart"),
            ("webpack://shop/./node_modules/koa/lib/request.js", "koa/lib/request"),
            ("https://example.com/static/main.js", "static/main"),
            ("/var/runtime/index.mjs", "aws-lambda"),
            ("cart.vm", "cart.vm"),
        ] {
            assert_eq!(module_of_path(path, root).as_deref(), Some(expected), "{path}");
        }
        for path in ["<anonymous>", "data:text/javascript", "wasm://wasm/e8190f1e", ""] {
            assert_eq!(module_of_path(path, root), None, "{path}");
        }
        assert_eq!(module_of_path("/srv/x/a.js", Some("/")).as_deref(), Some("a"), "no project lies at the root");
    }
}
