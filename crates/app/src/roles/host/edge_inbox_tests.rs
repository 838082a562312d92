//! What an edge sees of a host: against a listener as edges have it.

use super::*;
use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
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
    let asked = Arc::new(Asked {
        together,
        ..Asked::default()
    });
    let routes = Router::new()
        .route("/inbox/claim", post(claim))
        .route("/inbox/pull", post(pull))
        .with_state(Arc::clone(&asked));
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let listener = listener.await.unwrap();
    let at = listener.local_addr().unwrap();
    let serves = twinline_edge::serve(listener, routes, 1000, CancellationToken::new());
    tokio::spawn(serves);
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
