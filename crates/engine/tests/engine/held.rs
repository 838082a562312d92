//! What is held back, and how a person lets it go.

use crate::support::rules::contract;
use crate::support::tracker::{Fault, On};
use crate::support::{Running, World};
use std::collections::BTreeMap;
use std::time::Duration;
use twinline_core::contract::Conflict;
use twinline_core::item::{ItemId, Value};
use twinline_core::names::Side;
use twinline_engine::ops::Target;
use twinline_store::host::TwinFilter;

async fn twinned(conflict: Conflict) -> (World, Running, ItemId, ItemId) {
    let world = World::new(&["left", "right"]);
    let mut rules = contract("c", "left", "right");
    for field in rules.fields.values_mut() {
        field.conflict = conflict;
    }
    let running = world.start(&[rules]).await;
    let left = world.make("left", "x");
    running.quiet().await;
    let right = world.tracker("right").only().reference.item;
    (world, running, left, right)
}

/// A conflict is released for one side, and the store crashes at the `at`-th commit from then on. Answers whether it did.
async fn release_despite_a_crash(side: Side, at: u64, after: bool) -> bool {
    let (world, running, left, right) = twinned(Conflict::Hold).await;
    world
        .tracker("left")
        .edit(&left, "summary", Value::text("left"));
    world.edit(&right, "summary", Value::text("right"));
    running.quiet().await;
    let twin = running.twin().await;
    assert_eq!(twin.held.len(), 1);
    {
        let mut plan = world.crash.0.lock().unwrap();
        plan.at = plan.commits + at;
        plan.after = after;
    }
    let take = BTreeMap::from([("summary".into(), side)]);
    let released = running.host.release_twin(&twin.link, take, "ada").await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let crashed = {
        let mut plan = world.crash.0.lock().unwrap();
        let crashed = plan.commits >= plan.at;
        plan.at = 0;
        crashed
    };
    running.kill().await;
    let running = world.run(world.build().await);
    running.quiet().await;
    let both = [&left, &right].map(|item| world.text(item, "summary"));
    // A release that was not answered may have been kept or not; one that was is carried out.
    let kept = both == [side.to_string(), side.to_string()];
    let untouched = both == ["left", "right"] && running.twin().await.held.len() == 1;
    let unanswered_and_untouched = released.is_err() && untouched;
    assert!(
        kept || unanswered_and_untouched,
        "{side} {at} {after}: {both:?} {released:?}"
    );
    if kept {
        assert!(running.twin().await.held.is_empty(), "{side} {at} {after}");
    }
    running.stop().await;
    crashed
}

