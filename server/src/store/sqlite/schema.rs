//! The schema, as the steps that lead to it; see `migrations/README.md`.

use std::path::Path;

use anyhow::{Context, bail};
use rusqlite::Connection;

/// From the version before to its own. What SQL cannot say is said here in Rust.
type Step = fn(&Connection) -> anyhow::Result<()>;

/// The first makes version 1.
const STEPS: &[Step] = &[
    |database| sql(database, include_str!("migrations/0001_initial.sql")),
    |database| sql(database, include_str!("migrations/0002_meanings.sql")),
];

/// Version of the data directories that this server writes.
pub const VERSION: i64 = STEPS.len() as i64;

fn sql(database: &Connection, text: &str) -> anyhow::Result<()> {
    Ok(database.execute_batch(text)?)
}

/// The version of a database, which stands at `path`; 0 is one without anything in it.
///
/// # Errors
/// When it cannot be read, or a newer server wrote it.
pub fn version(database: &Connection, path: &Path) -> anyhow::Result<i64> {
    let found = database
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .with_context(|| format!("database {}", path.display()))?;
    if found > VERSION {
        bail!(
            "database {}: it has version {found}, and this server knows versions up to {VERSION}: a newer server wrote \
             it. Start that one, or restore a backup from before",
            path.display()
        );
    }
    Ok(found)
}

/// Brings a database to [`VERSION`]; all of the way, or it is as it was.
///
/// # Errors
/// When a step fails.
pub fn bring_up(database: &mut Connection) -> anyhow::Result<()> {
    climb(database, STEPS)
}

fn climb(database: &mut Connection, steps: &[Step]) -> anyhow::Result<()> {
    let found: i64 = database.pragma_query_value(None, "user_version", |row| row.get(0))?;
    // A table that is made anew is dropped in between: what refers to it is looked at in the end. And no log holds what
    // is done here.
    database.pragma_update(None, "foreign_keys", false)?;
    database.pragma_update(None, "synchronous", "FULL")?;
    let climbed = (|| {
        let transaction = database.transaction()?;
        for (number, step) in (1..).zip(steps).skip(usize::try_from(found)?) {
            step(&transaction).with_context(|| format!("schema: step to version {number}"))?;
        }
        if transaction.prepare("PRAGMA foreign_key_check")?.exists([])? {
            bail!("schema: rows refer to others that are gone");
        }
        transaction.pragma_update(None, "user_version", steps.len() as i64)?;
        anyhow::Ok(transaction.commit()?)
    })();
    database.pragma_update(None, "synchronous", "NORMAL")?;
    database.pragma_update(None, "foreign_keys", true)?;
    climbed
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    fn one(database: &Connection, sql: &str) -> String {
        let value = database.query_row(sql, [], |row| row.get::<_, rusqlite::types::Value>(0)).unwrap();
        format!("{value:?}")
    }

    const FIRST: Step = |database| sql(database, "CREATE TABLE a (x INTEGER PRIMARY KEY); INSERT INTO a VALUES (7);");
    const SECOND: Step = |database| sql(database, "ALTER TABLE a ADD COLUMN y; UPDATE a SET y = x * 2;");

    #[test]
    fn released_steps_stay_as_they_are() {
        let digest = |text: &str| Sha256::digest(text)[..4].iter().map(|b| format!("{b:02x}")).collect::<String>();
        let changed = "a released step never changes: what was added to it belongs into the newest file of migrations/";
        assert_eq!(digest(include_str!("migrations/0001_initial.sql")), "6821b44e", "{changed}");
    }

    #[test]
    fn steps_that_are_lacking_are_taken_once() {
        let mut database = Connection::open_in_memory().unwrap();
        climb(&mut database, &[FIRST]).unwrap();
        climb(&mut database, &[FIRST, SECOND]).unwrap();
        climb(&mut database, &[FIRST, SECOND]).unwrap();
        assert_eq!(one(&database, "SELECT y FROM a"), "Integer(14)");
        assert_eq!(one(&database, "PRAGMA user_version"), "Integer(2)");
        assert_eq!(one(&database, "PRAGMA foreign_keys"), "Integer(1)");
    }

    /// Also those before it: the server that wrote the data still reads them.
    #[test]
    fn a_step_that_fails_leaves_all_as_it_was() {
        let mut database = Connection::open_in_memory().unwrap();
        climb(&mut database, &[FIRST]).unwrap();
        let failing: [Step; 2] = [
            |database| sql(database, "UPDATE a SET y = 0; INSERT INTO nowhere VALUES (1)"),
            |database| {
                sql(
                    database,
                    "CREATE TABLE b (x REFERENCES a (x) DEFERRABLE INITIALLY DEFERRED); INSERT INTO b VALUES (8)",
                )
            },
        ];
        for third in failing {
            climb(&mut database, &[FIRST, SECOND, third]).unwrap_err();
            assert_eq!(one(&database, "SELECT COUNT(*) FROM pragma_table_info('a')"), "Integer(1)");
            assert_eq!(one(&database, "PRAGMA user_version"), "Integer(1)");
        }
        climb(&mut database, &[FIRST, SECOND]).unwrap();
    }

    #[test]
    fn newer_data_are_refused() {
        let database = Connection::open_in_memory().unwrap();
        database.pragma_update(None, "user_version", VERSION + 1).unwrap();
        let refused = version(&database, Path::new("x/faultwire.db")).unwrap_err().to_string();
        assert!(
            refused.contains("x/faultwire.db") && refused.contains(&format!("version {}", VERSION + 1)),
            "{refused}"
        );
    }
}
