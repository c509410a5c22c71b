//! From `init` to the end.

use std::time::Duration;

use faultwire::{Level, Options};

use crate::support::SOON;
use crate::support::backend::Backend;
use crate::{sdk, support};

/// A second `init` takes over; the guard of the first ends nothing of the second.
#[test]
fn a_second_init_replaces_the_first() {
    let first = sdk(Options::default());
    faultwire::capture_message("to the first", Level::Info);
    assert_eq!(first.events().len(), 1);
    let backend = Backend::default();
    let setup = faultwire::Setup { transport: Some(backend.transport()), ..Default::default() };
    let guard = faultwire::init_with(Options::default(), setup).unwrap();
    faultwire::capture_message("to the second", Level::Info);
    assert!(faultwire::flush(SOON));
    assert_eq!((first.backend.events().len(), backend.events().len()), (1, 1));
    assert!(guard.is_enabled());
    drop(guard);
    assert!(!faultwire::is_enabled());
    assert_eq!(faultwire::capture_message("to nobody", Level::Info), None);
    assert_eq!(faultwire::stats().captured, 1);
}

/// What a replaced client has on its way is waited for by who waits for the newest, be there one between them.
#[test]
fn what_was_replaced_is_waited_for() {
    let first = sdk(Options::default());
    first.backend.stalls();
    faultwire::capture_message("to the first", Level::Info);
    first.backend.is_asked();
    faultwire::capture_message("also", Level::Info);
    let guards = [(); 2].map(|()| {
        let setup = faultwire::Setup { transport: Some(Backend::default().transport()), ..Default::default() };
        faultwire::init_with(Options::default(), setup).unwrap()
    });
    assert!(!faultwire::flush(Duration::from_millis(20)));
    let backend = first.backend.clone();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(50));
            backend.goes_on();
        });
        assert!(faultwire::flush(SOON));
    });
    assert_eq!(first.backend.events().len(), 2);
    assert!(faultwire::flush(Duration::ZERO));
    drop(guards);
}

/// Dropping the guard sends what is on its way.
#[test]
fn the_guard_sends_what_is_left() {
    let sdk = sdk(Options::default());
    let backend = sdk.backend.clone();
    (0..50).for_each(|n| {
        faultwire::capture_message(format!("{n}"), Level::Info);
    });
    drop(sdk);
    assert_eq!(backend.events().len(), 50);
}

/// Nothing that is called before `init` fails or is captured, and what is said by then holds later.
#[test]
fn before_init_nothing_is_captured_and_nothing_fails() {
    let alone = sdk(Options::default()).end();
    faultwire::isolation_scope(|| {
        faultwire::set_tag("early", "yes");
        faultwire::add_breadcrumb("early");
        assert_eq!(faultwire::capture_error(&std::fmt::Error), None);
        assert!(faultwire::flush(Duration::ZERO) && faultwire::close(None));
        let sdk = crate::sdk_held(alone, Options::default(), faultwire::Setup::default());
        faultwire::capture_message("late", Level::Info);
        let event = sdk.event();
        assert_eq!(
            (&event["tags"]["early"], &event["breadcrumbs"]["values"][0]["message"]),
            (&"yes".into(), &"early".into())
        );
    });
}

/// A bug in the engine stays inside, is counted, and the SDK goes on.
#[test]
fn a_panic_within_faultwire_reaches_nobody() {
    let sdk = sdk(Options::default());
    for place in ["submit", "worker"] {
        faultwire::testing::arm_panic(place);
        faultwire::capture_error(&std::fmt::Error);
        assert!(faultwire::flush(SOON), "{place}");
    }
    faultwire::capture_error(&std::fmt::Error);
    assert_eq!(sdk.events().len(), 1);
    assert_eq!(support::dropped_for(&faultwire::stats(), "internal_sdk_error"), 2);
}

/// Four threads capture, flush, look and replace the client, all at once.
#[test]
fn everything_at_once_does_not_lock_up() {
    let sdk = sdk(Options::default());
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for n in 0..100 {
                    faultwire::set_tag("n", n.to_string());
                    faultwire::global_scope().set_extra("thread", thread);
                    faultwire::capture_error(&std::fmt::Error);
                    if n % 25 == 0 {
                        faultwire::flush(SOON);
                        faultwire::stats();
                    }
                }
            });
        }
    });
    faultwire::global_scope().clear();
    assert_eq!(sdk.events().len() as u64 + sdk.backend.reported("sample_rate"), 400);
}
