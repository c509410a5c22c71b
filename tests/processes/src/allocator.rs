//! An allocator that knows which thread has allocated what, and that has the thread that sends take its time when told to,
//! so that what it does can be met in the midst.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// Whether the thread that sends is slowed down.
pub static SLOW: AtomicBool = AtomicBool::new(false);

/// Several forks take place meanwhile.
const BY: Duration = Duration::from_millis(20);

/// Since it was set: what another thread freed of the first thread's while a fork could come. What a child of that moment
/// finds half done, an allocator without locks may wait for for ever.
pub static WATCHED: AtomicBool = AtomicBool::new(false);
pub static STRAY: AtomicUsize = AtomicUsize::new(0);
/// All that it freed of the first thread's.
pub static FREED: AtomicUsize = AtomicUsize::new(0);

fn is_sending() -> bool {
    let mut name = [0u8; 16];
    // SAFETY: a live buffer of that length.
    let got = unsafe { libc::pthread_getname_np(libc::pthread_self(), name.as_mut_ptr().cast(), name.len()) };
    got == 0 && name.starts_with(b"faultwire-ship\0")
}

fn is_first_thread() -> bool {
    // SAFETY: asks for numbers.
    unsafe { libc::gettid() == libc::getpid() }
}

struct Knowing;

#[global_allocator]
static ALLOCATOR: Knowing = Knowing;

/// With room for a word before it, and how much room that is.
fn with_room(layout: Layout) -> (Layout, usize) {
    let room = layout.align().max(align_of::<usize>());
    // SAFETY: a power of two, and sizes near the end of the address space are not asked for here.
    (unsafe { Layout::from_size_align_unchecked(layout.size() + room, room) }, room)
}

// SAFETY: it is the system's, a little further on in each block.
unsafe impl GlobalAlloc for Knowing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if SLOW.load(Ordering::Relaxed) && is_sending() {
            std::thread::sleep(BY);
        }
        let (whole, room) = with_room(layout);
        // SAFETY: the block begins with the room, which holds a word that is aligned.
        unsafe {
            let block = System.alloc(whole);
            if block.is_null() {
                return block;
            }
            let given = block.add(room);
            given.cast::<usize>().sub(1).write(usize::from(is_first_thread()));
            given
        }
    }

    unsafe fn dealloc(&self, given: *mut u8, layout: Layout) {
        let (whole, room) = with_room(layout);
        // SAFETY: `given` is from `alloc`.
        let is_of_first = unsafe { given.cast::<usize>().sub(1).read() == 1 };
        if is_of_first && WATCHED.load(Ordering::Relaxed) && !is_first_thread() {
            FREED.fetch_add(1, Ordering::Relaxed);
            STRAY.fetch_add(usize::from(!faultwire::testing::keeps_forks_away()), Ordering::Relaxed);
        }
        // SAFETY: as it was allocated.
        unsafe { System.dealloc(given.sub(room), whole) }
    }
}
