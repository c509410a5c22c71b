//! What `faulthandler` writes of a thread.
//!
//! ```text
//! Stack (most recent call first):
//!   File "/srv/shop/orders.py", line 17 in total
//!   File "/srv/shop/caf\xe9.py", line 3 in <module>
//! ```
//!
//! It writes while the process breaks down: at most 100 frames, names of at most 500 characters (`...` follows), what is
//! not printable ASCII as an escape, what cannot be read as `???`; and remarks, which differ from version to version.
//! A pipe that is full takes some pieces of a line and not others. So a line counts if it is whole, and only then.
//! Source: `Modules/faulthandler.c` and `Python/traceback.c` of CPython 3.9 to 3.14.

use crate::protocol::Frame;
use crate::stacktrace::MAX_FRAMES;

/// Characters after which a name is cut.
const LONGEST_NAME: usize = 500;
const CUT: &str = "...";
const UNKNOWN: &str = "???";

/// The frames of one thread, caller to callee. Whatever else stands in the text is passed over.
pub(in crate::stacktrace) fn frames(text: &str) -> Vec<Frame> {
    // A line that was not ended was not written to its end.
    let whole = text.rfind('\n').and_then(|end| text.get(..end)).unwrap_or_default();
    let mut frames: Vec<Frame> = whole.split('\n').filter_map(frame).take(MAX_FRAMES).collect();
    frames.reverse();
    frames
}

fn frame(line: &str) -> Option<Frame> {
    let rest = line.strip_prefix("  File ")?;
    // From the end: a path may hold anything, and so may a name, but who would name a function so?
    let (path, rest) = rest.rsplit_once(", line ")?;
    let (number, function) = rest.split_once(" in ")?;
    let lineno = match number {
        UNKNOWN => None,
        digits if digits.bytes().all(|b| b.is_ascii_digit()) => Some(digits.parse().ok().filter(|n| *n > 0)?),
        _ => return None,
    };
    let is_whole = !function.is_empty() && !function.starts_with(' ');
    let function = is_whole.then_some(function)?;
    let mut frame = Frame {
        function: (function != UNKNOWN).then(|| unescape(function)),
        lineno,
        platform: Some("python".to_owned()),
        ..Frame::default()
    };
    if path != UNKNOWN {
        let path = path.strip_prefix('"')?.strip_suffix('"').filter(|path| !path.is_empty())?;
        let is_cut = path.strip_suffix(CUT).is_some_and(|kept| kept.len() >= LONGEST_NAME);
        // Half a path leads nowhere; it is still a name.
        *(if is_cut { &mut frame.filename } else { &mut frame.abs_path }) = Some(unescape(path));
    }
    (frame.function.is_some() || path != UNKNOWN).then_some(frame)
}

