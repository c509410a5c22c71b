//! Every setting, once: its flag, its environment variable, its key in the settings file, default and help.
//!
//! A flag wins over the environment, that over the file, that over the default.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Arg, Args, Command};
use lettre::message::Mailbox;

use crate::address::Network;
use crate::alerts::{Allow, Smtp};

/// How the server runs.
#[derive(Debug, Clone, Args)]
pub struct Settings {
    /// Folder for everything the server keeps.
    #[arg(long, env = "FAULTWIRE_DATA_DIR", value_name = "FOLDER", default_value = "faultwire-data")]
    pub data_dir: PathBuf,

    /// Address to listen on. Others than loopback are for networks that you trust, or behind a proxy.
    #[arg(long, env = "FAULTWIRE_LISTEN", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8790")]
    pub listen: SocketAddr,

    /// The address under which clients and browsers reach the server, with a path if it has one. DSNs and links are
    /// made of it, and cookies are marked Secure if it is https. By default the address it listens on.
    #[arg(long, env = "FAULTWIRE_PUBLIC_URL", value_name = "URL", value_parser = public_url)]
    pub public_url: Option<String>,

    /// Certificates in PEM, the server's own first, then those up to a root: with them the server speaks https by itself.
    /// The file may be replaced while it runs.
    #[arg(long, env = "FAULTWIRE_TLS_CERTIFICATE", value_name = "FILE")]
    pub tls_certificate: Option<PathBuf>,

    /// The private key of that certificate, in PEM, without a password.
    #[arg(long, env = "FAULTWIRE_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,

    /// Proxies whose X-Forwarded-For is believed; addresses or networks, separated by commas.
    #[arg(long, env = "FAULTWIRE_TRUSTED_PROXIES", value_name = "ADDRESSES", value_delimiter = ',')]
    pub trusted_proxies: Vec<Network>,

    /// Largest event, in bytes, when decompressed.
    #[arg(long, env = "FAULTWIRE_MAX_EVENT_BYTES", value_name = "BYTES", default_value_t = 1 << 20, value_parser = clap::value_parser!(u64).range(1024..=2 << 20))]
    pub max_event_bytes: u64,

    /// Largest request, in bytes, as it comes in and when decompressed: attachments count, though they are dropped.
    #[arg(long, env = "FAULTWIRE_MAX_REQUEST_BYTES", value_name = "BYTES", default_value_t = 20 << 20, value_parser = clap::value_parser!(u64).range(1024..=200 << 20))]
    pub max_request_bytes: u64,

    /// Requests that are read at once. More are told to come back.
    #[arg(long, env = "FAULTWIRE_MAX_CONCURRENT_REQUESTS", value_name = "COUNT", default_value_t = 512, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub max_concurrent_requests: u64,

    /// Events that a project may send in an hour. More are refused until the next; 0 is no limit.
    #[arg(long, env = "FAULTWIRE_HOURLY_QUOTA", value_name = "EVENTS", default_value_t = 0)]
    pub hourly_quota: u64,

    /// Events that one address may send with browser keys in a minute; 0 is no limit.
    #[arg(long, env = "FAULTWIRE_BROWSER_ADDRESS_QUOTA", value_name = "EVENTS", default_value_t = 300)]
    pub browser_address_quota: u64,

    /// New issues that a project may open in an hour. What comes beyond is counted in one issue.
    #[arg(long, env = "FAULTWIRE_HOURLY_NEW_ISSUES", value_name = "COUNT", default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..))]
    pub hourly_new_issues: u64,

    /// Occurrences of an issue that are stored in full before sampling begins.
    #[arg(long, env = "FAULTWIRE_STORE_FIRST", value_name = "COUNT", default_value_t = 1000)]
    pub store_first: u64,

    /// Of the occurrences after these, one in so many is stored.
    #[arg(long, env = "FAULTWIRE_STORE_ONE_IN", value_name = "COUNT", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    pub store_one_in: u64,

