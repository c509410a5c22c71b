//! What was accepted a moment ago, still unpacked: it is read soon, and need not be unpacked again. Never more than a
//! few megabytes: who reads late unpacks.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Position, Record};

/// Bytes that are kept: some 200 events.
pub(super) const MAX_BYTES: usize = 2 << 20;

/// Envelopes by their position, in its order.
#[derive(Default)]
pub(super) struct Fresh(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    envelopes: VecDeque<(Position, Vec<u8>)>,
    bytes: usize,
}

impl Fresh {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what was written; the oldest go when there is no room.
    pub fn keep(&self, written: impl Iterator<Item = (Position, Vec<u8>)>) {
        let mut kept = self.kept();
        for (at, plain) in written {
            kept.bytes += plain.len();
            kept.envelopes.push_back((at, plain));
        }
        while kept.bytes > MAX_BYTES {
            kept.pop();
        }
    }

    /// Gives records what is kept of them. What came before them is not asked for any more.
    pub fn give<'r>(&self, records: impl Iterator<Item = (Position, &'r mut Record)>) {
        let mut kept = self.kept();
        for (at, record) in records {
            while kept.envelopes.front().is_some_and(|(front, _)| *front < at) {
                kept.pop();
            }
            if kept.envelopes.front().is_some_and(|(front, _)| *front == at) {
                record.plain = kept.pop();
            }
        }
    }
}

impl Kept {
    fn pop(&mut self) -> Option<Vec<u8>> {
        let (_, plain) = self.envelopes.pop_front()?;
        self.bytes -= plain.len();
        Some(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ProjectId;
    use crate::log::{Encoding, KeyKind};

    fn given(fresh: &Fresh, offset: u32) -> Option<Vec<u8>> {
        let (project, key, encoding) = (ProjectId(1), KeyKind::Server, Encoding::Gzip);
        let mut record = Record { project, key, received: 0, encoding, body: Vec::new(), plain: None };
        fresh.give(std::iter::once((Position { segment: 1, offset }, &mut record)));
        record.plain
    }

    #[test]
    fn each_is_given_once_and_the_oldest_go() {
        let fresh = Fresh::default();
        let keep = |offset, length| fresh.keep(std::iter::once((Position { segment: 1, offset }, vec![7; length])));
        keep(1, 10);
        keep(5, 20);
        keep(9, 30);
        assert_eq!(given(&fresh, 0), None);
        assert_eq!(given(&fresh, 5), Some(vec![7; 20]));
        assert_eq!((given(&fresh, 5), given(&fresh, 1)), (None, None));
        keep(11, MAX_BYTES);
        assert_eq!(given(&fresh, 9), None);
        assert_eq!(given(&fresh, 11).map(|plain| plain.len()), Some(MAX_BYTES));
        assert_eq!(fresh.kept().bytes, 0);
    }
}
