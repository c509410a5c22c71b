//! Error types: the package keeps their ids by constructor.

use faultwire::sampling::Types;
use napi_derive::napi;

use crate::client;
use crate::guard::guard;

/// Tells the names of an error type, its own first, then those of what it inherits from; gives its id,
/// the same for the same names.
#[napi]
pub fn intern_type(names: Vec<String>) -> f64 {
    guard("internType", faultwire::sampling::NO_TYPE as f64, || {
        let id = Types::id(&names);
        if let Some(state) = client::current() {
            state.types.learn(id, &names, state.client.options());
        }
        id as f64
    })
}
