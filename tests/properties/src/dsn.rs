//! A DSN is refused, or it is whole: what is shown of it has no keys, and its address is one.

use faultwire::protocol::Dsn;

pub fn check(input: &[u8]) {
    let Some(text) = crate::text(input) else { return };
    let dsn: Dsn = match text.parse() {
        Ok(dsn) => dsn,
        Err(error) => {
            // Keys can stand anywhere in what is no DSN. Messages are shorter than this.
            if text.len() >= 100 {
                assert!(!error.to_string().contains(text), "repeated: {error}");
            }
            return;
        }
    };
    let url = dsn.envelope_url();
    assert!(url.ends_with(&format!("/api/{}/envelope/", dsn.project_id())), "{url}");
    assert!(url.bytes().all(|c| c.is_ascii_graphic() || c >= 0x80), "{url:?}");
    let host = url.split('/').nth(2).unwrap_or("");
    assert!(!url.contains(['?', '#', '\\']) && !host.contains('@') && host.starts_with(dsn.host()), "{url}");
    assert!(url.starts_with(if dsn.is_tls() { "https://" } else { "http://" }), "{url}");
    assert!(!url.split('/').any(|part| part == "." || part == ".."), "{url}");
    assert!(dsn.auth_header("a/1").bytes().all(|c| c.is_ascii_graphic() || c == b' '));
    // Shown, it lacks the key and nothing else.
    let shown = dsn.to_string();
    let (scheme, rest) = shown.split_once("://").expect("a scheme");
    let again: Dsn = format!("{scheme}://{}@{rest}", dsn.public_key()).parse().expect("reads as it is shown");
    assert!(again == dsn, "{shown} is not {text:?}");
}
