//! What was refused is told to those who sweep for it.

use super::harness::*;
use http::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use twinline_store::GroupId;
use twinline_store::db::{CommitFault, DbOptions, FaultPlan};

/// Longer than an edge waits before it tells.
const LONG_MS: u64 = 20_000;

fn pull(edge: &Served, hears: bool, wait_ms: u64) -> Value {
    json!({
        "owner": owner(1), "from": edge.beginning(), "max_rows": 10, "max_bytes": 1000, "wait_ms": wait_ms, "hears": hears,
    })
}

/// The nodes that a pull tells of, once it tells of any or its wait is over.
async fn told(edge: &Served, wait_ms: u64) -> (Vec<String>, Value) {
    edge.ask("/inbox/claim", owner(1)).await;
    let (status, pulled) = edge.ask("/inbox/pull", pull(edge, true, wait_ms)).await;
    assert_eq!(status, StatusCode::OK, "{pulled}");
    let refused = pulled["refused"].clone();
    let nodes = refused.as_array().into_iter().flatten();
    let nodes = nodes.map(|one| one["node"].as_str().unwrap().to_owned());
    (nodes.collect(), refused)
}

async fn hear(edge: &Served, refused: &Value, generation: u16) -> StatusCode {
    let heard = json!({ "owner": owner(generation), "refused": refused });
    edge.ask("/inbox/heard", heard).await.0
}

async fn marked(edge: &Served) -> Option<f64> {
    edge.metric("twinline_edge_nodes_refused").await
}

#[tokio::test]
async fn an_owner_is_told_until_it_has_heard_and_no_other_is() {
    let mut plan = Plan::default();
    plan.inbox.node_max_bytes = 100;
    let edge = plan.serve().await;
    assert_eq!(told(&edge, 0).await.0, [""; 0]);
    edge.later("a", vec![b'{'; 200], "30").await;
    assert_eq!(marked(&edge).await, Some(1.0));
    let (nodes, refused) = told(&edge, LONG_MS).await;
    assert_eq!(nodes, ["a"]);
    assert_eq!(refused[0]["since"], 1000);
    // One that does not know of it waits for deliveries as ever.
    let (_, old) = edge.ask("/inbox/pull", pull(&edge, false, 100)).await;
    assert_eq!(old["refused"], Value::Null);
    assert_eq!(told(&edge, 0).await.0, ["a"], "until it is heard");

    edge.ask("/inbox/claim", owner(2)).await;
    assert_eq!(hear(&edge, &refused, 1).await, StatusCode::CONFLICT);
    assert_eq!(marked(&edge).await, Some(1.0), "an owner of before");
    for _ in 0..2 {
        assert_eq!(hear(&edge, &refused, 2).await, StatusCode::OK);
    }
    assert_eq!(marked(&edge).await, Some(0.0));
    edge.end().await;
}

/// Every commit fails while it is set.
struct ReadOnly(Arc<AtomicBool>);

impl FaultPlan for ReadOnly {
    fn at_commit(&mut self, _: u64) -> CommitFault {
        if self.0.load(Ordering::Relaxed) {
            CommitFault::ReadOnly
        } else {
            CommitFault::None
        }
    }
}

#[tokio::test]
async fn nothing_is_told_before_deliveries_are_taken_again() {
    let fails = Arc::new(AtomicBool::new(false));
    let options = DbOptions {
        faults: Box::new(ReadOnly(Arc::clone(&fails))),
        ..DbOptions::default()
    };
    let edge = Plan {
        options,
        ..Plan::default()
    };
    let edge = edge.serve().await;
    edge.ask("/inbox/claim", owner(1)).await;
    fails.store(true, Ordering::Relaxed);
    edge.later("b", "{}", "10").await;
    // Longer than it waits where the disk is well.
    let (_, early) = edge.ask("/inbox/pull", pull(&edge, true, 3000)).await;
    assert_eq!(early["refused"], Value::Null);
    fails.store(false, Ordering::Relaxed);
    assert_eq!(told(&edge, LONG_MS).await.0, ["b"]);
    edge.end().await;
}

