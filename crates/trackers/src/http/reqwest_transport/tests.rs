use super::*;
use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;

/// Serves on a loopback port for the test's duration.
async fn serve(router: Router) -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, router).await });
    port
}

fn transport(allow: &[&str], limits: TransportLimits) -> ReqwestTransport {
    let allow = allow
        .iter()
        .map(|network| network.parse().unwrap())
        .collect();
    ReqwestTransport::new(AddressGuard::new(allow), limits).unwrap()
}

fn get_of(url: String) -> http::Request<Bytes> {
    http::Request::builder()
        .uri(url)
        .body(Bytes::new())
        .unwrap()
}

const LOOPBACK: &[&str] = &["127.0.0.0/8", "::1/128"];

#[tokio::test]
async fn it_sends_and_does_not_follow_redirects() {
    let echo = |headers: HeaderMap, body: String| async move {
        (
            StatusCode::FOUND,
            [("location", "/elsewhere")],
            format!("{:?} {body}", headers["x-a"]),
        )
    };
    let port = serve(Router::new().route("/x", axum::routing::post(echo))).await;
    let request = http::Request::post(format!("http://127.0.0.1:{port}/x"))
        .header("x-a", "1")
        .body(Bytes::from_static(b"hello"))
        .unwrap();
    let answer = transport(LOOPBACK, TransportLimits::default())
        .send(request)
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::FOUND);
    assert_eq!(&answer.body()[..], b"\"1\" hello");
}

#[tokio::test]
async fn private_addresses_are_refused_whether_written_or_resolved() {
    let port = serve(Router::new().route("/", get(async || "secret"))).await;
    for host in [
        "127.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "localhost",
        "0x7f.1",
        "2130706433",
    ] {
        let url = Url::parse(&format!("http://{host}:{port}/")).unwrap();
        let request = get_of(url.into());
        let error = transport(&[], TransportLimits::default())
            .send(request)
            .await
            .unwrap_err();
        assert_eq!(
            (error.sent, error.fault),
            (Sent::NotSent, TransportFault::Forbidden),
            "{host}: {error}"
        );
        assert!(error.reason.contains("allow_private"), "{error}");
    }
    let request = get_of(format!("http://localhost:{port}/"));
    let answer = transport(LOOPBACK, TransportLimits::default())
        .send(request)
        .await
        .unwrap();
    assert_eq!(&answer.body()[..], b"secret");
}

#[tokio::test]
async fn a_refused_connection_was_not_sent() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let request = get_of(format!("http://127.0.0.1:{port}/"));
    let error = transport(LOOPBACK, TransportLimits::default())
        .send(request)
        .await
        .unwrap_err();
    assert_eq!(
        (error.sent, error.fault),
        (Sent::NotSent, TransportFault::Network),
        "{error}"
    );
}

#[tokio::test]
async fn a_silent_server_and_a_closed_connection_leave_it_open_whether_it_was_sent() {
    let limits = TransportLimits {
        headers: Duration::from_millis(50),
        ..TransportLimits::default()
    };
    let silent = Router::new().route("/", get(async || std::future::pending::<&str>().await));
    let port = serve(silent).await;
    let error = transport(LOOPBACK, limits.clone())
        .send(get_of(format!("http://127.0.0.1:{port}/")))
        .await
        .unwrap_err();
    assert_eq!(error.sent, Sent::MaybeSent, "{error}");
    assert_eq!(error.reason, "no answer within 50 ms");

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 16];
        tokio::io::AsyncReadExt::read_exact(&mut stream, &mut buffer)
            .await
            .unwrap();
    });
    let error = transport(LOOPBACK, TransportLimits::default())
        .send(get_of(format!("http://127.0.0.1:{port}/")))
        .await
        .unwrap_err();
    assert_eq!(error.sent, Sent::MaybeSent, "{error}");
}

#[tokio::test]
async fn the_limit_counts_decompressed_bytes() {
    // 64 KiB of zeros in a gzip stream of a few dozen bytes.
    let bomb = include_bytes!("zeros_64k.gz");
    let answer = async || ([("content-encoding", "gzip")], &bomb[..]);
    let port = serve(Router::new().route("/", get(answer))).await;
    let send = async |response_max_bytes| {
        let limits = TransportLimits {
            response_max_bytes,
            ..TransportLimits::default()
        };
        transport(LOOPBACK, limits)
            .send(get_of(format!("http://127.0.0.1:{port}/")))
            .await
    };
    assert_eq!(send(64 * 1024).await.unwrap().body().len(), 64 * 1024);
    let error = send(64 * 1024 - 1).await.unwrap_err();
    assert_eq!(error.fault, TransportFault::TooLarge, "{error}");
}
