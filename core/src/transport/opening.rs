//! What is said before a request can be, with a proxy or for TLS. However slowly the other side speaks, it ends with the
//! time for connecting.

use std::io::{self, Read, Write};

use ureq::Error;
use ureq::unversioned::transport::{ConnectionDetails, NextTimeout, Transport, TransportAdapter};

use super::tcp::Limit;

pub(super) struct Opening<T: Transport> {
    wire: TransportAdapter<T>,
    limit: Limit,
    timeout: NextTimeout,
}

impl<T: Transport> Opening<T> {
    pub fn new(transport: T, details: &ConnectionDetails<'_>) -> Opening<T> {
        let wire = TransportAdapter::new(transport, details.current_time.clone());
        Opening { wire, limit: Limit::of_connecting(details), timeout: details.timeout }
    }

    /// The connection, for what comes after.
    pub fn into_wire(self) -> TransportAdapter<T> {
        self.wire
    }

    /// Each call to the system may take what is left.
    fn within_limit(&mut self) -> io::Result<&mut TransportAdapter<T>> {
        if let Some(left) = self.limit.left().map_err(Error::into_io)? {
            self.timeout.after = left.into();
        }
        self.wire.set_timeout(self.timeout);
        Ok(&mut self.wire)
    }
}

impl<T: Transport> Read for Opening<T> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.within_limit()?.read(into)
    }
}

impl<T: Transport> Write for Opening<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.within_limit()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.wire.flush()
    }
}
