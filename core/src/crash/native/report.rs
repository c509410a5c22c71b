//! A crash of an earlier process becomes an event: what it had said, and what its last moment left.

use sha2::{Digest, Sha256};

use super::file::CrashFile;
use super::modules::Module;
use super::record::{self, Crash, Walk};
use super::scope;
use super::symbols::Symbols;
use super::{chain, registers};
use crate::framing::Frames;
use crate::protocol::{Event, EventId, Exception, Frame, Level, Map, Mechanism, Stacktrace, Thread, Timestamp, Value};
use crate::scope::set_in_context;
use crate::settings::Settings;
use crate::stacktrace::{dumped, runs_code};

/// How far from the stack pointer an overflow can hit: the guard page, and the frame that did not fit.
const BEYOND_STACK: u64 = 1 << 20;

/// The event of what is left in `file`; `None` when its process ended without a crash.
pub(super) fn read(file: &CrashFile, settings: &Settings) -> Option<Event> {
    let bytes = file.read().ok()?;
    // The last one says most. All are of one crash: the file is emptied when one is withdrawn.
    let frames = Frames::new(&bytes).filter(|frame| matches!(frame.kind, record::BRIEF | record::FULL));
    let crash = frames.last().and_then(|frame| Crash::decode(frame.payload))?;
    let dump: Vec<u8> = Frames::new(&bytes)
        .filter(|frame| frame.kind == record::HOST)
        .flat_map(|frame| frame.payload)
        .copied()
        .collect();
    let (said, modules) = file.read_scope().map(|scope| scope::read(&scope)).unwrap_or_default();
    let said = said.unwrap_or_else(|| Event {
        // Of which release it was, nobody knows.
        platform: settings.sdk.platform.to_owned(),
        ..Event::default()
    });
    Some(event(said, &crash, &String::from_utf8_lossy(&dump), &modules, id(file, &crash)))
}

/// The same however often it is made of the same file: should this process die before the file is gone, the next one
/// repeats the event under its id.
fn id(file: &CrashFile, crash: &Crash) -> EventId {
    let mut digest = Sha256::new();
    digest.update(file.name().as_encoded_bytes());
    digest.update(crash.time.to_le_bytes());
    digest.update(crash.thread.to_le_bytes());
    let digest: [u8; 32] = digest.finalize().into();
    EventId(digest.first_chunk().map_or(0, |half| u128::from_le_bytes(*half)))
}

/// `dump` is what the host wrote of its own stack.
fn event(mut event: Event, crash: &Crash, dump: &str, modules: &[Module], id: EventId) -> Event {
    event.event_id = id;
    event.timestamp = Timestamp(crash.time);
    event.level = Level::Fatal;
    let host = Host { frames: dumped(&event.platform, dump), platform: event.platform.clone() };
    if event.platform != "rust" {
        // What its own language has of the stack says so frame by frame.
        "native".clone_into(&mut event.platform);
    }
    let (frames, images) = frames(crash, host, modules);
    let name = signal_name(crash.signal);
    let thread = Value::from(crash.thread);
    event.exception.values = vec![Exception {
        ty: Some(name.to_owned()),
        value: Some(describe(crash)),
        thread_id: Some(thread.clone()),
        mechanism: Some(mechanism(crash, name)),
        stacktrace: (!frames.is_empty()).then_some(Stacktrace { frames }),
        ..Exception::default()
    }];
    event.threads.values = vec![Thread {
        id: Some(thread),
        name: Some(text(&crash.name)).filter(|name| !name.is_empty()),
        crashed: Some(true),
        current: Some(true),
        stacktrace: None,
    }];
    if !images.is_empty() {
        event.debug_meta = serde_json::json!({ "images": images });
    }
    if crash.register_count > 0 {
        event.contexts.insert("registers".to_owned(), Value::Object(registers_of(crash)));
    }
    let walk = match crash.walk {
        Walk::None => "none",
        Walk::Tables => "unwind tables",
        Walk::Frames => "frame pointers",
        Walk::Scan => "scan",
    };
    set_in_context(&mut event, "faultwire", "stack", walk.into());
    event
}

fn text(name: &[u8]) -> String {
    let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
    String::from_utf8_lossy(name.get(..end).unwrap_or_default()).into_owned()
}

