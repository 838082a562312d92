//! What a person sees: a change made on one side arrives on the other.

use crate::support::rules::contract;
use crate::support::{World, heard};
use std::time::Duration;
use twinline_core::item::Value;

#[tokio::test(start_paused = true)]
async fn an_item_gets_a_twin_and_edits_cross_both_ways() {
    let world = World::new(&["left", "right"]);
    let running = world.start(&[contract("c", "left", "right")]).await;
    let mut events = running.host.events();
    let item = world.make("left", "the printer burns");
    running.quiet().await;
    let twin = world.tracker("right").only();
    assert_eq!(twin.get("summary"), Some(&Value::text("the printer burns")));
    assert_eq!(twin.get("labels"), Some(&Value::set(["a"])));

    world.edit(&twin.reference.item, "status", Value::text("done"));
    running.quiet().await;
    assert_eq!(
        world.tracker("left").item(&item).get("status"),
        Some(&Value::text("done"))
    );

    world.edit(&item, "labels", Value::set(["a", "b"]));
    running.quiet().await;
    assert_eq!(
        world.tracker("right").only().get("labels"),
        Some(&Value::set(["a", "b"]))
    );

    let heard = heard(&mut events);
    assert_eq!(heard.len(), 3, "{heard:#?}");
    assert!(
        heard[2].ends_with("label added → right-1, 0 ms, rule v1 [fields.labels]"),
        "{heard:#?}"
    );
    assert_eq!(
        world.tracker("left").state().writes.len(),
        1,
        "one write each, no echo"
    );
    assert_eq!(world.tracker("right").state().writes.len(), 2);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn comments_cross_once_with_their_edits_and_deletions() {
    let world = World::new(&["left", "right"]);
    let running = world.start(&[contract("c", "left", "right")]).await;
    let item = world.make("left", "talk");
    running.quiet().await;
    world.tracker("left").comment(&item, "hello");
    world.announce(&item);
    running.quiet().await;
    let twin = world.tracker("right").only();
    let mirrored = twin.comments.clone().unwrap();
    assert_eq!(mirrored.len(), 1);
    assert!(mirrored[0].body.plain().contains("hello"));

    world
        .tracker("right")
        .comment(&twin.reference.item, "hello back");
    world.announce(&twin.reference.item);
    running.quiet().await;
    let both = world.tracker("left").item(&item).comments.unwrap();
    assert_eq!(both.len(), 2, "{both:#?}");
    assert!(both[1].body.plain().contains("hello back"));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_sweep_finds_what_no_webhook_announced() {
    let mut world = World::new(&["left", "right"]);
    world.sweep.period = Duration::from_secs(2);
    world.sweep.backed_off = Duration::from_secs(2);
    let running = world.start(&[contract("c", "left", "right")]).await;
    let item = world
        .tracker("left")
        .make(&[("summary", Value::text("unseen"))]);
    tokio::time::sleep(Duration::from_secs(5)).await;
    running.quiet().await;
    assert_eq!(
        world.tracker("right").only().get("summary"),
        Some(&Value::text("unseen"))
    );
    world
        .tracker("left")
        .edit(&item, "summary", Value::text("seen"));
    tokio::time::sleep(Duration::from_secs(5)).await;
    running.quiet().await;
    assert_eq!(
        world.tracker("right").only().get("summary"),
        Some(&Value::text("seen"))
    );
    let fetches = world.tracker("left").state().fetches;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(
        world.tracker("left").state().fetches,
        fetches,
        "an idle scope costs no fetch"
    );
    let ledger = running.host.status().await.unwrap().ledger;
    let left = ledger
        .iter()
        .find(|line| line.node.as_str() == "left")
        .unwrap();
    let accounted = left.accounted_to.unwrap();
    assert!(
        world.env.now().since(accounted) <= Duration::from_secs(3),
        "{accounted}"
    );
    assert_eq!(left.audited_to, None, "nothing was audited");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_sweep_during_a_job_marks_what_that_job_did_not_see() {
    let mut world = World::new(&["left", "right"]);
    world.sweep.period = Duration::from_secs(2);
    world.sweep.backed_off = Duration::from_secs(2);
    world.sweep.overlap = Duration::from_secs(1);
    let running = world.start(&[contract("c", "left", "right")]).await;
    let item = world.make("left", "one");
    running.quiet().await;
    let left = world.tracker("left");
    world.tracker("right").state().latency = Duration::from_secs(30);
    world.edit(&item, "summary", Value::text("two"));
    tokio::time::sleep(Duration::from_secs(40)).await;
    let depths = running.host.status().await.unwrap().depths;
    assert_eq!(depths.running, 1, "the right side is slow");
    left.edit(&item, "summary", Value::text("three"));
    running.quiet().await;
    assert_eq!(
        world.tracker("right").only().get("summary"),
        Some(&Value::text("three"))
    );
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_audit_ends_while_the_node_is_never_at_rest() {
    let mut world = World::new(&["left", "right"]);
    world.sweep.period = Duration::from_secs(2);
    world.sweep.backed_off = Duration::from_secs(2);
    world.sweep.audit = Duration::from_secs(20);
    let running = world.start(&[contract("c", "left", "right")]).await;
    world.make("left", "one");
    running.quiet().await;
    world.tracker("right").state().latency = Duration::from_secs(1);
    for n in 0..60 {
        let item = world.make("left", &format!("{n}"));
        tokio::time::sleep(Duration::from_secs(1)).await;
        let status = running.host.status().await.unwrap();
        assert!(status.depths.dirty > 0, "{item} takes longer");
    }
    let ledger = running.host.status().await.unwrap().ledger;
    let of_left = ledger.iter().find(|line| line.node.as_str() == "left");
    assert!(of_left.unwrap().audited_to.is_some(), "{ledger:?}");
    running.quiet().await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_chain_carries_a_change_on() {
    let world = World::new(&["a", "b", "c"]);
    let mut second = contract("bc", "b", "c");
    second.triggers.left = Some("all".to_owned());
    let running = world.start(&[contract("ab", "a", "b"), second]).await;
    let item = world.make("a", "far");
    running.quiet().await;
    world.announce(&world.tracker("b").only().reference.item);
    running.quiet().await;
    assert_eq!(
        world.tracker("c").only().get("summary"),
        Some(&Value::text("far"))
    );
    world.edit(&item, "summary", Value::text("farther"));
    running.quiet().await;
    assert_eq!(
        world.tracker("c").only().get("summary"),
        Some(&Value::text("farther"))
    );
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn deliveries_are_safe_when_they_are_worked_off_and_garbage_is_passed() {
    let world = World::new(&["left", "right"]);
    let running = world.start(&[contract("c", "left", "right")]).await;
    let item = world.make("left", "x");
    world.inbox.garbage(&item, world.env.now());
    for n in 0..100 {
        world.edit(&item, "summary", Value::text(format!("{n}")));
    }
    running.quiet().await;
    crate::support::until("all safe", || async {
        world.inbox.taken_and_safe() == (102, 102)
    })
    .await;
    assert_eq!(
        world.tracker("right").only().get("summary"),
        Some(&Value::text("99"))
    );
    let jobs = running.host.metrics().jobs.get();
    assert!(jobs < 20, "a burst on one item coalesces: {jobs} jobs");
    running.stop().await;
}
