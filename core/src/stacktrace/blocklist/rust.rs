//! Rust: the panic runtime, libraries that record errors, closures, starts of threads and tasks, servers.

use super::row::{self, Row, carries, carries_fn, plumbing, reports, reports_fn};

pub(super) const ROWS: &[Row] = &[
    // What raises and records panics and errors.
    reports("faultwire", "our own hook"),
    reports("rust_begin_unwind", "entry of the panic runtime"),
    reports("rust_panic", "entry of the panic runtime"),
    reports("__rustc", "entry of the panic runtime"),
    reports("__rust_end_short_backtrace", "marks where the panic runtime begins"),
    reports("core::panicking", "panic, panic_fmt, panic_bounds_check, assert_failed"),
    reports_fn("core::option", "unwrap_failed", "the panic of Option::unwrap"),
    reports_fn("core::option", "expect_failed", "the panic of Option::expect"),
    reports_fn("core::result", "unwrap_failed", "the panic of Result::unwrap"),
    reports("std::panicking*", "calls the hook; and catch_unwind around every thread"),
    reports("std::sys::backtrace", "marks where the panic runtime begins"),
    reports("std::sys_common::backtrace", "marks where the panic runtime begins, before 1.81"),
    reports("std::backtrace", "captures the stack"),
    reports("std::backtrace_rs", "captures the stack"),
    reports("backtrace", "captures the stack"),
    reports("anyhow", "makes errors and captures their stack"),
    reports("eyre", "makes errors and captures their stack"),
    reports("color_eyre", "makes errors and captures their stack"),
    // What calls closures.
    carries("core::ops::function", "FnOnce::call_once and its kin"),
    carries_fn("alloc::boxed", "call_once", "calls a boxed closure"),
    carries_fn("alloc::boxed", "call_mut", "calls a boxed closure"),
    carries_fn("alloc::boxed", "call", "calls a boxed closure"),
    // Start of programs, threads and tasks.
    plumbing("core::panicking*", "the panic runtime's helpers"),
    plumbing("std::panic", "catch_unwind"),
    plumbing("core::panic", "AssertUnwindSafe"),
    plumbing("std::rt", "before and after main"),
    plumbing("std::sys", "start of every thread, marks around the application's code"),
    plumbing("std::thread", "start of every thread"),
    plumbing("__rust_*", "catches unwinding, marks backtraces"),
    plumbing("_start", "C runtime"),
    plumbing("__libc_start*", "C runtime"),
    plumbing("_start_c", "C runtime"),
    plumbing("main", "C main, which calls the Rust one"),
    plumbing("start_thread", "C runtime, start of every thread"),
    plumbing("_pthread_start", "C runtime, start of every thread"),
    plumbing("thread_start", "C runtime, start of every thread"),
    plumbing("clone", "C runtime, start of every thread"),
    plumbing("clone3", "C runtime, start of every thread"),
    plumbing("__clone*", "C runtime, start of every thread"),
    plumbing("core::pin", "polls the future inside"),
    plumbing("tokio::runtime", "scheduler, workers, block_on"),
    plumbing("tokio::task", "LocalSet, coop"),
    plumbing("tracing::instrument", "polls the future inside"),
    plumbing("rayon_core", "pool workers"),
    plumbing("actix_rt", "runtime"),
    plumbing("hyper::proto", "parses requests, calls the service"),
    plumbing("hyper::server", "parses requests, calls the service"),
    plumbing("hyper_util", "parses requests, calls the service"),
    plumbing("tower", "passes requests on"),
    plumbing("tower_http", "passes requests on"),
    plumbing("axum::routing", "finds and calls the handler"),
    plumbing("axum::handler", "calls the handler"),
    plumbing("axum::middleware", "passes requests on"),
    plumbing("axum::serve", "server"),
];

pub(super) fn lines() -> &'static str {
    row::lines!(ROWS)
}