/// The nodes that have webhooks.
const ALL: [&str; 2] = ["a", "b"];

#[tokio::test]
async fn an_edge_that_ends_in_good_order_leaves_nothing_to_tell() {
    let folder = Plan::default().serve().await.end().await;
    let plan = Plan {
        folder,
        ..Plan::default()
    };
    let edge = plan.serve().await;
    assert_eq!(marked(&edge).await, Some(0.0));
    let folder = edge.end().await;
    // And this one leaves its own word.
    let plan = Plan {
        folder,
        ..Plan::default()
    };
    // But nobody listened for a minute.
    plan.clock.set_ms(61_000);
    let edge = plan.serve().await;
    let (nodes, refused) = told(&edge, LONG_MS).await;
    assert_eq!(
        (nodes, &refused[0]["since"]),
        (ALL.map(str::to_owned).into(), &json!(1000))
    );
    edge.end().await;
}

#[tokio::test]
async fn an_edge_after_one_that_was_killed_cannot_know_and_says_so() {
    let edge = Plan::default().serve().await;
    // The word of the first edge is gone as soon as it serves.
    within("it has begun", async || {
        edge.inbox.rested().await.unwrap().is_none()
    })
    .await;
    let plan = Plan {
        folder: edge.kill().await,
        ..Plan::default()
    };
    let edge = plan.serve().await;
    let (nodes, refused) = told(&edge, LONG_MS).await;
    assert_eq!(nodes, ALL);
    assert_eq!(refused[0].get("since"), None, "{refused}");
    // What is not heard of survives the edge that knows it.
    let plan = Plan {
        folder: edge.end().await,
        ..Plan::default()
    };
    let edge = plan.serve().await;
    assert_eq!(marked(&edge).await, Some(2.0));
    let (_, refused) = told(&edge, LONG_MS).await;
    assert_eq!(hear(&edge, &refused, 1).await, StatusCode::OK);
    let plan = Plan {
        folder: edge.end().await,
        ..Plan::default()
    };
    let edge = plan.serve().await;
    assert_eq!(marked(&edge).await, Some(0.0));
    edge.end().await;
}

/// Nobody owns it, so nobody can hear of it.
#[tokio::test]
async fn a_node_that_is_in_no_group_yet_keeps_no_edge_from_resting() {
    let plan = |folder| Plan {
        folder,
        unplaced: Some(GroupId::local()),
        ..Plan::default()
    };
    let edge = Plan::default().serve().await;
    within("it has begun", async || {
        edge.inbox.rested().await.unwrap().is_none()
    })
    .await;
    let edge = plan(edge.kill().await).serve().await;
    assert_eq!(marked(&edge).await, Some(0.0));
    let mut routes = edge.inbox.routes().await.unwrap();
    routes[0].group = GroupId::new("g");
    edge.inbox.set_routes(routes.clone()).await.unwrap();
    within(
        "its owner is to hear of the one that is placed",
        async || marked(&edge).await == Some(1.0),
    )
    .await;
    routes[0].group = GroupId::local();
    edge.inbox.set_routes(routes).await.unwrap();
    let next = Plan {
        folder: edge.end().await,
        ..Plan::default()
    };
    let edge = next.serve().await;
    assert_eq!(marked(&edge).await, Some(0.0), "it found the word");
    edge.end().await;
}

