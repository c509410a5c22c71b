//! Channels: where messages go. What they may be sent with is sealed, and never shown again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ureq::http::Uri;

use super::vault::Vault;
use crate::ProjectId;

/// A channel's number. Never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct ChannelId(pub i64);

/// What a channel speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ChannelKind")]
pub enum Kind {
    /// Slack's incoming webhooks.
    Slack,
    /// E-mail, by the server's SMTP settings.
    Email,
    /// PagerDuty's Events API v2.
    Pagerduty,
    /// A signed request to any address.
    Webhook,
}

impl Kind {
    /// Whether several alerts go in one message. PagerDuty groups by issue itself.
    pub fn digests(self) -> bool {
        self != Kind::Pagerduty
    }

    /// The name that the API has for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Slack => "slack",
            Kind::Email => "email",
            Kind::Pagerduty => "pagerduty",
            Kind::Webhook => "webhook",
        }
    }

    /// Fields that a channel of this kind has, and whether it needs them.
    fn fields(self) -> &'static [(&'static str, bool)] {
        match self {
            Kind::Slack => &[("url", true)],
            Kind::Email => &[("to", true)],
            Kind::Pagerduty => &[("routing_key", true), ("base_url", false)],
            Kind::Webhook => &[("url", true), ("secret", true)],
        }
    }
}

/// A channel of a project.
#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    /// Its number.
    pub id: ChannelId,
    /// Whose it is.
    pub project: ProjectId,
    /// Its name for people.
    pub name: String,
    /// What it speaks.
    pub kind: Kind,
    /// Whether messages go there.
    pub enabled: bool,
    /// What may be shown.
    pub config: Config,
    /// [`Secrets`], sealed.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created: i64,
    /// It is gone; only its log is left.
    pub deleted: bool,
}

/// What of a channel may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ChannelConfig")]
pub struct Config {
    /// E-mail: to whom.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
    /// PagerDuty: where its API is, if not where everyone's is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// The host of the secret address, so that people tell channels apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

/// What only the sender sees. No `Debug`: it would end in a log.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Secrets {
    /// Slack and webhook: the address; who knows it may post.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// PagerDuty: the integration's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routing_key: Option<String>,
    /// Webhook: what requests are signed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// What someone wants a channel to be; what is absent stays as it is.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Its name.
    pub name: Option<String>,
    /// What it speaks: said once, when it is made.
    pub kind: Option<Kind>,
    /// Whether messages go there; by default they do.
    pub enabled: Option<bool>,
    /// See [`Config`].
    pub to: Option<Vec<String>>,
    /// See [`Config`].
    pub base_url: Option<String>,
    /// See [`Secrets`].
    pub url: Option<String>,
    /// See [`Secrets`].
    pub routing_key: Option<String>,
    /// See [`Secrets`].
    pub secret: Option<String>,
}

/// Addresses of one e-mail channel.
const MAX_TO: usize = 50;
const MAX_URL: usize = 2000;
/// Shorter ones can be guessed from one signed request.
const MIN_SECRET: usize = 16;
const MAX_SECRET: usize = 200;

/// The host of an address that messages may be sent to.
///
/// # Errors
/// When it is no such address.
pub fn host_of(url: &str) -> Result<String, &'static str> {
    let wrong = "expected http:// or https://, a host, and no user or password";
    let uri: Uri = url.parse().map_err(|_| wrong)?;
    let is_http = uri.scheme_str().is_some_and(|scheme| scheme == "http" || scheme == "https");
    let authority = uri.authority().filter(|authority| is_http && !authority.as_str().contains('@')).ok_or(wrong)?;
    if url.len() > MAX_URL || authority.host().is_empty() {
        return Err(wrong);
    }
    Ok(authority.host().to_owned())
}

