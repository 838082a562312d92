use super::*;
use crate::listen::serve_behind;
use crate::mutual::{Member, server_name};
use axum::routing::{get, post};
use rustls::pki_types::ServerName;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;

const KEY: &[u8] = b"a key of a fleet that is as long as it must be";
const PATIENCE: Duration = Duration::from_secs(60);

fn member(role: &str, key: &[u8]) -> Mutual {
    Mutual::new(&[key], Member::role(role, "m1", Vec::new())).unwrap()
}

/// A fleet's listener.
async fn served() -> (SocketAddr, CancellationToken) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let router = Router::new()
        .route("/health", get(|| async { "well" }))
        .route("/inbox/pull", post(|| async { "deliveries" }))
        .route("/v1/inbound/gate", get(|| async { "go" }));
    let door = Door::of(Some(&member("edge", KEY)));
    let shutdown = CancellationToken::new();
    tokio::spawn(serve_behind(door, listener, router, 10, shutdown.clone()));
    (at, shutdown)
}

async fn all(mut stream: impl AsyncRead + Unpin) -> String {
    let mut came = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut came)).await;
    drop(read.expect("the connection ends"));
    String::from_utf8_lossy(&came).into_owned()
}

fn request(line: &str) -> Vec<u8> {
    format!("{line} HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").into()
}

/// What is answered in plain.
async fn check(line: &str, expected: &str) {
    let (at, shutdown) = served().await;
    let mut stream = TcpStream::connect(at).await.unwrap();
    stream.write_all(&request(line)).await.unwrap();
    let answer = all(stream).await;
    assert!(answer.starts_with(expected), "{line}: {answer}");
    if expected.ends_with("403") {
        assert!(
            answer.contains("show a certificate of the fleet's key"),
            "{answer}"
        );
    }
    shutdown.cancel();
}

#[tokio::test]
async fn in_plain_this_machine_hears_how_it_is_and_does_nothing() {
    check("GET /health", "HTTP/1.1 200").await;
    check("GET /v1/inbound/gate", "HTTP/1.1 200").await;
    check("POST /inbox/pull", "HTTP/1.1 403").await;
    check("GET /v1/status", "HTTP/1.1 403").await;
}

#[tokio::test]
async fn in_plain_another_machine_hears_nothing_but_why() {
    let router = Router::new().route("/health", get(|| async { "well" }));
    let router = apart(router, false);
    let asked = Request::get("/health")
        .body(axum::body::Body::empty())
        .unwrap();
    let answer = tower::ServiceExt::oneshot(router, asked).await.unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
}

/// What a caller with the key is answered over TLS; none: it is refused.
async fn asks(key: &[u8]) -> Option<String> {
    let (at, shutdown) = served().await;
    let name = ServerName::try_from(server_name("edge", "m1")).unwrap();
    let asked = async {
        let connector = TlsConnector::from(Arc::new(member("host", key).client()));
        let stream = TcpStream::connect(at).await?;
        let mut stream = connector.connect(name, stream).await?;
        stream.write_all(&request("POST /inbox/pull")).await?;
        let mut came = Vec::new();
        stream.read_to_end(&mut came).await?;
        std::io::Result::Ok(String::from_utf8_lossy(&came).into_owned())
    };
    let answer = timeout(PATIENCE, asked).await.expect("it ends");
    shutdown.cancel();
    answer.ok()
}

#[tokio::test]
async fn by_tls_a_member_is_answered_and_nobody_else() {
    let answer = asks(KEY).await.expect("it is answered");
    assert!(answer.ends_with("deliveries"), "{answer}");
    assert_eq!(
        asks(b"another key of a fleet, as long as it must be").await,
        None
    );
}

#[tokio::test]
async fn who_keeps_silent_within_tls_keeps_no_place() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let door = Door::of(Some(&member("edge", KEY)));
    let entering = tokio::spawn(async move {
        let (stream, peer) = listener.accept().await.unwrap();
        door.enter(stream, peer, Duration::from_millis(300))
            .await
            .is_some()
    });
    let name = ServerName::try_from(server_name("edge", "m1")).unwrap();
    let connector = TlsConnector::from(Arc::new(member("host", KEY).client()));
    let stream = TcpStream::connect(at).await.unwrap();
    let _silent = connector.connect(name, stream).await.unwrap();
    let entered = timeout(PATIENCE, entering).await.expect("it ends").unwrap();
    assert!(!entered);
}
