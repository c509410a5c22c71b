//! The command line: read once, every mistake named.

use std::net::{IpAddr, Ipv4Addr};

/// What `--help` prints.
pub const HELP: &str = "\
faultwire-sink: a real HTTP server to test error trackers against

USAGE: faultwire-sink [OPTIONS]

  --port N               port of the data server; 0, the default, lets the system choose
  --control-port N       port of the control API; 0, the default, lets the system choose
  --host ADDRESS         127.0.0.1 (default) or ::1; nothing else is bound
  --quiet                print the addresses only, no report of each event
  --server-header        say `X-Faultwire: VERSION` on every answer, as our own server does
  --until-stdin-closes   exit when standard input ends, so that a dead test leaves nothing behind
  --help, --version

The first lines printed are `listening URL`, `dsn DSN` and `control URL`.
";

/// The options of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Args {
    /// Address both servers bind; always a loopback address.
    pub host: IpAddr,
    /// Port of the data server.
    pub port: u16,
    /// Port of the control API.
    pub control_port: u16,
    /// No report on standard output.
    pub quiet: bool,
    /// Answer with `X-Faultwire`.
    pub server_header: bool,
    /// Exit at the end of standard input.
    pub until_stdin_closes: bool,
}

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Run the servers.
    Serve(Args),
    /// Print the help.
    Help,
    /// Print the version.
    Version,
}

/// Reads the arguments after the program's name.
///
/// # Errors
/// A sentence that names the argument at fault.
pub fn parse(args: impl Iterator<Item = String>) -> Result<Command, String> {
    let mut parsed = Args {
        host: IpAddr::V4(Ipv4Addr::LOCALHOST),
        port: 0,
        control_port: 0,
        quiet: false,
        server_header: false,
        until_stdin_closes: false,
    };
    let mut args = args.peekable();
    while let Some(arg) = args.next() {
        let (name, inline) = match arg.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (arg, None),
        };
        let takes_value = matches!(name.as_str(), "--port" | "--control-port" | "--host");
        if inline.is_some() && !takes_value {
            return Err(format!("{name}: expected no value"));
        }
        let mut value =
            || inline.clone().or_else(|| args.next()).ok_or_else(|| format!("{name}: expected a value after it"));
        match name.as_str() {
            "--port" => parsed.port = port(&name, &value()?)?,
            "--control-port" => parsed.control_port = port(&name, &value()?)?,
            "--host" => parsed.host = host(&value()?)?,
            "--quiet" => parsed.quiet = true,
            "--server-header" => parsed.server_header = true,
            "--until-stdin-closes" => parsed.until_stdin_closes = true,
            "--help" | "-h" => return Ok(Command::Help),
            "--version" | "-V" => return Ok(Command::Version),
            _ => return Err(format!("{name}: unknown option (see --help)")),
        }
    }
    Ok(Command::Serve(parsed))
}

fn port(name: &str, text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| format!("{name}: expected a number from 0 to 65535, found {text:?}"))
}

/// The sink holds what applications send unfiltered: it never listens where another machine can reach it.
fn host(text: &str) -> Result<IpAddr, String> {
    let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(std::net::Ipv6Addr::LOCALHOST)];
    match text.parse::<IpAddr>() {
        Ok(address) if loopback.contains(&address) => Ok(address),
        _ => Err(format!("--host: expected 127.0.0.1 or ::1, found {text:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Command, String> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn only_loopback_is_ever_bound() {
        assert!(matches!(read("--host ::1"), Ok(Command::Serve(Args { host: IpAddr::V6(_), .. }))));
        for other in ["0.0.0.0", "::", "192.168.1.7", "example.com", "127.0.0.2"] {
            assert!(read(&format!("--host {other}")).unwrap_err().contains("--host"), "{other}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (line, named) in
            [("--prot 1", "--prot"), ("--port", "--port"), ("--port 70000", "70000"), ("--quiet=1", "--quiet")]
        {
            assert!(read(line).unwrap_err().contains(named), "{line}");
        }
    }
}
