//! What a forked child must know, and what a fork must wait for.
//!
//! `fork` copies one thread: locks that other threads held stay locked in the child for ever, and
//! sockets and queues would be shared by two processes. What another thread was in the midst of is never finished, be it
//! in a library: an allocator can wait for ever for a free that was half done. So:
//! - before a fork, [`prepare`] waits until worker and shipper are not at work (they take [`busy`], from their beginning to
//!   their end, and are [`idle`] while they wait for a queue or a server), and then until no app thread is within a
//!   [`Shared`] value (a pointer copy);
//! - in the child, the handler adds one to the generation, closes what is its parent's (`Inherited`) and nothing else;
//! - whoever uses a client in the child sees that its engine is of an older generation, leaves that
//!   one alone for ever and builds a new one (`client.rs`).
//!
//! None of this needs the threads to be gone. A language that warns when it finds some at a fork also
//! pauses them (`threads.rs`), from hooks of its own that run before these handlers.
//!
//! Captures read the generation, one atomic load; never the pid.

use std::cell::{Cell, RefCell, UnsafeCell};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

#[cfg(unix)]
use crate::descriptor::{Identity, Known};

static GENERATION: AtomicU64 = AtomicU64::new(0);
/// Held for reading by background threads while they work.
static WORK: RwLock<()> = RwLock::new(());
/// Held for reading by any thread within a [`Shared`] value.
static BRIEF: RwLock<()> = RwLock::new(());

/// Threads that were asked for and have not come to their beginning.
static STARTING: AtomicUsize = AtomicUsize::new(0);
/// Threads that ask the system for a name.
static ASKING: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// How often this thread holds one of the two. A fork by such a thread (a hook on the worker that
    /// starts a program) cannot wait for itself.
    static HOLDS: Cell<u32> = const { Cell::new(0) };
    /// The first of those on `WORK`. Here, so that it can be let go of in the midst, and lasts to the end of the thread.
    static WORKING: RefCell<Option<RwLockReadGuard<'static, ()>>> = const { RefCell::new(None) };
}

/// How often this process has been forked from the one that loaded the library.
pub(crate) fn generation() -> u64 {
    GENERATION.load(Ordering::Relaxed)
}

/// Keeps forks away while it lives.
struct Unforked {
    _guard: RwLockReadGuard<'static, ()>,
}

impl Unforked {
    fn enter(lock: &'static RwLock<()>) -> Unforked {
        let guard = lock.read().unwrap_or_else(PoisonError::into_inner);
        HOLDS.with(|holds| holds.set(holds.get() + 1));
        Unforked { _guard: guard }
    }
}

impl Drop for Unforked {
    fn drop(&mut self) {
        HOLDS.with(|holds| holds.set(holds.get().saturating_sub(1)));
    }
}

/// See [`busy`].
pub(crate) struct Busy {
    took: bool,
}

/// Held by a background thread while it does anything but wait. One within another counts as one.
pub(crate) fn busy() -> Busy {
    let took = HOLDS.get() == 0;
    if took {
        let guard = WORK.read().unwrap_or_else(PoisonError::into_inner);
        let _ = WORKING.try_with(|working| working.replace(Some(guard)));
    }
    HOLDS.set(HOLDS.get() + 1);
    Busy { took }
}

impl Drop for Busy {
    fn drop(&mut self) {
        HOLDS.set(HOLDS.get().saturating_sub(1));
        if self.took {
            let _ = WORKING.try_with(RefCell::take);
        }
    }
}

/// Lets forks come while `wait` waits for the world outside, and does little else.
pub(crate) fn idle<R>(wait: impl FnOnce() -> R) -> R {
    struct Again(u32);
    impl Drop for Again {
        fn drop(&mut self) {
            let guard = WORK.read().unwrap_or_else(PoisonError::into_inner);
            let _ = WORKING.try_with(|working| working.replace(Some(guard)));
            HOLDS.set(self.0);
        }
    }
    let is_busy = WORKING.try_with(|working| working.take().is_some()).unwrap_or(false);
    let _again = is_busy.then(|| Again(HOLDS.replace(0)));
    wait()
}

/// The last that a thread does: it is [`busy`] until the system has taken back what it was given.
pub(crate) fn busy_to_the_end() {
    std::mem::forget(busy());
}

