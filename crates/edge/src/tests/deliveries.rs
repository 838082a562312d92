//! Deliveries over real sockets.

use super::harness::*;
use http::StatusCode;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use twinline_store::db::{self, CommitFault, DbOptions, FaultPlan};

#[tokio::test]
async fn a_refusal_says_why_and_writes_no_row() {
    let mut plan = Plan::default();
    plan.limits.body_max_bytes = 1000;
    let edge = plan.serve().await;
    assert_eq!(
        edge.post("nobody", "key-a", "1", "{}").await,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        edge.post("a", "key-b", "1", "{}").await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        edge.post("mute", "", "1", "{}").await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        edge.post("a", "key-a", "1", "garbage").await,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        edge.post("a", "key-a", "1", "{".repeat(1001)).await,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    let endless =
        futures_util::stream::iter((0..20).map(|_| Ok::<_, std::io::Error>(vec![b'{'; 100])));
    assert_eq!(
        edge.post("a", "key-a", "1", reqwest::Body::wrap_stream(endless))
            .await,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    assert_eq!(edge.rows().await, 0);
    edge.end().await;
}

/// What is told of a node's refused signatures.
async fn refused(edge: &Served, node: &str) -> Option<f64> {
    let line = format!("twinline_edge_signatures_refused{{node=\"{node}\"}}");
    edge.metric(&line).await
}

#[tokio::test]
async fn only_signatures_that_a_nodes_secrets_do_not_make_are_counted() {
    let edge = Plan::default().serve().await;
    // The node is only asked: there is nothing to compare with.
    assert_eq!(
        edge.post("mute", "key-a", "1", "{}").await,
        StatusCode::UNAUTHORIZED
    );
    let unsigned = edge.client.post(format!("{}/hooks/a", edge.public));
    let unsigned = unsigned.body("{}").send().await.unwrap();
    assert_eq!(unsigned.status(), StatusCode::UNAUTHORIZED);
    for node in ["a", "mute"] {
        assert_eq!(refused(&edge, node).await, None, "{node}");
    }
    assert_eq!(
        edge.post("a", "key-b", "1", "{}").await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(refused(&edge, "a").await, Some(1.0));
    assert_eq!(
        edge.post("a", "key-a", "1", "{}").await,
        StatusCode::ACCEPTED
    );
    // An edge that hears the tracker says so.
    assert_eq!(refused(&edge, "a").await, Some(0.0));
    edge.end().await;
}

#[tokio::test]
async fn an_accepted_delivery_is_durable_once_and_without_foreign_headers() {
    let edge = Plan::default().serve().await;
    for _ in 0..2 {
        assert_eq!(
            edge.post("a", "key-a", "same", "{1}").await,
            StatusCode::ACCEPTED
        );
    }
    assert_eq!(
        edge.post("a", "older", "other", "{2}").await,
        StatusCode::ACCEPTED
    );
    assert_eq!(edge.rows().await, 2);
    assert_eq!(edge.ask("/inbox/claim", owner(1)).await.0, StatusCode::OK);
    let pull = serde_json::json!({ "owner": owner(1), "from": edge.beginning(), "max_rows": 10, "max_bytes": 1000, "wait_ms": 0 });
    let (_, pulled) = edge.ask("/inbox/pull", pull).await;
    assert_eq!(pulled["deliveries"].as_array().unwrap().len(), 2);
    assert_eq!(pulled["deliveries"][0]["body"], "ezF9");
    assert!(!pulled.to_string().contains("cookie"), "{pulled}");
    edge.end().await;
}

#[tokio::test]
async fn a_waiting_pull_is_woken_by_an_arrival() {
    let edge = Plan::default().serve().await;
    edge.ask("/inbox/claim", owner(1)).await;
    let pull = serde_json::json!({ "owner": owner(1), "from": edge.beginning(), "max_rows": 10, "max_bytes": 1000, "wait_ms": 20000 });
    let (pulled, posted) = tokio::join!(
        edge.ask("/inbox/pull", pull),
        edge.post("b", "key-b", "1", "{}")
    );
    assert_eq!(posted, StatusCode::ACCEPTED);
    assert_eq!(pulled.1["deliveries"][0]["node"], "b");
    edge.end().await;
}

#[tokio::test]
async fn who_counts_in_another_inbox_is_told_at_once_and_acknowledges_nothing() {
    let edge = Plan::default().serve().await;
    edge.ask("/inbox/claim", owner(1)).await;
    let elsewhere = serde_json::json!({ "inbox": "another", "seq": 7 });
    let pull = serde_json::json!({ "owner": owner(1), "from": elsewhere, "max_rows": 10, "max_bytes": 1000, "wait_ms": 20000 });
    let began = tokio::time::Instant::now();
    let (_, empty) = edge.ask("/inbox/pull", pull.clone()).await;
    assert!(began.elapsed() < std::time::Duration::from_secs(20));
    assert_eq!(empty["from"], edge.beginning());
    edge.post("a", "key-a", "1", "{}").await;
    let (_, first) = edge.ask("/inbox/pull", pull).await;
    assert_eq!(first["from"], edge.beginning());
    assert_eq!(first["deliveries"][0]["seq"], 1);
    for path in ["/inbox/taken", "/inbox/safe"] {
        let ack = serde_json::json!({ "owner": owner(1), "to": elsewhere });
        assert_eq!(edge.ask(path, ack).await.0, StatusCode::NOT_FOUND);
    }
    let (_, cursors) = edge.ask("/inbox/claim", owner(1)).await;
    assert_eq!(cursors["taken"], 0);
    edge.end().await;
}

#[tokio::test]
async fn an_older_owner_is_refused_and_a_stranger_too() {
    let edge = Plan::default().serve().await;
    assert_eq!(edge.ask("/inbox/claim", owner(2)).await.0, StatusCode::OK);
    let (status, problem) = edge.ask("/inbox/claim", owner(1)).await;
    assert_eq!(
        (status, problem["title"].as_str()),
        (StatusCode::CONFLICT, Some("a newer owner has been here"))
    );
    let stranger = edge
        .client
        .post(format!("{}/inbox/claim", edge.private))
        .bearer_auth("guess")
        .send()
        .await
        .unwrap();
    assert_eq!(stranger.status(), StatusCode::UNAUTHORIZED);
    edge.end().await;
}

#[tokio::test]
async fn what_does_not_fit_is_answered_later() {
    let mut plan = Plan::default();
    plan.inbox.node_max_bytes = 100;
    let edge = plan.serve().await;
    edge.later("a", vec![b'{'; 200], "30").await;
    // The neighbour has its own share.
    assert_eq!(
        edge.post("b", "key-b", "1", "{}").await,
        StatusCode::ACCEPTED
    );
    let later = "twinline_edge_deliveries_total{ended=\"later\"}";
    assert_eq!(edge.metric(later).await, Some(1.0));
    edge.end().await;
}

#[tokio::test]
async fn only_genuine_deliveries_use_up_a_nodes_rate() {
    let mut plan = Plan::default();
    plan.limits.node_max_per_s = 0;
    let edge = plan.serve().await;
    assert_eq!(
        edge.post("a", "forged", "1", "{}").await,
        StatusCode::UNAUTHORIZED
    );
    edge.later("a", "{}", "1").await;
    edge.end().await;
}

/// Stands still at commits while the lock is held.
struct Standstill(Arc<std::sync::Mutex<()>>);

impl FaultPlan for Standstill {
    fn at_commit(&mut self, _: u64) -> CommitFault {
        drop(self.0.lock().unwrap());
        CommitFault::None
    }
}

#[tokio::test]
async fn a_disk_that_stands_still_is_answered_later_and_loses_nothing() {
    let disk = Arc::new(std::sync::Mutex::new(()));
    let options = DbOptions {
        faults: Box::new(Standstill(Arc::clone(&disk))),
        limits: db::Limits {
            write_max_ms: 1000,
            ..db::Limits::default()
        },
        ..DbOptions::default()
    };
    let plan = Plan {
        options,
        ..Plan::default()
    };
    let edge = plan.serve().await;
    let (hold, held) = std::sync::mpsc::sync_channel(1);
    let (stop, stopped) = std::sync::mpsc::sync_channel(1);
    let thread = std::thread::spawn(move || {
        let _still = disk.lock().unwrap();
        hold.send(()).unwrap();
        stopped.recv().unwrap();
    });
    held.recv().unwrap();
    edge.later("a", "{}", "10").await;
    let health = format!("{}/health", edge.private);
    within("the health shows it", async || {
        let health = edge.client.get(&health).send().await.unwrap();
        health.status() == StatusCode::SERVICE_UNAVAILABLE
    })
    .await;
    edge.later("a", "{}", "1").await;
    stop.send(()).unwrap();
    thread.join().unwrap();
    within("it takes deliveries again", async || {
        edge.post("a", "key-a", "1", "{}").await == StatusCode::ACCEPTED
    })
    .await;
    assert_eq!(edge.rows().await, 1, "one id, one row");
    edge.end().await;
}

/// `100 Continue` proves that the edge is reading the body when it is told to end.
#[tokio::test]
async fn shutting_down_lets_an_open_request_finish() {
    let edge = Plan::default().serve().await;
    let mut stream = tokio::net::TcpStream::connect(edge.public.trim_start_matches("http://"))
        .await
        .unwrap();
    let head = "POST /hooks/a HTTP/1.1\r\nhost: edge\r\nx-key: key-a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    expect(&mut stream, "HTTP/1.1 100 Continue").await;
    edge.shutdown.cancel();
    stream.write_all(b"{}").await.unwrap();
    expect(&mut stream, "HTTP/1.1 202 Accepted").await;
    edge.end().await;
}

/// A caller keeps its connection and asks once more at the moment at which the edge is told to end.
#[tokio::test]
async fn who_asks_again_while_the_edge_ends_is_answered_and_told_to_connect_anew() {
    let edge = Plan::default().serve().await;
    let mut stream = edge.connect().await;
    let ask = b"GET /.well-known/twinline/a HTTP/1.1\r\nhost: edge\r\n\r\n";
    stream.write_all(ask).await.unwrap();
    let first = expect(&mut stream, "\"webhook\"").await;
    assert!(!first.contains("connection: close"), "{first}");
    edge.shutdown.cancel();
    stream.write_all(ask).await.unwrap();
    let last = expect(&mut stream, "\"webhook\"").await;
    assert!(last.contains("connection: close"), "{last}");
    edge.end().await;
}

#[tokio::test]
async fn a_waiting_pull_does_not_hold_up_the_end() {
    let edge = Plan::default().serve().await;
    edge.ask("/inbox/claim", owner(1)).await;
    let pull = serde_json::json!({ "owner": owner(1), "from": edge.beginning(), "max_rows": 10, "max_bytes": 1000, "wait_ms": 20000 });
    let asked = edge.client.post(format!("{}/inbox/pull", edge.private));
    let asked = asked
        .bearer_auth(TOKEN)
        .header("content-type", "application/json");
    let waiting = tokio::spawn(asked.body(pull.to_string()).send());
    within("the pull waits", async || {
        edge.metric("twinline_edge_pulls_waiting").await == Some(1.0)
    })
    .await;
    let began = tokio::time::Instant::now();
    edge.end().await;
    assert!(began.elapsed() < std::time::Duration::from_secs(4));
    let answer = read(waiting.await.unwrap().unwrap()).await;
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["deliveries"], serde_json::json!([]));
}

/// Who has connected and says nothing yet holds up nobody, also at the end.
#[tokio::test]
async fn who_comes_while_an_edge_ends_is_answered_and_hears_that_it_was_the_last_time() {
    let edge = Plan::default().serve().await;
    let silent = edge.connect().await;
    // The edge has it before it ends.
    assert_eq!(edge.post("a", "key-a", "1", "{}").await, 202);
    let request = edge.client.post(format!("{}/hooks/a", edge.public));
    let request = request.header("x-key", "key-a");
    let newcomer = reqwest::Client::new();
    edge.shutdown.cancel();
    within("the end is told", async || {
        let request = request.try_clone().unwrap().header("x-twinline-id", "2");
        let request = request.body("{}").build().unwrap();
        let answer = newcomer.execute(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::ACCEPTED);
        answer
            .headers()
            .get("connection")
            .is_some_and(|says| says == "close")
    })
    .await;
    drop(silent);
    edge.ended().await;
}

/// To tell hundreds of pulls that they are to go on at the next edge takes a while.
#[tokio::test]
async fn who_comes_while_hosts_are_still_answered_is_answered_too() {
    let edge = Plan::default().serve().await;
    let private = edge.private.trim_start_matches("http://");
    let mut host = tokio::net::TcpStream::connect(private).await.unwrap();
    let head = format!(
        "POST /inbox/pull HTTP/1.1\r\nhost: edge\r\nauthorization: Bearer {TOKEN}\r\ncontent-type: application/json\r\n\
         expect: 100-continue\r\ncontent-length: 100\r\n\r\n"
    );
    host.write_all(head.as_bytes()).await.unwrap();
    // It waits for the body now, which does not come.
    expect(&mut host, "100 Continue").await;
    edge.shutdown.cancel();
    within("the private listener takes nobody", async || {
        tokio::net::TcpStream::connect(private).await.is_err()
    })
    .await;
    let newcomer = reqwest::Client::new().post(format!("{}/hooks/a", edge.public));
    let newcomer = newcomer.header("x-key", "key-a").body("{}");
    assert_eq!(
        newcomer.send().await.unwrap().status(),
        StatusCode::ACCEPTED
    );
    drop(host);
    edge.ended().await;
}

/// Over HTTP/2 an end is over when the other side has confirmed that it has heard of it.
#[tokio::test]
async fn a_host_that_stands_still_does_not_hold_up_the_end() {
    let edge = Plan::default().serve().await;
    let private = edge.private.trim_start_matches("http://");
    let mut host = tokio::net::TcpStream::connect(private).await.unwrap();
    // The beginning of a connection and empty settings (RFC 9113, 3.4); nothing is ever said after that.
    host.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        .await
        .unwrap();
    host.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
    let mut settings = [0; 9];
    host.read_exact(&mut settings).await.unwrap();
    let began = tokio::time::Instant::now();
    edge.end().await;
    assert!(began.elapsed() < std::time::Duration::from_secs(4));
}
