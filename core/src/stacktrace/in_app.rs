//! The application's own code, or a library's.
//!
//! `in_app_include` wins over `in_app_exclude`, which wins over the language's defaults: tables in
//! [`super::jvm`], [`super::python`], [`super::rust`], [`super::swift`] and [`super::v8`].

use super::Rules;
use super::language::language;

/// Whether code at `module` and `abs_path` is the application's own.
///
/// Depends on nothing else, so that a caller may keep the answer for each code location. Code of a
/// platform without defaults is the application's unless the rules say otherwise.
pub fn in_app(platform: &str, module: Option<&str>, abs_path: Option<&str>, rules: &Rules) -> bool {
    by_rules(module, rules).unwrap_or_else(|| language(platform).is_none_or(|l| (l.in_app)(module, abs_path)))
}

/// What the application's own rules say, if they say anything.
pub(super) fn by_rules(module: Option<&str>, rules: &Rules) -> Option<bool> {
    let module = module?;
    let listed = |list: &[String]| list.iter().any(|prefix| under(module, bare(prefix)));
    if listed(&rules.in_app_include) {
        Some(true)
    } else if listed(&rules.in_app_exclude) {
        Some(false)
    } else {
        None
    }
}

/// A prefix as it is compared: `myapp`, `myapp.`, `myapp.*`, `myapp::*` and `myapp/*` mean the same.
pub(super) fn bare(prefix: &str) -> &str {
    prefix.trim().trim_end_matches('*').trim_end_matches(['.', ':', '/'])
}

/// True when `module` is `prefix` or lies below it, by whole segments of `.`, `/` or `::`.
///
/// A `-` in the prefix matches `_`: crates are named with one and imported with the other. A `/` matches
/// `.`: other clients name the modules of JavaScript so.
pub(super) fn under(module: &str, prefix: &str) -> bool {
    let (module, prefix) = (module.as_bytes(), prefix.as_bytes());
    module.len() >= prefix.len()
        && !prefix.is_empty()
        && module.iter().zip(prefix).all(|(m, p)| m == p || matches!((p, m), (b'-', b'_') | (b'/', b'.')))
        && matches!(&module[prefix.len()..], [] | [b'.' | b'/', ..] | [b':', b':', ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_match_by_whole_segments() {
        for (module, prefix, expected) in [
            ("myapp", "myapp", true),
            ("myapp.orders", "myapp", true),
            ("myapp::orders", "myapp::*", true),
            ("my_app::orders", "my-app", true),
            ("express/lib/router", "express/*", true),
            ("express.lib.router:layer", "express/lib", true),
            ("@nestjs/core/injector", "@nestjs/core/", true),
            ("node:internal/timers", "node:internal", true),
            ("express-session", "express", false),
            ("myapplication", "myapp", false),
            ("myapp:x", "myapp", false),
            ("my", "myapp", false),
            ("myapp", "", false),
        ] {
            assert_eq!(under(module, bare(prefix)), expected, "{module} below {prefix}");
        }
    }
}
