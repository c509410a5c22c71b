//! Which ids were counted, for a window of time or as many as fit.
//!
//! An index over random ids would touch a page an id. So ids are kept by when they came: each transaction adds its
//! own as one row; when there are [`RUN`] of them they become one sorted run with a Bloom filter, and the oldest
//! runs go. A lookup asks the newest ids in memory, then the filters, and reads a run only where one says yes.

use std::collections::HashMap;

use anyhow::Context;
use rusqlite::{Connection, Transaction, params};

use super::super::Id;
use crate::PatternId;
use crate::clock::{DAY, now};

/// Ids of a run: some 5 MB.
const RUN: usize = 1 << 18;
/// Bytes of an id and its pattern.
const ENTRY: usize = 20;
/// Bits of a filter for each id: 1 in 120 says yes in vain with 7 probes.
const BITS: usize = 10;
const PROBES: u64 = 7;
/// How long an id is remembered. Longer than clients keep what they could not send (3 days).
pub const WINDOW: i64 = 7 * DAY;

/// The ids in the window.
#[derive(Debug)]
pub(super) struct Ids {
    recent: HashMap<Id, PatternId>,
    runs: Vec<Run>,
    next_part: i64,
    max_bytes: u64,
}

#[derive(Debug)]
struct Run {
    number: i64,
    sealed: i64,
    filter: Vec<u8>,
}

/// Ids are random, which makes two halves of one as good as two hashes (Kirsch, Mitzenmacher). Those that are not,
/// an odd client's, are mixed first.
fn probes(id: &Id, bits: usize) -> impl Iterator<Item = usize> {
    let half = |bytes: &[u8]| {
        let number = bytes.iter().fold(0_u64, |n, byte| n << 8 | u64::from(*byte));
        (number ^ number >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9)
    };
    let (low, high) = id.split_at(8);
    let (one, two) = (half(low), half(high) | 1);
    (0..PROBES).map(move |n| (one.wrapping_add(n.wrapping_mul(two)) >> 17) as usize % bits)
}

fn filter(ids: &[(Id, PatternId)]) -> Vec<u8> {
    let mut filter = vec![0_u8; ids.len() * BITS / 8 + 8];
    let bits = filter.len() * 8;
    for at in ids.iter().flat_map(|(id, _)| probes(id, bits)) {
        if let Some(byte) = filter.get_mut(at / 8) {
            *byte |= 1 << (at % 8);
        }
    }
    filter
}

fn may_hold(filter: &[u8], id: &Id) -> bool {
    let bits = filter.len() * 8;
    bits > 0 && probes(id, bits).all(|at| filter.get(at / 8).is_some_and(|byte| byte >> (at % 8) & 1 == 1))
}

