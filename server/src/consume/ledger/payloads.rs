//! The payloads of a batch: read in full, sanitized and written out. That is most of what storing costs, so it is done
//! on two threads, once it is known what the batch stores.

use anyhow::{Context, anyhow};

use crate::PatternId;
use crate::consume::{Occurrence, Reading};
use crate::store::Id;
use crate::telemetry::Task;
use crate::threads;

/// So few are made here: another thread would cost more than it spares.
const FEW: usize = 4;

/// What waits to be stored.
pub(super) struct Payloads {
    own: Reading,
    other: Reading,
    waiting: Vec<Waiting>,
}

struct Waiting {
    pattern: PatternId,
    occurrence: Occurrence,
    is_newest_only: bool,
}

/// A payload, and whose it is.
pub(super) struct Payload {
    pub pattern: PatternId,
    pub time: i64,
    pub id: Id,
    pub is_newest_only: bool,
    pub bytes: Vec<u8>,
}

impl Payloads {
    pub fn new(reading: Reading) -> Self {
        Payloads { other: reading.again(), own: reading, waiting: Vec::new() }
    }

    /// For what else is read on this thread.
    pub fn reading(&self) -> &Reading {
        &self.own
    }

    pub fn add(&mut self, pattern: PatternId, occurrence: Occurrence, is_newest_only: bool) {
        self.waiting.push(Waiting { pattern, occurrence, is_newest_only });
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub fn clear(&mut self) {
        self.waiting.clear();
    }

    /// All that wait, in their order.
    pub fn make(&mut self) -> anyhow::Result<Vec<Payload>> {
        if self.waiting.is_empty() {
            return Ok(Vec::new());
        }
        Task::Store.round(|| self.make_all())
    }

    fn make_all(&mut self) -> anyhow::Result<Vec<Payload>> {
        let mut first = std::mem::take(&mut self.waiting);
        if first.len() <= FEW {
            return Ok(make(first, &mut self.own));
        }
        let second = first.split_off(first.len() / 2);
        let (own, other) = (&mut self.own, &mut self.other);
        std::thread::scope(|scope| {
            let second = threads::spawn_in(scope, Task::Store, || make(second, other)).context("a thread")?;
            let mut made = make(first, own);
            made.extend(second.join().map_err(|_| anyhow!("payloads: a fault of the server"))?);
            Ok(made)
        })
    }
}

fn make(waiting: Vec<Waiting>, reading: &mut Reading) -> Vec<Payload> {
    let one = |Waiting { pattern, occurrence, is_newest_only }| {
        let (time, id) = (occurrence.time, occurrence.id);
        Payload { pattern, time, id, is_newest_only, bytes: occurrence.into_payload(reading) }
    };
    waiting.into_iter().map(one).collect()
}
