//! Runs `tests/vectors/rate-limits`.
#![cfg(feature = "client")]

mod vectors;

#[test]
fn limits_hold_as_the_vectors_say() {
    vectors::run("rate-limits", |input| faultwire::testing::vector("rate-limits", input));
}
