//! TLS: whom to trust (the system's store, the bundled roots and the user's own file), and the connection.
//!
//! Not ureq's own, because that takes whole certificates: of those that are bundled the names and keys suffice, less than
//! half. Nor does it take less of the cryptography than there is: we have no key to sign with.

use std::io::{Read, Write};
use std::sync::{Arc, OnceLock};

use rustls::crypto::{CryptoProvider, KeyProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::SigningKey;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use ureq::Error;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport, TransportAdapter,
};

use super::opening::Opening;
use crate::log::debug;

/// All whom we trust. Reading the system's store takes milliseconds, so this runs on the shipper's thread, and only for
/// `https`.
pub(super) fn roots(extra: &[CertificateDer<'static>]) -> RootCertStore {
    let system = rustls_native_certs::load_native_certs();
    if !system.errors.is_empty() {
        debug!("{} certificates of the system's store could not be read", system.errors.len());
    }
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    roots.add_parsable_certificates(system.certs.into_iter().chain(extra.iter().cloned()));
    roots
}

/// The certificates of a PEM file.
///
/// # Errors
/// [`crate::ErrorKind::InvalidOption`] on `ca_certs` when the file cannot be read or holds none.
pub(super) fn read_ca_certs(path: &str) -> Result<Vec<CertificateDer<'static>>, crate::Error> {
    let bytes = std::fs::read(path)
        .map_err(|e| crate::Error::option("ca_certs", format!("expected a readable PEM file: {}", e.kind())))?;
    let certs: Vec<_> = CertificateDer::pem_slice_iter(&bytes).filter_map(Result::ok).collect();
    if certs.is_empty() {
        return Err(crate::Error::option("ca_certs", "expected a PEM file with at least one certificate"));
    }
    Ok(certs)
}

/// Lays TLS over a connection, where the URL is `https`.
#[derive(Debug)]
pub(super) struct Tls {
    roots: Arc<RootCertStore>,
    /// Made with the first connection, while forks wait.
    config: OnceLock<Result<Arc<ClientConfig>, rustls::Error>>,
}

impl Tls {
    pub fn new(roots: RootCertStore) -> Tls {
        Tls { roots: Arc::new(roots), config: OnceLock::new() }
    }

    fn config(&self) -> Result<Arc<ClientConfig>, Error> {
        let config = self.config.get_or_init(|| {
            let provider = CryptoProvider { key_provider: &Keyless, ..ring::default_provider() };
            let config =
                ClientConfig::builder_with_provider(Arc::new(provider)).with_safe_default_protocol_versions()?;
            Ok(Arc::new(config.with_root_certificates(self.roots.clone()).with_no_client_auth()))
        });
        config.clone().map_err(|_| Error::Tls("no configuration"))
    }
}

/// We never show a certificate, so there is no key to load.
#[derive(Debug)]
struct Keyless;

impl KeyProvider for Keyless {
    fn load_private_key(&self, _: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, rustls::Error> {
        Err(rustls::Error::General("there are no keys".to_owned()))
    }
}

impl<In: Transport> Connector<In> for Tls {
    type Out = Either<In, Secured<In>>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        let Some(below) = chained else { return Ok(None) };
        if !details.needs_tls() || below.is_tls() {
            return Ok(Some(Either::A(below)));
        }
        let host = details.uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(host.to_owned()).map_err(|_| Error::Tls("the host's name is none"))?;
        let mut opening = Opening::new(below, details);
        let mut session = ClientConnection::new(self.config()?, name).map_err(|_| Error::Tls("no session"))?;
        session.complete_io(&mut opening)?;
        let (input, output) = (details.config.input_buffer_size(), details.config.output_buffer_size());
        let buffers = LazyBuffers::new(input, output);
        Ok(Some(Either::B(Secured { stream: StreamOwned::new(session, opening.into_wire()), buffers })))
    }
}

/// An open connection under TLS.
pub(super) struct Secured<T: Transport> {
    stream: StreamOwned<ClientConnection, TransportAdapter<T>>,
    buffers: LazyBuffers,
}

impl<T: Transport> std::fmt::Debug for Secured<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secured")
    }
}

impl<T: Transport> Transport for Secured<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.stream.sock.set_timeout(timeout);
        self.stream.write_all(&self.buffers.output()[..amount])?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.stream.sock.set_timeout(timeout);
        let amount = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.sock.get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::time::{Duration, Instant};

    use ureq::Agent;
    use ureq::config::Config;
    use ureq::unversioned::resolver::DefaultResolver;

    use super::super::tcp::Tcp;
    use super::*;

    #[test]
    fn the_roots_of_public_servers_are_bundled_and_usable() {
        let bundled = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let is = |name: &str| {
            bundled.roots.iter().any(|root| root.subject.windows(name.len()).any(|part| part == name.as_bytes()))
        };
        for name in ["ISRG Root X1", "DigiCert Global Root G2", "GTS Root R1", "Amazon Root CA 1"] {
            assert!(is(name), "{name}");
        }
        assert!(roots(&[]).len() >= bundled.len());
        assert!(Tls::new(bundled).config().is_ok());
    }

    /// A byte now and then is no reason to wait for the next.
    #[test]
    fn a_server_that_drips_is_left_when_the_time_for_connecting_is_over() {
        const LIMIT: Duration = Duration::from_millis(300);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}/", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            // A record of the handshake, of which the rest does not come at once.
            let begun = stream.write_all(&[0x16, 3, 3, 0x40, 0]);
            let drip = |_| {
                std::thread::sleep(LIMIT / 10);
                stream.write_all(&[0])
            };
            begun.and_then(|()| (0..100).try_for_each(drip))
        });
        let config = Config::builder().proxy(None).timeout_connect(Some(LIMIT)).build();
        let connector = ().chain(Tcp).chain(Tls::new(roots(&[])));
        let start = Instant::now();
        let answer = Agent::with_parts(config, connector, DefaultResolver::default()).get(url).call();
        let took = start.elapsed();
        assert!(matches!(answer, Err(Error::Timeout(ureq::Timeout::Connect))), "{answer:?}");
        assert!(LIMIT * 9 / 10 < took && took < LIMIT * 5, "{took:?}");
        assert!(server.join().unwrap().is_err());
    }
}
