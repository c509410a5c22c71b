//! By what occurrences are found: whom they hit, and the trace that they are part of.
//!
//! Only the last of them are kept, and they are looked through one by one: some 15 MB, a few milliseconds. Adding one
//! costs what a few bytes at the end of a page cost, thousands of times a second.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::PatternId;
use crate::issues::{Distinct, Hit};
use crate::store::Clue;

/// Bytes of a clue and its pattern.
pub(super) const ENTRY: usize = 12;
/// A row takes no more once it is so long: about a page.
const FULL: usize = 3900;
/// Rows that are kept: with two clues each, those of at least the last half a million stored occurrences.
const ROWS: i64 = 3200;
/// Patterns that one clue finds.
const MAX_FOUND: usize = 1000;

/// Adds clues within a transaction; the oldest go.
pub(super) fn add(transaction: &Transaction<'_>, clues: &[(Clue, PatternId)]) -> anyhow::Result<()> {
    if clues.is_empty() {
        return Ok(());
    }
    let mut bytes = Vec::with_capacity(clues.len() * ENTRY);
    for (clue, pattern) in clues {
        bytes.extend_from_slice(&clue.to_le_bytes());
        bytes.extend_from_slice(&pattern.0.to_le_bytes());
    }
    let last = "SELECT number, length(clues) FROM clues ORDER BY number DESC LIMIT 1";
    let last: Option<(i64, i64)> =
        transaction.prepare_cached(last)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    match last {
        Some((number, length)) if (length as usize) < FULL => {
            let append = "UPDATE clues SET clues = CAST(clues || ?2 AS BLOB) WHERE number = ?1";
            transaction.prepare_cached(append)?.execute(params![number, bytes])?;
        }
        other => {
            let number = other.map_or(1, |(number, _)| number + 1);
            transaction
                .prepare_cached("INSERT INTO clues (number, clues) VALUES (?1, ?2)")?
                .execute(params![number, bytes])?;
            transaction.prepare_cached("DELETE FROM clues WHERE number <= ?1")?.execute([number - ROWS])?;
        }
    }
    Ok(())
}

/// Patterns of stored occurrences that have this clue, the last thousand.
pub(super) fn find(connection: &Connection, clue: Clue) -> anyhow::Result<BTreeSet<PatternId>> {
    let wanted = clue.to_le_bytes();
    let mut found = BTreeSet::new();
    let mut statement = connection.prepare_cached("SELECT clues FROM clues ORDER BY number DESC")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()?.filter(|_| found.len() < MAX_FOUND) {
        for entry in row.get_ref(0)?.as_blob()?.chunks_exact(ENTRY) {
            if let Some(pattern) = entry.strip_prefix(&wanted).and_then(|rest| rest.try_into().ok()) {
                found.insert(PatternId(u32::from_le_bytes(pattern)));
            }
        }
    }
    Ok(found)
}

/// Patterns that hit a user, of any project: all that hit so few that each is known, and those of occurrences that
/// were stored lately.
pub(super) fn of_user(connection: &Connection, clue: Clue) -> anyhow::Result<BTreeSet<PatternId>> {
    let mut found = find(connection, clue)?;
    // The database looks for the bytes, and need not read those of the large ones; whether they are a member, and not
    // parts of two, is seen here.
    let mut statement = connection.prepare_cached(
        "SELECT pattern, members FROM hit WHERE what = ?1 AND length(members) <= ?2 AND instr(members, ?3) > 0",
    )?;
    let values = params![Hit::Users as u8, Distinct::MAX_EXACT_BYTES as i64, clue.to_le_bytes()];
    let mut rows = statement.query(values)?;
    while let Some(row) = rows.next()? {
        if Distinct::from_bytes(row.get_ref(1)?.as_blob()?).contains(clue) == Some(true) {
            found.insert(PatternId(row.get(0)?));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The newest are found, whatever row they are in; the oldest go, so that the table stays as large as it is.
    #[test]
    fn the_last_of_them_are_kept() {
        let mut connection = Connection::open_in_memory().unwrap();
        super::super::schema::bring_up(&mut connection).unwrap();
        let mut add = |clues: &[(Clue, PatternId)]| {
            let transaction = connection.transaction().unwrap();
            super::add(&transaction, clues).unwrap();
            transaction.commit().unwrap();
        };
        add(&[]);
        add(&[(7, PatternId(1)), (8, PatternId(1))]);
        add(&[(7, PatternId(2)), (7, PatternId(2))]);
        let batch: Vec<_> = (0..160).map(|n| (1000 + n, PatternId(3))).collect();
        (0..ROWS * 4).for_each(|_| add(&batch));
        add(&[(9, PatternId(4))]);
        let found = |clue| find(&connection, clue).unwrap().into_iter().map(|p| p.0).collect::<Vec<_>>();
        assert_eq!((found(1000), found(1159), found(9)), (vec![3], vec![3], vec![4]));
        assert!(found(6).is_empty());
        let (rows, bytes): (i64, i64) = connection
            .query_row("SELECT COUNT(*), SUM(length(clues)) FROM clues", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        assert!(rows <= ROWS && (ROWS * FULL as i64..20 << 20).contains(&bytes), "{rows} rows, {bytes} bytes");
        // Three batches fill a row: of what was first nothing is left.
        assert!(found(7).is_empty());
    }
}