/// The text before it was escaped. A backslash is not escaped itself, so what would not have been is left alone.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        match escape(after) {
            Some((character, length)) => {
                out.push(character);
                rest = after.get(length..).unwrap_or_default();
            }
            None => {
                out.push('\\');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// The character that `x41`, `u0041` or `U00000041` at the start of `text` stands for, and the length of that.
fn escape(text: &str) -> Option<(char, usize)> {
    let digits = match text.bytes().next()? {
        b'x' => 2,
        b'u' => 4,
        b'U' => 8,
        _ => return None,
    };
    let hex = text.get(1..=digits).filter(|hex| hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))?;
    // Lone surrogates, which stand for bytes that are no text, are no characters.
    let character = u32::from_str_radix(hex, 16).ok().and_then(char::from_u32)?;
    let is_escaped = !(' '..='~').contains(&character);
    is_escaped.then_some((character, 1 + digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Path or file name, line, function; caller to callee.
    fn read(text: &str) -> Vec<(Option<String>, Option<u32>, Option<String>)> {
        frames(text).into_iter().map(|f| (f.abs_path.or(f.filename), f.lineno, f.function)).collect()
    }

    fn row(path: &str, line: u32, function: &str) -> (Option<String>, Option<u32>, Option<String>) {
        (Some(path.to_owned()), Some(line), Some(function.to_owned()))
    }

    #[test]
    fn the_crash_is_last() {
        let text = "Stack (most recent call first):\n  File \"/srv/a.py\", line 3 in crash\n  \
                    File \"<frozen runpy>\", line 88 in _run_code\n";
        assert_eq!(read(text), [row("<frozen runpy>", 88, "_run_code"), row("/srv/a.py", 3, "crash")]);
        assert!(frames(text).iter().all(|f| f.platform.as_deref() == Some("python")));
    }

    #[test]
    fn remarks_of_all_versions_are_passed_over() {
        let text = "Current thread 0x00007f [python3.14] (most recent call first):\n  Garbage-collecting\n  \
                    File \"a.py\", line 3 in f\n  <invalid frame>\n  <freed frame>\n  ...\nplus 101 frames\n\
                    <truncated rest of calls>\nCurrent thread's C stack trace (most recent call first):\n  \
                    Binary file \"/usr/bin/python3\", at _start+0x25 [0x401ba5]\n\nExtension modules: a, b (total: 2)\n";
        assert_eq!(read(text), [row("a.py", 3, "f")]);
        for nothing in ["", "\n", "Stack (most recent call first):\n  <no Python frame>\n", "Stack"] {
            assert!(frames(nothing).is_empty(), "{nothing:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_left_open() {
        let text = "  File ???, line ??? in f\n  File \"a.py\", line ??? in ???\n  File ???, line 3 in ???\n";
        let expected = [(Some("a.py".to_owned()), None, None), (None, None, Some("f".to_owned()))];
        assert_eq!(read(text), expected);
    }

    #[test]
    fn escapes_are_undone_and_only_those() {
        let text = "  File \"/srv/caf\\xe9/\\u540d\\U0001f40d.py\", line 1 in \\xfcber\n";
        assert_eq!(read(text), [row("/srv/café/名🐍.py", 1, "über")]);
        for left in ["\\x41", "\\udc80", "\\xg0", "\\x", "\\u12", "\\\\", "\\U00110000", "\\XE9", "\\n", "\\"] {
            assert_eq!(unescape(left), left);
        }
        assert_eq!(unescape("\\x0a\\\\xe9é"), "\n\\éé");
    }

    #[test]
    fn half_a_path_is_a_name() {
        let long = format!("/{}", "d".repeat(LONGEST_NAME - 1));
        let text = format!("  File \"{long}...\", line 7 in {long}...\n  File \"/srv/wait...\", line 7 in f\n");
        let found = frames(&text);
        let [whole, cut] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((whole.abs_path.as_deref(), whole.filename.as_deref()), (Some("/srv/wait..."), None));
        assert_eq!((cut.abs_path.as_deref(), cut.filename.clone()), (None, Some(format!("{long}..."))));
        assert_eq!(cut.function, Some(format!("{long}...")));
    }

    /// What a pipe holds that could not take every piece, and what ends in the midst.
    #[test]
    fn lines_that_are_not_whole_do_not_count() {
        let whole = "  File \"a.py\", line 3 in f\n";
        for piece in [
            "  File \"\", line 3 in f\n",
            "  File \"a.py, line 3 in f\n",
            "  File a.py\", line 3 in f\n",
            "  File \"a.py\"3 in f\n",
            "  File \"a.py\", line  in f\n",
            "  File \"a.py\", line 0 in f\n",
            "  File \"a.py\", line -3 in f\n",
            "  File \"a.py\", line 99999999999 in f\n",
            "  File \"a.py\", line 3 in \n",
            "  File \"a.py\", line 3 in   File \n",
            "  File \"a.py\", line 3",
            "File \"a.py\", line 3 in f\n",
            "  File ",
            "  File \n",
            "\0\n",
        ] {
            assert_eq!(frames(piece), [], "{piece:?}");
            assert_eq!(frames(&format!("{whole}{piece}")).len(), 1, "{piece:?}");
        }
        assert!((0..whole.len()).all(|cut| frames(&whole[..cut]).is_empty()));
    }

    #[test]
    fn there_are_never_too_many() {
        assert_eq!(frames(&"  File \"a.py\", line 3 in f\n".repeat(MAX_FRAMES + 9)).len(), MAX_FRAMES);
    }
}
