//! An edge of a fleet: it passes requests on by mutual TLS, and to nobody else.

use super::harness::*;
use crate::mutual::{Member, Mutual};
use crate::{Door, serve_behind};
use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::routing::any;
use http::StatusCode;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const KEY: &[u8] = b"a key of a fleet that is as long as it must be";
const OTHER: &[u8] = b"another key of a fleet, as long as it must be";

fn member(role: &str, machine: &str, key: &[u8]) -> Mutual {
    Mutual::new(&[key], Member::role(role, machine, Vec::new())).unwrap()
}

type Peers = Arc<Mutex<BTreeSet<SocketAddr>>>;

/// A host that says well; where its callers came from.
async fn host(machine: &str, key: &[u8]) -> (SocketAddr, Peers) {
    let peers = Peers::default();
    let heard = Arc::clone(&peers);
    let say = move |request: Request| {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        heard.lock().unwrap().insert(peer.unwrap().0);
        async { "well" }
    };
    let listener = TcpListener::bind(ANY).await.unwrap();
    let at = listener.local_addr().unwrap();
    let door = Door::of(Some(&member("host", machine, key)));
    let router = Router::new().fallback(any(say));
    tokio::spawn(serve_behind(
        door,
        listener,
        router,
        10,
        CancellationToken::new(),
    ));
    (at, peers)
}

/// What an edge of the fleet answers that expects the host `h1` there.
async fn check(at: SocketAddr, requests: usize, expected: StatusCode) {
    let plan = Plan {
        mutual: Some(member("edge", "m1", KEY)),
        ..Plan::with_hosts(&[("h1", at)])
    };
    let edge = plan.serve().await;
    for _ in 0..requests {
        let answer = edge.get("/v1/status").await;
        assert_eq!(answer.status(), expected);
        read(answer).await;
    }
    edge.end().await;
}

#[tokio::test]
async fn requests_go_to_the_host_that_is_expected_one_handshake_for_many() {
    let (at, peers) = host("h1", KEY).await;
    check(at, 5, StatusCode::OK).await;
    assert_eq!(peers.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_host_of_another_fleet_or_machine_and_one_in_plain_hears_nothing() {
    for (machine, key) in [("h1", OTHER), ("h2", KEY)] {
        let (at, peers) = host(machine, key).await;
        check(at, 1, StatusCode::BAD_GATEWAY).await;
        assert!(peers.lock().unwrap().is_empty(), "{machine}");
    }
    let listener = TcpListener::bind(ANY).await.unwrap();
    let at = listener.local_addr().unwrap();
    let router = Router::new().fallback(any(|| async { "well" }));
    tokio::spawn(crate::serve(listener, router, 10, CancellationToken::new()));
    check(at, 1, StatusCode::BAD_GATEWAY).await;
}

#[tokio::test]
async fn in_plain_a_fleets_edge_gives_no_deliveries_to_who_knows_the_token() {
    let plan = Plan {
        mutual: Some(member("edge", "m1", KEY)),
        ..Plan::default()
    };
    let edge = plan.serve().await;
    let (status, said) = edge.ask("/inbox/claim", owner(1)).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{said}");
    let health = edge.client.get(format!("{}/health", edge.private));
    assert_eq!(health.send().await.unwrap().status(), StatusCode::OK);
    edge.end().await;
}
