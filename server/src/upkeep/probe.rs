//! Does a server answer? For health checks of containers, which have no other client within.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, StreamOwned,
};

use crate::settings::Settings;
use crate::tls::Certificate;

/// One that takes longer to say that it is ready is not.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks the server that runs with these settings, on this machine, whether it is ready.
///
/// # Errors
/// When it cannot be reached, or says that it is not; the message has what it said.
pub fn ready(settings: &Settings) -> anyhow::Result<()> {
    let address = within(settings.listen);
    let named = || format!("server at {address}");
    let stream = TcpStream::connect_timeout(&address, PATIENCE).with_context(named)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let answer = match Certificate::open(settings)? {
        None => ask(stream),
        Some(certificate) => {
            let config = trusting(Own { certificate, provider: Arc::new(rustls::crypto::ring::default_provider()) })?;
            let name = ServerName::IpAddress(address.ip().into());
            ask(StreamOwned::new(ClientConnection::new(Arc::new(config), name)?, stream))
        }
    };
    let answer = answer.with_context(named)?;
    if answer.split(' ').nth(1) != Some("200") {
        bail!("server at {address}: it is not ready: {}", answer.lines().last().unwrap_or_default());
    }
    Ok(())
}

/// The address by which a server that listens there is reached from its own machine.
fn within(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        named => named,
    };
    SocketAddr::new(ip, listen.port())
}

fn ask(mut stream: impl Read + Write) -> anyhow::Result<String> {
    stream.write_all(b"GET /readyz HTTP/1.0\r\nhost: localhost\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn trusting(own: Own) -> anyhow::Result<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(own.provider.clone()).with_safe_default_protocol_versions()?;
    Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(own)).with_no_client_auth())
}

/// Trusts the very certificate of the settings, whatever name and root it has.
#[derive(Debug)]
struct Own {
    certificate: Arc<Certificate>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Own {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.certificate.is(shown) {
            true => Ok(ServerCertVerified::assertion()),
            false => Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure)),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
