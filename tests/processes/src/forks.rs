//! Programs that fork.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use faultwire::{Hooks, Level, Options};

/// Forks; the child runs `child` and ends without running the parent's destructors.
fn fork(child: impl FnOnce()) -> libc::pid_t {
    // SAFETY: what the child does between the fork and its end is what is tested here.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "fork failed");
    if pid == 0 {
        child();
        // SAFETY: ends the process.
        unsafe { libc::_exit(0) }
    }
    pid
}

/// True when the child ended well.
fn wait(pid: libc::pid_t) -> bool {
    let mut status = 0;
    // SAFETY: `status` is a live integer.
    let waited = unsafe { libc::waitpid(pid, &raw mut status, 0) };
    waited == pid && libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
}

fn message(text: String) {
    assert!(faultwire::capture_message(text, Level::Info).is_some());
}

/// Ends a child's client well, or the child badly.
fn closed() {
    let stats = faultwire::stats();
    if !faultwire::close(Some(super::PATIENT)) {
        eprintln!("a child could not send: {stats:?}");
        // SAFETY: ends the process.
        unsafe { libc::_exit(3) }
    }
}

/// A master that captured, then eight workers of twenty captures each.
pub fn prefork() {
    let guard = super::init();
    faultwire::set_tag("from", "master");
    message("master".to_owned());
    let children: Vec<_> = (0..8)
        .map(|worker| {
            fork(|| {
                assert_eq!(faultwire::stats().captured, 0, "counters of its own");
                (0..20).for_each(|n| message(format!("worker {worker} event {n}")));
                closed();
            })
        })
        .collect();
    assert!(children.into_iter().all(wait), "a worker failed");
    drop(guard);
}

/// A client that was made and asked, but never sent anything before the fork: ids must differ all the same.
pub fn fork_untouched() {
    let guard = super::init();
    // Draws random numbers, and is refused: no thread is started.
    faultwire::testing::arm_panic("submit");
    assert!(faultwire::capture_message("refused", Level::Info).is_none());
    let children: Vec<_> = (0..4)
        .map(|worker| {
            fork(|| {
                message(format!("worker {worker}"));
                closed();
            })
        })
        .collect();
    assert!(children.into_iter().all(wait), "a worker failed");
    drop(guard);
}

/// Four threads capture and change scopes without a pause while the process forks fifty times.
pub fn fork_under_load() {
    // A short queue, so that what is left over at the end is soon sent.
    let guard = faultwire::init(Options { max_queue_events: 64, ..Options::default() }).unwrap();
    let working = Arc::new(AtomicBool::new(true));
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let working = Arc::clone(&working);
            std::thread::spawn(move || {
                let mut n = 0u64;
                while working.load(Ordering::Relaxed) {
                    n += 1;
                    faultwire::global_scope().set_tag("n", n.to_string());
                    faultwire::set_extra("thread", thread);
                    faultwire::capture_error(&std::io::Error::other(format!("load {thread}:{n}")));
                    if n.is_multiple_of(64) {
                        faultwire::capture_message(format!("load {thread}:{n}"), Level::Info);
                    }
                }
            })
        })
        .collect();
    for round in 0..50 {
        let child = fork(|| {
            faultwire::global_scope().set_tag("round", round.to_string());
            message(format!("child {round}"));
            closed();
        });
        assert!(wait(child), "the child of round {round} failed");
    }
    working.store(false, Ordering::Relaxed);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert!(faultwire::flush(super::PATIENT));
    message("the parent goes on".to_owned());
    assert!(faultwire::flush(super::PATIENT));
    drop(guard);
}

/// A hook on the worker's thread forks: it cannot wait for itself.
pub fn fork_in_hook() {
    let before_send: faultwire::settings::BeforeSend = Arc::new(|event| {
        assert!(wait(fork(|| {})));
        Some(event)
    });
    let hooks = Hooks { before_send: Some(before_send), ..Hooks::default() };
    let guard = faultwire::init_with(Options::default(), hooks).unwrap();
    message("through a hook that forks".to_owned());
    assert!(faultwire::flush(super::PATIENT));
    drop(guard);
}

