//! Frames of generated code are told as the code that people wrote.

use std::path::Path;

use faultwire::Options;
use faultwire::protocol::{Frame, Value};
use faultwire::stacktrace::parse;

use crate::texts::{event_of, folder, frames, hooked_event_of};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sourcemaps");

/// The errors of a build: message, stack, and the stack as Node itself maps it.
fn errors(tool: &str) -> Vec<(String, String, String)> {
    let text = std::fs::read_to_string(Path::new(FIXTURES).join("stacks.json")).unwrap();
    let builds: Value = serde_json::from_str(&text).unwrap();
    let text = |error: &Value, key: &str| error[key].as_str().unwrap().replace("DIR", FIXTURES);
    let list = builds[tool].as_array().unwrap();
    assert_eq!(list.len(), 3);
    list.iter().map(|e| (text(e, "message"), text(e, "stack"), text(e, "mapped"))).collect()
}

fn of_app(event: &Value) -> Vec<Frame> {
    let all = frames(event).iter().map(|f| serde_json::from_value::<Frame>(f.clone()).unwrap());
    all.filter(|f| f.in_app == Some(true)).collect()
}

/// The file below `src`, line and column.
fn position(frame: &Frame) -> (String, Option<u32>, Option<u32>) {
    let path = frame.abs_path.as_deref().unwrap();
    (path.rsplit_once("src/").unwrap_or(("", path)).1.to_owned(), frame.lineno, frame.colno)
}

/// Every build of every tool: positions as Node maps them, the line that stands there, and names as written.
#[test]
fn the_builds_of_real_tools_are_mapped_as_node_maps_them() {
    // Webpack's minifier inlines functions until they have no name, and its map does not know that of `#e`.
    let expected: [(&str, [&[&str]; 3]); 4] = [
        (
            "tsc",
            [
                &["Object.<anonymous>", "main", "checkout", "total"],
                &["main", "Cart.reserve", "#take"],
                &["main", "<anonymous>"],
            ],
        ),
        (
            "esbuild",
            [
                &["Object.<anonymous>", "main", "checkout", "total"],
                &["main", "Cart.reserve", "#take"],
                &["main", "<anonymous>"],
            ],
        ),
        (
            "esbuild-inline",
            [
                &["Object.<anonymous>", "main", "checkout", "total"],
                &["main", "Cart.reserve", "#take"],
                &["main", "<anonymous>"],
            ],
        ),
        (
            "webpack",
            [&["<anonymous>", "<anonymous>"], &["<anonymous>", "Cart.reserve", "#e"], &["<anonymous>", "<anonymous>"]],
        ),
    ];
    for (tool, names) in expected {
        for ((message, stack, mapped), names) in errors(tool).into_iter().zip(names) {
            let event = event_of(&message, &stack, Options::default());
            let is_source = |f: &Frame| f.abs_path.as_deref().is_some_and(|p| p.ends_with(".ts"));
            let ours: Vec<Frame> = of_app(&event).into_iter().filter(is_source).collect();
            let mut theirs = parse("node", &mapped, &message);
            theirs.retain(is_source);
            if tool == "webpack" && ours.len() < theirs.len() {
                // The call that webpack put around the bundle: its map says that it comes from nowhere, and Node
                // takes the place before it.
                assert!(frames(&event)[0]["abs_path"].as_str().unwrap().ends_with("webpack/main.js"));
                theirs.remove(0);
            }
            let positions = |frames: &[Frame]| frames.iter().map(position).collect::<Vec<_>>();
            assert_eq!(positions(&ours), positions(&theirs), "{tool}: {stack}");
            let functions: Vec<&str> = ours.iter().filter_map(|f| f.function.as_deref()).collect();
            assert_eq!(functions, names, "{tool}: {stack}");
            for frame in &ours {
                let (file, line, _) = position(frame);
                let source = std::fs::read_to_string(Path::new(FIXTURES).join("src").join(&file)).unwrap();
                let line = source.lines().nth(line.unwrap() as usize - 1);
                assert_eq!(frame.context_line.as_deref(), line, "{tool}: {file}");
                assert!(frame.module.as_deref().unwrap().ends_with(&format!("src/{}", file.trim_end_matches(".ts"))));
            }
        }
    }
}

/// What Node mapped already is not mapped again, and has the same fingerprint as what we mapped.
#[test]
fn what_node_mapped_already_stays() {
    let (message, stack, mapped) = errors("tsc").remove(0);
    let ours = event_of(&message, &stack, Options::default());
    let theirs = event_of(&message, &mapped, Options::default());
    assert_eq!(of_app(&ours), of_app(&theirs));
    assert_eq!(ours["contexts"]["faultwire"]["fingerprint"], theirs["contexts"]["faultwire"]["fingerprint"]);
}

