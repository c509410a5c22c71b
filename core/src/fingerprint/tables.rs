//! Every rule of v1 as data: what documentation is made from, and what the pinning test hashes.

use super::{message, recursion, stack};
use crate::stacktrace::normalize;

/// Rules of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// What the rules are about.
    pub name: &'static str,
    /// The rules, in the order in which they are tried.
    pub rows: Vec<Row>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// What is written instead; empty where nothing is.
    pub placeholder: &'static str,
    /// What it matches.
    pub doc: &'static str,
}

/// The tables of v1.
pub fn tables() -> Vec<Table> {
    let matcher = |m: &message::Matcher| Row { name: m.name.to_owned(), placeholder: m.placeholder, doc: m.doc };
    let mut tables = vec![
        Table { name: "message", rows: message::MATCHERS.iter().map(matcher).collect() },
        Table {
            name: "names",
            rows: normalize::NAMES
                .iter()
                .map(|n| Row {
                    name: format!("{} {:?} {:?}", n.name, n.part, n.languages),
                    placeholder: "",
                    doc: n.doc,
                })
                .collect(),
        },
    ];
    let own = [("comprehensions", stack::COMPREHENSIONS), ("shared names", recursion::SHARED)];
    let lists = message::word_lists().into_iter().chain(normalize::word_lists()).chain(own);
    tables.extend(lists.map(|(name, words)| Table {
        name,
        rows: words.iter().map(|w| Row { name: (*w).to_owned(), placeholder: "", doc: "" }).collect(),
    }));
    let limit = |(name, value): &(&str, usize)| Row { name: format!("{name}: {value}"), placeholder: "", doc: "" };
    let limits = message::LIMITS.iter().chain(normalize::LIMITS).map(limit);
    tables.push(Table { name: "limits", rows: limits.collect() });
    tables
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;

    const PINNED: &str = "4262bfe8e772540ab10e7f2a8acfe8793eb1241032f68d4e40b30b7004e006f2";

    /// v1 is its code and its tables. When this fails you changed a table:
    /// - before the first release of v1: make sure that the vectors say what you meant, then pin the
    ///   hash that the failure prints;
    /// - after it: take the change back. The fingerprints of every stored issue depend on it. A better
    ///   rule belongs to v2, beside v1.
    ///
    /// The docs are not hashed: saying it better is free. The blocklist of `stacktrace` is pinned there: it is handed in, not part of this module.
    #[test]
    fn fingerprint_hash_of_tables() {
        let mut hasher = Sha256::new();
        let mut put = |text: &str| {
            hasher.update((text.len() as u64).to_le_bytes());
            hasher.update(text);
        };
        put(std::str::from_utf8(crate::fingerprint::digest::VERSION_TAG).unwrap());
        for table in tables() {
            put(table.name);
            put(&table.rows.len().to_string());
            for row in table.rows {
                put(&row.name);
                put(row.placeholder);
            }
        }
        let hash: String = hasher.finalize().iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hash, PINNED, "the tables of fingerprint v1 changed: read the comment of this test");
    }
}
