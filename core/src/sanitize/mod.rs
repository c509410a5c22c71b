//! Removes secrets from events.
#![allow(missing_docs)]
use crate::{Error, protocol::Event};
#[derive(Default)]
pub struct Config {
    pub send_default_pii: bool,
    pub extra_keys: Vec<String>,
    pub extra_patterns: Vec<(String, String)>,
    pub max_value_length: usize,
}
pub struct Sanitizer;
impl Sanitizer {
    pub fn new(_: Config) -> Result<Sanitizer, Error> {
        Ok(Sanitizer)
    }
    pub fn event(&self, _: &mut Event) {}
}
