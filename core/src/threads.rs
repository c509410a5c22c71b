//! The two background threads of an engine: started when there is first something to do, ended by a
//! pause, started again after it.
//!
//! A pause is for a language that minds threads at a fork (CPython counts them and warns). It ends
//! both threads at a point where they hold nothing; what they keep between captures, and all that
//! waits, stays in the engine. Captures go on meanwhile and wait in the queue. Nothing that can take
//! long is waited for: a thread in a request, or one that is late, stays, and goes on if it is still there
//! when the threads start again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::engine::Engine;
use crate::log::debug;
use crate::system::{self, ThreadId};
use crate::{fork, shipper, worker};

/// The longest that a pause waits for both threads. They end in a fraction of a millisecond; this is for
/// a hook that is at work, or a machine that is: there a thread can be without a processor for 50 ms and more.
const PATIENCE: Duration = Duration::from_millis(250);
/// Between two looks whether a thread has ended.
const LOOK_EVERY: Duration = Duration::from_micros(20);

/// Before a thread that the system refused is asked for again.
const REFUSED_FOR: Duration = Duration::from_secs(1);
/// Before a thread goes on after a defect of ours.
const RECOVERY: Duration = Duration::from_millis(100);

/// No thread runs; whoever brings something to do starts them.
const IDLE: u8 = 0;
const RUNNING: u8 = 1;
/// No thread runs; what is brought waits until the pause is over.
const PAUSED: u8 = 2;

/// What a thread is told, and the answer.
const ENDED: u8 = 0;
const RUN: u8 = 1;
const END: u8 = 2;

#[derive(Default)]
pub(crate) struct Threads {
    phase: AtomicU8,
    pub worker: Post,
    pub shipper: Post,
    state: Mutex<State>,
}

/// One thread's place.
#[derive(Default)]
pub(crate) struct Post {
    order: AtomicU8,
    in_request: AtomicBool,
}

#[derive(Default)]
struct State {
    running: [Option<Running>; 2],
    /// Pauses that are on: several threads can fork at once.
    pauses: usize,
    /// Flushes begun during a pause, for which the threads run nevertheless.
    lifts: usize,
    /// The system refused a thread.
    refused_at: Option<Instant>,
}

/// A thread that was started and is not known to have ended.
struct Running {
    handle: JoinHandle<()>,
    id: Arc<OnceLock<ThreadId>>,
}

impl Post {
    /// Asked by the thread between two pieces of work: true when it was told to end, which it now must.
    pub fn must_end(&self) -> bool {
        self.is_told_to_end() && self.order.compare_exchange(END, ENDED, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    pub fn is_told_to_end(&self) -> bool {
        self.order.load(Ordering::SeqCst) == END
    }

    /// Runs a request, for which no pause waits.
    pub fn request<R>(&self, request: impl FnOnce() -> R) -> R {
        self.in_request.store(true, Ordering::SeqCst);
        let result = request();
        self.in_request.store(false, Ordering::SeqCst);
        result
    }
}

impl Running {
    /// Waits until the thread is gone; gives it back at the deadline, and once it is in a request.
    fn join(self, post: &Post, deadline: Instant) -> Option<Running> {
        if self.handle.thread().id() == std::thread::current().id() {
            // A hook on this very thread forks.
            return Some(self);
        }
        while !self.handle.is_finished() {
            if post.in_request.load(Ordering::SeqCst) || Instant::now() >= deadline {
                return Some(self);
            }
            std::thread::sleep(LOOK_EVERY);
        }
        let _ = self.handle.join();
        // The kernel lets a joiner go a moment before it stops counting the thread.
        while self.id.get().is_some_and(ThreadId::is_counted) && Instant::now() < deadline {
            std::thread::sleep(LOOK_EVERY);
        }
        None
    }
}

impl Threads {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn phase(&self) -> u8 {
        self.phase.load(Ordering::SeqCst)
    }

    fn posts(&self) -> [&Post; 2] {
        [&self.worker, &self.shipper]
    }
}

/// Makes up for a pause as long as it lives.
pub(crate) struct Lift<'a>(&'a Engine);

impl Drop for Lift<'_> {
    fn drop(&mut self) {
        let mut state = self.0.threads.state();
        state.lifts -= 1;
        if state.lifts == 0 && state.pauses > 0 {
            self.0.end_threads(&mut state, Instant::now() + PATIENCE);
        }
    }
}

