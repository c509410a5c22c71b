//! `faultwire-server`: the command line.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use faultwire_server::people::Role;
use faultwire_server::people::commands::{self, NewUser};
use faultwire_server::server::Server;
use faultwire_server::settings::{self, Settings};
use faultwire_server::{telemetry, upkeep};

// Batches are allocated on one thread and freed on others.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Faultwire's error tracker. Started without arguments it makes a data directory and a first project, and prints
/// the DSN that clients need, and a link by which the first person comes in.
#[derive(Debug, Parser)]
#[command(name = "faultwire-server", version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Task>,

    /// Settings file, TOML: each setting under its flag's name with underscores. By default faultwire.toml of the
    /// working directory, if there is one.
    #[arg(long, env = "FAULTWIRE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(flatten, next_help_heading = "Settings")]
    settings: Settings,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Run the server. This is what it does if no command is given.
    Serve,
    /// Projects of a data directory on which no server runs.
    #[command(subcommand)]
    Project(ProjectTask),
    /// People of a data directory on which no server runs.
    #[command(subcommand)]
    User(UserTask),
    /// Copy the data directory, while a server runs on it or not: database and occurrences. The log is left out, which
    /// may hold what clients did not clean.
    Backup {
        /// The folder to make.
        folder: PathBuf,
    },
    /// Make the data directory, which must not be there or be empty, from a copy.
    Restore {
        /// A folder that `backup` made.
        folder: PathBuf,
    },
    /// Look at directory, disk, database, log and settings, and say what is not well.
    Doctor,
    /// Ask the server that runs with these settings on this machine whether it is ready: exit code 0 if it is. For health
    /// checks.
    Ready,
}

#[derive(Debug, Subcommand)]
enum ProjectTask {
    /// Make a project, and print the DSN of its key.
    Create {
        /// What people call it; its name in addresses is made of this.
        name: String,
    },
}

#[derive(Debug, Subcommand)]
enum UserTask {
    /// Add a person, and print a link by which they choose their password. It holds for 24 hours and once. For someone
    /// who is here already, it is a link for another password.
    Add {
        /// The address they log in with.
        email: String,
        /// How they are called. By default what stands before the @.
        #[arg(long)]
        name: Option<String>,
        /// Make them an admin of the server, who may do everything.
        #[arg(long)]
        admin: bool,
        /// A project, by its slug or number, in which they have a role.
        #[arg(long, value_name = "PROJECT", requires = "role")]
        project: Option<String>,
        /// What they are in that project: viewer, member or admin.
        #[arg(long, value_name = "ROLE", requires = "project")]
        role: Option<Role>,
    },
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
    let named = command().ignore_errors(true).get_matches();
    let file = named.get_one::<PathBuf>("config").cloned();
    let command = settings::with_file(command(), file.as_deref())?;
    let cli = Cli::from_arg_matches(&command.get_matches())?;
    telemetry::start(&cli.settings.log)?;
    match cli.command {
        None | Some(Task::Serve) => serve(cli.settings),
        Some(Task::Project(ProjectTask::Create { name })) => {
            let (project, dsn) = commands::create_project(&cli.settings, &name)?;
            println!("project {} ({}): {dsn}", project.id.0, project.slug);
            Ok(())
        }
        Some(Task::User(UserTask::Add { email, name, admin, project, role })) => {
            let new = NewUser { email, name, is_admin: admin, role: project.zip(role) };
            println!("{}", commands::add_user(&cli.settings, &new)?);
            Ok(())
        }
        Some(Task::Backup { folder }) => upkeep::backup(&cli.settings.data_dir, &folder),
        Some(Task::Restore { folder }) => upkeep::restore(&folder, &cli.settings.data_dir),
        Some(Task::Ready) => upkeep::ready(&cli.settings),
        Some(Task::Doctor) => {
            let findings = upkeep::doctor(&cli.settings);
            for finding in &findings {
                println!("{} {}: {}", if finding.is_well { "well" } else { "ILL " }, finding.what, finding.says);
            }
            match findings.iter().filter(|finding| !finding.is_well).count() {
                0 => Ok(()),
                count => anyhow::bail!("{count} of {} are not well", findings.len()),
            }
        }
    }
}

/// The command line. Settings may stand before and after a command.
fn command() -> clap::Command {
    // A negative number is a wrong value of its setting, not a flag that nobody knows.
    let is_setting = |arg: &clap::Arg| arg.get_env().is_some();
    let command = Cli::command().mut_args(|arg| arg.global(true));
    command.mut_args(|arg| if is_setting(&arg) { arg.allow_negative_numbers(true) } else { arg })
}

fn serve(settings: Settings) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("faultwire-http").build()?;
    runtime.block_on(async {
        let server = Server::start(settings).await?;
        // Who reads that it listens may ask it to end. Before, the system ends it, and nothing was begun.
        let stop = stopped();
        say(&format!("faultwire-server listens on {}://{}", server.scheme(), server.address()));
        if let Some(dsn) = &server.first_dsn {
            say(&format!("DSN of the first project: {dsn}"));
        }
        if let Some(link) = &server.setup_link {
            say(&format!("The first person comes in here, once and within 24 hours: {link}"));
        }
        server.run(stop).await
    })
}

/// Prints a line. That nobody reads it is no reason not to serve.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Resolves when the process is asked to end, from now on.
fn stopped() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let [terminate, interrupt] = [SignalKind::terminate(), SignalKind::interrupt()].map(signal);
    let wait = async |asked: std::io::Result<tokio::signal::unix::Signal>| match asked {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    };
    async move {
        tokio::select! {
            () = wait(terminate) => {}
            () = wait(interrupt) => {}
        }
    }
}
