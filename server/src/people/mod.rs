//! Who may do what: people, their sessions and tokens, their roles in projects.
//!
//! | question | file |
//! |---|---|
//! | who asks, and what a route needs of them | [`rights`] |
//! | is it the password | [`passwords`] |
//! | what cannot be guessed: sessions, tokens, links | [`secrets`] |
//! | how often may one try | [`throttle`] |
//! | the browser's side of a session | [`cookies`] |
//! | what the command line does | [`commands`] |
//!
//! All but the last are rules without storage, which is in `store/sqlite/people.rs`. Of every secret only the hash is
//! stored: who reads the database can become nobody by it.

pub mod commands;
pub mod cookies;
pub mod passwords;
pub mod rights;
pub mod secrets;
pub mod throttle;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::{DAY, HOUR};

pub use rights::{Caller, Denied, Need, Role, Via, decide};

/// How long a session lasts after its last use.
pub const SESSION: i64 = 30 * DAY;
/// Sessions of one person. The one that was used longest ago goes for a new one.
pub const MAX_SESSIONS: usize = 50;
/// Tokens of one person.
pub const MAX_TOKENS: usize = 200;
/// How long the link of the first start holds, and one for a password.
pub const SHORT_LINK: i64 = DAY;
/// How long an invitation holds.
pub const INVITATION: i64 = 7 * DAY;
/// Uses of a session or token are noted this often.
pub const NOTE_EVERY: i64 = HOUR / 6;

/// A person's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct UserId(pub i64);

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct User {
    /// The number.
    pub id: UserId,
    /// The address that they log in with, in lower case.
    pub email: String,
    /// How they are called.
    pub name: String,
    /// May everything, in all projects.
    pub is_admin: bool,
    /// When they were added.
    pub created: i64,
}

/// What a one-time link is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// The first person of this server, who becomes its admin.
    Setup,
    /// Someone new.
    Invitation {
        /// Whose address.
        email: String,
        /// Whether as an admin of the server.
        is_admin: bool,
        /// The project and role that come with it.
        role: Option<(crate::ProjectId, Role)>,
    },
    /// A new password.
    Password(UserId),
}

impl Purpose {
    /// How long a link for it holds, in milliseconds.
    pub fn lifetime(&self) -> i64 {
        match self {
            Purpose::Setup | Purpose::Password(_) => SHORT_LINK,
            Purpose::Invitation { .. } => INVITATION,
        }
    }
}

/// An address as it is stored: without spaces around it, in lower case.
///
/// # Errors
/// When it cannot be one; the text says what was expected.
pub fn email(text: &str) -> Result<String, String> {
    let email = text.trim().to_lowercase();
    let is_address = email.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !domain.is_empty() && !domain.contains('@') && !domain.starts_with('.')
    });
    let is_plain = !email.chars().any(|c| c.is_whitespace() || c.is_control() || "<>,;\"".contains(c));
    match is_address && is_plain && email.len() <= 254 {
        true => Ok(email),
        false => Err(format!("email: expected an address such as ada@example.com, got {text:?}")),
    }
}

/// A name as it is stored: 1 to 100 characters without line breaks.
///
/// # Errors
/// When it is none; the text says what was expected.
pub fn name(text: &str) -> Result<String, String> {
    let name = text.trim();
    let fits = (1..=100).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fits { Ok(name.to_owned()) } else { Err("name: expected 1 to 100 characters on one line".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!(email(" Ada@Example.COM ").unwrap(), "ada@example.com");
        for wrong in ["", "ada", "@example.com", "ada@", "ada@b@c", "a da@b.c", "ada@b.c\nbcc: x", "<ada@b.c>"] {
            assert!(email(wrong).is_err(), "{wrong:?}");
        }
    }
}
