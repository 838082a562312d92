//! What a rule does besides mapping reaches people: what it traces, holds, skips and cuts.

use crate::support::rules::table;
use crate::support::{Running, World};
use std::collections::BTreeMap;
use twinline_core::item::{ItemId, Value};
use twinline_core::names::Side;
use twinline_engine::ops::OpError;
use twinline_rules::source::SourceFile;
use twinline_store::host::HistoryKind;

const ROWS: &str = r#"
open = { left = ["open"], right = ["new"] }
done = { left = ["done"], right = ["closed"] }
"#;

const SCRIPT: &str = "export function outgoing({ issue }) {
  trace('seen', issue.summary);
  if (issue.summary === 'secret') hold('summary', 'ask first');
}";

/// A twin whose left side has the script; `change` makes of the map what the test needs.
async fn twinned(change: impl Fn(&str) -> String) -> (World, Running, ItemId, ItemId) {
    let world = World::new(&["left", "right"]);
    let running = world.start(&[]).await;
    let mut rules = table(ROWS);
    let map = change(&rules.sources.map.text);
    let map = map.replacen("trigger", "script = \"c.left.js\"\ntrigger", 1);
    rules.sources.map = SourceFile::new("c.toml", map);
    rules.sources.scripts.left = Some(SourceFile::new("c.left.js", SCRIPT));
    world.publish_rules(&running.host, &rules).await;
    let left = world.make("left", "x");
    running.quiet().await;
    let right = world.tracker("right").only().reference.item;
    (world, running, left, right)
}

/// What the histories of both items tell, oldest first: the kind, the field and the text.
async fn told(world: &World, running: &Running, kind: HistoryKind) -> Vec<String> {
    let mut rows = Vec::new();
    for node in ["left", "right"] {
        let key = world.tracker(node).only().reference.key;
        let history = running.host.history(&key, None, 50).await.unwrap();
        rows.extend(history.into_iter().filter(|line| line.key == key));
    }
    rows.sort_by_key(|row| row.seq);
    let entries = rows.into_iter().map(|row| row.entry);
    let entries = entries.filter(|entry| entry.kind == kind);
    let line = |entry: twinline_store::host::HistoryEntry| {
        let field = entry.field.unwrap_or_default();
        format!("{field} {}", entry.text.unwrap_or_default())
    };
    entries.map(|entry| line(entry).trim().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn what_a_script_holds_is_released_with_its_value() {
    let (world, running, left, right) = twinned(str::to_owned).await;
    world.edit(&left, "summary", Value::text("secret"));
    running.quiet().await;
    let twin = running.twin().await;
    assert_eq!(
        twin.held["summary"].values.left,
        Some(Value::text("secret"))
    );
    assert_eq!(world.text(&right, "summary"), "x");
    let take = BTreeMap::from([("summary".into(), Side::Left)]);
    let released = running.host.release_twin(&twin.link, take, "ada").await;
    released.unwrap();
    running.quiet().await;
    assert_eq!(world.text(&right, "summary"), "secret");
    let traced = told(&world, &running, HistoryKind::Trace).await;
    assert_eq!(traced, ["seen x", "seen secret"]);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_release_that_has_nothing_to_take_is_refused() {
    let (world, running, left, _) = twinned(str::to_owned).await;
    world.edit(&left, "status", Value::text("odd"));
    running.quiet().await;
    let twin = running.twin().await;
    let take = |side| BTreeMap::from([("status".into(), side)]);
    let refused = running
        .host
        .release_twin(&twin.link, take(Side::Left), "ada")
        .await;
    let Err(OpError::Refused(sentence)) = refused else {
        panic!("{refused:?}");
    };
    assert!(sentence.contains("\"odd\" has no row"), "{sentence}");
    let released = running
        .host
        .release_twin(&twin.link, take(Side::Right), "ada")
        .await;
    released.unwrap();
    running.quiet().await;
    assert_eq!(world.text(&left, "status"), "open");
    assert!(running.twin().await.held.is_empty());
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn cuts_and_skips_are_in_the_history_once_for_each_change() {
    let change = |map: &str| {
        map.replace(
            "right = \"summary\"",
            "right = \"summary\"\nmax = { right = 3 }",
        )
        .replace(
            "[fields.summary]",
            "[policy]\nunmapped = \"skip\"\n[fields.summary]",
        )
    };
    let (world, running, left, right) = twinned(change).await;
    world.edit(&left, "summary", Value::text("abcdef"));
    world.edit(&left, "status", Value::text("odd"));
    running.quiet().await;
    world.edit(&left, "labels", Value::set(["b"]));
    running.quiet().await;
    world.edit(&left, "labels", Value::set(["c"]));
    running.quiet().await;
    assert_eq!(world.text(&right, "summary"), "abc");
    assert_eq!(
        told(&world, &running, HistoryKind::Cut).await,
        ["summary 3 characters do not fit here (max)"]
    );
    assert_eq!(
        told(&world, &running, HistoryKind::Waived).await,
        ["status \"odd\" has no row in [values.status] on the left"]
    );
    running.stop().await;
}