#[tokio::test(start_paused = true)]
async fn a_release_outlives_a_crash_at_any_commit() {
    for side in Side::BOTH {
        for after in [false, true] {
            let mut at = 1;
            while release_despite_a_crash(side, at, after).await {
                at += 1;
            }
            assert!(at > 3, "the release and its writes have commits: {at}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn equal_causes_are_one_group_that_a_retry_releases_in_the_backfill_lane() {
    let (world, running, ..) = twinned(Conflict::Left).await;
    for _ in 0..3 {
        world
            .tracker("right")
            .fault(On::Apply, Fault::Refused("the project is archived"));
        world.make("left", "y");
    }
    running.quiet().await;
    let errors = running.host.errors().await.unwrap();
    assert_eq!(errors.len(), 1, "{errors:#?}");
    assert_eq!(errors[0].twins, 3);
    let before = running.host.status().await.unwrap().depths;
    let target = Target::Group {
        connection: "c".into(),
        cause: errors[0].cause.clone(),
    };
    assert_eq!(running.host.retry(&target, "ada").await.unwrap(), 3);
    running.quiet().await;
    let after = running.host.status().await.unwrap().depths;
    assert!(after.dispatched_backfill >= before.dispatched_backfill + 3);
    assert_eq!(after.dispatched_live, before.dispatched_live);
    assert!(running.host.errors().await.unwrap().is_empty());
    assert_eq!(world.tracker("right").state().items.len(), 4);
    running.stop().await;
}

/// An automation on the right answers each of our writes to the status with `answer`; how often until it is frozen.
async fn answered(answer: impl Fn(u32) -> String) -> u32 {
    let (world, running, left, right) = twinned(Conflict::Left).await;
    world.edit(&left, "status", Value::text("ours"));
    for round in 1..20 {
        running.quiet().await;
        if running.twin().await.held.contains_key("status") {
            world.edit(&left, "summary", Value::text("the rest goes on"));
            running.quiet().await;
            assert_eq!(world.text(&right, "summary"), "the rest goes on");
            running.stop().await;
            return round;
        }
        let (from, to) = if round % 2 == 1 {
            (&right, &left)
        } else {
            (&left, &right)
        };
        world.edit(from, "status", Value::text(answer(round)));
        running.quiet().await;
        if running.twin().await.held.is_empty() {
            assert_eq!(world.text(to, "status"), answer(round));
        }
    }
    panic!("it was never frozen");
}

#[tokio::test(start_paused = true)]
async fn a_ping_pong_freezes_its_field_by_hops_and_by_alternation() {
    // Ever new values: more hops than the cluster has members.
    let by_hops = answered(|round| format!("{round}")).await;
    assert!(by_hops <= 5, "{by_hops}");
}

#[tokio::test(start_paused = true)]
async fn the_same_write_again_and_again_freezes_its_field() {
    let (world, running, left, right) = twinned(Conflict::Left).await;
    let mut rounds = 0;
    while running.twin().await.held.is_empty() {
        rounds += 1;
        assert!(rounds < 10, "it was never frozen");
        // Later than an automation's answer, within the window.
        for (item, status) in [(&left, "open"), (&right, "done")] {
            world.edit(item, "status", Value::text(status));
            tokio::time::sleep(Duration::from_secs(20)).await;
            running.quiet().await;
        }
    }
    assert!(running.twin().await.held.contains_key("status"));
    assert!((4..=6).contains(&rounds), "{rounds}");
    running.stop().await;
}

/// A comment that does not fit is told once, and everything else of its item crosses; shortened, it crosses too.
#[tokio::test(start_paused = true)]
async fn a_comment_that_does_not_fit_is_shown_until_it_does() {
    let mut world = World::new(&["left", "right"]);
    let right = world.trackers.get_mut("right").unwrap();
    right.set(|capabilities| capabilities.comment_max_chars = 10);
    let running = world.start(&[contract("c", "left", "right")]).await;
    let item = world.make("left", "x");
    let comment = world.tracker("left").comment(&item, "longer than that");
    world.announce(&item);
    running.quiet().await;
    world.edit(&item, "summary", Value::text("y"));
    running.quiet().await;
    let place = format!("left/{comment}");
    let twins = running.host.twins(TwinFilter::default(), None, 9).await;
    let waived = twins.unwrap().remove(0).comments_waived;
    assert_eq!(waived[&place], "16 characters; the other side takes 10");
    let key = world.tracker("right").only().reference.key;
    let told = async || {
        let left = world.tracker("left").item(&item).reference.key;
        let mut rows = Vec::new();
        for key in [&left, &key] {
            let history = running.host.history(key, None, 50).await.unwrap();
            rows.extend(history);
        }
        let fields = rows.into_iter().filter_map(|row| row.entry.field);
        fields.filter(|field| field.contains(&place)).count()
    };
    assert_eq!(told().await, 1, "once, not with every look");
    world
        .tracker("left")
        .recomment(&item, &comment, "public", "short");
    world.announce(&item);
    running.quiet().await;
    assert!(running.twin().await.comments_waived.is_empty());
    assert_eq!(world.tracker("right").only().comments.unwrap().len(), 1);
    running.stop().await;
}
