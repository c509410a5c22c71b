//! The way through a SOCKS proxy: versions 4, 4a and 5 (RFC 1928, and RFC 1929 for passwords).
//!
//! Not ureq's own, which connects by itself: see [`tcp`](super::tcp).

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr};

use ureq::unversioned::transport::{ConnectionDetails, Connector, NextTimeout};
use ureq::{Error, Proxy, ProxyProtocol};

use super::opening::Opening;
use super::tcp::{Connection, Limit};

/// Connects through the proxy, if there is one that speaks SOCKS.
#[derive(Debug)]
pub(super) struct Socks;

impl Connector for Socks {
    type Out = Connection;

    fn connect(&self, details: &ConnectionDetails<'_>, _: Option<()>) -> Result<Option<Connection>, Error> {
        let Some(proxy) = details.config.proxy() else { return Ok(None) };
        let Some(version) = Version::of(proxy) else { return Ok(None) };
        if proxy.is_no_proxy(details.uri) {
            return Ok(None);
        }
        let target = Target::of(details, proxy, version).ok_or(Error::HostNotFound)?;
        let limit = Limit::of_connecting(details);
        let after = limit.left()?.map_or(details.timeout.after, Into::into);
        let addresses =
            details.resolver.resolve(proxy.uri(), details.config, NextTimeout { after, ..details.timeout })?;
        let mut opening = Opening::new(Connection::open(details, &addresses, limit)?, details);
        match version {
            Version::Four => ask4(&mut opening, &target)?,
            Version::Five => ask5(&mut opening, &target, proxy)?,
        }
        Ok(Some(opening.into_wire().into_inner()))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    Four,
    Five,
}

impl Version {
    fn of(proxy: &Proxy) -> Option<Version> {
        match proxy.protocol() {
            ProxyProtocol::Socks4 | ProxyProtocol::Socks4A => Some(Version::Four),
            ProxyProtocol::Socks5 | ProxyProtocol::Socks5h => Some(Version::Five),
            _ => None,
        }
    }
}

/// Where the proxy is to connect to.
#[derive(Debug, PartialEq, Eq)]
enum Target {
    Address(SocketAddr),
    /// Looked up by the proxy.
    Name(String, u16),
}

impl Target {
    fn of(details: &ConnectionDetails<'_>, proxy: &Proxy, version: Version) -> Option<Target> {
        if proxy.resolve_target() {
            // Version 4 knows no others.
            let is_sayable = |address: &&SocketAddr| version == Version::Five || address.is_ipv4();
            return details.addrs.iter().find(is_sayable).copied().map(Target::Address);
        }
        let port = details.uri.port_u16().unwrap_or(if details.needs_tls() { 443 } else { 80 });
        let host = details.uri.host()?.trim_start_matches('[').trim_end_matches(']');
        Some(match host.parse::<IpAddr>() {
            Ok(address) => Target::Address(SocketAddr::new(address, port)),
            Err(_) => Target::Name(host.to_owned(), port),
        })
    }

