//! Who sends: the public key of a DSN, from wherever clients put it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use axum::http::{HeaderMap, Uri, header};

use super::Refusal;
use crate::ProjectId;
use crate::log::KeyKind;
use crate::outcome::Reason;

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Whose it is.
    pub project: ProjectId,
    /// How far it is trusted.
    pub kind: KeyKind,
    /// Origins of pages that may use it: `https://shop.example`, `https://*.shop.example`; empty allows all.
    pub origins: Vec<String>,
    /// No longer valid.
    pub is_revoked: bool,
}

/// The keys in force: read for every request, replaced as a whole when one changes.
#[derive(Debug, Default)]
pub struct Keys(RwLock<Arc<HashMap<String, Key>>>);

impl Keys {
    /// Puts other keys in force.
    pub fn replace(&self, keys: HashMap<String, Key>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }

    fn get(&self, public: &str) -> Option<Key> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(public).cloned()
    }

    /// Whether there is a project of this number: each has a key, if only one that was revoked.
    fn has_project(&self, number: &str) -> bool {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        number.parse().is_ok_and(|number| keys.values().any(|key| key.project == ProjectId(number)))
    }

    /// The key that a request for `project` may use.
    ///
    /// # Errors
    /// When there is none, or it may not.
    pub fn admit(&self, public: Option<&str>, project: &str, headers: &HeaderMap) -> Result<Key, Refusal> {
        let Some(public) = public else {
            let expected = "expected sentry_key in X-Sentry-Auth, the query or the DSN of the envelope's header";
            return Err(Refusal::new(Reason::InvalidKey, expected));
        };
        let key = self.get(public).ok_or_else(|| Refusal::new(Reason::InvalidKey, "sentry_key: no such key"))?;
        if key.project.0.to_string() != project {
            return Err(match self.has_project(project) {
                true => Refusal::new(Reason::WrongProject, format!("the key is not one of project {project}")),
                false => Refusal::new(Reason::UnknownProject, "there is no such project: the DSN names it"),
            });
        }
        if key.is_revoked {
            return Err(Refusal::new(Reason::RevokedKey, "sentry_key: the key was revoked").of(key.project));
        }
        match origin(headers) {
            Some(origin) if !key.allows(origin) => {
                let detail = "the key is not for pages of this origin";
                Err(Refusal::new(Reason::ForbiddenOrigin, detail).of(key.project))
            }
            _ => Ok(key),
        }
    }
}

impl Key {
    fn allows(&self, origin: &str) -> bool {
        self.origins.is_empty() || self.origins.iter().any(|allowed| matches(allowed, origin))
    }
}

/// The page a browser sends from.
pub fn origin(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::ORIGIN).and_then(|value| value.to_str().ok()).filter(|origin| !origin.is_empty())
}

fn matches(allowed: &str, origin: &str) -> bool {
    match allowed.split_once("*.") {
        None => allowed.eq_ignore_ascii_case(origin),
        Some((scheme, domain)) => {
            let host = origin.strip_prefix(scheme).unwrap_or_default();
            host.split_once('.').is_some_and(|_| {
                let (host, domain) = (host.to_ascii_lowercase(), domain.to_ascii_lowercase());
                host.strip_suffix(&domain).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
            })
        }
    }
}

/// The key of a request, unless it stands in the envelope's header.
pub fn public_key(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    let from_header = ["x-sentry-auth", "authorization"].iter().find_map(|name| {
        let value = headers.get(*name)?.to_str().ok()?;
        let fields = value.strip_prefix("Sentry ").or_else(|| value.strip_prefix("sentry "))?;
        fields.split(',').find_map(|field| field.trim().strip_prefix("sentry_key=")).map(str::to_owned)
    });
    from_header.or_else(|| {
        let query = uri.query()?;
        query.split('&').find_map(|field| field.strip_prefix("sentry_key=")).map(str::to_owned)
    })
}

/// The key in the DSN of an envelope's header.
pub fn key_of_dsn(dsn: &str) -> Option<String> {
    let dsn: faultwire::protocol::Dsn = dsn.parse().ok()?;
    Some(dsn.public_key().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins() {
        assert!(matches("https://shop.example", "https://Shop.example"));
        assert!(!matches("https://shop.example", "https://shop.example.evil"));
        assert!(matches("https://*.shop.example", "https://www.shop.example"));
        assert!(matches("https://*.shop.example", "https://a.b.shop.example"));
        assert!(!matches("https://*.shop.example", "https://shop.example"));
        assert!(!matches("https://*.shop.example", "https://evilshop.example"));
        assert!(!matches("https://*.shop.example", "http://www.shop.example"));
    }
}
