//! Receivers behind TLS: a certificate made for the test, and the stories of who trusts it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;

use crate::http::Receiver;
use crate::smtp::MailServer;
use crate::world::{PROJECT, World};

/// Bytes both ways.
pub trait Wire: Read + Write + Send {}

impl<T: Read + Write + Send> Wire for T {}

/// What a receiver shows.
#[derive(Clone)]
pub struct Identity {
    /// For those who trust it.
    pub pem: String,
    config: Arc<ServerConfig>,
}

impl Identity {
    /// One for this machine.
    pub fn new() -> Identity {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        Identity { pem: made.cert.pem(), config: Arc::new(config) }
    }

    pub fn wrap(&self, stream: TcpStream) -> Box<dyn Wire> {
        Box::new(StreamOwned::new(ServerConnection::new(self.config.clone()).unwrap(), stream))
    }
}

/// A webhook over TLS arrives where the certificate is trusted; elsewhere nothing is sent, and it is tried again.
#[test]
fn webhooks_check_certificates() {
    let identity = Identity::new();
    let receiver = Receiver::start_tls(&identity);
    let wanted = json!({ "kind": "webhook", "url": receiver.url("/"), "secret": "0123456789abcdef" });
    let stranger = World::start(&[]);
    let channel = stranger.channel(wanted.clone());
    let tried = stranger.post(&format!("{PROJECT}/channels/{channel}/test"), json!({}));
    assert!(tried["state"] == "failed" && tried["note"].as_str().unwrap().contains("TLS"), "{tried}");
    assert_eq!(receiver.requests().len(), 0);
    let world = World::trusting(&identity.pem, &[]);
    world.channel(wanted);
    world.fails("First", json!({}));
    receiver.accepted(1);
}

/// Mail with TLS from the start, by STARTTLS, and to a server that has no STARTTLS though it is required.
#[test]
fn mail_is_encrypted_as_it_is_set() {
    let identity = Identity::new();
    for (server, url, is_sent) in [
        (MailServer::start_wrapped(&identity), "smtps://user:pass%40word@localhost:PORT", true),
        (MailServer::start_upgraded(&identity), "smtp://user:pass%40word@localhost:PORT?tls=required", true),
        (MailServer::start(), "smtp://user:pass%40word@localhost:PORT?tls=required", false),
    ] {
        let url = url.replace("PORT", &server.port.to_string());
        let world = World::trusting(&identity.pem, &["--smtp-url", &url, "--smtp-from", "alerts@example.com"]);
        let channel = world.channel(json!({ "kind": "email", "to": ["ops@example.com"] }));
        let tried = world.post(&format!("{PROJECT}/channels/{channel}/test"), json!({}));
        assert_eq!(tried["state"], if is_sent { "sent" } else { "failed" }, "{tried}");
        let mails = server.wait(|_| true);
        assert_eq!(mails.len(), usize::from(is_sent));
        assert!(mails.iter().all(|mail| mail.was_encrypted && mail.user == "user" && mail.password == "pass@word"));
        assert!(server.faults.lock().unwrap().is_empty(), "{:?}", server.faults);
    }
}
