//! The data port: bound for the whole run, but open only while the mode is not `refuse`.
//!
//! A second socket is bound to the same port and never listens: it keeps the port ours while the
//! listener is gone, so that clients are refused by the kernel and the system gives the port to nobody
//! who asks for any port. (Who asks for this very one, with `SO_REUSEADDR`, could still have it.)

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::ingest::{self, Sink};

/// Connections the kernel may hold until we accept them.
const BACKLOG: u32 = 1024;

/// A listener and the socket that keeps its port.
#[derive(Debug)]
pub struct DataPort {
    address: SocketAddr,
    listener: TcpListener,
    _keeper: TcpSocket,
}

impl DataPort {
    /// Binds and listens.
    ///
    /// # Errors
    /// When the address is not to be had.
    pub fn bind(address: SocketAddr) -> io::Result<DataPort> {
        let keeper = socket(address)?;
        let address = keeper.local_addr()?;
        Ok(DataPort { address, listener: listen(address)?, _keeper: keeper })
    }

    /// The address with the port the system chose.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the last [`Door`] is gone.
    pub async fn serve(self, sink: Arc<Sink>, mut orders: mpsc::Receiver<Order>) -> io::Result<()> {
        let mut listener = Some(self.listener);
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                Some(accepted) = accept(listener.as_ref()) => {
                    // A connection that died in the backlog is none.
                    if let Ok((stream, _)) = accepted {
                        connections.spawn(connection(sink.clone(), stream));
                    }
                }
                Some(_) = connections.join_next() => {}
                order = orders.recv() => {
                    let Some(order) = order else { return Ok(()) };
                    if order.open && listener.is_none() {
                        listener = Some(listen(self.address)?);
                    } else if !order.open {
                        listener = None;
                        connections.shutdown().await;
                    }
                    sink.closed.store(listener.is_none(), Ordering::Relaxed);
                    let _ = order.done.send(());
                }
            }
        }
    }
}

async fn accept(listener: Option<&TcpListener>) -> Option<io::Result<(TcpStream, SocketAddr)>> {
    match listener {
        Some(listener) => Some(listener.accept().await),
        None => None,
    }
}

fn socket(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Both sockets need it to share the port, and old connections in TIME_WAIT must not bar it.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    socket(address)?.listen(BACKLOG)
}

/// An order to open or close the data port.
#[derive(Debug)]
pub struct Order {
    open: bool,
    done: oneshot::Sender<()>,
}

/// The handle by which the control API opens and closes the data port.
#[derive(Debug, Clone)]
pub struct Door(mpsc::Sender<Order>);

impl Door {
    /// A handle and what [`DataPort::serve`] listens to.
    pub fn new() -> (Door, mpsc::Receiver<Order>) {
        let (sender, receiver) = mpsc::channel(8);
        (Door(sender), receiver)
    }

    /// Opens or closes the port; returns when it is done, false if the data server is gone.
    pub async fn set_open(&self, open: bool) -> bool {
        let (done, answer) = oneshot::channel();
        self.0.send(Order { open, done }).await.is_ok() && answer.await.is_ok()
    }
}

async fn connection(sink: Arc<Sink>, stream: TcpStream) {
    let number = sink.store.connection_opened();
    let switch = CutSwitch::default();
    let _count = Count { sink: sink.clone(), switch: switch.clone() };
    let wire = Wire { stream, switch: switch.clone() };
    let service = service_fn(|request| ingest::handle(sink.clone(), number, switch.clone(), request));
    // Clients that vanish are no error of the sink.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(wire), service).await;
}

/// Counts the end of a connection however it comes, by abort too.
struct Count {
    sink: Arc<Sink>,
    switch: CutSwitch,
}

impl Drop for Count {
    fn drop(&mut self) {
        self.sink.store.connection_closed(self.switch.is_reset());
    }
}

/// Says that a connection is to end with a TCP reset.
#[derive(Debug, Clone, Default)]
pub struct CutSwitch(Arc<AtomicBool>);

impl CutSwitch {
    /// When the connection is dropped it will be reset.
    pub fn reset(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_reset(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A socket that closes with a reset where its switch says so.
#[derive(Debug)]
struct Wire {
    stream: TcpStream,
    switch: CutSwitch,
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.switch.is_reset() {
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