/// One of those that a fork waits for beside the locks.
struct Counted(&'static AtomicUsize);

impl Counted {
    fn new(count: &'static AtomicUsize) -> Counted {
        // Not in the midst of a fork.
        let _unforked = (HOLDS.get() == 0).then(|| Unforked::enter(&BRIEF));
        count.fetch_add(1, Ordering::SeqCst);
        Counted(count)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A thread that was asked for: no fork comes before it is at its beginning, where it drops this.
pub(crate) struct Starting {
    _counted: Counted,
}

impl Starting {
    pub fn new() -> Starting {
        Starting { _counted: Counted::new(&STARTING) }
    }
}

/// A question to the system for a name. It takes locks, which a child would find locked, at its beginning most of all, and
/// then may wait for seconds: a fork waits for it, but not for long.
pub(crate) struct Asking {
    _counted: Counted,
}

impl Asking {
    pub fn new() -> Asking {
        Asking { _counted: Counted::new(&ASKING) }
    }
}

/// Whether no fork can come while this thread goes on.
pub(crate) fn is_kept_away() -> bool {
    HOLDS.get() > 0 || STARTING.load(Ordering::SeqCst) > 0
}

/// A value that app threads share, behind a lock that no fork leaves locked in the child.
#[derive(Debug, Default)]
pub(crate) struct Shared<T>(Mutex<T>);

/// How often a panic hook looks whether a lock is free: whoever else holds it is gone after a pointer
/// copy, but if the panicking thread itself holds it, it never is.
const PATIENCE: usize = 1000;

impl<T> Shared<T> {
    pub const fn new(value: T) -> Self {
        Shared(Mutex::new(value))
    }

    /// Runs `with` on the value. To be short; must not use another `Shared` of the same thread.
    pub fn with<R>(&self, with: impl FnOnce(&mut T) -> R) -> R {
        let _unforked = Unforked::enter(&BRIEF);
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The same, for a thread that may hold the value already: `None` when it does not get free.
    pub fn try_with<R>(&self, with: impl FnOnce(&mut T) -> R) -> Option<R> {
        for _ in 0..PATIENCE {
            let Ok(_unforked) = BRIEF.try_read() else {
                std::thread::yield_now();
                continue;
            };
            let locked = match self.0.try_lock() {
                Ok(locked) => Some(locked),
                Err(std::sync::TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
                Err(std::sync::TryLockError::WouldBlock) => None,
            };
            if let Some(mut locked) = locked {
                return Some(with(&mut locked));
            }
            std::thread::yield_now();
        }
        None
    }
}

/// Registers the handlers, once a process and before anything that a child must not inherit is made.
pub(crate) fn install() {
    static INSTALLED: AtomicBool = AtomicBool::new(false);
    // Not a `Once`: a fork in the midst of one would leave the child waiting for it.
    if !INSTALLED.swap(true, Ordering::AcqRel) {
        #[cfg(unix)]
        // SAFETY: the handlers are plain functions that live as long as the library, which is never unloaded.
        unsafe {
            libc::pthread_atfork(Some(prepare), Some(parent), Some(child));
        }
    }
}

/// Descriptors that a child must not keep. More are not expected: a few files and one connection a client.
#[cfg(unix)]
const MAX_INHERITED: usize = 64;
#[cfg(unix)]
static INHERITED: [Known; MAX_INHERITED] = [const { Known::none() }; MAX_INHERITED];

/// A descriptor of this process alone, see [`Own`](crate::own::Own): its copy in a forked child is closed there. To be
/// dropped before the descriptor is closed, and made by a thread that is [`busy`].
#[cfg(unix)]
#[derive(Debug)]
pub(crate) struct Inherited {
    slot: Option<usize>,
}

#[cfg(unix)]
impl Inherited {
    pub fn new(descriptor: std::ffi::c_int, identity: Option<Identity>) -> Inherited {
        let claims = |identity| INHERITED.iter().position(|slot| slot.claim(descriptor, identity));
        Inherited { slot: identity.and_then(claims) }
    }
}

#[cfg(unix)]
impl Drop for Inherited {
    fn drop(&mut self) {
        if let Some(slot) = self.slot.and_then(|slot| INHERITED.get(slot)) {
            slot.forget();
        }
    }
}

type Both = (RwLockWriteGuard<'static, ()>, RwLockWriteGuard<'static, ()>);

/// The guards that the forking thread holds from `prepare` to `parent` or `child`.
struct Held(UnsafeCell<Option<Both>>);

// SAFETY: only the thread that holds the write locks touches the cell, and only one can hold them.
unsafe impl Sync for Held {}

static HELD: Held = Held(UnsafeCell::new(None));

/// Between two looks whether what is waited for beside the locks has come about.
const LOOK_EVERY: Duration = Duration::from_micros(50);
/// The longest that a fork waits for threads to begin: it takes them less than a millisecond, on a busy machine more.
const UNTIL_BEGUN: Duration = Duration::from_secs(1);
/// The longest that a fork waits for a question.
const UNTIL_ANSWERED: Duration = Duration::from_millis(20);

extern "C" fn prepare() {
    if HOLDS.get() > 0 {
        return;
    }
    let start = Instant::now();
    loop {
        let work = WORK.write().unwrap_or_else(PoisonError::into_inner);
        let brief = BRIEF.write().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: this thread holds the write locks, see `Held`.
        unsafe { *HELD.0.get() = Some((work, brief)) };
        let is_over = |count: &AtomicUsize, limit| count.load(Ordering::SeqCst) == 0 || start.elapsed() >= limit;
        if is_over(&STARTING, UNTIL_BEGUN) && is_over(&ASKING, UNTIL_ANSWERED) {
            return;
        }
        parent();
        std::thread::sleep(LOOK_EVERY);
    }
}

extern "C" fn parent() {
    if HOLDS.get() > 0 {
        return;
    }
    // SAFETY: this thread holds the write locks, see `Held`.
    let guards = unsafe { (*HELD.0.get()).take() };
    drop(guards);
}

extern "C" fn child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
    STARTING.store(0, Ordering::SeqCst);
    ASKING.store(0, Ordering::SeqCst);
    #[cfg(unix)]
    crate::sigterm::forget_pipe();
    #[cfg(unix)]
    for slot in &INHERITED {
        if let Some(descriptor) = slot.get() {
            // SAFETY: the child's copy; whoever had it open is in the parent.
            unsafe { libc::close(descriptor) };
        }
        slot.forget();
    }
    parent();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_in_use_by_this_very_thread_does_not_lock_a_panic_hook_out_for_ever() {
        let shared = Shared::new(1);
        shared.with(|_| assert_eq!(shared.try_with(|n| *n), None));
        assert_eq!(shared.try_with(|n| *n), Some(1));
    }
}
