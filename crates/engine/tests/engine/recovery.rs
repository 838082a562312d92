//! What is left of a crash or a lost answer: nothing lost, nothing doubled.

use crate::support::rules::contract;
use crate::support::tracker::{Fault, On};
use crate::support::{Running, World, until};
use std::time::Duration;
use twinline_core::contract::Conflict;
use twinline_core::effect::Effect;
use twinline_core::item::Value;
use twinline_store::host::TwinState;

fn creates(world: &World, node: &str) -> usize {
    let state = world.tracker(node).state();
    state
        .writes
        .iter()
        .filter(|effect| matches!(effect, Effect::Create { .. }))
        .count()
}

async fn create_despite(fault: Fault) {
    let world = World::new(&["left", "right"]);
    let running = world.start(&[contract("c", "left", "right")]).await;
    world.tracker("right").fault(On::Apply, fault.clone());
    world.make("left", "once");
    running.quiet().await;
    assert_eq!(creates(&world, "right"), 1, "{fault:?}");
    assert_eq!(
        world.tracker("right").only().get("summary"),
        Some(&Value::text("once"))
    );
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_create_with_unknown_outcome_happens_once() {
    create_despite(Fault::LostAnswer).await;
    create_despite(Fault::LostRequest).await;
    create_despite(Fault::Late(Duration::from_secs(5))).await;
    create_despite(Fault::Retry(Some(Duration::from_secs(7)))).await;
}

#[tokio::test(start_paused = true)]
async fn a_comment_with_unknown_outcome_is_written_once() {
    for fault in [
        Fault::LostAnswer,
        Fault::LostRequest,
        Fault::Late(Duration::from_secs(5)),
    ] {
        let world = World::new(&["left", "right"]);
        let running = world.start(&[contract("c", "left", "right")]).await;
        let item = world.make("left", "x");
        running.quiet().await;
        world.tracker("right").fault(On::Apply, fault.clone());
        world.tracker("left").comment(&item, "only once");
        world.announce(&item);
        running.quiet().await;
        let comments = world.tracker("right").only().comments.unwrap();
        assert_eq!(comments.len(), 1, "{fault:?}");
        running.stop().await;
    }
}

/// A create, two edits and a comment, with a crash at the `at`-th commit after the start. Answers whether there was one.
async fn crash_at(at: u64, after: bool) -> bool {
    let world = World::new(&["left", "right"]);
    let running = world.start(&[contract("c", "left", "right")]).await;
    {
        let mut plan = world.crash.0.lock().unwrap();
        plan.at = plan.commits + at;
        plan.after = after;
    }
    let item = world.make("left", "first");
    world.tracker("left").comment(&item, "hello");
    tokio::time::sleep(Duration::from_millis(50)).await;
    world.edit(&item, "summary", Value::text("second"));
    tokio::time::sleep(Duration::from_millis(50)).await;
    let crashed = {
        let plan = world.crash.0.lock().unwrap();
        plan.commits >= plan.at
    };
    running.kill().await;
    world.crash.0.lock().unwrap().at = 0;
    let running = world.run(world.build().await);
    running.quiet().await;
    let twin = world.tracker("right").only();
    assert_eq!(
        twin.get("summary"),
        Some(&Value::text("second")),
        "commit {at}"
    );
    assert_eq!(
        twin.comments.as_ref().unwrap().len(),
        1,
        "commit {at}: one comment"
    );
    assert_eq!(
        world.tracker("left").item(&item).comments.unwrap().len(),
        1,
        "commit {at}: no echo"
    );
    assert_eq!(creates(&world, "right"), 1, "commit {at}");
    running.stop().await;
    crashed
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_commit_loses_and_doubles_nothing() {
    for after in [false, true] {
        let mut at = 1;
        while crash_at(at, after).await {
            at += 1;
        }
        assert!(at > 8, "the story has commits to crash at: {at}");
    }
}

/// The answer to a create is lost and a person takes its item's marker; gives the twins' states and how often it was
/// created.
async fn unmarked(before: impl AsyncFnOnce(&World, &Running)) -> (Vec<TwinState>, usize) {
    let world = World::new(&["left", "right"]);
    world.tracker("right").state().markers_wiped = true;
    let running = world.start(&[contract("c", "left", "right")]).await;
    before(&world, &running).await;
    world.tracker("right").fault(On::Apply, Fault::LostAnswer);
    world.make("left", "once");
    tokio::time::sleep(Duration::from_secs(600)).await;
    let states = running.states().await;
    running.stop().await;
    (states, creates(&world, "right"))
}

#[tokio::test(start_paused = true)]
async fn a_create_whose_marker_is_gone_takes_the_one_free_item_that_looks_like_it() {
    let live = TwinState::Live;
    let alone = unmarked(async |_, _| ()).await;
    assert_eq!(alone, (vec![live.clone()], 1));
    let linked = unmarked(async |world, running| {
        world.make("left", "once");
        running.quiet().await;
    });
    assert_eq!(linked.await, (vec![live.clone(), live], 2));
}

#[tokio::test(start_paused = true)]
async fn a_create_whose_marker_is_gone_asks_where_two_items_look_like_it() {
    let (states, creates) = unmarked(async |world, _| {
        world.tracker("right").make_as_us("once");
    })
    .await;
    assert_eq!(creates, 1);
    let [TwinState::Quarantined { sentence, .. }] = &states[..] else {
        panic!("{states:?}");
    };
    assert!(sentence.contains("right-1 or right-2"), "{sentence}");
}

/// A write is made, and the item cannot be read after it; then the source is edited again.
async fn unread(conflict: Conflict) -> (String, Vec<TwinState>) {
    let world = World::new(&["left", "right"]);
    let mut contract = contract("c", "left", "right");
    for field in contract.fields.values_mut() {
        field.conflict = conflict;
    }
    let running = world.start(&[contract]).await;
    let left = world.make("left", "x");
    running.quiet().await;
    let right = world.tracker("right").only().reference.item;
    let writes = world.writes("right");
    world.tracker("right").state().terse = true;
    world.tracker("right").fault(On::Fetch, Fault::Pass);
    for _ in 0..2 {
        world.tracker("right").fault(On::Fetch, Fault::Retry(None));
    }
    world.edit(&left, "summary", Value::text("y"));
    until("it is written", || async { world.writes("right") > writes }).await;
    world.edit(&left, "summary", Value::text("z"));
    running.quiet().await;
    let end = (world.text(&right, "summary"), running.states().await);
    running.stop().await;
    end
}

#[tokio::test(start_paused = true)]
async fn a_write_that_could_not_be_read_back_is_no_persons_edit() {
    for conflict in [Conflict::Hold, Conflict::Right] {
        let end = unread(conflict).await;
        assert_eq!(end, ("z".to_owned(), vec![TwinState::Live]), "{conflict:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_created_after_a_backup_is_not_created_again() {
    let world = World::new(&["left", "right"]);
    let running = world.start(&[contract("c", "left", "right")]).await;
    world.make("left", "before");
    running.quiet().await;
    let backup = world.backup_path();
    let store = running.host.store().db();
    store.backup(&backup, |_| {}).await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    let item = world.make("left", "after");
    running.quiet().await;
    running.stop().await;

    world.restore(&backup);
    let running = world.run(world.build().await);
    for tracker in world.trackers.values() {
        let items: Vec<_> = tracker.state().items.values().cloned().collect();
        for there in items {
            world.announce(&there.reference.item);
        }
    }
    running.quiet().await;
    assert_eq!(creates(&world, "right"), 2, "one for each");
    assert_eq!(creates(&world, "left"), 0);
    assert_eq!(running.states().await, [TwinState::Live, TwinState::Live]);
    world.edit(&item, "summary", Value::text("still in step"));
    running.quiet().await;
    let followed = {
        let state = world.tracker("right").state();
        let mut items = state.items.values();
        items.any(|item| item.get("summary") == Some(&Value::text("still in step")))
    };
    assert!(followed);
    // What is new since is created without a question.
    world.make("left", "new");
    running.quiet().await;
    assert_eq!(creates(&world, "right"), 3);
    running.stop().await;
}
