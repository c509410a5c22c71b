//! The way from the app threads to the worker: bounded in slots and bytes, never blocking.
//!
//! Waking a thread is a system call, and on a virtual machine the dearest part of a capture. So a
//! worker that had something to do lately naps for a few milliseconds at a time and looks again by
//! itself; only one that has been idle for long sleeps, and is woken by the next capture.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use std::sync::{Mutex, PoisonError};
use std::thread::Thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use crate::capture::Capture;

/// How long the worker naps between two looks: what a capture may wait at most before it is worked on.
const NAP: Duration = Duration::from_millis(4);
/// How long the worker goes on napping after the last message before it sleeps.
const RESTLESS: Duration = Duration::from_secs(1);

/// Set by whoever needs the worker and can send it nothing: a signal handler.
static HURRY: AtomicBool = AtomicBool::new(false);

/// Has workers look at what there is to do beside the queue. A single store: to be called from a signal handler.
#[cfg_attr(not(native_crashes), allow(dead_code, reason = "there are no signals"))]
pub(crate) fn hurry() {
    HURRY.store(true, Ordering::SeqCst);
}

/// What the worker takes out.
#[derive(Debug)]
pub(crate) enum Message {
    /// Work.
    Capture(Box<Capture>),
    /// All before it has been taken out: send the folded counts of flush number so-and-so.
    Flush(u64),
    /// Look at the flags of the engine: the end.
    Wake,
}

/// What the queue holds. Both sides write it at each message, so it has a cache line of its own, and is
/// all that a capture looks at before extraction: the channel's ends would each be one more.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Held {
    events: AtomicUsize,
    bytes: AtomicUsize,
}

impl Held {
    fn take(&self, bytes: usize) {
        self.events.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

#[derive(Debug)]
pub(crate) struct Queue {
    sender: Sender<Message>,
    receiver: Receiver<Message>,
    max_events: usize,
    max_bytes: usize,
    held: Held,
    worker: Mutex<Option<Thread>>,
    /// The worker sleeps, or is about to: whoever sends must wake it.
    asleep: AtomicBool,
}

impl Queue {
    pub fn new(max_events: usize, max_bytes: usize) -> Self {
        let (sender, receiver) = bounded(max_events);
        Queue {
            sender,
            receiver,
            max_events,
            max_bytes,
            held: Held::default(),
            worker: Mutex::default(),
            asleep: AtomicBool::new(false),
        }
    }

    /// A hint that saves the work of extraction; [`push`](Queue::push) decides.
    pub fn is_full(&self) -> bool {
        self.held.bytes.load(Ordering::Relaxed) >= self.max_bytes
            || self.held.events.load(Ordering::Relaxed) >= self.max_events
    }

    /// Gives the capture to the worker, or back when there is no room.
    pub fn push(&self, capture: Box<Capture>) -> Result<(), Box<Capture>> {
        let bytes = capture.bytes;
        if self.held.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes > self.max_bytes {
            self.held.bytes.fetch_sub(bytes, Ordering::Relaxed);
            return Err(capture);
        }
        self.held.events.fetch_add(1, Ordering::Relaxed);
        match self.sender.try_send(Message::Capture(capture)) {
            Ok(()) => {
                // See `sleep`: what was sent must be visible before the flag is read.
                fence(Ordering::SeqCst);
                if self.asleep.load(Ordering::Relaxed) {
                    self.rouse();
                }
                Ok(())
            }
            Err(
                TrySendError::Full(Message::Capture(capture)) | TrySendError::Disconnected(Message::Capture(capture)),
            ) => {
                self.held.take(bytes);
                Err(capture)
            }
            // Only captures are sent here.
            Err(_) => Ok(()),
        }
    }

    /// Makes the worker look at its flags.
    pub fn wake(&self) {
        let _ = self.sender.try_send(Message::Wake);
        self.rouse();
    }

    /// Marks the place up to which a flush goes; waits for room until `deadline`.
    pub fn push_flush(&self, number: u64, deadline: Instant) -> bool {
        let sent = self.sender.send_deadline(Message::Flush(number), deadline).is_ok();
        self.rouse();
        sent
    }

    fn rouse(&self) {
        if let Some(worker) = &*self.worker.lock().unwrap_or_else(PoisonError::into_inner) {
            worker.unpark();
        }
    }

    /// Makes the calling thread the worker, the one that is woken.
    pub fn work_here(&self) {
        *self.worker.lock().unwrap_or_else(PoisonError::into_inner) = Some(std::thread::current());
    }

    /// The next message, for the worker's thread; `None` when nothing came within `patience`, or
    /// somebody is in a [`hurry`].
    pub fn pop(&self, patience: Option<Duration>) -> Option<Message> {
        let start = Instant::now();
        let message = loop {
            if let Ok(message) = self.receiver.try_recv() {
                break message;
            }
            if HURRY.load(Ordering::Relaxed) && HURRY.swap(false, Ordering::SeqCst) {
                return None;
            }
            let waited = start.elapsed();
            let left = patience.map(|p| p.saturating_sub(waited));
            if left == Some(Duration::ZERO) {
                return None;
            }
            if waited < RESTLESS {
                std::thread::park_timeout(left.map_or(NAP, |left| left.min(NAP)));
            } else {
                self.sleep(left);
            }
        };
        if let Message::Capture(capture) = &message {
            self.held.take(capture.bytes);
        }
        Some(message)
    }

    /// Sleeps until somebody sends. The flag goes up before the last look at the queue, and a sender
    /// sends before it looks at the flag: one of the two sees the other.
    fn sleep(&self, left: Option<Duration>) {
        self.asleep.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if self.receiver.is_empty() {
            match left {
                Some(left) => std::thread::park_timeout(left),
                None => std::thread::park(),
            }
        }
        self.asleep.store(false, Ordering::Relaxed);
    }

    pub fn is_empty(&self) -> bool {
        self.receiver.is_empty()
    }
}
