//! One step up the stack by the unwind tables (`.eh_frame`) of the code, as a debugger does it: exact where there are
//! tables, which is everywhere but in code that is made at run time.
//!
//! For a signal handler: nothing is allocated, all memory is read through the [`Probe`], the room is static, and what
//! is not understood gives `None`. Sources: DWARF 5, section 6.4; LSB 5, section 10.6.

use super::stack::{Probe, hdr_at};

/// Columns of the tables that are followed: of x86-64 all that name registers, of AArch64 the general ones.
pub(super) const COLUMNS: usize = 33;

#[cfg(target_arch = "x86_64")]
pub(super) mod column {
    pub const FRAME: usize = 6;
    pub const STACK: usize = 7;
    pub const AT: usize = 16;
}
#[cfg(not(target_arch = "x86_64"))]
pub(super) mod column {
    pub const FRAME: usize = 29;
    pub const STACK: usize = 31;
    /// No table has it: the return address is in the link register's column.
    pub const AT: usize = 32;
}

/// The registers of one frame, by their column.
pub(super) type Registers = [usize; COLUMNS];

#[derive(Debug, Clone, Copy)]
enum Rule {
    /// As in the callee.
    Same,
    Undefined,
    /// Saved so far from the frame's address.
    At(i64),
    /// The frame's address and so much.
    Is(i64),
    In(usize),
    /// By an expression.
    Unknown,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    /// Register and offset that give the frame's address; `None` where an expression does.
    frame: Option<(usize, i64)>,
    rules: [Rule; COLUMNS],
}

/// Rows that a function may have remembered within each other.
const DEPTH: usize = 4;
/// Bytes of a table's entry that are looked at.
const ENTRY: usize = 1024;
const ENTRY_OF_MANY: usize = 256;

/// Room for one step.
pub(super) struct Room {
    row: Row,
    initial: Row,
    remembered: [Row; DEPTH],
    own: [u8; ENTRY],
    common: [u8; ENTRY_OF_MANY],
}

const EMPTY: Row = Row { frame: None, rules: [Rule::Same; COLUMNS] };

impl Room {
    pub const fn new() -> Room {
        Room { row: EMPTY, initial: EMPTY, remembered: [EMPTY; DEPTH], own: [0; ENTRY], common: [0; ENTRY_OF_MANY] }
    }
}

/// What a step came to.
pub(super) enum Step {
    /// `interrupted`: the caller was no caller, but was interrupted by a signal.
    Up { interrupted: bool },
    /// There is no caller.
    Top,
    /// There is no table, or it is not understood.
    Unknown,
}

/// Replaces `registers` by those of the caller. `lookup`: an address within the instruction that is executed.
pub(super) fn step(registers: &mut Registers, lookup: usize, probe: &Probe, room: &mut Room) -> Step {
    try_step(registers, lookup, probe, room).unwrap_or(Step::Unknown)
}

fn try_step(registers: &mut Registers, lookup: usize, probe: &Probe, room: &mut Room) -> Option<Step> {
    let Room { row, initial, remembered, own, common } = room;
    let entry = entry_of(lookup, probe)?;
    let mut own = Reader::at(entry, probe, own)?;
    own.within_entry()?;
    let back = own.here();
    let mut common = Reader::at(back.wrapping_sub(own.u32()? as usize), probe, common)?;
    common.within_entry()?;
    let about = About::read(&mut common)?;
    let start = own.pointer(about.encoding)?;
    let length = own.pointer(about.encoding & 0x0f)?;
    if !(start..start.checked_add(length)?).contains(&lookup) {
        return None;
    }
    if about.is_signal {
        return interrupted(registers, probe);
    }
    if about.has_data {
        let skip = own.unsigned()? as usize;
        own.skip(skip)?;
    }
    *row = EMPTY;
    let mut program = Program { about: &about, row, initial: None, remembered, depth: 0 };
    program.run(&mut common, start, usize::MAX)?;
    *initial = *program.row;
    program.initial = Some(initial);
    program.run(&mut own, start, lookup)?;
    apply(registers, row, about.return_column, probe)
}

