//! Names a fault independently of where and when it happened.

pub mod message;
