//! What an error's type is called.
//!
//! A type known to the compiler says its path. A `dyn Error` does not: then the types of the standard
//! library are recognised, and for others the `Debug` text is read, whose derived form starts with the
//! name of the struct or of the enum's variant (`NotFound { .. }`, `Timeout(..)`).

use std::any::type_name;
use std::error::Error;
use std::sync::Arc;

use super::text;

/// The name of a type that could not be found out.
pub(crate) const UNKNOWN: &str = "Error";

/// Bytes of a `Debug` text that are looked at.
const LOOKED_AT: usize = 128;

/// A type's name and module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TypeName {
    pub ty: Arc<str>,
    pub module: Option<Arc<str>>,
}

/// The full path of `E`, without the boxes and references around it; `None` for trait objects.
pub(crate) fn path<E: Error + ?Sized>() -> Option<&'static str> {
    let mut name = type_name::<E>();
    loop {
        let inner = name.trim_start_matches('&').trim_start_matches("mut ");
        let inner = ["alloc::boxed::Box<", "alloc::sync::Arc<"]
            .iter()
            .find_map(|wrapper| inner.strip_prefix(wrapper)?.strip_suffix('>'))
            .unwrap_or(inner);
        if inner == name {
            break;
        }
        name = inner;
    }
    (!name.starts_with("dyn ")).then_some(name)
}

/// The last part of a path, generic arguments included: `Busy` of `app::errors::Busy`. Of a type that
/// is only called `Error`, as is the custom, the last two: `io::Error`.
pub(crate) fn short(path: &str) -> &str {
    let head = path.find('<').unwrap_or(path.len());
    let start = path[..head].rfind("::").map_or(0, |at| at + 2);
    if &path[start..head] == "Error" && start > 0 {
        let start = path[..start - 2].rfind("::").map_or(0, |at| at + 2);
        return &path[start..];
    }
    &path[start..]
}

fn module(path: &str) -> Option<&str> {
    let head = path.find('<').unwrap_or(path.len());
    path[..head].rfind("::").map(|at| &path[..at])
}

impl TypeName {
    pub fn of_path(path: &str) -> TypeName {
        TypeName { ty: short(path).into(), module: module(path).map(Arc::from) }
    }

    /// The name of an error behind a trait object.
    pub fn of_source(error: &(dyn Error + 'static)) -> TypeName {
        match STANDARD.iter().find(|(is, _)| is(error)) {
            Some((_, path)) => TypeName::of_path(path),
            None => TypeName::of_debug(&text::of(LOOKED_AT, format_args!("{error:?}")).unwrap_or_default()),
        }
    }

    /// From what the derived `Debug` prints.
    pub fn of_debug(debug: &str) -> TypeName {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let end = debug.find(|c| !is_word(c)).unwrap_or(debug.len());
        let (name, rest) = debug.split_at(end);
        // A message that is its own `Debug` text is rather not one capitalised word.
        let is_name = name.starts_with(char::is_uppercase)
            && (rest.is_empty() || rest.starts_with('(') || rest.starts_with(" {") || rest.starts_with('{'));
        TypeName { ty: if is_name { name } else { UNKNOWN }.into(), module: None }
    }
}

type Is = fn(&(dyn Error + 'static)) -> bool;

fn is<T: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    error.is::<T>()
}

/// Errors of the standard library that are often the source of others. Their `Debug` texts name
/// something else (`Os { code: 2, .. }`, `Custom { .. }`).
const STANDARD: &[(Is, &str)] = &[
    (is::<std::io::Error>, "std::io::Error"),
    (is::<std::fmt::Error>, "std::fmt::Error"),
    (is::<std::num::ParseIntError>, "std::num::ParseIntError"),
    (is::<std::num::ParseFloatError>, "std::num::ParseFloatError"),
    (is::<std::num::TryFromIntError>, "std::num::TryFromIntError"),
    (is::<std::str::Utf8Error>, "std::str::Utf8Error"),
    (is::<std::string::FromUtf8Error>, "std::string::FromUtf8Error"),
    (is::<std::env::VarError>, "std::env::VarError"),
    (is::<std::net::AddrParseError>, "std::net::AddrParseError"),
    (is::<std::time::SystemTimeError>, "std::time::SystemTimeError"),
    (is::<std::sync::mpsc::RecvError>, "std::sync::mpsc::RecvError"),
    (is::<serde_json::Error>, "serde_json::Error"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_known_to_the_compiler_say_their_path() {
        assert_eq!(path::<std::fmt::Error>(), Some("core::fmt::Error"));
        assert_eq!(path::<&std::fmt::Error>(), Some("core::fmt::Error"));
        assert_eq!(path::<Box<std::fmt::Error>>(), Some("core::fmt::Error"));
        assert_eq!(path::<dyn Error>(), None);
        assert_eq!(path::<dyn Error + Send + Sync>(), None);
        let name = TypeName::of_path("app::orders::Failed<alloc::string::String>");
        assert_eq!((&*name.ty, name.module.as_deref()), ("Failed<alloc::string::String>", Some("app::orders")));
        let name = TypeName::of_path("reqwest::error::Error");
        assert_eq!((&*name.ty, name.module.as_deref()), ("error::Error", Some("reqwest::error")));
        assert_eq!(short("Error"), "Error");
    }

    #[test]
    fn a_source_is_named_by_what_it_is_or_prints() {
        #[derive(Debug)]
        #[allow(dead_code)]
        enum Failed {
            NotFound { id: u32 },
            Timeout(u32),
            Closed,
        }
        impl std::fmt::Display for Failed {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("failed")
            }
        }
        impl Error for Failed {}
        let names = [Failed::NotFound { id: 1 }, Failed::Timeout(2), Failed::Closed];
        let names = names.map(|error| TypeName::of_source(&error).ty);
        assert_eq!(names.each_ref().map(|n| &**n), ["NotFound", "Timeout", "Closed"]);
        assert_eq!(&*TypeName::of_source(&std::io::Error::other("x")).ty, "io::Error");
        for text in ["\"connection refused\"", "connection refused", "", "Connection refused", "42", "(Foo)"] {
            assert_eq!(&*TypeName::of_debug(text).ty, UNKNOWN, "{text}");
        }
    }
}