fn apply(registers: &mut Registers, row: &Row, return_column: usize, probe: &Probe) -> Option<Step> {
    let (base, offset) = row.frame?;
    let frame = registers.get(base)?.wrapping_add(offset as usize);
    let stack = *registers.get(column::STACK)?;
    if frame < stack {
        return None;
    }
    let saved = |offset: i64| probe.words::<1>(frame.wrapping_add(offset as usize)).map(|[word]| word);
    // Of the callee's, for one rule may refer to what another one changes.
    let before = *registers;
    for (slot, rule) in registers.iter_mut().zip(row.rules) {
        match rule {
            Rule::Same | Rule::Undefined | Rule::Unknown => {}
            Rule::At(offset) => *slot = saved(offset)?,
            Rule::Is(offset) => *slot = frame.wrapping_add(offset as usize),
            Rule::In(other) => *slot = *before.get(other)?,
        }
    }
    let to = match row.rules.get(return_column)? {
        Rule::Undefined => return Some(Step::Top),
        Rule::Unknown => return None,
        _ => *registers.get(return_column)?,
    };
    *registers.get_mut(column::STACK)? = frame;
    *registers.get_mut(column::AT)? = super::stack::plain(to);
    if to == 0 { Some(Step::Top) } else { Some(Step::Up { interrupted: false }) }
}

/// The frame of a signal handler's caller: the kernel has put the registers on the stack.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn interrupted(registers: &mut Registers, probe: &Probe) -> Option<Step> {
    const MACHINE: usize = std::mem::offset_of!(libc::ucontext_t, uc_mcontext);
    // In the order of the kernel: r8 to r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip.
    const COLUMN: [usize; 17] = [8, 9, 10, 11, 12, 13, 14, 15, 5, 4, 6, 3, 1, 0, 2, 7, 16];
    let words = probe.words::<17>(registers.get(column::STACK)?.wrapping_add(MACHINE))?;
    for (column, word) in COLUMN.into_iter().zip(words) {
        *registers.get_mut(column)? = word;
    }
    Some(Step::Up { interrupted: true })
}

#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
fn interrupted(registers: &mut Registers, probe: &Probe) -> Option<Step> {
    // A description of the signal, and the address of the fault before the registers.
    const MACHINE: usize = 128 + std::mem::offset_of!(libc::ucontext_t, uc_mcontext) + 8;
    let words = probe.words::<COLUMNS>(registers.get(column::STACK)?.wrapping_add(MACHINE))?;
    *registers = words;
    Some(Step::Up { interrupted: true })
}

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
fn interrupted(_: &mut Registers, _: &Probe) -> Option<Step> {
    None
}

/// The entry of the function at `address`, by the sorted table that every linker makes.
fn entry_of(address: usize, probe: &Probe) -> Option<usize> {
    /// Version 1; pcrel sdata4, udata4, datarel sdata4.
    const USUAL: [u8; 4] = [1, 0x1b, 0x03, 0x3b];
    let table = hdr_at(address)?;
    let mut head = [0; 12];
    if probe.copy(table, &mut head) != head.len() || !head.starts_with(&USUAL) {
        return None;
    }
    let count = head.last_chunk().copied().map(u32::from_le_bytes)? as usize;
    let row = |n: usize| {
        let mut pair = [0; 8];
        let at = table.wrapping_add(head.len() + n * pair.len());
        let [start, entry] = match probe.copy(at, &mut pair) {
            8 => [pair.first_chunk()?, pair.last_chunk()?].map(|half| i32::from_le_bytes(*half)),
            _ => return None,
        };
        Some([start, entry].map(|offset| table.wrapping_add(offset as usize)))
    };
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = usize::midpoint(low, high);
        let [start, _] = row(middle)?;
        if start <= address { low = middle + 1 } else { high = middle }
    }
    row(low.checked_sub(1)?).map(|[_, entry]| entry)
}

/// What entries have in common.
struct About {
    code: u64,
    data: i64,
    return_column: usize,
    encoding: u8,
    has_data: bool,
    is_signal: bool,
}

