//! The mapper over real sockets.

use super::harness::*;
use crate::Directory;
use http::StatusCode;
use std::sync::Arc;

const NODE: &str = "/.well-known/twinline/a";
const STRANGER: &str = "/.well-known/twinline/x";

async fn ask(edge: &Served, path: &str) -> (StatusCode, String) {
    let answer = edge.get(path).await;
    (answer.status(), read(answer).await)
}

#[tokio::test]
async fn a_node_is_found_and_a_stranger_is_not() {
    let edge = Plan::default().serve().await;
    let (status, document) = ask(&edge, NODE).await;
    assert_eq!(status, StatusCode::OK);
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert_eq!(
        document,
        serde_json::json!({ "node": "a", "endpoint": "https://sync.example/hooks/a",
            "protocols": { "webhook": [1], "peer": [] } })
    );
    let stranger = ask(&edge, STRANGER).await;
    assert_eq!(stranger.0, StatusCode::NOT_FOUND);
    edge.end().await;
}

/// A node with a domain of its own, at which this edge may be reached or not.
fn with_domain(url: &str) -> Directory {
    let mut directory = directory(&[]);
    let place = directory.nodes.get_mut("a").unwrap();
    place.public_url = Some(url.to_owned());
    directory
}

#[tokio::test]
async fn a_node_with_a_domain_of_its_own_is_found_there() {
    let plan = Plan::default();
    plan.places.say(Ok(with_domain("https://Acme.example/")));
    let places = Arc::clone(&plan.places);
    let edge = plan.serve().await;
    let endpoint = async |node: &str| {
        let (_, document) = ask(&edge, &format!("/.well-known/twinline/{node}")).await;
        let document: serde_json::Value = serde_json::from_str(&document).unwrap();
        document["endpoint"].as_str().unwrap().to_owned()
    };
    assert_eq!(endpoint("a").await, "https://Acme.example/hooks/a");
    assert_eq!(endpoint("b").await, "https://sync.example/hooks/b");
    // Plain HTTP: something before this edge has the certificates.
    let lacks = "twinline_edge_tls_domain_uncertified{name=\"acme.example\"}";
    assert_eq!(edge.metric(lacks).await, None);
    // It survives with the snapshot.
    within("the snapshot is written", async || {
        edge.snapshot().is_file()
    })
    .await;
    places.say(Err("the database is gone".into()));
    let again = Plan {
        places,
        folder: edge.end().await,
        ..Plan::default()
    };
    let edge = again.serve().await;
    let (_, document) = ask(&edge, NODE).await;
    assert!(document.contains("Acme.example"), "{document}");
    edge.end().await;
}

#[tokio::test]
async fn without_its_source_the_mapper_answers_as_before_and_tells_its_age() {
    let plan = Plan::default();
    let (places, clock) = (Arc::clone(&plan.places), Arc::clone(&plan.clock));
    let edge = plan.serve().await;
    let before = ask(&edge, NODE).await;
    within("the snapshot is written", async || {
        edge.snapshot().is_file()
    })
    .await;
    places.say(Err("the database is gone".into()));
    places.heard().await;
    assert_eq!(ask(&edge, NODE).await, before);
    assert_eq!(ask(&edge, STRANGER).await.0, StatusCode::NOT_FOUND);
    clock.set_ms(43_000);
    assert_eq!(ask(&edge, NODE).await, before);
    // One may have been published meanwhile.
    let later = StatusCode::SERVICE_UNAVAILABLE;
    assert_eq!(ask(&edge, STRANGER).await.0, later);
    assert_eq!(edge.post("x", "key-a", "1", "{}").await, later);
    let age = edge.metric("twinline_edge_directory_age_seconds").await;
    assert_eq!(age, Some(42.0));
    let folder = edge.end().await;
    let again = Plan {
        places: Arc::clone(&places),
        folder,
        ..Plan::default()
    };
    let edge = again.serve().await;
    assert_eq!(ask(&edge, NODE).await, before);
    assert_eq!(ask(&edge, STRANGER).await.0, later, "by another's word");
    edge.end().await;
}

#[tokio::test]
async fn who_cannot_be_proved_absent_is_asked_to_come_later() {
    let plan = Plan::default();
    plan.places.say(Err("the database is gone".into()));
    let edge = plan.serve().await;
    for path in [NODE, STRANGER] {
        assert_eq!(ask(&edge, path).await.0, StatusCode::SERVICE_UNAVAILABLE);
    }
    // A node that this edge has secrets for is served; another may exist for all it knows.
    let status = edge.post("a", "key-a", "1", "{}").await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let status = edge.post("x", "key-a", "1", "{}").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let never = edge.metric("twinline_edge_directory_age_seconds").await;
    assert_eq!(never, Some(-1.0));
    edge.end().await;
}

#[tokio::test]
async fn a_host_that_has_moved_is_found_at_its_new_place() {
    let first = super::backend::Backend::start().await;
    let plan = Plan::with_hosts(&[("h1", first.at)]);
    let places = Arc::clone(&plan.places);
    let edge = plan.serve().await;
    assert_eq!(edge.get("/").await.status(), StatusCode::OK);
    drop(first);
    let second = super::backend::Backend::start().await;
    places.say(Ok(directory(&[("h1", second.at)])));
    within("the host at its new place", async || {
        edge.get("/").await.status() == StatusCode::OK
    })
    .await;
    edge.end().await;
}
