//! Is all well? What can be said of a data directory and its settings without changing anything, whether a server runs
//! there or not.

mod data;
mod reach;

use crate::settings::Settings;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub what: &'static str,
    /// Whether it is well.
    pub is_well: bool,
    /// What was found, and what to do if it is not well.
    pub says: String,
}

fn well(what: &'static str, says: impl Into<String>) -> Finding {
    Finding { what, is_well: true, says: says.into() }
}

fn ill(what: &'static str, says: impl Into<String>) -> Finding {
    Finding { what, is_well: false, says: says.into() }
}

/// Looks at everything.
pub fn doctor(settings: &Settings) -> Vec<Finding> {
    let folder = &settings.data_dir;
    vec![
        data::directory(folder),
        data::room(folder),
        data::database(folder),
        data::log(folder),
        data::occurrences(folder),
        data::channel_key(folder),
        data::backups(folder),
        reach::settings(settings),
        reach::listen(settings),
        reach::address(settings),
        reach::certificate(settings),
    ]
}
