//! A tracker whose list of comments lags: what it leaves out is not deleted for it.

use crate::support::rules::contract;
use crate::support::tracker::{Fault, On};
use crate::support::{Running, World};
use std::time::Duration;
use twinline_core::item::ItemId;

/// A twin with a comment that stands on both sides; the comment's id on the left.
async fn told() -> (World, Running, ItemId, String) {
    let world = World::new(&["left", "right"]);
    let running = world.start(&[contract("c", "left", "right")]).await;
    let item = world.make("left", "x");
    let comment = world.tracker("left").comment(&item, "hello");
    world.announce(&item);
    running.quiet().await;
    assert_eq!(comments(&world), 1);
    (world, running, item, comment)
}

fn comments(world: &World) -> usize {
    world.tracker("right").only().comments.unwrap().len()
}

/// The next look at the item shows it without its comments.
fn hide(world: &World, item: &ItemId) {
    let mut old = world.tracker("left").item(item);
    old.comments = Some(Vec::new());
    world.tracker("left").state().stale.push_back(old);
}

#[tokio::test(start_paused = true)]
async fn an_original_that_the_list_leaves_out_keeps_its_mirror() {
    let (world, running, item, comment) = told().await;
    hide(&world, &item);
    world.announce(&item);
    running.quiet().await;
    assert_eq!(comments(&world), 1, "it is there, though not shown");
    world.tracker("left").uncomment(&item, &comment);
    world.announce(&item);
    running.quiet().await;
    assert_eq!(comments(&world), 0, "now it is gone");
    running.stop().await;
}

/// A deletion that nobody announces, amid lagging answers, is found by the look that follows each of them.
#[tokio::test(start_paused = true)]
async fn what_a_lagging_list_leaves_out_is_looked_at_again() {
    let (world, running, item, comment) = told().await;
    hide(&world, &item);
    world.announce(&item);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(comments(&world), 1);
    world.tracker("left").uncomment(&item, &comment);
    running.quiet().await;
    assert_eq!(comments(&world), 0);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_cannot_be_told_takes_no_mirror_along() {
    let (world, running, item, comment) = told().await;
    world.tracker("left").fault(On::Recognise, Fault::Unclear);
    world.tracker("left").uncomment(&item, &comment);
    world.announce(&item);
    running.quiet().await;
    assert_eq!(comments(&world), 1, "not on a guess");
    world.announce(&item);
    running.quiet().await;
    assert_eq!(comments(&world), 0);
    running.stop().await;
}

/// However long the list leaves it out, and nobody does anything: the looks come to an end, and the mirror stays.
#[tokio::test(start_paused = true)]
async fn a_list_that_never_shows_a_comment_is_not_looked_at_for_ever() {
    let (world, running, item, comment) = told().await;
    for _ in 0..1_000 {
        hide(&world, &item);
    }
    world.announce(&item);
    running.quiet().await;
    let before = world.tracker("left").state().fetches;
    tokio::time::sleep(Duration::from_secs(600)).await;
    running.quiet().await;
    let after = world.tracker("left").state().fetches;
    assert_eq!(after, before, "nothing asks any more");
    assert_eq!(comments(&world), 1);
    // The next sign looks again, and sees that it is gone.
    world.tracker("left").state().stale.clear();
    world.tracker("left").uncomment(&item, &comment);
    world.announce(&item);
    running.quiet().await;
    assert_eq!(comments(&world), 0);
    running.stop().await;
}
