//! Programs that close all descriptors after `init`, as a daemon does, and then open files of their own, which are given
//! the numbers that Faultwire had.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use faultwire::{InitGuard, Level, Options};

/// Faultwire has far fewer descriptors.
const MANY: usize = 48;

/// What the application has opened.
struct Application {
    files: Vec<(PathBuf, File)>,
    sockets: Vec<(UnixStream, UnixStream)>,
}

/// How long an application may be closing files: whatever is opened meanwhile is closed as well.
const SLOWLY: std::time::Duration = std::time::Duration::from_millis(40);

fn close_all() {
    // SAFETY: that is the test: none of these is the application's.
    (3..1024).for_each(|number| unsafe {
        libc::close(number);
    });
}

impl Application {
    /// Closes all there is, and opens much.
    fn begin() -> Application {
        close_all();
        let folder = PathBuf::from(std::env::var_os("XDG_STATE_HOME").unwrap()).join("application");
        let mut application = Application { files: Vec::new(), sockets: Vec::new() };
        let open = |n: usize| {
            let path = folder.join(format!("{n}.log"));
            let mut file = File::options().read(true).append(true).create_new(true).open(&path).unwrap();
            file.write_all(b"theirs").unwrap();
            (path, file)
        };
        std::fs::create_dir(&folder).unwrap();
        for n in 0..MANY {
            // Whatever ours was, there is something of each kind in its place in one run or another.
            application.files.push(open(n));
            if n.is_multiple_of(3) {
                application.sockets.push(UnixStream::pair().unwrap());
            }
        }
        application
    }

    /// All is open, and says what the application has written.
    fn check(&self) {
        for (path, file) in &self.files {
            let about = file.metadata().unwrap();
            assert_eq!(about.ino(), std::fs::metadata(path).unwrap().ino());
            assert_eq!(std::fs::read(path).unwrap(), b"theirs", "{path:?}");
        }
        for (one, other) in &self.sockets {
            for (mut from, mut to) in [(one, other), (other, one)] {
                from.write_all(b"theirs").unwrap();
                let mut read = [0; 6];
                to.read_exact(&mut read).unwrap();
                assert_eq!(&read, b"theirs");
                to.set_nonblocking(true).unwrap();
                assert!(to.read(&mut read).is_err(), "and nothing else");
                to.set_nonblocking(false).unwrap();
            }
        }
    }
}

fn init(change: impl FnOnce(&mut Options)) -> InitGuard {
    let mut options = Options { shutdown_timeout: super::PATIENT, storm_folding: false, ..Options::default() };
    change(&mut options);
    faultwire::init(options).unwrap()
}

fn capture(when: &str) {
    capture_many(when, 3);
}

fn capture_many(when: &str, count: usize) {
    (0..count).for_each(|n| {
        assert!(faultwire::capture_message(format!("{when} {n}"), Level::Info).is_some());
    });
}

/// Until all that was captured is on disk, at least.
fn stored() {
    let start = std::time::Instant::now();
    while faultwire::stats().pending > 0 {
        assert!(start.elapsed() < super::PATIENT, "{:?}", faultwire::stats());
        std::thread::yield_now();
    }
}

pub fn run(scenario: &str) {
    match scenario {
        "closed-up" => up(),
        "closed-down" => down(),
        "closed-slowly" => slowly(),
        "closed-backlog" => backlog(),
        "closed-fork" => fork(),
        "closed-crash" => crash(|| ()),
        "closed-crash-later" => crash(|| assert!(faultwire::flush(super::PATIENT))),
        "closed-sigterm" => sigterm(),
        other => panic!("no scenario {other:?}"),
    }
}

/// The server takes everything, over another connection.
fn up() {
    let guard = init(|_| ());
    capture("before");
    assert!(faultwire::flush(super::PATIENT));
    let application = Application::begin();
    capture("after");
    assert!(faultwire::flush(super::PATIENT));
    let stats = faultwire::stats();
    assert_eq!((stats.captured, stats.delivered), (6, 6), "{stats:?}");
    application.check();
    drop(guard);
    application.check();
    println!("{}", stats.outbox);
}

/// The server is down all the time, so that all is left to the next start.
fn down() {
    let guard = init(|_| ());
    capture("before");
    stored();
    let application = Application::begin();
    capture("after");
    stored();
    application.check();
    drop(guard);
    application.check();
}

/// The application takes its time: what is opened again is closed again, while events come.
fn slowly() {
    let guard = init(|_| ());
    capture("before");
    stored();
    close_all();
    let began = std::time::Instant::now();
    capture("after");
    while began.elapsed() < SLOWLY {
        close_all();
    }
    stored();
    let application = Application::begin();
    drop(guard);
    application.check();
}

/// What waits is on disk alone, most of it; the server is there again once the input ends.
fn backlog() {
    let guard = init(|options| options.max_outbox_bytes = 1 << 16);
    capture_many("before", 200);
    stored();
    let mut application = Application::begin();
    capture_many("after", 200);
    stored();
    application.files.push({
        let path = PathBuf::from(std::env::var_os("XDG_STATE_HOME").unwrap()).join("application").join("ready");
        let mut file = File::create_new(&path).unwrap();
        file.write_all(b"theirs").unwrap();
        (path, file)
    });
    let _ = std::io::stdin().read(&mut [0]);
    assert!(faultwire::flush(super::PATIENT));
    let stats = faultwire::stats();
    assert_eq!((stats.captured, stats.delivered), (400, 400), "{stats:?}");
    drop(guard);
    application.check();
}

/// A child closes what is its parent's, which these are no longer.
fn fork() {
    let guard = init(|options| (options.capture_crashes, options.flush_on_sigterm) = (true, true));
    capture("before");
    assert!(faultwire::flush(super::PATIENT));
    let application = Application::begin();
    // SAFETY: what the child does between the fork and its end is what is tested here.
    let child = unsafe { libc::fork() };
    if child == 0 {
        application.check();
        // SAFETY: ends the process.
        unsafe { libc::_exit(0) };
    }
    let mut status = -1;
    // SAFETY: `status` is a live integer.
    unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert_eq!(status, 0);
    capture("after");
    drop(guard);
    application.check();
}

/// The files are looked at by whoever started this.
fn crash(meanwhile: fn()) {
    let guard = init(|options| options.capture_crashes = true);
    capture("before");
    assert!(faultwire::flush(super::PATIENT));
    let application = Application::begin();
    meanwhile();
    application.check();
    // SAFETY: none: that is the test.
    unsafe { std::ptr::null::<u8>().read_volatile() };
    drop(guard);
}

/// Dies of a signal that somebody sends, with what waits sent before.
fn sigterm() {
    let _guard = init(|options| options.flush_on_sigterm = true);
    capture("before");
    assert!(faultwire::flush(super::PATIENT));
    let application = Application::begin();
    // Time for whoever reads what is not his to do so.
    std::thread::sleep(std::time::Duration::from_millis(50));
    application.check();
    capture("after");
    // SAFETY: to this process.
    unsafe { libc::kill(libc::getpid(), libc::SIGTERM) };
    std::thread::sleep(super::PATIENT);
}
