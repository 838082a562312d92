//! The edge over real sockets, with a verifier of its own.

use super::*;
use http::{HeaderMap, StatusCode};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use twinline_core::time::Timestamp;
use twinline_store::db::{self, CommitFault, DbOptions, FaultPlan};
use twinline_store::inbox::{InboxLimits, NodeUse};
use twinline_store::{Epoch, GroupId};
use twinline_trackers::{Notice, Webhook, WebhookRejected};

/// Verifies `x-key` against the secret and wants a body that begins with `{`.
struct Plain;

impl Webhook for Plain {
    fn verify(
        &self,
        secrets: &[&[u8]],
        headers: &HeaderMap,
        _: &[u8],
    ) -> Result<(), WebhookRejected> {
        let shown = headers.get("x-key").map(http::HeaderValue::as_bytes);
        secrets
            .iter()
            .any(|secret| shown == Some(secret))
            .then_some(())
            .ok_or(WebhookRejected::Signature)
    }

    fn delivery_id(&self, headers: &HeaderMap) -> Option<String> {
        headers
            .get("x-twinline-id")?
            .to_str()
            .ok()
            .map(str::to_owned)
    }

    fn decode(&self, _: &HeaderMap, body: &[u8]) -> Result<Vec<Notice>, WebhookRejected> {
        body.starts_with(b"{")
            .then(Vec::new)
            .ok_or_else(|| WebhookRejected::Malformed("not an object".into()))
    }
}

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1000)
    }
}

/// A serving edge on a folder of its own.
struct Served {
    webhooks: String,
    private: String,
    inbox: Inbox,
    client: reqwest::Client,
    shutdown: CancellationToken,
    task: tokio::task::JoinHandle<Result<(), EdgeError>>,
    _folder: tempfile::TempDir,
}

const TOKEN: &str = "the-token";

async fn serve(limits: Limits, inbox_limits: InboxLimits) -> Served {
    serve_on(DbOptions::default(), limits, inbox_limits).await
}

async fn serve_on(options: DbOptions, limits: Limits, inbox_limits: InboxLimits) -> Served {
    // A second call finds the provider installed.
    drop(rustls::crypto::ring::default_provider().install_default());
    let folder = tempfile::tempdir().unwrap();
    let inbox = Inbox::open(&folder.path().join("inbox.db"), options, inbox_limits).unwrap();
    let hook = |secret: &str| Hook {
        group: GroupId::local(),
        tracker: "plain".into(),
        webhook: &Plain,
        secrets: if secret.is_empty() {
            vec![]
        } else {
            vec![secret.as_bytes().to_vec(), b"older".to_vec()]
        },
    };
    let hooks = BTreeMap::from([
        ("a".into(), hook("key-a")),
        ("b".into(), hook("key-b")),
        ("mute".into(), hook("")),
    ]);
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let settings = Settings {
        listen: any,
        private: any,
        token: TOKEN.into(),
        limits,
        tracing: Tracing::default(),
    };
    let edge = Edge::bind(
        settings,
        inbox.clone(),
        RouteTable::new(hooks),
        Arc::new(Fixed),
    )
    .await
    .unwrap();
    let (webhooks, private) = edge.addresses().unwrap();
    let shutdown = CancellationToken::new();
    let task = tokio::spawn(edge.serve(shutdown.clone()));
    Served {
        webhooks: format!("http://{webhooks}"),
        private: format!("http://{private}"),
        inbox,
        client: reqwest::Client::new(),
        shutdown,
        task,
        _folder: folder,
    }
}

impl Served {
    async fn post(
        &self,
        node: &str,
        key: &str,
        id: &str,
        body: impl Into<reqwest::Body>,
    ) -> StatusCode {
        let request = self.client.post(format!("{}/hooks/{node}", self.webhooks));
        let request = request
            .header("x-key", key)
            .header("x-twinline-id", id)
            .header("cookie", "secret");
        request.body(body).send().await.unwrap().status()
    }

    /// A genuine delivery is answered 503, to be sent again after so many seconds.
    async fn later(&self, node: &str, body: impl Into<reqwest::Body>, seconds: &str) {
        let request = self.client.post(format!("{}/hooks/{node}", self.webhooks));
        let request = request
            .header("x-key", format!("key-{node}"))
            .header("x-twinline-id", "1");
        let response = request.body(body).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()["retry-after"], seconds);
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json"
        );
    }

    async fn ask(&self, path: &str, body: serde_json::Value) -> (StatusCode, serde_json::Value) {
        let request = self
            .client
            .post(format!("{}{path}", self.private))
            .bearer_auth(TOKEN);
        let response = request
            .header("content-type", "application/json")
            .body(body.to_string())
            .send()
            .await
            .unwrap();
        let status = response.status();
        (status, serde_json::from_str(&read(response).await).unwrap())
    }

    async fn rows(&self) -> u64 {
        self.inbox
            .usage()
            .await
            .unwrap()
            .iter()
            .map(|used: &NodeUse| used.rows)
            .sum()
    }

    async fn end(self) {
        self.shutdown.cancel();
        self.task.await.unwrap().unwrap();
    }
}

