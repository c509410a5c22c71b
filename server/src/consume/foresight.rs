//! Whether an event will be stored, guessed before it is counted: then it is read whole at once, and not first as far
//! as it counts. A wrong guess costs time and nothing else.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::project_settings::InForce;
use crate::store::Id;

/// All of the last events.
const ALL: u32 = 1 << 16;
/// To read an event twice costs half as much again as to read it whole: above this share the latter is less.
const MOST: u32 = ALL / 4 * 3;
/// So many events weigh.
const LAST: u32 = 16;

/// How it went with the last events, of whatever project.
#[derive(Debug)]
pub struct Foresight {
    /// How many of them were stored, of [`ALL`]. Only the ledger's thread writes it.
    stored: AtomicU32,
}

impl Default for Foresight {
    /// Of a new server, everything is stored.
    fn default() -> Self {
        Foresight { stored: AtomicU32::new(ALL) }
    }
}

impl Foresight {
    /// Whether an event with this id, if it has told one yet, will be stored.
    pub fn expects(&self, settings: &InForce, id: Option<&Id>) -> bool {
        self.stored.load(Ordering::Relaxed) > MOST || id.is_some_and(|id| settings.draws(id))
    }

    /// What became of an event.
    pub fn note(&self, is_stored: bool) {
        let known = self.stored.load(Ordering::Relaxed);
        self.stored.store(known - known / LAST + if is_stored { ALL / LAST } else { 0 }, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_stored_lately_is_expected() {
        let settings = |store_one_in| InForce {
            customer_tag: String::new(),
            auto_resolve_days: 0,
            hourly_new_issues: 0,
            store_first: 0,
            store_one_in,
            retention_days: 0,
            cleanup_quiet: false,
            hourly_quota: 0,
        };
        let foresight = Foresight::default();
        let expects = || foresight.expects(&settings(u64::MAX), Some(&[1; 16]));
        assert!(expects());
        for _ in 0..1_000 {
            foresight.note(true);
        }
        assert!(expects() && foresight.stored.load(Ordering::Relaxed) <= ALL);
        for _ in 0..LAST {
            foresight.note(false);
        }
        assert!(!expects());
        // One of ten, as it is where most is only counted.
        for n in 0..1_000 {
            foresight.note(n % 10 == 0);
            assert!(!expects());
        }
        assert!(foresight.expects(&settings(1), Some(&[1; 16])) && !foresight.expects(&settings(1), None));
    }
}
