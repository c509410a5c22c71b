//! What can go wrong where a user can mend it: a kind, and the field that is wrong.

use std::fmt;

/// The class of an [`Error`]; each binding maps every kind to a class of its own language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An option is unknown, of the wrong type, or out of range.
    InvalidOption,
    /// A DSN does not parse.
    InvalidDsn,
    /// An envelope, event or item does not parse.
    InvalidPayload,
    /// The engine could not start (a thread, a TLS configuration).
    Internal,
}

impl ErrorKind {
    /// Every kind, for tests that each has its class in every language.
    pub const ALL: &'static [ErrorKind] =
        &[ErrorKind::InvalidOption, ErrorKind::InvalidDsn, ErrorKind::InvalidPayload, ErrorKind::Internal];

    /// Stable snake_case name, the same in every language.
    pub fn as_str(self) -> &'static str {
        match self {
            ErrorKind::InvalidOption => "invalid_option",
            ErrorKind::InvalidDsn => "invalid_dsn",
            ErrorKind::InvalidPayload => "invalid_payload",
            ErrorKind::Internal => "internal",
        }
    }
}

/// An error that names the field at fault and what was expected of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The class of the error.
    pub kind: ErrorKind,
    /// The option, header or payload field at fault; empty when the whole input is.
    pub field: String,
    /// What was expected and what was found. Never holds a secret part of a DSN.
    pub message: String,
}

impl Error {
    /// An error of `kind` about `field`.
    pub fn new(kind: ErrorKind, field: impl Into<String>, message: impl Into<String>) -> Self {
        Error { kind, field: field.into(), message: message.into() }
    }

    /// Shorthand for [`ErrorKind::InvalidOption`].
    pub fn option(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidOption, field, message)
    }

    /// Shorthand for [`ErrorKind::InvalidPayload`].
    pub fn payload(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidPayload, field, message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() { f.write_str(&self.message) } else { write!(f, "{}: {}", self.field, self.message) }
    }
}

impl std::error::Error for Error {}
