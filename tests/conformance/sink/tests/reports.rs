//! Both reports show what matters, and nothing an event brings gets out of its place.

mod support;

use faultwire::protocol::Value;
use support::{Sink, gzip, samples};

#[test]
fn the_page_shows_an_event_as_engineers_read_it() {
    let sink = Sink::quiet();
    sink.post_with(&[("content-encoding", "gzip")], &gzip(&samples::event(&samples::checkout()))).unwrap();
    sink.post(&samples::after_a_storm());
    let answer = sink.get("/");
    assert_eq!(answer.headers.get("content-type").unwrap(), "text/html; charset=utf-8");
    let page = answer.text();
    for expected in [
        "<h2>PaymentFailed</h2>",
        "POST /carts/{cart}/checkout",
        "shop@4.12.1",
        "production",
        "<details class=frame open><summary><code class=function>pay</code>",
        "<tr class=hit><td>34</td>",
        "<dt>attempts</dt><dd>3</dd>",
        "3 library calls",
        "caused by",
        "utm_source=mail",
        "<mark>[Filtered:card]</mark>",
        "checkout · form.card",
        "<b>3fa94c12be07</b>",
        "+9\u{202f}900 folded",
        "retry 3 of 3 gave up",
        "faultwire.python 0.1.0",
        "max_request_body_size cut; was 18\u{202f}220 long",
        "12 error: queue_overflow",
    ] {
        assert!(page.contains(expected), "{expected}");
    }
    let on_data_port = sink.post_to(&sink.data, &[], b"").unwrap();
    assert_eq!(on_data_port.status, 404, "only GET is the page");
}

#[test]
fn a_count_that_is_delivered_twice_counts_once() {
    let sink = Sink::quiet();
    sink.post(&samples::event(&samples::checkout()));
    let retried = samples::after_a_storm();
    sink.post(&retried);
    sink.post(&retried);
    assert!(sink.get("/").text().contains("+9\u{202f}900 folded"));
    sink.post(&samples::after_a_storm());
    assert!(sink.get("/").text().contains("+19\u{202f}800 folded"), "another one adds");
}

#[test]
fn reports_come_as_texts_as_wide_as_asked() {
    let sink = Sink::quiet();
    let checkout = samples::checkout();
    sink.post(&samples::event(&checkout));
    let reports = |query: &str| sink.get(&format!("/_sink/reports{query}")).json();
    let (usual, narrow) = (reports(""), reports("?width=50"));
    assert_eq!(usual[0]["event_id"], checkout["event_id"]);
    for report in [&usual, &narrow] {
        let text = report[0]["text"].as_str().unwrap();
        assert!(
            text.contains("PaymentFailed") && text.contains("[Filtered:card]") && !text.contains('\u{1b}'),
            "{text}"
        );
    }
    let widest = |report: &Value| report[0]["text"].as_str().unwrap().lines().map(|l| l.chars().count()).max().unwrap();
    // A message may take two lines of the terminal.
    assert!(widest(&narrow) <= 102 && widest(&usual) > 102, "{} {}", widest(&narrow), widest(&usual));
    for width in ["39", "401", "-1", "x"] {
        let answer = sink.get(&format!("/_sink/reports?width={width}"));
        assert_eq!((answer.status, &answer.json()["field"]), (400, &"width".into()), "{width}");
    }
}

#[test]
fn nothing_in_an_event_becomes_markup() {
    let sink = Sink::quiet();
    assert_eq!(sink.post(&samples::event(&samples::hostile())).status, 200);
    sink.post(b"{}\n{\"type\":\"<script>\"\n");
    let answer = sink.get("/");
    let page = answer.text();
    for never in ["<script", "<img", "</title>&", "\u{1b}", "\u{202e}", "href=", "src=\""] {
        assert!(!page.contains(never), "{never:?}");
    }
    assert_eq!((page.matches("<style>").count(), page.matches("</style>").count()), (1, 1));
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    let policy = answer.headers.get("content-security-policy").unwrap().to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'"));
    for loaded in ["http://", "https://", "url(", "@import"] {
        let dsn_apart = page.replace(&sink.dsn, "");
        assert!(!dsn_apart.contains(loaded), "the page asks for nothing: {loaded}");
    }
}

#[test]
fn the_terminal_shows_a_block_for_each_event() {
    let sink = Sink::start(&[]);
    sink.post(&samples::after_a_storm());
    sink.post(&samples::event(&samples::checkout()));
    sink.post(b"nonsense");
    sink.post(&samples::event(&samples::hostile()));
    let printed = sink.printed();
    for expected in [
        "▌ error, unhandled PaymentFailed",
        "POST /carts/{cart}/checkout",
        "pay  shop/payments/__init__.py:34",
        "▶    34 │",
        "attempts  = 3",
        "caused by TimeoutError",
        "fingerprint 3fa94c12be07  ·  9\u{202f}900 more folded",
        "filtered 13 ",
        "⊕ folded 9\u{202f}900 more of 3fa94c12be07",
        "∅ report 12 error lost to queue_overflow",
        "✗ malformed 400 envelope header",
    ] {
        assert!(printed.contains(expected), "{expected}\n{printed}");
    }
    let controls: Vec<_> = printed.chars().filter(|c| c.is_control() && *c != '\n').collect();
    assert!(controls.is_empty(), "no escape sequence outside a terminal, none from an event: {controls:?}");
}

#[test]
fn a_reader_that_stops_reading_stops_nothing() {
    let sink = Sink::start(&[]);
    let body = samples::event(&samples::checkout());
    // Far more than a pipe and the queue before it hold, and nobody reads.
    for _ in 0..400 {
        assert_eq!(sink.post(&body).status, 200);
    }
    assert_eq!(sink.stats()["events"], 400);
}
