//! Listening: bounded connections, a deadline for heads, a bounded drain. For every listener of this installation.

use crate::door::{self, Door, Entered};
use crate::places::Places;
use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

/// The first bytes must have come within this, and each head; an idle connection is closed after it too, of HTTP/2 when it
/// gives no sign of life.
const HEADER_DEADLINE: Duration = Duration::from_secs(30);
/// After `shutdown` open requests get this long.
pub(crate) const DRAIN: Duration = Duration::from_secs(5);
/// After a failed accept (no file descriptors left) the next is tried after this.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// A head of a request, and what of a body is read ahead, is at most so large.
pub(crate) const BUFFER_MAX_BYTES: usize = 64 << 10;

/// Requests at once on one HTTP/2 connection of anybody.
const STREAMS_MAX: u32 = 256;
/// The same of one of this installation's processes: a host's pulls for all its groups wait on one.
const OWN_STREAMS_MAX: u32 = 4096;
/// What a connection of HTTP/2 begins with (RFC 9113, 3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Between looks at a beginning that may become HTTP/2's.
const PREFACE_PAUSE: Duration = Duration::from_millis(25);

/// The same on the private listener: its pulls are answered at once, and a host that stands still, which over HTTP/2 would
/// have to say that it has heard of the end, must keep nobody from the next edge.
const PRIVATE_DRAIN: Duration = Duration::from_secs(1);

/// Serves until `shutdown`, then lets open requests finish within 5 s. Requests have an extension that says who asks,
/// `ConnectInfo<SocketAddr>`. For listeners without TLS.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    connections_max: usize,
    shutdown: CancellationToken,
) {
    let listener = (listener, Door::plain());
    serve_own(listener, router, connections_max, DRAIN, shutdown).await;
}

/// The same behind a door: in a fleet for its members only.
pub async fn serve_behind(
    door: Door,
    listener: TcpListener,
    router: Router,
    connections_max: usize,
    shutdown: CancellationToken,
) {
    let listener = (listener, door);
    serve_own(listener, router, connections_max, DRAIN, shutdown).await;
}

/// The same for an edge's private listener, whose open requests get a second.
pub(crate) async fn serve_private(
    listener: (TcpListener, Door),
    router: Router,
    connections_max: usize,
    shutdown: CancellationToken,
) {
    serve_own(listener, router, connections_max, PRIVATE_DRAIN, shutdown).await;
}

async fn serve_own(
    (listener, door): (TcpListener, Door),
    router: Router,
    connections_max: usize,
    drain: Duration,
    shutdown: CancellationToken,
) {
    let way = Way {
        builder: builder(HEADER_DEADLINE, OWN_STREAMS_MAX),
        places: Places::all(connections_max),
        deadline: HEADER_DEADLINE,
        drain,
        door,
    };
    serve_with(way, listener, router, shutdown).await;
}

/// The same for everybody: one address has a part of the places only, and a connection fewer requests at once.
pub async fn serve_public(
    listener: TcpListener,
    router: Router,
    places: Places,
    shutdown: CancellationToken,
) {
    serve_within(listener, router, places, HEADER_DEADLINE, shutdown).await;
}

/// The same with another deadline: for the first bytes, for each head, and for each sign of life.
pub(crate) async fn serve_within(
    listener: TcpListener,
    router: Router,
    places: Places,
    deadline: Duration,
    shutdown: CancellationToken,
) {
    let way = Way {
        builder: builder(deadline, STREAMS_MAX),
        places,
        deadline,
        drain: DRAIN,
        door: Door::plain(),
    };
    serve_with(way, listener, router, shutdown).await;
}

/// How a listener serves.
struct Way {
    builder: Builder<TokioExecutor>,
    places: Places,
    /// For the first bytes.
    deadline: Duration,
    /// What open requests get at the end.
    drain: Duration,
    door: Door,
}

async fn serve_with(way: Way, listener: TcpListener, router: Router, shutdown: CancellationToken) {
    let Way {
        builder,
        places,
        deadline,
        drain,
        door,
    } = way;
    let graceful = GracefulShutdown::new();
    let connections_max = places.all_max();
    let each = |stream: TcpStream, peer: SocketAddr, permit| {
        let Some(place) = places.take(peer.ip()) else {
            tracing::debug!(%peer, "an address has too many connections already");
            return;
        };
        let router = router.clone().layer(Extension(ConnectInfo(peer)));
        let (builder, watcher) = (builder.clone(), graceful.watcher());
        let (door, ending) = (door.clone(), shutdown.clone());
        tokio::spawn(async move {
            let entered = tokio::select! {
                biased;
                entered = enters(stream, peer, &door, deadline) => entered,
                () = ending.cancelled() => None,
            };
            match entered {
                None => {}
                Some(Entered::Plain(stream)) => carry(stream, router, &builder, watcher).await,
                Some(Entered::Apart { stream, is_own }) => {
                    carry(stream, door::apart(router, is_own), &builder, watcher).await;
                }
                Some(Entered::Secure(stream)) => carry(stream, router, &builder, watcher).await,
            }
            drop((permit, place));
        });
    };
    accept_all(listener, connections_max, &shutdown, each).await;
    drain_until(Instant::now() + drain, graceful.shutdown()).await;
}

/// Waits until a connection speaks, and lets it in or not.
async fn enters(
    stream: TcpStream,
    peer: SocketAddr,
    door: &Door,
    deadline: Duration,
) -> Option<Entered> {
    match timeout(deadline, begins(&stream)).await {
        Ok(true) => door.enter(stream, peer, deadline).await,
        Ok(false) | Err(_) => None,
    }
}

/// Answers what comes by a connection until it ends.
async fn carry(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    router: Router,
    builder: &Builder<TokioExecutor>,
    watcher: Watcher,
) {
    let service = TowerToHyperService::new(router);
    let connection = builder
        .serve_connection_with_upgrades(TokioIo::new(stream), service)
        .into_owned();
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection ended early");
    }
}

fn builder(deadline: Duration, streams_max: u32) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(deadline)
        .max_buf_size(BUFFER_MAX_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(deadline)
        .keep_alive_timeout(deadline)
        .max_concurrent_streams(streams_max)
        .max_header_list_size(32 << 10);
    builder
}

/// Waits until what came tells HTTP/1 from HTTP/2: before that nothing else would ever end the connection. False: it ended.
async fn begins(stream: &TcpStream) -> bool {
    let mut first = [0; PREFACE.len()];
    loop {
        match stream.peek(&mut first).await {
            Ok(0) | Err(_) => return false,
            Ok(count) if count < PREFACE.len() && first[..count] == PREFACE[..count] => {
                sleep(PREFACE_PAUSE).await;
            }
            Ok(_) => return true,
        }
    }
}

/// Gives what is open until then to end.
pub(crate) async fn drain_until(by: Instant, ended: impl Future<Output = ()>) {
    if timeout_at(by, ended).await.is_err() {
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
                sleep(ACCEPT_PAUSE).await;
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

#[cfg(test)]
#[path = "listen_tests.rs"]
mod tests;
