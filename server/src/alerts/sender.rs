//! A message, in the words of its channel, to where that is.

use std::sync::Arc;

use lettre::message::Mailbox;

use super::allow::Allow;
use super::channel::{Channel, Kind, Secrets};
use super::email::{Mailer, Smtp};
use super::http::Http;
use super::texts::Letter;
use super::vault::Vault;
use super::{Content, pagerduty, slack, webhook};
use crate::clock;

/// What came of an attempt, and what was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The other side has it.
    Accepted(String),
    /// Not now; milliseconds to wait, if the other side said.
    Later(String, Option<i64>),
    /// Not ever.
    Refused(String),
}

/// Sends messages; what it needs to for all channels.
pub struct Sender {
    http: Http,
    mailer: Option<Mailer>,
    vault: Arc<Vault>,
    public_url: String,
    instance: String,
}

impl Sender {
    /// One of the server `instance` at `public_url`, that goes to public addresses and those `allowed`, and has mail if
    /// there are settings for it.
    pub fn new(
        allowed: Vec<Allow>,
        smtp: Option<(&Smtp, &Mailbox)>,
        vault: Arc<Vault>,
        public_url: &str,
        instance: String,
    ) -> Self {
        let mailer = smtp.and_then(|(smtp, from)| Mailer::new(smtp, from));
        Sender { http: Http::new(allowed), mailer, vault, public_url: public_url.to_owned(), instance }
    }

    /// Sends a message, and waits for what comes of it: up to some ten seconds.
    pub fn send(&self, channel: &Channel, id: &str, content: Content) -> Outcome {
        let Some(secrets) = channel.unseal(&self.vault) else {
            return Outcome::Refused("its secrets cannot be read with this server's key; set them again".to_owned());
        };
        let (public_url, instance) = (self.public_url.clone(), self.instance.clone());
        let letter = Letter { id: id.to_owned(), content, public_url, instance };
        let outcome = self.speak(channel, &secrets, &letter);
        without(outcome, &secrets)
    }

    fn speak(&self, channel: &Channel, secrets: &Secrets, letter: &Letter) -> Outcome {
        let missing = || Outcome::Refused("the channel is not complete".to_owned());
        match channel.kind {
            Kind::Email => match &self.mailer {
                Some(mailer) => mailer.send(letter, &channel.config.to),
                None => Outcome::Later("the server has no smtp_url and smtp_from".to_owned(), None),
            },
            Kind::Slack => match &secrets.url {
                Some(url) => self.http.send(&slack::post(letter, url)),
                None => missing(),
            },
            Kind::Webhook => match (&secrets.url, &secrets.secret) {
                (Some(url), Some(secret)) => self.http.send(&webhook::post(letter, url, secret, clock::now())),
                _ => missing(),
            },
            Kind::Pagerduty => match (&secrets.routing_key, letter.content.alerts.first()) {
                (Some(key), Some(alert)) => {
                    let base = channel.config.base_url.as_deref().unwrap_or(pagerduty::BASE_URL);
                    self.http.send(&pagerduty::post(letter, alert, base, key))
                }
                _ => missing(),
            },
        }
    }
}

/// What the other side said may repeat what it was sent.
fn without(outcome: Outcome, secrets: &Secrets) -> Outcome {
    let secret = [&secrets.url, &secrets.routing_key, &secrets.secret];
    let clean = |note: String| {
        secret.iter().filter_map(|secret| secret.as_deref()).fold(note, |note, secret| note.replace(secret, "[secret]"))
    };
    match outcome {
        Outcome::Accepted(note) => Outcome::Accepted(clean(note)),
        Outcome::Later(note, wait) => Outcome::Later(clean(note), wait),
        Outcome::Refused(note) => Outcome::Refused(clean(note)),
    }
}
