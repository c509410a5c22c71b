//! Who is told what, where.
//!
//! | step | file |
//! |---|---|
//! | how many a minute | `spike` |
//! | which rules tell of it, on which channels | `rule` |
//! | what is told | `alert` |
//! | rows that wait, written with the batch | `outbox` |
//! | bundled, sent, sent again | [`delivery`] |
//! | in the words of a channel | `slack`, `email`, `pagerduty`, `webhook` |
//! | over connections that go nowhere inside | `http`, `allow` |
//! | channels and their sealed secrets | `channel`, `vault` |
//!
//! What happened is decided once, by the consumer, and committed with the batch: a crash neither loses an alert nor
//! makes a second. Sending is at least once, under the same id.

mod alert;
mod allow;
mod channel;
pub mod delivery;
mod email;
mod http;
mod outbox;
mod pagerduty;
mod rule;
mod sender;
mod slack;
mod spike;
mod texts;
mod vault;
mod webhook;

pub use crate::issues::Trigger;
pub use alert::{Alert, NewAlert, What};
pub use allow::Allow;
pub use channel::{Channel, ChannelId, Config, Kind, Secrecy, Secrets, Shown, ShownSecrets, Wanted, host_of};
pub use email::Smtp;
pub use outbox::{AlertStore, Attempt, Content, NewMessage, Outgoing, Pending, State, Waiting};
pub use rule::{Alerting, Filter, MAX_COOLDOWN, Rule, Scene, default_rules, forget, validate};
pub use sender::{Outcome, Sender};
pub use spike::{Crossed, Spikes, Turn};
pub use texts::link;
pub use vault::Vault;
