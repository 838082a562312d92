//! An edge whose inbox cannot be opened yet. Whoever asks hears so at once, instead of waiting in the kernel's queue for an
//! edge that does not come.

use crate::door::{self, Door, Entered};
use crate::listen::{BUFFER_MAX_BYTES, accept_all};
use crate::settings::{EdgeError, Settings};
use crate::tls::Certificates;
use crate::{problem, unknown};
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use http::{HeaderValue, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// Refused at once, on each listener.
const CONNECTIONS_MAX: usize = 256;
/// A connection lasts no longer than this.
const CONNECTION_MAX: Duration = Duration::from_secs(10);
/// At the end whoever is being answered gets so long.
const LAST_WORD: Duration = Duration::from_secs(1);
/// After so many seconds a tracker may try again.
const AFTER_S: u32 = 10;

/// Answers 503 on both listeners, with `why`, until `until`. They are open afterwards as they were before.
///
/// # Errors
/// An address that cannot be bound, a certificate that cannot be used.
pub async fn refuse(
    settings: &mut Settings,
    why: &str,
    until: impl Future<Output = ()>,
) -> Result<(), EdgeError> {
    let (public, private) = (settings.listen.share()?, settings.private.share()?);
    settings.has_refused = true;
    let tls = match settings.tls.as_slice() {
        [] => None,
        files => Some(TlsAcceptor::from(
            Certificates::load(files.to_vec())?.config()?,
        )),
    };
    let health = Json(serde_json::json!({ "role": "edge", "inbox": why }));
    let health = (StatusCode::SERVICE_UNAVAILABLE, health);
    let health = get(move || {
        let health = health.clone();
        async move { health }
    });
    let ended = CancellationToken::new();
    let end = async {
        until.await;
        ended.cancel();
    };
    tokio::join!(
        serve(public, Way::of(tls), Router::new().fallback(later), &ended)?,
        serve(
            private,
            Way::Within(Door::of(settings.mutual.as_ref())),
            Router::new().route("/health", health).fallback(later),
            &ended
        )?,
        end,
    );
    Ok(())
}

/// How callers are spoken with.
#[derive(Clone)]
enum Way {
    Plain,
    Tls(TlsAcceptor),
    /// As on the private listener.
    Within(Door),
}

impl Way {
    fn of(tls: Option<TlsAcceptor>) -> Self {
        tls.map_or(Self::Plain, Self::Tls)
    }

    async fn answer(self, stream: TcpStream, peer: SocketAddr, router: Router) {
        match self {
            Self::Plain => answer(stream, router).await,
            Self::Tls(tls) => {
                if let Ok(stream) = tls.accept(stream).await {
                    answer(stream, router).await;
                }
            }
            Self::Within(door) => match door.enter(stream, peer, CONNECTION_MAX).await {
                None => {}
                Some(Entered::Plain(stream)) => answer(stream, router).await,
                Some(Entered::Apart { stream, is_own }) => {
                    answer(stream, door::apart(router, is_own)).await;
                }
                Some(Entered::Secure(stream)) => answer(stream, router).await,
            },
        }
    }
}

fn serve(
    listener: std::net::TcpListener,
    way: Way,
    router: Router,
    ended: &CancellationToken,
) -> Result<impl Future<Output = ()>, EdgeError> {
    let listener = tokio::net::TcpListener::from_std(listener).map_err(unknown)?;
    Ok(async move {
        let each = |stream, peer, permit| {
            let (way, router, ended) = (way.clone(), router.clone(), ended.clone());
            tokio::spawn(async move {
                let answered = way.answer(stream, peer, router);
                let late = async {
                    ended.cancelled().await;
                    sleep(LAST_WORD).await;
                };
                tokio::select! {
                    biased;
                    // Slow or hanging callers are let go of.
                    _ = timeout(CONNECTION_MAX, answered) => {}
                    () = late => {}
                }
                drop(permit);
            });
        };
        accept_all(listener, CONNECTIONS_MAX, ended, each).await;
    })
}

async fn answer(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, router: Router) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(CONNECTION_MAX)
        .max_buf_size(BUFFER_MAX_BYTES);
    let service = TowerToHyperService::new(router);
    let served = builder.serve_connection(TokioIo::new(stream), service);
    if let Err(error) = served.await {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Reads what the caller sends first: it would hear of a broken connection instead.
async fn later(request: Request) -> Response {
    let mut body = request.into_body();
    while let Some(Ok(_)) = body.frame().await {}
    let why = "the inbox cannot be opened now";
    let mut response = problem::later::<Body>(StatusCode::SERVICE_UNAVAILABLE, why, AFTER_S);
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
    response
}