impl Wanted {
    /// Puts what is wanted into a channel and its secrets.
    ///
    /// # Errors
    /// What is wrong, with its field.
    pub fn put(self, channel: &mut Channel, secrets: &mut Secrets) -> Result<(), String> {
        let fields = channel.kind.fields();
        let given = [
            ("to", self.to.is_some()),
            ("base_url", self.base_url.is_some()),
            ("url", self.url.is_some()),
            ("routing_key", self.routing_key.is_some()),
            ("secret", self.secret.is_some()),
        ];
        for (field, _) in given.iter().filter(|(_, is_given)| *is_given) {
            if !fields.iter().any(|(known, _)| known == field) {
                return Err(format!("{field}: a channel of the kind {} has none", channel.kind.as_str()));
            }
        }
        if let Some(name) = self.name {
            if name.trim().is_empty() || name.chars().count() > 100 {
                return Err("name: expected 1 to 100 characters".to_owned());
            }
            channel.name = name;
        }
        channel.enabled = self.enabled.unwrap_or(channel.enabled);
        if let Some(to) = self.to {
            if to.is_empty() || to.len() > MAX_TO {
                return Err(format!("to: expected 1 to {MAX_TO} addresses"));
            }
            if let Some(wrong) = to.iter().find(|address| address.parse::<lettre::Address>().is_err()) {
                return Err(format!("to: expected addresses such as someone@example.com, got {wrong:?}"));
            }
            channel.config.to = to;
        }
        if let Some(url) = self.base_url {
            host_of(&url).map_err(|wrong| format!("base_url: {wrong}"))?;
            channel.config.base_url = Some(url.trim_end_matches('/').to_owned());
        }
        if let Some(url) = self.url {
            channel.config.host = Some(host_of(&url).map_err(|wrong| format!("url: {wrong}"))?);
            secrets.url = Some(url);
        }
        if let Some(key) = self.routing_key {
            if key.is_empty() || key.len() > MAX_SECRET || !key.chars().all(|c| c.is_ascii_alphanumeric()) {
                return Err("routing_key: expected letters and digits, as PagerDuty shows it".to_owned());
            }
            secrets.routing_key = Some(key);
        }
        if let Some(secret) = self.secret {
            if secret.len() < MIN_SECRET || secret.len() > MAX_SECRET {
                return Err(format!("secret: expected {MIN_SECRET} to {MAX_SECRET} bytes"));
            }
            secrets.secret = Some(secret);
        }
        let has = |field: &str| match field {
            "to" => !channel.config.to.is_empty(),
            "url" => secrets.url.is_some(),
            "routing_key" => secrets.routing_key.is_some(),
            "secret" => secrets.secret.is_some(),
            _ => channel.config.base_url.is_some(),
        };
        match fields.iter().find(|(field, is_needed)| *is_needed && !has(field)) {
            Some((missing, _)) => Err(format!("{missing}: a channel of the kind {} needs it", channel.kind.as_str())),
            None => Ok(()),
        }
    }
}

impl Channel {
    fn owner(&self) -> String {
        format!("channel {}", self.id.0)
    }

    /// Seals what it is sent with.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn seal(&mut self, vault: &Vault, secrets: &Secrets) -> anyhow::Result<()> {
        self.sealed = vault.seal(&self.owner(), &serde_json::to_vec(secrets)?)?;
        Ok(())
    }

    /// What it is sent with; `None` if the key is another one since.
    pub fn unseal(&self, vault: &Vault) -> Option<Secrets> {
        serde_json::from_slice(&vault.unseal(&self.owner(), &self.sealed)?).ok()
    }

    /// What the API shows: of secrets, only whether they are set.
    pub fn shown(&self, vault: &Vault) -> Shown {
        let secrets = self.unseal(vault);
        let state = |of: fn(&Secrets) -> &Option<String>| match &secrets {
            None => Secrecy::Unreadable,
            Some(secrets) if of(secrets).is_some() => Secrecy::Set,
            Some(_) => Secrecy::Unset,
        };
        let has = |field| self.kind.fields().iter().any(|(known, _)| *known == field);
        Shown {
            id: self.id,
            project: self.project,
            name: self.name.clone(),
            kind: self.kind,
            enabled: self.enabled,
            created: self.created,
            config: self.config.clone(),
            secrets: ShownSecrets {
                url: has("url").then(|| state(|s| &s.url)),
                routing_key: has("routing_key").then(|| state(|s| &s.routing_key)),
                secret: has("secret").then(|| state(|s| &s.secret)),
            },
            usable: secrets.is_some(),
        }
    }
}

/// A channel as people see it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "Channel")]
pub struct Shown {
    /// Its number.
    pub id: ChannelId,
    /// Whose it is.
    pub project: ProjectId,
    /// Its name.
    pub name: String,
    /// What it speaks.
    pub kind: Kind,
    /// Whether messages go there.
    pub enabled: bool,
    /// When it was made.
    pub created: i64,
    /// What may be shown.
    pub config: Config,
    /// Of what may not, whether it is there.
    pub secrets: ShownSecrets,
    /// Whether what it is sent with can be read.
    pub usable: bool,
}

