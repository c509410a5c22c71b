//! Walks up a stack that may be broken, in a signal handler: every word is asked for before it is believed.
//!
//! Nothing but addresses is taken from the stack, for what else lies there is the application's.

use std::sync::atomic::{AtomicI32, AtomicPtr, Ordering};

use super::record::{Crash, MAX_FRAMES, Walk};
use super::registers::Start;

const WORD: usize = size_of::<usize>();
const PAGE: usize = 4096;
/// Words looked at for a return address before the walk is given up: 16 KiB, more than nearly any frame has.
const MAX_SCAN: usize = 2048;
/// A frame that is larger was not written by a frame pointer.
const LARGEST_FRAME: usize = 1 << 20;

/// A pipe into which memory is written to see whether it is there: the kernel says no where a read would be a fault.
#[derive(Debug)]
pub(super) struct Probe {
    reads: AtomicI32,
    writes: AtomicI32,
}

impl Probe {
    pub const fn none() -> Probe {
        Probe { reads: AtomicI32::new(-1), writes: AtomicI32::new(-1) }
    }

    pub fn set(&self, reads: i32, writes: i32) {
        self.reads.store(reads, Ordering::SeqCst);
        self.writes.store(writes, Ordering::SeqCst);
    }

    /// Copies memory from `address` on; how much of it could be read.
    fn copy(&self, address: usize, into: &mut [u8]) -> usize {
        let mut done = 0;
        while let Some(rest) = into.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let from = address.wrapping_add(done);
            // Not beyond the page: what is written is then all or nothing.
            let length = rest.len().min(PAGE - from % PAGE);
            let (reads, writes) = (self.reads.load(Ordering::Relaxed), self.writes.load(Ordering::Relaxed));
            // SAFETY: the kernel reads from the address, and refuses where there is nothing; it writes into `rest`.
            let copied = unsafe {
                let written = libc::write(writes, from as *const libc::c_void, length);
                if written <= 0 { written } else { libc::read(reads, rest.as_mut_ptr().cast(), written as usize) }
            };
            if copied <= 0 {
                break;
            }
            done += copied as usize;
        }
        done
    }

    fn words<const N: usize>(&self, address: usize) -> Option<[usize; N]> {
        let mut words = [0usize; N];
        // SAFETY: an array of words is as many bytes.
        let bytes = unsafe { std::slice::from_raw_parts_mut(words.as_mut_ptr().cast::<u8>(), N * WORD) };
        (address.is_multiple_of(WORD) && self.copy(address, bytes) == N * WORD).then_some(words)
    }
}

/// Where code is: sorted, never freed, for a handler may be reading it.
static CODE: AtomicPtr<Vec<(usize, usize)>> = AtomicPtr::new(std::ptr::null_mut());

/// Tells where code is, whenever that has changed.
pub(super) fn set_code(mut ranges: Vec<(usize, usize)>) {
    ranges.sort_unstable();
    CODE.store(Box::into_raw(Box::new(ranges)), Ordering::Release);
}

fn is_code(address: usize) -> bool {
    // SAFETY: null, or a list that is never freed.
    let Some(ranges) = (unsafe { CODE.load(Ordering::Acquire).as_ref() }) else { return false };
    let after = ranges.partition_point(|(start, _)| *start <= address);
    after.checked_sub(1).and_then(|n| ranges.get(n)).is_some_and(|(_, end)| address < *end)
}

/// Whether the instruction before `address` is a call.
fn follows_call(probe: &Probe, address: usize) -> bool {
    if !is_code(address) || !is_code(address.wrapping_sub(LONGEST_CALL)) {
        return false;
    }
    let mut before = [0; LONGEST_CALL];
    probe.copy(address - LONGEST_CALL, &mut before) == LONGEST_CALL && ends_in_call(&before)
}

#[cfg(target_arch = "x86_64")]
const LONGEST_CALL: usize = 7;
#[cfg(not(target_arch = "x86_64"))]
const LONGEST_CALL: usize = 4;

/// `call rel32` is E8 and four bytes; `call` by a register or by memory is FF /2, two to seven bytes.
#[cfg(target_arch = "x86_64")]
fn ends_in_call(before: &[u8; LONGEST_CALL]) -> bool {
    let [_, _, e8, ..] = before;
    let indirect = |pair: &[u8]| matches!(pair, [0xff, how] if how & 0x38 == 0x10);
    *e8 == 0xe8 || before.windows(2).any(indirect)
}

