//! V8 and what prints stacks as V8 does: Node, Bun, Deno, Chrome. A stack is a text.

mod module;
mod place;
mod text;
mod vector;

pub use text::{MAX_TEXT, place_hash, places};
pub use vector::vector;

#[cfg(feature = "client")]
pub(super) use module::is_generated;
pub(super) use module::{complete, filename, in_app};
pub(super) use place::frame;
#[cfg(feature = "client")]
pub(super) use place::{percent_decoded, readable};
pub(super) use text::{split, without_places};
