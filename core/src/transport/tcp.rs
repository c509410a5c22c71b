//! TCP connections, below all else that ureq lays over them.
//!
//! Not ureq's own, because a forked child must not keep a copy of one: the server would not see the end of a
//! connection that the parent closed as long as the child lives. So a socket is known to [`fork`] before anything
//! is done with it, connecting included.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport, time,
};
use ureq::{Error, Timeout};

use crate::fork;
use crate::own::Own;

/// Connects to the server, or to the proxy that [`ConnectionDetails`] are about; not if there is a connection already.
#[derive(Debug)]
pub(super) struct Tcp;

impl<In: Transport> Connector<In> for Tcp {
    type Out = Either<In, Connection>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        let connection = match chained {
            Some(connection) => Either::A(connection),
            None => Either::B(Connection::open(details, &details.addrs, Limit::of_connecting(details))?),
        };
        Ok(Some(connection))
    }
}

/// The time until which something must be done; `None` is no limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    at: Option<Instant>,
    reason: Timeout,
}

impl Limit {
    fn of(timeout: NextTimeout, since: Instant) -> Limit {
        let is_none = timeout.after.is_not_happening();
        Limit { at: if is_none { None } else { since.checked_add(*timeout.after) }, reason: timeout.reason }
    }

    /// Of all that is done before a request can be written.
    pub fn of_connecting(details: &ConnectionDetails<'_>) -> Limit {
        let since = if let time::Instant::Exact(since) = details.now { since } else { Instant::now() };
        Limit::of(details.timeout, since)
    }

    /// What is left of it, never nothing.
    pub fn left(self) -> Result<Option<Duration>, Error> {
        match self.at.map(|at| at.saturating_duration_since(Instant::now())) {
            Some(Duration::ZERO) => Err(Error::Timeout(self.reason)),
            left => Ok(left),
        }
    }

    /// One call to the system, made again when a signal interrupts it. It is given the time that it may take.
    fn within(self, mut call: impl FnMut(Option<Duration>) -> io::Result<usize>) -> Result<usize, Error> {
        loop {
            match call(self.left()?) {
                Ok(amount) => return Ok(amount),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.explain(error)),
            }
        }
    }

    /// Unix and Windows say differently that a socket's time is over.
    fn explain(self, error: io::Error) -> Error {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => Error::Timeout(self.reason),
            _ => Error::Io(error),
        }
    }
}

/// An open connection.
#[derive(Debug)]
pub(super) struct Connection {
    own: Own<Socket>,
    buffers: LazyBuffers,
}

impl Connection {
    /// To the first address that answers. Each is given half of the time that is left, the last one all of it.
    pub fn open(details: &ConnectionDetails<'_>, addresses: &[SocketAddr], limit: Limit) -> Result<Connection, Error> {
        let mut failure = Error::HostNotFound;
        for (place, address) in addresses.iter().enumerate() {
            let is_last = place + 1 == addresses.len();
            let share = limit.left()?.map(|left| if is_last { left } else { left / 2 });
            match connect(*address, share, details.config.no_delay()) {
                Ok(own) => {
                    let (input, output) = (details.config.input_buffer_size(), details.config.output_buffer_size());
                    return Ok(Connection { own, buffers: LazyBuffers::new(input, output) });
                }
                Err(error) => failure = limit.explain(error),
            }
        }
        Err(failure)
    }
}

fn connect(address: SocketAddr, share: Option<Duration>, no_delay: bool) -> io::Result<Own<Socket>> {
    let own = {
        // No fork comes before the child would know what to close.
        let _busy = fork::busy();
        Own::new(Socket::new(Domain::for_address(address), Type::STREAM, None)?)
    };
    // Without a limit the system gives up by itself, after minutes.
    let open = socket(&own)?;
    fork::idle(|| open.connect_timeout(&address.into(), share.unwrap_or(Duration::MAX)))?;
    socket(&own)?.set_tcp_nodelay(no_delay)?;
    Ok(own)
}

/// For one use. Where the application has closed it, the connection has ended like any other.
fn socket(own: &Own<Socket>) -> io::Result<&Socket> {
    own.get().ok_or_else(|| ErrorKind::ConnectionAborted.into())
}

