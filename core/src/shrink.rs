//! Keeps events small enough for the wire.
