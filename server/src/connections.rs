//! Connections: encrypted if there is a certificate, served, and ended when the server stops.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::{Request, Version};
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::pace::{self, Pace, Paced};
use crate::telemetry::Task;
use crate::threads;
use crate::tls::Certificate;

/// From the first byte to the last of what comes before the first request of an encrypted connection.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Requests of one HTTP/2 connection at once.
const MAX_STREAMS: u32 = 256;
/// How long an HTTP/2 client that is idle may take to say that it is still there.
const PONG: Duration = Duration::from_secs(20);
/// Requests that are still answered when the server is told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// All that are open.
pub struct Connections {
    router: Router,
    protocol: auto::Builder<TokioExecutor>,
    tls: Option<TlsAcceptor>,
    open: GracefulShutdown,
}

impl Connections {
    /// None yet; `router` answers them.
    ///
    /// # Errors
    /// See [`Certificate::config`].
    pub fn new(router: Router, certificate: Option<&Arc<Certificate>>) -> anyhow::Result<Connections> {
        let mut protocol = auto::Builder::new(TokioExecutor::new());
        protocol.http1().timer(TokioTimer::new()).header_read_timeout(pace::IDLE);
        let mut framed = protocol.http2();
        framed.timer(TokioTimer::new()).max_concurrent_streams(MAX_STREAMS);
        framed.keep_alive_interval(pace::IDLE).keep_alive_timeout(PONG);
        let config = certificate.map(Certificate::config).transpose()?;
        let tls = config.map(|config| TlsAcceptor::from(Arc::new(config)));
        Ok(Connections { router, protocol, tls, open: GracefulShutdown::new() })
    }

    /// Serves a connection, until it ends.
    pub fn serve(&self, stream: TcpStream, peer: SocketAddr) {
        // Answers are small and sent whole; to wait for more only delays them.
        let _ = stream.set_nodelay(true);
        let (router, protocol, watcher) = (self.router.clone(), self.protocol.clone(), self.open.watcher());
        let Some(tls) = self.tls.clone() else {
            threads::start(Task::Connection, converse(stream, peer, router, protocol, watcher));
            return;
        };
        threads::start(Task::Connection, async move {
            match tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
                Ok(Ok(stream)) => converse(stream, peer, router, protocol, watcher).await,
                Ok(Err(error)) => tracing::debug!(%error, "no encrypted connection"),
                Err(_) => tracing::debug!("no encrypted connection in time"),
            }
        });
    }

    /// Returns once what was asked is answered, or not in time.
    pub async fn end(self) {
        let _ = tokio::time::timeout(GRACE, self.open.shutdown()).await;
    }
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    peer: SocketAddr,
    router: Router,
    protocol: auto::Builder<TokioExecutor>,
    watcher: Watcher,
) {
    let pace = Pace::new();
    let stream = TokioIo::new(Paced::new(stream, pace.clone()));
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        pace.has_head(request.version() >= Version::HTTP_2);
        request.extensions_mut().insert(peer);
        let (answered, pace) = (router.call(request), pace.clone());
        async move {
            let answer = answered.await;
            pace.is_answered();
            answer
        }
    });
    let served = protocol.serve_connection(stream, service).into_owned();
    let started = Instant::now();
    let served = watcher.watch(served).await;
    Task::Connection.ended(started, served.is_ok());
    if let Err(error) = served {
        tracing::debug!(error = %error, "connection ended");
    }
}
