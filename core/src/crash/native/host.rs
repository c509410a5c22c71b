//! The host's own stack: an interpreter's frames cannot be read off a native stack, but the interpreter may have a
//! handler of signals that writes those of the calling thread as text, made to be run in a broken process.
//!
//! It is [learned](learn) in good times. The host registers its handler for a [signal](SIGNAL) that nobody sends, with a
//! pipe of ours to write to; the handler's address is read from the kernel, and the signal gets back what it had. When
//! the process crashes the handler is [called](write) as a function, on the stack of our own handler. A pipe, since its
//! text is not to stand in a crash file without a frame around it, and since it takes no more than so much.
//!
//! Language by language: what such a text says is known in [`stacktrace`](crate::stacktrace).

use std::ffi::c_int;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, IntoRawFd};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use super::chain;
use crate::descriptor::{Identity, Known};
use crate::fork::{self, Shared};

/// One that nobody sends: a fault of a coprocessor that there is no more; a trap of an emulator.
#[cfg(target_os = "linux")]
const SIGNAL: c_int = libc::SIGSTKFLT;
#[cfg(target_os = "macos")]
const SIGNAL: c_int = libc::SIGEMT;
/// What is taken of a text: what a pipe takes, unless the system is short of memory for them.
const MAX_TEXT: usize = 64 << 10;

/// The host's handler; 0 while there is none.
static HANDLER: AtomicUsize = AtomicUsize::new(0);
static READS: Known = Known::none();
/// What the host writes to. It knows the number.
static WRITES: Known = Known::none();
/// The generation of forks that the pipe belongs to.
static GENERATION: AtomicU64 = AtomicU64::new(0);
/// Held while the above change.
static CHANGE: Shared<()> = Shared::new(());

fn set(end: &Known, descriptor: c_int) {
    match Identity::of(descriptor) {
        Some(identity) => end.set(descriptor, identity),
        None => end.forget(),
    }
}

fn pipe() -> io::Result<(io::PipeReader, io::PipeWriter)> {
    let (reads, writes) = io::pipe()?;
    for end in [reads.as_raw_fd(), writes.as_raw_fd()] {
        // SAFETY: a live descriptor. A handler must not wait.
        unsafe { libc::fcntl(end, libc::F_SETFL, libc::O_NONBLOCK) };
    }
    Ok((reads, writes))
}

/// Somebody is just learning it.
static LEARNS: AtomicBool = AtomicBool::new(false);

/// Learns the host's handler. `register` is to install it for the signal, to write the stack of the thread it runs on,
/// and of no other, to the descriptor; and to say whether it did. `unregister` takes it back where it is of no use.
/// True when it is known; false, too, while another thread is at it.
///
/// Dispositions and this thread's stack for handlers are afterwards as they were before.
pub(super) fn learn(register: &mut dyn FnMut(c_int, c_int) -> bool, unregister: &mut dyn FnMut(c_int)) -> bool {
    if LEARNS.swap(true, Ordering::SeqCst) {
        return false;
    }
    let learned = learn_alone(register, unregister);
    LEARNS.store(false, Ordering::SeqCst);
    learned
}

fn learn_alone(register: &mut dyn FnMut(c_int, c_int) -> bool, unregister: &mut dyn FnMut(c_int)) -> bool {
    renew();
    if is_known() {
        return true;
    }
    // The host writes to a descriptor that is ours no longer.
    forget(unregister);
    let Some(before) = chain::current(SIGNAL).filter(|action| action.sa_sigaction == libc::SIG_DFL) else {
        return false;
    };
    let Ok((reads, writes)) = pipe() else { return false };
    let stack = alternate_stack();
    let is_registered = register(SIGNAL, writes.as_raw_fd());
    let learned = chain::current(SIGNAL).filter(is_plain).filter(|_| is_registered);
    if is_registered && learned.is_none() {
        unregister(SIGNAL);
    }
    chain::set(SIGNAL, &before);
    if let Some(stack) = stack {
        // SAFETY: what this thread had a moment ago.
        unsafe { libc::sigaltstack(&raw const stack, null_mut()) };
    }
    let Some(learned) = learned else { return false };
    CHANGE.with(|()| {
        set(&READS, reads.into_raw_fd());
        set(&WRITES, writes.into_raw_fd());
        GENERATION.store(fork::generation(), Ordering::SeqCst);
        HANDLER.store(learned.sa_sigaction, Ordering::SeqCst);
    });
    true
}

