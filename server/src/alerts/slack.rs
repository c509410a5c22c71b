//! Slack's incoming webhooks: blocks, and the same as plain text for notifications.

use serde_json::{Value, json};

use super::alert::Alert;
use super::http::Post;
use super::texts::{Letter, place, slack};

/// A section holds 3000 characters, a message 50 blocks. A title and a culprit have 200 each, which escaping makes five
/// times as long at worst.
pub fn post(letter: &Letter, url: &str) -> Post {
    let mut blocks: Vec<Value> = letter.content.alerts.iter().map(|alert| section(letter, alert)).collect();
    if letter.more() > 0 {
        blocks.push(text_block(&format!("and {} more", letter.more())));
    }
    // A repeat shows by it.
    let footer = json!({ "type": "plain_text", "text": format!("Faultwire, message {}", letter.id) });
    blocks.push(json!({ "type": "context", "elements": [footer] }));
    let body = json!({ "text": slack(&letter.subject()), "blocks": blocks });
    Post::json(url, &letter.id, &body)
}

fn section(letter: &Letter, alert: &Alert) -> Value {
    let (headline, link) = (slack(&alert.headline()), letter.link(alert));
    let headline = if link.is_empty() { headline } else { format!("<{link}|{headline}>") };
    let place = [place(alert), alert.level.to_string()].join(", ");
    let lines = [format!("*{headline}*"), slack(&alert.title), slack(&alert.culprit), slack(&place)];
    text_block(&lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n"))
}

fn text_block(text: &str) -> Value {
    // Verbatim: Slack makes no links and mentions of what only looks like them.
    json!({ "type": "section", "text": { "type": "mrkdwn", "verbatim": true, "text": text } })
}
