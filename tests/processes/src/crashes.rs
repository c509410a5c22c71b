//! Programs that die by a signal, and the one that is started after them.

use std::ffi::{c_int, c_void};
use std::hint::black_box;
use std::io::{Read, Write};
use std::ptr::{null, null_mut};

use faultwire::{InitGuard, Level, Options, User};

/// What a sanitizer must not let through to any file.
const SECRET: &str = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";

fn init() -> InitGuard {
    let options = Options {
        capture_crashes: std::env::var_os("CRASHES_OFF").is_none(),
        release: Some(std::env::var("RELEASE").unwrap_or_else(|_| "first".to_owned())),
        environment: "test".to_owned(),
        shutdown_timeout: super::PATIENT,
        ..Options::default()
    };
    faultwire::init(options).unwrap()
}

/// Says things, the last of them just now.
fn say() {
    faultwire::global_scope().set_tag("service", "billing");
    faultwire::set_user(User { id: Some("u-1".to_owned()), ..User::default() });
    faultwire::set_extra("token", SECRET);
    faultwire::add_breadcrumb(format!("signed in with {SECRET}"));
    faultwire::set_tag("said", "just now");
}

pub fn run(scenario: &str) {
    match scenario {
        "crash-report" => return report(),
        "crash-recovered" => return recovered(),
        "crash-alive" => return alive(),
        "crash-closed" => return closed(),
        "crash-sent-to-std" => return sent_to_std(),
        "crash-two-threads" => return two_threads(),
        "crash-overflow-thread" => return overflow_thread(|| ()),
        "crash-overflow-little-room" => return overflow_thread(little_room),
        "crash-thread" => return thread(),
        "crash-child" => return child(),
        "crash-panic" => return panic(),
        "crash-second-client" => return second_client(),
        "crash-trap-handled" => return trap_handled(),
        "crash-trap-sent-ignored" => return trap_sent_ignored(),
        "crash-trap-ignored" => ignore_trap(),
        "crash-trap-given-up" => handle(libc::SIGTRAP, gives_up),
        "crash-previous" => previous(),
        _ => {}
    }
    let _guard = init();
    say();
    match scenario {
        "crash-segv" | "crash-previous" => segv(),
        "crash-segv-wild" => wild_call(),
        "crash-abort" => std::process::abort(),
        "crash-bus" => bus(),
        "crash-fpe" => fpe(),
        "crash-ill" => ill(),
        "crash-trap" | "crash-trap-ignored" => trap(),
        "crash-trap-given-up" => trap_given_up(),
        "crash-overflow" => drop(black_box(overflow(1))),
        "crash-sent" => send(libc::SIGSEGV),
        "crash-double" => double(),
        "crash-double-other" => double_other(),
        other => panic!("no scenario {other:?}"),
    }
}

#[inline(never)]
fn segv() {
    // SAFETY: none: that is the test.
    black_box(unsafe { null::<u8>().read_volatile() });
}

/// A call to nowhere.
#[inline(never)]
fn wild_call() {
    // SAFETY: none: that is the test.
    let nowhere: extern "C" fn() = unsafe { std::mem::transmute(black_box(0x10_usize)) };
    nowhere();
    black_box(());
}

/// Memory of a file that has become shorter.
#[inline(never)]
fn bus() {
    let path = std::env::temp_dir().join(format!("crash-bus-{}", std::process::id()));
    let file = std::fs::File::options().read(true).write(true).create_new(true).open(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    file.set_len(8192).unwrap();
    // SAFETY: none: that is the test.
    unsafe {
        use std::os::fd::AsRawFd;
        let memory = libc::mmap(null_mut(), 8192, libc::PROT_READ, libc::MAP_SHARED, file.as_raw_fd(), 0);
        file.set_len(0).unwrap();
        black_box(memory.cast::<u8>().read_volatile());
    }
}

/// A division where the processor minds, a signal where it does not.
#[inline(never)]
fn fpe() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: none: that is the test.
    unsafe {
        std::arch::asm!("xor edx, edx", "mov eax, 1", "div {0:e}", in(reg) black_box(0u32), out("eax") _, out("edx") _);
    }
    #[cfg(not(target_arch = "x86_64"))]
    send(libc::SIGFPE);
}

#[inline(never)]
fn ill() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: none: that is the test.
    unsafe {
        std::arch::asm!("ud2");
    }
    #[cfg(not(target_arch = "x86_64"))]
    send(libc::SIGILL);
}

