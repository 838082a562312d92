//! An item with more comments than one job writes.

use crate::support::rules::contract;
use crate::support::{Running, World, until};
use std::time::Duration;
use twinline_core::effect::Effect;
use twinline_core::item::{Comment, Item, ItemId, Value};

/// So long a tracker takes for each request.
const LATENCY: Duration = Duration::from_millis(10);

fn talk(item: &Item) -> Vec<String> {
    let comments = item.comments.iter().flatten();
    comments
        .map(|comment: &Comment| comment.body.plain())
        .collect()
}

fn wanted(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("comment {n}")).collect()
}

/// A twin, on whose left item people then leave so many comments, which are announced at once.
async fn flooded(world: &World, running: &Running, count: usize) -> ItemId {
    let item = world.make("left", "a long talk");
    running.quiet().await;
    for n in 0..count {
        world
            .tracker("left")
            .comment(&item, &format!("comment {n}"));
    }
    world.announce(&item);
    item
}

async fn crossed(world: &World, count: usize) {
    until("all comments have crossed", async || {
        let state = world.tracker("right").state();
        let items = state.items.values();
        items
            .map(|item| item.comments.iter().flatten().count())
            .sum::<usize>()
            >= count
    })
    .await;
}

/// Sends so many comments across; gives how many requests were made for them.
async fn requests_for(count: usize) -> usize {
    let world = World::new(&["left", "right"]);
    let running = world.start(&[contract("c", "left", "right")]).await;
    flooded(&world, &running, count).await;
    crossed(&world, count).await;
    running.quiet().await;
    assert_eq!(talk(&world.tracker("right").only()), wanted(count));
    assert_eq!(world.writes("left"), 0, "nothing comes back");
    let requests = ["left", "right"].map(|node| {
        let tracker = world.tracker(node);
        let state = tracker.state();
        let fetches = usize::try_from(state.fetches).unwrap();
        fetches + state.comment_pages + state.writes.len()
    });
    running.stop().await;
    requests.into_iter().sum()
}

#[tokio::test(start_paused = true)]
async fn the_requests_for_a_flood_of_comments_grow_with_their_number() {
    let (few, many) = (requests_for(2_000).await, requests_for(10_000).await);
    println!("{few} requests for 2,000 comments, {many} for 10,000");
    // A comment is a write, and the lists are read at the beginning and at the end: less than one request in ten.
    assert!(few < 2_000 * 11 / 10, "{few} requests for 2,000 comments");
    assert!(
        many < 10_000 * 11 / 10,
        "{many} requests for 10,000 comments"
    );
}

/// What people do to the comments while thousands cross is not lost.
#[tokio::test(start_paused = true)]
async fn edits_amid_a_flood_cross_when_it_is_over() {
    const COUNT: usize = 1_000;
    let world = World::new(&["left", "right"]);
    let running = world.start(&[contract("c", "left", "right")]).await;
    world.tracker("right").state().latency = LATENCY;
    let item = flooded(&world, &running, COUNT).await;
    until("the flood is under way", async || {
        world.writes("right") > 600
    })
    .await;
    let left = world.tracker("left");
    let first = left.only().comments.unwrap()[0].id.clone();
    let second = left.only().comments.unwrap()[1].id.clone();
    left.recomment(&item, &first, "public", "comment 0, mended");
    left.uncomment(&item, &second);
    left.comment(&item, "one more");
    world.announce(&item);
    running.quiet().await;
    let mut expected = wanted(COUNT);
    expected[0] = "comment 0, mended".to_owned();
    expected.remove(1);
    expected.push("one more".to_owned());
    assert_eq!(talk(&world.tracker("right").only()), expected);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_comments_lets_others_and_its_own_fields_through() {
    const COUNT: usize = 2_000;
    let mut world = World::new(&["left", "right"]);
    world.settings.jobs_max = 1;
    let running = world.start(&[contract("c", "left", "right")]).await;
    let neighbour = world.make("left", "quiet");
    running.quiet().await;
    for node in ["left", "right"] {
        world.tracker(node).state().latency = LATENCY;
    }
    let item = flooded(&world, &running, COUNT).await;
    until("the flood has begun", async || world.writes("right") > 10).await;
    world.edit(&neighbour, "summary", Value::text("loud"));
    world.edit(&item, "status", Value::text("done"));
    let before = world.writes("right");
    crossed(&world, COUNT).await;
    running.quiet().await;
    let writes = world.tracker("right").state().writes.clone();
    let mut updates = writes.iter().enumerate().skip(before);
    let mut next = || {
        let found = updates.find(|(_, write)| matches!(write, Effect::Update { .. }));
        found.expect("both edits cross").0 - before
    };
    let (first, second) = (next(), next());
    assert!(
        first <= 251 && second <= 502,
        "behind one job each: {first}, {second}"
    );
    running.stop().await;
}

/// The breaker holds the connection at its limit. Each release lets as much through, and nothing is lost.
#[tokio::test(start_paused = true)]
async fn a_flood_larger_than_the_breakers_limit_crosses_release_by_release() {
    const COUNT: usize = 1_000;
    let world = World::new(&["left", "right"]);
    let mut careful = contract("c", "left", "right");
    careful.max_writes_per_10min = 100;
    let running = world.start(&[careful]).await;
    flooded(&world, &running, COUNT).await;
    for _ in 0..50 {
        tokio::time::sleep(Duration::from_secs(5)).await;
        let there = world.tracker("right").only().comments.unwrap().len();
        if there == COUNT {
            break;
        }
        let connection = "c".into();
        let release = running.host.release_connection(&connection, "ben");
        release.await.unwrap();
    }
    running.quiet().await;
    assert_eq!(talk(&world.tracker("right").only()), wanted(COUNT));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_amid_a_flood_doubles_nothing() {
    const COUNT: usize = 600;
    let world = World::new(&["left", "right"]);
    let running = world.start(&[contract("c", "left", "right")]).await;
    world.tracker("right").state().latency = LATENCY;
    flooded(&world, &running, COUNT).await;
    until("the flood is under way", async || {
        world.writes("right") > 300
    })
    .await;
    running.kill().await;
    let running = world.run(world.build().await);
    crossed(&world, COUNT).await;
    running.quiet().await;
    assert_eq!(talk(&world.tracker("right").only()), wanted(COUNT));
    running.stop().await;
}
