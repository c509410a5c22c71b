//! What goes over a real socket.

use faultwire::client::Client;
use faultwire::protocol::{SdkInfo, Timestamp, Value};
use faultwire::settings::Sdk;
use faultwire::{Hooks, Options};

use crate::support::server::Server;
use crate::support::{SOON, raise};

fn sdk() -> Sdk {
    let info = SdkInfo { name: "faultwire.test".to_owned(), version: "1.2.3".to_owned(), ..SdkInfo::default() };
    Sdk { info, platform: "rust", ..Sdk::default() }
}

/// Headers of the request and of the envelope, as any server of the protocol expects them.
#[test]
fn the_headers_are_those_of_the_protocol() {
    let server = Server::start();
    let options = Options { dsn: server.dsn(), spool: false, ..Options::default() };
    let client = Client::new(options, Hooks::default(), sdk(), None).unwrap();
    let before = Timestamp::now();
    let id = raise(&client, "over the wire").unwrap().to_string();
    assert!(client.flush(SOON));
    let requests = server.requests();
    let request = &requests[0];
    assert_eq!(request.path, "/api/7/envelope/");
    let header = |name: &str| request.headers.get(name).map(String::as_str).unwrap_or_default();
    assert_eq!(header("content-type"), "application/x-sentry-envelope");
    assert_eq!(header("content-encoding"), "gzip");
    assert_eq!(header("user-agent"), "faultwire.test/1.2.3");
    let auth = header("x-sentry-auth");
    assert!(auth.starts_with("Sentry "), "{auth}");
    for part in ["sentry_version=7", "sentry_client=faultwire.test/1.2.3", "sentry_key=abc123"] {
        assert!(auth.contains(part), "{auth}");
    }
    let envelope = &request.envelope;
    assert_eq!(envelope.header.event_id.map(|id| id.to_string()).as_deref(), Some(id.as_str()));
    assert_eq!(envelope.header.sdk.as_ref().map(|sdk| sdk.name.as_str()), Some("faultwire.test"));
    let sent_at = envelope.header.sent_at.expect("sent_at is set when it is sent");
    assert!(before <= sent_at && sent_at <= Timestamp::now());
    assert_eq!(envelope.header.dsn, None, "the key stands in the header only");
    let item = &envelope.items[0];
    assert_eq!((item.header.ty.as_str(), item.header.length), ("event", Some(item.payload.len() as u64)));
    let event: Value = serde_json::from_slice(&item.payload).unwrap();
    assert_eq!((event["event_id"].as_str(), event["platform"].as_str()), (Some(id.as_str()), Some("rust")));
}

/// One connection for all.
#[test]
fn the_connection_is_kept() {
    let server = Server::start();
    let options = Options { dsn: server.dsn(), spool: false, ..Options::default() };
    let client = Client::new(options, Hooks::default(), sdk(), None).unwrap();
    (0..20).for_each(|n| {
        raise(&client, &format!("number {n}"));
    });
    assert!(client.flush(SOON));
    assert_eq!((server.events().len(), server.connections()), (20, 1));
}

/// A client report names the reason, the category and the quantity.
#[test]
fn a_report_says_what_was_lost() {
    let server = Server::start();
    let options = Options { dsn: server.dsn(), spool: false, ..Options::default() };
    let client = Client::new(options, Hooks::default(), sdk(), None).unwrap();
    client.refuse(faultwire::loss::Reason::Invalid);
    client.refuse(faultwire::loss::Reason::Invalid);
    assert!(client.flush(SOON));
    let requests = server.requests();
    let item = &requests[0].envelope.items[0];
    assert_eq!(item.header.ty, "client_report");
    let report: Value = serde_json::from_slice(&item.payload).unwrap();
    let expected = serde_json::json!([{"reason": "invalid", "category": "error", "quantity": 2}]);
    assert_eq!(report["discarded_events"], expected);
    assert!(report["timestamp"].is_string() || report["timestamp"].is_number());
}
