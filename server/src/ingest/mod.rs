//! The way in: `POST /api/{project}/envelope/` and `/store/`.
//!
//! | step | file |
//! |---|---|
//! | whose key is it, and may it | `auth` |
//! | how much may still come | `quota` |
//! | bytes off the wire, within size and time | `incoming` |
//! | decompressed within bounds | `body` |
//! | is it an envelope, and its items JSON | `envelope` |
//!
//! Then into the [log](crate::log); 200 says that it is durable there. A no has a status, a reason and a sentence.

mod auth;
pub mod body;
mod envelope;
mod incoming;
mod quota;
mod refusal;
mod routes;

pub use auth::{Key, Keys};
pub use quota::{Full, Quotas};
pub use refusal::Refusal;
pub use routes::{Ingest, routes};
