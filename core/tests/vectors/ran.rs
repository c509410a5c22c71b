//! Notes how many cases of a topic were run, for `scripts/parity.py`.

#![allow(clippy::unwrap_used, reason = "a helper of tests, outside any test function")]

use std::fs;
use std::path::Path;

/// All cases of `topic`, so many, came out as written.
pub fn ran(topic: &str, cases: usize) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/parity/rust/vectors");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(topic), format!("{cases}\n")).unwrap();
}
