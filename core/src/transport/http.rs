//! HTTP by ureq: keep-alive, proxy, TLS; one connection, used by the shipper alone.

use std::time::Duration;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use ureq::unversioned::transport::{ConnectProxyConnector, Connector};
use ureq::{Agent, Proxy, ProxyProtocol};

use super::joined::Join;
use super::names::Names;
use super::socks::Socks;
use super::tcp::Tcp;
use super::tls::{self, Tls};
use super::{Answer, Gzip, NoAnswer, Transport};
use crate::options::Options;
use crate::protocol::Dsn;
use crate::{Error, fork};

/// Time to find the host and open a connection: two tries of a lost SYN.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Time for a whole request: a megabyte over a slow link.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
/// Idle connections are given up before servers and load balancers usually do (5 s and more).
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);
/// The answer's body is of no interest; this much is read so that the connection can be used again.
const MAX_ANSWER_BYTES: u64 = 64 * 1024;

/// Everything that is known when the client starts; the agent is built on the shipper's thread.
#[derive(Debug, Clone)]
pub(crate) struct HttpSettings {
    url: String,
    auth: String,
    client: String,
    is_tls: bool,
    proxy: Option<String>,
    ca_certs: Vec<CertificateDer<'static>>,
}

impl HttpSettings {
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] on `ca_certs`, `http_proxy` or `https_proxy`.
    pub fn new(dsn: &Dsn, client: String, options: &Options) -> Result<Self, Error> {
        let (name, proxy) = match dsn.is_tls() {
            true => ("https_proxy", &options.https_proxy),
            false => ("http_proxy", &options.http_proxy),
        };
        if let Some(url) = proxy {
            Proxy::new(url).map_err(|_| Error::option(name, "expected a URL http://HOST:PORT"))?;
        }
        let ca_certs = options.ca_certs.as_deref().map(tls::read_ca_certs).transpose()?.unwrap_or_default();
        Ok(HttpSettings {
            url: dsn.envelope_url(),
            auth: dsn.auth_header(&client),
            client,
            is_tls: dsn.is_tls(),
            proxy: proxy.clone(),
            ca_certs,
        })
    }
}

pub(crate) struct Http {
    settings: HttpSettings,
    agent: Agent,
    names: Names,
    gzip: Gzip,
}

impl Http {
    pub fn new(settings: HttpSettings) -> Self {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_resolve(Some(CONNECT_TIMEOUT))
            .timeout_global(Some(REQUEST_TIMEOUT))
            .max_idle_age(IDLE_TIMEOUT)
            .max_idle_connections(1)
            .user_agent(settings.client.as_str());
        let proxy = settings.proxy.as_deref().and_then(|url| Proxy::new(url).ok()).or_else(Proxy::try_from_env);
        let is_proxy_tls = proxy.as_ref().is_some_and(|proxy| proxy.protocol() == ProxyProtocol::Https);
        config = config.proxy(proxy);
        let trusted = match settings.is_tls || is_proxy_tls {
            true => tls::roots(&settings.ca_certs),
            false => RootCertStore::empty(),
        };
        let names = Names::default();
        // Whichever comes first makes the connection; over it TLS, if the URL wants it.
        let connector = Socks.chain(ConnectProxyConnector::default()).chain(Tcp).chain(Tls::new(trusted)).chain(Join);
        let agent = Agent::with_parts(config.build(), connector, names.clone());
        Http { agent, names, settings, gzip: Gzip::new() }
    }
}

fn post(agent: &Agent, settings: &HttpSettings, body: &[u8]) -> Result<Answer, ureq::Error> {
    let mut response = agent
        .post(&settings.url)
        .header("Content-Type", "application/x-sentry-envelope")
        .header("Content-Encoding", "gzip")
        .header("X-Sentry-Auth", &settings.auth)
        .send(body)?;
    let header = |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let answer = Answer {
        status: response.status().as_u16(),
        rate_limits: header("X-Sentry-Rate-Limits"),
        retry_after: header("Retry-After"),
        faultwire: header("X-Faultwire"),
    };
    // Read to the end, so that the connection is kept.
    let _ = response.body_mut().with_config().limit(MAX_ANSWER_BYTES).read_to_vec();
    Ok(answer)
}

impl Transport for Http {
    fn send(&mut self, envelope: &[u8]) -> Result<Answer, NoAnswer> {
        // Idle only while the network is waited for: what a library makes once a process, at its first request, is half
        // made in no child.
        let _busy = fork::busy();
        let Http { settings, agent, names, gzip } = self;
        let body = gzip.pack(envelope);
        match post(agent, settings, body) {
            // The server closed an idle connection just as it was used: once more, on a new one. The
            // event's id makes a repeated delivery harmless.
            Err(ureq::Error::Io(error)) if is_stale(&error) => post(agent, settings, body),
            other => other,
        }
        .map_err(|error| {
            names.forget();
            NoAnswer(describe(&error))
        })
    }
}

fn is_stale(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
}

/// What happened, without the URL: it may stand in front of a password.
fn describe(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(rustls::Error::InvalidCertificate(_)) => "TLS: the server's certificate is not trusted".to_owned(),
            Some(_) => "TLS: no agreement with the server".to_owned(),
            None => error.kind().to_string(),
        },
        ureq::Error::Timeout(which) => format!("timeout: {which}"),
        ureq::Error::HostNotFound => "host not found".to_owned(),
        ureq::Error::ConnectionFailed => "connection failed".to_owned(),
        ureq::Error::Tls(what) => format!("TLS: {what}"),
        _ => "request failed".to_owned(),
    }
}
