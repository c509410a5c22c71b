//! What is open in this process for us alone, and is to be ours until we close it.
//!
//! Two things can come in between. A fork: the child closes its copy at once, see [`fork`]. And an application that
//! closes what is not its own, see [`descriptor`](crate::descriptor): the number is then left alone for ever, neither
//! used nor closed.

use std::mem::ManuallyDrop;
#[cfg(unix)]
pub(crate) use std::os::fd::AsRawFd as Handle;
use std::sync::atomic::{AtomicU64, Ordering};

#[cfg(unix)]
use crate::descriptor::Identity;
use crate::fork;
use crate::log::debug;

/// Elsewhere than on Unix nobody closes what he does not know, nor is there a fork.
#[cfg(not(unix))]
pub(crate) trait Handle {}
#[cfg(not(unix))]
impl<T> Handle for T {}

#[derive(Debug)]
pub(crate) struct Own<T: Handle> {
    open: ManuallyDrop<T>,
    #[cfg(unix)]
    identity: Option<Identity>,
    #[cfg(unix)]
    inherited: ManuallyDrop<fork::Inherited>,
    generation: u64,
}

impl<T: Handle> Own<T> {
    /// To be called by a thread that has been [`fork::busy`] since before it was opened.
    pub fn new(open: T) -> Own<T> {
        #[cfg(unix)]
        let identity = Identity::of(open.as_raw_fd());
        Own {
            #[cfg(unix)]
            inherited: ManuallyDrop::new(fork::Inherited::new(open.as_raw_fd(), identity)),
            #[cfg(unix)]
            identity,
            open: ManuallyDrop::new(open),
            generation: fork::generation(),
        }
    }

    /// It, as long as it is ours.
    pub fn get(&self) -> Option<&T> {
        let is_ours = self.is_ours();
        if !is_ours {
            tell();
        }
        is_ours.then_some(&self.open)
    }

    #[cfg(unix)]
    fn is_ours(&self) -> bool {
        self.identity.is_some() && Identity::of(self.open.as_raw_fd()) == self.identity
    }

    #[cfg(not(unix))]
    fn is_ours(&self) -> bool {
        true
    }

    /// Whether the same file is behind both.
    pub fn is_same(&self, other: &Own<T>) -> bool {
        #[cfg(unix)]
        return self.identity == other.identity;
        #[cfg(not(unix))]
        true
    }

    /// The number and what is behind it, for handlers; `None` if that cannot be found out.
    #[cfg(unix)]
    pub fn known(&self) -> Option<(std::ffi::c_int, Identity)> {
        Some((self.open.as_raw_fd(), self.identity?))
    }
}

impl<T: Handle> Drop for Own<T> {
    fn drop(&mut self) {
        if self.generation != fork::generation() {
            // A child's copy is closed, and the number may be that of a file of the application.
            return;
        }
        // No fork comes while it is open and no child would know of it.
        let _busy = fork::busy();
        let is_ours = self.get().is_some();
        // SAFETY: each is dropped nowhere else and not used again. In this order: the number may be another's as soon
        // as it is closed.
        unsafe {
            #[cfg(unix)]
            ManuallyDrop::drop(&mut self.inherited);
            if is_ours {
                ManuallyDrop::drop(&mut self.open);
            }
        }
    }
}

/// One more than the generation of forks in which something was found to be ours no longer.
static CLOSED: AtomicU64 = AtomicU64::new(0);

/// Says it once a process.
fn tell() {
    let now = fork::generation() + 1;
    if CLOSED.swap(now, Ordering::Relaxed) != now {
        debug!(
            "the application has closed descriptors that are not its own: new ones are opened where that is possible"
        );
    }
}

/// Whether the application has closed something that was ours.
pub(crate) fn was_closed() -> bool {
    CLOSED.load(Ordering::Relaxed) == fork::generation() + 1
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

    /// Puts something of the application's behind the number.
    fn take(own: &Own<impl Handle>, by: &impl AsRawFd) -> OwnedFd {
        let number = own.open.as_raw_fd();
        // SAFETY: the number is this test's alone, and whoever thinks it owns it is about to be asked.
        unsafe {
            libc::dup2(by.as_raw_fd(), number);
            OwnedFd::from_raw_fd(number)
        }
    }

    #[test]
    fn what_was_closed_by_the_application_is_neither_used_nor_closed() {
        let own = Own::new(tempfile::tempfile().unwrap());
        own.get().unwrap().write_all(b"ours").unwrap();
        let application = tempfile::tempfile().unwrap();
        let taken = take(&own, &application);
        assert!(own.get().is_none() && was_closed());
        drop(own);
        // Still open.
        std::fs::File::from(taken).write_all(b"theirs").unwrap();
        assert_eq!(application.metadata().unwrap().len(), 6);
    }

    /// Nothing in a child drops what is its parent's; if something did, it would close a file of the application's.
    #[test]
    fn what_is_dropped_in_a_child_closes_nothing() {
        fork::install();
        let (reads, _writes) = std::io::pipe().unwrap();
        let own = Own::new(reads);
        let (number, _) = own.known().unwrap();
        // SAFETY: the child makes calls to the system only, and ends without destructors.
        unsafe {
            let is_open = || libc::fcntl(number, libc::F_GETFD) != -1;
            let child = libc::fork();
            if child == 0 {
                let was_closed = !is_open();
                libc::dup2(0, number);
                drop(own);
                libc::_exit(if was_closed && is_open() { 0 } else { 1 });
            }
            let mut status = -1;
            assert_eq!(libc::waitpid(child, &raw mut status, 0), child);
            assert_eq!(status, 0);
            assert!(is_open());
            drop(own);
            // Not asked whether it is closed now: another test may have been given the number.
        }
    }

    /// The number was the application's before the fork, and is in the child as well.
    #[test]
    fn a_child_closes_what_was_its_parents_and_nothing_else() {
        fork::install();
        let own = Own::new(std::io::pipe().unwrap().0);
        let application = tempfile::tempfile().unwrap();
        let taken = take(&own, &application);
        // SAFETY: the child makes calls to the system only, and ends without destructors.
        unsafe {
            let child = libc::fork();
            if child == 0 {
                libc::_exit(if libc::fcntl(taken.as_raw_fd(), libc::F_GETFD) == -1 { 1 } else { 0 });
            }
            let mut status = -1;
            assert_eq!(libc::waitpid(child, &raw mut status, 0), child);
            assert_eq!(status, 0);
        }
    }
}
