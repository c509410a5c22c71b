//! The log of a JVM becomes an event of the process that it was.

use super::note::Log;
use super::text::{self, Line};
use crate::crash::native::{Fault, describe, mechanism, signal_name};
use crate::protocol::{Event, EventId, Exception, Frame, Level, Map, Mechanism, Stacktrace, Thread, Value};
use crate::scope::set_in_context;

/// The event, as the process would have said it; `None` where the file is no such log.
pub(in crate::crash) fn event(mut event: Event, log: &Log, id: EventId) -> Option<Event> {
    let read = text::read(&log.text)?;
    event.event_id = id;
    event.timestamp = log.time;
    event.level = Level::Fatal;
    let (ty, value, mechanism) = named(&read);
    let frames = frames(&read.frames);
    let thread = read.thread_id.map(Value::from);
    event.exception.values = vec![Exception {
        ty: Some(ty),
        value: Some(value),
        thread_id: thread.clone(),
        mechanism: Some(mechanism),
        stacktrace: (!frames.is_empty()).then_some(Stacktrace { frames }),
        ..Exception::default()
    }];
    event.threads.values = vec![Thread {
        id: thread,
        name: read.thread.map(str::to_owned),
        crashed: Some(true),
        current: Some(true),
        stacktrace: None,
    }];
    if let Some((name, version)) = read.runtime {
        event
            .contexts
            .entry("runtime".to_owned())
            .or_insert_with(|| serde_json::json!({ "name": name, "version": version }));
    }
    set_in_context(&mut event, "faultwire", "hs_err", log.path.to_string_lossy().into());
    Some(event)
}

/// Type, one line for people, and mechanism.
fn named(log: &text::Log) -> (String, String, Mechanism) {
    let (ty, value, mut mechanism) = match log.signal {
        Some((name, number)) => {
            let code = log.code.unwrap_or_default();
            let fault = Fault { signal: number, code, address: log.address, stack: log.stack };
            let known = signal_name(number);
            let name = if known == "signal" { name } else { known };
            (name.to_owned(), describe(&fault), mechanism(&fault, name))
        }
        None => {
            // The place in the JVM's sources says the same to people that a function does.
            let error = log.error.unwrap_or_default();
            let ty = error.split_once(" (").map_or(error, |(ty, _)| ty);
            let crash = Mechanism { ty: "hs_err".to_owned(), handled: Some(false), ..Mechanism::default() };
            (ty.to_owned(), log.detail.unwrap_or(error).to_owned(), crash)
        }
    };
    let said = [("frame", log.problematic), ("error", log.error)];
    let said = said.into_iter().filter_map(|(key, text)| Some((key.to_owned(), text?.into())));
    mechanism.data.extend(said.collect::<Map>());
    (ty, value, mechanism)
}

