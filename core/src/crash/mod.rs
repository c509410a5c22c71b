//! What is captured when code fails without asking.
//!
//! Panics of Rust: `panic_hook`. Signals, opt-in: `native`, on the platforms that `build.rs` says have
//! `native_crashes`, `nowhere` on others; on the JVM what it reports itself, `hs_err`. What was said last is remembered for both in `said`.

#[cfg(all(native_crashes, any(feature = "jvm", test)))]
mod hs_err;
#[cfg(native_crashes)]
pub(crate) mod native;
#[cfg(not(native_crashes))]
#[path = "nowhere.rs"]
mod native;
pub(crate) mod panic_hook;
#[cfg_attr(not(native_crashes), allow(dead_code, reason = "there are no signals"))]
pub(crate) mod said;

pub(crate) use native::Station;
