//! The handlers of the signals that end a process. The most dangerous place of all: it runs on a thread that has just
//! failed, at any instruction, perhaps with half a kilobyte of stack, perhaps within `malloc`.
//!
//! - Nothing is allocated, no lock is taken, nothing is formatted. What the handler needs was opened, counted and put
//!   into statics before. Memory that may not be there is only read through [`Probe`](stack::Probe).
//! - The first thread to fail writes its record, see [`record`](super::record); others wait for it. A fault of the
//!   handler itself ends the process at once, by the signal that came first; what was written until then counts.
//! - Last of all the host is asked for its own stack, see [`host`](super::host).
//! - Then everything is put back as it was before [`arm`], and the handler that was there is called as the kernel
//!   would have called it: `faulthandler` prints, the standard library of Rust reports an overflow and aborts, V8 goes
//!   on with an exception of WebAssembly. Where there was none the instruction is run again, and the process dies of
//!   the same signal, at the same place, as if nobody had looked.
//! - If a previous handler returns and has not given up its post, it has mended what was wrong: the record is
//!   withdrawn. One that leaves by `longjmp` is noticed by the worker, which finds the process alive long after.

use std::ffi::{c_int, c_void};
use std::fs::File;
use std::mem::MaybeUninit;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicI32, AtomicI64, AtomicPtr, AtomicU64, Ordering};
use std::thread::Thread;

use super::record::{self, Crash, MAX_BYTES};
use super::room::Room;
use super::stack::{self, Ends, Pipe};
use super::unwind::{self, COLUMNS, Registers};
use super::{chain, host, registers};
use crate::crash::said;
use crate::descriptor::Known;
use crate::own::Own;
use crate::{fork, framing, queue};

/// How long a thread waits for another that is recording or arming, and for the worker to write what was said last.
/// All take far less, unless they cannot be done at all.
const PATIENCE_MS: u32 = 500;
const WORKER_MS: u32 = 500;
const MOST_WITHDRAWN: usize = 16;
const NOBODY: i32 = 0;

const OFF: i32 = 0;
const ARMED: i32 = 1;
const RECORDING: i32 = 2;
/// What happens now is up to the handlers that were there before.
const HANDED_OVER: i32 = 3;
/// Being armed, perhaps in place of what was armed before: for microseconds.
const ARMING: i32 = 4;

static PHASE: AtomicI32 = AtomicI32::new(OFF);
/// The thread that records.
static OWNER: AtomicI32 = AtomicI32::new(NOBODY);
/// When it handed over, in seconds of the monotonic clock.
static HANDED_OVER_AT: AtomicI64 = AtomicI64::new(0);
/// The process and the generation of forks that all this belongs to.
static PROCESS: AtomicI32 = AtomicI32::new(0);
static GENERATION: AtomicU64 = AtomicU64::new(0);
static FILE: Known = Known::none();
static PIPE: Pipe = Pipe::none();
/// The thread whose abort is known.
static ABORTS: AtomicI32 = AtomicI32::new(NOBODY);
/// Never freed. Null while no worker runs.
static WORKER: AtomicPtr<Thread> = AtomicPtr::new(null_mut());

static CRASH: Room<Crash> = Room::new(Crash::EMPTY);
static REGISTERS: Room<Registers> = Room::new([0; COLUMNS]);
static UNWIND: Room<unwind::Room> = Room::new(unwind::Room::new());
static BYTES: Room<[u8; MAX_BYTES]> = Room::new([0; MAX_BYTES]);
/// What the kernel said first.
static INFO: Room<MaybeUninit<libc::siginfo_t>> = Room::new(MaybeUninit::uninit());

/// The kernel's number of the calling thread.
pub(super) fn thread() -> i32 {
    #[cfg(target_os = "linux")]
    // SAFETY: takes nothing.
    return unsafe { libc::syscall(libc::SYS_gettid) as i32 };
    #[cfg(not(target_os = "linux"))]
    // SAFETY: takes nothing; the port of a thread is a small number.
    return unsafe { libc::pthread_mach_thread_np(libc::pthread_self()) as i32 };
}

