//! TCP connections, below all else that ureq lays over them.
//!
//! Not ureq's own, because a forked child must not keep a copy of one: the server would not see the end of a
//! connection that the parent closed as long as the child lives. So a socket is known to [`fork`] before anything
//! is done with it, connecting included.

use std::io::{self, ErrorKind, Read, Write};
use std::mem::ManuallyDrop;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport, time,
};
use ureq::{Error, Timeout};

use crate::fork::{self, Inherited};

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

/// A socket of this process alone.
#[derive(Debug)]
struct Own {
    /// In this order: the number may be another's as soon as the socket is closed.
    parts: ManuallyDrop<(Inherited, Socket)>,
    generation: u64,
}

impl Own {
    fn new(address: SocketAddr) -> io::Result<Own> {
        // No fork comes before the child would know what to close.
        let _busy = fork::busy_or_within();
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        let parts = ManuallyDrop::new((Inherited::new(&socket), socket));
        Ok(Own { parts, generation: fork::generation() })
    }

    fn socket(&self) -> &Socket {
        &self.parts.1
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if self.generation == fork::generation() {
            // No fork comes while the socket is open and no child would know of it.
            let _busy = fork::busy_or_within();
            // SAFETY: dropped nowhere else, and not used again.
            unsafe { ManuallyDrop::drop(&mut self.parts) };
        }
        // Otherwise this is a child and it is closed: the number may be that of a file of the application.
    }
}

/// An open connection.
#[derive(Debug)]
pub(super) struct Connection {
    own: Own,
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

fn connect(address: SocketAddr, share: Option<Duration>, no_delay: bool) -> io::Result<Own> {
    let own = Own::new(address)?;
    // Without a limit the system gives up by itself, after minutes.
    own.socket().connect_timeout(&address.into(), share.unwrap_or(Duration::MAX))?;
    own.socket().set_tcp_nodelay(no_delay)?;
    Ok(own)
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
        let mut socket = self.own.socket();
        let mut rest = &self.buffers.output()[..amount];
        while !rest.is_empty() {
            let written = limit.within(|left| {
                limited(socket.set_write_timeout(left))?;
                socket.write(rest)
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
        let mut socket = self.own.socket();
        let input = self.buffers.input_append_buf();
        let amount = limit.within(|left| {
            limited(socket.set_read_timeout(left))?;
            socket.read(input)
        })?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    /// Open is what has nothing to say: between requests a server that speaks has closed it, or is not to be trusted.
    fn is_open(&mut self) -> bool {
        let mut socket = self.own.socket();
        let is_quiet = |read: io::Result<usize>| read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        socket.set_nonblocking(true).is_ok() && is_quiet(socket.read(&mut [0])) && socket.set_nonblocking(false).is_ok()
    }
}
