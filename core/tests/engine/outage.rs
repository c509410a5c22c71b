//! The server refuses, stalls or fails: the application notices nothing, and the books balance.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use faultwire::client::Client;
use faultwire::settings::Sdk;
use faultwire::{Hooks, Options};

use crate::support::backend::{Backend, status};
use crate::support::server::Server;
use crate::support::{SOON, client, dropped_for, lawful, raise};

/// What a loaded machine may add to a deadline.
const SLACK: Duration = Duration::from_secs(3);

fn over_http(dsn: Option<faultwire::protocol::Dsn>) -> Client {
    let options = Options { dsn, shutdown_timeout: Duration::from_millis(300), ..Options::default() };
    Client::new(options, Hooks::default(), Sdk::default(), None).unwrap()
}

/// Nobody listens: counted as `network_error`, the flush is done at once, the end keeps its time.
#[test]
fn a_refused_connection_is_counted() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let client = over_http(Some(format!("http://key@127.0.0.1:{port}/1").parse().unwrap()));
    assert!(raise(&client, "nobody there").is_some());
    assert!(client.flush(SOON));
    let stats = lawful(client.stats());
    assert_eq!((stats.pending, dropped_for(&stats, "network_error")), (0, 1), "{stats:?}");
    let start = Instant::now();
    client.close(None);
    assert!(start.elapsed() < Duration::from_millis(300) + SLACK);
}

/// The server takes the request and says nothing: flush and close give up when they said they would.
#[test]
fn a_stalled_server_does_not_hold_flush_and_close() {
    let server = Server::start();
    server.stalls();
    let client = over_http(server.dsn());
    raise(&client, "stuck");
    let start = Instant::now();
    assert!(!client.flush(Duration::from_millis(100)));
    assert!(!client.close(None));
    assert!(start.elapsed() < Duration::from_millis(400) + SLACK, "{:?}", start.elapsed());
    assert_eq!(lawful(client.stats()).pending, 1);
}

/// Raising errors costs the same whether the server answers or not.
#[test]
fn a_stalled_server_changes_nothing_for_the_application() {
    let cost = |stalled: bool| {
        let backend = Backend::default();
        let client = client(Options::default(), Hooks::default(), &backend);
        if stalled {
            backend.stalls();
            raise(&client, "stuck");
            backend.is_asked();
        }
        let mut costs: Vec<Duration> = (0..1_000)
            .map(|n| {
                let text = format!("number {n}");
                let start = Instant::now();
                raise(&client, &text);
                start.elapsed()
            })
            .collect();
        costs.sort();
        backend.goes_on();
        costs[500]
    };
    let (healthy, stalled) = (cost(false), cost(true));
    assert!(stalled < healthy * 5 + Duration::from_micros(50), "healthy {healthy:?}, stalled {stalled:?}");
}

/// A final answer is the end of the event: counted, and reported with the next one.
#[test]
fn an_error_of_the_server_is_counted_and_reported() {
    let backend = Backend::default();
    let client = client(Options::default(), Hooks::default(), &backend);
    for code in [400, 413, 500, 503] {
        backend.answer_once(status(code));
        raise(&client, &format!("answered {code}"));
        assert!(client.flush(SOON));
    }
    raise(&client, "taken");
    assert!(client.flush(SOON));
    let stats = lawful(client.stats());
    assert_eq!((stats.delivered, dropped_for(&stats, "send_error")), (1, 4), "{stats:?}");
    assert_eq!(backend.reported("send_error"), 4);
}

/// The transport has a bug: the event is lost as our own error, and the shipper goes on.
#[test]
fn a_panic_of_the_transport_is_counted() {
    let backend = Backend::default();
    let client = client(Options::default(), Hooks::default(), &backend);
    backend.panics(true);
    raise(&client, "into the bug");
    assert!(client.flush(SOON));
    backend.panics(false);
    raise(&client, "past it");
    assert!(client.flush(SOON));
    let stats = lawful(client.stats());
    assert_eq!((stats.delivered, dropped_for(&stats, "internal_sdk_error")), (1, 1), "{stats:?}");
}
