//! How clients reach the server: what the settings say together, where it listens, its certificate.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::time::Duration;

use rustls::pki_types::{ServerName, UnixTime};

use super::{Finding, ill, well};
use crate::settings::Settings;
use crate::tls::Certificate;
use crate::upkeep::ready;

/// A certificate that expires within this should have been renewed: those that are renewed by themselves have more left.
const SOON: Duration = Duration::from_secs(14 * 86_400);

pub(super) fn settings(settings: &Settings) -> Finding {
    match settings.check() {
        Ok(()) => well("settings", "they fit each other"),
        Err(error) => ill("settings", format!("{error:#}")),
    }
}

pub(super) fn listen(settings: &Settings) -> Finding {
    let (what, listen) = ("listen", settings.listen);
    let error = match TcpListener::bind(listen) {
        Ok(_) => return well(what, format!("{listen} is free: no server runs there")),
        Err(error) => error,
    };
    match error.kind() {
        ErrorKind::AddrInUse => match ready(settings) {
            Ok(()) => well(what, format!("the server at {listen} is ready")),
            Err(error) => ill(
                what,
                format!("{error:#}: if that is the server, its log says more; else end that program, or set listen"),
            ),
        },
        ErrorKind::AddrNotAvailable => {
            ill(what, format!("{listen}: this machine has no such address; set listen to one of its own"))
        }
        ErrorKind::PermissionDenied => {
            ill(what, format!("{listen}: this user may not listen there; take a port above 1023"))
        }
        _ => ill(what, format!("{listen}: {error}; set listen")),
    }
}

pub(super) fn address(settings: &Settings) -> Finding {
    let what = "address";
    let is_loopback = settings.listen.ip().is_loopback();
    match &settings.public_url {
        None if is_loopback => well(what, format!("{}, for this machine only", settings.listen)),
        None => {
            ill(what, "it listens to other machines, and public_url is not set: DSNs and links lead nowhere; set it")
        }
        Some(url) if url.starts_with("http://") && !is_loopback => ill(
            what,
            format!(
                "{url} is not encrypted, passwords and events can be read on the way: set tls_certificate and tls_key, or \
                 put a proxy before it that speaks https"
            ),
        ),
        Some(url) => well(what, url.clone()),
    }
}

pub(super) fn certificate(settings: &Settings) -> Finding {
    let what = "certificate";
    let certificate = match Certificate::open(settings) {
        Ok(None) => return well(what, "none: https is for a proxy, if there is any"),
        Ok(Some(certificate)) => certificate,
        Err(error) => return ill(what, format!("{error:#}")),
    };
    let now = UnixTime::now();
    let soon = UnixTime::since_unix_epoch(Duration::from_secs(now.as_secs()) + SOON);
    let host = settings.public_url.as_deref().and_then(host);
    let judged = [("now", certificate.holds_at(now)), ("within 14 days", certificate.holds_at(soon))];
    for (when, judged) in judged {
        if let Err(error) = judged {
            return ill(what, format!("clients refuse it {when}: {error}; renew it"));
        }
    }
    match host.map(|host| certificate.is_for(&host)) {
        Some(Err(error)) => {
            ill(what, format!("clients refuse it: {error}; get one for the host of public_url, or set that to its own"))
        }
        _ => well(what, "it fits its key, and holds"),
    }
}

/// The host of an address.
fn host(url: &str) -> Option<ServerName<'static>> {
    let uri: axum::http::Uri = url.parse().ok()?;
    let host = uri.host()?.trim_start_matches('[').trim_end_matches(']');
    ServerName::try_from(host.to_owned()).ok()
}
