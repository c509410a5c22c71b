//! What earlier events taught of names: an application uses the same few hundred over and over.
//!
//! Judging a name means taking it apart into words and looking for phrases, which is most of the cost
//! of the walk over local variables. Only names are remembered, never values.

use std::collections::{HashMap, HashSet};

use super::rules::{KeyMatch, Keys};

/// Names remembered; beyond that it starts anew.
const MAX_NAMES: usize = 4096;
/// Bytes of a name that is worth remembering: longer ones are data.
const MAX_NAME: usize = 64;

/// What one [`super::Sanitizer`] found out: keep it as long as that, and use it with no other.
#[derive(Debug, Default)]
pub struct Memory {
    rules: HashMap<Box<str>, Option<KeyMatch<'static>>>,
    clean: HashSet<Box<str>>,
}

impl Memory {
    /// The rule that hides what stands under `key`.
    pub(super) fn rule(&mut self, keys: &Keys, key: &str) -> Option<KeyMatch<'static>> {
        if let Some(known) = self.rules.get(key) {
            return *known;
        }
        let found = keys.find(key);
        if key.len() <= MAX_NAME {
            if self.rules.len() >= MAX_NAMES {
                self.rules.clear();
            }
            self.rules.insert(key.into(), found);
        }
        found
    }

    /// What `clean` makes of `key`, asked until it once left the key as it is.
    pub(super) fn clean(&mut self, key: &str, clean: impl FnOnce() -> Option<String>) -> Option<String> {
        if self.clean.contains(key) {
            return None;
        }
        let cleaned = clean();
        if cleaned.is_none() && key.len() <= MAX_NAME {
            if self.clean.len() >= MAX_NAMES {
                self.clean.clear();
            }
            self.clean.insert(key.into());
        }
        cleaned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_what_it_was_told_and_stays_bounded() {
        let keys = Keys::default();
        let mut memory = Memory::default();
        for _ in 0..2 {
            assert_eq!(memory.rule(&keys, "password").map(|rule| rule.name), Some("password"));
            assert!(memory.rule(&keys, "colour").is_none());
        }
        for n in 0..2 * MAX_NAMES {
            memory.rule(&keys, &format!("name{n}"));
            memory.clean(&format!("name{n}"), || None);
            assert!(memory.rules.len() <= MAX_NAMES && memory.clean.len() <= MAX_NAMES);
        }
        memory.clean("known", || None);
        assert_eq!(memory.clean("known", || Some("asked again".to_owned())), None);
        assert_eq!(memory.clean("secret", || Some("[Filtered]".to_owned())).as_deref(), Some("[Filtered]"));
        assert_eq!(memory.clean("secret", || Some("[Filtered]".to_owned())).as_deref(), Some("[Filtered]"));
        memory.rule(&keys, &"x".repeat(MAX_NAME + 1));
        assert!(!memory.rules.contains_key("x".repeat(MAX_NAME + 1).as_str()));
    }
}
