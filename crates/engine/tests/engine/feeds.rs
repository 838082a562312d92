//! Change feeds of trackers without webhooks, as awkward as real ones: every change arrives, and a feed at rest asks for
//! nothing more.

use crate::support::rules::contract;
use crate::support::{Running, World, until};
use std::time::Duration;
use twinline_core::item::{ItemId, Value};
use twinline_core::time::Timestamp;

const SWEEP: Duration = Duration::from_secs(10);
const OVERLAP: Duration = Duration::from_secs(30);

/// So many twins that rest, whose items of the left node no feed lists for their age.
async fn rested(items: usize, lag: Duration) -> (World, Running, Vec<ItemId>) {
    rested_over(items, lag, OVERLAP).await
}

async fn rested_over(
    items: usize,
    lag: Duration,
    overlap: Duration,
) -> (World, Running, Vec<ItemId>) {
    let mut world = World::new(&["left", "right"]);
    world.sweep.period = SWEEP;
    world.sweep.backed_off = SWEEP;
    world.sweep.overlap = overlap;
    world.able("left", |capabilities| {
        capabilities.webhooks = false;
        capabilities.index_lag = lag;
    });
    let running = world.start(&[contract("c", "left", "right")]).await;
    let items: Vec<ItemId> = (0..items).map(|_| world.make("left", "old")).collect();
    running.quiet().await;
    tokio::time::sleep(overlap + lag * 2 + SWEEP * 2).await;
    (world, running, items)
}

fn edit(world: &World, item: &ItemId, text: &str) {
    world
        .tracker("left")
        .edit(item, "summary", Value::text(text));
}

/// All that the left node has arrives; then its items are not fetched again, however often the feed lists them.
async fn check_arrives(world: &World, running: &Running) {
    let summaries = |node: &str| {
        let state = world.tracker(node).state();
        let summary = |item: &twinline_core::item::Item| item.get("summary").cloned();
        let mut all: Vec<_> = state.items.values().map(summary).collect();
        all.sort_by_key(|summary| format!("{summary:?}"));
        all
    };
    until("all has arrived", async || {
        summaries("left") == summaries("right")
    })
    .await;
    running.quiet().await;
    let looks = || world.tracker("left").state().fetches + world.tracker("right").state().fetches;
    let (sweeps, writes) = (running.host.metrics().sweeps.get(), world.writes("right"));
    // What was written just now is listed by the first sweeps.
    tokio::time::sleep(SWEEP * 3).await;
    let before = looks();
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(looks(), before, "nothing is looked at again and again");
    assert_eq!(world.writes("right"), writes);
    assert!(running.host.metrics().sweeps.get() > sweeps + 50);
}

