//! The registers at the moment of a fault, by processor.

use super::record::Crash;
use super::unwind::{Registers, column};

/// The column of each of [`NAMES`] in unwind tables.
#[cfg(target_arch = "x86_64")]
const COLUMN: &[usize] = &[16, 7, 6, 0, 3, 2, 1, 5, 4, 8, 9, 10, 11, 12, 13, 14, 15];
#[cfg(target_arch = "aarch64")]
const COLUMN: &[usize] = &[
    32, 31, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
    29, 30,
];
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const COLUMN: &[usize] = &[];

#[cfg(target_arch = "x86_64")]
pub(super) const NAMES: &[&str] = &[
    "rip", "rsp", "rbp", "rax", "rbx", "rcx", "rdx", "rdi", "rsi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
];
#[cfg(target_arch = "aarch64")]
pub(super) const NAMES: &[&str] = &[
    "pc", "sp", "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
    "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "fp", "lr",
];
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(super) const NAMES: &[&str] = &[];

/// Fills the registers of `crash` from the context that the kernel gave to a handler.
///
/// A register may hold a piece of a text, of a secret one, too. So only what can be an address or a small number is
/// kept: eight letters are neither.
/// All of them are what a walk up the stack starts from.
pub(super) fn record(context: *mut libc::c_void, crash: &mut Crash, all: &mut Registers) -> Option<()> {
    let words = read(context)?;
    for (n, (slot, word)) in crash.registers.iter_mut().zip(words).enumerate() {
        if let Some(slot) = COLUMN.get(n).and_then(|column| all.get_mut(*column)) {
            *slot = word as usize;
        }
        let harmless = is_address_or_number(word);
        *slot = if harmless { word } else { 0 };
        crash.hidden |= u64::from(!harmless) << n;
        crash.register_count = n + 1;
    }
    crash.at = all[column::AT] as u64;
    crash.stack = all[column::STACK] as u64;
    Some(())
}

/// Six bytes with the sign.
fn is_address_or_number(word: u64) -> bool {
    matches!(word >> 47, 0 | 0x1_ffff)
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn read(context: *mut libc::c_void) -> Option<[u64; NAMES.len()]> {
    // SAFETY: the kernel gave a handler with SA_SIGINFO a context of this type, or the pointer is null.
    let registers = unsafe { context.cast::<libc::ucontext_t>().as_ref()? }.uc_mcontext.gregs;
    let get = |which: libc::c_int| registers.get(which as usize).map_or(0, |word| *word as u64);
    use libc::{
        REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RAX, REG_RBP, REG_RBX, REG_RCX,
        REG_RDI, REG_RDX, REG_RIP, REG_RSI, REG_RSP,
    };
    let all = [
        REG_RIP, REG_RSP, REG_RBP, REG_RAX, REG_RBX, REG_RCX, REG_RDX, REG_RDI, REG_RSI, REG_R8, REG_R9, REG_R10,
        REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
    ];
    Some(all.map(get))
}

#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
fn read(context: *mut libc::c_void) -> Option<[u64; NAMES.len()]> {
    // SAFETY: as above.
    let machine = &unsafe { context.cast::<libc::ucontext_t>().as_ref()? }.uc_mcontext;
    let (pc, sp, general) = (machine.pc, machine.sp, &machine.regs);
    Some(arm(pc, sp, |n| general.get(n).copied().unwrap_or(0)))
}

#[cfg(all(target_os = "macos", target_arch = "aarch64"))]
fn read(context: *mut libc::c_void) -> Option<[u64; NAMES.len()]> {
    // SAFETY: as above; the machine context lies beside it on the stack of the handler.
    let state = &unsafe { context.cast::<libc::ucontext_t>().as_ref()?.uc_mcontext.as_ref()? }.__ss;
    let general = |n: usize| match n {
        29 => state.__fp,
        30 => state.__lr,
        n => state.__x.get(n).copied().unwrap_or(0),
    };
    Some(arm(state.__pc, state.__sp, general))
}

#[cfg(target_arch = "aarch64")]
fn arm(pc: u64, sp: u64, general: impl Fn(usize) -> u64) -> [u64; NAMES.len()] {
    std::array::from_fn(|n| match n {
        0 => pc,
        1 => sp,
        n => general(n - 2),
    })
}

#[cfg(all(target_os = "macos", target_arch = "x86_64"))]
fn read(context: *mut libc::c_void) -> Option<[u64; NAMES.len()]> {
    // SAFETY: as above; the machine context lies beside it on the stack of the handler.
    let s = &unsafe { context.cast::<libc::ucontext_t>().as_ref()?.uc_mcontext.as_ref()? }.__ss;
    Some([
        s.__rip, s.__rsp, s.__rbp, s.__rax, s.__rbx, s.__rcx, s.__rdx, s.__rdi, s.__rsi, s.__r8, s.__r9, s.__r10,
        s.__r11, s.__r12, s.__r13, s.__r14, s.__r15,
    ])
}

#[cfg(not(any(
    all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")),
    all(target_os = "macos", any(target_arch = "x86_64", target_arch = "aarch64"))
)))]
fn read(_: *mut libc::c_void) -> Option<[u64; NAMES.len()]> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_a_text_are_not_kept() {
        for kept in [0, 7, u64::MAX, 0x7fff_ffff_ffff, 0x5555_0000_1000] {
            assert!(is_address_or_number(kept), "{kept:#x}");
        }
        for piece in [*b"hunter22", *b"ghp_16C7", *b"sk-live\0"] {
            assert!(!is_address_or_number(u64::from_le_bytes(piece)), "{piece:?}");
        }
    }
}
