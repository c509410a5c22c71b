//! Past what brings the code down, which would hold up all that comes after it: a stretch of the log is counted item by
//! item, and those that fail are outcomes.

use std::time::Instant;

use super::ahead::BATCH_BYTES;
use super::{Arrival, Consumer, Told, arrival, caught};
use crate::ProjectId;
use crate::log::{Batch, Position};
use crate::outcome::Outcome;

/// An item that is not counted.
struct Lost {
    project: ProjectId,
    received: i64,
    event_id: Option<String>,
}

/// An item, and when it came.
struct Item {
    arrival: Arrival,
    received: i64,
}

impl Item {
    fn lost(&self) -> Lost {
        let Item { arrival, received } = self;
        Lost { project: arrival.project(), received: *received, event_id: arrival.event_id() }
    }
}

/// Whether it counts once by an id of its own, however often it is counted.
fn has_id(arrival: &Arrival) -> bool {
    match arrival {
        Arrival::Occurrence(_) | Arrival::Counts(_) | Arrival::Sessions(_, Told::Update(_)) => true,
        Arrival::Sessions(_, Told::Ended(_)) | Arrival::Report(_) | Arrival::Outcome(..) => false,
    }
}

/// The same once more, of what has no id.
fn again(arrival: &Arrival) -> Option<Arrival> {
    match arrival {
        Arrival::Occurrence(_) | Arrival::Counts(_) => None,
        Arrival::Sessions(project, told) => Some(Arrival::Sessions(*project, told.clone())),
        Arrival::Report(report) => Some(Arrival::Report(report.clone())),
        Arrival::Outcome(project, time, outcome) => Some(Arrival::Outcome(*project, *time, outcome.clone())),
    }
}

/// Takes all of `items` but those that fail, which are left out of it and given back. `take` says whether one failed,
/// and must have forgotten all that it took before if so: then what was sound is taken again.
fn sift<T>(items: &mut Vec<T>, mut take: impl FnMut(&T) -> anyhow::Result<bool>) -> anyhow::Result<Vec<T>> {
    let (mut faulty, mut at) = (Vec::new(), 0);
    while let Some(item) = items.get(at) {
        if take(item)? {
            at += 1;
        } else {
            faulty.push(items.remove(at));
            at = 0;
        }
    }
    Ok(faulty)
}

impl Consumer {
    /// Counts the next items. What has an id is counted in a transaction of its own; what has none, with the position,
    /// in the last one.
    pub(super) fn count_one_by_one(&mut self) -> anyhow::Result<()> {
        let started = Instant::now();
        let from = self.ledger.position();
        let Batch { records, next, damaged } = self.log.read(from, BATCH_BYTES)?;
        if next == from {
            return Ok(());
        }
        self.metrics.log_damaged.inc_by(damaged as u64);
        let (mut lost, mut rest, mut events) = (Vec::new(), Vec::new(), 0);
        for record in records {
            let received = record.received;
            for arrival in arrival::read(record, &mut self.reading) {
                let item = Item { arrival, received };
                if !has_id(&item.arrival) {
                    rest.push(item);
                    continue;
                }
                let alone = item.lost();
                match caught(|| self.take(vec![item.arrival]).and_then(|()| self.commit(from))) {
                    Some(counted) => events += counted?,
                    None => {
                        self.ledger.abandon();
                        lost.push(alone);
                    }
                }
            }
        }
        let faulty = sift(&mut rest, |item| {
            let taken = caught(|| self.take(again(&item.arrival).into_iter().collect()));
            if taken.is_none() {
                self.ledger.abandon();
            }
            taken.transpose().map(|taken| taken.is_some())
        })?;
        lost.extend(faulty.iter().map(Item::lost));
        events += match caught(|| self.end_at(next, &lost)) {
            Some(counted) => counted?,
            None => {
                // Whatever of the rest it is: it is found neither alone nor at once.
                self.ledger.abandon();
                lost.extend(rest.iter().map(Item::lost));
                self.end_at(next, &lost)?
            }
        };
        for Lost { project, event_id, .. } in lost {
            tracing::error!(project = project.0, event_id, "not counted: it brings the server down");
        }
        self.metrics.consumed(events, started.elapsed());
        Ok(())
    }

    /// Writes what was taken, what was lost, and up to where that is.
    fn end_at(&mut self, next: Position, lost: &[Lost]) -> anyhow::Result<u64> {
        for Lost { project, received, event_id } in lost {
            if self.ledger.is_known(*project)? {
                self.ledger.outcome(*project, *received, Outcome::internal_error(event_id.clone()));
            }
        }
        self.commit(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each that fails is lost alone, and what was taken before it is taken again.
    #[test]
    fn what_fails_is_sifted_out() {
        for faulty in [&[][..], &[0], &[3, 4], &[6], &[0, 1, 2, 3, 4, 5, 6]] {
            let (mut items, mut taken) = ((0..7).collect::<Vec<u32>>(), Vec::new());
            let lost = sift(&mut items, |item| {
                let is_sound = !faulty.contains(item);
                if is_sound {
                    taken.push(*item);
                } else {
                    taken.clear();
                }
                Ok(is_sound)
            });
            assert_eq!(lost.unwrap(), faulty);
            assert_eq!((&taken, taken.len()), (&items, 7 - faulty.len()));
        }
        assert!(sift(&mut vec![1], |_| Err(anyhow::anyhow!("the store"))).is_err());
    }
}
