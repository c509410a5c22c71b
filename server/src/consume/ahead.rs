//! Reads the log ahead of the ledger, on a thread of its own: while one batch is counted, the next is unpacked, parsed
//! and sanitized as far as it has to be to be counted.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Reading;
use super::arrival::{self, Arrival};
use crate::log::{Log, Position};
use crate::telemetry::Task;
use crate::threads::{self, Bell};

/// Bytes of the log in one batch: some 170 events.
pub(super) const BATCH_BYTES: usize = 512 << 10;
/// Batches that wait, but for the one that is being made.
const WAITING: usize = 1;
/// The longest sleep without a ring.
const TICK: Duration = Duration::from_secs(1);
/// Records that make a batch worth its transaction: where fewer come, they are waited for,
const WORTH: u32 = 10;
/// at most so long, since an issue is to be seen at once.
const PATIENCE: Duration = Duration::from_millis(400);
/// Those that come no faster do not wait at all.
const RARE: Duration = Duration::from_millis(150);
/// After the log could not be read.
const RETRY: Duration = Duration::from_secs(1);

/// A stretch of the log, ready to be counted.
pub(super) struct Batch {
    pub arrivals: Vec<Arrival>,
    /// When each record was accepted.
    pub received: Vec<i64>,
    /// Up to where this is.
    pub next: Position,
    pub damaged: usize,
    epoch: u64,
}

/// What is next.
pub(super) enum Next {
    Batch(Batch),
    /// Nothing for now.
    Nothing,
    /// Nothing any more: the log is closed and read to its end.
    End,
}

struct Shared {
    /// From where on, said anew whenever the epoch changes.
    from: Mutex<(u64, Position)>,
    bell: Arc<Bell>,
    is_closing: AtomicBool,
    /// There was no more to read, the last time.
    is_at_end: AtomicBool,
}

/// The consumer's side.
pub(super) struct Ahead {
    shared: Arc<Shared>,
    batches: Receiver<Batch>,
    epoch: u64,
}

impl Ahead {
    /// Starts reading `log` at `from`; rings `ready` for every batch.
    pub fn start(log: Arc<dyn Log>, from: Position, reading: Reading, ready: Arc<Bell>) -> std::io::Result<Ahead> {
        let bell = Arc::new(Bell::default());
        log.ring(bell.clone());
        let shared = Arc::new(Shared {
            from: Mutex::new((0, from)),
            bell,
            is_closing: AtomicBool::new(false),
            is_at_end: AtomicBool::new(false),
        });
        let (sender, batches) = sync_channel(WAITING);
        let theirs = shared.clone();
        threads::spawn(Task::Read, move || {
            theirs.run(&*log, reading, &sender, &ready);
            // Before the ring, so that who wakes sees the end.
            drop(sender);
            ready.ring();
        })?;
        Ok(Ahead { shared, batches, epoch: 0 })
    }

    pub fn next(&mut self) -> Next {
        loop {
            match self.batches.try_recv() {
                Ok(batch) if batch.epoch == self.epoch => return Next::Batch(batch),
                Ok(_) => {}
                Err(TryRecvError::Empty) => return Next::Nothing,
                Err(TryRecvError::Disconnected) => return Next::End,
            }
        }
    }

    /// Whether the log holds no more than was handed out.
    pub fn is_at_end(&self) -> bool {
        self.shared.is_at_end.load(Ordering::Acquire)
    }

    /// What was read since `position` was not counted: it is read again.
    pub fn seek(&mut self, position: Position) {
        self.epoch += 1;
        *self.shared.from.lock().unwrap_or_else(PoisonError::into_inner) = (self.epoch, position);
        self.shared.bell.ring();
    }

    /// The log is closed: what it holds is read, then the end is told.
    pub fn close(&self) {
        self.shared.is_closing.store(true, Ordering::Release);
        self.shared.bell.ring();
    }
}

impl Shared {
    fn run(&self, log: &dyn Log, mut reading: Reading, sender: &SyncSender<Batch>, ready: &Bell) {
        let (mut epoch, mut position) = (u64::MAX, Position::default());
        let (mut last, mut pace) = (Instant::now(), Pace::default());
        loop {
            // Before reading: what was accepted until then is read.
            let is_closing = self.is_closing.load(Ordering::Acquire);
            let (wanted, from) = *self.from.lock().unwrap_or_else(PoisonError::into_inner);
            if wanted != epoch {
                (epoch, position) = (wanted, from);
            }
            let started = Instant::now();
            let read = match log.read(position, BATCH_BYTES) {
                Ok(read) => read,
                Err(error) => {
                    Task::Read.ended(started, false);
                    tracing::error!(%error, "log: cannot read; it is tried again");
                    self.is_at_end.store(false, Ordering::Release);
                    self.bell.wait(RETRY);
                    continue;
                }
            };
            self.is_at_end.store(read.next == position, Ordering::Release);
            if read.next == position {
                if is_closing {
                    break;
                }
                self.bell.wait(TICK);
                continue;
            }
            position = read.next;
            let received = read.records.iter().map(|record| record.received).collect();
            let arrivals = read.records.into_iter().flat_map(|record| arrival::read(record, &mut reading)).collect();
            Task::Read.ended(started, true);
            let batch = Batch { arrivals, received, next: read.next, damaged: read.damaged, epoch };
            let pause = pace.pause(last.elapsed(), batch.received.len());
            last = Instant::now();
            if sender.send(batch).is_err() {
                return;
            }
            ready.ring();
            if !is_closing {
                std::thread::sleep(pause.saturating_sub(last.elapsed()));
            }
        }
    }
}

/// How fast records come.
#[derive(Default)]
struct Pace {
    /// The time that each of the last batch took to come.
    each: Duration,
}

impl Pace {
    /// How long to wait for the next batch if they go on to come as they did: `records` since the last one. None that
    /// come now and then wait; those that come fast have no need to. The faster of two batches counts: who sends fast
    /// may falter.
    fn pause(&mut self, since: Duration, records: usize) -> Duration {
        let each = since / u32::try_from(records).unwrap_or(u32::MAX).max(1);
        let faster = each.min(std::mem::replace(&mut self.each, each));
        if each >= RARE { Duration::ZERO } else { (faster * WORTH).min(PATIENCE) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_as_long_as_a_batch_takes_to_come() {
        let ms = Duration::from_millis;
        // One now and then; 33 a second; 1,000 a second; 5,000 a second; a moment's halt.
        let rates = [(150, 1, 0), (30, 1, 300), (10, 10, 10), (100, 500, 2), (90, 1, 2), (90, 1, 400), (0, 0, 0)];
        let mut pace = Pace { each: ms(150) };
        for (since, records, expected) in rates {
            assert_eq!(pace.pause(ms(since), records), ms(expected), "{since} {records}");
        }
    }
}