/// Secrets of a channel, those that its kind has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ChannelSecrets")]
pub struct ShownSecrets {
    /// Slack and webhook: the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<Secrecy>,
    /// PagerDuty: the integration's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routing_key: Option<Secrecy>,
    /// Webhook: what requests are signed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secrecy>,
}

/// What is told of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Secrecy {
    /// It is there.
    Set,
    /// It is not.
    Unset,
    /// The key that it was sealed with is another since: set all of them again.
    Unreadable,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn channel(kind: Kind) -> Channel {
        let (config, sealed) = (Config::default(), Vec::new());
        let (id, project, name) = (ChannelId(3), ProjectId(1), "ops".to_owned());
        Channel { id, project, name, kind, enabled: true, config, sealed, created: 0, deleted: false }
    }

    fn put(kind: Kind, wanted: Value) -> Result<Channel, String> {
        let mut channel = channel(kind);
        let wanted: Wanted = serde_json::from_value(wanted).map_err(|e| e.to_string())?;
        wanted.put(&mut channel, &mut Secrets::default()).map(|()| channel)
    }

    /// Every field, right and wrong; the message begins with its name.
    #[test]
    fn fields() {
        let good = [
            (Kind::Slack, json!({ "url": "https://hooks.slack.com/services/T/B/x" })),
            (Kind::Email, json!({ "to": ["a@example.com"], "name": "mail" })),
            (Kind::Pagerduty, json!({ "routing_key": "abc123", "base_url": "https://events.eu.pagerduty.com/" })),
            (Kind::Webhook, json!({ "url": "http://h:8080/x?y", "secret": "0123456789abcdef" })),
        ];
        for (kind, wanted) in good {
            put(kind, wanted.clone()).unwrap_or_else(|error| panic!("{wanted}: {error}"));
        }
        let bad = [
            (Kind::Slack, json!({}), "url: a channel"),
            (Kind::Slack, json!({ "url": "ftp://host" }), "url: expected"),
            (Kind::Slack, json!({ "url": "https://user:pw@host/" }), "url: expected"),
            (Kind::Slack, json!({ "url": "https:///x" }), "url: expected"),
            (Kind::Slack, json!({ "url": "https://h", "to": ["a@b.c"] }), "to: a channel"),
            (Kind::Email, json!({ "to": [] }), "to: expected"),
            (Kind::Email, json!({ "to": ["a@b.c\r\nBcc: x@y.z"] }), "to: expected"),
            (Kind::Pagerduty, json!({ "routing_key": "a b" }), "routing_key: expected"),
            (Kind::Pagerduty, json!({ "routing_key": "a", "base_url": "x" }), "base_url: expected"),
            (Kind::Webhook, json!({ "url": "http://h" }), "secret: a channel"),
            (Kind::Webhook, json!({ "url": "http://h", "secret": "short" }), "secret: expected"),
            (Kind::Webhook, json!({ "name": " " }), "name: expected"),
            (Kind::Webhook, json!({ "other": 1 }), "unknown field"),
        ];
        for (kind, wanted, message) in bad {
            let error = put(kind, wanted.clone()).unwrap_err();
            assert!(error.starts_with(message), "{wanted}: {error}");
        }
    }

    #[test]
    fn secrets_are_shown_as_set_and_lost_with_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let vault = |name: &str| Vault::open(&folder.path().join(name)).unwrap();
        let (ours, other) = (vault("a.key"), vault("b.key"));
        let mut channel = channel(Kind::Webhook);
        let secrets = Secrets { url: Some("https://h/xyzzy".into()), ..Secrets::default() };
        channel.seal(&ours, &secrets).unwrap();
        let shown = json!(channel.shown(&ours));
        assert_eq!(shown["secrets"], json!({ "url": "set", "secret": "unset" }));
        assert!(!shown.to_string().contains("xyzzy"));
        assert_eq!(json!(channel.shown(&other))["secrets"], json!({ "url": "unreadable", "secret": "unreadable" }));
        assert!(channel.unseal(&ours) == Some(secrets) && channel.unseal(&other).is_none());
    }
}
