//! What a signal says of a fault, in words.

use super::chain;
use crate::protocol::{Mechanism, Value, map_of};

/// How far from the stack pointer an overflow can hit: the guard page, and the frame that did not fit.
const BEYOND_STACK: u64 = 1 << 20;

/// A signal with what came along.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fault {
    pub signal: i32,
    /// `si_code`.
    pub code: i32,
    /// `si_addr`.
    pub address: u64,
    /// Stack pointer; 0 where it is not known.
    pub stack: u64,
}

/// How it was noticed, with what is known of the signal, by `name`.
pub(crate) fn mechanism(fault: &Fault, name: &str) -> Mechanism {
    let mut signal = map_of([
        ("number".to_owned(), fault.signal.into()),
        ("name".to_owned(), name.into()),
        ("code".to_owned(), fault.code.into()),
    ]);
    if let Some((code, _)) = code(fault) {
        signal.insert("code_name".to_owned(), code.into());
    }
    Mechanism {
        ty: "signalhandler".to_owned(),
        handled: Some(false),
        meta: map_of([("signal".to_owned(), Value::Object(signal))]),
        ..Mechanism::default()
    }
}

/// `signal` for one that is no crash.
pub(crate) fn signal_name(signal: i32) -> &'static str {
    const NAMES: [&str; chain::SIGNALS.len()] = ["SIGSEGV", "SIGBUS", "SIGABRT", "SIGILL", "SIGFPE", "SIGTRAP"];
    let known = chain::SIGNALS.iter().zip(NAMES).find(|(number, _)| **number == signal);
    known.map_or("signal", |(_, name)| name)
}

/// `si_code` and what it means. The numbers are those of Linux; macOS has the same for what both know.
const CODES: &[(i32, i32, &str, &str)] = &[
    (libc::SIGSEGV, 1, "SEGV_MAPERR", "invalid memory access"),
    (libc::SIGSEGV, 2, "SEGV_ACCERR", "memory access without permission"),
    (libc::SIGSEGV, 128, "SI_KERNEL", "access to an address that cannot be"),
    (libc::SIGBUS, 1, "BUS_ADRALN", "misaligned memory access"),
    (libc::SIGBUS, 2, "BUS_ADRERR", "access to memory that its file does not have"),
    (libc::SIGBUS, 3, "BUS_OBJERR", "hardware error"),
    (libc::SIGBUS, 4, "BUS_MCEERR_AR", "broken memory"),
    (libc::SIGBUS, 5, "BUS_MCEERR_AO", "broken memory"),
    (libc::SIGILL, 1, "ILL_ILLOPC", "illegal opcode"),
    (libc::SIGILL, 2, "ILL_ILLOPN", "illegal operand"),
    (libc::SIGILL, 5, "ILL_PRVOPC", "privileged opcode"),
    (libc::SIGFPE, 1, "FPE_INTDIV", "division of an integer by zero"),
    (libc::SIGFPE, 2, "FPE_INTOVF", "overflow of an integer"),
    (libc::SIGFPE, 3, "FPE_FLTDIV", "division by zero"),
    (libc::SIGFPE, 4, "FPE_FLTOVF", "overflow"),
    (libc::SIGFPE, 7, "FPE_FLTINV", "invalid operation"),
    (libc::SIGTRAP, 1, "TRAP_BRKPT", "breakpoint"),
    (libc::SIGTRAP, 2, "TRAP_TRACE", "single step"),
    (libc::SIGTRAP, 4, "TRAP_HWBKPT", "breakpoint or watchpoint of the processor"),
    // What Linux says of `int3`.
    (libc::SIGTRAP, 128, "SI_KERNEL", "breakpoint"),
];

/// Whether a `si_code` is that of a signal that somebody sent: Linux counts these downwards, macOS from 0x10001 on.
pub(super) fn is_sent(code: i32) -> bool {
    !(1..=0x1_0000).contains(&code)
}

fn code(fault: &Fault) -> Option<(&'static str, &'static str)> {
    let sent = match fault.code {
        0 | 0x1_0001 => Some("SI_USER"),
        -1 | 0x1_0002 => Some("SI_QUEUE"),
        -6 => Some("SI_TKILL"),
        _ => None,
    };
    if let Some(name) = sent {
        return Some((name, "sent by a process"));
    }
    let row = CODES.iter().find(|(signal, code, ..)| (*signal, *code) == (fault.signal, fault.code));
    row.map(|(_, _, name, meaning)| (*name, *meaning))
}

/// One line for people.
pub(crate) fn describe(fault: &Fault) -> String {
    let title = match fault.signal {
        libc::SIGSEGV => "Segfault",
        libc::SIGBUS => "Bus error",
        libc::SIGABRT => return "Aborted".to_owned(),
        libc::SIGILL => "Illegal instruction",
        libc::SIGFPE => "Arithmetic error",
        libc::SIGTRAP => "Trap",
        _ => "Signal",
    };
    let is_fault = !is_sent(fault.code);
    let is_overflow = fault.signal == libc::SIGSEGV
        && is_fault
        && fault.stack != 0
        && fault.address.abs_diff(fault.stack) < BEYOND_STACK;
    if is_overflow {
        return format!("Stack overflow: the guard page at {:#x} was hit", fault.address);
    }
    let meaning = code(fault).map_or_else(|| format!("code {}", fault.code), |(_, meaning)| meaning.to_owned());
    match (is_fault, fault.signal) {
        // Where the instruction is, the stack says.
        (true, libc::SIGFPE | libc::SIGTRAP) => format!("{title}: {meaning}"),
        (true, _) => format!("{title}: {meaning} at {:#x}", fault.address),
        (false, _) => format!("{title}: {meaning}"),
    }
}
