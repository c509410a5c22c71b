//! E-mail over SMTP.

use serde_json::json;

use crate::smtp::{MailServer, unquoted};
use crate::world::{PROJECT, World};

fn world(server: &MailServer) -> World {
    let url = format!("smtp://127.0.0.1:{}", server.port);
    let flags = ["--smtp-url", &url, "--smtp-from", "Faultwire <alerts@example.com>"];
    World::start(&flags)
}

/// Text and HTML, both with what strangers wrote as text; a header is a line.
#[test]
fn a_mail_is_escaped() {
    let server = MailServer::start();
    let world = world(&server);
    world.channel(json!({ "kind": "email", "to": ["ops@example.com", "dev@example.com"] }));
    let value = "<script>alert('1')</script> \u{1b}\u{202e}& more\r\n.\r\nBcc: victim@example.com";
    let exception = json!({ "values": [{ "type": "Evil", "value": value }] });
    let place = json!({ "environment": "<u>prod", "release": "<s>app@1" });
    let mut more = json!({ "exception": exception, "transaction": "a\r\nBcc: b \"<i>" });
    more.as_object_mut().unwrap().extend(place.as_object().unwrap().clone());
    world.fails("Evil", more);
    let mail = server.wait(|mails| mails.len() == 1).remove(0);
    assert_eq!(mail.from, "alerts@example.com");
    assert_eq!(mail.to, ["ops@example.com", "dev@example.com"]);
    assert_eq!((mail.header("Bcc").as_str(), mail.header("Auto-Submitted").as_str()), ("", "auto-generated"));
    assert_eq!(mail.header("Subject"), "[Faultwire] New issue: Evil: <script>alert('1')</script> & more");
    assert!(mail.header("Content-Type").starts_with("multipart/alternative"));
    let (text, html) = mail.data.split_once("text/html").unwrap();
    let (_, html) = html.split_once("\r\n\r\n").unwrap();
    let html = unquoted(html.split("\r\n--").next().unwrap());
    assert!(text.contains("https://f.example/projects/1/issues/1"));
    assert!(html.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; more"), "{html}");
    assert!(["<script>", "<i>", "<u>", "<s>"].iter().all(|markup| !html.contains(markup)), "{html}");
    assert!(html.contains("&lt;u&gt;prod, &lt;s&gt;app@1"), "{html}");
    let (_, text) = text.split_once("text/plain").unwrap().1.split_once("\r\n\r\n").unwrap();
    let text = unquoted(text.split("\r\n--").next().unwrap());
    assert!(text.contains("Evil") && !text.contains(['\u{1b}', '\u{202e}']), "{text}");
    assert!(server.faults.lock().unwrap().is_empty(), "{:?}", server.faults);
}

/// Through an outage: the mail comes again with the same Message-ID, and is accepted once.
#[test]
fn none_is_lost() {
    let server = MailServer::start();
    let world = world(&server);
    let channel = world.channel(json!({ "kind": "email", "to": ["ops@example.com"] }));
    server.answers("451 try later");
    world.fails("First", json!({}));
    server.wait(|mails| mails.len() == 1);
    server.answers("");
    server.wait(|mails| mails.len() == 2);
    server.answers("250 queued as 42");
    let mails = server.wait(|mails| mails.len() == 3);
    let ids: Vec<String> = mails.iter().map(|mail| mail.header("Message-ID")).collect();
    assert!(ids[0].ends_with("@example.com>") && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let log = world.settled(1);
    assert_eq!((log[0]["state"].as_str(), log[0]["attempts"].as_u64()), (Some("sent"), Some(3)));
    assert!(ids[0].contains(log[0]["id"].as_str().unwrap()));
    assert!(log[0]["note"].as_str().unwrap().contains("queued as 42"), "{log:?}");
    server.answers("550 no such user");
    let tried = world.post(&format!("{PROJECT}/channels/{channel}/test"), json!({}));
    assert!(tried["state"] == "failed" && tried["note"].as_str().unwrap().contains("550"), "{tried}");
}
