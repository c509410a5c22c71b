//! What the JVM writes of its own end: `hs_err_pid123.log`.
//!
//! The JVM uses the signals of crashes itself, hundreds of times a second where it checks for null, so it has no handlers
//! of ours. It writes a log when it breaks down, and the next start reads it: `note` says where it would lie, `text` what
//! is in it, `event` makes an event of that. Nothing is read of what says more than the fault: the environment, the
//! command line, registers, memory, the heap.

mod event;
mod note;
mod text;

pub(super) use event::event;
pub(super) use note::Note;
