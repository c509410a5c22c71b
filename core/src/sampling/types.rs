//! Error types that a bridge has met: an id for each, and what the options say of it.
//!
//! A language keeps ids by class. An id is a hash of the type's names, so it stays good when this table starts
//! anew (other options, too many types): the language is then asked for the names again.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use super::TypePolicy;
use crate::keys;
use crate::options::Options;

/// Types remembered; beyond that the table starts anew. An application fails in far fewer ways.
const MAX_TYPES: usize = 2048;

/// The id of what has no type: messages and events.
pub const NO_TYPE: u64 = 0;

/// Every language's numbers hold so many bits: those of JavaScript are the shortest.
const BITS: u32 = 53;

/// See the module.
#[derive(Debug, Default)]
pub struct Types {
    by_id: RwLock<HashMap<u64, TypePolicy>>,
}

impl Types {
    /// The id of a type by its names: its own first, then those of what it inherits from. The same for the same names.
    pub fn id(names: &[String]) -> u64 {
        names.iter().fold(0, |hash, name| keys::mix(hash, keys::text(name))) >> (u64::BITS - BITS)
    }

    /// What `options` say of a type; `None` when its names are not known (any more).
    pub fn policy(&self, id: u64, options: &Options) -> Option<TypePolicy> {
        if id == NO_TYPE {
            return Some(TypePolicy { ignored: false, rate: options.sample_rate.0 });
        }
        self.by_id.read().unwrap_or_else(PoisonError::into_inner).get(&id).copied()
    }

    /// Remembers a type's names; an option may say them qualified, as they are given here, or bare.
    pub fn learn(&self, id: u64, names: &[String], options: &Options) {
        let policy = TypePolicy::of(options, names.iter().map(|name| (None, name.as_str())));
        let mut table = self.by_id.write().unwrap_or_else(PoisonError::into_inner);
        if table.len() >= MAX_TYPES {
            table.clear();
        }
        table.insert(id, policy);
    }
}