impl About {
    fn read(common: &mut Reader<'_>) -> Option<About> {
        if common.u32()? != 0 {
            return None;
        }
        let version = common.u8()?;
        let mut letters = [0; 8];
        let mut count = 0;
        loop {
            match common.u8()? {
                0 => break,
                letter => *letters.get_mut(count)? = letter,
            }
            count += 1;
        }
        let (code, data) = (common.unsigned()?, common.signed()?);
        let return_column = if version == 1 { common.u8()?.into() } else { common.unsigned()? as usize };
        let mut about = About { code, data, return_column, encoding: 0, has_data: false, is_signal: false };
        for letter in letters.into_iter().take(count) {
            match letter {
                b'z' => {
                    about.has_data = true;
                    common.unsigned()?;
                }
                b'R' => about.encoding = common.u8()?,
                b'L' => drop(common.u8()?),
                b'P' => {
                    let encoding = common.u8()?;
                    common.pointer(encoding)?;
                }
                b'S' => about.is_signal = true,
                // Signed return addresses.
                b'B' => {}
                _ => return None,
            }
        }
        Some(about)
    }
}

/// Runs the instructions of an entry.
struct Program<'a> {
    about: &'a About,
    row: &'a mut Row,
    initial: Option<&'a Row>,
    remembered: &'a mut [Row; DEPTH],
    depth: usize,
}

impl Program<'_> {
    /// Up to the row that holds for `lookup`.
    fn run(&mut self, code: &mut Reader<'_>, start: usize, lookup: usize) -> Option<()> {
        let mut at = start;
        while !code.is_done() {
            let byte = code.u8()?;
            let (high, low) = (byte >> 6, usize::from(byte & 0x3f));
            let mut advance = None;
            match (high, low) {
                (1, delta) => advance = Some(delta),
                (2, register) => {
                    let offset = self.scaled(code.unsigned()? as i64);
                    self.set(register, Rule::At(offset))?;
                }
                (3, register) => self.restore(register)?,
                (0, 0x06) => self.restore(code.unsigned()? as usize)?,
                (0, 0x00) => {}
                (0, 0x01) => at = code.pointer(self.about.encoding)?,
                (0, 0x02) => advance = Some(code.u8()?.into()),
                (0, 0x03) => advance = Some(code.u16()?.into()),
                (0, 0x04) => advance = Some(code.u32()? as usize),
                (0, 0x05) => {
                    let register = code.unsigned()? as usize;
                    let offset = self.scaled(code.unsigned()? as i64);
                    self.set(register, Rule::At(offset))?;
                }
                (0, 0x07) => self.set(code.unsigned()? as usize, Rule::Undefined)?,
                (0, 0x08) => self.set(code.unsigned()? as usize, Rule::Same)?,
                (0, 0x09) => {
                    let register = code.unsigned()? as usize;
                    self.set(register, Rule::In(code.unsigned()? as usize))?;
                }
                (0, 0x0a) => {
                    *self.remembered.get_mut(self.depth)? = *self.row;
                    self.depth += 1;
                }
                (0, 0x0b) => {
                    self.depth = self.depth.checked_sub(1)?;
                    *self.row = *self.remembered.get(self.depth)?;
                }
                (0, 0x0c) => self.row.frame = Some((code.unsigned()? as usize, code.unsigned()? as i64)),
                (0, 0x0d) => self.row.frame = Some((code.unsigned()? as usize, self.row.frame?.1)),
                (0, 0x0e) => self.row.frame = Some((self.row.frame?.0, code.unsigned()? as i64)),
                (0, 0x0f) => {
                    self.row.frame = None;
                    code.skip_block()?;
                }
                (0, 0x10 | 0x16) => {
                    self.set(code.unsigned()? as usize, Rule::Unknown)?;
                    code.skip_block()?;
                }
                (0, 0x11) => {
                    let register = code.unsigned()? as usize;
                    let offset = self.scaled(code.signed()?);
                    self.set(register, Rule::At(offset))?;
                }
                (0, 0x12) => {
                    let register = code.unsigned()? as usize;
                    self.row.frame = Some((register, self.scaled(code.signed()?)));
                }
                (0, 0x13) => self.row.frame = Some((self.row.frame?.0, self.scaled(code.signed()?))),
                (0, 0x14) => {
                    let register = code.unsigned()? as usize;
                    let offset = self.scaled(code.unsigned()? as i64);
                    self.set(register, Rule::Is(offset))?;
                }
                (0, 0x15) => {
                    let register = code.unsigned()? as usize;
                    let offset = self.scaled(code.signed()?);
                    self.set(register, Rule::Is(offset))?;
                }
                // Return addresses are signed from here on; the signature is taken off anyway.
                (0, 0x2d) => {}
                (0, 0x2e) => drop(code.unsigned()?),
                _ => return None,
            }
            if let Some(delta) = advance {
                at = at.checked_add(delta.checked_mul(self.about.code as usize)?)?;
            }
            if at > lookup {
                return Some(());
            }
        }
        Some(())
    }

    fn scaled(&self, factor: i64) -> i64 {
        factor.wrapping_mul(self.about.data)
    }

    fn restore(&mut self, register: usize) -> Option<()> {
        let rule = self.initial.and_then(|row| row.rules.get(register)).copied();
        self.set(register, rule.unwrap_or(Rule::Same))
    }

    /// Registers beyond the general ones are of no interest.
    fn set(&mut self, register: usize, rule: Rule) -> Option<()> {
        if let Some(slot) = self.row.rules.get_mut(register) {
            *slot = rule;
        }
        Some(())
    }
}