/// The tools build the same program: where they leave functions apart it is the same issue.
#[test]
fn another_tool_gives_the_same_fingerprint() {
    let fingerprint = |tool: &str, n: usize| {
        let (message, stack, _) = errors(tool).remove(n);
        event_of(&message, &stack, Options::default())["contexts"]["faultwire"]["fingerprint"].clone()
    };
    for n in 0..3 {
        assert_eq!(fingerprint("tsc", n), fingerprint("esbuild", n));
        assert_eq!(fingerprint("tsc", n), fingerprint("esbuild-inline", n));
    }
}

/// A hook on the app thread sees what the engine printed; what is sent is mapped all the same, and what the hook
/// set stays.
#[test]
fn an_event_that_a_hook_had_in_its_hands_is_mapped_too() {
    let (message, stack, _) = errors("esbuild").remove(0);
    let plain = event_of(&message, &stack, Options::default());
    let hooked = hooked_event_of(&message, &stack, |event| {
        let frames = &event.exception.values[0].stacktrace.as_ref().unwrap().frames;
        assert_eq!(frames.last().and_then(|f| f.function.as_deref()).map(str::len), Some(1), "a short name");
    });
    assert_eq!(plain["exception"], hooked["exception"]);
    assert_eq!(plain["contexts"]["faultwire"], hooked["contexts"]["faultwire"]);

    let changed = hooked_event_of(&message, &stack, |event| {
        let frames = &mut event.exception.values[0].stacktrace.as_mut().unwrap().frames;
        frames.last_mut().unwrap().in_app = Some(false);
        frames.last_mut().unwrap().module = Some("acme".to_owned());
    });
    let last = frames(&changed).last().unwrap();
    assert_eq!((&last["in_app"], &last["module"], &last["lineno"]), (&false.into(), &"acme".into(), &34.into()));
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// Deployed without its sources: the lines come out of the map, and without context lines the positions still do.
#[test]
fn the_map_brings_the_sources_where_they_are_not_deployed() {
    let (message, stack, _) = errors("esbuild").remove(1);
    let deployed = folder("deployed");
    copy(&Path::new(FIXTURES).join("esbuild"), &deployed.join("esbuild"));
    let stack = stack.replace(FIXTURES, deployed.to_str().unwrap());
    let event = event_of(&message, &stack, Options::default());
    let last = of_app(&event).pop().unwrap();
    assert_eq!(last.context_line.as_deref(), Some("      throw new OutOfStock(item);"));
    assert_eq!((last.pre_context.len(), last.post_context.len()), (5, 5));

    let event = event_of(&message, &stack, Options { include_source_context: false, ..Options::default() });
    let last = of_app(&event).pop().unwrap();
    assert_eq!((last.lineno, last.context_line), (Some(26), None));
}

/// Whatever a comment names or a map holds, the frame stays as the engine gave it, and the worker goes on.
#[test]
fn maps_that_cannot_be_read_leave_the_frame_alone() {
    let folder = folder("unreadable");
    let code = "f();\n";
    let pipe = folder.join("pipe.map");
    let _ = std::fs::remove_file(&pipe);
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::fs::write(folder.join("broken.map"), "{\"version\":3,").unwrap();
    std::fs::write(folder.join("elsewhere.map"), r#"{"version":3,"sources":["/dev/zero"],"mappings":"AAAA"}"#).unwrap();
    std::fs::write(folder.join("nowhere.map"), r#"{"version":3,"sources":[],"mappings":"AAAA"}"#).unwrap();
    let huge = std::fs::File::create(folder.join("huge.map")).unwrap();
    huge.set_len(1 << 30).unwrap();
    for (n, url) in [
        "pipe.map",
        "broken.map",
        "nowhere.map",
        "huge.map",
        "absent.map",
        "/dev/zero",
        "/proc/self/environ",
        "http://127.0.0.1:9/x.map",
        "//127.0.0.1/x.map",
        "data:application/json;base64,!!",
        "data:,%7B%7D",
        "..",
    ]
    .into_iter()
    .enumerate()
    {
        let path = folder.join(format!("{n}.js"));
        std::fs::write(&path, format!("{code}//# sourceMappingURL={url}\n")).unwrap();
        let path = path.to_str().unwrap();
        let event = event_of("boom", &format!("Error: boom\n    at f ({path}:1:1)"), Options::default());
        let frame = of_app(&event).pop().unwrap();
        assert_eq!((frame.abs_path.as_deref(), frame.lineno), (Some(path), Some(1)), "{url}");
        assert_eq!(frame.context_line.as_deref(), Some("f();"), "{url}");
    }
    // A source that is a device is named, and not read.
    let path = folder.join("elsewhere.js");
    std::fs::write(&path, "f();\n//# sourceMappingURL=elsewhere.map\n").unwrap();
    let event = event_of("boom", &format!("Error: boom\n    at f ({}:1:1)", path.display()), Options::default());
    let frame = of_app(&event).pop().unwrap();
    assert_eq!((frame.abs_path.as_deref(), frame.context_line), (Some("/dev/zero"), None));
}
