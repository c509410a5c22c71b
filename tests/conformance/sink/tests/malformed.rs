//! What is not well-formed is answered 400 with the field at fault, and kept as it came.

mod support;

use std::io::Write;

use serde_json::json;
use support::{Sink, samples};

#[test]
fn a_malformed_envelope_names_its_field_and_is_kept() {
    let sink = Sink::quiet();
    let cases: [(&[u8], &str); 8] = [
        (b"", "envelope header"),
        (b"not json\n", "envelope header"),
        (b"{\"event_id\":\"xyz\"}\n", "envelope header"),
        (b"{}\n{\"length\":2}\n{}", "item 0 header"),
        (b"{}\n{\"type\":\"event\",\"length\":9}\n{}", "item 0 length"),
        (b"{}\n{\"type\":\"event\",\"length\":1}\n{}", "item 0 length"),
        (b"{}\n{\"type\":\"session\"}\n{}\n{\"type\":\"event\"}\n[1]\n", "item 1 payload"),
        (b"{}\n{\"type\":\"client_report\"}\nnope\n", "item 0 payload"),
    ];
    for (at, (body, field)) in cases.iter().enumerate() {
        let answer = sink.post(body);
        assert_eq!(answer.status, 400, "{field}");
        assert_eq!(answer.json()["field"], *field, "{}", answer.text());
        let request = &sink.requests()[at];
        assert_eq!((&request["error"]["field"], &request["status"]), (&(*field).into(), &400.into()));
        assert_eq!(request["wire_bytes"], body.len());
    }
    assert_eq!(sink.stats()["malformed"], cases.len());
    assert!(sink.events().is_empty());
    let raw = String::from_utf8_lossy(&sink.get("/_sink/raw").body).into_owned();
    assert!(raw.contains("not json") && raw.contains("nope"));
    assert!(sink.get("/").text().contains("item 1 payload"), "the page shows it too");
}

#[test]
fn a_client_that_dies_while_sending_leaves_what_it_sent() {
    let sink = Sink::quiet();
    let mut client = std::net::TcpStream::connect(sink.data.trim_start_matches("http://")).unwrap();
    client
        .write_all(b"POST /api/1/envelope/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{}\nhalf")
        .unwrap();
    drop(client);
    assert_eq!(sink.get("/_sink/wait?requests=1&timeout_s=10").status, 200);
    let request = &sink.requests()[0];
    assert_eq!((&request["error"]["field"], &request["wire_bytes"]), (&"body".into(), &7.into()));
    assert!(sink.get("/_sink/raw").text().contains("{}\nhalf"), "and it can be searched");
}

#[test]
fn unknown_items_are_kept_and_never_fail() {
    let sink = Sink::quiet();
    let answer = sink.post(b"{}\n{\"type\":\"attachment\",\"length\":3,\"filename\":\"a.bin\"}\n\x00\xff\n\n{\"type\":\"later\"}\n{\"x\":1}\n");
    assert_eq!(answer.status, 200, "{}", answer.text());
    let items = sink.get("/_sink/items").json();
    assert_eq!((&items[0]["header"]["filename"], &items[0]["bytes"]), (&"a.bin".into(), &3.into()));
    assert_eq!(items[1]["payload"], json!({"x": 1}));
}

#[test]
fn what_a_strict_server_would_refuse_is_taken_and_named() {
    let sink = Sink::quiet();
    let cases = [
        (json!({"event_id": "a".repeat(32), "timestamp": 1, "platform": "x", "surprise": 1}), "surprise"),
        (json!({"event_id": "a".repeat(32), "platform": "x"}), "timestamp is missing"),
        (json!({"event_id": "a".repeat(32), "timestamp": 1, "platform": "x", "level": "loud"}), "level"),
        (
            json!({"event_id": "a".repeat(32), "timestamp": 1, "platform": "x", "extra": {"k": "v".repeat(1 << 20)}}),
            "1 MiB",
        ),
    ];
    for (event, problem) in cases {
        assert_eq!(sink.post(&samples::event(&event)).status, 200);
        let about = &sink.events().pop().unwrap()["_envelope"];
        assert!(about["problems"].to_string().contains(problem), "{problem}: {}", about["problems"]);
    }
    let mismatched = samples::envelope(
        Some(faultwire::protocol::EventId(1)),
        vec![faultwire::protocol::Item::new("event", samples::smallest("x").to_string().into_bytes())],
    );
    sink.post(&mismatched);
    assert!(sink.events().pop().unwrap()["_envelope"]["problems"].to_string().contains("differs"));
}
