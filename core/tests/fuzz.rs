//! Inputs that the fuzzer found once hold now, and so do its first inputs: `tests/fuzz/<property>/<what it is>`.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use faultwire_properties::{PROPERTIES, check};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The names in a folder, without their extensions.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names: BTreeSet<String> =
        entries.map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()).collect();
    assert!(!names.is_empty(), "{} is empty", folder.display());
    names
}

#[test]
fn what_was_found_once_holds() {
    let folder = root().join("tests/fuzz");
    for property in names(&folder) {
        for entry in fs::read_dir(folder.join(&property)).unwrap() {
            let path = entry.unwrap().path();
            println!("{}", path.display());
            check(&property, &fs::read(path).unwrap());
        }
    }
}

#[test]
fn every_property_has_a_target() {
    let properties: BTreeSet<String> = PROPERTIES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(properties.len(), PROPERTIES.len());
    assert_eq!(names(&root().join("fuzz/targets")), properties);
    let found = names(&root().join("tests/fuzz"));
    assert!(found.is_subset(&properties), "{found:?}");
}

#[test]
fn every_property_survives_what_is_no_text_and_nothing() {
    for (name, _) in PROPERTIES {
        for input in [&b""[..], b"\xff", b"\0", b"\n", b"a\xff\0{[\"", "\u{fffd}\u{1f600}".as_bytes()] {
            check(name, input);
        }
    }
}