/// What an interpreter has of the stack.
struct Host {
    platform: String,
    /// Outermost first; none where it wrote nothing.
    frames: Vec<Frame>,
}

impl Host {
    /// Whether a native frame is the interpreter, at work on these frames.
    fn is_at(&self, native: &Frame) -> bool {
        !self.frames.is_empty() && native.function.as_deref().is_some_and(|name| runs_code(&self.platform, name))
    }
}

/// The frames, outermost first, and the modules they are in.
///
/// The host's frames come first. Of the native ones those stay that the innermost of these called: what is further out
/// is the interpreter, once a call of its language and at the start of the program, which the host's own frames say
/// better; or native code between two of these, whose place among them nobody knows. Where the interpreter is not
/// recognised, for want of names, all stay.
fn frames(crash: &Crash, host: Host, modules: &[Module]) -> (Vec<Frame>, Vec<Value>) {
    let symbols = Symbols::new();
    let (mut frames, mut used): (Vec<Frame>, Vec<&Module>) = (Vec::new(), Vec::new());
    for (n, address) in crash.frames.iter().take(crash.frame_count).enumerate() {
        let module = modules.iter().find(|module| module.has(*address));
        let found = symbols.frames(*address, module, n > 0);
        if found.iter().any(|frame| host.is_at(frame)) {
            break;
        }
        if let Some(module) = module.filter(|module| !used.contains(module)) {
            used.push(module);
        }
        frames.extend(found);
    }
    frames.extend(host.frames.into_iter().rev());
    frames.reverse();
    (frames, used.into_iter().map(image).collect())
}

fn image(module: &Module) -> Value {
    serde_json::json!({
        "type": if cfg!(target_os = "macos") { "macho" } else { "elf" },
        "code_file": module.path,
        "code_id": module.id,
        "debug_id": debug_id(&module.id),
        "image_addr": format!("{:#x}", module.start),
        "image_size": module.size,
    })
}

/// The first sixteen bytes of a build id in the form of a GUID, whose first three parts are little-endian.
fn debug_id(id: &str) -> Option<String> {
    let parts = [id.get(0..8)?, id.get(8..12)?, id.get(12..16)?];
    let swapped = |hex: &&str| -> Option<String> {
        (0..hex.len()).step_by(2).rev().map(|at| hex.get(at..at + 2)).collect::<Option<String>>()
    };
    let [first, second, third] = if cfg!(target_os = "macos") {
        parts.map(str::to_owned)
    } else {
        [swapped(&parts[0])?, swapped(&parts[1])?, swapped(&parts[2])?]
    };
    Some(format!("{first}-{second}-{third}-{}-{}", id.get(16..20)?, id.get(20..32)?))
}

fn registers_of(crash: &Crash) -> Map {
    let shown = |(n, (name, word)): (usize, (&&str, &u64))| {
        let hidden = crash.hidden >> n & 1 == 1;
        ((*name).to_owned(), if hidden { "[Filtered]".into() } else { format!("{word:#x}").into() })
    };
    registers::NAMES.iter().zip(crash.registers.iter().take(crash.register_count)).enumerate().map(shown).collect()
}

fn mechanism(crash: &Crash, name: &str) -> Mechanism {
    let mut signal = Map::from_iter([
        ("number".to_owned(), crash.signal.into()),
        ("name".to_owned(), name.into()),
        ("code".to_owned(), crash.code.into()),
    ]);
    if let Some((code, _)) = code(crash) {
        signal.insert("code_name".to_owned(), code.into());
    }
    Mechanism {
        ty: "signalhandler".to_owned(),
        handled: Some(false),
        meta: Map::from_iter([("signal".to_owned(), Value::Object(signal))]),
        ..Mechanism::default()
    }
}

fn signal_name(signal: i32) -> &'static str {
    const NAMES: [&str; chain::SIGNALS.len()] = ["SIGSEGV", "SIGBUS", "SIGABRT", "SIGILL", "SIGFPE"];
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
];

fn code(crash: &Crash) -> Option<(&'static str, &'static str)> {
    let sent = match crash.code {
        0 => Some("SI_USER"),
        -1 => Some("SI_QUEUE"),
        -6 => Some("SI_TKILL"),
        _ => None,
    };
    if let Some(name) = sent {
        return Some((name, "sent by a process"));
    }
    let row = CODES.iter().find(|(signal, code, ..)| (*signal, *code) == (crash.signal, crash.code));
    row.map(|(_, _, name, meaning)| (*name, *meaning))
}

