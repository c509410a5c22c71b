//! The server with a certificate of its own: who connects, what they see, and what its files may be.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says so by failing")]

#[path = "../people/support.rs"]
#[allow(dead_code, reason = "it belongs to the people")]
mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use faultwire_server::settings::Settings;
use faultwire_server::telemetry::Metrics;
use faultwire_server::tls::Certificate;
use faultwire_server::upkeep;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use support::{Running, until};
use tempfile::TempDir;

type Tls = StreamOwned<ClientConnection, TcpStream>;

/// Who signs, and where what it signed is written.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Authority { issuer, folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a new certificate for this machine, and its key.
    fn sign(&self, certificate: &str, key: &str) {
        let own = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let signed = params.signed_by(&own, &self.issuer).unwrap();
        fs::write(self.path(certificate), signed.pem()).unwrap();
        fs::write(self.path(key), own.serialize_pem()).unwrap();
    }

    fn settings(&self) -> Vec<String> {
        let (certificate, key) = (self.path("cert.pem"), self.path("key.pem"));
        vec!["--tls-certificate".into(), show(&certificate), "--tls-key".into(), show(&key)]
    }

    fn server(&self) -> Running {
        let settings = self.settings();
        Running::start(&settings.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// A client that trusts this authority alone.
    fn connect(&self, server: &Running, protocol: &str) -> Tls {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut stream = StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), stream);
        stream.conn.complete_io(&mut stream.sock).unwrap();
        stream
    }

    /// What the server shows.
    fn shown(&self, server: &Running) -> Vec<u8> {
        self.connect(server, "http/1.1").conn.peer_certificates().unwrap()[0].to_vec()
    }
}