async fn read(mut response: reqwest::Response) -> String {
    let mut text = Vec::new();
    while let Some(chunk) = response.chunk().await.unwrap() {
        text.extend_from_slice(&chunk);
    }
    String::from_utf8(text).unwrap()
}

fn owner(generation: u16) -> serde_json::Value {
    serde_json::json!({ "group": "local", "epoch": Epoch::new(generation, 0) })
}

#[tokio::test]
async fn a_refusal_says_why_and_writes_no_row() {
    let edge = serve(
        Limits {
            body_max_bytes: 1000,
            ..Limits::default()
        },
        InboxLimits::default(),
    )
    .await;
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

#[tokio::test]
async fn an_accepted_delivery_is_durable_once_and_without_foreign_headers() {
    let edge = serve(Limits::default(), InboxLimits::default()).await;
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
    let pull = serde_json::json!({ "owner": owner(1), "after": 0, "max_rows": 10, "max_bytes": 1000, "wait_ms": 0 });
    let (_, pulled) = edge.ask("/inbox/pull", pull).await;
    assert_eq!(pulled["deliveries"].as_array().unwrap().len(), 2);
    assert_eq!(pulled["deliveries"][0]["body"], "ezF9");
    assert!(!pulled.to_string().contains("cookie"), "{pulled}");
    edge.end().await;
}

#[tokio::test]
async fn a_waiting_pull_is_woken_by_an_arrival() {
    let edge = serve(Limits::default(), InboxLimits::default()).await;
    edge.ask("/inbox/claim", owner(1)).await;
    let pull = serde_json::json!({ "owner": owner(1), "after": 0, "max_rows": 10, "max_bytes": 1000, "wait_ms": 20000 });
    let (pulled, posted) = tokio::join!(
        edge.ask("/inbox/pull", pull),
        edge.post("b", "key-b", "1", "{}")
    );
    assert_eq!(posted, StatusCode::ACCEPTED);
    assert_eq!(pulled.1["deliveries"][0]["node"], "b");
    edge.end().await;
}

#[tokio::test]
async fn an_older_owner_is_refused_and_a_stranger_too() {
    let edge = serve(Limits::default(), InboxLimits::default()).await;
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
    let quota = InboxLimits {
        node_max_bytes: 100,
        ..InboxLimits::default()
    };
    let edge = serve(Limits::default(), quota).await;
    edge.later("a", vec![b'{'; 200], "30").await;
    // The neighbour has its own share.
    assert_eq!(
        edge.post("b", "key-b", "1", "{}").await,
        StatusCode::ACCEPTED
    );
    let metrics = edge
        .client
        .get(format!("{}/metrics", edge.private))
        .send()
        .await
        .unwrap();
    let metrics = read(metrics).await;
    assert!(
        metrics.contains("twinline_edge_deliveries_total{ended=\"later\"} 1"),
        "{metrics}"
    );
    edge.end().await;
}

#[tokio::test]
async fn only_genuine_deliveries_use_up_a_nodes_rate() {
    let limits = Limits {
        node_max_per_s: 0,
        ..Limits::default()
    };
    let edge = serve(limits, InboxLimits::default()).await;
    assert_eq!(
        edge.post("a", "forged", "1", "{}").await,
        StatusCode::UNAUTHORIZED
    );
    edge.later("a", "{}", "1").await;
    edge.end().await;
}

/// Waits until a condition holds.
async fn within(what: &str, holds: impl AsyncFn() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait)
        .await
        .expect(what);
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
    let edge = serve_on(options, Limits::default(), InboxLimits::default()).await;
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
    let edge = serve(Limits::default(), InboxLimits::default()).await;
    let mut stream = tokio::net::TcpStream::connect(edge.webhooks.trim_start_matches("http://"))
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

/// Reads until the text has come.
async fn expect(stream: &mut tokio::net::TcpStream, text: &str) {
    let mut read = Vec::new();
    while !String::from_utf8_lossy(&read).contains(text) {
        let mut piece = [0; 512];
        let length = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut piece))
            .await
            .unwrap()
            .unwrap();
        assert_ne!(
            length,
            0,
            "the connection ended after {}",
            String::from_utf8_lossy(&read)
        );
        read.extend_from_slice(&piece[..length]);
    }
}
