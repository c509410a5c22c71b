//! stub
#![allow(missing_docs)]
use crate::protocol::Event;
pub fn bound_counts(_: &mut Event) {}
pub fn fit(_: &mut Event, b: Vec<u8>) -> Vec<u8> {
    b
}
