//! Texts of events are written by strangers. Here they are made harmless for the place they go to.

use super::alert::Alert;
use super::outbox::Content;
use crate::IssueId;
use crate::ProjectId;

/// A message in no one's words yet.
#[derive(Debug, Clone)]
pub struct Letter {
    /// The same each time it is sent.
    pub id: String,
    /// What it tells, the first of it.
    pub content: Content,
    /// The address of this server, without a slash at its end.
    pub public_url: String,
    /// What tells this server from all others, wherever it moves.
    pub instance: String,
}

impl Letter {
    /// Alerts that are only counted.
    pub fn more(&self) -> usize {
        self.content.total.saturating_sub(self.content.alerts.len())
    }

    /// It in a line.
    pub fn subject(&self) -> String {
        match self.content.alerts.as_slice() {
            [only] if self.content.total <= 1 => format!("{}: {}", only.headline(), line(&only.title)),
            _ => format!("{} alerts", self.content.total),
        }
    }

    /// Where people read on; empty for a test.
    pub fn link(&self, alert: &Alert) -> String {
        link(&self.public_url, alert.project, alert.issue)
    }
}

/// Where people see an issue; empty for none.
pub fn link(public_url: &str, project: ProjectId, issue: IssueId) -> String {
    match issue {
        IssueId(0) => String::new(),
        IssueId(issue) => format!("{public_url}/projects/{}/issues/{issue}", project.0),
    }
}

/// Characters of an environment or a release: what Slack finds too long it refuses, and with it the message.
const NAME: usize = 50;

/// Where it happened, in a line.
pub fn place(alert: &Alert) -> String {
    let release = alert.release.as_deref().unwrap_or_default();
    let parts = [alert.environment.as_str(), release].into_iter().filter(|part| !part.is_empty());
    parts.map(|part| line(part).chars().take(NAME).collect::<String>()).collect::<Vec<_>>().join(", ")
}

/// One line without what steers terminals, mail headers or the direction of text.
pub fn line(text: &str) -> String {
    let is_steering = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    let spaced: String = text.chars().map(|c| if is_steering(c) { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// For Slack: what would be a link, a mention or a command is text.
pub fn slack(text: &str) -> String {
    line(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// For HTML, in text and in attributes.
pub fn html(text: &str) -> String {
    slack(text).replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worst that an event can make of a section of Slack's still fits into it.
    #[test]
    fn a_section_fits() {
        let worst = "&".repeat(10_000);
        let mut alert = Alert::test(ProjectId(u32::MAX), 0);
        alert.issue = IssueId(i64::MAX);
        alert.title = worst.chars().take(201).collect();
        (alert.culprit, alert.environment, alert.release) = (alert.title.clone(), worst.clone(), Some(worst));
        let content = Content { alerts: vec![alert; 20], total: 1000 };
        let public_url = format!("https://{}", "a".repeat(253));
        let letter = Letter { id: "0".repeat(32), content, public_url, instance: String::new() };
        let body: serde_json::Value =
            serde_json::from_slice(&super::super::slack::post(&letter, "https://h").body).unwrap();
        let blocks = body["blocks"].as_array().unwrap();
        assert!(blocks.len() <= 50);
        let longest = blocks.iter().filter_map(|block| block["text"]["text"].as_str()).map(|text| text.chars().count());
        assert!((1..=3000).contains(&longest.max().unwrap()));
    }

    #[test]
    fn nothing_of_a_stranger_is_markup() {
        assert_eq!(line("a\r\nBcc: x\u{202e}y\u{0}  z"), "a Bcc: x y z");
        assert_eq!(slack("<!channel> & <https://x|y>"), "&lt;!channel&gt; &amp; &lt;https://x|y&gt;");
        assert_eq!(html("\"'<b>&amp;"), "&quot;&#39;&lt;b&gt;&amp;amp;");
    }
}
