//! V8 and what prints stacks as V8 does: Node, Bun, Deno, Chrome. A stack is a text.

mod module;
mod place;
mod text;
mod vector;

pub use text::{MAX_TEXT, place_hash, places};
pub use vector::vector;

pub(super) use module::{complete, filename, in_app};
pub(super) use place::frame;
pub(super) use text::{split, without_places};
