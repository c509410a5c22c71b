//! From raw frames to frames that people can read.
#![allow(missing_docs)]
use crate::{
    Error,
    protocol::{Frame, Stacktrace},
};
#[derive(Default)]
pub struct Blocklist;
impl Blocklist {
    pub fn blocks(&self, _: &str, _: &Frame) -> bool {
        false
    }
}
#[derive(Default)]
pub struct Rules {
    pub blocklist: Blocklist,
}
impl Rules {
    pub fn new(_: Vec<String>, _: Vec<String>, _: &[String]) -> Result<Rules, Error> {
        Ok(Rules::default())
    }
}
pub fn resolve(_: &str, _: &mut Stacktrace, _: &Rules) {}
#[derive(Default)]
pub struct SourceCache;
pub struct Context {
    pub pre: Vec<String>,
    pub line: String,
    pub post: Vec<String>,
}
impl SourceCache {
    pub fn context(&mut self, _: &str, _: u32) -> Option<Context> {
        None
    }
}
pub mod rust {
    pub fn split_symbol(s: &str) -> (Option<String>, String) {
        (None, s.to_owned())
    }
}
