//! Programs that panic. Each runs with and without Faultwire (no DSN), and must look the same outside.

use std::fmt;
use std::time::Duration;

use faultwire::{Level, Options, Setup};

/// The main thread: unwinding drops the guard, which sends.
pub fn main_thread() {
    let _guard = super::init();
    faultwire::set_tag("where", "main");
    let numbers: std::collections::BTreeMap<&str, u8> = std::collections::BTreeMap::new();
    numbers.get("one").expect("a number");
}

/// Another thread: the process goes on.
pub fn other_thread() {
    let _guard = super::init();
    let worker = std::thread::Builder::new().name("billing".to_owned());
    let result = worker.spawn(|| panic!("order {} failed", 7)).unwrap().join();
    assert!(result.is_err());
    println!("still here");
}

/// A panic that cannot unwind: the process is aborted, and the event leaves before that.
pub fn extern_c() {
    extern "C" fn callback() {
        panic!("in a callback of C");
    }
    let guard = super::init();
    callback();
    drop(guard);
}

/// A panic while unwinding from another one aborts, too.
pub fn in_drop() {
    struct Bad;
    impl Drop for Bad {
        fn drop(&mut self) {
            panic!("in a destructor");
        }
    }
    let _guard = super::init();
    let _bad = Bad;
    panic!("the first one");
}

/// A `Display` that panics within a capture: none of the program's output.
pub fn in_display() {
    #[derive(Debug)]
    struct Bad;
    impl fmt::Display for Bad {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("no text");
        }
    }
    impl std::error::Error for Bad {}
    let _guard = super::init();
    faultwire::capture_error(&Bad);
    println!("still here");
}

/// A panic while this thread changes a scope: the hook must not wait for the lock that the thread holds.
pub fn in_scope() {
    let _guard = super::init();
    faultwire::set_tag("isolation", "is heard");
    let result = std::panic::catch_unwind(|| {
        faultwire::with_scope(|scope| scope.set_tags([("a", "1"), ("b", panics())]), || ());
    });
    assert!(result.is_err());
}

fn panics() -> &'static str {
    panic!("while a scope is filled")
}

/// A thousand panics that are caught, as a server does it: folded like errors.
pub fn storm() {
    // A hook set before `init` is the one that goes on being called.
    std::panic::set_hook(Box::new(|_| {}));
    let _guard = super::init();
    for n in 0..1_000 {
        let result = std::panic::catch_unwind(|| panic!("request {n} failed"));
        assert!(result.is_err());
    }
}

/// Told not to look at panics.
pub fn hook_off() {
    let setup = Setup { capture_panics: false, ..Setup::default() };
    let _guard = faultwire::init_with(Options::default(), setup).unwrap();
    let result = std::thread::spawn(|| panic!("not for Faultwire")).join();
    assert!(result.is_err());
    faultwire::capture_message("the only event", Level::Info);
}

/// Bugs in Faultwire itself, on the app thread and on the worker.
pub fn internal() {
    let _guard = super::init();
    for place in ["submit", "worker"] {
        faultwire::testing::arm_panic(place);
        faultwire::capture_message(place, Level::Info);
        faultwire::flush(Duration::from_secs(20));
    }
    faultwire::capture_message("after the bugs", Level::Info);
    println!("still here");
}
