//! Stacks and what names them: any text is survived, and read in bounded room.
//!
//! Input: for `v8` the error's message, a line with `--`, and the stack; for the others a path or symbol a line,
//! for `python` also what the interpreter writes in a crash.

use faultwire::protocol::{Frame, Stacktrace};
use faultwire::stacktrace::v8::{MAX_TEXT, place_hash, places};
use faultwire::stacktrace::{MAX_FRAMES, Rules, dumped, parse, python, resolve, rust as symbols};

pub fn v8(input: &[u8]) {
    let Some(text) = crate::text(input) else { return };
    let (message, stack) = text.split_once("\n--\n").unwrap_or(("", text));
    let found = places(stack, message);
    assert!(found.len() <= MAX_TEXT && stack.contains(found));
    assert_eq!(place_hash(found), place_hash(places(stack, message)));
    let frames = parse("node", stack, message);
    assert!(frames.len() <= MAX_FRAMES && frames.len() <= stack.lines().count() + 1);
    if found.is_empty() {
        assert!(frames.is_empty(), "{frames:?}");
    }
    let mut stack = Stacktrace { frames };
    let rules = Rules { root: Some("/srv/app".to_owned()), ..Rules::default() };
    settles("node", &mut stack, &rules);
}

pub fn python(input: &[u8]) {
    let Some(text) = crate::text(input) else { return };
    let mut frames = Vec::new();
    for (number, line) in text.lines().take(64).enumerate() {
        if let Some(module) = python::module_of_path(line) {
            assert!(module.len() <= line.len(), "{module:?} of {line:?}");
        }
        let (path, module) = line.split_once('\t').unwrap_or((line, ""));
        frames.push(Frame {
            abs_path: Some(path.to_owned()),
            module: Some(module.to_owned()).filter(|m| !m.is_empty()),
            function: Some(module.rsplit('.').next().unwrap_or("f").to_owned()),
            lineno: u32::try_from(number).ok(),
            ..Frame::default()
        });
    }
    settles("python", &mut Stacktrace { frames }, &Rules::default());
    let frames = dumped("python", text);
    assert!(frames.len() <= MAX_FRAMES && frames.len() <= text.matches('\n').count());
    for frame in &frames {
        let names = [&frame.function, &frame.filename, &frame.abs_path];
        assert!(names.iter().any(|name| name.as_deref().is_some_and(|name| !name.is_empty())), "{frame:?}");
        // An escape is longer than what it stands for.
        assert!(names.iter().filter_map(|name| name.as_deref()).map(str::len).sum::<usize>() < text.len());
    }
    settles("python", &mut Stacktrace { frames }, &Rules::default());
}

pub fn rust(input: &[u8]) {
    let Some(text) = crate::text(input) else { return };
    let mut frames = Vec::new();
    for line in text.lines().take(64) {
        let (module, function) = symbols::split_symbol(line);
        assert!(module.as_deref().map_or(0, str::len) + function.len() <= line.len() + 64, "{module:?} {function:?}");
        let (path, symbol) = line.split_once('\t').unwrap_or(("/srv/app/src/main.rs", line));
        frames.push(Frame { abs_path: Some(path.to_owned()), function: Some(symbol.to_owned()), ..Frame::default() });
    }
    settles("rust", &mut Stacktrace { frames }, &Rules::default());
}

/// Frames never grow in number, the crash stays, and a second time completes nothing more.
fn settles(platform: &str, stack: &mut Stacktrace, rules: &Rules) {
    let before = stack.frames.len();
    let crash = stack.frames.last().cloned();
    let resolved = resolve(platform, stack, rules);
    let gone = (resolved.blocklisted + resolved.recursion_folded) as usize;
    assert_eq!(stack.frames.len() + gone, before);
    assert_eq!(stack.frames.is_empty(), before == 0);
    // What reported the crash is not where it happened: only such frames leave the end.
    if let (Some(before), Some(after)) = (crash, stack.frames.last()) {
        let same = before.lineno == after.lineno && before.abs_path == after.abs_path;
        assert!(same || resolved.blocklisted > 0, "the crash stays");
    }
    let mut again = stack.clone();
    resolve(platform, &mut again, rules);
    // Folding may find a longer cycle among what is left; the frames themselves are complete.
    for frame in &again.frames {
        assert!(stack.frames.contains(frame), "{frame:?} changed");
    }
}
