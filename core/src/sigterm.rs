//! The option `flush_on_sigterm`: sends what is on its way before SIGTERM ends the process.
//!
//! Only where nobody else handles the signal. The handler does what a handler may: it writes a byte into a pipe. A
//! thread reads it, flushes, puts the default action back and raises the signal again, so the process still dies of
//! it. What the application installs later replaces ours. In a forked child the pipe is closed and the handler passes
//! the signal on at once, until the child uses Faultwire and has a pipe of its own.

use std::io::{PipeReader, Read};
use std::os::fd::IntoRawFd;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;

use crate::engine::Engine;
use crate::fork::{self, Inherited};
use crate::log::debug;
use crate::system;

const NO_PIPE: i32 = -1;

/// Where the handler writes.
static PIPE: AtomicI32 = AtomicI32::new(NO_PIPE);

static WATCH: Mutex<Watch> = Mutex::new(Watch { generation: None, engines: Vec::new() });

struct Watch {
    /// The process that the thread runs in.
    generation: Option<u64>,
    engines: Vec<Weak<Engine>>,
}

/// Has the engine flushed when SIGTERM comes, unless the application handles the signal.
pub(crate) fn watch(engine: &Arc<Engine>) {
    // Held by another thread when this process was forked: then there is nothing to be done, here.
    let Ok(mut watch) = WATCH.try_lock() else { return };
    if watch.generation != Some(fork::generation()) {
        if !may_install() {
            debug!("flush_on_sigterm: the application handles the signal itself");
            return;
        }
        watch.engines.clear();
        if let Err(error) = start() {
            debug!("flush_on_sigterm: {}", error.kind());
            return;
        }
        watch.generation = Some(fork::generation());
    }
    watch.engines.retain(|engine| engine.strong_count() > 0);
    watch.engines.push(Arc::downgrade(engine));
}

fn start() -> std::io::Result<()> {
    let (reader, writer) = std::io::pipe()?;
    let inherited = [Inherited::new(&reader), Inherited::new(&writer)];
    let run = move || {
        let _inherited = inherited;
        wait(reader);
    };
    system::without_signals(|| std::thread::Builder::new().name("faultwire-term".to_owned()).spawn(run))?;
    PIPE.store(writer.into_raw_fd(), Ordering::SeqCst);
    set_action(on_signal as *const () as libc::sighandler_t);
    Ok(())
}

/// The thread: for the life of the process.
fn wait(mut pipe: PipeReader) {
    let mut byte = [0];
    while !matches!(pipe.read(&mut byte), Ok(1)) {}
    let engines = std::mem::take(&mut WATCH.lock().unwrap_or_else(PoisonError::into_inner).engines);
    for engine in engines.iter().filter_map(Weak::upgrade) {
        let deadline = Instant::now() + engine.settings.options.shutdown_timeout;
        engine.settle(deadline, true);
    }
    die();
}

/// With the default action in place again.
fn die() {
    set_action(libc::SIG_DFL);
    // SAFETY: sends a signal to this very process.
    unsafe { libc::kill(libc::getpid(), libc::SIGTERM) };
}

extern "C" fn on_signal(_: libc::c_int) {
    let pipe = PIPE.load(Ordering::SeqCst);
    // SAFETY: `write` may be called in a handler; the byte is a live static. It cannot block: a pipe has room for
    // thousands, and the first one ends the process.
    let told = pipe != NO_PIPE && unsafe { libc::write(pipe, b"t".as_ptr().cast(), 1) } == 1;
    if !told {
        die();
    }
}

/// A forked child: its parent's pipe is closed. Called by the handler of the fork.
pub(crate) fn forget_pipe() {
    PIPE.store(NO_PIPE, Ordering::SeqCst);
}

/// The signal has its default action, or ours, which a parent has left.
fn may_install() -> bool {
    // SAFETY: sigaction is plain data for which zeroes are valid; the call fills it.
    unsafe {
        let mut now: libc::sigaction = std::mem::zeroed();
        let known = libc::sigaction(libc::SIGTERM, std::ptr::null(), &raw mut now) == 0;
        known && [libc::SIG_DFL, on_signal as *const () as libc::sighandler_t].contains(&now.sa_sigaction)
    }
}

fn set_action(action: libc::sighandler_t) {
    // SAFETY: as above; the handler lives as long as the library, which is never unloaded.
    unsafe {
        let mut new: libc::sigaction = std::mem::zeroed();
        new.sa_sigaction = action;
        new.sa_flags = libc::SA_RESTART;
        libc::sigemptyset(&raw mut new.sa_mask);
        libc::sigaction(libc::SIGTERM, &raw const new, std::ptr::null_mut());
    }
}
