//! The log as text. Sections are looked for by their titles, which have been the same since JDK 8; where one is missing,
//! for the JVM may fail once more while it writes, the rest is read.

use crate::protocol::Frame;

/// Frames taken of a stack, innermost first: an overflow has no end of them.
const MAX_FRAMES: usize = 128;

/// What is taken of a log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Log<'t> {
    /// `SIGSEGV`; nothing where the JVM found out by itself.
    pub signal: Option<(&'t str, i32)>,
    /// `si_code`.
    pub code: Option<i32>,
    /// `si_addr`.
    pub address: u64,
    /// Stack pointer.
    pub stack: u64,
    /// What it was where it was no signal: `Internal Error (sharedRuntime.cpp:553)`, `Out of Memory Error (...)`.
    pub error: Option<&'t str>,
    /// What the JVM says of that: `guarantee(caller != 0) failed: must be`.
    pub detail: Option<&'t str>,
    /// Where: `V  [libjvm.so+0xed2f94]  Unsafe_PutLong+0x124`.
    pub problematic: Option<&'t str>,
    /// `OpenJDK Runtime Environment`, `17.0.15+6`.
    pub runtime: Option<(&'t str, &'t str)>,
    /// Name of the thread; of one that the JVM does not know there is none.
    pub thread: Option<&'t str>,
    pub thread_id: Option<u64>,
    /// Innermost first.
    pub frames: Vec<Line<'t>>,
}

/// A line of a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line<'t> {
    /// Compiled or interpreted.
    Java { class: &'t str, method: &'t str },
    /// The JVM's own code (`V`), or that of a library (`C`).
    Native { of_the_jvm: bool, library: Option<&'t str>, function: Option<&'t str> },
}

impl Line<'_> {
    pub fn frame(&self) -> Frame {
        let owned = |text: &str| Some(text.to_owned());
        match self {
            Line::Java { class, method } => Frame { module: owned(class), function: owned(method), ..Frame::default() },
            Line::Native { of_the_jvm, library, function } => Frame {
                platform: owned("native"),
                function: function.and_then(owned),
                package: library.and_then(owned),
                in_app: of_the_jvm.then_some(false),
                ..Frame::default()
            },
        }
    }
}

/// Reads a log; `None` where it is none.
pub(super) fn read(text: &str) -> Option<Log<'_>> {
    let mut header = text.lines().take_while(|line| line.starts_with('#')).map(|line| line[1..].trim());
    let mut log = Log::default();
    header.find(|line| {
        line.ends_with("by the Java Runtime Environment:") || line.starts_with("There is insufficient memory")
    })?;
    let mut texts = header.filter(|line| !line.is_empty()).peekable();
    while let Some(line) = texts.next() {
        if let Some(signal) = signal(line) {
            log.signal = Some(signal);
            log.thread_id = after(line, "tid=").and_then(number);
        } else if line.contains(", pid=") && log.signal.is_none() {
            log.error = line.split(", pid=").next();
            log.thread_id = after(line, "tid=").and_then(number);
            let is_more = |next: &&str| !next.starts_with("JRE version");
            log.detail = log.detail.or_else(|| texts.peek().copied().filter(is_more).map(without_label));
        } else if line.starts_with("Native memory allocation") {
            log.detail = Some(line);
        } else if let Some(version) = line.strip_prefix("JRE version: ") {
            log.runtime = runtime(version);
        } else if line.starts_with("Problematic frame:") {
            log.problematic = texts.peek().copied().filter(|next| !next.starts_with("No core dump"));
        }
    }
    if log.signal.is_none() && log.error.is_none() {
        return None;
    }
    read_thread(text, &mut log);
    Some(log)
}

