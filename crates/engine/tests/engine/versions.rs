//! A rule version changes while twins live: the new outgoing rule is run on the base observation (R2), so that only what
//! people changed crosses.

use crate::support::rules::{contract, options, table};
use crate::support::{Running, World};
use twinline_core::item::{Choice, ItemId, Value};
use twinline_core::names::Sides;
use twinline_rules::source::SourceFile;
use twinline_rules::version::Snapshot;
use twinline_store::host::{TwinState, TwinStateName};

const TABLE: &str = r#"
open = { left = ["open"], right = ["new"] }
done = { left = ["done"], right = ["closed"] }
"#;

/// The same values under other names in the replica, and one value more.
const RENAMED: &str = r#"
todo = { left = ["open"], right = ["new"] }
ready = { left = ["done"], right = ["closed"] }
busy = { left = ["busy"], right = ["new"], dir = "->" }
"#;

async fn twinned() -> (World, Running, ItemId, ItemId) {
    let world = World::new(&["left", "right"]);
    let running = world.start(&[]).await;
    world.publish_rules(&running.host, &table(TABLE)).await;
    let left = world.make("left", "x");
    running.quiet().await;
    let right = world.tracker("right").only().reference.item;
    assert_eq!(world.text(&right, "status"), "new");
    (world, running, left, right)
}

