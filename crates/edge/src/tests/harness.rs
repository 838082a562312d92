//! A serving edge on a folder of its own, and hosts behind it.

use crate::*;
use http::{HeaderMap, StatusCode};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use twinline_core::handles::Entropy;
use twinline_core::time::Timestamp;
use twinline_store::db::DbOptions;
use twinline_store::inbox::{InboxLimits, NodeUse};
use twinline_store::{Epoch, GroupId};
use twinline_trackers::{Notice, Webhook, WebhookRejected};

/// Verifies `x-key` against the secret and wants a body that begins with `{`.
struct Plain;

impl Webhook for Plain {
    fn is_signed(&self, headers: &HeaderMap) -> bool {
        headers.contains_key("x-key")
    }

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

    fn delivery_id(&self, headers: &HeaderMap, _: &[u8]) -> Option<String> {
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

/// A clock that stands still until it is set.
pub(super) struct StillClock(AtomicI64);

impl StillClock {
    pub(super) fn set_ms(&self, ms: i64) {
        self.0.store(ms, Ordering::Relaxed);
    }
}

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

struct Numbers;

impl Entropy for Numbers {
    fn next_u64(&self) -> u64 {
        7
    }
}

/// A directory's source that says what a test puts there.
pub(super) struct Places {
    says: Mutex<Result<Directory, String>>,
    /// How often it was asked.
    asked: AtomicU64,
}

impl Places {
    /// Complete: nodes `a` and `mute` are on host `h1`, `b` on `h2`.
    pub(super) fn new(hosts: &[(&str, SocketAddr)]) -> Arc<Self> {
        Arc::new(Self {
            says: Mutex::new(Ok(directory(hosts))),
            asked: AtomicU64::new(0),
        })
    }

    pub(super) fn say(&self, what: Result<Directory, String>) {
        *self.says.lock().unwrap() = what;
    }

    /// Waits until what it says now has been taken in: the first question may have been under way, the second was answered
    /// so, and the third comes after that.
    pub(super) async fn heard(&self) {
        let asked = || self.asked.load(Ordering::Relaxed);
        let before = asked();
        within("its answer is taken in", async || asked() >= before + 3).await;
    }
}

pub(super) fn directory(hosts: &[(&str, SocketAddr)]) -> Directory {
    let hosts = hosts
        .iter()
        .map(|(name, address)| ((*name).to_owned(), HostPlace { address: *address }));
    let nodes = [("a", "h1"), ("mute", "h1"), ("b", "h2")];
    let place = |host: &str| NodePlace {
        host: host.into(),
        public_url: None,
    };
    let nodes = nodes.map(|(node, host)| (node.into(), place(host)));
    Directory::new(
        Timestamp::from_millis(1000),
        true,
        hosts.collect(),
        nodes.into(),
    )
}

#[async_trait::async_trait]
impl DirectorySource for Places {
    async fn read(&self) -> Result<Directory, String> {
        let says = self.says.lock().unwrap().clone();
        self.asked.fetch_add(1, Ordering::Relaxed);
        says
    }
}

pub(super) const ANY: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// How a test wants its edge.
pub(super) struct Plan {
    pub(super) options: DbOptions,
    pub(super) limits: Limits,
    pub(super) inbox: InboxLimits,
    pub(super) proxy: ProxyLimits,
    pub(super) places: Arc<Places>,
    pub(super) clock: Arc<StillClock>,
    pub(super) trusted: TrustedProxies,
    pub(super) tls: Vec<CertificateFiles>,
    pub(super) unplaced: Option<GroupId>,
    pub(super) told: Told,
    pub(super) restart: Arc<Notify>,
    pub(super) folder: tempfile::TempDir,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            options: DbOptions::default(),
            limits: Limits::default(),
            inbox: InboxLimits::default(),
            proxy: ProxyLimits::default(),
            places: Places::new(&[]),
            clock: Arc::new(StillClock(AtomicI64::new(1000))),
            trusted: TrustedProxies::default(),
            tls: Vec::new(),
            unplaced: None,
            told: Told::default(),
            restart: Arc::default(),
            folder: tempfile::tempdir().unwrap(),
        }
    }
}

/// A serving edge on a folder of its own.
pub(super) struct Served {
    pub(super) public: String,
    pub(super) private: String,
    pub(super) inbox: Inbox,
    pub(super) client: reqwest::Client,
    pub(super) shutdown: CancellationToken,
    task: tokio::task::JoinHandle<Result<(), EdgeError>>,
    folder: tempfile::TempDir,
}

pub(super) const TOKEN: &str = "the-token";

impl Plan {
    pub(super) fn with_hosts(hosts: &[(&str, SocketAddr)]) -> Self {
        Self {
            places: Places::new(hosts),
            ..Self::default()
        }
    }

    pub(super) fn settings(&self) -> Settings {
        Settings {
            version: "0.0.0".into(),
            listen: Listen::At(ANY),
            private: Listen::At(ANY),
            token: TOKEN.into(),
            limits: self.limits,
            proxy: self.proxy,
            trusted: self.trusted.clone(),
            tls: self.tls.clone(),
            mapper: MapperSettings {
                source: Arc::clone(&self.places) as Arc<dyn DirectorySource>,
                first: None,
                snapshot: self.folder.path().join("directory.json"),
                public_url: Some("https://sync.example/".into()),
            },
            tracing: Tracing::default(),
            has_refused: false,
            restart: Arc::clone(&self.restart),
            unplaced: self.unplaced.clone(),
            told: self.told.clone(),
        }
    }

