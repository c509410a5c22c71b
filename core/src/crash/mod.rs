//! What is captured when code fails without asking.

pub(crate) mod panic_hook;
