//! The Rust SDK: what a Rust program calls, on top of the engine.
//!
//! - `api`: `init` and its guard, the process-wide client, `flush`, `stats`;
//! - `capture`: `capture_error`, `capture_message`, `capture_event`;
//! - `chain`: an error and its sources, named by `names`, their text within bounds by `text`;
//! - `backtrace`: the caller's stack as addresses;
//! - `scopes`: `set_tag` and the like; `local`: which scopes hold on this thread; `task`: in this task;
//! - `thread`: who is calling.
//!
//! Panics are captured by [`crate::crash`].

mod api;
pub(crate) mod backtrace;
pub(crate) mod capture;
mod chain;
pub(crate) mod local;
mod names;
mod scopes;
mod task;
pub(crate) mod text;
pub(crate) mod thread;

pub use api::{InitGuard, Setup, close, explain, flush, init, init_with, is_enabled, stats};
pub(crate) use api::{current, try_current};
pub use capture::{capture_error, capture_event, capture_message};
pub use local::{ScopeGuard, Scopes, isolation_scope, last_event_id, new_scope, with_scope};
pub use scopes::{
    ScopeHandle, add_breadcrumb, clear_breadcrumbs, continue_trace, global_scope, remove_tag, set_context, set_extra,
    set_fingerprint, set_level, set_session, set_tag, set_tags, set_transaction, set_user,
};
pub use task::{FutureExt, Scoped};
