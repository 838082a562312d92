//! Audits: what no webhook and no feed has told is found, counted and mended.

use crate::support::rules::contract;
use crate::support::{Running, World, until};
use std::time::Duration;
use twinline_core::capability::ChangeKind;
use twinline_core::item::{ItemId, Value};

/// Three twins, and an audit every five minutes.
async fn twinned() -> (World, Running, Vec<ItemId>) {
    let mut world = World::new(&["left", "right"]);
    world.sweep.period = Duration::from_secs(10);
    world.sweep.backed_off = Duration::from_secs(10);
    world.sweep.audit = Duration::from_secs(300);
    let running = world.start(&[contract("c", "left", "right")]).await;
    let items: Vec<ItemId> = ["1", "2", "3"].map(|name| world.make("left", name)).into();
    running.quiet().await;
    (world, running, items)
}

fn drifted(running: &Running) -> u64 {
    running.host.metrics().drifted.get()
}

/// Waits for an audit of the node that began after now.
async fn audited(world: &World, running: &Running, node: &str) {
    let since = world.env.now();
    until("an audit", async || {
        let ledger = running.host.status().await.unwrap().ledger;
        let of_node = ledger.iter().filter(|line| line.node.as_str() == node);
        let mut deleted = of_node.filter(|line| line.kind == ChangeKind::CommentDeleted);
        deleted.any(|line| line.audited_to.is_some_and(|to| to > since))
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_audit_finds_mends_and_counts_what_nothing_else_told() {
    let (world, running, items) = twinned().await;
    audited(&world, &running, "left").await;
    assert_eq!(drifted(&running), 0, "all is in step");
    world
        .tracker("left")
        .edit_silently(&items[1], "summary", Value::text("unseen"));
    tokio::time::sleep(Duration::from_secs(120)).await;
    let summaries = || {
        let state = world.tracker("right").state();
        let texts = state
            .items
            .values()
            .map(|item| item.get("summary").cloned().unwrap());
        texts.collect::<Vec<_>>()
    };
    assert!(
        !summaries().contains(&Value::text("unseen")),
        "no sweep sees it"
    );
    audited(&world, &running, "left").await;
    assert!(summaries().contains(&Value::text("unseen")));
    assert_eq!(drifted(&running), 1);
    audited(&world, &running, "left").await;
    assert_eq!(drifted(&running), 1);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_announced_is_no_drift_even_when_an_audit_looks_first() {
    let (world, running, items) = twinned().await;
    running
        .host
        .pause_node(&"right".into(), "a test", "ada")
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_secs(400)).await;
    world.edit(&items[0], "summary", Value::text("announced"));
    until("taken", async || world.inbox.all_taken()).await;
    running
        .host
        .resume_node(&"right".into(), "ada")
        .await
        .unwrap();
    running.quiet().await;
    assert_eq!(drifted(&running), 0);
    running.stop().await;
}
