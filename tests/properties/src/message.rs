//! A message is normalised once for all, in a number of steps that its length bounds.

use faultwire::fingerprint::message::{normalize, steps};

/// Bytes looked at per byte of text; the worst that is known takes about 200. As in the tests of the module.
const STEPS: u64 = 400;

pub fn check(input: &[u8]) {
    let Some(text) = crate::text(input) else { return };
    let once = normalize(text);
    // A text that has angle brackets of its own may look like a placeholder, and change what stands beside it.
    if !text.contains(['<', '>']) {
        assert_eq!(normalize(&once), once, "of {text:?}");
    }
    bounded(text);
    // A short text shows nothing quadratic, many of it do.
    if (4..=64).contains(&text.len()) {
        bounded(&text.repeat(4000 / text.len()));
    }
}

fn bounded(text: &str) {
    let steps = steps(text);
    assert!(steps <= STEPS * (text.len() as u64 + 16), "{steps} steps for {} bytes", text.len());
}
