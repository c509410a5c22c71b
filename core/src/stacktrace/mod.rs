//! From raw frames to frames that people can read.

pub mod normalize;
