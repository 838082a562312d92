use super::*;
use std::net::Ipv4Addr;
use tokio::net::TcpListener;

/// Whether a role that answers this answers.
async fn check(role: &str, says: &'static str, expected: bool) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let at = listener.local_addr().unwrap();
    let answer = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = [0; 512];
        assert!(stream.read(&mut head).await.unwrap() > 0);
        stream.write_all(says.as_bytes()).await.unwrap();
    });
    assert_eq!(answers(at, role).await, expected, "{role}: {says}");
    answer.await.unwrap();
}

#[tokio::test]
async fn a_watch_that_says_that_it_has_stopped_hangs() {
    let stopped = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";
    check("watch", stopped, false).await;
    check("watch", "HTTP/1.1 200 OK\r\n\r\n", true).await;
    // An edge whose disk is full says so by it, and works.
    check("edge", stopped, true).await;
    check("host", "HTTP", true).await;
    check("host", "", false).await;
}