fn read_thread<'t>(text: &'t str, log: &mut Log<'t>) {
    let line = |start: &str| text.lines().find_map(|line| line.strip_prefix(start));
    log.thread = line("Current thread (").and_then(|rest| {
        // The name is the application's, and can have anything in it.
        let (_, rest) = rest.split_once('"')?;
        rest.rsplit_once("\" [").map(|(name, _)| name).or_else(|| rest.split_once('"').map(|(name, _)| name))
    });
    log.stack = line("Stack: ").and_then(|rest| after(rest, "sp=")).and_then(number).unwrap_or_default();
    if let Some(info) = line("siginfo: ") {
        log.code = after(info, "si_code: ").and_then(|code| code.split([' ', ',']).next()?.parse().ok());
        log.address = after(info, "si_addr: ").and_then(number).unwrap_or_default();
    }
    log.frames = section(text, "Native frames:");
    if log.frames.is_empty() {
        log.frames = section(text, "Java frames:");
    }
}

/// The frames of a section, which ends with an empty line.
fn section<'t>(text: &'t str, title: &str) -> Vec<Line<'t>> {
    let lines = text.lines().skip_while(|line| !line.starts_with(title)).skip(1);
    lines.take_while(|line| !line.trim().is_empty()).filter_map(frame).take(MAX_FRAMES).collect()
}

/// `SIGSEGV (0xb) at pc=...`.
fn signal(line: &str) -> Option<(&str, i32)> {
    let (name, rest) = line.split_once(" (0x")?;
    let number = i32::from_str_radix(rest.split_once(')')?.0, 16).ok()?;
    (name.starts_with("SIG") && name.bytes().all(|b| b.is_ascii_alphanumeric())).then_some((name, number))
}

/// `OpenJDK Runtime Environment (17.0.15+6) (build ...)`, of vendors also `... Temurin-17.0.2+8 (17.0.2+8) (build ...)`.
fn runtime(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.split_once(" (")?;
    Some((name, rest.split_once(')')?.0))
}

/// What the JVM says, without `Error: `, `fatal error: ` and their like, which the event says already.
fn without_label(text: &str) -> &str {
    text.strip_prefix("Error: ").or_else(|| text.strip_prefix("fatal error: ")).unwrap_or(text)
}

fn after<'t>(text: &'t str, mark: &str) -> Option<&'t str> {
    text.split_once(mark).map(|(_, rest)| rest)
}

/// The number at the beginning, decimal or with `0x`.
fn number(text: &str) -> Option<u64> {
    let (digits, radix) = text.strip_prefix("0x").map_or((text, 10), |hex| (hex, 16));
    let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    u64::from_str_radix(digits.get(..end)?, radix).ok()
}

/// A line of a stack. Code that the JVM makes for itself (`v  ~StubRoutines::call_stub`) is none.
fn frame(line: &str) -> Option<Line<'_>> {
    let (kind, rest) = line.split_once(' ')?;
    let rest = rest.trim_start();
    match kind {
        "j" => java(rest),
        // Its number, `%` where it was compiled in the midst of a loop, the compiler.
        "J" | "A" => java(rest.split(' ').find(|word| word.contains('.') && word.contains('('))?),
        "V" | "C" => Some(native(rest, kind == "V")),
        _ => None,
    }
}

/// `shop.Checkout$$Lambda$1+0x00007f5380000a08.run()V+0 java.base@17.0.15`.
fn java(text: &str) -> Option<Line<'_>> {
    let (path, _) = text.split_once('(')?;
    let (class, method) = path.rsplit_once('.')?;
    // A hidden class: its address is another in each run.
    let class = class.split("+0x").next().unwrap_or(class);
    (!class.is_empty() && !method.is_empty()).then_some(Line::Java { class, method })
}

