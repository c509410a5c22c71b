//! What is done to a data directory besides serving: copies of it, and a look at its health.

mod backup;
mod doctor;

pub use backup::{backup, restore};
pub use doctor::{Finding, doctor};
