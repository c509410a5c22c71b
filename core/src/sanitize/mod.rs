//! Removes secrets from events.