fn show(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// One request on a connection of its own; the whole answer.
fn ask(mut stream: Tls, request: &str) -> String {
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// DSN and links are https, cookies are Secure, and both protocols are spoken.
#[test]
fn all_is_encrypted_and_says_so() {
    let authority = Authority::new();
    authority.sign("cert.pem", "key.pem");
    let server = authority.server();
    assert!(server.dsn.as_deref().unwrap().starts_with("https://"), "{:?}", server.dsn);
    assert!(server.setup_link.as_deref().unwrap().starts_with("https://"), "{:?}", server.setup_link);
    let body = format!(
        "{{\"token\": \"{}\", \"email\": \"host@example.com\", \"name\": \"Host\", \"password\": \"{}\"}}",
        server.setup_token(),
        support::PASSWORD
    );
    let request = format!(
        "POST /api/v1/setup HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = ask(authority.connect(&server, "http/1.1"), &request);
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert!(answer.contains("__Host-faultwire=") && answer.contains("; Secure"), "{answer}");
    let mut framed = authority.connect(&server, "h2");
    assert_eq!(framed.conn.alpn_protocol(), Some(&b"h2"[..]));
    framed.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").unwrap();
    let mut head = [0; 9];
    framed.read_exact(&mut head).unwrap();
    assert_eq!(head[3], 4, "its settings");
}

/// Who does not speak TLS has no answer; who says nothing is cut off, and nobody waits for them.
#[test]
fn other_clients_do_no_harm() {
    let authority = Authority::new();
    authority.sign("cert.pem", "key.pem");
    let server = authority.server();
    let began = Instant::now();
    let silent: Vec<_> = (0..50)
        .map(|n| {
            let mut stream = TcpStream::connect(server.address).unwrap();
            stream.write_all(&b"\x16\x03\x01\x02\0\x01"[..n % 7]).unwrap();
            stream
        })
        .collect();
    let mut plain = TcpStream::connect(server.address).unwrap();
    plain.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    let request = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    assert!(ask(authority.connect(&server, "http/1.1"), request).starts_with("HTTP/1.1 200"));
    assert!(began.elapsed() < Duration::from_secs(5), "it waited for the silent ones: {:?}", began.elapsed());
    for mut stream in silent {
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut rest = Vec::new();
        // An end, or a reset; not the time limit of this side.
        let ended = stream.read_to_end(&mut rest).map_err(|error| error.kind());
        assert!(!matches!(ended, Err(std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)), "{ended:?}");
    }
    assert!(began.elapsed() > Duration::from_secs(9), "they had their time");
}

/// A renewed certificate is shown without a restart. While only one of the files is new, the old pair is.
#[test]
fn a_new_certificate_is_taken() {
    let authority = Authority::new();
    authority.sign("cert.pem", "key.pem");
    let server = authority.server();
    let before = authority.shown(&server);
    authority.sign("new-cert.pem", "new-key.pem");
    fs::rename(authority.path("new-cert.pem"), authority.path("cert.pem")).unwrap();
    // Longer than it waits between two looks at the files.
    std::thread::sleep(Duration::from_secs(6));
    assert_eq!(authority.shown(&server), before);
    fs::rename(authority.path("new-key.pem"), authority.path("key.pem")).unwrap();
    until("the new certificate", || (authority.shown(&server) != before).then_some(()));
    assert!(Metrics::default().text().contains("task=\"certificate\",result=\"ok\""));
}

/// What a container's health check asks.
#[test]
fn ready_asks_over_tls_as_well() {
    let authority = Authority::new();
    authority.sign("cert.pem", "key.pem");
    authority.sign("other.pem", "other-key.pem");
    let (secret, plain) = (authority.server(), Running::start(&[]));
    let path = |name: &str| show(&authority.path(name));
    let ask = |server: &Running, certificate: &[&str]| {
        let address = server.address.to_string();
        let flags = ["test", "--listen", &address];
        upkeep::ready(&Cli::parse_from(flags.iter().chain(certificate)).settings)
    };
    let (own, key) = (path("cert.pem"), path("key.pem"));
    let own = ["--tls-certificate", &own, "--tls-key", &key];
    let (other, key) = (path("other.pem"), path("other-key.pem"));
    ask(&plain, &[]).unwrap();
    ask(&secret, &own).unwrap();
    ask(&secret, &[]).unwrap_err();
    ask(&plain, &own).unwrap_err();
    ask(&secret, &["--tls-certificate", &other, "--tls-key", &key]).unwrap_err();
    let address = plain.address;
    drop(plain);
    let gone = Cli::parse_from(["test", "--listen", &address.to_string()]).settings;
    assert!(format!("{:#}", upkeep::ready(&gone).unwrap_err()).contains(&address.to_string()));
}

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    settings: Settings,
}

fn refusal(flags: &[&str]) -> String {
    let settings = Cli::parse_from(["test"].iter().chain(flags)).settings;
    format!("{:#}", Certificate::open(&settings).unwrap_err())
}

/// What is wrong with the files is said with the name of the setting.
#[test]
fn wrong_files_are_named() {
    let authority = Authority::new();
    authority.sign("cert.pem", "key.pem");
    authority.sign("other.pem", "other-key.pem");
    fs::write(authority.path("empty.pem"), "").unwrap();
    fs::write(authority.path("torn.pem"), "-----BEGIN CERTIFICATE-----\nMII").unwrap();
    fs::write(
        authority.path("nonsense.pem"),
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    )
    .unwrap();
    let path = |name: &str| show(&authority.path(name));
    let (cert, key) = (path("cert.pem"), path("key.pem"));
    assert!(refusal(&["--tls-key", &key]).starts_with("tls_certificate, tls_key: expected both"));
    assert!(refusal(&["--tls-certificate", &cert]).starts_with("tls_certificate, tls_key: expected both"));
    for (certificate, key, setting, says) in [
        ("gone.pem", "key.pem", "tls_certificate", "No such file"),
        ("cert.pem", "gone.pem", "tls_key", "No such file"),
        ("empty.pem", "key.pem", "tls_certificate", "there is none"),
        ("key.pem", "key.pem", "tls_certificate", "there is none"),
        ("torn.pem", "key.pem", "tls_certificate", "end"),
        ("cert.pem", "empty.pem", "tls_key", "there is none"),
        ("cert.pem", "cert.pem", "tls_key", "there is none"),
        ("cert.pem", "nonsense.pem", "tls_key", ""),
        ("nonsense.pem", "key.pem", "tls_certificate", ""),
        ("cert.pem", "other-key.pem", "tls_key", "not the key of"),
    ] {
        let said = refusal(&["--tls-certificate", &path(certificate), "--tls-key", &path(key)]);
        let wrong = if setting == "tls_key" { key } else { certificate };
        assert!(said.starts_with(&format!("{setting} {}", path(wrong))) && said.contains(says), "{said}");
    }
}
