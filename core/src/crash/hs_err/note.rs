//! Where the JVM of a process would write its log. It is asked for by options, in more places than one, and named by
//! the process.

use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::protocol::Timestamp;

/// The option that names the log.
const OPTION: &str = "-XX:ErrorFile=";
/// The JVM's own name for it, in its working directory or, where it cannot write, in that of temporary files.
const USUAL: &str = "hs_err_pid%p.log";
const TEMPORARY: &str = "/tmp";
/// Of a log: the sections that are read come first, within the first tens of kilobytes.
const MAX_BYTES: u64 = 256 << 10;

/// What a process leaves of itself for the next one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::crash) struct Note {
    pub pid: u32,
    /// When it was written: a log is newer.
    pub time: Timestamp,
    /// Where the log would be, the likeliest first.
    pub logs: Vec<PathBuf>,
}

/// A log that was found.
#[derive(Debug)]
pub(in crate::crash) struct Log {
    pub path: PathBuf,
    pub text: String,
    /// When it was finished.
    pub time: Timestamp,
}

impl Note {
    /// For this process.
    pub fn here() -> Note {
        // The kernel's, not the launcher's: that takes out what it understands itself. Elsewhere than on Linux the
        // environment alone is asked.
        let line = fs::read("/proc/self/cmdline").unwrap_or_default();
        let line = line.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned());
        let variable = |name| std::env::var(name).unwrap_or_default();
        let named = error_file(variable, line);
        let folder = std::env::current_dir().unwrap_or_default();
        let pid = std::process::id();
        Note { pid, time: Timestamp::now(), logs: logs(named.as_deref(), &folder, pid) }
    }

    /// The log of its process, if there is one.
    pub fn log(&self) -> Option<Log> {
        self.logs.iter().find_map(|path| self.read(path))
    }

    fn read(&self, path: &Path) -> Option<Log> {
        // Anybody may have put something there, in a folder for temporary files.
        let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
        let file = OpenOptions::new().read(true).custom_flags(flags).open(path).ok()?;
        let about = file.metadata().ok()?;
        let written = Timestamp(about.mtime().saturating_mul(1_000_000).saturating_add(about.mtime_nsec() / 1000));
        // SAFETY: asks only.
        let user = unsafe { libc::geteuid() };
        if !about.is_file() || about.uid() != user || written < self.time {
            return None;
        }
        let text = start_of(&file)?;
        // The number of a process comes again, and some name their log without it.
        text.contains(&format!("pid={},", self.pid)).then(|| Log { path: path.to_owned(), text, time: written })
    }
}

fn start_of(file: &File) -> Option<String> {
    let mut bytes = Vec::new();
    file.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// What the options name, the last one that does: of the environment, the command line, and the environment again.
fn error_file(variable: impl Fn(&'static str) -> String, line: impl Iterator<Item = String>) -> Option<String> {
    let before = ["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"].map(&variable);
    let before = before.iter().flat_map(|options| words(options));
    let all = before.chain(line).chain(words(&variable("_JAVA_OPTIONS")));
    all.filter_map(|word| word.strip_prefix(OPTION).map(str::to_owned)).filter(|path| !path.is_empty()).last()
}

/// The options in a variable: between spaces, unless these are in quotes.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in text.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None if c.is_whitespace() => words.push(String::new()),
            _ => words.last_mut().into_iter().for_each(|word| word.push(c)),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The paths that the JVM tries, in its order.
fn logs(named: Option<&str>, folder: &Path, pid: u32) -> Vec<PathBuf> {
    let usual = [folder.join(USUAL), Path::new(TEMPORARY).join(USUAL)];
    let named = named.map(|path| folder.join(path));
    named.into_iter().chain(usual).map(|path| with_pid(&path, pid)).collect()
}

/// `%p` is the number of the process, `%%` a `%`.
fn with_pid(path: &Path, pid: u32) -> PathBuf {
    let text = path.to_string_lossy();
    let parts = text.split("%%").map(|part| part.replace("%p", &pid.to_string()));
    PathBuf::from(parts.collect::<Vec<_>>().join("%"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(tool: &'static str, line: &[&str], last: &'static str) -> Option<String> {
        let variable = |name| match name {
            "JAVA_TOOL_OPTIONS" => tool.to_owned(),
            "_JAVA_OPTIONS" => last.to_owned(),
            _ => String::new(),
        };
        error_file(variable, line.iter().map(|word| (*word).to_owned()))
    }

    #[test]
    fn the_last_option_names_the_log() {
        assert_eq!(named("-Xmx1g", &["java", "-jar", "shop.jar"], ""), None);
        let line = ["java", "-XX:ErrorFile=/var/log/line.log", "Shop"];
        assert_eq!(named("-XX:ErrorFile=/tool.log", &["java"], "").as_deref(), Some("/tool.log"));
        assert_eq!(named("-XX:ErrorFile=/tool.log", &line, "").as_deref(), Some("/var/log/line.log"));
        let quoted = r#"-Da=b '-XX:ErrorFile=/var/log/my shop.log' -Dc="d e""#;
        assert_eq!(named("", &line, quoted).as_deref(), Some("/var/log/my shop.log"));
    }

    #[test]
    fn the_jvm_writes_where_it_can() {
        let paths = |named| logs(named, Path::new("/srv/100%%"), 42);
        let usual = ["/srv/100%/hs_err_pid42.log", "/tmp/hs_err_pid42.log"].map(PathBuf::from);
        assert_eq!(paths(None), usual);
        assert_eq!(paths(Some("logs/%p-%%p.log"))[0], Path::new("/srv/100%/logs/42-%p.log"));
        assert_eq!(paths(Some("/var/log/jvm.log"))[0], Path::new("/var/log/jvm.log"));
        assert_eq!(paths(Some("/var/log/jvm.log"))[1..], usual);
    }

    #[test]
    fn a_log_is_of_this_process_and_newer() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("hs_err.log");
        let note = |pid| Note { pid, time: Timestamp(Timestamp::now().0 - 2_000_000), logs: vec![path.clone()] };
        assert!(note(42).log().is_none(), "there is none");
        fs::write(&path, "#  SIGSEGV (0xb) at pc=0x1, pid=42, tid=43\n").unwrap();
        assert_eq!(note(42).log().map(|log| log.path), Some(path.clone()));
        assert!(note(4).log().is_none(), "another process's");
        let later = Note { time: Timestamp(Timestamp::now().0 + 2_000_000), ..note(42) };
        assert!(later.log().is_none(), "of an earlier process of the same number");
        let link = home.path().join("link.log");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(Note { logs: vec![link], ..note(42) }.log().is_none(), "nobody leads us elsewhere");
    }
}
