//! Listening: bounded connections, a deadline for heads, a bounded drain. For every listener of this installation.

use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// Headers must have arrived within this; an idle connection is closed after it too.
const HEADER_DEADLINE: Duration = Duration::from_secs(30);
/// After `shutdown` open requests get this long.
pub(crate) const DRAIN: Duration = Duration::from_secs(5);
/// After a failed accept (no file descriptors left) the next is tried after this.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// A head of a request, and what of a body is read ahead, is at most so large.
pub(crate) const BUFFER_MAX_BYTES: usize = 64 << 10;

/// Serves until `shutdown`, then lets open requests finish within 5 s. Requests have an extension that says who asks,
/// `ConnectInfo<SocketAddr>`. For listeners without TLS.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    connections_max: usize,
    shutdown: CancellationToken,
) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_DEADLINE)
        .max_buf_size(BUFFER_MAX_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(256)
        .max_header_list_size(32 << 10);
    let graceful = GracefulShutdown::new();
    let each = |stream, peer, permit| {
        let router = router.clone().layer(Extension(ConnectInfo(peer)));
        let service = TowerToHyperService::new(router);
        let connection = builder
            .serve_connection_with_upgrades(TokioIo::new(stream), service)
            .into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(permit);
        });
    };
    accept_all(listener, connections_max, &shutdown, each).await;
    drain(graceful.shutdown()).await;
}

/// Gives what is open so long to end.
pub(crate) async fn drain(ended: impl Future<Output = ()>) {
    if tokio::time::timeout(DRAIN, ended).await.is_err() {
        tracing::warn!("requests were still open at the end of the drain time");
    }
}

/// Hands every connection to `each`, with its place among `connections_max`, until `shutdown`.
pub(crate) async fn accept_all(
    listener: TcpListener,
    connections_max: usize,
    shutdown: &CancellationToken,
    mut each: impl FnMut(TcpStream, SocketAddr, OwnedSemaphorePermit),
) {
    let permits = Arc::new(Semaphore::new(connections_max));
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            accepted = accept(&listener, &permits) => accepted,
        };
        match accepted {
            Ok((stream, peer, permit)) => {
                // Latency counts more than fewer packets; without it answers only come a little later.
                drop(stream.set_nodelay(true));
                each(stream, peer, permit);
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// A free place first, then a connection: what does not fit waits in the kernel's queue.
async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits)
        .acquire_owned()
        .await
        .map_err(std::io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, permit))
}
