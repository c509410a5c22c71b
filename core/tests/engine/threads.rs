//! The threads end for a pause and start again: nothing is lost, counted twice or waited for too long.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::time::{Duration, Instant};

use faultwire::client::Client;
use faultwire::settings::{BeforeSend, Sdk};
use faultwire::transport::MakeTransport;
use faultwire::{Hooks, Options};

use crate::support::backend::Backend;
use crate::support::{LOAD, Raised, SOON, client, dropped, lawful, raise, under_load, until};

/// As it is after a fork.
fn resume(client: &Client) {
    client.resume_threads();
    client.catch_up();
}

/// Four threads capture while two others pause and resume, overlapping: the books balance whenever one
/// looks, and each event arrives once.
#[test]
fn pauses_under_load_lose_and_double_nothing() {
    let backend = Backend::default();
    let client = client(Options::default(), Hooks::default(), &backend);
    under_load(&client, Duration::from_micros(50), 2, || {
        client.pause_threads();
        lawful(client.stats());
        resume(&client);
        std::thread::yield_now();
    });
    // No flush: what came last during a pause is taken up by its end.
    until("the delivery of the last", || client.stats().pending == 0);
    let stats = lawful(client.stats());
    assert_eq!((stats.captured, stats.delivered + dropped(&stats)), (LOAD, LOAD));
    let ids: HashSet<String> = backend.events().iter().map(|e| e["event_id"].to_string()).collect();
    assert_eq!((backend.events().len(), ids.len()), (stats.delivered as usize, stats.delivered as usize));
    assert!(client.flush(SOON));
    assert_eq!(stats.delivered, lawful(client.stats()).delivered);
}

/// What is captured during a pause waits for its end, also for that of the last of several.
#[test]
fn captures_of_a_pause_are_sent_after_it() {
    let backend = Backend::default();
    let client = client(Options::default(), Hooks::default(), &backend);
    raise(&client, "before");
    assert!(client.flush(SOON));
    client.pause_threads();
    client.pause_threads();
    assert!(raise(&client, "meanwhile").is_some());
    resume(&client);
    assert!(raise(&client, "still").is_some());
    // Far longer than threads that run would need.
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!((client.stats().pending, backend.events().len()), (2, 1));
    resume(&client);
    until("delivery", || backend.events().len() == 3);
}

/// After a pause that nothing waited for, the next capture starts the threads.
#[test]
fn the_next_capture_starts_the_threads() {
    let backend = Backend::default();
    let client = client(Options::default(), Hooks::default(), &backend);
    for round in 1..=20 {
        raise(&client, "after a pause");
        until("delivery", || backend.events().len() == round);
        client.pause_threads();
        client.resume_threads();
    }
}

/// An application may flush and close when it likes: before a fork, above all.
#[test]
fn flush_and_close_work_during_a_pause() {
    let backend = Backend::default();
    let client = client(Options::default(), Hooks::default(), &backend);
    client.pause_threads();
    raise(&client, "flushed");
    assert!(client.flush(SOON));
    assert_eq!(backend.events().len(), 1);
    raise(&client, "after the flush it is paused again");
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(backend.events().len(), 1);
    assert!(client.close(Some(SOON)));
    assert_eq!(backend.events().len(), 2);
    resume(&client);
}

/// A client may end without waiting and without a resume: what it had is sent all the same.
#[test]
fn what_a_paused_client_leaves_is_sent() {
    let backend = Backend::default();
    let client = client(Options::default(), Hooks::default(), &backend);
    client.pause_threads();
    raise(&client, "left");
    drop(client);
    until("delivery", || backend.events().len() == 1);
}

/// The request that is on its way is not waited for; its thread stays, and goes on after the pause.
#[test]
fn a_pause_does_not_wait_for_a_request() {
    let backend = Backend::default();
    let client = client(Options::default(), Hooks::default(), &backend);
    backend.stalls();
    raise(&client, "on its way");
    backend.is_asked();
    let pauses = (0..20).map(|n| {
        let start = Instant::now();
        client.pause_threads();
        let took = start.elapsed();
        raise(&client, &format!("pause {n}"));
        resume(&client);
        took
    });
    // The fastest, since the machine may be at work; waiting would take each of them to the bound of 250 ms.
    let fastest = pauses.min().unwrap();
    assert!(fastest < Duration::from_millis(25), "{fastest:?}");
    client.pause_threads();
    backend.goes_on();
    until("the answer", || client.stats().delivered == 1);
    resume(&client);
    assert!(client.flush(SOON));
    let stats = lawful(client.stats());
    assert_eq!((stats.captured, stats.delivered, backend.events().len()), (21, 21, 21));
}

