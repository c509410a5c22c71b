//! What people change by hand: projects, keys, people. Rare, small, and on disk before anyone is told.

use rusqlite::Connection;

use super::{Payloads, People, Projects, Sqlite};

/// Projects, keys and people, over any connection.
#[derive(Debug, Clone, Copy)]
pub struct Registry<'c>(pub(super) &'c Connection);

impl<'c> Registry<'c> {
    /// Projects and their keys.
    pub fn projects(self) -> Projects<'c> {
        Projects(self.0)
    }

    /// Rows of stored payloads.
    pub fn payloads(self) -> Payloads<'c> {
        Payloads(self.0)
    }

    /// People, sessions, tokens, links.
    pub fn people(self) -> People<'c> {
        People(self.0)
    }
}

impl Sqlite {
    pub(super) fn edit_registry(
        &mut self,
        edit: &mut dyn FnMut(Registry<'_>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        // No log holds what is done here: this one transaction is brought to disk by itself. And what it deletes is
        // overwritten.
        self.connection.pragma_update(None, "synchronous", "FULL")?;
        self.connection.pragma_update(None, "secure_delete", true)?;
        let done = (|| {
            let transaction = self.connection.transaction()?;
            edit(Registry(&transaction))?;
            anyhow::Ok(transaction.commit()?)
        })();
        self.connection.pragma_update(None, "secure_delete", "FAST")?;
        self.connection.pragma_update(None, "synchronous", "NORMAL")?;
        done
    }
}
