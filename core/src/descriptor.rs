//! Whether a descriptor is still what it was.
//!
//! A descriptor is a number, and an application may close numbers that it did not open: one that becomes a daemon closes
//! all from 3 on. What it opens next is given the same numbers. Whoever then wrote to a number would write into a file
//! of the application's, and whoever closed it would close that. So we remember what was behind a number when it was
//! ours and look again before we use it: two short system calls, together less than a microsecond, which a signal
//! handler may make, too.
//!
//! Between the look and the use a number can still change hands. That would take an application that closes and opens
//! files on one thread while another is within these few instructions.

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

const NONE: c_int = -1;

/// What is behind a descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    device: u64,
    /// Of a pipe or a socket the kernel's number for it. macOS has none for sockets: there one looks like another.
    inode: u64,
    /// What kind of file, and how it was opened: the inode of a deleted file is given to the next one.
    kind: u64,
}

impl Identity {
    /// `None` where nothing is open. For a signal handler as well.
    pub fn of(number: c_int) -> Option<Identity> {
        const KEPT: c_int = libc::O_ACCMODE | libc::O_APPEND | libc::O_NOFOLLOW;
        let mut status = MaybeUninit::<libc::stat>::uninit();
        // SAFETY: filled by the call when it says so.
        let status = unsafe { (libc::fstat(number, status.as_mut_ptr()) == 0).then(|| status.assume_init()) }?;
        // SAFETY: asks only.
        let flags = unsafe { libc::fcntl(number, libc::F_GETFL) } & KEPT;
        let kind = (u64::from(status.st_mode & libc::S_IFMT) << 32) | flags as u64;
        Some(Identity { device: status.st_dev as u64, inode: status.st_ino, kind })
    }
}

/// A descriptor that handlers of signals and of forks know: one thread sets it, any may look.
#[derive(Debug)]
pub(crate) struct Known {
    number: AtomicI32,
    device: AtomicU64,
    inode: AtomicU64,
    kind: AtomicU64,
}

impl Known {
    pub const fn none() -> Known {
        let [device, inode, kind] = [const { AtomicU64::new(0) }; 3];
        Known { number: AtomicI32::new(NONE), device, inode, kind }
    }

    pub fn set(&self, number: c_int, identity: Identity) {
        self.number.store(NONE, Ordering::SeqCst);
        self.remember(identity);
        self.number.store(number, Ordering::SeqCst);
    }

    /// Sets it if it is not set; false if it is. Nobody may look meanwhile.
    pub fn claim(&self, number: c_int, identity: Identity) -> bool {
        let is_free = self.number.compare_exchange(NONE, number, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        if is_free {
            self.remember(identity);
        }
        is_free
    }

    fn remember(&self, Identity { device, inode, kind }: Identity) {
        self.device.store(device, Ordering::SeqCst);
        self.inode.store(inode, Ordering::SeqCst);
        self.kind.store(kind, Ordering::SeqCst);
    }

    pub fn forget(&self) {
        self.number.store(NONE, Ordering::SeqCst);
    }

    fn identity(&self) -> Identity {
        let of = |part: &AtomicU64| part.load(Ordering::SeqCst);
        Identity { device: of(&self.device), inode: of(&self.inode), kind: of(&self.kind) }
    }

    /// Whether it was set to just this.
    pub fn is(&self, number: c_int, identity: Identity) -> bool {
        self.number.load(Ordering::SeqCst) == number && self.identity() == identity
    }

    /// The number, as long as what it was set for is behind it.
    pub fn get(&self) -> Option<c_int> {
        let number = self.number.load(Ordering::SeqCst);
        (number != NONE && Identity::of(number) == Some(self.identity())).then_some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd};

    fn of(open: &impl AsRawFd) -> Identity {
        Identity::of(open.as_raw_fd()).unwrap()
    }

    #[test]
    fn each_file_pipe_and_socket_is_its_own() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a");
        let file = File::create_new(&path).unwrap();
        let (reads, writes) = std::io::pipe().unwrap();
        let (one, other) = std::os::unix::net::UnixStream::pair().unwrap();
        let all = [of(&file), of(&reads), of(&writes), of(&one), of(&other)];
        let same = |a: usize, b: usize| a == b || cfg!(target_os = "macos") && a.min(b) == 3;
        for (a, first) in all.iter().enumerate() {
            assert!(all.iter().enumerate().all(|(b, second)| (first == second) == same(a, b)), "{all:?}");
        }
        assert_eq!(of(&file.try_clone().unwrap()), of(&file));
        assert_ne!(of(&File::options().append(true).open(&path).unwrap()), of(&file), "opened in another way");
        assert_eq!(Identity::of(-1), None);
    }

    #[test]
    fn a_number_that_has_become_anothers_is_not_given() {
        let known = Known::none();
        assert_eq!(known.get(), None);
        let file = tempfile::tempfile().unwrap();
        let number = file.as_raw_fd();
        assert!(known.claim(number, of(&file)) && !known.claim(0, of(&file)), "one at a time");
        assert_eq!(known.get(), Some(number));
        assert!(known.is(number, of(&file)));

        let number = file.into_raw_fd();
        let others = tempfile::tempfile().unwrap();
        // SAFETY: the number is this test's alone; what is behind it is replaced, as an application may.
        let replaced = unsafe {
            libc::dup2(others.as_raw_fd(), number);
            File::from_raw_fd(number)
        };
        assert_eq!(known.get(), None);
        known.set(number, of(&replaced));
        assert_eq!(known.get(), Some(number));
        known.forget();
        assert_eq!(known.get(), None);
    }

    /// What each use of a descriptor costs.
    #[test]
    fn a_look_is_cheap() {
        let file = tempfile::tempfile().unwrap();
        let looks = 10_000;
        let start = std::time::Instant::now();
        for _ in 0..looks {
            assert!(Identity::of(std::hint::black_box(file.as_raw_fd())).is_some());
        }
        let each = start.elapsed() / looks;
        println!("{each:?} a look");
        // Twenty times of what it is, for a machine that is busy or slow.
        assert!(each < std::time::Duration::from_micros(20), "{each:?}");
    }
}
