use std::fmt;
use std::str::FromStr;

use crate::{Error, ErrorKind};

/// Where events go and as whom: `{scheme}://{public_key}[:{secret}]@{host}[:port]{path}/{project_id}`.
///
/// Displayed and debug-printed without its keys, so that it can stand in a log line.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Dsn {
    scheme: String,
    public_key: String,
    host: String,
    port: Option<u16>,
    path: String,
    project_id: String,
}

impl Dsn {
    /// The public key, which names the client to the server.
    pub fn public_key(&self) -> &str {
        &self.public_key
    }

    /// The project.
    pub fn project_id(&self) -> &str {
        &self.project_id
    }

    /// True for `https`.
    pub fn is_tls(&self) -> bool {
        self.scheme == "https"
    }

    /// Host without the port; IPv6 addresses in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// `POST` target for envelopes.
    pub fn envelope_url(&self) -> String {
        format!("{}/api/{}/envelope/", self.base(), self.project_id)
    }

    /// The value of the `X-Sentry-Auth` header for `client` (`name/version`). The deprecated secret is never sent.
    pub fn auth_header(&self, client: &str) -> String {
        format!("Sentry sentry_version=7, sentry_client={client}, sentry_key={}", self.public_key)
    }

    fn base(&self) -> String {
        let port = self.port.map(|p| format!(":{p}")).unwrap_or_default();
        format!("{}://{}{port}{}", self.scheme, self.host, self.path)
    }
}

impl FromStr for Dsn {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        // The text itself is never repeated: it holds keys.
        let bad = |what: &str| Error::new(ErrorKind::InvalidDsn, "dsn", what);
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").ok_or_else(|| bad("expected SCHEME://KEY@HOST/PROJECT"))?;
        let scheme = scheme.to_ascii_lowercase();
        if scheme != "http" && scheme != "https" {
            return Err(bad("expected the scheme http or https"));
        }
        if rest.bytes().any(|b| b.is_ascii_whitespace() || b.is_ascii_control() || matches!(b, b'?' | b'#' | b'\\')) {
            return Err(bad("expected no white space, query or fragment"));
        }
        let slash = rest.find('/').ok_or_else(|| bad("expected /PROJECT after the host"))?;
        let (authority, path) = rest.split_at(slash);
        let (keys, address) = authority.rsplit_once('@').ok_or_else(|| bad("expected KEY@ before the host"))?;
        let public_key = keys.split(':').next().unwrap_or_default();
        if public_key.is_empty() || !public_key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) {
            return Err(bad("expected a public key of letters and digits before @"));
        }
        let (host, port) = split_port(address).ok_or_else(|| bad("expected a port of 1 to 65535 after the host"))?;
        if !valid_host(host) {
            return Err(bad("expected a host name or address after @"));
        }
        let path = path.trim_end_matches('/');
        let (path, project_id) = path.rsplit_once('/').ok_or_else(|| bad("expected /PROJECT after the host"))?;
        // HTTP clients resolve dots: the events would go elsewhere than the DSN reads.
        let dots = |segment: &str| segment == "." || segment == "..";
        if path.split('/').any(dots) {
            return Err(bad("expected a path without . and .. before the project"));
        }
        if project_id.is_empty()
            || dots(project_id)
            || !project_id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        {
            return Err(bad("expected a project id at the end of the path"));
        }
        Ok(Dsn {
            scheme,
            public_key: public_key.to_owned(),
            host: host.to_ascii_lowercase(),
            port,
            path: path.trim_end_matches('/').to_owned(),
            project_id: project_id.to_owned(),
        })
    }
}

/// Host and port; `None` when a port is there and is not a number from 1 to 65535.
fn split_port(address: &str) -> Option<(&str, Option<u16>)> {
    let end_of_host =
        if address.starts_with('[') { address.find(']')? + 1 } else { address.find(':').unwrap_or(address.len()) };
    let (host, port) = address.split_at(end_of_host);
    match port.strip_prefix(':') {
        None if port.is_empty() => Some((host, None)),
        None => None,
        // `parse` alone would take a sign.
        Some(digits) if !digits.bytes().all(|b| b.is_ascii_digit()) => None,
        Some(digits) => digits.parse::<u16>().ok().filter(|p| *p != 0).map(|p| (host, Some(p))),
    }
}

fn valid_host(host: &str) -> bool {
    match host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        Some(v6) => v6.parse::<std::net::Ipv6Addr>().is_ok(),
        // Dots alone would be part of the path to some clients.
        None => {
            host.bytes().any(|b| b.is_ascii_alphanumeric())
                && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
        }
    }
}

impl fmt::Display for Dsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base(), self.project_id)
    }
}

impl fmt::Debug for Dsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dsn({self})")
    }
}