#[inline(never)]
fn trap() -> ! {
    // SAFETY: none: that is the test.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        std::arch::asm!("int3", options(noreturn));
        #[cfg(target_arch = "aarch64")]
        std::arch::asm!("brk #1", options(noreturn));
    }
}

/// A breakpoint that a handler may go on from.
#[inline(never)]
fn trap_once() {
    // SAFETY: there is a handler, or that is the test.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        std::arch::asm!("int3");
        #[cfg(target_arch = "aarch64")]
        std::arch::asm!("brk #1");
    }
}

fn ignore_trap() {
    // SAFETY: a disposition that the system knows.
    unsafe { libc::signal(libc::SIGTRAP, libc::SIG_IGN) };
}

/// Where the processor is beyond the first one when the handler returns, the second one is the end.
fn trap_given_up() -> ! {
    trap_once();
    // SAFETY: static bytes.
    unsafe { libc::write(2, c", and on".as_ptr().cast(), 8) };
    trap()
}

extern "C" fn steps_over(_: c_int, _: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the context of a handler with SA_SIGINFO; the next instruction is the one after the breakpoint.
    #[cfg(all(target_os = "linux", target_arch = "aarch64"))]
    unsafe {
        (*context.cast::<libc::ucontext_t>()).uc_mcontext.pc += 4;
    }
    #[cfg(all(target_os = "macos", target_arch = "aarch64"))]
    // SAFETY: as above.
    unsafe {
        (*(*context.cast::<libc::ucontext_t>()).uc_mcontext).__ss.__pc += 4;
    }
    let _ = context;
}

/// The program has breakpoints of its own and goes on from them; then the process is killed.
fn trap_handled() {
    handle(libc::SIGTRAP, steps_over);
    let _guard = init();
    for _ in 0..100 {
        trap_once();
    }
    tell_and_die("handled");
}

/// Who sends what is ignored ends nothing.
fn trap_sent_ignored() {
    ignore_trap();
    let _guard = init();
    send_here(libc::SIGTRAP);
    tell_and_die("goes on");
}

#[inline(never)]
#[allow(unconditional_recursion, reason = "that is the test")]
fn overflow(depth: u64) -> u64 {
    let room = black_box([depth; 64]);
    black_box(overflow(depth + 1)) + room[0]
}

fn send(signal: c_int) {
    // SAFETY: to this process.
    unsafe { libc::kill(libc::getpid(), signal) };
    // The main thread may not be the one that gets it.
    std::thread::sleep(super::PATIENT);
}

fn double() {
    faultwire::testing::fail_in_next_crash(libc::SIGSEGV);
    fpe();
}

fn double_other() {
    faultwire::testing::fail_in_next_crash(libc::SIGBUS);
    segv();
}

fn thread() {
    let _guard = init();
    say();
    let thread = std::thread::Builder::new().name("ledger".to_owned());
    let result = thread.spawn(|| {
        faultwire::set_tag("said", "by the thread");
        segv();
    });
    result.unwrap().join().unwrap();
}

fn overflow_thread(prepare: fn()) {
    let _guard = init();
    say();
    let thread = std::thread::Builder::new().name("deep".to_owned());
    let run = move || {
        prepare();
        black_box(overflow(1))
    };
    thread.spawn(run).unwrap().join().unwrap();
}

/// The smallest stack for handlers that the standard library makes, where the kernel's part of it is not larger yet.
fn little_room() {
    const BYTES: usize = 8192;
    // SAFETY: memory that is used for nothing else and never freed, above a page that nobody can touch.
    unsafe {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANON;
        let memory = libc::mmap(null_mut(), PAGE + BYTES, libc::PROT_NONE, flags, -1, 0).byte_add(PAGE);
        assert_eq!(libc::mprotect(memory, BYTES, libc::PROT_READ | libc::PROT_WRITE), 0);
        let stack = libc::stack_t { ss_sp: memory, ss_flags: 0, ss_size: BYTES };
        assert_eq!(libc::sigaltstack(&raw const stack, null_mut()), 0);
    }
}

