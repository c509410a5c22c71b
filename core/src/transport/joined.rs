//! The head and the body of a request in one write.
//!
//! ureq writes them apart, and with Nagle's algorithm off that is two packets (and two TLS records),
//! each of which the network stack handles and the server wakes up for.

use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

/// Puts [`Joined`] around whatever connection there is.
#[derive(Debug, Default)]
pub(crate) struct Join;

impl<In: Transport> Connector<In> for Join {
    type Out = Joined<In>;

    fn connect(&self, _: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Joined<In>>, Error> {
        Ok(chained.map(|inner| Joined { inner, held: Vec::new(), is_head: true }))
    }
}

/// Holds the first write of a request back until the second, or until an answer is waited for.
#[derive(Debug)]
pub(crate) struct Joined<T> {
    inner: T,
    held: Vec<u8>,
    /// The next write is the first of a request.
    is_head: bool,
}

impl<T: Transport> Joined<T> {
    fn flush(&mut self, timeout: NextTimeout) -> Result<(), Error> {
        let Joined { inner, held, .. } = self;
        let mut rest = held.as_slice();
        while !rest.is_empty() {
            let output = inner.buffers().output();
            let (now, later) = rest.split_at(rest.len().min(output.len()));
            output[..now.len()].copy_from_slice(now);
            inner.transmit_output(now.len(), timeout)?;
            rest = later;
        }
        held.clear();
        Ok(())
    }
}

impl<T: Transport> Transport for Joined<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if !self.is_head && self.held.is_empty() {
            return self.inner.transmit_output(amount, timeout);
        }
        self.held.extend_from_slice(&self.inner.buffers().output()[..amount]);
        if std::mem::take(&mut self.is_head) { Ok(()) } else { self.flush(timeout) }
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.flush(timeout)?;
        self.is_head = true;
        self.inner.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ureq::unversioned::transport::LazyBuffers;

    #[derive(Debug)]
    struct Wire {
        buffers: LazyBuffers,
        written: Vec<String>,
    }

    impl Transport for Wire {
        fn buffers(&mut self) -> &mut dyn Buffers {
            &mut self.buffers
        }
        fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), Error> {
            let written = String::from_utf8_lossy(&self.buffers.output()[..amount]).into_owned();
            self.written.push(written);
            Ok(())
        }
        fn await_input(&mut self, _: NextTimeout) -> Result<bool, Error> {
            Ok(true)
        }
        fn is_open(&mut self) -> bool {
            true
        }
    }

    /// What reaches the wire when these are written, then an answer is waited for.
    fn written(joined: &mut Joined<Wire>, parts: &[&str]) -> Vec<String> {
        let timeout = NextTimeout::default();
        for part in parts {
            joined.buffers().output()[..part.len()].copy_from_slice(part.as_bytes());
            joined.transmit_output(part.len(), timeout).unwrap();
        }
        joined.await_input(timeout).unwrap();
        std::mem::take(&mut joined.inner.written)
    }

    #[test]
    fn head_and_body_are_one_write_and_nothing_is_lost_or_reordered() {
        let wire = Wire { buffers: LazyBuffers::new(8, 8), written: Vec::new() };
        let mut joined = Joined { inner: wire, held: Vec::new(), is_head: true };
        assert_eq!(written(&mut joined, &["head", "body"]), ["headbody"]);
        assert_eq!(written(&mut joined, &["lonely"]), ["lonely"]);
        assert_eq!(written(&mut joined, &["long", "er than", "8", "more"]), ["longer t", "han", "8", "more"]);
        assert_eq!(written(&mut joined, &[]), [""; 0]);
    }
}
