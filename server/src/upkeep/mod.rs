//! What is done to a data directory besides serving: copies of it, and a look at its health; and what is done to one that an older server left.

mod backup;
mod doctor;
mod probe;
mod upgrade;

pub use backup::{backup, restore};
pub use doctor::{Finding, doctor};
pub use probe::ready;
pub use upgrade::upgrade;
