//! Sweeps that do not come to their end.

use crate::support::rules::contract;
use crate::support::tracker::{Fault, On, scope};
use crate::support::{World, until};
use std::time::Duration;
use twinline_core::capability::ChangeKind;
use twinline_core::item::Value;
use twinline_core::time::Timestamp;
use twinline_engine::Host;
use twinline_store::host::SweepCursor;

/// A page in the middle of a sweep is stored whose token the tracker has forgotten by now.
#[tokio::test(start_paused = true)]
async fn a_page_that_the_tracker_has_forgotten_begins_the_sweep_again() {
    let world = World::new(&["left", "right"]);
    let running = world.start(&[contract("c", "left", "right")]).await;
    let left = world.make("left", "x");
    running.quiet().await;
    let right = world.tracker("right").only().reference.item;
    running.stop().await;
    world
        .tracker("left")
        .edit(&left, "summary", Value::text("unannounced"));
    let host = world.build().await;
    let since = Timestamp::EPOCH.as_millis();
    let place = serde_json::json!({
        "complete_to": since,
        "next": { "since": world.env.now().plus(Duration::from_secs(60)), "page": "old" },
        "since": since,
    });
    let cursor = SweepCursor {
        cursor: place.to_string(),
        started_at: Some(world.env.now()),
        finished_at: None,
    };
    let key = serde_json::to_string(&scope()).unwrap();
    let stored = host
        .store()
        .write(move |tx| tx.put_sweep_cursor(&"left".into(), &key, "feed", &cursor));
    stored.await.unwrap();
    let running = world.run(host);
    until("the change is found", async || {
        world.text(&right, "summary") == "unannounced"
    })
    .await;
    running.stop().await;
}

/// Up to when the left node's changes of a kind were audited.
async fn audited(host: &Host, kind: ChangeKind) -> Option<Timestamp> {
    let ledger = host.status().await.unwrap().ledger.into_iter();
    let mut lines = ledger.filter(|line| line.node.as_str() == "left" && line.kind == kind);
    lines.find_map(|line| line.audited_to)
}

#[tokio::test(start_paused = true)]
async fn creations_are_audited_only_when_the_triggers_were_enumerated() {
    let mut world = World::new(&["left", "right"]);
    world.sweep.period = Duration::from_secs(10);
    world.sweep.backed_off = Duration::from_secs(10);
    world.sweep.audit = Duration::from_secs(300);
    let running = world.start(&[contract("c", "left", "right")]).await;
    world.make("left", "x");
    running.quiet().await;
    for _ in 0..1_000 {
        world
            .tracker("left")
            .fault(On::Query, Fault::Refused("the query is too wide"));
    }
    until("an audit", async || {
        let at = audited(&running.host, ChangeKind::CommentDeleted).await;
        at.is_some()
    })
    .await;
    assert_eq!(audited(&running.host, ChangeKind::Created).await, None);
    world.tracker("left").state().faults.clear();
    until("creations are audited", async || {
        audited(&running.host, ChangeKind::Created).await.is_some()
    })
    .await;
    running.stop().await;
}
