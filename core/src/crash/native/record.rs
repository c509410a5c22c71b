//! What a signal handler writes: fixed, flat, without a text but the thread's name and the host's stack. The next start
//! reads it.

/// Kinds of frames in a crash file. These hold a [`Crash`]: the first is written before the stack is looked at, which
/// may fail in its turn, the second after it.
pub(super) const BRIEF: u8 = 1;
pub(super) const FULL: u8 = 2;
/// A part of the text that the host's own dumper wrote of the thread; the text is all of them, one after the other.
pub(super) const HOST: u8 = 3;
/// Written while all is well: the host reports crashes itself, and where. Nothing else is in such a file.
#[cfg(any(feature = "jvm", test))]
pub(super) const NOTE: u8 = 4;

/// Frames recorded, innermost first: an overflow has no end of them.
pub(super) const MAX_FRAMES: usize = 128;
/// No processor has more that are recorded.
pub(super) const MAX_REGISTERS: usize = 33;
/// The longest record.
pub(super) const MAX_BYTES: usize = 96 + 8 * (MAX_REGISTERS + MAX_FRAMES);
const VERSION: u8 = 1;

/// How return addresses were found, the least certain way of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Walk {
    /// There is no stack.
    None = 0,
    /// All by the unwind tables.
    Tables = 1,
    /// Some by the chain of frame pointers.
    Frames = 2,
    /// Some by looking for what follows a call: a few of them may be left over from calls that have returned.
    Scan = 3,
}

/// One crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Crash {
    pub signal: i32,
    pub code: i32,
    /// `si_addr`.
    pub address: u64,
    /// Microseconds since 1970.
    pub time: i64,
    pub thread: u64,
    /// Ends with the first zero.
    pub name: [u8; 16],
    /// Program counter.
    pub at: u64,
    /// Stack pointer.
    pub stack: u64,
    pub registers: [u64; MAX_REGISTERS],
    pub register_count: usize,
    /// A bit for each register whose content was left out.
    pub hidden: u64,
    pub walk: Walk,
    pub frames: [u64; MAX_FRAMES],
    pub frame_count: usize,
}

impl Crash {
    pub const EMPTY: Crash = Crash {
        signal: 0,
        code: 0,
        address: 0,
        time: 0,
        thread: 0,
        name: [0; 16],
        at: 0,
        stack: 0,
        registers: [0; MAX_REGISTERS],
        register_count: 0,
        hidden: 0,
        walk: Walk::None,
        frames: [0; MAX_FRAMES],
        frame_count: 0,
    };

    /// Writes it to `out`; how many bytes it took. Allocates nothing and cannot panic.
    pub fn encode(&self, out: &mut [u8; MAX_BYTES]) -> usize {
        let mut end = 0;
        let mut put = |bytes: &[u8]| {
            if let Some(room) = out.get_mut(end..end + bytes.len()) {
                room.copy_from_slice(bytes);
                end += bytes.len();
            }
        };
        put(&[VERSION, self.walk as u8, self.register_count as u8, self.frame_count as u8]);
        put(&self.signal.to_le_bytes());
        put(&self.code.to_le_bytes());
        for word in [self.address, self.time as u64, self.thread, self.at, self.stack, self.hidden] {
            put(&word.to_le_bytes());
        }
        put(&self.name);
        let registers = self.registers.iter().take(self.register_count);
        registers.chain(self.frames.iter().take(self.frame_count)).for_each(|word| put(&word.to_le_bytes()));
        end
    }

    /// Reads it back; `None` for what another version wrote.
    pub fn decode(bytes: &[u8]) -> Option<Crash> {
        let mut rest = bytes;
        let [version, walk, registers, frames] = take::<4>(&mut rest)?;
        let counts = (usize::from(registers), usize::from(frames));
        if version != VERSION || counts.0 > MAX_REGISTERS || counts.1 > MAX_FRAMES {
            return None;
        }
        let signal = i32::from_le_bytes(take(&mut rest)?);
        let code = i32::from_le_bytes(take(&mut rest)?);
        let mut word = |rest: &mut &[u8]| take(rest).map(u64::from_le_bytes);
        let [address, time, thread, at, stack, hidden] = words(&mut rest, &mut word)?;
        let mut crash = Crash {
            signal,
            code,
            address,
            time: time as i64,
            thread,
            name: take(&mut rest)?,
            at,
            stack,
            hidden,
            register_count: counts.0,
            frame_count: counts.1,
            walk: match walk {
                1 => Walk::Tables,
                2 => Walk::Frames,
                3 => Walk::Scan,
                _ => Walk::None,
            },
            ..Crash::EMPTY
        };
        for register in crash.registers.iter_mut().take(counts.0) {
            *register = word(&mut rest)?;
        }
        for frame in crash.frames.iter_mut().take(counts.1) {
            *frame = word(&mut rest)?;
        }
        Some(crash)
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (first, left) = rest.split_first_chunk()?;
    *rest = left;
    Some(*first)
}

fn words<const N: usize>(rest: &mut &[u8], word: &mut impl FnMut(&mut &[u8]) -> Option<u64>) -> Option<[u64; N]> {
    let mut words = [0; N];
    for slot in &mut words {
        *slot = word(rest)?;
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fullest() -> Crash {
        Crash {
            signal: 11,
            code: -6,
            address: u64::MAX,
            time: 1_700_000_000_000_000,
            thread: 7,
            name: *b"fifteen letters\0",
            at: 1,
            stack: 2,
            registers: std::array::from_fn(|n| n as u64),
            register_count: MAX_REGISTERS,
            hidden: 5,
            walk: Walk::Scan,
            frames: std::array::from_fn(|n| u64::MAX - n as u64),
            frame_count: MAX_FRAMES,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let mut room = [0; MAX_BYTES];
        for crash in [Crash::EMPTY, fullest()] {
            let length = crash.encode(&mut room);
            assert!(length < MAX_BYTES, "there is room");
            assert_eq!(Crash::decode(&room[..length]), Some(crash));
        }
    }

    /// Whatever stands in a file: no panic, and nothing is read that is not there.
    #[test]
    fn damage_is_refused() {
        let mut room = [0; MAX_BYTES];
        let length = fullest().encode(&mut room);
        assert!((0..length).all(|cut| Crash::decode(&room[..cut]).is_none()));
        for (at, value) in [(0, 2), (2, 200), (3, 255)] {
            let mut damaged = room;
            damaged[at] = value;
            assert_eq!(Crash::decode(&damaged[..length]), None, "byte {at}");
        }
    }
}