    /// Days that occurrences are kept.
    #[arg(long, env = "FAULTWIRE_RETENTION_DAYS", value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(u64).range(1..=3650))]
    pub retention_days: u64,

    /// Bytes that occurrences may take; the oldest go first.
    #[arg(long, env = "FAULTWIRE_RETENTION_BYTES", value_name = "BYTES", default_value_t = 20 << 30, value_parser = clap::value_parser!(u64).range(64 << 20..))]
    pub retention_bytes: u64,

    /// Days without an occurrence after which an issue counts as resolved; 0 is never.
    #[arg(long, env = "FAULTWIRE_AUTO_RESOLVE_DAYS", value_name = "DAYS", default_value_t = 7)]
    pub auto_resolve_days: u64,

    /// Bytes that the ids of the last 7 days may take, by which what is sent twice is counted once.
    #[arg(long, env = "FAULTWIRE_SEEN_IDS_BYTES", value_name = "BYTES", default_value_t = 256 << 20, value_parser = clap::value_parser!(u64).range(8 << 20..))]
    pub seen_ids_bytes: u64,

    /// Token by which /metrics may be read, for Prometheus: `Authorization: Bearer TOKEN`. Without it, admins of the
    /// server and their API tokens may.
    #[arg(long, env = "FAULTWIRE_METRICS_TOKEN", value_name = "TOKEN", hide_env_values = true, value_parser = long_secret)]
    pub metrics_token: Option<String>,

    /// Tag whose values are the customers an issue affects.
    #[arg(long, env = "FAULTWIRE_CUSTOMER_TAG", value_name = "TAG", default_value = "customer")]
    pub customer_tag: String,

    /// Hosts, addresses and networks that webhooks may go to though they are not public, separated by commas.
    #[arg(long, env = "FAULTWIRE_WEBHOOK_ALLOW", value_name = "HOSTS", value_delimiter = ',')]
    pub webhook_allow: Vec<Allow>,

    /// The server that sends e-mail: smtp://USER:PASSWORD@HOST:PORT, with ?tls=required for STARTTLS, or smtps://.
    /// Better in the environment or the settings file than in a command line, which others can read.
    #[arg(long, env = "FAULTWIRE_SMTP_URL", value_name = "URL", value_parser = Smtp::take, hide_env_values = true, hide_default_value = true)]
    pub smtp_url: Option<Smtp>,

    /// Whom e-mail is from: an address, or a name and an address in angle brackets.
    #[arg(long, env = "FAULTWIRE_SMTP_FROM", value_name = "ADDRESS")]
    pub smtp_from: Option<Mailbox>,

    /// After a message, seconds in which further alerts of its channel are gathered into one.
    #[arg(long, env = "FAULTWIRE_ALERT_DIGEST_SECONDS", value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub alert_digest_seconds: u64,

    /// Free bytes on the disk of the data directory below which the server alerts; 0 is never.
    #[arg(long, env = "FAULTWIRE_ALERT_FREE_BYTES", value_name = "BYTES", default_value_t = 1 << 30)]
    pub alert_free_bytes: u64,

    /// Seconds by which counting may be behind what was accepted before the server alerts; 0 is never.
    #[arg(long, env = "FAULTWIRE_ALERT_LAG_SECONDS", value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(0..=86_400))]
    pub alert_lag_seconds: u64,

    /// Seconds that such a lag, or a quota that is used up, has to last before the server alerts.
    #[arg(long, env = "FAULTWIRE_ALERT_PATIENCE_SECONDS", value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(0..=86_400))]
    pub alert_patience_seconds: u64,

    /// What is logged: error, warn, info, debug or trace, and filters such as `faultwire_server::ingest=debug`.
    #[arg(long, env = "FAULTWIRE_LOG", value_name = "FILTER", default_value = "info")]
    pub log: String,
}

/// The settings file that is read if none is named.
pub const FILE_NAME: &str = "faultwire.toml";

