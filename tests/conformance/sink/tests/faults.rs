//! Each way a server can fail, on demand, seen from a client.

#![allow(clippy::unwrap_used, reason = "a test helper fails by panicking")]

mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use support::{Sink, agent, post, samples};

fn body() -> Vec<u8> {
    samples::event(&samples::smallest("hello"))
}

fn address(sink: &Sink) -> SocketAddr {
    sink.data.strip_prefix("http://").unwrap().parse().unwrap()
}

/// A request by hand, to see how the connection ends.
fn by_hand(sink: &Sink) -> TcpStream {
    let mut stream = TcpStream::connect(address(sink)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let body = body();
    let head =
        format!("POST /api/1/envelope/ HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\r\n", address(sink), body.len());
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&body).unwrap();
    stream
}

#[test]
fn a_status_comes_with_its_headers_for_so_many_requests() {
    let sink = Sink::quiet();
    sink.mode(
        r#"{"mode":"status","status":429,"for_requests":2,"server_version":"0.1.0",
            "headers":{"Retry-After":"2","X-Sentry-Rate-Limits":"60:error:organization"}}"#,
    );
    for expected in [429, 429, 200] {
        let answer = sink.post(&body());
        assert_eq!(answer.status, expected);
        assert_eq!(answer.headers.get("x-faultwire").unwrap(), "0.1.0", "the server stays who it is");
        assert_eq!(answer.headers.contains_key("retry-after"), expected == 429);
        assert_eq!(answer.headers.contains_key("x-sentry-rate-limits"), expected == 429);
    }
    assert_eq!(sink.events().len(), 1, "what was answered 429 was not taken");
    assert_eq!(sink.get("/_sink/events?all=1").json().as_array().unwrap().len(), 3, "but can be asked for");
    let stats = sink.stats();
    assert_eq!(stats["by_mode"], serde_json::json!({"status": 2, "ok": 1}));
    assert_eq!(stats["by_status"], serde_json::json!({"429": 2, "200": 1}));
}

#[test]
fn a_stalled_server_reads_and_never_answers() {
    let sink = Sink::quiet();
    sink.mode(r#"{"mode":"stall"}"#);
    let late = post(&agent(Duration::from_millis(300)), &sink.envelope_url(), &[], &body());
    assert!(matches!(late, Err(ureq::Error::Timeout(_))));
    let requests = sink.requests();
    assert_eq!(requests.len(), 1, "it was read");
    assert_eq!((&requests[0]["status"], &requests[0]["mode"]), (&serde_json::Value::Null, &"stall".into()));
    assert!(sink.events().is_empty(), "nobody was told that it was taken");
    sink.mode(r#"{"mode":"ok"}"#);
    assert_eq!(sink.post(&body()).status, 200);
}

#[test]
fn a_refusing_server_cuts_connections_and_comes_back_on_its_port() {
    let sink = Sink::quiet();
    let mut idle = by_hand(&sink);
    let mut answer = [0; 12];
    idle.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    for _ in 0..3 {
        sink.mode(r#"{"mode":"refuse"}"#);
        let refused = TcpStream::connect(address(&sink)).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        assert_eq!(sink.stats()["connections"]["open"], 0, "open ones are cut");
        sink.mode(r#"{"mode":"ok"}"#);
        assert_eq!(sink.post(&body()).status, 200);
    }
    let mut rest = Vec::new();
    let end = idle.read_to_end(&mut rest);
    assert!(end.is_ok() || end.unwrap_err().kind() == ErrorKind::ConnectionReset, "the idle one has ended");
    assert_eq!(sink.events().len(), 4);
}

#[test]
fn a_refusing_server_stays_refused_across_a_second_order_and_a_reset_opens_it() {
    let sink = Sink::quiet();
    sink.mode(r#"{"mode":"refuse"}"#);
    sink.mode(r#"{"mode":"refuse"}"#);
    assert_eq!(sink.stats()["mode"]["open"], false);
    assert!(TcpStream::connect(address(&sink)).is_err());
    sink.order("/_sink/reset", "");
    assert_eq!(sink.post(&body()).status, 200);
}

#[test]
fn a_resetting_server_reads_and_cuts() {
    let sink = Sink::quiet();
    sink.mode(r#"{"mode":"reset","for_requests":1}"#);
    let end = by_hand(&sink).read(&mut [0; 16]).unwrap_err();
    assert_eq!(end.kind(), ErrorKind::ConnectionReset, "a reset, not an end");
    assert_eq!(sink.requests()[0]["mode"], "reset");
    assert_eq!(sink.post(&body()).status, 200, "once only");
    assert_eq!(sink.stats()["connections"]["reset"], 1);
}

#[test]
fn an_answer_can_be_late() {
    let sink = Sink::quiet();
    sink.mode(r#"{"mode":"ok","delay_ms":200}"#);
    let start = Instant::now();
    assert_eq!(sink.post(&body()).status, 200);
    assert!(start.elapsed() >= Duration::from_millis(200));
}

#[test]
fn our_own_server_says_who_it_is() {
    let sink = Sink::start(&["--quiet", "--server-header"]);
    assert_eq!(sink.post(&body()).headers.get("x-faultwire").unwrap(), env!("CARGO_PKG_VERSION"));
    sink.mode(r#"{"mode":"ok","server_version":""}"#);
    assert!(!sink.post(&body()).headers.contains_key("x-faultwire"), "an empty one makes it a stranger");
    assert!(!Sink::quiet().post(&body()).headers.contains_key("x-faultwire"));
}

#[test]
fn a_mode_that_is_none_is_named_and_changes_nothing() {
    let sink = Sink::quiet();
    for (order, field) in
        [("{\"mode\":\"fire\"}", "mode"), ("[]", "body"), ("{", "body"), ("{\"mode\":\"ok\",\"x\":1}", "x")]
    {
        let answer = sink.order("/_sink/mode", order);
        assert_eq!((answer.status, &answer.json()["field"]), (400, &field.into()), "{order}");
    }
    assert_eq!(sink.post(&body()).status, 200);
}
