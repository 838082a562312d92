//! What a person asks of a host.

use crate::support::World;
use crate::support::rules::contract;
use std::time::Duration;
use twinline_core::contract::Conflict;
use twinline_core::item::Value;
use twinline_core::names::Side;
use twinline_store::host::{JobState, TwinFilter, TwinState};

#[tokio::test(start_paused = true)]
async fn a_dry_run_writes_nothing() {
    let world = World::new(&["left", "right"]);
    let running = world.start(&[contract("c", "left", "right")]).await;
    let item = world.make("left", "x");
    running.quiet().await;
    world
        .tracker("left")
        .edit(&item, "summary", Value::text("y"));
    let writes = world.tracker("right").state().writes.len();
    let planning = running.host.plan(&"c".into(), None, 10).await.unwrap();
    assert_eq!(planning.looked_at, 1);
    assert_eq!(
        planning.twins[0].writes,
        [(Side::Right, "summary changed".to_owned())]
    );
    assert_eq!(world.tracker("right").state().writes.len(), writes);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_shows_what_would_be_frozen() {
    let world = World::new(&["left", "right"]);
    let mut rules = contract("c", "left", "right");
    rules.fields.get_mut("summary").unwrap().conflict = Conflict::Hold;
    let running = world.start(&[rules]).await;
    let left = world.make("left", "x");
    running.quiet().await;
    let right = world.tracker("right").only().reference.item;
    for item in [&left, &right] {
        let text = Value::text(item.node.as_str());
        let tracker = world.tracker(item.node.as_str());
        tracker.edit(item, "summary", text);
    }
    let planning = running.host.plan(&"c".into(), None, 10).await.unwrap();
    assert!(planning.twins[0].writes.is_empty());
    assert_eq!(planning.twins[0].held["summary"], "both sides changed it");
    // What is frozen already is no news.
    world.announce(&left);
    running.quiet().await;
    let planning = running.host.plan(&"c".into(), None, 10).await.unwrap();
    assert_eq!((planning.looked_at, planning.twins.len()), (1, 0));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_shows_what_items_without_a_twin_would_get() {
    let world = World::new(&["left", "right"]);
    let running = world.start(&[contract("c", "left", "right")]).await;
    world.make("left", "has a twin");
    running.quiet().await;
    let unheard = |summary: &str, label: &str| {
        let fields = [
            ("summary", Value::text(summary)),
            ("labels", Value::set([label])),
        ];
        world.tracker("left").make(&fields)
    };
    unheard("new", "a");
    unheard("secret", "private");
    unheard("reject me", "a");
    let planning = running.host.plan(&"c".into(), None, 10).await.unwrap();
    assert_eq!(planning.candidates.left, Some(4));
    assert_eq!(planning.newcomers_looked_at, 3);
    assert_eq!(planning.not_admitted, 1);
    let writes = |at: usize| {
        let writes = planning.newcomers[at].writes.iter();
        writes
            .map(|(side, what)| format!("{side} {what}"))
            .collect::<Vec<_>>()
    };
    let expected = ["right created", "right labels = a", "right summary = new"];
    assert_eq!(writes(0), expected);
    assert_eq!(
        planning.newcomers[1].error.as_deref(),
        Some("plain.toml:3: 'reject me' has no row")
    );
    assert_eq!(world.tracker("right").state().items.len(), 1);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_paused_node_rests_and_catches_up() {
    let world = World::new(&["left", "right"]);
    let running = world.start(&[contract("c", "left", "right")]).await;
    let item = world.make("left", "x");
    running.quiet().await;
    let node = "right".into();
    running
        .host
        .pause_node(&node, "upgrade", "ada")
        .await
        .unwrap();
    world.edit(&item, "summary", Value::text("y"));
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(
        world.tracker("right").only().get("summary"),
        Some(&Value::text("x"))
    );
    running.host.resume_node(&node, "ada").await.unwrap();
    running.quiet().await;
    assert_eq!(
        world.tracker("right").only().get("summary"),
        Some(&Value::text("y"))
    );
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_unlinked_twin_is_left_alone_and_holds_no_mark() {
    let world = World::new(&["left", "right"]);
    let running = world.start(&[contract("c", "left", "right")]).await;
    let item = world.make("left", "x");
    running.quiet().await;
    let twins = running
        .host
        .twins(TwinFilter::default(), None, 10)
        .await
        .unwrap();
    running.host.unlink(&twins[0].link, "ada").await.unwrap();
    running.quiet().await;
    assert_eq!(
        running.states().await,
        [TwinState::Unlinked { returns: false }]
    );
    let right = world.tracker("right").only().reference.item;
    world.edit(&right, "summary", Value::text("mine alone"));
    running.quiet().await;
    assert_eq!(
        world.tracker("left").item(&item).get("summary"),
        Some(&Value::text("x"))
    );
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_backfill_counts_what_is_finished() {
    const ITEMS: u64 = 120;
    let world = World::new(&["left", "right"]);
    for n in 0..ITEMS {
        let left = world.tracker("left");
        left.make(&[("summary", Value::text(format!("{n}")))]);
    }
    let running = world.start(&[]).await;
    running.stop().await;
    let host = world.build().await;
    let running = world.run(host);
    let source = serde_json::to_string(&contract("c", "left", "right")).unwrap();
    let publish = twinline_store::host::Publish {
        connection: "c".into(),
        digest: twinline_core::digest::Digest::of_bytes(source.as_bytes()),
        sources: [("contract".to_owned(), source)].into(),
        at: world.env.now(),
        by: "ada".to_owned(),
    };
    running.host.publish(publish, true).await.unwrap();
    world.tracker("right").state().latency = Duration::from_millis(500);
    running
        .host
        .start_backfill(&"c".into(), Side::Left, None, ITEMS, "ada")
        .await
        .unwrap();
    let mut seen = Vec::new();
    crate::support::until("finished", async || {
        let jobs = running.jobs().await;
        jobs.iter().all(|job| job.state == JobState::Finished)
    })
    .await;
    for job in running.jobs().await {
        seen.push((job.done, job.total));
    }
    assert!(seen.contains(&(ITEMS, Some(ITEMS))), "{seen:?}");
    assert_eq!(
        world.tracker("right").state().items.len() as u64,
        ITEMS,
        "finished means made"
    );
    running.stop().await;
}