/// Outermost first. As in a native crash: of native frames those that the innermost of Java called; further out it is
/// the JVM, at work on these.
fn frames(lines: &[Line]) -> Vec<Frame> {
    let java = |line: &&Line| matches!(line, Line::Java { .. });
    let called = lines.iter().take_while(|line| !java(line));
    let mut frames: Vec<Frame> = called.chain(lines.iter().filter(java)).map(Line::frame).collect();
    frames.reverse();
    frames
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::compute;
    use crate::protocol::Timestamp;
    use crate::stacktrace::{Rules, resolve};

    /// Logs of OpenJDK 17, without the sections behind the registers.
    const POKE: &str = include_str!("../../../tests/data/hs_err/poke.log");
    const HOT: &str = include_str!("../../../tests/data/hs_err/hot.log");
    const SENT: &str = include_str!("../../../tests/data/hs_err/sent.log");

    fn of(text: &str) -> Event {
        let log = Log { path: "/srv/shop/hs_err_pid42.log".into(), text: text.to_owned(), time: Timestamp(1_000_000) };
        let said = Event { platform: "java".to_owned(), release: Some("shop@1".to_owned()), ..Event::default() };
        let mut event = event(said, &log, EventId(1)).unwrap();
        if let Some(stack) = event.exception.values[0].stacktrace.as_mut() {
            resolve("java", stack, &Rules::default());
        }
        event
    }

    fn functions(event: &Event) -> Vec<String> {
        let frames = &event.exception.values[0].stacktrace.as_ref().unwrap().frames;
        let place = |f: &Frame| f.module.clone().or_else(|| f.package.clone()).unwrap_or_default();
        frames.iter().map(|f| format!("{} {}", place(f), f.function.as_deref().unwrap_or("-"))).collect()
    }

    #[test]
    fn a_fault_in_the_jvm_names_the_code_that_called_it() {
        let event = of(POKE);
        let exception = &event.exception.values[0];
        assert_eq!(exception.ty.as_deref(), Some("SIGSEGV"));
        assert_eq!(exception.value.as_deref(), Some("Segfault: invalid memory access at 0x8"));
        let mechanism = exception.mechanism.as_ref().unwrap();
        assert_eq!((mechanism.ty.as_str(), mechanism.handled), ("signalhandler", Some(false)));
        assert_eq!(mechanism.meta["signal"]["code_name"], "SEGV_MAPERR");
        assert_eq!(mechanism.data["frame"], "V  [libjvm.so+0xed2f94]  Unsafe_PutLong+0x124");
        assert_eq!(event.threads.values[0].name.as_deref(), Some("checkout-1"));
        assert_eq!((event.level, event.release.as_deref()), (Level::Fatal, Some("shop@1")));
        assert_eq!(event.contexts["runtime"]["version"], "17.0.15+6");
        let expected = [
            "shop.Checkout lambda$main$0",
            "shop.Checkout order",
            "shop.Checkout poke",
            "sun.misc.Unsafe putAddress",
            "jdk.internal.misc.Unsafe putAddress",
            "jdk.internal.misc.Unsafe putAddress",
            "jdk.internal.misc.Unsafe putLong",
            "libjvm.so Unsafe_PutLong",
        ];
        assert_eq!(functions(&event), expected);
        let frames = &exception.stacktrace.as_ref().unwrap().frames;
        let of_the_app = frames.iter().filter(|f| f.in_app == Some(true)).count();
        assert_eq!((of_the_app, frames[7].platform.as_deref()), (3, Some("native")));
    }

    #[test]
    fn a_fault_in_compiled_code_and_one_from_outside() {
        let event = of(HOT);
        assert_eq!(functions(&event), ["shop.Checkout main", "shop.Checkout hot"]);
        assert_eq!(event.threads.values[0].name.as_deref(), Some("main"));
        let event = of(SENT);
        let exception = &event.exception.values[0];
        assert_eq!(exception.value.as_deref(), Some("Segfault: sent by a process"));
        assert_eq!(
            (functions(&event), event.threads.values[0].name.as_deref()),
            (vec!["libc.so.6 -".to_owned()], None)
        );
    }

    #[test]
    fn another_run_is_the_same_fault() {
        let hash = |text: &str| compute(&of(text), &|_, _| false).hash;
        let other = POKE.replace("0x00007f54", "0x00007e12").replace("$$Lambda$1+0x", "$$Lambda$7+0x");
        assert_eq!(hash(POKE), hash(&other));
        assert_ne!(hash(POKE), hash(&POKE.replace("Checkout.poke", "Checkout.prod")));
    }

    /// The log holds the environment, the command line, registers and memory, and the event nothing of them.
    #[test]
    fn nothing_else_of_the_log_is_taken() {
        let secrets = "\nEnvironment Variables:\nAPI_KEY=hunter2hunter2\n\nVM Arguments:\njava_command: shop.Main --token hunter2hunter2\n";
        let with = POKE.replace("Command Line: ", "Command Line: --token=hunter2hunter2 ") + secrets;
        assert_eq!(of(&with), of(POKE));
        let sent = serde_json::to_string(&of(&with)).unwrap();
        for unwanted in ["hunter2", "Registers", "RAX", "AMD", "Debian GNU", "ErrorFile"] {
            assert!(!sent.contains(unwanted), "{unwanted} in {sent}");
        }
    }
}