fn to_bytes(ids: &[(Id, PatternId)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(ids.len() * ENTRY);
    for (id, pattern) in ids {
        bytes.extend_from_slice(id);
        bytes.extend_from_slice(&pattern.0.to_le_bytes());
    }
    bytes
}

fn entry(bytes: &[u8]) -> Option<(Id, PatternId)> {
    let (id, pattern) = bytes.split_first_chunk::<16>()?;
    Some((*id, PatternId(u32::from_le_bytes(pattern.try_into().ok()?))))
}

impl Ids {
    pub fn load(connection: &Connection, max_bytes: u64) -> anyhow::Result<Ids> {
        let mut ids = Ids { recent: HashMap::new(), runs: Vec::new(), next_part: 1, max_bytes };
        let mut parts = connection.prepare("SELECT number, ids FROM id_parts ORDER BY number")?;
        let mut rows = parts.query([])?;
        while let Some(row) = rows.next()? {
            ids.next_part = row.get::<_, i64>(0)? + 1;
            ids.recent.extend(row.get_ref(1)?.as_blob()?.chunks_exact(ENTRY).filter_map(entry));
        }
        let mut runs = connection.prepare("SELECT number, sealed, filter FROM id_runs ORDER BY number")?;
        let rows =
            runs.query_map([], |row| Ok(Run { number: row.get(0)?, sealed: row.get(1)?, filter: row.get(2)? }))?;
        ids.runs = rows.collect::<Result<_, _>>().context("ids")?;
        Ok(ids)
    }

    /// As it is on disk.
    pub fn reload(&self, connection: &Connection) -> anyhow::Result<Ids> {
        Ids::load(connection, self.max_bytes)
    }

    pub fn get(&self, connection: &Connection, id: &Id) -> anyhow::Result<Option<PatternId>> {
        if let Some(pattern) = self.recent.get(id) {
            return Ok(Some(*pattern));
        }
        for run in self.runs.iter().rev().filter(|run| may_hold(&run.filter, id)) {
            if let Some(pattern) = search(connection, run.number, id)? {
                return Ok(Some(pattern));
            }
        }
        Ok(None)
    }

    /// Adds ids within a transaction. What it changes in memory is right only if that commits: [`Ids::reload`].
    pub fn add(&mut self, transaction: &Transaction<'_>, ids: &[(Id, PatternId)]) -> anyhow::Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let mut insert = transaction.prepare_cached("INSERT INTO id_parts (number, ids) VALUES (?1, ?2)")?;
        insert.execute(params![self.next_part, to_bytes(ids)])?;
        self.next_part += 1;
        self.recent.extend(ids.iter().copied());
        if self.recent.len() >= RUN {
            self.seal(transaction)?;
        }
        Ok(())
    }

    fn seal(&mut self, transaction: &Transaction<'_>) -> anyhow::Result<()> {
        let mut ids: Vec<_> = std::mem::take(&mut self.recent).into_iter().collect();
        ids.sort_unstable_by_key(|(id, _)| *id);
        let run = Run { number: self.runs.last().map_or(1, |run| run.number + 1), sealed: now(), filter: filter(&ids) };
        transaction.execute(
            "INSERT INTO id_runs (number, sealed, ids, filter) VALUES (?1, ?2, ?3, ?4)",
            params![run.number, run.sealed, to_bytes(&ids), run.filter],
        )?;
        transaction.execute("DELETE FROM id_parts", [])?;
        let bytes_of_run = (RUN * (ENTRY * 8 + BITS) / 8) as u64;
        let may_stay = (self.max_bytes / bytes_of_run).max(1) as usize;
        self.runs.push(run);
        let surplus = self.runs.len().saturating_sub(may_stay);
        let oldest = self.runs.iter().enumerate().take_while(|(at, run)| *at < surplus || run.sealed < now() - WINDOW);
        let gone: Vec<i64> = oldest.map(|(_, run)| run.number).collect();
        for number in &gone {
            transaction.execute("DELETE FROM id_runs WHERE number = ?1", [number])?;
        }
        self.runs.drain(..gone.len());
        Ok(())
    }
}

/// Binary search in a run, read piece by piece.
fn search(connection: &Connection, number: i64, id: &Id) -> anyhow::Result<Option<PatternId>> {
    let blob = connection.blob_open("main", "id_runs", "ids", number, true)?;
    let (mut low, mut high) = (0, blob.len() / ENTRY);
    while low < high {
        let middle = low + (high - low) / 2;
        let mut bytes = [0; ENTRY];
        blob.read_at_exact(&mut bytes, middle * ENTRY)?;
        let Some((found, pattern)) = entry(&bytes) else { return Ok(None) };
        match found.cmp(id) {
            std::cmp::Ordering::Equal => return Ok(Some(pattern)),
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    Ok(None)
}

/// The pattern of an id, for readers that keep no filters in memory.
pub(super) fn find(connection: &Connection, id: &Id) -> anyhow::Result<Option<PatternId>> {
    let mut parts = connection.prepare_cached("SELECT ids FROM id_parts")?;
    let mut rows = parts.query([])?;
    while let Some(row) = rows.next()? {
        let bytes = row.get_ref(0)?.as_blob()?;
        if let Some((_, pattern)) = bytes.chunks_exact(ENTRY).filter_map(entry).find(|(found, _)| found == id) {
            return Ok(Some(pattern));
        }
    }
    let mut runs = connection.prepare_cached("SELECT number, filter FROM id_runs ORDER BY number DESC")?;
    let mut rows = runs.query([])?;
    while let Some(row) = rows.next()? {
        if may_hold(row.get_ref(1)?.as_blob()?, id)
            && let Some(pattern) = search(connection, row.get(0)?, id)?
        {
            return Ok(Some(pattern));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u64) -> Id {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
        id[8..].copy_from_slice(&n.wrapping_mul(0xc2b2_ae3d_27d4_eb4f).to_le_bytes());
        id
    }

    #[test]
    fn what_was_added_is_found_in_parts_in_runs_and_after_a_restart() {
        let mut connection = Connection::open_in_memory().unwrap();
        super::super::schema::bring_up(&mut connection).unwrap();
        let mut ids = Ids::load(&connection, 64 << 20).unwrap();
        let total = RUN as u64 * 2 + 1000;
        for start in (0..total).step_by(50_000) {
            let batch: Vec<_> = (start..total.min(start + 50_000)).map(|n| (id(n), PatternId(n as u32))).collect();
            let transaction = connection.transaction().unwrap();
            ids.add(&transaction, &batch).unwrap();
            transaction.commit().unwrap();
        }
        let again = Ids::load(&connection, 64 << 20).unwrap();
        for ids in [&ids, &again] {
            assert!((1..=2).contains(&ids.runs.len()));
            for n in (0..total).step_by(997) {
                assert_eq!(ids.get(&connection, &id(n)).unwrap(), Some(PatternId(n as u32)));
            }
            assert!((total..total + 2000).all(|n| ids.get(&connection, &id(n)).unwrap().is_none()));
        }
        for n in [0, total / 2, total - 1] {
            assert_eq!(find(&connection, &id(n)).unwrap(), Some(PatternId(n as u32)));
        }
        assert_eq!(find(&connection, &id(total)).unwrap(), None);
    }

    #[test]
    fn the_oldest_go_when_there_is_no_more_room() {
        let mut connection = Connection::open_in_memory().unwrap();
        super::super::schema::bring_up(&mut connection).unwrap();
        let mut ids = Ids::load(&connection, 6 << 20).unwrap();
        for start in [0, RUN as u64, 2 * RUN as u64] {
            let batch: Vec<_> = (start..start + RUN as u64).map(|n| (id(n), PatternId(1))).collect();
            let transaction = connection.transaction().unwrap();
            ids.add(&transaction, &batch).unwrap();
            transaction.commit().unwrap();
        }
        assert_eq!(ids.runs.len(), 1);
        assert_eq!(ids.get(&connection, &id(0)).unwrap(), None);
        assert_eq!(ids.get(&connection, &id(2 * RUN as u64)).unwrap(), Some(PatternId(1)));
    }
}