/// One line for people.
fn describe(crash: &Crash) -> String {
    let title = match crash.signal {
        libc::SIGSEGV => "Segfault",
        libc::SIGBUS => "Bus error",
        libc::SIGABRT => return "Aborted".to_owned(),
        libc::SIGILL => "Illegal instruction",
        libc::SIGFPE => "Arithmetic error",
        _ => "Signal",
    };
    let is_fault = crash.code > 0;
    let is_overflow = crash.signal == libc::SIGSEGV
        && is_fault
        && crash.stack != 0
        && crash.address.abs_diff(crash.stack) < BEYOND_STACK;
    if is_overflow {
        return format!("Stack overflow: the guard page at {:#x} was hit", crash.address);
    }
    let meaning = code(crash).map_or_else(|| format!("code {}", crash.code), |(_, meaning)| meaning.to_owned());
    match (is_fault, crash.signal) {
        (true, libc::SIGFPE) => format!("{title}: {meaning}"),
        (true, _) => format!("{title}: {meaning} at {:#x}", crash.address),
        (false, _) => format!("{title}: {meaning}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::compute;
    use crate::stacktrace::{Rules, resolve};

    /// A crash in code that belongs to no module, of a process of Python whose interpreter wrote `dump`.
    fn crashed(addresses: &[u64], dump: &str) -> Event {
        let mut crash = Crash { signal: libc::SIGSEGV, code: 1, frame_count: addresses.len(), ..Crash::EMPTY };
        crash.frames[..addresses.len()].copy_from_slice(addresses);
        let said = Event { platform: "python".to_owned(), ..Event::default() };
        let mut event = event(said, &crash, dump, &[], EventId(1));
        let rules = Rules::default();
        let stack = event.exception.values[0].stacktrace.as_mut().unwrap();
        resolve("native", stack, &rules);
        event
    }

    fn of(event: &Event) -> Vec<(&str, Option<bool>)> {
        let frames = &event.exception.values[0].stacktrace.as_ref().unwrap().frames;
        let name = |f| -> &str { Option::as_deref(f).unwrap_or("-") };
        frames.iter().map(|f| (name(&f.function), f.in_app)).collect()
    }

    const DUMP: &str = "Stack (most recent call first):\n  \
        File \"/usr/lib/python3.12/ctypes/__init__.py\", line 544 in string_at\n  \
        File \"/srv/shop/orders.py\", line 17 in total\n  \
        File \"/srv/shop/main.py\", line 3 in <module>\n";

    #[test]
    fn the_host_stands_above_what_it_called() {
        let event = crashed(&[0x10, 0x20], DUMP);
        let expected =
            [("<module>", Some(true)), ("total", Some(true)), ("string_at", Some(false)), ("-", None), ("-", None)];
        assert_eq!(of(&event), expected);
        let frames = &event.exception.values[0].stacktrace.as_ref().unwrap().frames;
        assert_eq!((event.platform.as_str(), frames[0].platform.as_deref()), ("native", Some("python")));
        assert_eq!((frames[2].module.as_deref(), frames[4].platform.as_deref()), (Some("ctypes"), None));
        assert_eq!(frames[4].instruction_addr.as_deref(), Some("0x10"));
    }

    #[test]
    fn without_a_dump_the_native_stack_stands_alone() {
        for nothing in ["", "Stack (most recent call first):\n  <no Python frame>\n"] {
            assert_eq!(of(&crashed(&[0x10, 0x20], nothing)), [("-", None), ("-", None)]);
        }
    }

    #[test]
    fn the_same_bug_at_other_addresses_is_the_same_fault() {
        let hash = |addresses: &[u64], dump: &str| compute(&crashed(addresses, dump), &|_, _| false).hash;
        let once = hash(&[0x10, 0x20], DUMP);
        assert_eq!(once, hash(&[0x7f10, 0x7f20, 0x7f30], &DUMP.replace("17", "18")));
        assert_ne!(once, hash(&[0x10, 0x20], &DUMP.replace("total", "refund")));
        assert_ne!(once, hash(&[0x10, 0x20], ""));
    }
}
