//! The wire, as data: events and envelopes of the Sentry protocol. No I/O; shared with the server.
//!
//! Reading is lenient where clients in the wild differ (lists for `{values: []}`, numbers for tag
//! values, timestamps in either form); writing is strict.

mod breadcrumb;
mod dsn;
mod envelope;
mod event;
mod event_id;
mod exception;
mod frame;
mod lenient;
mod level;
mod request;
mod timestamp;
mod user;
mod vector;

pub use breadcrumb::Breadcrumb;
pub use dsn::Dsn;
pub use envelope::{Envelope, EnvelopeHeader, Item, ItemHeader, Part};
pub use event::{Event, LogEntry, SdkInfo, Thread};
pub use event_id::EventId;
#[cfg(feature = "client")]
pub(crate) use event_id::random_u64;
pub use exception::{Exception, Mechanism};
pub use frame::{Frame, Stacktrace, Untouched};
pub use lenient::Values;
pub use level::Level;
pub use request::Request;
pub use timestamp::Timestamp;
pub use user::User;
pub(crate) use vector::error_vector;
pub use vector::vector;

/// Any JSON value.
pub type Value = serde_json::Value;
/// A JSON object.
pub type Map = serde_json::Map<String, Value>;

/// A map of `members`. Not by `collect`, which brings a sort of its own for each kind of iterator, five kilobytes of code.
pub fn map_of(members: impl IntoIterator<Item = (String, Value)>) -> Map {
    let mut map = Map::new();
    map.extend(members);
    map
}
