//! Who may read what is kept here: only a program or a page that asked for a loopback address.
//!
//! Binding to loopback keeps other machines out, but not a page in a browser on this one whose host
//! name resolves to 127.0.0.1, or that posts across origins.

use hyper::HeaderMap;

/// True when `Host`, and `Origin` where there is one, name this machine.
pub fn asked_by_loopback(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let host = text("host").is_none_or(is_loopback);
    let origin = text("origin").is_none_or(|origin| origin.strip_prefix("http://").is_some_and(is_loopback));
    host && origin
}

fn is_loopback(authority: &str) -> bool {
    let name = match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => authority,
    };
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_pass() {
        for (authority, passes) in [
            ("127.0.0.1:80", true),
            ("localhost", true),
            ("[::1]:9", true),
            ("evil.example:80", false),
            ("127.0.0.1.evil.example", false),
            ("", false),
        ] {
            assert_eq!(is_loopback(authority), passes, "{authority}");
        }
    }
}
