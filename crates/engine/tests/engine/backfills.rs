//! Backfills: each node's pages for itself, to an end that is told beforehand, and no further than a person wants.

use crate::support::rules::contract;
use crate::support::tracker::{Fault, On};
use crate::support::{Running, World, until};
use std::time::Duration;
use tokio::time::Instant;
use twinline_core::item::Value;
use twinline_core::names::Side;
use twinline_engine::ops::JobView;
use twinline_store::host::JobState;

/// A world with two connections and so many items on their left sides, older than what any sweep shows; the backfills of
/// the publishes are done before there are any.
async fn world(a: usize, c: usize) -> (World, Running) {
    let world = World::new(&["a", "b", "c", "d"]);
    for (node, count) in [("a", a), ("c", c)] {
        let tracker = world.tracker(node);
        (0..count).for_each(|_| {
            tracker.make(&[("summary", Value::text("old"))]);
        });
    }
    tokio::time::sleep(world.sweep.overlap * 2).await;
    for node in ["a", "c"] {
        let items = world.tracker(node).state().items.keys().cloned().collect();
        world.tracker(node).state().unmatched = items;
    }
    let connections = [contract("ab", "a", "b"), contract("cd", "c", "d")];
    let running = world.start(&connections).await;
    until("the publishes have enumerated", async || {
        let jobs = running.jobs().await;
        jobs.iter().all(|job| job.state == JobState::Finished)
    })
    .await;
    for node in ["a", "c"] {
        world.tracker(node).state().unmatched.clear();
    }
    (world, running)
}

async fn start(running: &Running, connection: &str) -> String {
    let connection = connection.into();
    let order = running
        .host
        .start_backfill(&connection, Side::Left, None, 1_000, "ada");
    order.await.unwrap()
}

async fn job(running: &Running, id: &str) -> JobView {
    running.host.job(id).await.unwrap()
}

async fn finished(running: &Running, id: &str) {
    until("finished", async || {
        job(running, id).await.state == JobState::Finished
    })
    .await;
}

fn made(world: &World, node: &str) -> usize {
    world.tracker(node).state().items.len()
}