/// Forgets it, before the host ends or when nothing is captured any more. `unregister` is to have the host do so, too.
pub(super) fn forget(unregister: &mut dyn FnMut(c_int)) {
    if HANDLER.swap(0, Ordering::SeqCst) == 0 {
        return;
    }
    let now = chain::current(SIGNAL);
    unregister(SIGNAL);
    // What somebody has installed there since is not the host's to take away.
    if let Some(now) = now {
        chain::set(SIGNAL, &now);
    }
    CHANGE.with(|()| {
        for end in [&READS, &WRITES] {
            if let Some(descriptor) = end.get() {
                // SAFETY: ours, and nobody else knows of it.
                unsafe { libc::close(descriptor) };
            }
            end.forget();
        }
    });
}

/// In a forked child: a pipe of its own in place of its parent's, of which the host knows the number.
pub(super) fn renew() {
    if HANDLER.load(Ordering::SeqCst) == 0 || GENERATION.load(Ordering::SeqCst) == fork::generation() {
        return;
    }
    CHANGE.with(|()| {
        let (Some(reads), Some(writes), Ok(fresh)) = (READS.get(), WRITES.get(), pipe()) else { return };
        for (end, from, to) in [(&READS, fresh.0.as_raw_fd(), reads), (&WRITES, fresh.1.as_raw_fd(), writes)] {
            // SAFETY: live descriptors; what is replaced is this process's copy of its parent's pipe.
            unsafe {
                libc::dup2(from, to);
                libc::fcntl(to, libc::F_SETFD, libc::FD_CLOEXEC);
            }
            set(end, to);
        }
        GENERATION.store(fork::generation(), Ordering::SeqCst);
    });
}

/// Whether there is a handler and all it needs.
fn is_known() -> bool {
    HANDLER.load(Ordering::SeqCst) != 0
        && GENERATION.load(Ordering::SeqCst) == fork::generation()
        && READS.get().is_some()
        && WRITES.get().is_some()
}

/// A handler that is a function of the signal's number alone.
fn is_plain(action: &libc::sigaction) -> bool {
    action.sa_flags & libc::SA_SIGINFO == 0 && !matches!(action.sa_sigaction, libc::SIG_DFL | libc::SIG_IGN)
}

/// This thread's stack for handlers, if it has one.
fn alternate_stack() -> Option<libc::stack_t> {
    let mut stack = MaybeUninit::<libc::stack_t>::uninit();
    // SAFETY: asks only; filled when it says so.
    let stack = unsafe { (libc::sigaltstack(null(), stack.as_mut_ptr()) == 0).then(|| stack.assume_init()) };
    stack.filter(|stack| stack.ss_flags & libc::SS_DISABLE == 0)
}

/// Has the host write the stack of this thread, and gives the text to `keep`, `room` by `room`. For a signal handler.
pub(super) fn write(room: &mut [u8], keep: impl FnMut(&[u8])) {
    if !is_known() {
        return;
    }
    let handler = HANDLER.load(Ordering::SeqCst);
    if handler != 0 {
        // SAFETY: the host registered it as a handler of this signal, and has not taken it back.
        unsafe { std::mem::transmute::<usize, extern "C" fn(c_int)>(handler)(SIGNAL) };
    }
    rescue(room, keep);
}

