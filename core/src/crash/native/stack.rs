//! Walks up a stack that may be broken, in a signal handler: every word is asked for before it is believed.
//!
//! Nothing but addresses is taken from the stack, for what else lies there is the application's.

use std::ffi::c_int;
use std::io::{PipeReader, PipeWriter};
use std::sync::atomic::{AtomicPtr, Ordering};

use super::record::{Crash, MAX_FRAMES, Walk};
use super::unwind::{self, Registers, Step, column};
use crate::descriptor::Known;
use crate::own::Own;

const WORD: usize = size_of::<usize>();
const PAGE: usize = 4096;
/// The column of the link register.
const LINK: usize = 30;
/// Words looked at for a return address before the walk is given up: 16 KiB, more than nearly any frame has.
const MAX_SCAN: usize = 2048;
/// A frame that is larger was not written by a frame pointer.
const LARGEST_FRAME: usize = 1 << 20;

/// The ends of the pipe of a [`Probe`].
pub(super) type Ends = (Own<PipeReader>, Own<PipeWriter>);

/// Where the handler finds the pipe of a [`Probe`].
#[derive(Debug)]
pub(super) struct Pipe {
    reads: Known,
    writes: Known,
}

impl Pipe {
    pub const fn none() -> Pipe {
        Pipe { reads: Known::none(), writes: Known::none() }
    }

    pub fn set(&self, ends: &Ends) {
        for (known, end) in [(&self.reads, ends.0.known()), (&self.writes, ends.1.known())] {
            match end {
                Some((number, identity)) => known.set(number, identity),
                None => known.forget(),
            }
        }
    }

    /// To be asked for anew by each crash: a pipe that is not ours any more reads nothing.
    pub fn probe(&self) -> Probe {
        match (self.reads.get(), self.writes.get()) {
            (Some(reads), Some(writes)) => Probe { reads, writes },
            _ => Probe { reads: -1, writes: -1 },
        }
    }
}

/// A pipe into which memory is written to see whether it is there: the kernel says no where a read would be a fault.
#[derive(Debug)]
pub(super) struct Probe {
    reads: c_int,
    writes: c_int,
}

impl Probe {
    /// Copies memory from `address` on; how much of it could be read.
    pub fn copy(&self, address: usize, into: &mut [u8]) -> usize {
        let mut done = 0;
        while let Some(rest) = into.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let from = address.wrapping_add(done);
            // Not beyond the page: what is written is then all or nothing.
            let length = rest.len().min(PAGE - from % PAGE);
            // SAFETY: the kernel reads from the address, and refuses where there is nothing; it writes into `rest`.
            let copied = unsafe {
                let written = libc::write(self.writes, from as *const libc::c_void, length);
                if written <= 0 { written } else { libc::read(self.reads, rest.as_mut_ptr().cast(), written as usize) }
            };
            if copied <= 0 {
                break;
            }
            done += copied as usize;
        }
        done
    }

    pub fn words<const N: usize>(&self, address: usize) -> Option<[usize; N]> {
        let mut words = [0usize; N];
        // SAFETY: an array of words is as many bytes.
        let bytes = unsafe { std::slice::from_raw_parts_mut(words.as_mut_ptr().cast::<u8>(), N * WORD) };
        (address.is_multiple_of(WORD) && self.copy(address, bytes) == N * WORD).then_some(words)
    }
}

/// A stretch of code, and the unwind tables of its module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Code {
    pub start: usize,
    pub end: usize,
    pub unwind: usize,
}

/// Where code is: sorted, never freed, for a handler may be reading it.
static CODE: AtomicPtr<Vec<Code>> = AtomicPtr::new(std::ptr::null_mut());

/// Tells where code is, whenever that has changed.
pub(super) fn set_code(mut code: Vec<Code>) {
    code.sort_unstable();
    CODE.store(Box::into_raw(Box::new(code)), Ordering::Release);
}

