//! Why something that was sent is not counted. One list, for answers, metrics and the API.

use serde::Serialize;

/// What became of an item that is not counted as an occurrence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No key was sent, or none that is known.
    InvalidKey,
    /// The key is of another project.
    WrongProject,
    /// The key was revoked.
    RevokedKey,
    /// A browser key from an origin that it is not for.
    ForbiddenOrigin,
    /// A compression that is not known, or bytes that do not decompress.
    InvalidEncoding,
    /// The body is no envelope.
    InvalidEnvelope,
    /// An item that should be JSON is not.
    InvalidJson,
    /// The body is larger than allowed.
    TooLarge,
    /// More items in one envelope than allowed.
    TooManyItems,
    /// The body did not come in time.
    Timeout,
    /// The project's quota is used up.
    Quota,
    /// The address has sent too much with a browser key.
    AddressQuota,
    /// The server is behind; the client is told to come again.
    Overloaded,
    /// The server's disk refused; the client is told to come again.
    DiskFull,
    /// Seen before: counted once.
    Duplicate,
    /// JSON, and yet no event.
    InvalidEvent,
    /// A kind of item that is not kept: attachments, transactions, replays.
    UnsupportedItem,
    /// Count items and aggregated sessions are for server keys.
    ForbiddenItem,
    /// Counts of a fault of which no event came.
    Unattributed,
    /// There is no such project, or no more.
    UnknownProject,
    /// The server failed on it.
    InternalError,
}

impl Reason {
    /// Every reason, for metrics and for tests.
    pub const ALL: [Reason; 21] = [
        Reason::InvalidKey,
        Reason::WrongProject,
        Reason::RevokedKey,
        Reason::ForbiddenOrigin,
        Reason::InvalidEncoding,
        Reason::InvalidEnvelope,
        Reason::InvalidJson,
        Reason::TooLarge,
        Reason::TooManyItems,
        Reason::Timeout,
        Reason::Quota,
        Reason::AddressQuota,
        Reason::Overloaded,
        Reason::DiskFull,
        Reason::Duplicate,
        Reason::InvalidEvent,
        Reason::UnsupportedItem,
        Reason::ForbiddenItem,
        Reason::Unattributed,
        Reason::UnknownProject,
        Reason::InternalError,
    ];

    /// The name in answers, metrics and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::InvalidKey => "invalid_key",
            Reason::WrongProject => "wrong_project",
            Reason::RevokedKey => "revoked_key",
            Reason::ForbiddenOrigin => "forbidden_origin",
            Reason::InvalidEncoding => "invalid_encoding",
            Reason::InvalidEnvelope => "invalid_envelope",
            Reason::InvalidJson => "invalid_json",
            Reason::TooLarge => "too_large",
            Reason::TooManyItems => "too_many_items",
            Reason::Timeout => "timeout",
            Reason::Quota => "quota",
            Reason::AddressQuota => "address_quota",
            Reason::Overloaded => "overloaded",
            Reason::DiskFull => "disk_full",
            Reason::Duplicate => "duplicate",
            Reason::InvalidEvent => "invalid_event",
            Reason::UnsupportedItem => "unsupported_item",
            Reason::ForbiddenItem => "forbidden_item",
            Reason::Unattributed => "unattributed",
            Reason::UnknownProject => "unknown_project",
            Reason::InternalError => "internal_error",
        }
    }
}

/// One thing that is not counted, as the API lists it: "why is my event not here?"
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// Why.
    pub reason: Reason,
    /// The event's id, where it is known.
    pub event_id: Option<String>,
    /// How many it stands for.
    pub quantity: u64,
    /// What was expected and what was found; never the content.
    pub detail: String,
}

impl Outcome {
    /// The server failed on an event, or on something without an id.
    pub fn internal_error(event_id: Option<String>) -> Outcome {
        let detail = "a fault of the server; its log says more".to_owned();
        Outcome { reason: Reason::InternalError, event_id, quantity: 1, detail }
    }
}