#[tokio::test(start_paused = true)]
async fn a_new_version_alone_writes_nothing() {
    let (world, running, ..) = twinned().await;
    let writes = world.writes("left") + world.writes("right");
    world.publish_rules(&running.host, &table(RENAMED)).await;
    running.quiet().await;
    assert_eq!(
        running.host.status().await.unwrap().connections[0].version,
        2
    );
    assert_eq!(world.writes("left") + world.writes("right"), writes);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_edit_that_nobody_announced_crosses_under_the_version_that_finds_it() {
    let (world, running, left, right) = twinned().await;
    world
        .tracker("left")
        .edit(&left, "status", Value::text("done"));
    world.publish_rules(&running.host, &table(RENAMED)).await;
    running.quiet().await;
    assert_eq!(world.text(&right, "status"), "closed");
    assert_eq!(world.writes("left"), 0);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_rollback_to_an_earlier_version_writes_nothing_and_carries_on() {
    let (world, running, left, right) = twinned().await;
    world.publish_rules(&running.host, &table(RENAMED)).await;
    world.edit(&right, "status", Value::text("closed"));
    running.quiet().await;
    assert_eq!(world.text(&left, "status"), "done");
    let writes = world.writes("left") + world.writes("right");
    let rolled = running
        .host
        .rollback(&"c".into(), 1, true, "ada")
        .await
        .unwrap();
    assert_eq!(rolled.version, 3);
    running.quiet().await;
    assert_eq!(world.writes("left") + world.writes("right"), writes);
    world.edit(&left, "status", Value::text("open"));
    running.quiet().await;
    assert_eq!(world.text(&right, "status"), "new");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_field_new_to_the_contract_is_settled_by_first_and_leaves_with_a_rollback() {
    let world = World::new(&["left", "right"]);
    let mut small = contract("c", "left", "right");
    small.fields.retain(|field, _| field.as_str() != "labels");
    let running = world.start(std::slice::from_ref(&small)).await;
    let left = world.make("left", "x");
    running.quiet().await;
    let right = world.tracker("right").only().reference.item;
    let labels = |item: &ItemId| {
        world
            .tracker(item.node.as_str())
            .item(item)
            .get("labels")
            .cloned()
    };
    assert_eq!(labels(&right), None);
    world
        .tracker("right")
        .edit(&right, "labels", Value::set(["right's"]));
    world
        .publish(&running.host, &contract("c", "left", "right"))
        .await;
    running.quiet().await;
    assert_eq!(labels(&right), Some(Value::set(["a"])), "first = left");
    running
        .host
        .rollback(&"c".into(), 1, true, "ada")
        .await
        .unwrap();
    running.quiet().await;
    world.edit(&left, "labels", Value::set(["b"]));
    running.quiet().await;
    assert_eq!(
        labels(&right),
        Some(Value::set(["a"])),
        "it no longer crosses"
    );
    running.stop().await;
}

/// The table's rules with a script that rejects what the twin was last in step with.
fn rejecting() -> Snapshot {
    let mut snapshot = table(TABLE);
    let map = snapshot.sources.map.text;
    let map = map.replace(
        "trigger = \"all\"",
        "trigger = \"all\"\nscript = \"c.left.js\"",
    );
    snapshot.sources.map = SourceFile::new("c.toml", map);
    let script =
        "export function outgoing({ issue }) { if (issue.summary === 'x') reject('no x'); }";
    snapshot.sources.scripts.left = Some(SourceFile::new("c.left.js", script));
    snapshot
}

#[tokio::test(start_paused = true)]
async fn a_twin_whose_base_a_new_version_rejects_settles_when_its_item_is_changed() {
    let (world, running, left, right) = twinned().await;
    world.publish_rules(&running.host, &rejecting()).await;
    running.quiet().await;
    let twin = running.twin().await;
    assert_eq!(twin.state.name(), TwinStateName::Quarantined);
    // Meanwhile the other side goes on, and is not forgotten.
    world.edit(&right, "status", Value::text("closed"));
    running.quiet().await;
    assert_eq!(world.text(&left, "status"), "open");
    world.edit(&left, "summary", Value::text("y"));
    running.quiet().await;
    assert_eq!(running.twin().await.state, TwinState::Live);
    assert_eq!(world.text(&right, "summary"), "y");
    assert_eq!(world.text(&left, "status"), "done");
    running.stop().await;
}

const LEFT: &[(&str, &str)] = &[("l1", "Low"), ("l2", "High")];
const RIGHT: &[(&str, &str)] = &[("r1", "Low"), ("r2", "High")];

fn choice(id: &str, name: &str) -> Value {
    Value::Choice(Choice {
        id: id.to_owned(),
        name: name.to_owned(),
    })
}

/// A twin with a list field, and the right item's option.
async fn listed() -> (World, Running, ItemId, ItemId) {
    let world = World::new(&["left", "right"]);
    let running = world.start(&[]).await;
    let described = Sides {
        left: LEFT,
        right: RIGHT,
    };
    world
        .publish_rules(&running.host, &options(described))
        .await;
    let left = world.tracker("left").make(&[
        ("summary", Value::text("x")),
        ("status", Value::text("open")),
        ("sev", choice("l1", "Low")),
    ]);
    world.announce(&left);
    running.quiet().await;
    let right = world.tracker("right").only().reference.item;
    assert_eq!(severity(&world, &right), choice("r1", ""));
    (world, running, left, right)
}

fn severity(world: &World, item: &ItemId) -> Value {
    let item = world.tracker(item.node.as_str()).item(item);
    item.get("sev").cloned().unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_option_renamed_at_a_tracker_is_no_change() {
    let (world, running, left, right) = listed().await;
    let writes = world.writes("left") + world.writes("right");
    world.edit(&left, "sev", choice("l1", "Lowest"));
    running.quiet().await;
    assert_eq!(world.writes("left") + world.writes("right"), writes);
    // Under the name that the version knows, its id still crosses.
    world.edit(&right, "sev", choice("r2", "High"));
    running.quiet().await;
    assert_eq!(severity(&world, &left), choice("l2", ""));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_option_added_at_the_trackers_crosses_when_unchanged_rules_are_published_again() {
    let (world, running, left, right) = listed().await;
    world.edit(&left, "sev", choice("l3", "Highest"));
    running.quiet().await;
    assert_eq!(severity(&world, &right), choice("r1", ""));
    assert!(
        running.twin().await.held.contains_key("severity"),
        "it has no counterpart yet"
    );
    let added = Sides {
        left: &[("l1", "Low"), ("l2", "High"), ("l3", "Highest")][..],
        right: &[("r1", "Low"), ("r2", "High"), ("r3", "Highest")][..],
    };
    world.publish_rules(&running.host, &options(added)).await;
    running.quiet().await;
    assert_eq!(severity(&world, &right), choice("r3", ""));
    assert!(running.twin().await.held.is_empty());
    running.stop().await;
}