    fn port(&self) -> [u8; 2] {
        match self {
            Target::Address(address) => address.port(),
            Target::Name(_, port) => *port,
        }
        .to_be_bytes()
    }
}

fn ask4(wire: &mut (impl Read + Write), target: &Target) -> io::Result<()> {
    const CONNECT: u8 = 1;
    const GRANTED: u8 = 90;
    let mut request = vec![4, CONNECT];
    request.extend(target.port());
    // Behind the address the name of the user, which is empty.
    match target {
        Target::Address(SocketAddr::V4(address)) => {
            request.extend(address.ip().octets());
            request.push(0);
        }
        Target::Address(SocketAddr::V6(_)) => return Err(ErrorKind::AddrNotAvailable.into()),
        Target::Name(name, _) => {
            // An address that cannot be: the name follows.
            request.extend([0, 0, 0, 1, 0]);
            request.extend(name.bytes());
            request.push(0);
        }
    }
    wire.write_all(&request)?;
    let mut answer = [0; 8];
    wire.read_exact(&mut answer)?;
    match answer {
        [0, GRANTED, ..] => Ok(()),
        [0, ..] => Err(ErrorKind::ConnectionRefused.into()),
        _ => Err(ErrorKind::InvalidData.into()),
    }
}

const VERSION_5: u8 = 5;

fn ask5(wire: &mut (impl Read + Write), target: &Target, proxy: &Proxy) -> io::Result<()> {
    const CONNECT: u8 = 1;
    const IPV4: u8 = 1;
    const NAME: u8 = 3;
    const IPV6: u8 = 4;
    log_in(wire, proxy)?;
    let mut request = vec![VERSION_5, CONNECT, 0];
    match target {
        Target::Address(SocketAddr::V4(address)) => {
            request.push(IPV4);
            request.extend(address.ip().octets());
        }
        Target::Address(SocketAddr::V6(address)) => {
            request.push(IPV6);
            request.extend(address.ip().octets());
        }
        Target::Name(name, _) => {
            request.push(NAME);
            request.extend(counted(name)?);
        }
    }
    request.extend(target.port());
    wire.write_all(&request)?;
    let mut answer = [0; 4];
    wire.read_exact(&mut answer)?;
    let [VERSION_5, 0, _, kind] = answer else {
        let is_answer = answer[0] == VERSION_5;
        return Err(if is_answer { ErrorKind::ConnectionRefused } else { ErrorKind::InvalidData }.into());
    };
    // The address that the proxy connected from: of no use, but it has to be read.
    let length = match kind {
        IPV4 => 4,
        IPV6 => 16,
        NAME => usize::from(byte(wire)?),
        _ => return Err(ErrorKind::InvalidData.into()),
    };
    wire.read_exact(&mut vec![0; length + 2])
}

fn log_in(wire: &mut (impl Read + Write), proxy: &Proxy) -> io::Result<()> {
    const OPEN: u8 = 0;
    const PASSWORD: u8 = 2;
    let has_password = proxy.username().is_some() || proxy.password().is_some();
    let methods: &[u8] = if has_password { &[VERSION_5, 2, OPEN, PASSWORD] } else { &[VERSION_5, 1, OPEN] };
    wire.write_all(methods)?;
    match [byte(wire)?, byte(wire)?] {
        [VERSION_5, OPEN] => return Ok(()),
        [VERSION_5, PASSWORD] if has_password => {}
        [VERSION_5, _] => return Err(ErrorKind::PermissionDenied.into()),
        _ => return Err(ErrorKind::InvalidData.into()),
    }
    let mut request = vec![1];
    request.extend(counted(proxy.username().unwrap_or_default())?);
    request.extend(counted(proxy.password().unwrap_or_default())?);
    wire.write_all(&request)?;
    match [byte(wire)?, byte(wire)?] {
        [_, 0] => Ok(()),
        _ => Err(ErrorKind::PermissionDenied.into()),
    }
}

/// A text with its length in front.
fn counted(text: &str) -> io::Result<Vec<u8>> {
    let length = u8::try_from(text.len()).map_err(|_| ErrorKind::InvalidInput)?;
    Ok([&[length], text.as_bytes()].concat())
}

fn byte(wire: &mut impl Read) -> io::Result<u8> {
    let mut byte = [0];
    wire.read_exact(&mut byte)?;
    Ok(byte[0])
}

// The ways that succeed are taken by processes, in `tests/processes/test_routes.py`.
#[cfg(test)]
mod tests {
    use super::*;

    /// A proxy that answers so, whatever it is asked.
    struct Wire {
        answers: io::Cursor<Vec<u8>>,
        asked: Vec<u8>,
    }

    impl Read for Wire {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.answers.read(buffer)
        }
    }

    impl Write for Wire {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.asked.write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is asked of a proxy with this URL that answers so, and what comes of it.
    fn ask(url: &str, target: &str, answers: &[u8]) -> (Vec<u8>, Result<(), ErrorKind>) {
        let mut wire = Wire { answers: io::Cursor::new(answers.to_vec()), asked: Vec::new() };
        let proxy = Proxy::new(url).unwrap();
        let target = target.parse().map_or_else(|_| Target::Name(target.to_owned(), 443), Target::Address);
        let done = match Version::of(&proxy).unwrap() {
            Version::Four => ask4(&mut wire, &target),
            Version::Five => ask5(&mut wire, &target, &proxy),
        };
        (wire.asked, done.map_err(|error| error.kind()))
    }

