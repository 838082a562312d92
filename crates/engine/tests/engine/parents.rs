//! Parents cross by their twins, and wait for them.

use crate::support::rules::contract;
use crate::support::{Running, World, until};
use std::time::Duration;
use tokio::time::Instant;
use twinline_core::contract::{Conflict, Contract};
use twinline_core::item::{Item, ItemId, Value};
use twinline_core::names::{Side, Sides};
use twinline_engine::ops::LinkOutcome;

/// A contract by which parents cross too.
fn family(name: &str) -> Contract {
    let mut contract = contract(name, "left", "right");
    let mut parent = contract.fields["status"].clone();
    parent.parent = true;
    for native in [&mut parent.native.left, &mut parent.native.right] {
        *native = ["parent".into()].into();
    }
    contract.fields.insert("parent".into(), parent);
    contract
}

fn child_of(world: &World, parent: &str, summary: &str) -> ItemId {
    let tracker = world.tracker("left");
    let id = tracker.make(&[
        ("summary", Value::text(summary)),
        ("parent", Value::text(parent)),
    ]);
    world.announce(&id);
    id
}

fn key(world: &World, item: &ItemId) -> String {
    let tracker = world.tracker(item.node.as_str());
    tracker.item(item).reference.key
}

/// The item on the right with this summary.
fn copy(world: &World, summary: &str) -> ItemId {
    let tracker = world.tracker("right");
    let state = tracker.state();
    let mut items = state.items.values();
    let found = items.find(|item| item.get("summary") == Some(&Value::text(summary)));
    found.expect("it has a copy").reference.item.clone()
}

fn parent(world: &World, item: &ItemId) -> Option<Value> {
    let tracker = world.tracker(item.node.as_str());
    tracker.item(item).get("parent").cloned()
}

#[tokio::test(start_paused = true)]
async fn a_child_has_its_parents_twin_as_its_parent_and_edits_cross_both_ways() {
    let world = World::new(&["left", "right"]);
    let running = world.start(&[family("c")]).await;
    let [one, two] = ["one", "two"].map(|summary| world.make("left", summary));
    running.quiet().await;
    let child = child_of(&world, &key(&world, &one), "child");
    running.quiet().await;
    let there = copy(&world, "child");
    let [one_there, two_there] = ["one", "two"].map(|summary| copy(&world, summary));
    let key_there = |item: &ItemId| Some(Value::text(key(&world, item)));
    assert_eq!(parent(&world, &there), key_there(&one_there));

    world.edit(&child, "parent", Value::text(key(&world, &two)));
    running.quiet().await;
    assert_eq!(parent(&world, &there), key_there(&two_there));
    world.edit(&there, "parent", Value::text(key(&world, &one_there)));
    running.quiet().await;
    assert_eq!(parent(&world, &child), key_there(&one));
    world.edit(&child, "parent", Value::Empty);
    running.quiet().await;
    assert_eq!(parent(&world, &there), Some(Value::Empty));
    running.stop().await;
}

