//! `faultwire-server`: the command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser};
use faultwire_server::server::Server;
use faultwire_server::settings::{self, Settings};
use faultwire_server::telemetry;

// Batches are allocated on one thread and freed on others.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Faultwire's error tracker. Started without arguments it makes a data directory and a first project, and prints
/// the DSN that clients need.
#[derive(Debug, Parser)]
#[command(name = "faultwire-server", version)]
struct Cli {
    /// Settings file, TOML: each setting under its flag's name with underscores. By default faultwire.toml of the
    /// working directory, if there is one.
    #[arg(long, env = "FAULTWIRE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(flatten)]
    settings: Settings,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("faultwire-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    // The file's name has to be known before its values can be defaults.
    let named = Cli::command().ignore_errors(true).get_matches();
    let file = named.get_one::<PathBuf>("config").cloned();
    let command = settings::with_file(Cli::command(), file.as_deref())?;
    let cli = Cli::from_arg_matches(&command.get_matches())?;
    telemetry::start(&cli.settings.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("faultwire-http").build()?;
    runtime.block_on(async {
        let server = Server::start(cli.settings).await?;
        println!("faultwire-server listens on http://{}", server.address());
        if let Some(dsn) = &server.first_dsn {
            println!("DSN of the first project: {dsn}");
        }
        server.run(stopped()).await
    })
}

/// Resolves when the process is asked to end.
async fn stopped() {
    use tokio::signal::unix::{SignalKind, signal};
    let wait = async |kind| match signal(kind) {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    };
    tokio::select! {
        () = wait(SignalKind::terminate()) => {}
        () = wait(SignalKind::interrupt()) => {}
    }
}