impl Engine {
    /// To be called after something to do has been brought. One atomic load while the threads run. A
    /// pause changes the phase before `catch_up` looks for what was brought: either sees the other.
    pub fn need_threads(self: &Arc<Engine>) {
        if self.threads.phase() == IDLE {
            self.start_idle();
        }
    }

    #[cold]
    fn start_idle(self: &Arc<Engine>) {
        let mut state = self.threads.state();
        let may_ask = state.refused_at.is_none_or(|at| at.elapsed() >= REFUSED_FOR);
        if self.threads.phase() == IDLE && may_ask {
            self.start_threads(&mut state);
        }
    }

    pub fn threads_run(&self) -> bool {
        self.threads.phase() == RUNNING
    }

    /// Has the threads run even during a pause, and end again with the returned value.
    pub fn lift_pause(self: &Arc<Engine>) -> Option<Lift<'_>> {
        let mut state = self.threads.state();
        if !self.threads_run() {
            self.start_threads(&mut state);
        }
        (state.pauses > 0).then(|| {
            state.lifts += 1;
            Lift(self)
        })
    }

    /// Has the threads run to their own end, whatever pause is on.
    pub fn release_threads(self: &Arc<Engine>) {
        self.start_threads(&mut self.threads.state());
    }

    /// Ends both threads until [`resume_threads`](Engine::resume_threads), waiting up to [`PATIENCE`].
    pub fn pause_threads(&self) {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.threads.state();
        state.pauses += 1;
        if state.lifts == 0 {
            self.end_threads(&mut state, deadline);
        }
    }

    /// Ends a pause. After the last one the next capture starts the threads, or [`catch_up`](Engine::catch_up).
    pub fn resume_threads(&self) {
        let mut state = self.threads.state();
        state.pauses = state.pauses.saturating_sub(1);
        if state.pauses == 0 && self.threads.phase() == PAUSED {
            self.threads.phase.store(IDLE, Ordering::SeqCst);
        }
    }

    /// Starts the threads after a pause if there is something to do.
    pub fn catch_up(self: &Arc<Engine>) {
        if self.threads.phase() == IDLE && (self.has_work() || self.settings.options.capture_crashes) {
            self.start_idle();
        }
    }

    fn start_threads(self: &Arc<Engine>, state: &mut State) {
        let threads = &self.threads;
        threads.phase.store(RUNNING, Ordering::SeqCst);
        state.refused_at = None;
        let runs = [("faultwire-work", worker::run as fn(&Arc<Engine>)), ("faultwire-ship", shipper::run)];
        for ((post, slot), (name, run)) in threads.posts().into_iter().zip(&mut state.running).zip(runs) {
            if post.order.swap(RUN, Ordering::SeqCst) != ENDED {
                // It is there, or did not come to its end yet and now will not.
                continue;
            }
            let engine = Arc::clone(self);
            let id = Arc::new(OnceLock::new());
            let own_id = Arc::clone(&id);
            let starting = fork::Starting::new();
            // Signals are the application's: none is delivered to a thread of ours.
            let spawned = system::without_signals(|| {
                std::thread::Builder::new().name(name.to_owned()).spawn(move || {
                    drop(starting);
                    let _ = own_id.set(ThreadId::current());
                    // A defect of ours must not be the end of delivery.
                    while catch_unwind(AssertUnwindSafe(|| run(&engine))).is_err() {
                        debug!("internal error in thread {name}: it goes on");
                        std::thread::sleep(RECOVERY);
                    }
                    fork::busy_to_the_end();
                })
            });
            match spawned {
                Ok(handle) => *slot = Some(Running { handle, id }),
                Err(error) => {
                    debug!("thread {name} could not be started: {}", error.kind());
                    post.order.store(ENDED, Ordering::SeqCst);
                    // The next capture asks again.
                    state.refused_at = Some(Instant::now());
                    threads.phase.store(IDLE, Ordering::SeqCst);
                }
            }
        }
    }

    fn end_threads(&self, state: &mut State, deadline: Instant) {
        let threads = &self.threads;
        threads.phase.store(PAUSED, Ordering::SeqCst);
        if state.running.iter().all(Option::is_none) {
            return;
        }
        for post in threads.posts() {
            let _ = post.order.compare_exchange(RUN, END, Ordering::SeqCst, Ordering::SeqCst);
        }
        self.queue.wake();
        self.outbox.wake();
        self.epochs.notify();
        for (post, slot) in threads.posts().into_iter().zip(&mut state.running) {
            *slot = slot.take().and_then(|running| running.join(post, deadline));
        }
    }
}
