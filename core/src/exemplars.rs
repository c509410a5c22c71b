//! What is known of the last full event of each storming place, so that its folded count can say
//! which fault it belongs to. Owned by the worker.

use std::collections::HashMap;

use serde_json::json;

use crate::flush::Epoch;
use crate::outbox::{Kind, Origin, Record};
use crate::protocol::{Event, EventId, Item, Timestamp};
use crate::storm::{FoldKey, Folds};

/// Places remembered. As many as the storm table has slots.
const MAX_PLACES: usize = 1024;

/// The part of an event that a count repeats.
#[derive(Debug, Clone)]
pub(crate) struct Exemplar {
    event_id: EventId,
    fingerprint: String,
    release: Option<String>,
    environment: Option<String>,
    level: &'static str,
    sample_rate: f64,
}

#[derive(Debug, Default)]
pub(crate) struct Exemplars {
    by_key: HashMap<FoldKey, Exemplar>,
}

impl Exemplars {
    pub fn remember(&mut self, key: FoldKey, fingerprint: String, event: &Event, sample_rate: f64) {
        if self.by_key.len() >= MAX_PLACES && !self.by_key.contains_key(&key) {
            // Rare, and any storm that goes on is remembered again by its next full event.
            self.by_key.clear();
        }
        let exemplar = Exemplar {
            event_id: event.event_id,
            fingerprint,
            release: event.release.clone(),
            environment: event.environment.clone(),
            level: event.level.as_str(),
            sample_rate,
        };
        self.by_key.insert(key, exemplar);
    }

    pub fn get(&self, key: FoldKey) -> Option<&Exemplar> {
        self.by_key.get(&key)
    }
}

impl Exemplar {
    /// The count item for our own server. Its id is fixed here, before it is stored, so that a
    /// repeated delivery counts once.
    pub fn count_record(&self, folds: &Folds, epoch: Epoch) -> Record {
        let id = EventId::random();
        let payload = json!({
            "id": id,
            "event_id": self.event_id,
            "fingerprint": self.fingerprint,
            "release": self.release,
            "environment": self.environment,
            "level": self.level,
            "count": folds.count,
            "first": folds.first,
            "last": folds.last,
            "sample_rate": self.sample_rate,
        });
        let mut items = Vec::new();
        Item::new("faultwire_counts", payload.to_string().into_bytes()).write_to(&mut items);
        let origin = Origin::Own { epoch, fold: Some(folds.key) };
        Record { kind: Kind::Counts(folds.count), id, captured: Timestamp::now(), items, origin }
    }
}
