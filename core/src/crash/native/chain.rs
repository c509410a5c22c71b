//! The handlers that were there before ours: kept, put back, and called as the kernel would have called them.
//!
//! For a signal handler, like all of [`signal`](super::signal).

use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::fault::is_sent;
use super::room::Room;
use super::signal::thread;

/// What is recorded. Nobody survives these unless somebody mends what was wrong.
pub(super) const SIGNALS: [c_int; 6] =
    [libc::SIGSEGV, libc::SIGBUS, libc::SIGABRT, libc::SIGILL, libc::SIGFPE, libc::SIGTRAP];

pub(super) type Handler = extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

/// Our own handler.
static OWN: AtomicUsize = AtomicUsize::new(0);
/// What was there before, for each signal; `None` where we have not been.
static PREVIOUS: Room<[Option<libc::sigaction>; SIGNALS.len()]> = Room::new([None; SIGNALS.len()]);

pub(super) fn current(signal: c_int) -> Option<libc::sigaction> {
    let mut action = MaybeUninit::uninit();
    // SAFETY: asks only; filled when it says so.
    unsafe { (libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) == 0).then(|| action.assume_init()) }
}

pub(super) fn set(signal: c_int, action: &libc::sigaction) {
    // SAFETY: an action that was in place before, the default, or our own handler.
    unsafe { libc::sigaction(signal, action, null_mut()) };
}

pub(super) fn default() -> libc::sigaction {
    // SAFETY: plain data; zeroes are the default action with nothing blocked.
    unsafe { std::mem::zeroed() }
}

fn is_own(action: &libc::sigaction) -> bool {
    action.sa_sigaction == OWN.load(Ordering::SeqCst)
}

/// Puts `own` before the handlers that are there.
///
/// Where somebody has come over us since the last time, that stays so: it will pass on to us what it does not keep, and
/// if we came over it again, each would pass on to the other for ever.
pub(super) fn install(own: Handler) {
    OWN.store(own as usize, Ordering::SeqCst);
    let mut action = default();
    action.sa_sigaction = own as usize;
    // They themselves stay open: a fault within the handler comes to the handler, which knows what to do.
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
    // SAFETY: a set of our own.
    unsafe {
        libc::sigfillset(&raw mut action.sa_mask);
        for signal in SIGNALS {
            libc::sigdelset(&raw mut action.sa_mask, signal);
        }
    }
    // SAFETY: the phase is that of the caller alone: arming, or the end of a hand-over.
    let previous = unsafe { PREVIOUS.get() };
    for (slot, signal) in previous.iter_mut().zip(SIGNALS) {
        let Some(there) = current(signal).filter(|there| !is_own(there)) else { continue };
        let is_known = |before: &libc::sigaction| before.sa_sigaction == there.sa_sigaction;
        if slot.as_ref().is_none_or(is_known) || matches!(there.sa_sigaction, libc::SIG_DFL | libc::SIG_IGN) {
            *slot = Some(there);
            set(signal, &action);
        }
    }
}

/// Puts back what was there, where nobody has come over us. `for_good`: what comes there later does not know of us.
pub(super) fn uninstall(for_good: bool) {
    // SAFETY: written only by a thread that has the phase to itself.
    let previous = unsafe { PREVIOUS.get() };
    for (slot, signal) in previous.iter_mut().zip(SIGNALS) {
        if let Some(previous) = slot
            && current(signal).is_some_and(|there| is_own(&there))
        {
            set(signal, previous);
            if for_good {
                *slot = None;
            }
        }
    }
}

/// Where a signal comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// The instruction, which is run again on return and fails again. Nobody can ignore it.
    Fault,
    /// The instruction as well, and the processor may have gone beyond it: `int3` of x86-64, but not `brk` of aarch64.
    Trap,
    /// Somebody sent it. It does not come again, and may be ignored.
    Sent,
}