/// The sockets that this process has open, where it can be told.
fn sockets() -> usize {
    let Ok(open) = std::fs::read_dir("/proc/self/fd") else { return 0 };
    let targets = open.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    targets.filter(|target| target.to_string_lossy().starts_with("socket:")).count()
}

/// Ends a child badly if it has more sockets than there were before Faultwire was used.
fn expect_sockets(before: usize) {
    if sockets() != before {
        eprintln!("a child has {} sockets, not {before}", sockets());
        // SAFETY: ends the process.
        unsafe { libc::_exit(4) }
    }
}

/// Forks while a connection is open. The parent uses it and closes it; the child waits for the end of the standard input.
pub fn fork_connected() {
    let before = sockets();
    let guard = super::init();
    message("before the fork".to_owned());
    assert!(faultwire::flush(super::PATIENT));
    assert!(cfg!(not(target_os = "linux")) || sockets() == before + 1);
    let child = fork(|| {
        expect_sockets(before);
        std::io::stdin().read_line(&mut String::new()).unwrap();
        expect_sockets(before);
        message("the child".to_owned());
        closed();
    });
    message("the parent goes on".to_owned());
    assert!(faultwire::flush(super::PATIENT));
    drop(guard);
    assert!(wait(child), "the child failed");
}

/// A first packet was sent, and not answered.
#[cfg(target_os = "linux")]
fn is_connecting_to(port: u16) -> bool {
    const SYN_SENT: &str = "02";
    let port = format!(":{port:04X}");
    let all = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let mut columns = all.lines().map(|line| line.split_whitespace().skip(2));
    columns.any(|mut at| at.next().is_some_and(|remote| remote.ends_with(&port)) && at.next() == Some(SYN_SENT))
}

/// Forks while a connection is being made, to a server whose queue of those who wait for it is full.
#[cfg(target_os = "linux")]
pub fn fork_connecting() {
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsRawFd;
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    // SAFETY: a live descriptor, which listens with another length of its queue.
    assert_eq!(unsafe { libc::listen(server.as_raw_fd(), 0) }, 0);
    let address = server.local_addr().unwrap();
    let waiting = TcpStream::connect(address).unwrap();
    let before = sockets();
    let dsn = format!("http://abc123@{address}/7").parse().unwrap();
    let guard = faultwire::init(Options { dsn: Some(dsn), ..Options::default() }).unwrap();
    message("to nobody".to_owned());
    let deadline = std::time::Instant::now() + super::PATIENT;
    while !is_connecting_to(address.port()) {
        assert!(std::time::Instant::now() < deadline, "it does not connect");
        std::thread::yield_now();
    }
    assert!(wait(fork(|| expect_sockets(before))), "the child failed");
    faultwire::close(Some(std::time::Duration::ZERO));
    drop((guard, waiting));
}

/// Forks again and again while the first request of all is made, slowly: whatever is made once a process is in the midst
/// of being made at one fork or another. Says how many there were.
#[cfg(target_os = "linux")]
pub fn fork_early() {
    let _guard = super::init();
    super::allocator::SLOW.store(true, Ordering::SeqCst);
    message("master".to_owned());
    let mut workers = Vec::new();
    while faultwire::stats().delivered == 0 {
        let worker = workers.len();
        workers.push(fork(|| {
            super::allocator::SLOW.store(false, Ordering::SeqCst);
            message(format!("worker {worker}"));
            closed();
        }));
    }
    super::allocator::SLOW.store(false, Ordering::SeqCst);
    println!("{}", workers.len());
    assert!(workers.into_iter().map(wait).collect::<Vec<_>>().into_iter().all(|well| well), "a worker failed");
}

/// Captures and an end: all that frees something of this thread's on others.
#[cfg(target_os = "linux")]
pub fn fork_free() {
    use super::allocator::{FREED, STRAY, WATCHED};
    let guard = super::init();
    WATCHED.store(true, Ordering::SeqCst);
    for n in 0..20 {
        message(format!("number {n}"));
    }
    assert!(faultwire::flush(super::PATIENT));
    drop(guard);
    while std::fs::read_dir("/proc/self/task").unwrap().count() > 1 {
        std::thread::yield_now();
    }
    assert!(FREED.load(Ordering::SeqCst) > 20, "captures are freed elsewhere");
    assert_eq!(STRAY.load(Ordering::SeqCst), 0);
}
