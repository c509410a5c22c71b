//! The shared vectors of `tests/vectors`, run through the bridge; and bugs on demand.

use faultwire::Error;
use napi_derive::napi;

use crate::error;
use crate::guard::guard;

/// Runs one shared vector: an answer.
#[napi]
pub fn vector(topic: String, input: String) -> String {
    guard("vector", error::internal(), || {
        let input = serde_json::from_str(&input).map_err(|e| Error::payload("input", e.to_string()));
        error::answer(input.and_then(|input| faultwire::testing::vector(&topic, &input)))
    })
}

/// Makes the next piece of work at `place` panic, to show that no panic reaches an application.
/// True when the place that was armed before had not been reached.
#[napi]
pub fn arm_panic(place: String) -> bool {
    faultwire::testing::arm_panic(&place)
}
