//! The sink: a real HTTP server that SDKs are tested against, and that shows what they send.
//!
//! ```text
//! client ── data port ── ingest ── decode ── store ──┬── control (JSON, on a port of its own)
//!               │           │                        └── view ──┬── page (HTML)
//!              port ◀──── faults ◀──── control                  └── text ── stdout
//! ```

mod args;
mod control;
mod decode;
mod faults;
mod filtered;
mod format;
mod guard;
mod ingest;
mod page;
mod port;
mod problems;
mod stdout;
mod store;
mod text;
mod view;

use std::io::{self, IsTerminal, Read, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use hyper::header::HeaderValue;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Notify};

/// The public key in the printed DSN; any key is taken.
const KEY: &str = "51de51de51de51de51de51de51de51de";
/// What `--server-header` says in `X-Faultwire`.
const VERSION: &str = env!("CARGO_PKG_VERSION");

fn main() -> ExitCode {
    let args = match args::parse(std::env::args().skip(1)) {
        Ok(args::Command::Serve(args)) => args,
        Ok(args::Command::Help) => return said(args::HELP),
        Ok(args::Command::Version) => return said(&format!("faultwire-sink {VERSION}\n")),
        Err(message) => {
            let _ = writeln!(io::stderr(), "faultwire-sink: {message}");
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = runtime.and_then(|runtime| {
        let outcome = runtime.block_on(run(args));
        // Stalled connections are left as they are.
        runtime.shutdown_background();
        outcome
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "faultwire-sink: {error}");
            ExitCode::FAILURE
        }
    }
}

fn said(text: &str) -> ExitCode {
    let _ = io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

async fn run(args: args::Args) -> io::Result<()> {
    let data = port::DataPort::bind(SocketAddr::new(args.host, args.port))?;
    let control = TcpListener::bind(SocketAddr::new(args.host, args.control_port)).await?;
    let dsn = format!("http://{KEY}@{}/1", data.address());
    let mut out = io::stdout();
    writeln!(out, "listening http://{}\ndsn {dsn}\ncontrol http://{}", data.address(), control.local_addr()?)?;
    out.flush()?;

    let paint = text::Paint::new(out.is_terminal() && std::env::var_os("NO_COLOR").is_none());
    let report = if args.quiet { None } else { Some((stdout::Stdout::start()?, paint)) };
    let version = args.server_header.then(|| HeaderValue::from_static(VERSION));
    let sink = Arc::new(ingest::Sink {
        store: store::Store::new(),
        faults: faults::Faults::new(version),
        report,
        dsn,
        closed: AtomicBool::new(false),
    });
    let quit = Arc::new(Notify::new());
    if args.until_stdin_closes {
        quit_at_end_of_stdin(quit.clone())?;
    }
    let (door, orders) = port::Door::new();
    let api = control::Control { sink: sink.clone(), door, quit: quit.clone(), changing: Mutex::new(()) };
    tokio::spawn(control::serve(control, Arc::new(api)));
    tokio::select! {
        served = data.serve(sink, orders) => served,
        () = asked_to_quit(&quit) => Ok(()),
    }
}

/// Waits for the order, and long enough for its answer to leave.
async fn asked_to_quit(quit: &Notify) {
    quit.notified().await;
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
}

fn quit_at_end_of_stdin(quit: Arc<Notify>) -> io::Result<()> {
    let watch = move || {
        let mut buffer = [0; 256];
        loop {
            match io::stdin().read(&mut buffer) {
                Ok(0) => break,
                Err(error) if error.kind() != io::ErrorKind::Interrupted => break,
                _ => {}
            }
        }
        quit.notify_one();
    };
    std::thread::Builder::new().name("sink-stdin".to_owned()).spawn(watch).map(drop)
}