impl Settings {
    /// The address that clients use, without a slash at its end.
    pub fn public_url(&self, listening: SocketAddr) -> String {
        let scheme = if self.tls_certificate.is_some() { "https" } else { "http" };
        self.public_url.clone().unwrap_or_else(|| format!("{scheme}://{listening}"))
    }

    /// Whether those that need each other are there.
    ///
    /// # Errors
    /// When not; the message names them.
    pub fn check(&self) -> anyhow::Result<()> {
        if self.smtp_url.is_some() != self.smtp_from.is_some() {
            bail!("smtp_url, smtp_from: expected both or none");
        }
        self.smtp_url.as_ref().map_or(Ok(()), Smtp::validate)
    }

    /// Age after which an occurrence goes.
    pub fn retention(&self) -> Duration {
        Duration::from_secs(self.retention_days * 86_400)
    }
}

/// Fewer characters can be tried.
const MIN_SECRET: usize = 16;

fn long_secret(text: &str) -> Result<String, String> {
    match text.chars().count() >= MIN_SECRET && text.chars().all(|c| c.is_ascii_graphic()) {
        true => Ok(text.to_owned()),
        false => Err(format!("expected {MIN_SECRET} characters or more, without spaces")),
    }
}

fn public_url(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
    let rest = rest.trim_end_matches('/');
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let is_host = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    // The path becomes part of routes and cookies.
    let is_segment = |part: &str| {
        !matches!(part, "" | "." | "..") && part.chars().all(|c| c.is_ascii_alphanumeric() || "-._~".contains(c))
    };
    let is_path = path.split('/').skip(1).all(is_segment);
    match !authority.is_empty() && authority.chars().all(is_host) && is_path {
        true => Ok(text.trim_end_matches('/').to_owned()),
        false => Err("expected http:// or https://, a host, and at most a path of letters, digits and -._~".to_owned()),
    }
}

/// `command` with the values of the settings file as its defaults: clap then validates all alike.
///
/// # Errors
/// When the file cannot be read, is no TOML, or has a key that is no setting; the message names file and key.
pub fn with_file(command: Command, file: Option<&Path>) -> anyhow::Result<Command> {
    let path = match file {
        Some(path) => path.to_owned(),
        None if Path::new(FILE_NAME).exists() => PathBuf::from(FILE_NAME),
        None => return Ok(command),
    };
    let text = std::fs::read_to_string(&path).with_context(|| format!("settings file {}", path.display()))?;
    let table: toml::Table = text.parse().with_context(|| format!("settings file {}", path.display()))?;
    let mut command = command;
    for (key, value) in table {
        let is_setting = |arg: &Arg| arg.get_id() == key.as_str() && arg.get_env().is_some();
        if !command.get_arguments().any(is_setting) {
            bail!(
                "settings file {}: {key}: there is no such setting; `faultwire-server --help` lists them",
                path.display()
            );
        }
        let texts = texts(value).with_context(|| {
            format!("settings file {}: {key}: expected a text, a number, or a list of texts", path.display())
        })?;
        command = command.mut_arg(&key, |arg| arg.default_values(texts));
    }
    Ok(command)
}

fn texts(value: toml::Value) -> Option<Vec<String>> {
    let text = |value: toml::Value| match value {
        toml::Value::String(text) => Some(text),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(flag) => Some(flag.to_string()),
        _ => None,
    };
    match value {
        toml::Value::Array(list) => list.into_iter().map(text).collect(),
        single => text(single).map(|text| vec![text]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_addresses() {
        assert_eq!(public_url("https://x.example/faults/").unwrap(), "https://x.example/faults");
        assert!(public_url("http://[::1]:8790").is_ok() && public_url("http://localhost").is_ok());
        let wrong = ["x.example", "ftp://x", "https://", "https:///p", "https://a@b", "https://x/a;b", "https://x/{a}"];
        for url in wrong.into_iter().chain(["https://x//a", "https://x/../a", "https://x/a?b", "https://x y"]) {
            assert!(public_url(url).is_err(), "{url}");
        }
    }
}
