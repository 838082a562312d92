//! What an edge sees of a host: against a listener as edges have it.

use super::*;
use crate::config;
use crate::fleet::Role;
use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use twinline_edge::Door;
use twinline_store::{Epoch, GroupId};
use twinline_trackers::http::Secret;

/// Nothing that is waited for takes longer.
const PATIENCE: Duration = Duration::from_secs(60);
/// More than a listener lets wait on a connection of a stranger.
const GROUPS: usize = 300;

/// What an edge was asked.
#[derive(Default)]
struct Asked {
    claims: AtomicUsize,
    /// From where pulls came.
    peers: Mutex<BTreeSet<SocketAddr>>,
    pulls: AtomicUsize,
    /// Pulls are answered when so many wait.
    together: usize,
    all: Notify,
    /// What the next pull is answered, in the place of deliveries.
    fault: Mutex<Option<StatusCode>>,
}

async fn claim(State(asked): State<Arc<Asked>>) -> Response {
    asked.claims.fetch_add(1, Ordering::Relaxed);
    axum::Json(Cursors { taken: 0, safe: 0 }).into_response()
}

async fn pull(State(asked): State<Arc<Asked>>, request: Request) -> Response {
    if let Some(fault) = asked.fault.lock().unwrap().take() {
        return fault.into_response();
    }
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    asked.peers.lock().unwrap().insert(peer.unwrap().0);
    let wait = asked.all.notified();
    tokio::pin!(wait);
    wait.as_mut().enable();
    if asked.pulls.fetch_add(1, Ordering::Relaxed) + 1 == asked.together {
        asked.all.notify_waiters();
    } else {
        wait.await;
    }
    let nothing = Deliveries {
        from: InboxPlace::default(),
        deliveries: Vec::new(),
        refused: Vec::new(),
    };
    axum::Json(nothing).into_response()
}

/// An edge whose pulls are answered when `together` of them wait, and what it is asked.
async fn edge(together: usize) -> (SocketAddr, Arc<Asked>) {
    edge_behind(Door::plain(), together).await
}

/// The same, which lets in whom this door does.
async fn edge_behind(door: Door, together: usize) -> (SocketAddr, Arc<Asked>) {
    let asked = Arc::new(Asked {
        together,
        ..Asked::default()
    });
    let routes = Router::new()
        .route("/inbox/claim", post(claim))
        .route("/inbox/pull", post(pull))
        .with_state(Arc::clone(&asked));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let listener = listener.await.unwrap();
    let at = listener.local_addr().unwrap();
    let end = CancellationToken::new();
    tokio::spawn(twinline_edge::serve_behind(
        door, listener, routes, 1000, end,
    ));
    (at, asked)
}

fn edges() -> EdgeHttp {
    EdgeHttp::new(&Identity::alone(Secret::new("the-token"))).unwrap()
}

fn inbox(at: SocketAddr, edges: &EdgeHttp, group: usize) -> HttpInbox {
    let stamp = Stamp {
        group: GroupId::new(format!("g{group}")),
        epoch: Epoch::FIRST,
    };
    HttpInbox::new(Place::At("m1".to_owned(), at), edges.clone(), stamp)
}

async fn pulls(inbox: &HttpInbox) -> Result<Pulled, InboxError> {
    let beginning = InboxPlace::default();
    let pull = inbox.pull(&beginning, 10, Duration::from_secs(20));
    timeout(PATIENCE, pull).await.expect("it is answered")
}

#[tokio::test]
async fn the_pulls_of_all_groups_wait_side_by_side_on_one_connection() {
    let (at, asked) = edge(GROUPS).await;
    let edges = edges();
    let groups = (0..GROUPS).map(async |group| pulls(&inbox(at, &edges, group)).await.map(drop));
    for answered in futures_util::future::join_all(groups).await {
        answered.unwrap();
    }
    assert_eq!(asked.peers.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_claim_is_repeated_only_where_the_inbox_knows_of_none() {
    let (at, asked) = edge(1).await;
    let inbox = inbox(at, &edges(), 1);
    let check = async |fault: Option<StatusCode>, claims| {
        let works = fault.is_none();
        *asked.fault.lock().unwrap() = fault;
        asked.pulls.store(0, Ordering::Relaxed);
        assert_eq!(pulls(&inbox).await.is_ok(), works, "{fault:?}");
        assert_eq!(asked.claims.load(Ordering::Relaxed), claims, "{fault:?}");
    };
    check(None, 1).await;
    check(None, 1).await;
    check(Some(StatusCode::SERVICE_UNAVAILABLE), 1).await;
    check(None, 1).await;
    check(Some(StatusCode::NOT_FOUND), 1).await;
    check(None, 2).await;
}

const KEY: &str = "a key of a fleet that is as long as it must be";

/// A process of a fleet whose one edge is reached there.
fn member(role: Role, edge: SocketAddr) -> Identity {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("twinline.toml");
    std::fs::write(folder.path().join("key"), KEY).unwrap();
    let text = format!(
        "format = 1\n[instance]\nmachine = \"m1\"\nfleet_key = {{ file = \"key\" }}\n\
         [machines]\nm1 = {{ edge = \"{edge}\", host = \"127.0.0.1:7401\" }}\n\
         [central]\nurl = {{ file = \"url\" }}\n[ownership]\netcd = [\"http://127.0.0.1:9\"]\n"
    );
    let config = config::parse(&file, &text).unwrap();
    let data = DataFolder::open(&folder.path().join("data")).unwrap();
    Identity::new(&file, &config, &data, role).unwrap()
}

/// All that went by.
type Record = Arc<Mutex<Vec<u8>>>;

/// Passes on what comes, and keeps it.
async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, heard: Record) {
    let mut piece = vec![0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut piece).await {
        heard.lock().unwrap().extend_from_slice(&piece[..count]);
        if to.write_all(&piece[..count]).await.is_err() {
            return;
        }
    }
}

/// Somebody on the way to an edge, who listens.
async fn relay(listener: TcpListener, edge: SocketAddr, heard: Record) {
    while let Ok((near, _)) = listener.accept().await {
        let far = TcpStream::connect(edge).await.unwrap();
        let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
        tokio::spawn(pass(near_in, far_out, Arc::clone(&heard)));
        tokio::spawn(pass(far_in, near_out, Arc::clone(&heard)));
    }
}

#[tokio::test]
async fn who_listens_between_machines_hears_neither_key_nor_token_nor_what_is_said() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let at = listener.local_addr().unwrap();
    let (edge, asked) = edge_behind(member(Role::Edge, at).door(), 1).await;
    let heard = Record::default();
    tokio::spawn(relay(listener, edge, Arc::clone(&heard)));
    let host = member(Role::Host, at);
    let inbox = inbox(at, &EdgeHttp::new(&host).unwrap(), 424_242);
    pulls(&inbox).await.unwrap();
    assert_eq!(asked.pulls.load(Ordering::Relaxed), 1);

    let heard = heard.lock().unwrap();
    let heard = String::from_utf8_lossy(&heard);
    assert!(!heard.is_empty(), "nothing went by the relay");
    // A group that is asked for, and a word of the answer.
    for secret in [KEY, host.token().expose(), "g424242", "deliveries"] {
        assert!(!heard.contains(secret), "{secret}");
    }
}