fn code_at(address: usize) -> Option<&'static Code> {
    // SAFETY: null, or a list that is never freed.
    let all = unsafe { CODE.load(Ordering::Acquire).as_ref()? };
    let after = all.partition_point(|code| code.start <= address);
    all.get(after.checked_sub(1)?).filter(|code| address < code.end)
}

fn is_code(address: usize) -> bool {
    code_at(address).is_some()
}

/// The unwind tables for the code at `address`.
pub(super) fn hdr_at(address: usize) -> Option<usize> {
    code_at(address).map(|code| code.unwind).filter(|table| *table != 0)
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
pub(super) fn plain(address: usize) -> usize {
    if cfg!(target_arch = "aarch64") { address & 0x7fff_ffff_ffff } else { address }
}

/// Fills the frames of `crash`, innermost first: by the unwind tables; where there are none by frame pointers, where
/// they hold; otherwise by the next word on the stack that follows a call.
pub(super) fn walk(registers: &mut Registers, probe: &Probe, room: &mut unwind::Room, crash: &mut Crash) {
    crash.walk = Walk::Tables;
    push(crash, registers[column::AT]);
    // A return address stands after the call.
    let mut is_return = false;
    if !is_code(registers[column::AT]) && return_from_nowhere(registers, probe) {
        push(crash, registers[column::AT]);
        is_return = true;
    }
    while crash.frame_count < MAX_FRAMES {
        let lookup = registers[column::AT].wrapping_sub(usize::from(is_return));
        let before = registers[column::STACK];
        let how = match unwind::step(registers, lookup, probe, room) {
            Step::Top => break,
            Step::Up { interrupted } => {
                is_return = !interrupted;
                // No progress, unless to another stack.
                if is_return && registers[column::STACK] <= before && crash.frame_count > 2 {
                    break;
                }
                push(crash, registers[column::AT]);
                continue;
            }
            Step::Unknown if by_frame(registers, probe) => Walk::Frames,
            Step::Unknown if by_scan(registers, probe) => Walk::Scan,
            Step::Unknown => break,
        };
        is_return = true;
        crash.walk = crash.walk.max(how);
        push(crash, registers[column::AT]);
    }
}

/// To the breakpoint, where the processor is beyond it when the signal comes: what follows may be another function.
#[cfg(target_arch = "x86_64")]
pub(super) fn back_to_trap(registers: &mut Registers, probe: &Probe) {
    const INT3: u8 = 0xcc;
    let (before, mut instruction) = (registers[column::AT].wrapping_sub(1), [0]);
    if probe.copy(before, &mut instruction) == 1 && instruction == [INT3] {
        registers[column::AT] = before;
    }
}

#[cfg(not(target_arch = "x86_64"))]
pub(super) fn back_to_trap(_: &mut Registers, _: &Probe) {}

fn push(crash: &mut Crash, address: usize) {
    if let Some(slot) = crash.frames.get_mut(crash.frame_count) {
        *slot = address as u64;
        crash.frame_count += 1;
    }
}

/// After a call to where no code is: the caller, whose address was the last that was pushed, or is in the register.
fn return_from_nowhere(registers: &mut Registers, probe: &Probe) -> bool {
    let stack = registers[column::STACK];
    let (to, above) = if cfg!(target_arch = "x86_64") {
        (probe.words::<1>(stack).map_or(0, |[word]| word), stack.wrapping_add(WORD))
    } else {
        (plain(registers[LINK]), stack)
    };
    let is_so = follows_call(probe, to);
    if is_so {
        registers[column::AT] = to;
        registers[column::STACK] = above;
    }
    is_so
}

/// To the caller by the frame pointer, if it is one.
fn by_frame(registers: &mut Registers, probe: &Probe) -> bool {
    let (stack, frame) = (registers[column::STACK], registers[column::FRAME]);
    if frame < stack || frame - stack > LARGEST_FRAME {
        return false;
    }
    let Some([caller, to]) = probe.words::<2>(frame) else { return false };
    let to = plain(to);
    if !follows_call(probe, to) {
        return false;
    }
    registers[column::AT] = to;
    registers[column::STACK] = frame + 2 * WORD;
    registers[column::FRAME] = caller;
    true
}

/// To whatever called by the next return address on the stack.
fn by_scan(registers: &mut Registers, probe: &Probe) -> bool {
    let start = registers[column::STACK].wrapping_add(WORD - 1) & !(WORD - 1);
    for at in (0..MAX_SCAN).map(|n| start.wrapping_add(n * WORD)) {
        let Some([word]) = probe.words::<1>(at) else { return false };
        let to = plain(word);
        if is_code(to) && follows_call(probe, to) {
            registers[column::AT] = to;
            registers[column::STACK] = at + WORD;
            // Where the frame pointer was saved, it was pushed next: it lies just below the return address.
            if let Some([saved]) = probe.words::<1>(at.wrapping_sub(WORD)).filter(|[saved]| *saved > at) {
                registers[column::FRAME] = saved;
            }
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe() -> (Probe, Ends) {
        let (reads, writes) = std::io::pipe().unwrap();
        let (pipe, ends) = (Pipe::none(), (Own::new(reads), Own::new(writes)));
        pipe.set(&ends);
        (pipe.probe(), ends)
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

    /// The way up from here, as the unwinder of the C runtime finds it, which may allocate and lock.
    #[cfg(all(feature = "backtrace", target_os = "linux", target_env = "gnu"))]
    #[test]
    fn the_unwind_tables_lead_the_same_way_as_the_unwinder() {
        use std::hint::black_box;

        #[inline(never)]
        fn at_depth(depth: usize, probe: &Probe) -> (Crash, Vec<usize>) {
            if depth > 0 {
                let room = black_box([depth; 33]);
                let found = at_depth(black_box(depth - 1), probe);
                assert_eq!(black_box(room)[7], depth);
                return found;
            }
            let (mut crash, mut registers) = (Crash::EMPTY, [0; unwind::COLUMNS]);
            let mut context = std::mem::MaybeUninit::<libc::ucontext_t>::zeroed();
            // SAFETY: filled by the call.
            assert_eq!(unsafe { libc::getcontext(context.as_mut_ptr()) }, 0);
            super::super::registers::record(context.as_mut_ptr().cast(), &mut crash, &mut registers).unwrap();
            walk(&mut registers, probe, &mut unwind::Room::new(), &mut crash);
            (crash, crate::sdk::backtrace::capture().addresses)
        }
        let code = |module: super::super::modules::Module| {
            let unwind = module.unwind;
            module.code.into_iter().map(move |(start, end)| Code { start, end, unwind })
        };
        set_code(super::super::modules::loaded().into_iter().flat_map(code).collect());
        let (probe, _ends) = probe();
        let (crash, mut expected) = at_depth(20, &probe);
        // The end is a frame of its own there.
        expected.retain(|address| *address != 0);
        assert_eq!(crash.walk, Walk::Tables);
        let callers: Vec<usize> = crash.frames[1..crash.frame_count].iter().map(|frame| *frame as usize).collect();
        assert!(callers.len() > 25, "{callers:x?}");
        assert_eq!(callers, expected[expected.len() - callers.len()..]);
    }

    /// No further than the breakpoint, and not at all from anything else.
    #[cfg(target_arch = "x86_64")]
    #[test]
    fn a_walk_begins_with_the_breakpoint() {
        let (probe, _ends) = probe();
        let code = [0x90_u8, 0xcc, 0x0f, 0x0b];
        let from = |at: usize| {
            let mut registers = [0; unwind::COLUMNS];
            registers[column::AT] = at;
            back_to_trap(&mut registers, &probe);
            registers[column::AT]
        };
        let start = code.as_ptr() as usize;
        assert_eq!(from(start + 2), start + 1);
        for other in [start + 1, start + 4, 0, 1] {
            assert_eq!(from(other), other);
        }
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
