//! Error types: an id for each, and what the options say of it.
//!
//! The package keeps ids by constructor. An id is a hash of the type's names, so it stays good when this
//! table starts anew (other options, too many types): the package is then asked for the names again.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use faultwire::options::Options;
use faultwire::sampling::TypePolicy;
use napi_derive::napi;

use crate::client;
use crate::guard::guard;

/// Types remembered; beyond that the table starts anew. An application fails in far fewer ways.
const MAX_TYPES: usize = 2048;

/// The id of what has no type: messages and events.
pub(crate) const NO_TYPE: f64 = 0.0;

/// A JavaScript number holds whole numbers of 53 bits.
const BITS: u32 = 53;

#[derive(Debug, Default)]
pub(crate) struct Types {
    by_id: RwLock<HashMap<u64, TypePolicy>>,
}

impl Types {
    /// What the options say of a type; `None` when its names are not known (any more).
    pub fn policy(&self, id: f64) -> Option<TypePolicy> {
        self.by_id.read().unwrap_or_else(PoisonError::into_inner).get(&(id as u64)).copied()
    }

    fn learn(&self, id: u64, names: &[String], options: &Options) {
        let policy = TypePolicy::of(options, names.iter().map(|name| (None, name.as_str())));
        let mut table = self.by_id.write().unwrap_or_else(PoisonError::into_inner);
        if table.len() >= MAX_TYPES {
            table.clear();
        }
        table.insert(id, policy);
    }
}

/// Tells the names of an error type, its own first, then those of what it inherits from; gives its id,
/// the same for the same names.
#[napi]
pub fn intern_type(names: Vec<String>) -> f64 {
    guard("internType", NO_TYPE, || {
        let id = names.iter().fold(0, |hash, name| mix(hash, text_hash(name))) >> (u64::BITS - BITS);
        if let Some(state) = client::current() {
            state.types.learn(id, &names, state.client.options());
        }
        id as f64
    })
}

/// One more number into a hash.
pub(crate) fn mix(hash: u64, value: u64) -> u64 {
    let mixed = (hash.rotate_left(29) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 32)
}

/// A text as a number (FNV-1a), its length included.
pub(crate) fn text_hash(text: &str) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325 ^ text.len() as u64;
    text.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}