/// Neither the other fields nor a crash keep the parent from crossing once it has a twin, in whichever connection.
async fn check_waits(rules: &[Contract], enter: impl AsyncFnOnce(&World, &Running, &ItemId)) {
    let world = World::new(&["left", "right"]);
    let running = world.start(rules).await;
    let tracker = world.tracker("left");
    let late = tracker.make_in("elsewhere", "late");
    tracker.state().unmatched.insert(late.id.clone());
    let child = child_of(&world, &key(&world, &late), "child");
    running.quiet().await;
    let there = copy(&world, "child");
    assert!(!matches!(parent(&world, &there), Some(Value::Text(_))));
    world.edit(&child, "summary", Value::text("edited"));
    running.quiet().await;
    assert_eq!(world.text(&there, "summary"), "edited");
    running.stop().await;

    let running = world.start(&[]).await;
    enter(&world, &running, &late).await;
    until("the parent has crossed", async || {
        let late = Value::text(key(&world, &copy(&world, "late")));
        parent(&world, &there) == Some(late)
    })
    .await;
    running.quiet().await;
    assert_eq!(
        parent(&world, &child),
        Some(Value::text(key(&world, &late)))
    );
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_parent_that_has_no_twin_yet_crosses_when_it_enters() {
    let mut others = contract("others", "left", "right");
    others.scopes.left = [("project".to_owned(), "elsewhere".to_owned())].into();
    check_waits(&[family("c"), others], async |world, running, late| {
        world.tracker("left").state().unmatched.clear();
        world.announce(late);
        running.quiet().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_parent_that_has_no_twin_yet_crosses_when_it_is_linked() {
    let mut others = contract("others", "left", "right");
    others.scopes.left = [("project".to_owned(), "elsewhere".to_owned())].into();
    others.triggers.left = None;
    check_waits(&[family("c"), others], async |world, running, late| {
        let there = world.make("right", "late");
        let pair = [key(world, late), key(world, &there)];
        let [left, right] = pair;
        let pairs = vec![Sides { left, right }];
        let linked = running.host.link(&"others".into(), pairs, "ada").await;
        assert!(matches!(linked.unwrap()[0], LinkOutcome::Linked(_)));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn children_follow_a_parent_that_a_person_has_brought_in_without_waiting_for_room() {
    const CHILDREN: usize = 5;
    let world = World::new(&["left", "right"]);
    let running = world.start(&[family("c")]).await;
    let tracker = world.tracker("left");
    let late = tracker.make(&[("summary", Value::text("late"))]);
    tracker.state().unmatched.insert(late.id.clone());
    for number in 0..CHILDREN {
        child_of(&world, &key(&world, &late), &format!("child {number}"));
    }
    running.quiet().await;
    for node in ["left", "right"] {
        world.tracker(node).state().spare = Duration::from_secs(3600);
    }
    world.tracker("left").state().unmatched.clear();
    world.announce(&late);
    let begun = Instant::now();
    until("all have their parent", async || {
        let state = world.tracker("right").state();
        let mut items = state.items.values();
        let late = items.find(|item| item.get("summary") == Some(&Value::text("late")));
        let Some(key) = late.map(|late| late.reference.key.clone()) else {
            return false;
        };
        let has_parent = |item: &&Item| item.get("parent") == Some(&Value::text(key.clone()));
        state.items.values().filter(has_parent).count() == CHILDREN
    })
    .await;
    // Work that can wait goes once in half a minute here.
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(30), "{took:?}");
    running.stop().await;
}

/// The other side shows none; an edit there is a later one, as with any other field.
#[tokio::test(start_paused = true)]
async fn a_parent_that_cannot_cross_gives_way_to_one_that_is_set_on_the_other_side() {
    let world = World::new(&["left", "right"]);
    let running = world.start(&[family("c")]).await;
    let [one, two] = ["one", "two"].map(|summary| world.make("left", summary));
    running.quiet().await;
    let child = child_of(&world, &key(&world, &one), "child");
    running.quiet().await;
    let there = copy(&world, "child");
    let [one_there, two_there] =
        ["one", "two"].map(|summary| Value::text(key(&world, &copy(&world, summary))));
    world.edit(&child, "parent", Value::text("left-99"));
    running.quiet().await;
    assert_eq!(parent(&world, &there), Some(one_there));
    world.edit(&there, "parent", two_there.clone());
    running.quiet().await;
    assert_eq!(parent(&world, &there), Some(two_there));
    assert_eq!(parent(&world, &child), Some(Value::text(key(&world, &two))));
    running.stop().await;
}

/// A tracker that hides the parent from us shows the child without one; a person who removes it does too.
#[tokio::test(start_paused = true)]
async fn a_parent_that_is_hidden_from_us_is_not_removed() {
    let world = World::new(&["left", "right"]);
    let running = world.start(&[family("c")]).await;
    let one = world.make("left", "one");
    running.quiet().await;
    let child = child_of(&world, &key(&world, &one), "child");
    running.quiet().await;
    let there = copy(&world, "child");
    let one_there = Value::text(key(&world, &copy(&world, "one")));
    let left = world.tracker("left");
    left.state().lost.insert(one.id.clone());
    world.edit(&child, "parent", Value::Empty);
    world.edit(&child, "summary", Value::text("edited"));
    running.quiet().await;
    assert_eq!(world.text(&there, "summary"), "edited");
    assert_eq!(parent(&world, &there), Some(one_there));

    left.state().lost.clear();
    world.edit(&child, "summary", Value::text("edited again"));
    running.quiet().await;
    assert_eq!(parent(&world, &there), Some(Value::Empty));
    running.stop().await;
}

/// Rules that are put in force between the parent's coming and the child's job do not make it known from before.
#[tokio::test(start_paused = true)]
async fn a_parent_that_comes_with_new_rules_crosses() {
    let world = World::new(&["left", "right"]);
    let running = world.start(&[family("c")]).await;
    let tracker = world.tracker("left");
    let late = tracker.make(&[("summary", Value::text("late"))]);
    tracker.state().unmatched.insert(late.id.clone());
    let child = child_of(&world, &key(&world, &late), "child");
    running.quiet().await;
    let there = copy(&world, "child");
    tracker.state().unmatched.clear();
    running
        .host
        .pause_node(&"right".into(), "", "ada")
        .await
        .unwrap();
    world.announce(&late);
    let mut newer = family("c");
    newer.version = 2;
    world.publish(&running.host, &newer).await;
    running
        .host
        .resume_node(&"right".into(), "ada")
        .await
        .unwrap();
    until("the parent has crossed", async || {
        parent(&world, &there).is_some_and(|parent| parent != Value::Empty)
    })
    .await;
    let late_there = Value::text(key(&world, &copy(&world, "late")));
    assert_eq!(parent(&world, &there), Some(late_there));
    assert_eq!(
        parent(&world, &child),
        Some(Value::text(key(&world, &late)))
    );
    running.stop().await;
}

/// A parent's end is nobody's edit of its children; what people do with them afterwards crosses as ever.
#[tokio::test(start_paused = true)]
async fn children_stay_as_they_are_when_their_parents_twin_ends() {
    let world = World::new(&["left", "right"]);
    let mut rules = family("c");
    for field in rules.fields.values_mut() {
        field.conflict = Conflict::Hold;
    }
    let running = world.start(&[rules]).await;
    let [one, two] = ["one", "two"].map(|summary| world.make("left", summary));
    running.quiet().await;
    let child = child_of(&world, &key(&world, &one), "child");
    running.quiet().await;
    let there = copy(&world, "child");
    let one_there = copy(&world, "one");
    let twins = running.twins().await;
    let ends = twins
        .iter()
        .find(|twin| twin.item(Side::Left).as_ref() == Some(&one));
    let link = ends.unwrap().link.clone();
    running.host.unlink(&link, "ada").await.unwrap();
    world.edit(&child, "summary", Value::text("edited"));
    running.quiet().await;
    assert_eq!(world.text(&there, "summary"), "edited");
    assert_eq!(
        parent(&world, &there),
        Some(Value::text(key(&world, &one_there)))
    );
    assert_eq!(parent(&world, &child), Some(Value::text(key(&world, &one))));
    world.edit(&child, "parent", Value::text(key(&world, &two)));
    running.quiet().await;
    let two_there = Value::text(key(&world, &copy(&world, "two")));
    assert_eq!(parent(&world, &there), Some(two_there));
    running.stop().await;
}

/// What is written is known as what it is: the next edit of either side is no conflict.
#[tokio::test(start_paused = true)]
async fn one_edit_after_another_crosses_from_either_side() {
    for conflict in [Conflict::Hold, Conflict::Left, Conflict::Right] {
        let world = World::new(&["left", "right"]);
        let mut rules = family("c");
        for field in rules.fields.values_mut() {
            field.conflict = conflict;
        }
        let running = world.start(&[rules]).await;
        let names = ["one", "two", "three", "four"];
        let left = names.map(|summary| world.make("left", summary));
        running.quiet().await;
        let right = names.map(|summary| copy(&world, summary));
        let child = child_of(&world, &key(&world, &left[0]), "child");
        running.quiet().await;
        let there = copy(&world, "child");
        let sides = [
            (&child, &left, &there, &right),
            (&there, &right, &child, &left),
        ];
        for (here, parents, other, others) in sides {
            for at in [1, 2, 3] {
                world.edit(here, "parent", Value::text(key(&world, &parents[at])));
                running.quiet().await;
                let expected = Some(Value::text(key(&world, &others[at])));
                assert_eq!(parent(&world, other), expected, "{conflict:?} {at}");
            }
        }
        running.stop().await;
    }
}
