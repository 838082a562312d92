//! The public listener's connections: first byte, TLS, HTTP/1.1 or HTTP/2, each request to the front.

use crate::Shared;
use crate::answer::Answer;
use crate::caller::Caller;
use crate::front::Front;
use crate::listen::{self, BUFFER_MAX_BYTES};
use crate::stall::Stall;
use http::{HeaderValue, Request, StatusCode, Version, header};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A caller that has connected at the very end gets this long to begin its request: also one whose machine stands still for a
/// moment, and a small part of what an end may take.
const LAST_WORD: Duration = Duration::from_secs(1);
/// One that has been answered before may be about to ask once more: for so long it is answered, and hears that it was the
/// last time.
const LAST_PAUSE: Duration = Duration::from_millis(100);
/// Requests at once on one HTTP/2 connection.
const STREAMS_MAX: u32 = 256;
/// The largest head of an HTTP/2 request.
const HEAD_MAX_BYTES: u32 = 32 << 10;
/// What a caller may send ahead of its reader, on one request and on all of a connection.
const STREAM_WINDOW_BYTES: u32 = 256 << 10;
const CONNECTION_WINDOW_BYTES: u32 = 1 << 20;

/// What every connection needs.
pub(crate) struct Traffic {
    pub(crate) front: Front,
    pub(crate) shared: Arc<Shared>,
    /// Absent: plain HTTP.
    pub(crate) tls: Option<TlsAcceptor>,
    /// A head must have arrived within this; an idle connection is closed after it too.
    pub(crate) header_deadline: Duration,
    /// A caller must go on reading within this.
    pub(crate) stall_max: Duration,
    pub(crate) shutdown: CancellationToken,
    /// Cancelled when the private listener has ended.
    pub(crate) private_ended: CancellationToken,
}

/// Serves until shutdown, then lets what is open finish within the drain time. Who comes while older connections end, and
/// while hosts are told to pull from the next edge, is still served: nobody waits for that edge on their account.
pub(crate) async fn serve(traffic: Arc<Traffic>, listener: TcpListener, connections_max: usize) {
    let (before, since) = (TaskTracker::new(), TaskTracker::new());
    let each = |stream, peer, permit| {
        let traffic = Arc::clone(&traffic);
        let ending = traffic.shutdown.is_cancelled();
        let open = if ending { &since } else { &before };
        open.spawn(async move {
            traffic.connection(stream, peer).await;
            drop(permit);
        });
    };
    let last = CancellationToken::new();
    let older_end = async {
        traffic.shutdown.cancelled().await;
        let by = Instant::now() + listen::DRAIN;
        before.close();
        let older = timeout(LAST_WORD + LAST_PAUSE, before.wait());
        let private = timeout_at(by, traffic.private_ended.cancelled());
        let _all_or_late = tokio::join!(older, private);
        last.cancel();
        by.max(Instant::now() + LAST_WORD)
    };
    let accepts = listen::accept_all(listener, connections_max, &last, each);
    let ((), by) = tokio::join!(accepts, older_end);
    since.close();
    let ended = async {
        before.wait().await;
        since.wait().await;
        traffic.front.proxy().drained().await;
    };
    listen::drain_until(by, ended).await;
}

impl Traffic {
    async fn connection(self: Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        if !self.begins(&stream).await {
            return;
        }
        let stream = Stall::new(stream, self.stall_max);
        let caller = Caller::new(peer.ip(), self.tls.is_some());
        let caller = Arc::new(caller);
        let Some(tls) = &self.tls else {
            return self.http1(stream, caller).await;
        };
        match timeout(self.header_deadline, tls.accept(stream)).await {
            Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(b"h2") => {
                self.http2(stream, caller).await;
            }
            Ok(Ok(stream)) => self.http1(stream, caller).await,
            Ok(Err(error)) => self.failed_handshake(&error.to_string()),
            Err(_) => self.failed_handshake("it took too long"),
        }
    }

    fn failed_handshake(&self, why: &str) {
        tracing::debug!(why, "a TLS handshake failed");
        self.shared.metrics.handshakes_failed.inc();
    }

    /// Answers requests side by side; told to end, those that are open and no others.
    async fn http2(
        self: Arc<Self>,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        caller: Arc<Caller>,
    ) {
        let begun = CancellationToken::new();
        let ending = self.ends(begun.clone());
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(self.header_deadline)
            .max_concurrent_streams(STREAMS_MAX)
            .max_header_list_size(HEAD_MAX_BYTES)
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .max_send_buf_size(BUFFER_MAX_BYTES)
            .serve_connection(TokioIo::new(stream), self.service(caller, begun));
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            biased;
            ended = connection.as_mut() => ended,
            () = ending => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended early");
        }
    }

    /// What answers a connection's requests, and says when the first of them has begun.
    fn service(
        self: Arc<Self>,
        caller: Arc<Caller>,
        begun: CancellationToken,
    ) -> impl HttpService<Incoming, ResBody = Answer, Error = Infallible, Future: Send> {
        service_fn(move |request: Request<Incoming>| {
            begun.cancel();
            let (traffic, caller) = (Arc::clone(&self), Arc::clone(&caller));
            async move {
                let is_http1 = request.version() < Version::HTTP_2;
                let mut answer = traffic.front.answer(&caller, request).await;
                let is_last = is_http1 && traffic.shutdown.is_cancelled();
                if is_last && answer.status() != StatusCode::SWITCHING_PROTOCOLS {
                    let close = HeaderValue::from_static("close");
                    answer.headers_mut().insert(header::CONNECTION, close);
                }
                Ok::<_, Infallible>(answer)
            }
        })
    }

    /// Waits until a connection is to end: whoever has not come to its first request yet would be closed without an answer,
    /// and whoever asks once more at this very moment too.
    fn ends(&self, begun: CancellationToken) -> impl Future<Output = ()> + use<> {
        let shutdown = self.shutdown.clone();
        async move {
            shutdown.cancelled().await;
            let _begun_or_late = timeout(LAST_WORD, begun.cancelled()).await;
            sleep(LAST_PAUSE).await;
        }
    }

    /// Answers one request after the other; told to end, the one that is open and no other.
    async fn http1(
        self: Arc<Self>,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        caller: Arc<Caller>,
    ) {
        let deadline = self.header_deadline;
        let begun = CancellationToken::new();
        let ending = self.ends(begun.clone());
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(deadline)
            .max_buf_size(BUFFER_MAX_BYTES)
            .serve_connection(TokioIo::new(stream), self.service(caller, begun))
            .with_upgrades();
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            biased;
            ended = connection.as_mut() => ended,
            () = ending => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended early");
        }
    }

    /// Waits for the first byte: until then a connection costs no buffer and holds up no shutdown.
    async fn begins(&self, stream: &TcpStream) -> bool {
        let ending = async {
            self.shutdown.cancelled().await;
            sleep(LAST_WORD).await;
        };
        tokio::select! {
            biased;
            ready = stream.readable() => ready.is_ok(),
            () = sleep(self.header_deadline) => false,
            () = ending => false,
        }
    }
}
