//! A crash of an earlier process becomes an event: what it had said, and what its last moment left.

use sha2::{Digest, Sha256};

use super::fault::{Fault, describe, mechanism, signal_name};
use super::file::CrashFile;
use super::modules::Module;
use super::record::{self, Crash, Walk};
use super::registers;
use super::scope;
use super::symbols::Symbols;
#[cfg(any(feature = "jvm", test))]
use crate::crash::hs_err::{self, Note};
use crate::framing::Frames;
use crate::protocol::{Event, EventId, Exception, Frame, Level, Map, Stacktrace, Thread, Timestamp, Value, map_of};
use crate::scope::set_in_context;
use crate::settings::Settings;
use crate::stacktrace::{dumped, runs_code};

/// Platforms whose own stack is the native one.
const NATIVE: &[&str] = &["rust", "cocoa"];

/// The event of what is left in `file`; `None` when its process ended without a crash.
pub(super) fn read(file: &CrashFile, settings: &Settings) -> Option<Event> {
    let bytes = file.read().ok()?;
    #[cfg(any(feature = "jvm", test))]
    if let Some(note) = note(&bytes) {
        let log = note.log()?;
        let said = said(file, settings).0;
        return hs_err::event(said, &log, id(file, &note.pid.to_le_bytes(), log.time));
    }
    // The last one says most. All are of one crash: the file is emptied when one is withdrawn.
    let frames = Frames::new(&bytes).filter(|frame| matches!(frame.kind, record::BRIEF | record::FULL));
    let crash = frames.last().and_then(|frame| Crash::decode(frame.payload))?;
    let dump: Vec<u8> = Frames::new(&bytes)
        .filter(|frame| frame.kind == record::HOST)
        .flat_map(|frame| frame.payload)
        .copied()
        .collect();
    let (said, modules) = said(file, settings);
    let id = id(file, &crash.thread.to_le_bytes(), Timestamp(crash.time));
    Some(event(said, &crash, &String::from_utf8_lossy(&dump), &modules, id))
}

/// What the process had said, and its modules.
fn said(file: &CrashFile, settings: &Settings) -> (Event, Vec<Module>) {
    let (said, modules) = file.read_scope().map(|scope| scope::read(&scope)).unwrap_or_default();
    let nothing = || Event {
        // Of which release it was, nobody knows.
        platform: settings.sdk.platform.to_owned(),
        ..Event::default()
    };
    (said.unwrap_or_else(nothing), modules)
}

/// Of a process whose host reports crashes itself: where.
#[cfg(any(feature = "jvm", test))]
fn note(bytes: &[u8]) -> Option<Note> {
    let frame = Frames::new(bytes).find(|frame| frame.kind == record::NOTE)?;
    let note: Value = serde_json::from_slice(frame.payload).ok()?;
    serde_json::from_value(note).ok()
}

/// The same however often it is made of the same file: should this process die before the file is gone, the next one
/// repeats the event under its id.
fn id(file: &CrashFile, who: &[u8], time: Timestamp) -> EventId {
    let mut digest = Sha256::new();
    digest.update(file.name().as_encoded_bytes());
    digest.update(time.0.to_le_bytes());
    digest.update(who);
    let digest: [u8; 32] = digest.finalize().into();
    EventId(digest.first_chunk().map_or(0, |half| u128::from_le_bytes(*half)))
}

/// `dump` is what the host wrote of its own stack.
fn event(mut event: Event, crash: &Crash, dump: &str, modules: &[Module], id: EventId) -> Event {
    event.event_id = id;
    event.timestamp = Timestamp(crash.time);
    event.level = Level::Fatal;
    let host = Host { frames: dumped(&event.platform, dump), platform: event.platform.clone() };
    if !NATIVE.contains(&event.platform.as_str()) {
        // What its own language has of the stack says so frame by frame.
        "native".clone_into(&mut event.platform);
    }
    let (frames, images) = frames(crash, host, modules);
    let fault = Fault { signal: crash.signal, code: crash.code, address: crash.address, stack: crash.stack };
    let name = signal_name(crash.signal);
    let thread = Value::from(crash.thread);
    event.exception.values = vec![Exception {
        ty: Some(name.to_owned()),
        value: Some(describe(&fault)),
        thread_id: Some(thread.clone()),
        mechanism: Some(mechanism(&fault, name)),
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
    map_of(registers::NAMES.iter().zip(crash.registers.iter().take(crash.register_count)).enumerate().map(shown))
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

    /// What the JVM left in the end, and what the process had said while all was well.
    #[test]
    fn the_log_of_a_dead_jvm_is_reported_by_the_next_start() {
        let home = tempfile::tempdir().unwrap();
        let sdk = crate::settings::Sdk { platform: "java", host_reports_crashes: true, ..Default::default() };
        let settings = Settings::new(crate::options::Options::default(), Default::default(), sdk, None).unwrap();
        let note = Note {
            pid: 5291,
            time: Timestamp(Timestamp::now().0 - 1_000_000),
            logs: vec![home.path().join("missing.log"), home.path().join("hs_err_pid5291.log")],
        };
        let mut bytes = Vec::new();
        crate::framing::append(&mut bytes, record::NOTE, &[&serde_json::to_vec(&note).unwrap()]);
        let file = CrashFile::create(home.path()).unwrap();
        std::io::Write::write_all(&mut file.file.get().unwrap(), &bytes).unwrap();
        let mut snapshots = scope::Snapshots::default();
        let (said, _) = snapshots.next(&settings).unwrap();
        file.write_scope(&said).unwrap();
        drop(file);
        // What a start finds, each for itself.
        let next = || crate::crash::native::file::orphans(home.path()).pop().and_then(|file| read(&file, &settings));

        assert!(next().is_none(), "it ended without a crash");
        std::fs::write(&note.logs[1], include_str!("../../../tests/data/hs_err/poke.log")).unwrap();
        let event = next().unwrap();
        assert_eq!((event.platform.as_str(), event.level), ("java", Level::Fatal));
        assert_eq!(event.environment.as_deref(), Some(settings.options.environment.as_str()), "as the process said it");
        assert_eq!(event.exception.values[0].ty.as_deref(), Some("SIGSEGV"));
        assert_eq!(event.threads.values[0].id, Some(5313.into()));
        let again = next().unwrap();
        assert_eq!(again.event_id, event.event_id, "should it be reported twice, it is the same event");
        assert!(note.logs[1].exists(), "the log is the application's");
    }
}