impl Origin {
    fn of(signal: c_int, info: *const libc::siginfo_t) -> Origin {
        /// A broken page of memory that this thread has not read.
        const BUS_MCEERR_AO: c_int = 5;
        // SAFETY: the kernel gives a live one, or none.
        let code = unsafe { info.as_ref() }.map_or(0, |info| info.si_code);
        match signal {
            _ if is_sent(code) => Origin::Sent,
            libc::SIGABRT => Origin::Sent,
            libc::SIGBUS if code == BUS_MCEERR_AO => Origin::Sent,
            libc::SIGTRAP => Origin::Trap,
            _ => Origin::Fault,
        }
    }
}

/// Does what would have been done without us; true when the process lives on. To be followed by a return.
pub(super) fn pass_on(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) -> bool {
    let n = SIGNALS.iter().position(|s| *s == signal);
    // SAFETY: written only before, by a thread that had the phase to itself.
    let previous = n.and_then(|n| unsafe { PREVIOUS.get() }.get(n).copied().flatten());
    let previous = previous.unwrap_or_else(default);
    let origin = Origin::of(signal, info);
    match previous.sa_sigaction {
        libc::SIG_IGN if origin == Origin::Sent => true,
        libc::SIG_IGN | libc::SIG_DFL => {
            set(signal, &default());
            if origin != Origin::Fault {
                send(signal, info);
            }
            false
        }
        _ => {
            call(&previous, signal, info, context);
            let kept = current(signal).is_some_and(|now| now.sa_sigaction == previous.sa_sigaction || is_own(&now));
            // Having given up its post it expects the fault to come again. What was sent does not come again, unless
            // it has sent it itself. A trap may: then it is recorded anew.
            kept || (origin != Origin::Fault && !is_pending(signal))
        }
    }
}

/// Calls a handler as the kernel would have.
fn call(previous: &libc::sigaction, signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    if previous.sa_flags & libc::SA_RESETHAND != 0 {
        set(signal, &default());
    }
    let mut blocked = previous.sa_mask;
    if previous.sa_flags & libc::SA_NODEFER == 0 {
        // SAFETY: a set of our own.
        unsafe { libc::sigaddset(&raw mut blocked, signal) };
    }
    #[cfg(target_os = "linux")]
    // SAFETY: the context of a handler with SA_SIGINFO.
    let interrupted = unsafe { context.cast::<libc::ucontext_t>().as_ref() }.map(|context| context.uc_sigmask);
    #[cfg(not(target_os = "linux"))]
    let interrupted: Option<libc::sigset_t> = None;
    // SAFETY: sets of our own and the kernel's. The return from the handler puts the mask of before back. The handler
    // is called with what its flags say.
    unsafe {
        if let Some(mask) = interrupted {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const mask, null_mut());
        }
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const blocked, null_mut());
        if previous.sa_flags & libc::SA_SIGINFO != 0 {
            std::mem::transmute::<usize, Handler>(previous.sa_sigaction)(signal, info, context);
        } else {
            std::mem::transmute::<usize, extern "C" fn(c_int)>(previous.sa_sigaction)(signal);
        }
    }
}

fn is_pending(signal: c_int) -> bool {
    let mut pending = MaybeUninit::uninit();
    // SAFETY: filled by the call when it says so.
    unsafe { libc::sigpending(pending.as_mut_ptr()) == 0 && libc::sigismember(pending.as_ptr(), signal) == 1 }
}

/// Sends this thread a signal that it has had before, with what was said of it then.
pub(super) fn send(signal: c_int, info: *mut libc::siginfo_t) {
    #[cfg(target_os = "linux")]
    // SAFETY: a live description; a process may send itself any.
    unsafe {
        let sent = libc::syscall(libc::SYS_rt_tgsigqueueinfo, libc::getpid(), thread(), signal, info);
        if sent == 0 {
            return;
        }
    }
    let _ = info;
    // SAFETY: to this very thread.
    unsafe { libc::pthread_kill(libc::pthread_self(), signal) };
}