/// `[libjvm.so+0x8282d2]  JavaCalls::call_helper(JavaValue*)+0x302`, since JDK 20 with ` (javaCalls.cpp:419)`.
fn native(text: &str, of_the_jvm: bool) -> Line<'_> {
    let (library, rest) = match text.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        Some((place, rest)) => (place.rsplit_once("+0x").map(|(library, _)| library), rest.trim_start()),
        // A bare address.
        None => (None, ""),
    };
    let name = rest.rfind("+0x").map_or(rest, |at| &rest[..at]);
    Line::Native { of_the_jvm, library, function: Some(name.trim()).filter(|name| !name.is_empty()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<Line<'_>> {
        text.lines().map(str::trim).filter_map(frame).collect()
    }

    #[test]
    fn frames_of_all_kinds() {
        let java = |class, method| Line::Java { class, method };
        let native = |of_the_jvm, library, function| Line::Native { of_the_jvm, library, function };
        let text = "j  shop.Cart$$Lambda$1+0x00007f5380000a08.run()V+0
            J 10 c2 shop.Cart.hot(JI)V (10 bytes) @ 0x00007f5b84ec7d42 [0x00007f5b84ec7d20+0x0000000000000022]
            J 7% c1 shop.Cart.<init>(Ljava/util/List;)V (80 bytes) @ 0x00007f5b84ec7d42 [0x1+0x2]
            J 300 jvmci java.lang.String.hashCode()I java.base@17.0.15 (60 bytes) @ 0x1 [0x1+0x2]
            j  java.lang.Thread.run()V+11 java.base@17.0.15
            v  ~StubRoutines::call_stub
            V  [libjvm.so+0x8282d2]  JavaCalls::call_helper(JavaValue*, JavaThread*)+0x302 (javaCalls.cpp:419)
            C  [libc.so.6+0x85f14]
            C  [libshop.so+0x1129]  Java_shop_Cart_pay+0x19
            C  0x00007f5406ad2f94
            ...<more frames>...
            [error occurred during error reporting (printing native stack), id 0xb]";
        let expected = [
            java("shop.Cart$$Lambda$1", "run"),
            java("shop.Cart", "hot"),
            java("shop.Cart", "<init>"),
            java("java.lang.String", "hashCode"),
            java("java.lang.Thread", "run"),
            native(true, Some("libjvm.so"), Some("JavaCalls::call_helper(JavaValue*, JavaThread*)")),
            native(false, Some("libc.so.6"), None),
            native(false, Some("libshop.so"), Some("Java_shop_Cart_pay")),
            native(false, None, None),
        ];
        assert_eq!(lines(text), expected);
    }

    #[test]
    fn what_is_no_log_is_not_read() {
        for text in
            ["", "#\n# nothing\n", "hello\n", "# A fatal error has been detected by the Java Runtime Environment:\n#\n"]
        {
            assert_eq!(read(text), None, "{text:?}");
        }
    }

    #[test]
    fn an_error_that_the_jvm_found_by_itself() {
        let text = "#\n# A fatal error has been detected by the Java Runtime Environment:\n#\n\
            #  Internal Error (sharedRuntime.cpp:553), pid=42, tid=43\n#  guarantee(caller != 0) failed: must be\n#\n\
            # JRE version: OpenJDK Runtime Environment Temurin-17.0.2+8 (17.0.2+8) (build 17.0.2+8)\n#\n";
        let log = read(text).unwrap();
        assert_eq!(log.error, Some("Internal Error (sharedRuntime.cpp:553)"));
        assert_eq!(log.detail, Some("guarantee(caller != 0) failed: must be"));
        assert_eq!(log.runtime, Some(("OpenJDK Runtime Environment Temurin-17.0.2+8", "17.0.2+8")));
        let text = "#\n# There is insufficient memory for the Java Runtime Environment to continue.\n\
            # Native memory allocation (mmap) failed to map 65536 bytes for committing reserved memory.\n\
            # Possible reasons:\n#   The system is out of physical RAM or swap space\n#\n\
            #  Out of Memory Error (os_linux.cpp:2798), pid=42, tid=43\n#\n# JRE version: X (17) (build 17)\n";
        let log = read(text).unwrap();
        assert_eq!((log.error, log.thread_id), (Some("Out of Memory Error (os_linux.cpp:2798)"), Some(43)));
        assert!(log.detail.unwrap().starts_with("Native memory allocation (mmap) failed to map"));
    }
}