/// What the host has written by now: all, unless it failed itself. For a signal handler.
pub(super) fn rescue(room: &mut [u8], mut keep: impl FnMut(&[u8])) {
    let Some(reads) = READS.get().filter(|_| is_known()) else { return };
    let mut left = MAX_TEXT;
    while left > 0 {
        let most = room.len().min(left);
        // SAFETY: into our own room, no more than it has.
        let length = unsafe { libc::read(reads, room.as_mut_ptr().cast(), most) };
        let Some(part) = usize::try_from(length).ok().filter(|n| *n > 0).and_then(|n| room.get(..n)) else { return };
        keep(part);
        left -= part.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the host below writes to.
    static TO: std::sync::atomic::AtomicI32 = std::sync::atomic::AtomicI32::new(-1);
    const TEXT: &str = "Stack:\n  f\n  main\n";

    extern "C" fn host(signal: c_int) {
        assert_eq!(signal, SIGNAL);
        // SAFETY: live bytes.
        unsafe { libc::write(TO.load(Ordering::SeqCst), TEXT.as_ptr().cast(), TEXT.len()) };
    }

    extern "C" fn unused(_: c_int) {}

    fn installed(handler: usize, flags: c_int) {
        let mut action = chain::default();
        (action.sa_sigaction, action.sa_flags) = (handler, flags);
        chain::set(SIGNAL, &action);
    }

    fn disposition() -> usize {
        chain::current(SIGNAL).unwrap().sa_sigaction
    }

    fn written() -> String {
        let (mut text, mut room) = (Vec::new(), [0; 7]);
        write(&mut room, |part| text.extend_from_slice(part));
        String::from_utf8(text).unwrap()
    }

    /// One story, since a process has one disposition for the signal.
    #[test]
    fn a_handler_is_learned_called_and_forgotten() {
        let mut taken_back = 0;
        let registers = |handler: usize, flags: c_int| {
            move |signal: c_int, to: c_int| {
                assert_eq!(signal, SIGNAL);
                TO.store(to, Ordering::SeqCst);
                installed(handler, flags);
                true
            }
        };
        let plain = host as *const () as usize;
        assert_eq!(written(), "", "nobody is there");

        // Where the signal is in use, nobody is even asked.
        installed(unused as *const () as usize, 0);
        assert!(!learn(&mut |_, _| panic!("asked"), &mut |_| panic!("asked")));
        assert_eq!(disposition(), unused as *const () as usize);
        installed(libc::SIG_DFL, 0);

        // A host that cannot, and one whose handler is to be called in another way.
        assert!(!learn(&mut |_, _| false, &mut |_| panic!("nothing to take back")));
        assert!(!learn(&mut registers(plain, libc::SA_SIGINFO), &mut |_| taken_back += 1));
        assert_eq!((disposition(), taken_back), (libc::SIG_DFL, 1));

        assert!(learn(&mut registers(plain, 0), &mut |_| panic!("it is of use")));
        assert_eq!((disposition(), written().as_str()), (libc::SIG_DFL, TEXT));
        assert!(learn(&mut |_, _| panic!("known"), &mut |_| panic!("known")));
        assert_eq!(written(), TEXT, "as often as it is asked");

        // The application has taken the number for something else: the host is not called, and learned anew.
        let file = tempfile::tempfile().unwrap();
        let lost = TO.load(Ordering::SeqCst);
        // SAFETY: replaces an end of the pipe, as an application may.
        unsafe { libc::dup2(file.as_raw_fd(), lost) };
        assert_eq!((written().as_str(), file.metadata().unwrap().len()), ("", 0));
        assert!(learn(&mut registers(plain, 0), &mut |_| taken_back += 1));
        assert_eq!((written().as_str(), taken_back), (TEXT, 2));
        assert_ne!(TO.load(Ordering::SeqCst), lost, "that is the application's");

        installed(unused as *const () as usize, 0);
        forget(&mut |_| {
            taken_back += 1;
            installed(libc::SIG_DFL, 0);
        });
        assert_eq!((disposition(), taken_back), (unused as *const () as usize, 3), "what came later stays");
        assert_eq!(written(), "");
        forget(&mut |_| panic!("there is none"));
        installed(libc::SIG_DFL, 0);
    }
}