#[tokio::test(start_paused = true)]
async fn an_item_that_is_listed_later_than_its_stamp_arrives() {
    let lag = Duration::from_secs(120);
    let (world, running, items) = rested(3, lag).await;
    let tracker = world.tracker("left");
    let shown_at = world.env.now().plus(lag - Duration::from_secs(1));
    let id = items[1].id.clone();
    tracker.state().feed.listed_from.insert(id, shown_at);
    edit(&world, &items[1], "late");
    // Later changes of others, which are listed at once, move no sweep past it.
    tokio::time::sleep(SWEEP * 3).await;
    edit(&world, &items[0], "first");
    tokio::time::sleep(SWEEP * 3).await;
    edit(&world, &items[2], "second");
    check_arrives(&world, &running).await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn stamps_that_are_out_of_order_over_pages_lose_nothing() {
    let (world, running, items) = rested(7, Duration::ZERO).await;
    let tracker = world.tracker("left");
    tracker.state().feed.page = 3;
    tracker.state().feed.disordered = true;
    for (n, item) in items.iter().enumerate() {
        edit(&world, item, &format!("news {n}"));
        tokio::time::sleep(Duration::from_millis(7)).await;
    }
    check_arrives(&world, &running).await;
    running.stop().await;
}

/// It lay on the page to come, and lies on the one that was read.
#[tokio::test(start_paused = true)]
async fn a_change_between_two_pages_arrives() {
    let (world, running, items) = rested(6, Duration::ZERO).await;
    let tracker = world.tracker("left");
    for (n, item) in items.iter().enumerate() {
        edit(&world, item, &format!("news {n}"));
        tokio::time::sleep(Duration::from_millis(7)).await;
    }
    tracker.state().feed.page = 2;
    let between = [0, 1].map(|n| (items[n].clone(), format!("between {n}")));
    tracker.state().feed.between_pages.extend(between);
    until("it has changed", async || {
        tracker.state().feed.between_pages.is_empty()
    })
    .await;
    check_arrives(&world, &running).await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn equal_stamps_over_the_border_of_a_page_lose_nothing() {
    let (world, running, items) = rested(9, Duration::ZERO).await;
    let tracker = world.tracker("left");
    tracker.state().feed.page = 4;
    for (n, item) in items.iter().enumerate() {
        edit(&world, item, &format!("news {n}"));
    }
    check_arrives(&world, &running).await;
    running.stop().await;
}

/// The host dies between two pages, and goes on from the one that it has stored.
#[tokio::test(start_paused = true)]
async fn a_feed_that_is_cut_off_between_its_pages_loses_nothing() {
    let (world, running, items) = rested(8, Duration::ZERO).await;
    let tracker = world.tracker("left");
    tracker.state().feed.page = 2;
    for (n, item) in items.iter().enumerate() {
        edit(&world, item, &format!("news {n}"));
    }
    let between = (items[0].clone(), "between".to_owned());
    tracker.state().feed.between_pages.push_back(between);
    until("the first page is read", async || {
        tracker.state().feed.between_pages.is_empty()
    })
    .await;
    running.kill().await;
    let host = world.build().await;
    let running = world.run(host);
    check_arrives(&world, &running).await;
    running.stop().await;
}

/// GitHub's comments are a list of their own. One that was seen with a later change of its item is listed for as long as the
/// overlap reaches back, with a time at which nothing of the item was seen.
#[tokio::test(start_paused = true)]
async fn a_comment_that_was_seen_with_a_later_change_is_no_news() {
    let (world, running, items) = rested_over(2, Duration::ZERO, OVERLAP * 10).await;
    let tracker = world.tracker("left");
    tracker.state().feed.comments = true;
    for item in &items {
        tracker.comment(item, "hello");
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    for item in &items {
        edit(&world, item, "after it");
    }
    until("both are across", async || {
        let state = world.tracker("right").state();
        let mut summaries = state
            .items
            .values()
            .map(|item| item.get("summary").cloned());
        summaries.all(|summary| summary == Some(Value::text("after it")))
    })
    .await;
    running.quiet().await;
    // What was written just now is listed by the first sweeps.
    tokio::time::sleep(SWEEP * 3).await;
    let (swept, sweeps) = (
        &running.host.metrics().swept,
        &running.host.metrics().sweeps,
    );
    let before = (swept.get(), sweeps.get());
    tokio::time::sleep(SWEEP * 3).await;
    assert_eq!(swept.get(), before.0, "nothing that was seen is news");
    assert!(sweeps.get() > before.1);
    running.stop().await;
}

/// Nobody has announced it, and the item was seen before it.
#[tokio::test(start_paused = true)]
async fn a_comment_of_which_only_the_list_of_comments_tells_arrives() {
    let (world, running, items) = rested(1, Duration::ZERO).await;
    let tracker = world.tracker("left");
    tracker.state().feed.comments = true;
    let since = Timestamp::from_millis(i64::MAX);
    tracker
        .state()
        .feed
        .listed_from
        .insert(items[0].id.clone(), since);
    tracker.comment(&items[0], "hello");
    until("it is across", async || {
        let there = world.tracker("right").only();
        there.comments.is_some_and(|comments| comments.len() == 1)
    })
    .await;
    running.stop().await;
}
