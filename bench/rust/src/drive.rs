//! `drive SDK URL FRAMES CAPTURES GAP_US WARM`: the Rust side of `drive.py`, with the same output.
//!
//! The capture happens inside the innermost of `FRAMES` calls, because both SDKs take the stack of
//! whoever captures.

use std::hint::black_box;
use std::time::{Duration, Instant};

#[derive(Debug)]
struct OrderError(u64);

impl std::fmt::Display for OrderError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "order failed BENCH-{:06}-", self.0)
    }
}

impl std::error::Error for OrderError {}

enum Sdk {
    Noop,
    Faultwire(#[expect(dead_code, reason = "ends the client when dropped")] faultwire::InitGuard),
    Sentry(sentry::ClientInitGuard),
}

impl Sdk {
    fn start(name: &str, url: &str) -> Result<Sdk, Box<dyn std::error::Error>> {
        let dsn = url.replace("://", "://0123456789abcdef0123456789abcdef@") + "/1";
        Ok(match name {
            "faultwire" => Sdk::Faultwire(faultwire::init(faultwire::Options {
                dsn: Some(dsn.parse()?),
                storm_folding: false,
                ..Default::default()
            })?),
            "sentry" => Sdk::Sentry(sentry::init((dsn, sentry::ClientOptions::new().attach_stacktrace(true)))),
            _ => Sdk::Noop,
        })
    }

    fn capture(&self, error: &OrderError) {
        match self {
            Sdk::Noop => {}
            Sdk::Faultwire(_) => drop(faultwire::capture_error(error)),
            Sdk::Sentry(_) => drop(sentry::capture_error(error)),
        }
    }

    fn flush(&self, timeout: Duration) {
        match self {
            Sdk::Noop => {}
            Sdk::Faultwire(_) => drop(faultwire::flush(timeout)),
            Sdk::Sentry(guard) => drop(guard.flush(Some(timeout))),
        }
    }
}

#[inline(never)]
fn call(frames: u64, inner: &mut dyn FnMut()) -> u64 {
    if frames <= 1 {
        inner();
        return black_box(1);
    }
    black_box(call(black_box(frames - 1), inner)) + 1
}

fn run(sdk: &Sdk, frames: u64, captures: u64, gap: Duration) -> Vec<u64> {
    let mut took = Vec::with_capacity(captures as usize);
    for n in 0..captures {
        call(frames, &mut || {
            let error = OrderError(n);
            let before = Instant::now();
            sdk.capture(&error);
            took.push(before.elapsed().as_nanos() as u64);
        });
        std::thread::sleep(gap);
    }
    took.sort_unstable();
    took
}

/// CPU seconds of this process, all threads.
fn cpu() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the clock exists on every Linux and macOS, and `time` is writable.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, name, url, numbers @ ..] = arguments.as_slice() else { return Err("arguments: see drive.rs".into()) };
    let numbers = numbers.iter().map(|n| n.parse()).collect::<Result<Vec<u64>, _>>()?;
    let &[frames, captures, gap, warm] = numbers.as_slice() else { return Err("four numbers expected".into()) };
    let sdk = Sdk::start(name, url)?;
    run(&sdk, frames, warm, Duration::from_millis(2));
    sdk.flush(Duration::from_secs(10));
    let cpu_before = cpu();
    let took = run(&sdk, frames, captures, Duration::from_micros(gap));
    sdk.flush(Duration::from_secs(60));
    let at = |share: f64| took[(took.len() as f64 * share) as usize] as f64 / 1e3;
    println!(r#"{{"version": "", "p50": {}, "p99": {}, "cpu_before": {cpu_before}}}"#, at(0.5), at(0.99));
    Ok(())
}