/// A hook of the application that takes its time is waited for, but not to its end.
#[test]
fn a_pause_does_not_wait_for_the_end_of_a_slow_hook() {
    let backend = Backend::default();
    let (at_work, is_at_work) = mpsc::channel();
    let (end, is_to_end) = mpsc::channel();
    let is_to_end = Mutex::new(is_to_end);
    let hook: BeforeSend = Arc::new(move |event| {
        at_work.send(()).unwrap();
        // What waits for it for so long gets nothing.
        is_to_end.lock().unwrap().recv_timeout(SOON).ok().map(|()| event)
    });
    let hooks = Hooks { before_send: Some(hook), ..Hooks::default() };
    let client = client(Options::default(), hooks, &backend);
    raise(&client, "held by its hook");
    is_at_work.recv_timeout(SOON).unwrap();
    client.pause_threads();
    end.send(()).unwrap();
    resume(&client);
    assert!(client.flush(SOON));
    assert_eq!(backend.events().len(), 1);
}

/// A hook on the worker may fork, and so pause: it does not wait for itself.
#[test]
fn a_hook_on_the_worker_can_pause() {
    let backend = Backend::default();
    let cell: Arc<OnceLock<Arc<Client>>> = Arc::default();
    let own = Arc::clone(&cell);
    let fastest = Arc::new(Mutex::new(SOON));
    let took = Arc::clone(&fastest);
    let hook: BeforeSend = Arc::new(move |event| {
        let client = own.get()?;
        let start = Instant::now();
        client.pause_threads();
        let mut took = took.lock().unwrap();
        *took = start.elapsed().min(*took);
        resume(client);
        Some(event)
    });
    let hooks = Hooks { before_send: Some(hook), ..Hooks::default() };
    let client = cell.get_or_init(|| Arc::new(client(Options::default(), hooks, &backend)));
    for _ in 0..10 {
        raise(client, "forked by its hook");
    }
    assert!(client.flush(SOON));
    assert!(*fastest.lock().unwrap() < Duration::from_millis(25), "{fastest:?}");
    assert_eq!(backend.events().len(), 10);
}

/// The count of a storm goes on to name the full event from before the pause.
#[test]
fn a_storm_goes_on_across_a_pause() {
    let backend = Backend::default();
    backend.is_faultwire();
    let client = client(Options { storm_burst: 1, ..Options::default() }, Hooks::default(), &backend);
    let raised = Raised { text: "again", fold: Some(7), ..Raised::default() };
    let id = raised.capture(&client).unwrap();
    assert!(client.flush(SOON));
    client.pause_threads();
    (0..5).for_each(|_| assert_eq!(raised.capture(&client), Some(id)));
    resume(&client);
    assert!(client.flush(SOON));
    let counts = backend.items("faultwire_counts");
    assert_eq!(counts.len(), 1);
    assert_eq!((&counts[0]["event_id"], &counts[0]["count"]), (&id.to_string().into(), &5.into()));
}

/// A worker that has been idle for long sleeps until it is woken: by the next capture, without a flush.
#[test]
fn a_capture_wakes_a_worker_that_sleeps() {
    let backend = Backend::default();
    let client = client(Options::default(), Hooks::default(), &backend);
    raise(&client, "the first");
    assert!(client.flush(SOON));
    // It naps for a second before it sleeps; nothing shows when it does.
    std::thread::sleep(Duration::from_millis(1500));
    raise(&client, "the second");
    until("delivery", || backend.events().len() == 2);
}

/// A defect does not end delivery: here the thread meets it twice before it has its transport.
#[test]
fn a_thread_goes_on_after_a_defect() {
    let backend = Backend::default();
    let make = backend.transport();
    let defects = AtomicUsize::new(2);
    let transport: MakeTransport = Arc::new(move || {
        let left = defects.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1));
        assert!(left.is_err(), "a defect");
        make()
    });
    let client = Client::new(Options::default(), Hooks::default(), Sdk::default(), Some(transport)).unwrap();
    raise(&client, "before");
    until("delivery", || backend.events().len() == 1);
    raise(&client, "after");
    assert!(client.flush(SOON));
    assert_eq!(lawful(client.stats()).delivered, 2);
}
