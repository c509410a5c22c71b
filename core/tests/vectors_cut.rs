//! Runs `tests/vectors/cut`.
#![cfg(feature = "client")]

mod vectors;

#[test]
fn texts_are_cut_as_the_vectors_say() {
    vectors::run("cut", faultwire::cut::vector);
}
