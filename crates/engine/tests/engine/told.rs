//! What the histories of items tell.

use crate::support::rules::contract;
use crate::support::tracker::{Fault, On};
use crate::support::{Running, World, heard};
use std::collections::BTreeMap;
use twinline_core::item::{ItemId, Value};
use twinline_engine::ops::HistoryLine;
use twinline_store::host::{HistoryEntry, HistoryKind, HostTx};

async fn history(world: &World, running: &Running, item: &ItemId) -> Vec<HistoryLine> {
    let key = world.tracker(item.node.as_str()).item(item).reference.key;
    running.host.history(&key, None, 50).await.unwrap()
}

async fn kinds(world: &World, running: &Running, item: &ItemId) -> Vec<HistoryKind> {
    let lines = history(world, running, item).await.into_iter();
    lines.map(|line| line.entry.kind).collect()
}

/// An attempt with the given end on the way of a create.
async fn created_after(fault: Fault) {
    let shown = format!("{fault:?}");
    let world = World::new(&["left", "right"]);
    let running = world.start(&[contract("c", "left", "right")]).await;
    let mut events = running.host.events();
    world.tracker("right").fault(On::Apply, fault);
    let left = world.make("left", "x");
    running.quiet().await;
    let right = world.tracker("right").only().reference.item;
    let created: Vec<HistoryLine> = history(&world, &running, &right)
        .await
        .into_iter()
        .filter(|line| line.entry.kind == HistoryKind::Created)
        .collect();
    assert!(!created.is_empty(), "{shown}");
    for line in &created {
        assert_eq!(line.entry.rule_version, Some(1), "{shown}");
        assert_eq!(line.source.as_deref(), Some("left-1"), "{shown}");
    }
    assert_eq!(running.host.metrics().written.get(), 1, "{shown}");
    let told = heard(&mut events);
    assert_eq!(
        told.iter()
            .filter(|event| event.contains("created"))
            .count(),
        1,
        "{shown}: {told:?}"
    );
    // The source's history shows what it led to.
    let source = history(&world, &running, &left).await;
    let keys: Vec<&str> = source.iter().map(|line| line.key.as_str()).collect();
    assert!(keys.contains(&"right-1"), "{shown}: {keys:?}");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_create_is_told_once_however_its_answer_came() {
    created_after(Fault::Pass).await;
    created_after(Fault::LostAnswer).await;
    created_after(Fault::LostRequest).await;
}

#[tokio::test(start_paused = true)]
async fn the_attempts_at_one_write_are_counted() {
    let world = World::new(&["left", "right"]);
    let running = world.start(&[contract("c", "left", "right")]).await;
    let left = world.make("left", "x");
    running.quiet().await;
    let right = world.tracker("right").only().reference.item;
    for _ in 0..2 {
        world.tracker("right").fault(On::Apply, Fault::Retry(None));
    }
    world.edit(&left, "summary", Value::text("y"));
    running.quiet().await;
    world.edit(&left, "summary", Value::text("z"));
    running.quiet().await;
    let lines = history(&world, &running, &right).await;
    let writes = lines
        .iter()
        .filter(|line| line.entry.kind == HistoryKind::Write);
    let attempts: Vec<u32> = writes.map(|line| line.entry.attempt).collect();
    assert_eq!(attempts, [1, 3], "newest first");
    running.stop().await;
}

/// Two writes on one side: the first finds the tracker away, and so the second is not sent.
#[tokio::test(start_paused = true)]
async fn a_write_that_was_never_sent_is_no_attempt() {
    let world = World::new(&["left", "right"]);
    let running = world.start(&[contract("c", "left", "right")]).await;
    let left = world.make("left", "x");
    running.quiet().await;
    let right = world.tracker("right").only().reference.item;
    world.tracker("right").fault(On::Apply, Fault::Retry(None));
    world.tracker("left").comment(&left, "hello");
    world.edit(&left, "summary", Value::text("y"));
    running.quiet().await;
    let lines = history(&world, &running, &right).await;
    let attempts = |kind| {
        let of_kind = lines.iter().filter(move |line| line.entry.kind == kind);
        of_kind.map(|line| line.entry.attempt).collect::<Vec<u32>>()
    };
    assert_eq!(attempts(HistoryKind::Write), [2]);
    assert_eq!(attempts(HistoryKind::Comment), [1]);
    running.stop().await;
}

/// However much has happened to the other item meanwhile: pages of one line search as far as any others.
#[tokio::test(start_paused = true)]
async fn what_an_item_led_to_is_told_to_the_oldest() {
    let world = World::new(&["left", "right"]);
    let running = world.start(&[contract("c", "left", "right")]).await;
    let left = world.make("left", "x");
    running.quiet().await;
    let right = world.tracker("right").only().reference.item;
    // Lines of `right` that `left` has not caused.
    let other = HistoryEntry {
        source: None,
        ..history(&world, &running, &right).await[0].entry.clone()
    };
    let write = move |tx: &HostTx<'_>| {
        (0..30).try_for_each(|_| {
            tx.append_history(&HistoryEntry {
                item: right.clone(),
                ..other.clone()
            })
        })
    };
    running.host.store().write(write).await.unwrap();
    let all = history(&world, &running, &left).await;
    let (mut paged, mut before) = (Vec::new(), None);
    loop {
        let page = running.host.history("left-1", before, 1).await.unwrap();
        let Some(line) = page.into_iter().next() else {
            break;
        };
        before = Some(line.seq);
        paged.push(line);
    }
    let seqs = |lines: &[HistoryLine]| lines.iter().map(|line| line.seq).collect::<Vec<_>>();
    assert_eq!(seqs(&paged), seqs(&all));
    let created = |line: &HistoryLine| line.entry.kind == HistoryKind::Created;
    assert!(paged.iter().any(created), "what came first is told last");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_release_and_a_waking_are_told() {
    let world = World::new(&["left", "right"]);
    let running = world.start(&[contract("c", "left", "right")]).await;
    let left = world.make("left", "x");
    running.quiet().await;
    let right = world.tracker("right").only().reference.item;
    world
        .tracker("right")
        .fault(On::Apply, Fault::Refused("no"));
    world.edit(&left, "summary", Value::text("y"));
    running.quiet().await;
    let twin = running.twin().await;
    running
        .host
        .release_twin(&twin.link, BTreeMap::new(), "ada")
        .await
        .unwrap();
    running.quiet().await;
    assert_eq!(world.text(&right, "summary"), "y");
    let lines = history(&world, &running, &right).await;
    let released = lines
        .iter()
        .find(|line| line.entry.kind == HistoryKind::Released);
    let text = released.and_then(|line| line.entry.text.as_deref());
    assert_eq!(text, Some("released by ada"));

    world.tracker("left").lose(&left);
    world.announce(&left);
    running.quiet().await;
    world.tracker("left").state().lost.clear();
    world.announce(&left);
    running.quiet().await;
    let kinds = kinds(&world, &running, &right).await;
    assert_eq!(kinds[..2], [HistoryKind::Woken, HistoryKind::Asleep]);
    running.stop().await;
}
