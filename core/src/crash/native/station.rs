//! The crash capture of one engine: armed at `init` or, in a forked child, by its worker; kept up to date by the
//! worker; disarmed by `close`. And what earlier processes left is reported.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::file::{self, CrashFile};
use super::scope::Snapshots;
use super::{host, report, signal, stack};
#[cfg(any(feature = "jvm", test))]
use crate::crash::hs_err::Note;
use crate::crash::said::{self, Upto};
use crate::engine::Engine;
use crate::fork;
use crate::log::debug;
use crate::loss::Reason;
use crate::outbox::spool::open_directory;
use crate::own::Own;
use crate::pipeline::Pipeline;
use crate::settings::Settings;

/// How often the worker looks whether something was said or loaded.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often files of dead processes are looked for.
const REPORT_EVERY: Duration = Duration::from_secs(60);
/// A process that goes on for so long after a crash did not crash.
const SURVIVED_SECONDS: i64 = 30;

#[derive(Debug, Default)]
pub(crate) struct Station {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    armed: Option<Armed>,
    /// Not to be tried again: it failed, or the client is closed.
    over: bool,
    snapshots: Snapshots,
    /// Why what was taken from it cannot be had anew.
    lacking: Option<String>,
    looked: Option<Instant>,
    reported: Option<Instant>,
}

/// What the next start finds.
#[derive(Debug)]
struct Armed {
    file: CrashFile,
    by: By,
}

/// Who writes what happened.
#[derive(Debug)]
enum By {
    /// Our handler. Memory is written into the pipe to see whether it is there.
    Signals(stack::Ends),
    /// The host; the file says where.
    Host,
}

impl Station {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the worker is to look here now and then, and how often.
    pub fn patience(&self, settings: &Settings) -> Option<Duration> {
        settings.options.capture_crashes.then_some(LOOK_EVERY)
    }

    /// Records crashes of this process from now on, if the options want that. To be called by the thread that calls
    /// `init`: it is given a stack for handlers.
    pub fn begin(&self, settings: &Settings) {
        if settings.options.capture_crashes {
            if !settings.sdk.host_reports_crashes {
                signal::give_stack();
            }
            let _busy = fork::busy();
            self.state().arm(settings);
        }
    }

    /// True when a dead process left something to report.
    pub fn has_orphans(&self, settings: &Settings) -> bool {
        let _busy = fork::busy();
        settings.spool_place().is_ok_and(|place| file::has_orphans(&place))
    }

    /// Lets crashes show the stack that the host itself writes: [`host::learn`]. False where none are captured.
    pub fn learn_host_stack(
        &self,
        register: &mut dyn FnMut(i32, i32) -> bool,
        unregister: &mut dyn FnMut(i32),
    ) -> bool {
        let is_armed = {
            let _busy = fork::busy();
            self.state().armed.as_ref().is_some_and(|armed| matches!(armed.by, By::Signals(_)))
        };
        is_armed && host::learn(register, unregister)
    }

    /// Ends that: [`host::forget`].
    pub fn forget_host_stack(unregister: &mut dyn FnMut(i32)) {
        host::forget(unregister);
    }

    /// The worker's part: `now` for a flush, which is not to wait for the next look.
    pub fn look(&self, engine: &Engine, pipeline: &mut Pipeline, now: bool) {
        let settings = &engine.settings;
        let mut state = self.state();
        if !settings.options.capture_crashes && state.reported.is_some() {
            return;
        }
        let is_due = |last: Option<Instant>, every| last.is_none_or(|last| last.elapsed() >= every);
        if settings.options.capture_crashes {
            state.arm(settings);
            signal::set_worker(std::thread::current());
            if now || signal::waits() || is_due(state.looked, LOOK_EVERY) {
                state.looked = Some(Instant::now());
                state.refresh(settings);
            }
        }
        if is_due(state.reported, REPORT_EVERY) {
            state.reported = Some(Instant::now());
            // Symbols can take seconds, for which `end` is not to wait.
            drop(state);
            if let Ok(place) = settings.spool_place() {
                report_all(engine, pipeline, &place);
            }
        }
    }

    /// The end of the client: what happens after it is not recorded.
    pub fn end(&self) {
        let mut state = self.state();
        state.over = true;
        if let Some(armed) = state.armed.take() {
            if armed.disarm() {
                armed.file.remove();
            } else {
                // A crash is being recorded: the process is not to see its end.
                state.armed = Some(armed);
            }
        }
    }
}

impl State {
    fn arm(&mut self, settings: &Settings) {
        if self.armed.is_some() || self.over {
            return;
        }
        said::watch();
        if let Err(reason) = self.renew(settings) {
            said::rest();
            self.over = true;
            debug!("crashes are not captured: {reason}");
        }
    }

