//! The shared vectors of `tests/vectors`, run through the bridge; and bugs on demand.

use faultwire::Error;

use crate::error::{BridgeError, internal};
use crate::guard::guard;

/// Runs one shared vector: JSON in, JSON out.
///
/// # Errors
/// Where the vector expects one.
#[uniffi::export]
pub fn vector(topic: String, input: String) -> Result<String, BridgeError> {
    guard("vector", internal(), || {
        let input = serde_json::from_str(&input).map_err(|e| Error::payload("input", e.to_string()))?;
        Ok(faultwire::testing::vector(&topic, &input)?.to_string())
    })
}

/// Makes the next piece of work at `place` panic, to show that no panic reaches an application.
/// True when the place that was armed before had not been reached.
#[uniffi::export]
pub fn arm_panic(place: String) -> bool {
    faultwire::testing::arm_panic(&place)
}
