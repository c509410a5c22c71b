//! What Faultwire says of itself, on stderr, when the option `debug` is on.
//!
//! Lines go out by one `write` call: no lock that a fork could leave behind, no buffer. They never
//! hold the content of an event, a header value or a key of a DSN.

use std::sync::atomic::{AtomicBool, Ordering};

static ENABLED: AtomicBool = AtomicBool::new(false);

pub(crate) fn enable(on: bool) {
    ENABLED.store(on, Ordering::Relaxed);
}

pub(crate) fn enabled() -> bool {
    ENABLED.load(Ordering::Relaxed)
}

/// Writes one line, `faultwire: ...`.
pub(crate) fn write(line: std::fmt::Arguments<'_>) {
    let text = format!("faultwire: {line}\n");
    #[cfg(unix)]
    // SAFETY: the pointer and length are those of a live buffer; a failed write is of no consequence.
    unsafe {
        libc::write(2, text.as_ptr().cast(), text.len());
    }
    #[cfg(not(unix))]
    {
        use std::io::Write;
        let _ = std::io::stderr().write_all(text.as_bytes());
    }
}

/// Says something when `debug` is on.
macro_rules! debug {
    ($($arg:tt)*) => {
        if $crate::log::enabled() {
            $crate::log::write(format_args!($($arg)*));
        }
    };
}
pub(crate) use debug;
