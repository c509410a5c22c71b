//! How urgent an issue is: a table over what is known of it, without anyone's judgement.
//!
//! 1. Its level gives the start: fatal is critical, error is high if nothing handled it and medium if something
//!    did, warning is low, the rest is info.
//! 2. The first row of [`SOURCES`] that its type or culprit matches moves it up or down.
//! 3. A hundred occurrences within the current hour move it up one.

use faultwire::Level;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Facts;

/// From what can wait to what cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing failed.
    Info,
    /// Something is not as it should be.
    Low,
    /// Something failed, and was handled.
    Medium,
    /// Something failed that nobody expected.
    High,
    /// Processes die, data is at risk, or very many are hit.
    Critical,
}

const ALL: [Severity; 5] = [Severity::Info, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

/// Occurrences in an hour from which an issue is more urgent by one.
pub const BUSY: f64 = 100.0;

/// Parts of a type or a culprit, lower case, and by how much they move the severity.
const SOURCES: &[(&str, i8)] = &[
    // Memory and the machine: the next process is in danger too.
    ("sigsegv", 2),
    ("sigbus", 2),
    ("outofmemory", 2),
    ("memoryerror", 2),
    ("nospaceleft", 2),
    ("stackoverflow", 1),
    ("deadlock", 1),
    // Data.
    ("integrityerror", 1),
    ("corrupt", 1),
    ("databaseerror", 1),
    ("operationalerror", 1),
    // Money and doors.
    ("payment", 1),
    ("checkout", 1),
    ("billing", 1),
    // The other side went away, or the user did.
    ("brokenpipe", -2),
    ("connectionreset", -1),
    ("connectionaborted", -1),
    ("clientdisconnect", -2),
    ("cancellederror", -2),
    ("aborterror", -1),
    ("keyboardinterrupt", -2),
    // What a user typed.
    ("validationerror", -1),
    ("notfound", -1),
    ("http404", -2),
];

/// The severity of an issue with these facts and `per_hour` occurrences in the current hour.
pub fn severity(facts: &Facts, per_hour: f64) -> Severity {
    let start = match facts.level {
        Level::Fatal => 4,
        Level::Error if facts.is_handled => 2,
        Level::Error => 3,
        Level::Warning => 1,
        Level::Info | Level::Debug => 0,
    };
    let source = format!("{} {}", facts.kind, facts.culprit).to_ascii_lowercase();
    let moved = SOURCES.iter().find(|(part, _)| source.contains(part)).map_or(0, |(_, by)| *by);
    let busy = i8::from(per_hour >= BUSY && start > 0);
    let rank = (start + moved + busy).clamp(0, 4) as usize;
    ALL.get(rank).copied().unwrap_or(Severity::Medium)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(level: Level, kind: &str, is_handled: bool) -> Facts {
        Facts { level, kind: kind.into(), is_handled, ..Facts::default() }
    }

    #[test]
    fn the_table() {
        let cases = [
            (facts(Level::Fatal, "Panic", false), 0.0, Severity::Critical),
            (facts(Level::Error, "KeyError", false), 0.0, Severity::High),
            (facts(Level::Error, "KeyError", true), 0.0, Severity::Medium),
            (facts(Level::Error, "KeyError", true), BUSY, Severity::High),
            (facts(Level::Error, "MemoryError", true), 0.0, Severity::Critical),
            (facts(Level::Error, "BrokenPipeError", false), 0.0, Severity::Low),
            (facts(Level::Error, "http404", false), 0.0, Severity::Low),
            (facts(Level::Warning, "", true), 0.0, Severity::Low),
            (facts(Level::Info, "", true), 1e6, Severity::Info),
        ];
        for (facts, per_hour, expected) in cases {
            assert_eq!(severity(&facts, per_hour), expected, "{facts:?} {per_hour}");
        }
        assert_eq!(severity(&facts(Level::Error, "KeyError", true), BUSY - 1.0), Severity::Medium);
    }

    /// Each row moves what it is for by what it says, in type and place alike: none stands behind one that takes it all.
    #[test]
    fn every_row_moves_its_own() {
        for (part, by) in SOURCES {
            let expected = ALL[(2 + by) as usize];
            assert_eq!(severity(&facts(Level::Error, &part.to_uppercase(), true), 0.0), expected, "{part}");
            let culprit = format!("app.{part} in run");
            let placed = Facts { culprit, ..facts(Level::Error, "E", true) };
            assert_eq!(severity(&placed, 0.0), expected, "{part}");
        }
    }

    /// The table that people read is this one.
    #[test]
    fn the_table_is_documented() {
        let text = include_str!("../../../docs/server.md");
        let section = text.split("\n## Severity\n").nth(1).unwrap().split("\n## ").next().unwrap();
        let rows =
            section.lines().filter_map(|line| line.trim().strip_prefix("| `")?.strip_suffix(" |")?.split_once("` | "));
        let documented: Vec<(&str, i8)> =
            rows.flat_map(|(parts, by)| parts.split("`, `").map(move |part| (part, by.parse().unwrap()))).collect();
        assert_eq!(documented, SOURCES);
    }
}
