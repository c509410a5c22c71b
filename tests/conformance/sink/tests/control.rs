//! What was received can be asked for, waited for, and forgotten.

mod support;

use std::time::{Duration, Instant};

use faultwire::protocol::Value;
use serde_json::json;
use support::{Sink, agent, post, samples};

#[test]
fn an_event_knows_the_envelope_it_came_in() {
    let sink = Sink::quiet();
    let event = samples::checkout();
    let headers = [
        ("x-sentry-auth", "Sentry sentry_version=7, sentry_client=faultwire.python/0.1.0, sentry_key=abc"),
        ("user-agent", "faultwire.python/0.1.0"),
    ];
    sink.post_with(&headers, &samples::event(&event)).unwrap();
    let about = sink.events().remove(0)["_envelope"].clone();
    assert_eq!(about["number"], 1);
    assert_eq!(about["connection"], 1);
    assert_eq!(about["project"], "1");
    assert_eq!(about["auth"]["sentry_key"], "abc");
    assert_eq!(about["headers"]["user-agent"], "faultwire.python/0.1.0");
    assert_eq!(about["sdk"]["name"], "faultwire.python");
    assert!(about["sent_at"].is_string());
    assert_eq!(about["envelope_header"]["event_id"], event["event_id"]);
}

#[test]
fn the_old_endpoint_takes_one_event() {
    let sink = Sink::quiet();
    let event = samples::warning();
    let url = format!("{}/api/42/store/?sentry_key=q&sentry_version=7", sink.data);
    let answer = sink.post_to(&url, &[], event.to_string().as_bytes()).unwrap();
    assert_eq!((answer.status, &answer.json()["id"]), (200, &event["event_id"]));
    let about = &sink.events()[0]["_envelope"];
    assert_eq!((&about["project"], &about["auth"]["sentry_key"]), (&"42".into(), &"q".into()));
}

#[test]
fn items_are_listed_by_type() {
    let sink = Sink::quiet();
    assert_eq!(sink.post(&samples::after_a_storm()).status, 200);
    let of = |ty: &str| sink.get(&format!("/_sink/items?type={ty}")).json();
    assert_eq!(of("faultwire_counts")[0]["payload"]["count"], 9900);
    assert_eq!(of("client_report")[0]["payload"]["discarded_events"][0]["quantity"], 12);
    assert_eq!(of("event"), json!([]));
    assert_eq!(sink.get("/_sink/items").json().as_array().unwrap().len(), 2);
}

#[test]
fn connections_are_numbered() {
    let sink = Sink::quiet();
    let kept = agent(Duration::from_secs(5));
    for _ in 0..3 {
        post(&kept, &sink.envelope_url(), &[], &samples::event(&samples::smallest("a"))).unwrap();
    }
    post(&agent(Duration::from_secs(5)), &sink.envelope_url(), &[], &samples::event(&samples::smallest("b"))).unwrap();
    let connections: Vec<_> = sink.requests().iter().map(|r| r["connection"].as_u64().unwrap()).collect();
    assert_eq!(connections, [1, 1, 1, 2], "kept alive, then another client");
}

#[test]
fn waiting_ends_when_enough_is_there() {
    let sink = Sink::quiet();
    let url = sink.envelope_url();
    let sender = std::thread::spawn(move || {
        for n in 0..3 {
            post(&agent(Duration::from_secs(5)), &url, &[], &samples::event(&samples::smallest(&n.to_string())))
                .unwrap();
        }
    });
    let answer = sink.get("/_sink/wait?events=3&timeout_s=10");
    assert_eq!((answer.status, &answer.json()["events"]), (200, &3.into()));
    sender.join().unwrap();
    assert_eq!(sink.get("/_sink/wait?requests=3&timeout_s=0").status, 200);
    assert_eq!(sink.get("/_sink/wait?items=1&type=client_report&timeout_s=0").status, 408);
}

#[test]
fn waiting_in_vain_ends_in_time_with_the_numbers() {
    let sink = Sink::quiet();
    sink.post(&samples::event(&samples::smallest("one")));
    let start = Instant::now();
    let answer = sink.get("/_sink/wait?events=2&timeout_s=0.2");
    assert_eq!((answer.status, &answer.json()["events"]), (408, &1.into()));
    assert!(start.elapsed() >= Duration::from_millis(200) && start.elapsed() < Duration::from_secs(5));
    for (query, field) in [("", "events"), ("events=x", "events"), ("events=1&timeout_s=-1", "timeout_s")] {
        let answer = sink.get(&format!("/_sink/wait?{query}"));
        assert_eq!((answer.status, &answer.json()["field"]), (400, &field.into()), "{query}");
    }
}

#[test]
fn a_repeated_event_counts_twice_and_is_one() {
    let sink = Sink::quiet();
    let body = samples::event(&samples::smallest("again"));
    sink.post(&body);
    sink.post(&body);
    let stats = sink.stats();
    assert_eq!((&stats["events"], &stats["distinct_events"]), (&2.into(), &1.into()));
}

#[test]
fn a_reset_forgets_everything_even_what_is_under_way() {
    let sink = Sink::quiet();
    sink.mode(r#"{"mode":"ok","delay_ms":500}"#);
    let url = sink.envelope_url();
    let send = move || {
        let body = samples::event(&samples::smallest("under way"));
        post(&agent(Duration::from_secs(2)), &url, &[], &body).map(|answer| answer.status).ok()
    };
    let late = std::thread::spawn(send.clone());
    assert_eq!(sink.get("/_sink/wait?requests=1&timeout_s=5").status, 200);
    let stats = sink.order("/_sink/reset", "").json();
    assert_eq!((&stats["requests"], &stats["events"]), (&0.into(), &0.into()));
    assert!(sink.get("/_sink/raw").body.is_empty());
    assert_eq!((&stats["mode"]["mode"], &stats["mode"]["delay_ms"]), (&"ok".into(), &0.into()));
    // The next request takes the number of the one that is still to be answered.
    sink.mode(r#"{"mode":"stall"}"#);
    let stalled = std::thread::spawn(send);
    assert_eq!(sink.get("/_sink/wait?requests=1&timeout_s=5").status, 200);
    assert_eq!(late.join().unwrap(), Some(200));
    assert_eq!(sink.requests()[0]["status"], Value::Null, "the late answer is nobody else's");
    assert!(sink.events().is_empty());
    assert_eq!(stalled.join().unwrap(), None);
}

#[test]
fn a_page_from_elsewhere_reads_nothing() {
    let sink = Sink::quiet();
    let agent = agent(Duration::from_secs(5));
    for (name, value) in [("host", "rebound.example"), ("origin", "https://evil.example")] {
        for base in [&sink.control, &sink.data] {
            let answer = agent.get(format!("{base}/")).header(name, value).call().unwrap();
            assert_eq!(answer.status(), 403, "{name} {base}");
        }
    }
}

#[test]
fn unknown_paths_and_methods_are_named() {
    let sink = Sink::quiet();
    assert_eq!(sink.get("/_sink/event").status, 404);
    assert_eq!(sink.get("/_sink/quit").status, 405);
    assert_eq!(sink.order("/_sink/events", "").status, 405);
    let elsewhere = sink.post_to(&format!("{}/api/1/minidump/", sink.data), &[], b"x").unwrap();
    assert_eq!(elsewhere.status, 404);
    let kept: &Value = &sink.requests()[0]["error"];
    assert_eq!(kept["field"], "path");
}
