//! How long a client may take: for the head of a request, and between two of them.
//!
//! HTTP/1.1 has one clock for both in the library that reads it: it runs from the end of an answer to the end of the next
//! head. A connection that a client or a load balancer keeps for later would have to end as soon as one that is fed
//! byte by byte. So that clock has the longer time, and [`Paced`] the shorter, from a head's first byte on.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// From the first byte of a head to its last; and from a connection's begin to the end of its first head. A client that
/// is slower is not one.
pub const HEAD: Duration = Duration::from_secs(10);
/// Between an answer and the next head. Longer than load balancers keep theirs (60 s is common), so that it is not we
/// who close while a request is on its way.
pub const IDLE: Duration = Duration::from_secs(75);

/// Nothing of the next head is here.
const IDLING: u8 = 0;
/// Some of it is.
const BEGUN: u8 = 1;
/// All of it is, and it is not answered yet: what comes is its body.
const READ: u8 = 2;
/// Many requests share the connection, in frames.
const FRAMED: u8 = 3;

/// Where a connection is in its request. Shared by what reads its bytes and what answers it.
#[derive(Debug)]
pub struct Pace(AtomicU8);

impl Pace {
    /// Of a new connection, which is expected to say what it wants.
    pub fn new() -> Arc<Pace> {
        Arc::new(Pace(AtomicU8::new(BEGUN)))
    }

    /// A head was read.
    pub fn has_head(&self, is_framed: bool) {
        self.0.store(if is_framed { FRAMED } else { READ }, Ordering::Relaxed);
    }

    /// What it asked for is answered.
    pub fn is_answered(&self) {
        let _ = self.0.compare_exchange(READ, IDLING, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Some bytes came; whether they begin a head.
    fn begins(&self) -> bool {
        self.0.compare_exchange(IDLING, BEGUN, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    fn is_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed) == BEGUN
    }
}

/// A stream whose reads fail once a head takes longer than [`HEAD`].
pub struct Paced<S> {
    stream: S,
    pace: Arc<Pace>,
    deadline: Pin<Box<Sleep>>,
}

impl<S> Paced<S> {
    /// Time runs from now on.
    pub fn new(stream: S, pace: Arc<Pace>) -> Paced<S> {
        Paced { stream, pace, deadline: Box::pin(sleep(HEAD)) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before && self.pace.begins() {
            self.deadline.as_mut().reset(Instant::now() + HEAD);
        }
        if !self.pace.is_begun() {
            return polled;
        }
        match self.deadline.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Ready(ready!(polled)),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Whether a connection is still read from that gets a byte a second for so many seconds.
    async fn survives(stream: &mut Paced<tokio::io::DuplexStream>, seconds: u32) -> bool {
        let (mut client, server) = duplex(64);
        stream.stream = server;
        for _ in 0..seconds {
            tokio::time::sleep(SECOND).await;
            client.write_all(b"x").await.unwrap();
            if stream.read_u8().await.is_err() {
                return false;
            }
        }
        true
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_has_its_time_and_what_is_none_has_more() {
        let pace = Pace::new();
        let mut stream = Paced::new(duplex(1).1, pace.clone());
        assert!(survives(&mut stream, 8).await, "the first head");
        pace.has_head(false);
        assert!(survives(&mut stream, 60).await, "a body");
        pace.is_answered();
        tokio::time::sleep(SECOND * 60).await;
        assert!(survives(&mut stream, 8).await, "after a pause");
        assert!(!survives(&mut stream, 8).await, "as the first one, it goes on for too long");
        let pace = Pace::new();
        let mut stream = Paced::new(duplex(1).1, pace.clone());
        pace.has_head(true);
        pace.is_answered();
        assert!(survives(&mut stream, 60).await, "frames");
    }

    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_at_first_is_cut_off() {
        let (_client, server) = duplex(64);
        let began = Instant::now();
        let mut stream = Paced::new(server, Pace::new());
        assert_eq!(stream.read_u8().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(began.elapsed().as_secs(), HEAD.as_secs());
    }
}