/// `bl` and `blr`.
#[cfg(target_arch = "aarch64")]
fn ends_in_call(before: &[u8; LONGEST_CALL]) -> bool {
    let instruction = u32::from_le_bytes(*before);
    instruction & 0xfc00_0000 == 0x9400_0000 || instruction & 0xffff_fc1f == 0xd63f_0000
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn ends_in_call(_: &[u8; LONGEST_CALL]) -> bool {
    true
}

/// Without the signature that a processor may have put into the upper bits.
fn plain(address: usize) -> usize {
    if cfg!(target_arch = "aarch64") { address & 0x7fff_ffff_ffff } else { address }
}

/// Fills the frames of `crash`, innermost first: by frame pointers where they hold, otherwise by the next word on
/// the stack that follows a call.
pub(super) fn walk(start: Start, probe: &Probe, crash: &mut Crash) {
    let mut found = Found { crash, by: Walk::Frames };
    found.push(start.at);
    let (mut stack, mut frame) = (start.stack, start.frame);
    if !is_code(start.at) {
        // A call to nowhere: the return address is the last that was pushed.
        if let Some([to]) = probe.words::<1>(stack).filter(|[to]| start.link.is_none() && follows_call(probe, *to)) {
            found.push(to);
            stack += WORD;
        }
    }
    if let Some(link) = start.link.map(plain).filter(|link| follows_call(probe, *link)) {
        found.push(link);
    }
    while found.has_room() {
        if let Some((to, caller)) = by_frame(probe, stack, frame) {
            found.push(to);
            stack = frame + 2 * WORD;
            frame = caller;
        } else if let Some((to, at)) = by_scan(probe, stack) {
            found.by = Walk::Scan;
            found.push(to);
            stack = at + WORD;
            // Where the frame pointer was saved, it was pushed first: it lies just below the return address.
            if let Some([saved]) = probe.words::<1>(at.wrapping_sub(WORD)).filter(|[saved]| *saved > at) {
                frame = saved;
            }
        } else {
            break;
        }
    }
}

struct Found<'c> {
    crash: &'c mut Crash,
    by: Walk,
}

impl Found<'_> {
    fn has_room(&self) -> bool {
        self.crash.frame_count < MAX_FRAMES
    }

    fn push(&mut self, address: usize) {
        let count = self.crash.frame_count;
        let last = count.checked_sub(1).and_then(|n| self.crash.frames.get(n)).copied();
        // The link register is also on the stack, once the function has saved it.
        if cfg!(target_arch = "aarch64") && count == 2 && last == Some(address as u64) {
            return;
        }
        if let Some(slot) = self.crash.frames.get_mut(count) {
            *slot = address as u64;
            self.crash.frame_count += 1;
            self.crash.walk = self.by;
        }
    }
}

/// The return address and the frame pointer of the caller.
fn by_frame(probe: &Probe, stack: usize, frame: usize) -> Option<(usize, usize)> {
    if frame < stack || frame - stack > LARGEST_FRAME {
        return None;
    }
    let [caller, to] = probe.words::<2>(frame)?;
    let to = plain(to);
    follows_call(probe, to).then_some((to, caller))
}

/// The next return address above `stack`, and where it lies.
fn by_scan(probe: &Probe, stack: usize) -> Option<(usize, usize)> {
    const AT_ONCE: usize = 32;
    let mut at = stack.next_multiple_of(WORD);
    for _ in 0..MAX_SCAN / AT_ONCE {
        let Some(words) = probe.words::<AT_ONCE>(at) else {
            return (0..AT_ONCE).find_map(|n| candidate(probe, at + n * WORD, *probe.words::<1>(at + n * WORD)?.first()?));
        };
        for (n, word) in words.iter().enumerate() {
            if let Some(found) = candidate(probe, at + n * WORD, *word) {
                return Some(found);
            }
        }
        at += AT_ONCE * WORD;
    }
    None
}

fn candidate(probe: &Probe, at: usize, word: usize) -> Option<(usize, usize)> {
    let to = plain(word);
    (is_code(to) && follows_call(probe, to)).then_some((to, at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;

    fn probe() -> (Probe, [std::fs::File; 2]) {
        let (reads, writes) = std::io::pipe().unwrap();
        let ends = [std::fs::File::from(std::os::fd::OwnedFd::from(reads)), std::os::fd::OwnedFd::from(writes).into()];
        let probe = Probe::none();
        probe.set(ends[0].as_raw_fd(), ends[1].as_raw_fd());
        (probe, ends)
    }

    #[test]
    fn memory_that_is_not_there_is_not_read() {
        let (probe, _ends) = probe();
        let text = [7u8; 10_000];
        let mut copy = [0u8; 10_000];
        assert_eq!(probe.copy(text.as_ptr() as usize, &mut copy), 10_000);
        assert_eq!(copy, text);
        for nowhere in [0, 8, 0x10, usize::MAX & !7, 1 << 63] {
            assert_eq!(probe.copy(nowhere, &mut copy), 0, "{nowhere:#x}");
            assert_eq!(probe.words::<1>(nowhere), None);
        }
        assert_eq!(probe.words::<1>(text.as_ptr() as usize | 1), None, "not where a word can be");
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn calls_are_told_from_other_instructions() {
        for call in [
            [0x90, 0x90, 0xe8, 1, 2, 3, 4],
            [0x90, 0x90, 0x90, 0x90, 0x90, 0xff, 0xd0],
            [0x90, 0x90, 0x90, 0x90, 0x41, 0xff, 0xd4],
            [0x90, 0xff, 0x15, 1, 2, 3, 4],
            [0x90, 0x90, 0x90, 0xff, 0x54, 0x24, 8],
        ] {
            assert!(ends_in_call(&call), "{call:x?}");
        }
        assert!(!ends_in_call(&[0x90; 7]));
        assert!(!ends_in_call(&[0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x10]), "a prologue");
    }
}