/// Sets a limit of the socket's. macOS refuses when the server has closed the connection, from which there may still be
/// something to be read.
fn limited(set: io::Result<()>) -> io::Result<()> {
    set.or_else(|error| if error.kind() == ErrorKind::InvalidInput { Ok(()) } else { Err(error) })
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let limit = Limit::of(timeout.for_write(), Instant::now());
        let mut rest = &self.buffers.output()[..amount];
        while !rest.is_empty() {
            let written = limit.within(|left| {
                let mut socket = socket(&self.own)?;
                limited(socket.set_write_timeout(left))?;
                fork::idle(|| socket.write(rest))
            })?;
            if written == 0 {
                return Err(Error::Io(ErrorKind::WriteZero.into()));
            }
            rest = &rest[written..];
        }
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let limit = Limit::of(timeout.for_read(), Instant::now());
        let input = self.buffers.input_append_buf();
        let amount = limit.within(|left| {
            let mut socket = socket(&self.own)?;
            limited(socket.set_read_timeout(left))?;
            fork::idle(|| socket.read(input))
        })?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    /// Open is what has nothing to say: between requests a server that speaks has closed it, or is not to be trusted.
    fn is_open(&mut self) -> bool {
        let Some(mut socket) = self.own.get() else { return false };
        let is_quiet = |read: io::Result<usize>| read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        socket.set_nonblocking(true).is_ok() && is_quiet(socket.read(&mut [0])) && socket.set_nonblocking(false).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    #[cfg(target_os = "linux")]
    use std::net::TcpStream;
    use ureq::Agent;
    use ureq::config::Config;
    use ureq::http::Uri;
    use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};

    /// About, for the system counts in milliseconds.
    const LIMIT: Duration = Duration::from_millis(400);

    /// Says that every name has these addresses.
    #[derive(Debug)]
    struct At(Vec<SocketAddr>);

    impl Resolver for At {
        fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
            let mut addresses = self.empty();
            self.0.iter().for_each(|address| addresses.push(*address));
            Ok(addresses)
        }
    }

    /// What a server of these addresses answers, and how long that took.
    fn ask(addresses: &[SocketAddr]) -> (Result<u16, Error>, Duration) {
        let config = Config::builder().proxy(None).timeout_connect(Some(LIMIT)).timeout_recv_response(Some(LIMIT));
        let agent = Agent::with_parts(config.build(), ().chain(Tcp), At(addresses.to_vec()));
        let start = Instant::now();
        let answer = agent.get("http://somewhere/").call().map(|answer| answer.status().as_u16());
        (answer, start.elapsed())
    }

    /// Takes connections, and says nothing.
    fn listener() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    /// Answers a request with 204.
    fn server() -> SocketAddr {
        let (listener, address) = listener();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
        });
        address
    }

    /// Its queue of connections is full, so that another is not answered; full as long as the stream lives.
    #[cfg(target_os = "linux")]
    fn silent() -> (TcpListener, TcpStream, SocketAddr) {
        use std::os::fd::AsRawFd;
        let (listener, address) = listener();
        // SAFETY: a live descriptor, which listens with another length of its queue.
        assert_eq!(unsafe { libc::listen(listener.as_raw_fd(), 0) }, 0);
        let stream = TcpStream::connect(address).unwrap();
        (listener, stream, address)
    }

    #[test]
    fn the_next_address_is_tried_when_one_refuses() {
        let refuses = SocketAddr::from(([127, 0, 0, 1], 1));
        let (answer, _) = ask(&[refuses, server()]);
        assert_eq!(answer.unwrap(), 204);
        let (answer, _) = ask(&[refuses, refuses]);
        assert!(matches!(&answer, Err(Error::Io(e)) if e.kind() == ErrorKind::ConnectionRefused), "{answer:?}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn an_address_that_is_silent_leaves_time_for_the_next_and_none_takes_longer_than_the_limit() {
        let ((_one, _in_one, one), (_other, _in_other, other)) = (silent(), silent());
        let (answer, took) = ask(&[one, server()]);
        assert_eq!(answer.unwrap(), 204);
        assert!(took > LIMIT / 3, "{took:?}");
        let (answer, took) = ask(&[one, other]);
        assert!(matches!(answer, Err(Error::Timeout(Timeout::Connect))), "{answer:?}");
        assert!(LIMIT * 9 / 10 < took && took < LIMIT * 5, "{took:?}");
    }

    #[test]
    fn an_answer_is_waited_for_up_to_the_limit() {
        let (_listener, address) = listener();
        let (answer, took) = ask(&[address]);
        assert!(matches!(answer, Err(Error::Timeout(Timeout::RecvResponse))), "{answer:?}");
        assert!(LIMIT * 9 / 10 < took && took < LIMIT * 5, "{took:?}");
    }
}