    /// Arms anew, from the file on. Until that is done what was armed before stays so, and also where it cannot be done:
    /// a crash in between finds the one or the other.
    fn renew(&mut self, settings: &Settings) -> Result<(), String> {
        let place = settings.spool_place().map_err(|unusable| unusable.0)?;
        open_directory(&place).map_err(|unusable| unusable.0)?;
        let file = CrashFile::create(&place).map_err(|error| error.to_string())?;
        let mut snapshots = Snapshots::default();
        let upto = write_scope(&mut snapshots, &file, settings);
        let armed = Armed::new(file, settings)?;
        if let Some(upto) = upto {
            said::written(&upto);
        }
        self.snapshots = snapshots;
        self.tell_code();
        if let Some(before) = self.armed.replace(armed) {
            before.file.remove();
        }
        Ok(())
    }

    fn refresh(&mut self, settings: &Settings) {
        // Something of it was deleted by somebody, or closed by the application.
        let is_lacking = self.armed.as_ref().is_some_and(|armed| !armed.is_whole());
        let reason = if is_lacking { self.renew(settings).err() } else { None };
        // What is left of it is used. It is tried again each second, and said once.
        if let Some(reason) = &reason
            && self.lacking.as_ref() != Some(reason)
        {
            debug!("crash capture is incomplete, and cannot be set up anew: {reason}");
        }
        self.lacking = reason;
        let Some(armed) = &self.armed else { return };
        if signal::handed_over_for().is_some_and(|seconds| seconds > SURVIVED_SECONDS) {
            signal::withdraw();
        }
        if let Some(upto) = write_scope(&mut self.snapshots, &armed.file, settings) {
            said::written(&upto);
        }
        self.tell_code();
    }

    fn tell_code(&mut self) {
        if let Some(code) = self.snapshots.take_code() {
            stack::set_code(code);
        }
    }
}

/// Writes what would be said of a crash, if that has changed; up to where it then is written.
fn write_scope(snapshots: &mut Snapshots, file: &CrashFile, settings: &Settings) -> Option<Upto> {
    let (bytes, upto) = snapshots.next(settings)?;
    if let Err(error) = file.write_scope(&bytes) {
        debug!("what would be said of a crash cannot be written: {}", error.kind());
    }
    Some(upto)
}

impl Armed {
    /// Has what happens from now on written to `file`, which is removed where that cannot be.
    fn new(file: CrashFile, settings: &Settings) -> Result<Armed, String> {
        let by = if settings.sdk.host_reports_crashes { by_host(&file) } else { by_signals(&file) };
        match by {
            Ok(by) => Ok(Armed { file, by }),
            Err(reason) => {
                file.remove();
                Err(reason.to_string())
            }
        }
    }

    /// Takes it back, before the file goes; false while a crash is being recorded.
    fn disarm(&self) -> bool {
        match &self.by {
            By::Signals(_) => signal::disarm(&self.file.file),
            By::Host => true,
        }
    }

    /// True as long as all is there that the handler needs.
    fn is_whole(&self) -> bool {
        let is_open = match &self.by {
            By::Signals((reads, writes)) => reads.get().is_some() && writes.get().is_some(),
            By::Host => true,
        };
        self.file.exists() && is_open
    }
}

fn by_signals(file: &CrashFile) -> io::Result<By> {
    let (reads, writes) = io::pipe()?;
    for end in [reads.as_raw_fd(), writes.as_raw_fd()] {
        // SAFETY: a live descriptor. A handler must not wait.
        unsafe { libc::fcntl(end, libc::F_SETFL, libc::O_NONBLOCK) };
    }
    let pipe = (Own::new(reads), Own::new(writes));
    if signal::arm(&file.file, &pipe) {
        Ok(By::Signals(pipe))
    } else {
        Err(io::Error::other("a crash is being recorded"))
    }
}

/// Nothing of this process is changed: a file tells the next one where to look.
fn by_host(file: &CrashFile) -> io::Result<By> {
    let bytes = note()?;
    let mut open: &File = file.file.get().ok_or(io::ErrorKind::NotFound)?;
    open.write_all(&bytes)?;
    Ok(By::Host)
}

/// Makes an event of each crash that earlier processes left.
fn report_all(engine: &Engine, pipeline: &mut Pipeline, place: &Path) {
    for orphan in file::orphans(place) {
        let Some(event) = report::read(&orphan, &engine.settings) else {
            // It ended without one.
            orphan.remove();
            continue;
        };
        match pipeline.process_recovered(event, &engine.settings) {
            Ok(finished) => {
                let (stored, evicted) = engine.outbox.recover(finished.record);
                for record in evicted {
                    engine.drop_record(&record, Reason::CacheOverflow);
                }
                if !stored {
                    debug!("a crash of an earlier process cannot be stored, and is left for later");
                    return;
                }
            }
            Err(reason) => {
                debug!("crash of an earlier process dropped: {}", reason.as_str());
                engine.losses.add_recovered(reason, 1);
            }
        }
        orphan.remove();
    }
}

/// Where the JVM would write of its end.
#[cfg(any(feature = "jvm", test))]
fn note() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    crate::framing::append(&mut bytes, super::record::NOTE, &[&serde_json::to_vec(&Note::here())?]);
    Ok(bytes)
}

/// Only the bridge to the JVM is to such a host.
#[cfg(not(any(feature = "jvm", test)))]
fn note() -> io::Result<Vec<u8>> {
    Err(io::ErrorKind::Unsupported.into())
}