#[tokio::test(start_paused = true)]
async fn what_the_tracker_refuses_ends_the_backfill_with_its_sentence() {
    let (world, running) = world(10, 0).await;
    for _ in 0..9 {
        let refused = Fault::Refused("the field 'nonsense' does not exist");
        world.tracker("a").fault(On::Query, refused);
    }
    let id = start(&running, "ab").await;
    until("failed", async || {
        job(&running, &id).await.state == JobState::Failed
    })
    .await;
    let sentence = job(&running, &id).await.sentence.unwrap();
    assert!(sentence.contains("'nonsense' does not exist"), "{sentence}");
    let left = world.tracker("a").state().faults[&On::Query].len();
    assert_eq!(left, 8, "it is asked once");
    assert_eq!(made(&world, "b"), 0);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_page_that_has_run_out_begins_the_enumeration_anew_as_long_as_it_gets_further() {
    let (world, running) = world(120, 0).await;
    let gone = || Fault::Refused("the page token has expired");
    for fault in [Fault::Pass, gone(), Fault::Pass, Fault::Pass, gone()] {
        world.tracker("a").fault(On::Query, fault);
    }
    let id = start(&running, "ab").await;
    finished(&running, &id).await;
    let end = job(&running, &id).await;
    assert_eq!((end.done, end.total), (120, Some(120)));
    assert_eq!(made(&world, "b"), 120);
    for fault in [Fault::Pass, gone(), Fault::Pass, gone()] {
        world.tracker("a").fault(On::Query, fault);
    }
    let id = start(&running, "ab").await;
    until("failed where it was before", async || {
        job(&running, &id).await.state == JobState::Failed
    })
    .await;
    running.stop().await;
}

/// Five pages end so, one after the other.
async fn check_tried_again(trouble: Fault) {
    let (world, running) = world(10, 0).await;
    for _ in 0..5 {
        world.tracker("a").fault(On::Query, trouble.clone());
    }
    let start_at = Instant::now();
    let id = start(&running, "ab").await;
    finished(&running, &id).await;
    assert!(
        start_at.elapsed() > Duration::from_secs(10),
        "five failures wait longer than {:?}",
        start_at.elapsed()
    );
    assert_eq!(made(&world, "b"), 10);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_tried_again_less_and_less_often() {
    check_tried_again(Fault::Retry(None)).await;
}

#[tokio::test(start_paused = true)]
async fn a_page_whose_reading_panics_is_tried_again_less_and_less_often_and_not_for_ever() {
    check_tried_again(Fault::Panic).await;
    let (world, running) = world(10, 0).await;
    for _ in 0..20 {
        world.tracker("a").fault(On::Query, Fault::Panic);
    }
    let id = start(&running, "ab").await;
    until("given up", async || {
        tokio::time::sleep(Duration::from_secs(30)).await;
        job(&running, &id).await.state == JobState::Failed
    })
    .await;
    let sentence = job(&running, &id).await.sentence.unwrap();
    assert!(sentence.contains("a defect of Twinline"), "{sentence}");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_backfill_waits_for_a_connection_that_stands_still() {
    let (mut world, running) = world(400, 60).await;
    world.tracker("b").state().latency = Duration::from_secs(1);
    let id = start(&running, "ab").await;
    until("it has begun", async || made(&world, "b") > 0).await;
    running.kill().await;
    let b = world.without("b");
    b.state().latency = Duration::ZERO;
    let host = world.build().await;
    let running = world.run(host);
    let other = start(&running, "cd").await;
    finished(&running, &other).await;
    let waits = job(&running, &id).await;
    assert_eq!(waits.state, JobState::Running, "{waits:?}");
    let sentence = waits.sentence.unwrap();
    assert!(sentence.contains("stands still"), "{sentence}");
    running.stop().await;
    world.trackers.insert("b".to_owned(), b);
    let host = world.build().await;
    let running = world.run(host);
    finished(&running, &id).await;
    assert_eq!(made(&world, "b"), 400);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_tracker_that_takes_long_for_a_page_delays_no_other_node() {
    let (world, running) = world(200, 200).await;
    world.tracker("a").state().latency = Duration::from_secs(50);
    let slow = start(&running, "ab").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let start_at = Instant::now();
    let id = start(&running, "cd").await;
    finished(&running, &id).await;
    assert!(start_at.elapsed() < Duration::from_secs(30));
    assert_eq!(made(&world, "d"), 200);
    assert_eq!(job(&running, &slow).await.state, JobState::Running);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_paused_node_stops_no_other_backfill() {
    let (world, running) = world(400, 60).await;
    world.tracker("b").state().latency = Duration::from_secs(10);
    let stuck = start(&running, "ab").await;
    until("enough is handed on", async || {
        let dirty = running.host.status().await.unwrap().depths.dirty;
        dirty > 200
    })
    .await;
    let a = "a".into();
    running.host.pause_node(&a, "", "ada").await.unwrap();
    let id = start(&running, "cd").await;
    finished(&running, &id).await;
    assert_eq!(made(&world, "d"), 60);
    running.host.resume_node(&a, "ada").await.unwrap();
    world.tracker("b").state().latency = Duration::ZERO;
    finished(&running, &stuck).await;
    assert_eq!(made(&world, "b"), 400);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn more_backfills_than_a_page_of_them_that_cannot_move_starve_no_older_one() {
    let (world, running) = world(1, 60).await;
    for node in ["a", "c"] {
        let node = node.into();
        running.host.pause_node(&node, "", "ada").await.unwrap();
    }
    let oldest = start(&running, "cd").await;
    for _ in 0..120 {
        tokio::time::sleep(Duration::from_millis(1)).await;
        start(&running, "ab").await;
    }
    let c = "c".into();
    running.host.resume_node(&c, "ada").await.unwrap();
    finished(&running, &oldest).await;
    assert_eq!(made(&world, "d"), 60);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_pause_holds_though_a_page_is_under_way_and_a_cancelled_one_never_goes_on() {
    let (world, running) = world(120, 0).await;
    let set = async |latency| world.tracker("a").state().latency = latency;
    set(Duration::from_secs(5)).await;
    let id = start(&running, "ab").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    running.host.set_job_paused(&id, true).await.unwrap();
    tokio::time::sleep(Duration::from_secs(120)).await;
    let paused = job(&running, &id).await;
    assert_eq!((paused.state, paused.done), (JobState::Paused, 0));
    assert_eq!(made(&world, "b"), 0);
    running.host.set_job_paused(&id, false).await.unwrap();
    tokio::time::sleep(Duration::from_secs(7)).await;
    running.host.cancel_job(&id, "ada").await.unwrap();
    set(Duration::ZERO).await;
    running.quiet().await;
    let ended = job(&running, &id).await;
    assert_eq!((ended.state, ended.finish_at), (JobState::Cancelled, None));
    assert_eq!(made(&world, "b"), 50, "the page that was handed on");
    running.host.set_job_paused(&id, false).await.unwrap_err();
    running.host.cancel_job(&id, "ada").await.unwrap_err();
    running.stop().await;
}

/// Looks at a backfill of 400 items when a quarter is done, its last page not read yet, and when half is done: the total that is told, and whether the end that is told is true.
async fn check_finish(estimates: bool, total: u64) {
    let (world, running) = world(400, 0).await;
    world.tracker("a").state().estimates = estimates;
    world.tracker("b").state().latency = Duration::from_secs(2);
    let id = start(&running, "ab").await;
    let start_at = world.env.now();
    until("a quarter is done", async || {
        job(&running, &id).await.done >= 100
    })
    .await;
    let quarter = job(&running, &id).await;
    assert_eq!(
        (quarter.total, quarter.total_is_estimate),
        (Some(total), estimates)
    );
    until("half is done", async || {
        job(&running, &id).await.done >= 200
    })
    .await;
    let half = job(&running, &id).await;
    let told = half.finish_at.expect("it is told");
    assert_eq!(half.finish_unknown, None);
    finished(&running, &id).await;
    let end = world.env.now();
    let (took, off) = (end.since(start_at), told.since(end).max(end.since(told)));
    assert!(off * 8 < took, "told {told}, was {end}, took {took:?}");
    let done = job(&running, &id).await;
    assert_eq!((done.total, done.total_is_estimate), (Some(400), false));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_time_at_which_it_will_be_finished_is_told_and_true() {
    check_finish(false, 400).await;
}

#[tokio::test(start_paused = true)]
async fn where_a_tracker_only_estimates_its_items_that_is_told_too() {
    check_finish(true, 420).await;
}

#[tokio::test(start_paused = true)]
async fn an_item_that_is_listed_again_is_counted_once() {
    let (world, running) = world(400, 0).await;
    world.tracker("a").state().overlap = 30;
    world.tracker("b").state().latency = Duration::from_millis(200);
    let id = start(&running, "ab").await;
    until("finished", async || {
        let now = job(&running, &id).await;
        assert!(
            now.done <= 400 && now.total.is_none_or(|total| total == 400),
            "{now:?}"
        );
        now.state == JobState::Finished
    })
    .await;
    let end = job(&running, &id).await;
    assert_eq!((end.done, end.total), (400, Some(400)));
    assert_eq!(made(&world, "b"), 400);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_item_that_is_listed_again_after_a_restart_is_counted_once() {
    let (world, running) = world(400, 0).await;
    world.tracker("a").state().overlap = 50;
    world.tracker("b").state().latency = Duration::from_secs(1);
    let id = start(&running, "ab").await;
    until("it has begun", async || made(&world, "b") > 100).await;
    running.kill().await;
    world.tracker("b").state().latency = Duration::ZERO;
    let host = world.build().await;
    let running = world.run(host);
    finished(&running, &id).await;
    let end = job(&running, &id).await;
    assert_eq!((end.done, end.total), (400, Some(400)));
    assert_eq!(made(&world, "b"), 400);
    running.stop().await;
}

/// Looks at a backfill that something keeps from going on: no time is named, but why.
async fn check_says_why(expected: &str, stand: impl AsyncFnOnce(&World, &Running)) {
    let (world, running) = world(400, 0).await;
    world.tracker("b").state().latency = Duration::from_secs(2);
    let id = start(&running, "ab").await;
    let young = job(&running, &id).await;
    assert_eq!(young.finish_at, None);
    assert!(young.finish_unknown.is_some(), "{young:?}");
    until("half is done", async || {
        job(&running, &id).await.done >= 200
    })
    .await;
    stand(&world, &running).await;
    let stands = job(&running, &id).await;
    assert_eq!(stands.finish_at, None, "{stands:?}");
    let why = stands.finish_unknown.unwrap();
    assert!(why.contains(expected), "{why}");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn while_it_cannot_go_on_no_finish_is_named_but_why() {
    check_says_why("the node 'b' is paused", async |_, running| {
        let b = "b".into();
        running.host.pause_node(&b, "", "ada").await.unwrap();
    })
    .await;
    check_says_why("no item was finished", async |world, _| {
        world.tracker("b").state().latency = Duration::from_secs(3600);
        tokio::time::sleep(Duration::from_secs(900)).await;
    })
    .await;
}
