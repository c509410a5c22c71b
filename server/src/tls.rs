//! The server's own certificate, for those who have no proxy that does it.
//!
//! Files are looked at again every few seconds: what renews them need not know of the server. A pair that does not fit,
//! because one of them is not written yet, is passed over.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::{Context, bail};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, RootCertStore, ServerConfig};

use crate::settings::Settings;
use crate::telemetry::Task;

/// Between two looks at the files.
const LOOK: Duration = Duration::from_secs(5);

/// What clients are shown, as the files have it.
pub struct Certificate {
    certificate: PathBuf,
    key: PathBuf,
    provider: Arc<CryptoProvider>,
    current: RwLock<Current>,
}

#[derive(Clone)]
struct Current {
    /// The files' bytes.
    files: [Vec<u8>; 2],
    shown: Arc<CertifiedKey>,
}

// What rustls asks of those who show certificates. The key stays out of it.
impl fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Certificate").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

fn read(setting: &str, path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("{setting} {}", path.display()))
}

impl Certificate {
    /// The one that the settings name, if they do.
    ///
    /// # Errors
    /// When only one of the two is set, a file cannot be read or has not what it should, or they do not fit; the
    /// message names the setting.
    pub fn open(settings: &Settings) -> anyhow::Result<Option<Arc<Certificate>>> {
        let (certificate, key) = match (&settings.tls_certificate, &settings.tls_key) {
            (None, None) => return Ok(None),
            (Some(certificate), Some(key)) => (certificate.clone(), key.clone()),
            _ => bail!("tls_certificate, tls_key: expected both or none"),
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let files = [read("tls_certificate", &certificate)?, read("tls_key", &key)?];
        let shown = pair(&certificate, &key, &files, &provider)?;
        Ok(Some(Arc::new(Certificate { certificate, key, provider, current: RwLock::new(Current { files, shown }) })))
    }

    /// How connections are encrypted with it, whatever it is then: HTTP/2 or 1.1, TLS 1.3 or 1.2.
    ///
    /// # Errors
    /// Never, with the cryptography that is built in.
    pub fn config(self: &Arc<Self>) -> anyhow::Result<ServerConfig> {
        let mut config = ServerConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(self.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }

    /// Takes what the files have now; whether that is new.
    ///
    /// # Errors
    /// As [`Certificate::open`]; what was shown is shown on.
    pub fn renew(&self) -> anyhow::Result<bool> {
        let files = [read("tls_certificate", &self.certificate)?, read("tls_key", &self.key)?];
        if self.current().files == files {
            return Ok(false);
        }
        let shown = pair(&self.certificate, &self.key, &files, &self.provider)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Current { files, shown };
        Ok(true)
    }

    /// Whether it is the one that is shown.
    pub fn is(&self, certificate: &CertificateDer<'_>) -> bool {
        self.current().shown.cert.first() == Some(certificate)
    }

    /// Whether clients take it at `time`, as far as its dates tell.
    ///
    /// # Errors
    /// When it is no certificate, or one of another time; the error says which.
    pub fn holds_at(&self, time: UnixTime) -> Result<(), rustls::Error> {
        let shown = self.current().shown;
        let (own, rest) = shown.cert.split_first().ok_or(CertificateError::BadEncoding)?;
        let own = ParsedCertificate::try_from(own)?;
        let algorithms = self.provider.signature_verification_algorithms.all;
        match verify_server_cert_signed_by_trust_anchor(&own, &RootCertStore::empty(), rest, time, algorithms) {
            // Dates are looked at first. Whom its clients trust is theirs to know.
            Err(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)) => Ok(()),
            judged => judged,
        }
    }

    /// Whether it is one for `host`.
    ///
    /// # Errors
    /// When it is not; the error has the names that it is for.
    pub fn is_for(&self, host: &ServerName<'_>) -> Result<(), rustls::Error> {
        let shown = self.current().shown;
        let own = shown.cert.first().ok_or(CertificateError::BadEncoding)?;
        verify_server_name(&ParsedCertificate::try_from(own)?, host)
    }

    fn current(&self) -> Current {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks at the files for as long as the server runs.
    pub async fn follow(self: Arc<Self>) {
        let mut said = String::new();
        loop {
            tokio::time::sleep(LOOK).await;
            let certificate = self.clone();
            let renew = move || Task::Certificate.round(|| certificate.renew());
            match tokio::task::spawn_blocking(renew).await {
                Ok(Ok(true)) => tracing::info!(file = %self.certificate.display(), "a new certificate is shown"),
                Ok(Err(error)) if format!("{error:#}") != said => {
                    said = format!("{error:#}");
                    tracing::error!(error = said, "the certificate stays as it was");
                }
                _ => {}
            }
        }
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.read().unwrap_or_else(PoisonError::into_inner).shown.clone())
    }
}

/// Certificates and key, if they fit.
fn pair(
    certificate: &Path,
    key: &Path,
    [chain_file, key_file]: &[Vec<u8>; 2],
    provider: &CryptoProvider,
) -> anyhow::Result<Arc<CertifiedKey>> {
    let certificate = format!("tls_certificate {}", certificate.display());
    let key = format!("tls_key {}", key.display());
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(chain_file).collect::<Result<_, _>>().with_context(|| certificate.clone())?;
    if chain.is_empty() {
        bail!("{certificate}: expected certificates in PEM, the server's own first; there is none");
    }
    let private = PrivateKeyDer::from_pem_slice(key_file).map_err(|error| match error {
        rustls::pki_types::pem::Error::NoItemsFound => {
            anyhow::anyhow!("{key}: expected a private key in PEM, without a password; there is none")
        }
        other => anyhow::anyhow!("{key}: {other}"),
    })?;
    CertifiedKey::from_der(chain, private, provider).map(Arc::new).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => anyhow::anyhow!("{key}: it is not the key of {certificate}"),
        // It says which of them it means.
        rustls::Error::InvalidCertificate(_) => anyhow::anyhow!("{certificate}: {error}"),
        other => anyhow::anyhow!("{key}: {other}"),
    })
}
