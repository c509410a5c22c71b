//! Names a fault independently of where and when it happened.
#![allow(missing_docs)]
pub const VERSION: &str = "v1";
pub mod v1 {
    use crate::protocol::{Event, Frame};
    pub fn explain(_: &Event, _: &dyn Fn(&str, &Frame) -> bool) -> String {
        String::new()
    }
    pub struct Fingerprint {
        pub hash: String,
    }
    pub fn compute(_: &Event, _: &dyn Fn(&str, &Frame) -> bool) -> Fingerprint {
        Fingerprint { hash: "0".repeat(64) }
    }
}
