//! The same error from the same place, over and over.

use faultwire::Options;

use crate::sdk;

#[inline(never)]
fn fail(n: u32) -> Option<faultwire::EventId> {
    faultwire::capture_error(&std::io::Error::other(format!("connection {n} lost")))
}

/// 10,000 from one line: a hundred events, the rest an exact number, whatever the texts say.
#[test]
fn one_place_is_folded_and_counted_exactly() {
    let sdk = sdk(Options::default());
    for n in 0..10_000 {
        assert!(fail(n).is_some());
    }
    let events = sdk.events();
    assert_eq!((events.len() as u64, sdk.backend.reported("sample_rate")), (100, 9_900));
}

/// The same function called from two lines, and another type on the same line: other faults.
#[test]
fn other_callers_and_other_types_are_other_places() {
    let sdk = sdk(Options { storm_burst: 1, ..Options::default() });
    for n in 0..10 {
        fail(n);
        fail(n);
        let errors: [Box<dyn std::error::Error>; 2] = [Box::new(std::fmt::Error), "x".into()];
        for error in errors {
            faultwire::capture_error(&*error);
        }
    }
    assert_eq!((sdk.events().len() as u64, sdk.backend.reported("sample_rate")), (4, 36));
}

/// Who groups by himself wants every event; and another level is another matter.
#[test]
fn an_explicit_fingerprint_is_never_folded_and_a_level_tells_places_apart() {
    let sdk = sdk(Options { storm_burst: 1, ..Options::default() });
    for n in 0..10 {
        faultwire::with_scope(|scope| scope.set_fingerprint(["mine"]), || fail(n));
    }
    assert_eq!(sdk.events().len(), 10);
    for n in 0..4 {
        let level = if n % 2 == 0 { faultwire::Level::Warning } else { faultwire::Level::Info };
        faultwire::with_scope(|scope| scope.set_level(Some(level)), || fail(n));
    }
    assert_eq!(sdk.events().len(), 12);
}