/// Reads a copy of memory.
struct Reader<'a> {
    bytes: &'a [u8],
    /// Where the copy was taken.
    base: usize,
    at: usize,
}

impl<'a> Reader<'a> {
    fn at(address: usize, probe: &Probe, room: &'a mut [u8]) -> Option<Reader<'a>> {
        let length = probe.copy(address, room);
        Some(Reader { bytes: room.get(..length)?, base: address, at: 0 })
    }

    /// Reads the length of an entry, and keeps to it.
    fn within_entry(&mut self) -> Option<()> {
        let length = self.u32()? as usize;
        // 0 is the end of the table, and all ones begin a form for tables beyond 4 GiB. An entry that is longer than
        // the room is an odd one.
        self.bytes = self.bytes.get(..self.at.checked_add(length)?).filter(|_| length != 0)?;
        Some(())
    }

    fn here(&self) -> usize {
        self.base.wrapping_add(self.at)
    }

    fn is_done(&self) -> bool {
        self.at >= self.bytes.len()
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let bytes = *self.bytes.get(self.at..)?.first_chunk()?;
        self.at += N;
        Some(bytes)
    }

    fn skip(&mut self, bytes: usize) -> Option<()> {
        self.at = self.at.checked_add(bytes).filter(|at| *at <= self.bytes.len())?;
        Some(())
    }

    fn skip_block(&mut self) -> Option<()> {
        let length = self.unsigned()? as usize;
        self.skip(length)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take().map(u8::from_le_bytes)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    /// LEB128.
    fn unsigned(&mut self) -> Option<u64> {
        let (mut value, mut shift) = (0u64, 0);
        loop {
            let byte = self.u8()?;
            value |= u64::from(byte & 0x7f).checked_shl(shift)?;
            shift += 7;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
    }

    /// The same with a sign.
    fn signed(&mut self) -> Option<i64> {
        let start = self.at;
        let value = self.unsigned()?;
        let bits = 7 * (self.at - start) as u32;
        let unused = 64u32.saturating_sub(bits);
        Some(((value << unused) as i64) >> unused)
    }

    /// A pointer by its encoding; one that is to be looked up through memory is given as the address of that.
    fn pointer(&mut self, encoding: u8) -> Option<usize> {
        let here = self.here();
        let value = match encoding & 0x0f {
            0x00 => usize::from_le_bytes(self.take()?),
            0x02 => self.u16()?.into(),
            0x03 => self.u32()? as usize,
            0x0a => self.u16()?.cast_signed() as usize,
            0x0b => self.u32()?.cast_signed() as usize,
            0x04 | 0x0c => u64::from_le_bytes(self.take()?) as usize,
            _ => return None,
        };
        match encoding & 0x70 {
            0x00 => Some(value),
            0x10 => Some(here.wrapping_add(value)),
            _ => None,
        }
    }
}
