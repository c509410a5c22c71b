//! The server refuses, stalls or fails: the application notices nothing, and the books balance.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use faultwire::client::Client;
use faultwire::settings::Sdk;
use faultwire::transport::Answer;
use faultwire::{Hooks, Options};

use crate::support::backend::{Backend, status};
use crate::support::server::Server;
use crate::support::{SOON, client, dropped, dropped_for, lawful, raise, until};

/// What a loaded machine may add to a deadline.
const SLACK: Duration = Duration::from_secs(3);

fn over_http(dsn: Option<faultwire::protocol::Dsn>) -> Client {
    let options = Options { dsn, shutdown_timeout: Duration::from_millis(300), spool: false, ..Options::default() };
    Client::new(options, Hooks::default(), Sdk::default(), None).unwrap()
}

/// Nobody listens: the event waits until the end, which keeps its time, and is then counted as `network_error`.
#[test]
fn what_could_never_be_sent_is_counted_at_the_end() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let client = over_http(Some(format!("http://key@127.0.0.1:{port}/1").parse().unwrap()));
    assert!(raise(&client, "nobody there").is_some());
    assert!(!client.flush(Duration::from_millis(50)));
    assert_eq!(lawful(client.stats()).pending, 1);
    let start = Instant::now();
    assert!(!client.close(None));
    assert!(start.elapsed() < Duration::from_millis(300) + SLACK);
    until("the end", || lawful(client.stats()).pending == 0);
    let stats = lawful(client.stats());
    assert_eq!(dropped_for(&stats, "network_error"), 1, "{stats:?}");
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
    for code in [301, 400, 413, 500] {
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

/// Answers that mean "later", and none at all: the event is sent again, under its id, and arrives once.
#[test]
fn what_a_server_did_not_take_is_sent_again() {
    let backend = Backend::default();
    let client = client(Options::default(), Hooks::default(), &backend);
    for code in [408, 502, 503, 504] {
        backend.answer_once(status(code));
        let id = raise(&client, &format!("answered {code}")).unwrap();
        assert!(client.flush(SOON));
        let last = backend.events().pop().unwrap();
        assert_eq!(last["event_id"], id.to_string());
    }
    backend.is_unreachable();
    raise(&client, "nobody there");
    assert!(!client.flush(Duration::from_millis(50)));
    assert_eq!(lawful(client.stats()).pending, 1);
    backend.answer(status(200));
    assert!(client.flush(SOON));
    let stats = lawful(client.stats());
    assert_eq!((stats.delivered, dropped(&stats), backend.events().len()), (5, 0, 5), "{stats:?}");
}

/// A server that is down and says for how long is left alone so long.
#[test]
fn what_a_server_that_is_down_asks_for_is_kept() {
    let backend = Backend::default();
    let client = client(Options::default(), Hooks::default(), &backend);
    backend.answer_once(Answer { retry_after: Some("1".to_owned()), ..status(503) });
    let start = Instant::now();
    raise(&client, "after a second");
    assert!(client.flush(SOON));
    assert!(start.elapsed() >= Duration::from_secs(1), "{:?}", start.elapsed());
    assert_eq!(lawful(client.stats()).delivered, 1);
}

/// An outage with events coming in all the time: everything arrives once it is over.
#[test]
fn an_outage_costs_no_event() {
    let backend = Backend::default();
    let client = client(Options::default(), Hooks::default(), &backend);
    backend.is_unreachable();
    let ids: Vec<_> = (0..200).map(|n| raise(&client, &format!("number {n}")).unwrap().to_string()).collect();
    assert!(!client.flush(Duration::from_millis(50)));
    backend.answer(status(200));
    assert!(client.flush(SOON));
    let mut arrived: Vec<_> =
        backend.events().iter().map(|e| e["event_id"].as_str().unwrap_or_default().to_owned()).collect();
    let mut expected = ids;
    arrived.sort();
    expected.sort();
    assert_eq!(arrived, expected);
    assert_eq!(lawful(client.stats()).delivered, 200);
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
