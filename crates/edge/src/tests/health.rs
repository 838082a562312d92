//! The private listener while traffic takes everything, and while the disk stands still.

use super::harness::*;
use futures_util::FutureExt as _;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

/// Asks over a blocking socket, so that no runtime is needed; `None` when nothing comes in time.
fn ask(at: &str, path: &str, patience: Duration) -> Option<String> {
    let mut stream = TcpStream::connect(at.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(patience)).unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nhost: edge\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(500);

/// All of the edge's traffic runs on the one worker, and that one is blocked.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn health_and_metrics_answer_while_the_traffic_runtime_is_blocked() {
    let edge = Plan::default().serve().await;
    let node = "/.well-known/twinline/a";
    assert!(
        ask(&edge.public, node, LONG)
            .unwrap()
            .starts_with("HTTP/1.1 200")
    );
    let (blocks, blocked) = sync_channel(1);
    let (release, released) = sync_channel::<()>(1);
    let blocking = tokio::spawn(async move {
        blocks.send(()).unwrap();
        released.recv().unwrap();
    });
    blocked.recv().unwrap();
    for _ in 0..3 {
        let health = ask(&edge.private, "/health", LONG).unwrap();
        assert!(health.starts_with("HTTP/1.1 200"), "{health}");
        let metrics = ask(&edge.private, "/metrics", LONG).unwrap();
        assert!(
            metrics.contains("twinline_edge_oldest_untaken_seconds 0"),
            "{metrics}"
        );
    }
    assert_eq!(
        ask(&edge.public, node, SHORT),
        None,
        "it was blocked indeed"
    );
    release.send(()).unwrap();
    blocking.await.unwrap();
    assert!(
        ask(&edge.public, node, LONG)
            .unwrap()
            .starts_with("HTTP/1.1 200")
    );
    edge.end().await;
}

#[tokio::test]
async fn an_edge_that_is_meant_says_that_another_is_to_begin_and_goes_on() {
    let plan = Plan::default();
    let told = Arc::clone(&plan.restart);
    let edge = plan.serve().await;
    let health = edge.client.get(format!("{}/health", edge.private));
    let health = read(health.send().await.unwrap()).await;
    assert!(health.contains("\"started_at\":1000"), "{health}");
    let unknown = edge.client.post(format!("{}/restart", edge.private));
    let unknown = unknown
        .header("content-type", "application/json")
        .body("{}");
    assert_eq!(unknown.send().await.unwrap().status(), 401);
    // Another one was meant, which another has replaced already.
    let other = serde_json::json!({ "started_at": 999 });
    let (status, says) = edge.ask("/restart", other).await;
    let expected = serde_json::json!({ "restarting": false, "started_at": 1000 });
    assert_eq!((status.as_u16(), says), (200, expected));
    let mut told = std::pin::pin!(told.notified());
    assert_eq!(told.as_mut().now_or_never(), None);

    let this = serde_json::json!({ "started_at": 1000 });
    let (status, says) = edge.ask("/restart", this).await;
    assert_eq!((status.as_u16(), &says["restarting"]), (200, &true.into()));
    assert_eq!(told.now_or_never(), Some(()), "once, and at once");
    assert_eq!(edge.post("a", "key-a", "1", "{}").await, 202);
    edge.end().await;
}
