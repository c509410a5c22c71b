//! PagerDuty's Events API v2: an incident an issue, resolved with it.

use faultwire::protocol::Timestamp;
use serde_json::{Map, Value, json};

use super::alert::{Alert, What};
use super::http::Post;
use super::texts::{Letter, line};
use crate::issues::Severity;

/// Where everyone's API is.
pub const BASE_URL: &str = "https://events.pagerduty.com";
/// Characters of a summary.
const SUMMARY: usize = 1024;

/// What PagerDuty knows an issue by, also when the server has moved. Two servers with one key are kept apart.
fn dedup_key(letter: &Letter, alert: &Alert) -> String {
    match alert.event {
        // Of no issue; each cause by itself.
        What::Server => format!("faultwire:{}:{}", letter.instance, alert.kind),
        _ => format!("faultwire:{}:{}", letter.instance, alert.issue.0),
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::High => "error",
        Severity::Medium | Severity::Low => "warning",
        Severity::Info => "info",
    }
}

/// The request for the one alert of a letter.
pub fn post(letter: &Letter, alert: &Alert, base_url: &str, routing_key: &str) -> Post {
    let action = if alert.event == What::Resolved { "resolve" } else { "trigger" };
    let mut body = Map::new();
    body.insert("routing_key".into(), routing_key.into());
    body.insert("event_action".into(), action.into());
    body.insert("dedup_key".into(), dedup_key(letter, alert).into());
    if action == "trigger" {
        body.insert("payload".into(), payload(letter, alert));
        body.insert("client".into(), "Faultwire".into());
        let link = letter.link(alert);
        if !link.is_empty() {
            body.insert("client_url".into(), link.into());
        }
    }
    Post::json(&format!("{base_url}/v2/enqueue"), &letter.id, &Value::Object(body))
}

fn payload(letter: &Letter, alert: &Alert) -> Value {
    let summary: String = format!("{}: {}", alert.headline(), line(&alert.title)).chars().take(SUMMARY).collect();
    let time = serde_json::to_value(Timestamp(alert.time.saturating_mul(1000))).unwrap_or_default();
    json!({
        "summary": summary,
        "source": letter.public_url,
        "severity": severity(alert.severity),
        "timestamp": time,
        "component": line(&alert.culprit),
        "group": line(&alert.environment),
        "class": line(&alert.kind),
        "custom_details": {
            "message": letter.id, "event": alert.event, "level": alert.level, "release": alert.release,
            "occurrences": alert.count, "event_id": alert.event_id, "detail": alert.detail,
        },
    })
}
