//! The way from the app threads to the worker: bounded in slots and bytes, never blocking.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};

use crate::capture::Capture;

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

#[derive(Debug)]
pub(crate) struct Queue {
    sender: Sender<Message>,
    receiver: Receiver<Message>,
    bytes: AtomicUsize,
    max_bytes: usize,
}

impl Queue {
    pub fn new(max_events: usize, max_bytes: usize) -> Self {
        let (sender, receiver) = bounded(max_events);
        Queue { sender, receiver, bytes: AtomicUsize::new(0), max_bytes }
    }

    /// A hint that saves the work of extraction; [`push`](Queue::push) decides.
    pub fn is_full(&self) -> bool {
        self.sender.is_full() || self.bytes.load(Ordering::Relaxed) >= self.max_bytes
    }

    /// Gives the capture to the worker, or back when there is no room.
    pub fn push(&self, capture: Box<Capture>) -> Result<(), Box<Capture>> {
        let bytes = capture.bytes;
        if self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes > self.max_bytes {
            self.bytes.fetch_sub(bytes, Ordering::Relaxed);
            return Err(capture);
        }
        match self.sender.try_send(Message::Capture(capture)) {
            Ok(()) => Ok(()),
            Err(
                TrySendError::Full(Message::Capture(capture)) | TrySendError::Disconnected(Message::Capture(capture)),
            ) => {
                self.bytes.fetch_sub(bytes, Ordering::Relaxed);
                Err(capture)
            }
            // Only captures are sent here.
            Err(_) => Ok(()),
        }
    }

    /// Makes the worker look at its flags; a full queue keeps it looking anyway.
    pub fn wake(&self) {
        let _ = self.sender.try_send(Message::Wake);
    }

    /// Marks the place up to which a flush goes; waits for room until `deadline`.
    pub fn push_flush(&self, number: u64, deadline: Instant) -> bool {
        self.sender.send_deadline(Message::Flush(number), deadline).is_ok()
    }

    /// The next message; `None` when nothing came within `patience`.
    pub fn pop(&self, patience: Option<Duration>) -> Option<Message> {
        let message = match patience {
            Some(patience) => match self.receiver.recv_timeout(patience) {
                Ok(message) => message,
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
            },
            None => self.receiver.recv().ok()?,
        };
        if let Message::Capture(capture) = &message {
            self.bytes.fetch_sub(capture.bytes, Ordering::Relaxed);
        }
        Some(message)
    }

    pub fn is_empty(&self) -> bool {
        self.receiver.is_empty()
    }
}