/// Records crashes of this process from now on into `file`, and no more where it was recorded before. False while one is
/// being recorded.
pub(super) fn arm(file: &Own<File>, pipe: &Ends) -> bool {
    let Some((number, identity)) = file.known() else { return false };
    let begin = |phase| PHASE.compare_exchange(phase, ARMING, Ordering::SeqCst, Ordering::SeqCst).is_ok();
    if GENERATION.load(Ordering::SeqCst) == fork::generation() {
        // Another engine may be at it.
        wait(PATIENCE_MS, || PHASE.load(Ordering::SeqCst) != ARMING);
        if !begin(ARMED) && !begin(OFF) {
            return false;
        }
    } else {
        // What the parent was in does not count in its child.
        PHASE.store(ARMING, Ordering::SeqCst);
    }
    FILE.set(number, identity);
    PIPE.set(pipe);
    // SAFETY: takes nothing.
    PROCESS.store(unsafe { libc::getpid() }, Ordering::SeqCst);
    GENERATION.store(fork::generation(), Ordering::SeqCst);
    OWNER.store(NOBODY, Ordering::SeqCst);
    host::renew();
    chain::install(handle);
    PHASE.store(ARMED, Ordering::SeqCst);
    true
}

/// Ends that, if it is for `file`. False while a crash is being recorded: then nothing is to be closed.
pub(super) fn disarm(file: &Own<File>) -> bool {
    let is_known = file.known().is_some_and(|(number, identity)| FILE.is(number, identity));
    if !is_known || GENERATION.load(Ordering::SeqCst) != fork::generation() {
        return true;
    }
    if PHASE.compare_exchange(ARMED, OFF, Ordering::SeqCst, Ordering::SeqCst).is_err() {
        return PHASE.load(Ordering::SeqCst) == OFF;
    }
    chain::uninstall(true);
    said::rest();
    FILE.forget();
    WORKER.store(null_mut(), Ordering::SeqCst);
    true
}

/// The calling thread is about to abort, and why was captured: that is no crash of its own.
pub(crate) fn expect_abort() {
    ABORTS.store(thread(), Ordering::SeqCst);
}

/// The worker's thread, which is asked to hurry.
pub(super) fn set_worker(thread: Thread) {
    // SAFETY: null, or never freed.
    let known = unsafe { WORKER.load(Ordering::SeqCst).as_ref() };
    if known.is_none_or(|known| known.id() != thread.id()) {
        WORKER.store(Box::into_raw(Box::new(thread)), Ordering::SeqCst);
    }
}

/// Whether a handler may be waiting for what was said last.
pub(super) fn waits() -> bool {
    PHASE.load(Ordering::SeqCst) == RECORDING
}

/// Seconds since a crash was handed to previous handlers; `None` when there is no such thing.
pub(super) fn handed_over_for() -> Option<i64> {
    let is_so = PHASE.load(Ordering::SeqCst) == HANDED_OVER && GENERATION.load(Ordering::SeqCst) == fork::generation();
    is_so.then(|| now(libc::CLOCK_MONOTONIC).tv_sec - HANDED_OVER_AT.load(Ordering::SeqCst))
}

/// There was no crash: somebody mended what was wrong.
pub(super) fn withdraw() {
    if let Some(file) = FILE.get() {
        // SAFETY: our own file, which is to be empty until there is a crash.
        unsafe { libc::ftruncate(file, 0) };
    }
    OWNER.store(NOBODY, Ordering::SeqCst);
    chain::install(handle);
    PHASE.store(ARMED, Ordering::SeqCst);
}

fn now(clock: libc::clockid_t) -> libc::timespec {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: filled by the call.
    unsafe { libc::clock_gettime(clock, &raw mut now) };
    now
}

/// Waits until `done`, at most so long, a millisecond at a time.
fn wait(milliseconds: u32, done: impl Fn() -> bool) {
    let nap = libc::timespec { tv_sec: 0, tv_nsec: 1_000_000 };
    for _ in 0..milliseconds {
        if done() {
            return;
        }
        // SAFETY: sleeps.
        unsafe { libc::nanosleep(&raw const nap, null_mut()) };
    }
}

