//! Core's errors: the packages make the exceptions that applications see.

use faultwire::{Error, ErrorKind};

/// One variant a kind, each with the field at fault and what was expected of it.
#[derive(Debug, uniffi::Error)]
pub enum BridgeError {
    /// An option is unknown, of the wrong type, or out of range.
    InvalidOption { field: String, reason: String },
    /// A DSN does not parse.
    InvalidDsn { field: String, reason: String },
    /// An envelope, event or item does not parse.
    InvalidPayload { field: String, reason: String },
    /// The engine could not start, or a bug in it was caught.
    Internal { field: String, reason: String },
}

impl From<Error> for BridgeError {
    fn from(Error { kind, field, message: reason }: Error) -> Self {
        match kind {
            ErrorKind::InvalidOption => BridgeError::InvalidOption { field, reason },
            ErrorKind::InvalidDsn => BridgeError::InvalidDsn { field, reason },
            ErrorKind::InvalidPayload => BridgeError::InvalidPayload { field, reason },
            _ => BridgeError::Internal { field, reason },
        }
    }
}

impl std::fmt::Display for BridgeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (BridgeError::InvalidOption { field, reason }
        | BridgeError::InvalidDsn { field, reason }
        | BridgeError::InvalidPayload { field, reason }
        | BridgeError::Internal { field, reason }) = self;
        write!(f, "{field}: {reason}")
    }
}

impl std::error::Error for BridgeError {}

/// For a bug that was caught.
pub(crate) fn internal<T>() -> Result<T, BridgeError> {
    Err(BridgeError::Internal { field: String::new(), reason: "internal error, please report it".to_owned() })
}
