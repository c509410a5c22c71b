//! Carrying an envelope to a server, and understanding the answer.

mod gzip;
mod http;
mod joined;
mod names;
mod opening;
mod ratelimit;
mod retry;
mod socks;
mod tcp;
mod tls;

use std::sync::Arc;

pub(crate) use gzip::Gzip;
pub(crate) use http::{Http, HttpSettings};
pub(crate) use ratelimit::parse_retry_after as retry_after;
pub use ratelimit::{RateLimits, vector as ratelimit_vector};
pub(crate) use retry::Backoff;

/// What a server said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Value of `X-Sentry-Rate-Limits`.
    pub rate_limits: Option<String>,
    /// Value of `Retry-After`.
    pub retry_after: Option<String>,
    /// Value of `X-Faultwire`: the server is ours, of this version.
    pub faultwire: Option<String>,
}

/// There was no answer. Says what happened, without addresses or keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoAnswer(pub String);

/// Sends envelopes. Used by one thread; made anew in a forked child.
pub trait Transport: Send {
    /// Sends one uncompressed envelope and waits for the answer. Forks do not wait for that.
    ///
    /// # Errors
    /// [`NoAnswer`] when the server cannot be reached or does not answer in time.
    fn send(&mut self, envelope: &[u8]) -> Result<Answer, NoAnswer>;
}

/// Makes a transport on the shipper's thread.
pub type MakeTransport = Arc<dyn Fn() -> Box<dyn Transport> + Send + Sync>;