#[cfg(target_os = "macos")]
fn errno() -> *mut c_int {
    // SAFETY: takes nothing.
    unsafe { libc::__error() }
}

#[cfg(not(target_os = "macos"))]
fn errno() -> *mut c_int {
    // SAFETY: takes nothing.
    unsafe { libc::__errno_location() }
}

extern "C" fn handle(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: this thread's own.
    let before = unsafe { *errno() };
    let here = thread();
    match claim(signal, here) {
        Claim::Mine => {
            record(signal, info, context, here);
            HANDED_OVER_AT.store(now(libc::CLOCK_MONOTONIC).tv_sec, Ordering::SeqCst);
            PHASE.store(HANDED_OVER, Ordering::SeqCst);
            chain::uninstall(false);
            if chain::pass_on(signal, info, context) {
                withdraw();
            }
        }
        Claim::OwnFault => die(),
        Claim::NotOurs => {
            chain::pass_on(signal, info, context);
        }
    }
    // SAFETY: as above.
    unsafe { *errno() = before };
}

/// Whose it is to record.
enum Claim {
    Mine,
    /// This thread is recording already: the handler failed.
    OwnFault,
    /// Nobody records, or somebody else has, or could not within the time there is.
    NotOurs,
}

fn claim(signal: c_int, here: i32) -> Claim {
    if signal == libc::SIGABRT && ABORTS.load(Ordering::SeqCst) == here {
        return Claim::NotOurs;
    }
    // SAFETY: takes nothing.
    if PROCESS.load(Ordering::SeqCst) != unsafe { libc::getpid() } {
        return Claim::NotOurs;
    }
    // Again where another thread's crash turned out to be none.
    for _ in 0..MOST_WITHDRAWN {
        if PHASE.load(Ordering::SeqCst) == RECORDING && OWNER.load(Ordering::SeqCst) == here {
            return Claim::OwnFault;
        }
        if PHASE.compare_exchange(ARMED, RECORDING, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
            OWNER.store(here, Ordering::SeqCst);
            return Claim::Mine;
        }
        wait(PATIENCE_MS, || !matches!(PHASE.load(Ordering::SeqCst), RECORDING | ARMING));
        if PHASE.load(Ordering::SeqCst) != ARMED {
            break;
        }
    }
    Claim::NotOurs
}

#[inline(never)]
fn record(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void, here: i32) {
    // SAFETY: the phase is RECORDING, and this thread's.
    let (crash, bytes, first) = unsafe { (CRASH.get(), BYTES.get(), INFO.get()) };
    // SAFETY: as above.
    let (all, room) = unsafe { (REGISTERS.get(), UNWIND.get()) };
    *crash = Crash::EMPTY;
    let time = now(libc::CLOCK_REALTIME);
    crash.signal = signal;
    crash.thread = here as u64;
    crash.time = time.tv_sec.saturating_mul(1_000_000).saturating_add(time.tv_nsec / 1000);
    // SAFETY: the kernel gives a live one, or none.
    if let Some(info) = unsafe { info.as_ref() } {
        crash.code = info.si_code;
        // SAFETY: a fault has an address; of another signal it is read as what lies there, and not shown.
        crash.address = unsafe { info.si_addr() } as u64;
        // SAFETY: plain data.
        unsafe { first.as_mut_ptr().copy_from_nonoverlapping(info, 1) };
    }
    name(&mut crash.name);
    let has_registers = registers::record(context, crash, all).is_some();
    write_crash(record::BRIEF, crash, bytes);
    fail_if_armed();
    if has_registers {
        let probe = PIPE.probe();
        if signal == libc::SIGTRAP {
            stack::back_to_trap(all, &probe);
        }
        stack::walk(all, &probe, room, crash);
        write_crash(record::FULL, crash, bytes);
    }
    // Only now: of all that happens here this is the one thing whose code is not ours, and which reads the memory of a
    // broken process as if it were sound.
    host::write(bytes, |part| write(record::HOST, part));
    hurry_worker();
}

fn write_crash(kind: u8, crash: &Crash, bytes: &mut [u8; MAX_BYTES]) {
    let length = crash.encode(bytes);
    write(kind, bytes.get(..length).unwrap_or_default());
}

