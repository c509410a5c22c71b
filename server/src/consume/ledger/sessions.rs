//! Sessions counted: by release, environment and the hour in which they started.
//!
//! Every session is one of: going well, exited, errored, crashed, abnormal. `errored` are those in which something went
//! wrong that did not end them, as in the aggregates of the protocol.
//!
//! - **An update counts by its session's id.** The first that comes counts the session, whether it says `init` or not:
//!   the one that does may be lost, or come later, and then the session was there all the same. The first that says how
//!   it ended counts that, and takes back `errored` if it was more than that. All else changes nothing, so that what is
//!   sent again does not count again. This holds for 7 days, as for events; clients update a session for 5.
//! - **An aggregate has no id.** It counts with the batch that it is in: a batch that is read again counts once, as
//!   position and counts are one transaction. What a client sends twice counts twice; the protocol knows no better.

use super::Ledger;
use crate::PatternId;
use crate::consume::sessions::{End, Mark, Told, Update};
use crate::store::{Id, SessionPlace, Sessions};

impl Ledger {
    /// Counts what an item says of sessions.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn sessions(&mut self, told: Told) -> anyhow::Result<()> {
        match told {
            Told::Update(update) => {
                let counted = self.session(&update)?;
                self.add_sessions(update.place, counted)
            }
            Told::Ended(all) => all.into_iter().try_for_each(|(place, counted)| self.add_sessions(place, counted)),
        }
    }

    fn session(&mut self, update: &Update) -> anyhow::Result<Sessions> {
        let started = i64::from(self.mark(update.id(Mark::Started))?);
        let mut counted = Sessions { started, ..Sessions::default() };
        let ended = update.id(Mark::Ended);
        if self.is_repeated(&ended)? {
            return Ok(counted);
        }
        let errored = update.id(Mark::Errored);
        let had_errors = self.is_repeated(&errored)?;
        let end = match (update.end, update.has_errors || had_errors) {
            (None, true) | (Some(End::Exited), true) => {
                counted.errored = i64::from(self.mark(errored)?);
                None
            }
            (end, _) => end,
        };
        match end {
            Some(End::Exited) => counted.exited = 1,
            Some(End::Crashed) => counted.crashed = 1,
            Some(End::Abnormal) => counted.abnormal = 1,
            None => {}
        }
        if end.is_some() && had_errors {
            counted.errored = -1;
        }
        if update.end.is_some() {
            self.mark(ended)?;
        }
        Ok(counted)
    }

    /// Whether that was not marked before.
    fn mark(&mut self, id: Id) -> anyhow::Result<bool> {
        let is_new = !self.is_repeated(&id)?;
        if is_new {
            self.remember(id, PatternId(0));
        }
        Ok(is_new)
    }

    fn add_sessions(&mut self, place: SessionPlace, counted: Sessions) -> anyhow::Result<()> {
        if counted != Sessions::default() {
            self.see_release(place.project, Some(&place.release), place.hour * crate::clock::HOUR)?;
            self.changes.sessions.entry(place).or_default().add(counted);
        }
        Ok(())
    }
}