    /// Binds an edge; with it what is left of the plan.
    pub(super) async fn bind(self) -> Result<(Edge, Bound), EdgeError> {
        // A second call finds the provider installed.
        drop(rustls::crypto::ring::default_provider().install_default());
        let settings = self.settings();
        let inbox = self.folder.path().join("inbox.db");
        let inbox = Inbox::open(&inbox, self.options, self.inbox, &Numbers)
            .await
            .unwrap();
        let handles = Handles {
            clock: self.clock,
            entropy: Arc::new(Numbers),
        };
        let edge = Edge::bind(settings, inbox.clone(), routes(), handles).await?;
        let folder = self.folder;
        Ok((edge, Bound { inbox, folder }))
    }

    pub(super) async fn serve(self) -> Served {
        let (edge, bound) = self.bind().await.unwrap();
        let (public, private) = edge.addresses().unwrap();
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(edge.serve(shutdown.clone()));
        Served {
            public: format!("http://{public}"),
            private: format!("http://{private}"),
            inbox: bound.inbox,
            client: reqwest::Client::new(),
            shutdown,
            task,
            folder: bound.folder,
        }
    }
}

/// What a bound edge works on.
pub(super) struct Bound {
    inbox: Inbox,
    folder: tempfile::TempDir,
}

fn routes() -> RouteTable {
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
    RouteTable::new(BTreeMap::from([
        ("a".into(), hook("key-a")),
        ("b".into(), hook("key-b")),
        ("mute".into(), hook("")),
        (
            "canary.m1".into(),
            Hook {
                group: GroupId::canary("m1"),
                ..hook("key-canary")
            },
        ),
    ]))
}

impl Served {
    pub(super) async fn post(
        &self,
        node: &str,
        key: &str,
        id: &str,
        body: impl Into<reqwest::Body>,
    ) -> StatusCode {
        let request = self.client.post(format!("{}/hooks/{node}", self.public));
        let request = request
            .header("x-key", key)
            .header("x-twinline-id", id)
            .header("cookie", "secret");
        request.body(body).send().await.unwrap().status()
    }

    /// A genuine delivery is answered 503, to be sent again after so many seconds.
    pub(super) async fn later(&self, node: &str, body: impl Into<reqwest::Body>, seconds: &str) {
        let request = self.client.post(format!("{}/hooks/{node}", self.public));
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

    pub(super) async fn ask(
        &self,
        path: &str,
        body: serde_json::Value,
    ) -> (StatusCode, serde_json::Value) {
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

    /// The place before all deliveries.
    pub(super) fn beginning(&self) -> serde_json::Value {
        serde_json::json!({ "inbox": self.inbox.id(), "seq": 0 })
    }

    pub(super) async fn rows(&self) -> u64 {
        self.inbox
            .usage()
            .await
            .unwrap()
            .iter()
            .map(|used: &NodeUse| used.rows)
            .sum()
    }

    pub(super) async fn get(&self, path: &str) -> reqwest::Response {
        let asked = self.client.get(format!("{}{path}", self.public));
        asked.send().await.unwrap()
    }

    /// A line of the metrics, without its name.
    pub(super) async fn metric(&self, name: &str) -> Option<f64> {
        let metrics = self.client.get(format!("{}/metrics", self.private));
        let metrics = read(metrics.send().await.unwrap()).await;
        let line = metrics.lines().find_map(|line| line.strip_prefix(name));
        line.map(|value| value.trim().parse().unwrap())
    }

    /// The file of the mapper's snapshot.
    pub(super) fn snapshot(&self) -> std::path::PathBuf {
        self.folder.path().join("directory.json")
    }

    pub(super) async fn connect(&self) -> tokio::net::TcpStream {
        let at = self.public.trim_start_matches("http://");
        tokio::net::TcpStream::connect(at).await.unwrap()
    }

    /// Waits for its end, which somebody else has asked for.
    pub(super) async fn ended(self) {
        let ended = tokio::time::timeout(Duration::from_secs(20), self.task).await;
        ended.expect("it ends").unwrap().unwrap();
        self.inbox.db().close().await;
    }

    /// Ends it as a crash would, without a word; gives its folder for the next.
    pub(super) async fn kill(self) -> tempfile::TempDir {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
        // Its private listener is on a thread of its own.
        self.shutdown.cancel();
        self.inbox.db().close().await;
        self.folder
    }

    /// Ends it; gives its folder for the next.
    pub(super) async fn end(self) -> tempfile::TempDir {
        self.shutdown.cancel();
        self.task.await.unwrap().unwrap();
        self.inbox.db().close().await;
        self.folder
    }
}

pub(super) async fn read(mut response: reqwest::Response) -> String {
    let mut text = Vec::new();
    while let Some(chunk) = response.chunk().await.unwrap() {
        text.extend_from_slice(&chunk);
    }
    String::from_utf8(text).unwrap()
}

pub(super) fn owner(generation: u16) -> serde_json::Value {
    serde_json::json!({ "group": "local", "epoch": Epoch::new(generation, 0) })
}

/// Waits until a condition holds.
pub(super) async fn within(what: &str, holds: impl AsyncFn() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait)
        .await
        .expect(what);
}

/// Reads until the text has come; all that has come.
pub(super) async fn expect(stream: &mut (impl AsyncRead + Unpin), text: &str) -> String {
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
    String::from_utf8(read).unwrap()
}
