//! A host behind the edge: says what it got, hangs, streams, breaks off, speaks WebSocket.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{HeaderValue, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;

/// A serving host; ends when dropped.
pub(super) struct Backend {
    pub(super) at: SocketAddr,
    /// A permit lets `/sse` send one more event, or `/breaks` break off.
    pub(super) events: Arc<Semaphore>,
    task: AbortHandle,
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Backend {
    pub(super) async fn start() -> Self {
        Self::start_at(super::harness::ANY).await
    }

    pub(super) async fn start_at(at: SocketAddr) -> Self {
        let listener = TcpListener::bind(at).await.unwrap();
        let at = listener.local_addr().unwrap();
        let events = Arc::new(Semaphore::new(0));
        let router = Router::new()
            .route("/sse", get(sse))
            .route("/ws", any(websocket))
            .route("/flood", get(flood))
            .route("/breaks", get(breaks))
            .route("/stops", get(stops))
            .route("/unread", post(unread))
            .fallback(echo)
            .with_state(Arc::clone(&events));
        let task = tokio::spawn(async move {
            axum::serve(listener, router).await.unwrap();
        });
        Self {
            at,
            events,
            task: task.abort_handle(),
        }
    }
}

/// The request line, the head and the body, as text.
async fn echo(request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut text = format!("{} {}\n", parts.method, parts.uri);
    for (name, value) in &parts.headers {
        text.push_str(&format!("{name}: {}\n", value.to_str().unwrap()));
    }
    let body = body.collect().await.unwrap().to_bytes();
    text.push_str(&format!("\n{}", String::from_utf8_lossy(&body)));
    let own = [
        ("x-own", "kept"),
        ("x-request-id", "the host's"),
        ("keep-alive", "timeout=9"),
    ];
    (own, text).into_response()
}

async fn sse(State(events): State<Arc<Semaphore>>) -> Response {
    let stream = futures_util::stream::unfold(0_u32, move |count| {
        let events = Arc::clone(&events);
        async move {
            events.acquire_owned().await.unwrap().forget();
            let event = Bytes::from(format!("data: {count}\n\n"));
            Some((Ok::<_, Infallible>(event), count + 1))
        }
    });
    let kind = HeaderValue::from_static("text/event-stream");
    ([(header::CONTENT_TYPE, kind)], Body::from_stream(stream)).into_response()
}

/// Sends back whatever comes, as soon as both have changed over.
async fn websocket(mut request: Request) -> Response {
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let mut stream = TokioIo::new(upgrade.await.unwrap());
        let mut buffer = [0; 1024];
        loop {
            // The other side may go at any time.
            match stream.read(&mut buffer).await {
                Ok(count) if count > 0 && stream.write_all(&buffer[..count]).await.is_ok() => {}
                _ => return,
            }
        }
    });
    let head = [
        (header::CONNECTION, "upgrade"),
        (header::UPGRADE, "websocket"),
    ];
    (StatusCode::SWITCHING_PROTOCOLS, head).into_response()
}

/// Never ends.
async fn flood() -> Response {
    let piece = Bytes::from(vec![b'x'; 64 << 10]);
    let pieces = futures_util::stream::repeat(piece).map(Ok::<_, Infallible>);
    Body::from_stream(pieces).into_response()
}

/// Sends a half, and breaks off when it is told to.
async fn breaks(State(told): State<Arc<Semaphore>>) -> Response {
    let first = futures_util::stream::iter([Ok(Bytes::from("half"))]);
    let end = futures_util::stream::once(async move {
        told.acquire_owned().await.unwrap().forget();
        Err("no more")
    });
    Body::from_stream(first.chain(end)).into_response()
}

/// Sends a little and then nothing.
async fn stops() -> Response {
    let first = futures_util::stream::iter([Ok::<_, Infallible>(Bytes::from("a little"))]);
    Body::from_stream(first.chain(futures_util::stream::pending())).into_response()
}

/// Answers nothing and reads nothing.
async fn unread(_: Request) -> Response {
    std::future::pending().await
}
