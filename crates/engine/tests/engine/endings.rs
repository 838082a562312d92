//! Deletions: only on positive evidence, and by policy.

use crate::support::rules::{contract, table};
use crate::support::tracker::{Fault, On};
use crate::support::{Running, World, until};
use std::time::Duration;
use twinline_core::contract::Deleted;
use twinline_core::item::{Choice, ItemId, Value};
use twinline_core::names::NodeName;
use twinline_rules::source::SourceFile;
use twinline_store::host::{HistoryKind, TwinState};

async fn twinned(policy: Deleted) -> (World, Running, ItemId, ItemId) {
    let world = World::new(&["left", "right"]);
    let mut rules = contract("c", "left", "right");
    rules.deleted = policy;
    rules.closed_status.right = Some(Choice {
        id: "closed".to_owned(),
        name: "closed".to_owned(),
    });
    let running = world.start(&[rules]).await;
    let left = world.make("left", "x");
    running.quiet().await;
    let right = world.tracker("right").only().reference.item;
    (world, running, left, right)
}

const ENDED: TwinState = TwinState::Unlinked { returns: false };

/// `expected`: the other item's status, or that it is gone.
async fn check(policy: Deleted, expected: Option<&str>) {
    let (world, running, left, right) = twinned(policy).await;
    world.tracker("left").delete(&left);
    world.announce(&left);
    running.quiet().await;
    assert_eq!(running.states().await, [ENDED], "{policy:?}");
    let there = world.tracker("right").state().items.contains_key(&right.id);
    let status = there.then(|| world.text(&right, "status"));
    assert_eq!(status.as_deref(), expected, "{policy:?}");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_other_item_stays_is_closed_or_is_deleted_as_the_policy_says() {
    check(Deleted::Unlink, Some("open")).await;
    check(Deleted::Close, Some("closed")).await;
    check(Deleted::Delete, None).await;
}

/// Both items are choices whose ids are not their names; the right one's row has more written along with it.
#[tokio::test(start_paused = true)]
async fn what_closes_an_item_is_written_by_its_id_and_with_what_the_row_says() {
    let world = World::new(&["left", "right"]);
    let running = world.start(&[]).await;
    let mut rules = table(
        "open = { left = [\"open\"], right = [\"New\"] }\n\
         done = { left = [\"done\"], right = [\"Closed\"], right_set = { code = \"Solved\", notes = \"{key} is gone\", by = \"us\" } }\n",
    );
    let map = rules.sources.map.text;
    let map = map.replacen("[fields.", "[policy]\ndeleted = \"close\"\n[fields.", 1);
    rules.sources.map = SourceFile::new("c.toml", map);
    rules.descriptions.right = serde_json::from_value(serde_json::json!({
        "fields": { "summary": { "name": "Summary", "kind": "text" },
            "status": { "name": "Status", "kind": "choice" },
            "code": { "name": "Code", "kind": "choice", "options": [{ "id": "c7", "name": "Solved" }] },
            "notes": { "name": "Notes", "kind": "text" }, "by": { "name": "By", "kind": "text" } },
        "statuses": [{ "status": { "id": "1", "name": "New" } },
            { "status": { "id": "9", "name": "Closed" }, "closed": true }] }))
    .unwrap();
    world.publish_rules(&running.host, &rules).await;
    let left = world.make("left", "x");
    running.quiet().await;
    let right = world.tracker("right").only().reference;
    world.edit(&right.item, "by", Value::text("a person"));
    let key = world.tracker("left").only().reference.key;
    world.tracker("left").delete(&left);
    world.announce(&left);
    running.quiet().await;
    assert_eq!(running.states().await, [ENDED]);
    let choice = |id: &str, name: &str| {
        Value::Choice(Choice {
            id: id.to_owned(),
            name: name.to_owned(),
        })
    };
    let item = world.tracker("right").only();
    assert_eq!(item.get("status"), Some(&choice("9", "Closed")));
    assert_eq!(item.get("code"), Some(&choice("c7", "Solved")));
    let notes = Value::text(format!("{key} is gone"));
    assert_eq!(item.get("notes"), Some(&notes));
    assert_eq!(item.get("by"), Some(&Value::text("a person")));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn why_the_other_item_was_not_closed_is_told_with_the_end() {
    let (world, running, left, right) = twinned(Deleted::Close).await;
    let fault = Fault::Waived("status", "no transition leads to closed");
    world.tracker("right").fault(On::Apply, fault);
    world.tracker("left").delete(&left);
    world.announce(&left);
    running.quiet().await;
    assert_eq!(running.states().await, [ENDED]);
    assert_eq!(world.text(&right, "status"), "open");
    let key = world.tracker("right").only().reference.key;
    let history = running.host.history(&key, None, 50).await.unwrap();
    let ended = history
        .into_iter()
        .find(|line| line.entry.kind == HistoryKind::Unlinked);
    let why = ended.and_then(|line| line.entry.text).unwrap_or_default();
    assert!(
        why.ends_with("; the item on the right stays as it is: no transition leads to closed"),
        "{why}"
    );
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_404_is_no_deletion_even_where_the_policy_deletes() {
    let (world, running, left, right) = twinned(Deleted::Delete).await;
    world.tracker("left").lose(&left);
    world.announce(&left);
    running.quiet().await;
    let asleep = |state: &TwinState| matches!(state, TwinState::Asleep { .. });
    assert!(asleep(&running.twin().await.state));
    assert_eq!(world.text(&right, "status"), "open");
    world.tracker("left").state().lost.clear();
    world.edit(&left, "summary", Value::text("back"));
    running.quiet().await;
    assert_eq!(running.twin().await.state, TwinState::Live);
    assert_eq!(world.text(&right, "summary"), "back");
    running.stop().await;
}

/// The tracker's word of a deletion comes while the item waits already: before or after the word of an edit, and the
/// host dies before it can look, or not.
async fn evidence_on_a_dirty_row(deleted_first: bool, crash: bool) {
    let (world, running, left, right) = twinned(Deleted::Delete).await;
    let node = NodeName::from("left");
    running
        .host
        .pause_node(&node, "a test", "ada")
        .await
        .unwrap();
    let now = world.env.now();
    if deleted_first {
        world.inbox.announce_deleted(&left, now);
        world.inbox.announce(&left, now);
    } else {
        world.inbox.announce(&left, now);
        world.inbox.announce_deleted(&left, now);
    }
    world.tracker("left").lose(&left);
    until("taken", async || world.inbox.all_taken()).await;
    let running = if crash {
        running.kill().await;
        world.run(world.build().await)
    } else {
        running
    };
    running.host.resume_node(&node, "ada").await.unwrap();
    running.quiet().await;
    assert_eq!(running.states().await, [ENDED], "{deleted_first} {crash}");
    assert!(!world.tracker("right").state().items.contains_key(&right.id));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn evidence_of_a_deletion_is_not_lost_on_an_item_that_is_dirty_already() {
    for (deleted_first, crash) in [(true, false), (false, false), (true, true), (false, true)] {
        evidence_on_a_dirty_row(deleted_first, crash).await;
    }
}

#[tokio::test(start_paused = true)]
async fn evidence_of_a_deletion_is_nothing_against_an_item_that_is_there() {
    let (world, running, left, right) = twinned(Deleted::Delete).await;
    world.inbox.announce_deleted(&left, world.env.now());
    running.quiet().await;
    assert_eq!(running.twin().await.state, TwinState::Live);
    world.tracker("left").lose(&left);
    world.announce(&left);
    running.quiet().await;
    assert!(
        matches!(running.twin().await.state, TwinState::Asleep { .. }),
        "evidence that was spent on an item that was there does not make a later 404 a deletion"
    );
    assert_eq!(world.text(&right, "status"), "open");
    running.stop().await;
}

/// A node is missing from the configuration: what is said meanwhile is neither taken for done nor told to the edge as safe.
#[tokio::test(start_paused = true)]
async fn a_deletion_that_is_told_while_the_connection_stands_still_counts_when_it_works_again() {
    let (mut world, running, left, right) = twinned(Deleted::Delete).await;
    running.stop().await;
    let safe = world.inbox.taken_and_safe().1;
    let missing = world.without("right");
    let running = world.start(&[]).await;
    world.tracker("left").lose(&left);
    world.inbox.announce_deleted(&left, world.env.now());
    until("it is taken", async || world.inbox.all_taken()).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(world.inbox.taken_and_safe(), (safe + 1, safe));
    running.stop().await;
    world.trackers.insert("right".to_owned(), missing);
    let running = world.start(&[]).await;
    running.quiet().await;
    assert_eq!(running.states().await, [ENDED]);
    assert!(!world.tracker("right").state().items.contains_key(&right.id));
    until("it is safe", async || {
        world.inbox.taken_and_safe() == (safe + 1, safe + 1)
    })
    .await;
    running.stop().await;
}
