//! Who hears what was said where.

use faultwire::{Breadcrumb, Hooks, Level, Options, Setup, User};
use serde_json::json;

use crate::{sdk, sdk_with};

fn raise() {
    faultwire::capture_error(&std::io::Error::other("here"));
}

/// A message always says its own.
#[test]
fn the_level_of_a_scope_gives_way_to_that_of_a_call() {
    let sdk = sdk(Options::default());
    faultwire::isolation_scope(|| {
        faultwire::set_level(Some(Level::Warning));
        faultwire::capture_message("here", Level::Info);
    });
    assert_eq!(sdk.events()[0]["level"], "info");
}

/// Everything that can be said, said once, on its event and not on the next.
#[test]
fn all_that_is_said_in_a_request_is_on_its_events_only() {
    let sdk = sdk(Options { send_default_pii: true, ..Options::default() });
    faultwire::isolation_scope(|| {
        faultwire::set_tag("queue", "mail");
        faultwire::set_tags([("a", "1"), ("b", "2")]);
        faultwire::remove_tag("b");
        faultwire::set_user(User { id: Some("42".to_owned()), ..User::default() });
        faultwire::set_session(Some("s-1"));
        faultwire::set_context("order", json!({"lines": 3}));
        faultwire::set_extra("attempt", 2);
        faultwire::set_level(Some(Level::Warning));
        faultwire::set_transaction(Some("POST /orders"));
        faultwire::set_fingerprint(["orders"]);
        faultwire::add_breadcrumb("first");
        faultwire::add_breadcrumb(Breadcrumb { category: Some("sql".to_owned()), ..Breadcrumb::from("second") });
        raise();
        assert!(faultwire::last_event_id().is_some());
    });
    assert_eq!(faultwire::last_event_id(), None);
    raise();
    let events = sdk.events();
    let event = &events[0];
    assert_eq!(event["tags"], json!({"queue": "mail", "a": "1"}));
    assert_eq!((&event["user"]["id"], &event["contexts"]["faultwire"]["session"]), (&json!("42"), &json!("s-1")));
    assert_eq!((&event["contexts"]["order"]["lines"], &event["extra"]["attempt"]), (&json!(3), &json!(2)));
    assert_eq!((&event["level"], &event["transaction"]), (&json!("warning"), &json!("POST /orders")));
    assert_eq!(event["fingerprint"], json!(["orders"]));
    let crumbs = event["breadcrumbs"]["values"].as_array().unwrap();
    let texts: Vec<_> = crumbs.iter().map(|c| c["message"].as_str().unwrap()).collect();
    assert_eq!((texts, &crumbs[1]["category"]), (vec!["first", "second"], &json!("sql")));
    let next = &events[1];
    assert!(
        ["tags", "user", "extra", "transaction", "breadcrumbs", "fingerprint"].iter().all(|k| next[k].is_null()),
        "{next}"
    );
}

/// Two threads with the same key, at the same time.
#[test]
fn threads_never_see_each_others_scope() {
    let sdk = sdk(Options { storm_folding: false, ..Options::default() });
    faultwire::set_tag("who", "the one that started");
    let barrier = std::sync::Barrier::new(4);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let barrier = &barrier;
            scope.spawn(move || {
                barrier.wait();
                for n in 0..50 {
                    faultwire::set_tag("who", format!("{thread}"));
                    faultwire::with_scope(
                        |s| s.set_tag("n", format!("{n}")),
                        || faultwire::capture_message(format!("{thread}:{n}"), Level::Info),
                    );
                }
            });
        }
    });
    faultwire::remove_tag("who");
    let events = sdk.events();
    assert_eq!(events.len(), 200);
    for event in events {
        let said = format!("{}:{}", event["tags"]["who"].as_str().unwrap(), event["tags"]["n"].as_str().unwrap());
        assert_eq!(event["logentry"]["formatted"], said.as_str());
    }
}

/// A request gives work to another thread and takes its scopes along: a user set there is on the request.
#[test]
fn a_worker_thread_of_a_request_speaks_for_it() {
    let sdk = sdk(Options::default());
    faultwire::isolation_scope(|| {
        let scopes = faultwire::Scopes::here();
        std::thread::spawn(move || scopes.run(|| faultwire::set_tag("by", "worker"))).join().unwrap();
        raise();
    });
    raise();
    let events = sdk.events();
    assert_eq!((&events[0]["tags"]["by"], &events[1]["tags"]["by"]), (&json!("worker"), &json!(null)));
}

/// Global < isolation < current, and each ends where it ends, in a panic, too.
#[test]
fn layers_lie_over_each_other_and_end() {
    let sdk = sdk(Options::default());
    faultwire::global_scope().set_tags([("global", "g"), ("who", "global")]);
    faultwire::isolation_scope(|| {
        faultwire::set_tags([("isolation", "i"), ("who", "isolation")]);
        let outer = faultwire::new_scope();
        outer.set_tag("who", "outer");
        let _ = std::panic::catch_unwind(|| {
            faultwire::with_scope(
                |scope| scope.set_tag("who", "inner"),
                || {
                    raise();
                    std::panic::resume_unwind(Box::new("without a hook"));
                },
            )
        });
        raise();
        drop(outer);
        raise();
    });
    raise();
    faultwire::global_scope().clear();
    raise();
    let who = |event: &serde_json::Value| event["tags"]["who"].as_str().map(str::to_owned);
    let heard: Vec<_> = sdk.events().iter().map(who).collect();
    let expected = [Some("inner"), Some("outer"), Some("isolation"), Some("global"), None];
    assert_eq!(heard, expected.map(|name| name.map(str::to_owned)));
}

/// Breadcrumbs are bounded, asked about, and never a way to fail.
#[test]
fn breadcrumbs_are_bounded_and_filtered() {
    let hook: faultwire::settings::BeforeBreadcrumb = std::sync::Arc::new(|crumb| match crumb.message.as_deref() {
        Some("refuse") => None,
        Some("panic") => panic!("in a hook"),
        _ => {
            // The hook may use the SDK itself; nothing it does there comes back to it.
            faultwire::add_breadcrumb("from within");
            Some(crumb)
        }
    });
    let hooks = Hooks { before_breadcrumb: Some(hook), ..Hooks::default() };
    let sdk = sdk_with(Options { max_breadcrumbs: 3, ..Options::default() }, Setup::from(hooks));
    faultwire::isolation_scope(|| {
        for text in ["1", "2", "refuse", "3", "panic", "4"] {
            faultwire::add_breadcrumb(text);
        }
        raise();
    });
    let event = sdk.event();
    let crumbs = event["breadcrumbs"]["values"].as_array().unwrap();
    let texts: Vec<_> = crumbs.iter().map(|c| c["message"].as_str().unwrap()).collect();
    assert_eq!(texts, ["2", "3", "4"]);
}