/// Both fail at once; one of them is the event.
fn two_threads() {
    let _guard = init();
    say();
    let together = std::sync::Arc::new(std::sync::Barrier::new(2));
    let threads = [(); 2].map(|()| {
        let together = std::sync::Arc::clone(&together);
        std::thread::spawn(move || {
            together.wait();
            segv();
        })
    });
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// The client is replaced: the first one's end is not the end of it.
fn second_client() {
    let _first = init();
    let _second = init();
    say();
    segv();
}

/// A panic that cannot unwind, and so aborts.
fn panic() {
    extern "C" fn callback() {
        panic!("in a callback of C");
    }
    let _guard = init();
    callback();
}

/// A forked child that uses the client and then crashes, and one that does not use it.
fn child() {
    let guard = init();
    faultwire::global_scope().set_tag("service", "billing");
    for uses in [true, false] {
        // SAFETY: what the child does between the fork and its end is what is tested here.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            if uses {
                faultwire::capture_message("from the child", Level::Info);
                faultwire::set_tag("who", "child");
                assert!(faultwire::flush(super::PATIENT));
            }
            segv();
        }
        let mut status = 0;
        // SAFETY: `status` is a live integer.
        unsafe { libc::waitpid(pid, &raw mut status, 0) };
        assert!(libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGSEGV, "{status:#x}");
    }
    drop(guard);
}

extern "C" fn gives_up(signal: c_int, _: *mut libc::siginfo_t, _: *mut c_void) {
    // SAFETY: static bytes; then the default action.
    unsafe {
        libc::write(2, c"the handler before".as_ptr().cast(), 18);
        libc::signal(signal, libc::SIG_DFL);
    }
}

fn handle(signal: c_int, handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void)) {
    // SAFETY: a handler of the right type.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        assert_eq!(libc::sigaction(signal, &raw const action, null_mut()), 0);
    }
}

/// The program has a handler of its own, which prints and lets it die.
fn previous() {
    handle(libc::SIGSEGV, gives_up);
}

const PAGE: usize = 4096;

extern "C" fn mends(_: c_int, info: *mut libc::siginfo_t, _: *mut c_void) {
    // SAFETY: the page that was touched is the program's.
    unsafe {
        let page = (*info).si_addr().map_addr(|address| address & !(PAGE - 1));
        libc::mprotect(page, PAGE, libc::PROT_READ | libc::PROT_WRITE);
    }
}

/// The program's own handler mends what was wrong, many times; then the process is killed.
fn recovered() {
    handle(libc::SIGSEGV, mends);
    let _guard = init();
    say();
    for n in 0..100u8 {
        // SAFETY: memory of the program's own, which the handler makes writable.
        unsafe {
            let flags = libc::MAP_PRIVATE | libc::MAP_ANON;
            let memory = libc::mmap(null_mut(), PAGE, libc::PROT_NONE, flags, -1, 0).cast::<u8>();
            memory.write_volatile(n);
            assert_eq!(memory.read_volatile(), n);
        }
    }
    tell_and_die("mended");
}

fn send_here(signal: c_int) {
    // SAFETY: to this very thread.
    unsafe { libc::raise(signal) };
}

fn tell_and_die(text: &str) {
    println!("{text}");
    std::io::stdout().flush().unwrap();
    // SAFETY: to this process.
    unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
}

/// A signal that was sent and that the standard library's handler swallows: the program goes on, as without us.
fn sent_to_std() {
    let _guard = init();
    send_here(libc::SIGSEGV);
    tell_and_die("goes on");
}

/// Lives until its input ends.
fn alive() {
    let _guard = init();
    println!("alive");
    std::io::stdout().flush().unwrap();
    let _ = std::io::stdin().read(&mut [0]);
}

/// After `close` nothing is recorded, and handlers are what they were.
fn closed() {
    let now = || {
        // SAFETY: asks only.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            libc::sigaction(libc::SIGSEGV, null(), &raw mut action);
            action.sa_sigaction
        }
    };
    let before = now();
    let guard = init();
    assert_ne!(now(), before);
    drop(guard);
    assert_eq!(now(), before);
    // Whatever comes there meanwhile is the handler of before, the next time.
    handle(libc::SIGSEGV, gives_up);
    let guard = init();
    assert_ne!(now(), gives_up as *const () as usize);
    drop(guard);
    assert_eq!(now(), gives_up as *const () as usize);
    segv();
}

/// The next start: sends what was left, and says how many there were.
fn report() {
    let _guard = init();
    // The worker has looked once it comes to this.
    assert!(faultwire::flush(super::PATIENT));
    let start = std::time::Instant::now();
    let (found, delivered) = loop {
        let recovered = faultwire::stats().recovered;
        if recovered.delivered == recovered.found || start.elapsed() > super::PATIENT {
            break (recovered.found, recovered.delivered);
        }
        std::thread::yield_now();
    };
    print!("{found} found, {delivered} delivered");
}