    #[test]
    fn a_proxy_of_version_4_can_refuse_talk_nonsense_and_go_away() {
        let outcome = |answer| ask("socks4://proxy", "10.0.0.1:80", answer).1;
        assert_eq!(outcome(&[0, 90, 0, 0, 0, 0, 0, 0]), Ok(()));
        assert_eq!(outcome(&[0, 91, 0, 0, 0, 0, 0, 0]), Err(ErrorKind::ConnectionRefused));
        assert_eq!(outcome(b"HTTP/1.1"), Err(ErrorKind::InvalidData));
        assert_eq!(outcome(&[0, 90]), Err(ErrorKind::UnexpectedEof));
        assert_eq!(ask("socks4://proxy", "[::1]:80", &[]), (vec![], Err(ErrorKind::AddrNotAvailable)));
    }

    #[test]
    fn a_proxy_of_version_5_can_refuse_talk_nonsense_and_go_away() {
        let outcome = |answer: &[u8]| ask("socks5://proxy", "10.0.0.1:80", answer).1;
        assert_eq!(outcome(&[5, 0, 5, 0, 0, 1, 10, 0, 0, 2, 0, 80]), Ok(()));
        assert_eq!(outcome(&[5, 0, 5, 5, 0, 1]), Err(ErrorKind::ConnectionRefused));
        assert_eq!(outcome(&[5, 0, 5, 0, 0, 9]), Err(ErrorKind::InvalidData));
        assert_eq!(outcome(&[5, 0, 4, 0, 0, 1]), Err(ErrorKind::InvalidData));
        assert_eq!(outcome(&[5, 255]), Err(ErrorKind::PermissionDenied), "it wants more than can be given");
        assert_eq!(outcome(&[5, 2]), Err(ErrorKind::PermissionDenied), "a password that was not offered");
        assert_eq!(outcome(b"HT"), Err(ErrorKind::InvalidData));
        assert_eq!(outcome(&[5, 0, 5, 0, 0, 1, 10]), Err(ErrorKind::UnexpectedEof));
    }

    #[test]
    fn a_password_is_sent_only_to_a_proxy_that_asks_for_it() {
        let granted = [5, 0, 0, 3, 1, b'x', 0, 0];
        let request = b"\x05\x01\x00\x03\x04host\x01\xbb";
        let (asked, done) = ask("socks5h://me:secret@proxy", "host", &[&[5, 2, 1, 0], &granted[..]].concat());
        assert_eq!(asked, [b"\x05\x02\x00\x02\x01\x02me\x06secret", &request[..]].concat());
        assert_eq!(done, Ok(()));
        let (asked, done) = ask("socks5h://me:secret@proxy", "host", &[&[5, 0], &granted[..]].concat());
        assert_eq!((asked, done), ([b"\x05\x02\x00\x02", &request[..]].concat(), Ok(())));
        let (_, done) = ask("socks5h://me:secret@proxy", "host", &[5, 2, 1, 1]);
        assert_eq!(done, Err(ErrorKind::PermissionDenied));
        let (asked, done) = ask("socks5h://proxy", &"n".repeat(256), &[5, 0]);
        assert_eq!((asked, done), (vec![5, 1, 0], Err(ErrorKind::InvalidInput)));
    }

    #[test]
    fn addresses_of_version_6_are_said_in_version_5() {
        let granted = [&[5, 0, 5, 0, 0, 4][..], &[0; 18]].concat();
        let (asked, done) = ask("socks5://proxy", "[::1]:80", &granted);
        assert_eq!(asked, [&[5, 1, 0, 5, 1, 0, 4][..], &[0; 15], &[1, 0, 80]].concat());
        assert_eq!(done, Ok(()));
    }
}