fn write(kind: u8, payload: &[u8]) {
    let Some(file) = FILE.get() else { return };
    for part in [&framing::frugal_header(kind, payload)[..], payload] {
        // SAFETY: live bytes. The file was opened for appending; what it does not take is missing at the next start.
        unsafe { libc::write(file, part.as_ptr().cast(), part.len()) };
    }
}

#[cfg(target_os = "linux")]
fn name(name: &mut [u8; 16]) {
    // SAFETY: sixteen bytes, which is what is written.
    unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) };
}

#[cfg(not(target_os = "linux"))]
fn name(name: &mut [u8; 16]) {
    // SAFETY: a buffer and its length; reads the thread's own description.
    unsafe { libc::pthread_getname_np(libc::pthread_self(), name.as_mut_ptr().cast(), name.len()) };
}

/// Lets the worker write what was said since it last looked. If it cannot, what it wrote before stands.
fn hurry_worker() {
    if !said::is_unwritten() {
        return;
    }
    queue::hurry();
    // A store and the system call futex. Elsewhere it is more than that, and the worker looks by itself before long.
    #[cfg(target_os = "linux")]
    // SAFETY: null while it has not started, or never freed.
    if let Some(worker) = unsafe { WORKER.load(Ordering::SeqCst).as_ref() } {
        worker.unpark();
    }
    wait(WORKER_MS, || !said::is_unwritten());
}

/// The handler itself failed: the end, by the signal that came first.
fn die() {
    // SAFETY: this thread is the one that records, and does not get back to it.
    let (signal, info, bytes) = unsafe { (CRASH.get().signal, INFO.get(), BYTES.get()) };
    host::rescue(bytes, |part| write(record::HOST, part));
    chain::set(signal, &chain::default());
    hurry_worker();
    // SAFETY: a set of our own.
    unsafe {
        let mut open: libc::sigset_t = std::mem::zeroed();
        libc::sigaddset(&raw mut open, signal);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const open, null_mut());
    }
    chain::send(signal, info.as_mut_ptr());
    // Nobody comes here.
    // SAFETY: ends the process.
    unsafe { libc::_exit(128 + signal) }
}

static FAILS: AtomicI32 = AtomicI32::new(0);

/// Has the next recording fail by this signal, between the brief and the full record.
pub(crate) fn fail_next(signal: c_int) {
    FAILS.store(signal, Ordering::SeqCst);
}

fn fail_if_armed() {
    match FAILS.swap(0, Ordering::SeqCst) {
        0 => {}
        libc::SIGSEGV => {
            // SAFETY: none: that is the test.
            unsafe { std::ptr::without_provenance::<u8>(8).read_volatile() };
        }
        other => {
            // SAFETY: to this very thread.
            unsafe { libc::raise(other) };
        }
    }
}

/// Gives the calling thread a stack for handlers if it has none: without, an overflow of its stack goes unseen. Those
/// that the standard library of Rust starts have one. Never freed: the thread may use it until its end.
pub(super) fn give_stack() {
    /// For us and a previous handler that prints; the kernel itself takes up to 12 KiB of it.
    const BYTES: usize = 64 << 10;
    const GUARD: usize = 64 << 10;
    // SAFETY: fresh memory, used for nothing else; the lower part stays unreadable.
    unsafe {
        let mut there: libc::stack_t = std::mem::zeroed();
        if libc::sigaltstack(std::ptr::null(), &raw mut there) != 0 || there.ss_flags & libc::SS_DISABLE == 0 {
            return;
        }
        let flags = libc::MAP_PRIVATE | libc::MAP_ANON;
        let memory = libc::mmap(null_mut(), GUARD + BYTES, libc::PROT_NONE, flags, -1, 0);
        if memory == libc::MAP_FAILED {
            return;
        }
        let stack = memory.byte_add(GUARD);
        if libc::mprotect(stack, BYTES, libc::PROT_READ | libc::PROT_WRITE) == 0 {
            let stack = libc::stack_t { ss_sp: stack, ss_flags: 0, ss_size: BYTES };
            libc::sigaltstack(&raw const stack, null_mut());
        }
    }
}
