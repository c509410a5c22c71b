//! Whom to trust: the system's store, the bundled roots, and the user's own file.

use std::sync::Arc;

use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use crate::Error;
use crate::log::debug;

/// The TLS configuration. Reading the system's store takes milliseconds, so this runs on the
/// shipper's thread, and only for `https`.
pub(crate) fn config(extra: &[Certificate<'static>]) -> TlsConfig {
    let system = rustls_native_certs::load_native_certs();
    if !system.errors.is_empty() {
        debug!("{} certificates of the system's store could not be read", system.errors.len());
    }
    let mut roots: Vec<Certificate<'static>> =
        system.certs.iter().map(|der| Certificate::from_der(der.as_ref()).to_owned()).collect();
    roots.extend(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().map(|der| Certificate::from_der(der.as_ref())));
    roots.extend(extra.iter().cloned());
    TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .root_certs(RootCerts::new_with_certs(&roots))
        .build()
}

/// The certificates of a PEM file.
///
/// # Errors
/// [`crate::ErrorKind::InvalidOption`] on `ca_certs` when the file cannot be read or holds none.
pub(crate) fn read_ca_certs(path: &str) -> Result<Vec<Certificate<'static>>, Error> {
    let bytes = std::fs::read(path)
        .map_err(|e| Error::option("ca_certs", format!("expected a readable PEM file: {}", e.kind())))?;
    let certs: Vec<_> = parse_pem(&bytes)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(cert)) => Some(cert),
            _ => None,
        })
        .collect();
    if certs.is_empty() {
        return Err(Error::option("ca_certs", "expected a PEM file with at least one certificate"));
    }
    Ok(certs)
}
