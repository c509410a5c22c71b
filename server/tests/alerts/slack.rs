//! Slack's incoming webhooks.

use serde_json::json;

use crate::http::Receiver;
use crate::world::World;

/// What strangers wrote is text: no mention, no link, no new line of its own.
#[test]
fn a_message_is_escaped() {
    let (world, receiver) = (World::start(&["--public-url", "https://faults.example.com/base"]), Receiver::start());
    world.channel(json!({ "kind": "slack", "url": receiver.url("/services/T/B/x") }));
    let exception = json!({ "values": [{ "type": "Evil", "value": "<!channel> & <https://evil.example|click>" }] });
    world.fails("Evil", json!({ "exception": exception, "environment": "pro<d>", "transaction": "<@U123>" }));
    let request = receiver.accepted(1).remove(0);
    assert_eq!(request.line, "POST /services/T/B/x HTTP/1.1");
    assert_eq!(request.header("Content-Type"), "application/json");
    let body = request.json();
    let text = body["blocks"][0]["text"]["text"].as_str().unwrap();
    assert_eq!(body["blocks"][0]["text"]["verbatim"], true);
    let link = format!("*<https://faults.example.com/base/projects/1/issues/{}|New issue>*\n", world.issue("Evil"));
    assert!(text.starts_with(&link), "{text}");
    assert!(text.contains("Evil: &lt;!channel&gt; &amp; &lt;https://evil.example|click&gt;"), "{text}");
    assert!(text.contains("&lt;@U123&gt;") && text.contains("pro&lt;d&gt;"), "{text}");
    assert!(body["text"].as_str().unwrap().starts_with("New issue: Evil: &lt;!channel&gt;"), "{body}");
    let footer = body["blocks"].as_array().unwrap().last().unwrap()["elements"][0]["text"].as_str().unwrap();
    assert!(footer.ends_with(&request.id()), "{footer}");
}