#[tokio::test]
async fn a_canarys_delivery_is_taken_at_the_private_side_and_leaves_no_mark() {
    let mut plan = Plan::default();
    plan.inbox.node_max_bytes = 100;
    let edge = plan.serve().await;
    let check = async |(token, key): (&str, &str), bytes: usize, expected: StatusCode| {
        let at = format!("{}/canary/canary.m1", edge.private);
        let request = edge.client.post(at).bearer_auth(token);
        let request = request
            .header("x-key", key)
            .header("x-twinline-id", bytes.to_string());
        let answer = request.body(vec![b'{'; bytes]).send().await.unwrap();
        assert_eq!(answer.status(), expected, "{token} {key} {bytes}");
    };
    let good = (TOKEN, "key-canary");
    check(("another", "key-canary"), 1, StatusCode::UNAUTHORIZED).await;
    check((TOKEN, "key-a"), 1, StatusCode::UNAUTHORIZED).await;
    check(good, 1, StatusCode::ACCEPTED).await;
    check(good, 200, StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(marked(&edge).await, Some(0.0));
    assert_eq!(edge.rows().await, 1);
    edge.end().await;
}

/// A delivery of which the edge has the head and no more.
#[tokio::test]
async fn a_delivery_that_is_cut_off_counts_as_refused() {
    let edge = Plan::default().serve().await;
    let mut stream = edge.connect().await;
    let head = "POST /hooks/a HTTP/1.1\r\nhost: edge\r\nx-key: key-a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n";
    tokio::io::AsyncWriteExt::write_all(&mut stream, head.as_bytes())
        .await
        .unwrap();
    expect(&mut stream, "HTTP/1.1 100 Continue").await;
    let ended = tokio::time::timeout(Duration::from_secs(20), edge.end()).await;
    let plan = Plan {
        folder: ended.unwrap(),
        ..Plan::default()
    };
    let edge = plan.serve().await;
    assert_eq!(marked(&edge).await, Some(2.0));
    edge.end().await;
}

/// This edge has no route to it: its configuration is older than the node.
#[tokio::test]
async fn a_node_without_a_route_is_asked_to_come_later_and_its_owner_is_told() {
    let plan = Plan::default();
    let unrouted = [
        ("new".into(), GroupId::local()),
        ("other".into(), GroupId::new("g")),
    ];
    let places = directory(&[]).with_unrouted(unrouted.into());
    plan.places.say(Ok(places));
    let edge = plan.serve().await;
    edge.later("new", "{}", "10").await;
    edge.later("other", "{}", "10").await;
    let stranger = edge.post("stranger", "key", "1", "{}").await;
    assert_eq!(stranger, StatusCode::NOT_FOUND);
    let asked = edge.get("/.well-known/twinline/new").await.status();
    assert_eq!(asked, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(marked(&edge).await, Some(2.0));

    let (nodes, refused) = told(&edge, LONG_MS).await;
    assert_eq!(nodes, ["new"], "of its own group's");
    assert_eq!(hear(&edge, &refused, 1).await, StatusCode::OK);
    assert_eq!(marked(&edge).await, Some(1.0));
    // The next one begins with what this one could not tell.
    let plan = Plan {
        folder: edge.end().await,
        ..Plan::default()
    };
    let edge = plan.serve().await;
    assert_eq!(marked(&edge).await, Some(2.0));
    edge.end().await;
}

#[tokio::test]
async fn the_mark_of_a_node_that_was_unpublished_goes() {
    let plan = Plan::default();
    let places = Arc::clone(&plan.places);
    let new = [("new".into(), GroupId::local())];
    places.say(Ok(directory(&[]).with_unrouted(new.into())));
    let edge = plan.serve().await;
    edge.later("new", "{}", "10").await;
    assert_eq!(marked(&edge).await, Some(1.0));
    places.say(Ok(directory(&[])));
    within("the mark is gone", async || {
        marked(&edge).await == Some(0.0)
    })
    .await;
    // Nobody waits for anybody to hear of it: the edge ends in good order.
    let plan = Plan {
        folder: edge.end().await,
        ..Plan::default()
    };
    let edge = plan.serve().await;
    assert_eq!(marked(&edge).await, Some(0.0));
    edge.end().await;
}

#[tokio::test]
async fn an_edge_says_which_nodes_it_cannot_take_deliveries_for() {
    let edge = Plan::default().serve().await;
    let asked = json!({ "nodes": ["a", "mute", "x", "b"] });
    let (status, answer) = edge.ask("/routes", asked).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(answer, json!({ "lacks": ["mute", "x"] }));
    edge.end().await;
}
