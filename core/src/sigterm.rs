//! The option `flush_on_sigterm`: sends what is on its way before SIGTERM ends the process.
//!
//! Only where the application does not handle the signal. The handler does what a handler may: it writes a byte into a
//! pipe. A thread reads it, flushes, puts back what was there and raises the signal again, so the process still dies of
//! it. What the application installs later replaces ours. In a forked child the pipe is closed and the handler passes
//! the signal on at once, until the child uses Faultwire and has a pipe of its own.

use std::io::{ErrorKind, PipeReader, PipeWriter, Read};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Instant;

use crate::descriptor::Known;
use crate::engine::Engine;
use crate::fork;
use crate::log::debug;
use crate::own::Own;
use crate::system;

/// Where the handler writes.
static PIPE: Known = Known::none();

/// What was there before: the default action, or that of the host's runtime.
static BEFORE: OnceLock<libc::sigaction> = OnceLock::new();

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
        if !may_install(engine.settings.sdk.host_handles_sigterm) {
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
    let pipe = open_pipe()?;
    let starting = fork::Starting::new();
    let run = || {
        drop(starting);
        wait(pipe);
        fork::busy_to_the_end();
    };
    system::without_signals(|| std::thread::Builder::new().name("faultwire-term".to_owned()).spawn(run))?;
    // SAFETY: sigaction is plain data for which zeroes are valid; the handler lives as long as the library, which is
    // never unloaded.
    unsafe {
        let mut new: libc::sigaction = std::mem::zeroed();
        new.sa_sigaction = handler();
        new.sa_flags = libc::SA_RESTART;
        libc::sigemptyset(&raw mut new.sa_mask);
        libc::sigaction(libc::SIGTERM, &raw const new, std::ptr::null_mut());
    }
    Ok(())
}

/// A new pipe, to which the handler writes from now on.
fn open_pipe() -> std::io::Result<(Own<PipeReader>, Own<PipeWriter>)> {
    let _busy = fork::busy();
    let (reader, writer) = std::io::pipe()?;
    let pipe = (Own::new(reader), Own::new(writer));
    if let Some((number, identity)) = pipe.1.known() {
        PIPE.set(number, identity);
    }
    Ok(pipe)
}

/// The thread: for the life of the process.
fn wait(mut pipe: (Own<PipeReader>, Own<PipeWriter>)) {
    loop {
        match pipe.0.get().map(|mut reader| reader.read(&mut [0])) {
            Some(Ok(1)) => break,
            Some(Err(error)) if error.kind() == ErrorKind::Interrupted => {}
            // The application has closed an end of it.
            _ => match open_pipe() {
                Ok(another) => pipe = another,
                Err(error) => return debug!("flush_on_sigterm: {}", error.kind()),
            },
        }
    }
    let engines = std::mem::take(&mut WATCH.lock().unwrap_or_else(PoisonError::into_inner).engines);
    for engine in engines.iter().filter_map(Weak::upgrade) {
        let deadline = Instant::now() + engine.settings.options.shutdown_timeout;
        engine.settle(deadline, true);
    }
    die();
}

/// With what was there in place again.
fn die() {
    // SAFETY: the former action was given by the same call; sends a signal to this very process.
    unsafe {
        if let Some(before) = BEFORE.get() {
            libc::sigaction(libc::SIGTERM, before, std::ptr::null_mut());
        }
        libc::kill(libc::getpid(), libc::SIGTERM);
    }
}

extern "C" fn on_signal(_: libc::c_int) {
    // SAFETY: `write` may be called in a handler; the byte is a live static. It cannot block: a pipe has room for
    // thousands, and the first one ends the process.
    let told = PIPE.get().is_some_and(|pipe| unsafe { libc::write(pipe, b"t".as_ptr().cast(), 1) } == 1);
    if !told {
        die();
    }
}

/// A forked child: its parent's pipe is closed. Called by the handler of the fork.
pub(crate) fn forget_pipe() {
    PIPE.forget();
}

/// The signal has its default action, or that of the host's runtime; or ours, which a parent has left.
fn may_install(host_handles: bool) -> bool {
    // SAFETY: sigaction is plain data for which zeroes are valid; the call fills it.
    let now = unsafe {
        let mut now: libc::sigaction = std::mem::zeroed();
        (libc::sigaction(libc::SIGTERM, std::ptr::null(), &raw mut now) == 0).then_some(now)
    };
    let Some(now) = now else { return false };
    if now.sa_sigaction == handler() {
        return true;
    }
    let may = now.sa_sigaction == libc::SIG_DFL || host_handles;
    may && BEFORE.set(now).is_ok()
}

fn handler() -> libc::sighandler_t {
    on_signal as *const () as libc::sighandler_t
}
