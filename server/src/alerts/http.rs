//! One request over one connection: within ten seconds, no redirects, no proxy, to an address that was checked.

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

use super::allow::{Allow, is_allowed};
use super::sender::Outcome;

/// Time for a whole request.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of an answer that go in the log of deliveries.
const EXCERPT: u64 = 120;
/// The longest that a receiver may have us wait, in milliseconds.
const MAX_WAIT: i64 = 3_600_000;

/// A request.
pub struct Post {
    /// Where.
    pub url: String,
    /// Beside the usual ones.
    pub headers: Vec<(&'static str, String)>,
    /// JSON.
    pub body: Vec<u8>,
}

impl Post {
    /// A request of a message.
    pub fn json(url: &str, message: &str, body: &Value) -> Post {
        let headers = vec![("X-Faultwire-Message", message.to_owned())];
        Post { url: url.to_owned(), headers, body: body.to_string().into_bytes() }
    }
}

/// Sends requests. It waits for them: not for a thread of the runtime.
pub struct Http(Agent);

/// Resolves names, and keeps of the addresses those that may be connected to: ureq connects to no others.
#[derive(Debug)]
struct Outside {
    inner: DefaultResolver,
    allowed: Vec<Allow>,
}

/// Every address of a host is inside.
#[derive(Debug)]
struct Inside;

impl fmt::Display for Inside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the host's address is not public; the setting webhook_allow names exceptions")
    }
}

impl std::error::Error for Inside {}

impl Resolver for Outside {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().unwrap_or_default();
        let mut kept = self.empty();
        for address in self.inner.resolve(uri, config, timeout)?.iter() {
            if is_allowed(&self.allowed, host, address.ip()) {
                kept.push(*address);
            }
        }
        if kept.is_empty() {
            return Err(ureq::Error::Io(io::Error::new(io::ErrorKind::PermissionDenied, Inside)));
        }
        Ok(kept)
    }
}

/// The system's certificates and, where it has none, the bundled ones.
fn roots() -> RootCerts {
    let system = rustls_native_certs::load_native_certs();
    let mut roots: Vec<Certificate<'static>> =
        system.certs.iter().map(|der| Certificate::from_der(der.as_ref()).to_owned()).collect();
    roots.extend(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().map(|der| Certificate::from_der(der.as_ref())));
    RootCerts::new_with_certs(&roots)
}

impl Http {
    /// One that goes to public addresses, and to those that are `allowed`.
    pub fn new(allowed: Vec<Allow>) -> Http {
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .root_certs(roots())
            .build();
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            // A proxy would connect for us, to addresses that nobody checks.
            .proxy(None)
            // Each message has its own connection, whose address is checked then.
            .max_idle_connections(0)
            .timeout_global(Some(TIMEOUT))
            .timeout_resolve(Some(TIMEOUT))
            .user_agent(concat!("faultwire-server/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls)
            .build();
        let resolver = Outside { inner: DefaultResolver::default(), allowed };
        Http(Agent::with_parts(config, DefaultConnector::default(), resolver))
    }

    /// Sends a request, and waits for what comes of it.
    pub fn send(&self, post: &Post) -> Outcome {
        let request = self.0.post(&post.url).header("Content-Type", "application/json");
        let request = post.headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        match request.send(post.body.as_slice()) {
            Ok(mut response) => {
                let wait = response.headers().get("Retry-After").and_then(|value| value.to_str().ok()?.parse().ok());
                let wait = wait.map(|seconds: i64| seconds.clamp(0, MAX_WAIT / 1000) * 1000);
                let mut excerpt = Vec::new();
                // What is said beside the status only helps people.
                let _ = response.body_mut().as_reader().take(EXCERPT).read_to_end(&mut excerpt);
                answered(response.status().as_u16(), &super::texts::line(&String::from_utf8_lossy(&excerpt)), wait)
            }
            Err(error) => unanswered(&error),
        }
    }
}

/// What a status means for the message.
fn answered(status: u16, said: &str, wait: Option<i64>) -> Outcome {
    let note = if said.is_empty() { status.to_string() } else { format!("{status}: {said}") };
    match status {
        200..=299 => Outcome::Accepted(note),
        300..=399 => Outcome::Refused(format!("{status}: redirects are not followed")),
        408 | 425 | 429 | 500..=599 => Outcome::Later(note, wait),
        _ => Outcome::Refused(note),
    }
}

/// What happened, without the address: who knows it may post.
fn unanswered(error: &ureq::Error) -> Outcome {
    let note = match error {
        ureq::Error::Io(error) if error.get_ref().is_some_and(|inner| inner.is::<Inside>()) => {
            return Outcome::Refused(Inside.to_string());
        }
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => return Outcome::Refused("the address is none".to_owned()),
        ureq::Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(inner) => format!("TLS: {inner}"),
            None => error.kind().to_string(),
        },
        ureq::Error::Timeout(which) => format!("timeout: {which}"),
        ureq::Error::HostNotFound => "host not found".to_owned(),
        ureq::Error::Tls(what) => format!("TLS: {what}"),
        ureq::Error::Rustls(what) => format!("TLS: {what}"),
        _ => "no answer that is HTTP".to_owned(),
    };
    Outcome::Later(note, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses() {
        let accepted = |status| matches!(answered(status, "", None), Outcome::Accepted(_));
        let later = |status| matches!(answered(status, "", Some(5)), Outcome::Later(_, Some(5)));
        let refused = |status| matches!(answered(status, "", None), Outcome::Refused(_));
        assert!([200, 202, 204].into_iter().all(accepted));
        assert!([408, 425, 429, 500, 502, 503, 504].into_iter().all(later));
        assert!([301, 302, 307, 400, 401, 403, 404, 410].into_iter().all(refused));
    }

    /// Names and disguises of this machine; nothing is sent.
    #[test]
    fn inside_is_refused_however_it_is_written() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let http = Http::new(Vec::new());
        for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "0x7f.1"] {
            let post = Post { url: format!("http://{host}:{port}/"), headers: Vec::new(), body: Vec::new() };
            let Outcome::Refused(note) = http.send(&post) else { panic!("{host}: not refused") };
            assert!(note.contains("webhook_allow"), "{host}: {note}");
        }
        assert_eq!(listener.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }
}
