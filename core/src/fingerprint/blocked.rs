//! A blocklist given as a list, for vectors and tests. Production uses the tables of
//! `stacktrace`'s blocklist, handed to [`compute`](super::compute) as a closure.

use crate::protocol::Frame;

/// Blocks frames whose module is one of `prefixes` or below it (`django.core` blocks `django.core.wsgi`,
/// not `django.corex`); without a module, whose function is.
pub fn below(prefixes: &[String]) -> impl Fn(&str, &Frame) -> bool {
    move |_platform, frame| {
        let name = frame.module.as_deref().or(frame.function.as_deref()).unwrap_or("");
        prefixes.iter().filter(|p| !p.is_empty()).any(|prefix| {
            name.strip_prefix(prefix.as_str()).is_some_and(|rest| {
                rest.is_empty() || prefix.ends_with(['.', ':', '/']) || rest.starts_with(['.', ':', '/', '$'])
            })
        })
    }
}
