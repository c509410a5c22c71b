//! Asynchronous tasks on several threads: each has its own scope, wherever it is polled.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use faultwire::{FutureExt, Level, Options};

use crate::sdk;

/// Comes back once, so that the executor can go on with it elsewhere.
struct Yield(bool);

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) { Poll::Ready(()) } else { Poll::Pending }
    }
}

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Polls tasks on four threads, one poll at a time each: a task that waits goes to the back of the line,
/// and is mostly continued by another thread.
fn run(tasks: Vec<Task>) {
    let line = Mutex::new(VecDeque::from(tasks));
    let left = std::sync::atomic::AtomicUsize::new(line.lock().unwrap().len());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while left.load(std::sync::atomic::Ordering::Acquire) > 0 {
                    let Some(mut task) = line.lock().unwrap().pop_front() else { continue };
                    match task.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                        Poll::Pending => line.lock().unwrap().push_back(task),
                        Poll::Ready(()) => drop(left.fetch_sub(1, std::sync::atomic::Ordering::AcqRel)),
                    }
                }
                // Nothing of a task stays with the thread.
                faultwire::capture_message("thread", Level::Debug);
            });
        }
    });
}

async fn request(number: usize) {
    for step in 0..5 {
        faultwire::set_tag("request", number.to_string());
        faultwire::add_breadcrumb(format!("{number}.{step}"));
        Yield(false).await;
    }
    // A part of the same request, spawned elsewhere in real life.
    async {
        Yield(false).await;
        faultwire::set_transaction(Some(&format!("/{number}")));
    }
    .bind_scope()
    .await;
    faultwire::capture_message(format!("{number}"), Level::Info);
}

/// Forty requests on four threads: each event says its own request, all of it and nothing else.
#[test]
fn tasks_never_see_each_others_scope() {
    let sdk = sdk(Options::default());
    run((0..40).map(|number| Box::pin(request(number).isolated()) as Task).collect());
    let (from_threads, events): (Vec<_>, Vec<_>) =
        sdk.events().into_iter().partition(|e| e["logentry"]["formatted"] == "thread");
    assert_eq!((from_threads.len(), events.len()), (4, 40));
    assert!(from_threads.iter().all(|e| e["tags"].is_null() && e["breadcrumbs"].is_null()), "{from_threads:#?}");
    for event in events {
        let number = event["logentry"]["formatted"].as_str().unwrap();
        assert_eq!((&event["tags"]["request"], &event["transaction"]), (&number.into(), &format!("/{number}").into()));
        let crumbs = event["breadcrumbs"]["values"].as_array().unwrap();
        let texts: Vec<_> = crumbs.iter().map(|c| c["message"].as_str().unwrap().to_owned()).collect();
        assert_eq!(texts, [0, 1, 2, 3, 4].map(|step| format!("{number}.{step}")));
    }
}

/// A task that panics leaves the thread's scopes as they were.
#[test]
fn a_panic_in_a_task_does_not_leak_its_scope() {
    let sdk = sdk(Options::default());
    let task = async {
        faultwire::set_tag("in", "task");
        std::panic::resume_unwind(Box::new("without a hook"));
    };
    let mut task = Box::pin(task.isolated());
    let polled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _: Poll<()> = task.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }));
    assert!(polled.is_err());
    faultwire::capture_message("after", Level::Info);
    assert!(sdk.event()["tags"].is_null());
}
