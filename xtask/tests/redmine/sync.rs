//! Two-way sync between a real Redmine and GitHub, through real processes that are killed while people edit.

use crate::judge::{Both, complaints, echoes, look};
use crate::product::{PATIENCE, Product, until};
use crate::script::{Field, Script};
use crate::sides::{Place, Sides};
use std::time::Duration;
use tokio::time::Instant;
use twinline_core::handles::Clock as _;
use xtask::provision::redmine::Redmine;
use xtask::served::SystemClock;

/// Edits of the story.
const STEPS: usize = 44;
/// Items that exist on each side before Twinline does.
const EXISTING: usize = 3;

#[tokio::test]
async fn a_real_redmine_and_github_stay_in_step_while_host_and_edge_are_killed() {
    if !Redmine::can_run() {
        return;
    }
    let mut redmine = Redmine::start().unwrap();
    let (mut product, github) = Product::new().await;
    redmine.serves().await.unwrap();
    let sides = Sides::new(&github, &redmine.url).await;
    let mut script = Script::default();
    for number in 0..EXISTING * 2 {
        script.create(&sides, Place::BOTH[number % 2]).await;
    }
    product.configure(&github, &redmine.url);
    product.start().await;
    product.json(&["backfill", "dev", "--wait"]);

    for step in 0..STEPS {
        match step {
            10 => product.crash("host").await,
            20 => product.crash("edge").await,
            30 => {
                product.crash("edge").await;
                product.crash("host").await;
            }
            _ => {}
        }
        script.next(&sides).await;
    }
    close_on_both_sides(&sides, &mut script).await;
    let both = in_step(&product, &sides, &script).await;
    assert_eq!(echoes(&sides, &both, &script).await, [""; 0]);

    audited(&product).await;
    let later = look(&sides).await;
    assert_eq!(complaints(&later, &script), [""; 0]);
    assert!(
        later == both,
        "something was written although nobody did anything"
    );
    let twins = product.json(&["twins", "--state", "live"]);
    assert_eq!(
        twins["items"].as_array().unwrap().len(),
        script.wanted.len()
    );
    assert_eq!(product.json(&["errors"])["errors"], serde_json::json!([]));
    product.stop();
}

/// Two people close the same item at the same moment.
async fn close_on_both_sides(sides: &Sides, script: &mut Script) {
    let tags: Vec<String> = script
        .wanted
        .iter()
        .filter(|(_, wanted)| {
            !wanted.closed
                && wanted
                    .edits
                    .keys()
                    .all(|(_, field)| *field != Field::Status)
        })
        .map(|(tag, _)| tag.clone())
        .take(2)
        .collect();
    assert_eq!(tags.len(), 2);
    for tag in tags {
        let github = sides.find(Place::GitHub, &tag).await.unwrap().key;
        let redmine = sides.find(Place::Redmine, &tag).await.unwrap().key;
        let close = script.close(&tag, Place::GitHub);
        tokio::join!(
            sides.act(Place::GitHub, &github, &close),
            sides.act(Place::Redmine, &redmine, &close)
        );
    }
}

/// Waits until both sides are as the edits say.
async fn in_step(product: &Product, sides: &Sides, script: &Script) -> Both {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let both = look(sides).await;
        let found = complaints(&both, script);
        if found.is_empty() {
            return both;
        }
        assert!(
            Instant::now() < deadline,
            "not in step after {PATIENCE:?}:\n{}\n{}",
            found.join("\n"),
            product.told()
        );
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

/// Waits until both nodes were audited as a whole, from now on: whatever would still be written is written by then.
async fn audited(product: &Product) {
    let now = SystemClock.now().as_millis();
    until("a whole audit of both nodes", || {
        let status = product.ask(&["status"])?;
        let lines = status["ledger"].as_array()?;
        let since = |node: &str| {
            let mut of_node = lines.iter().filter(|line| line["node"] == node);
            of_node.any(|line| line["audited_to"].as_i64().is_some_and(|to| to > now))
        };
        (since("github") && since("redmine")).then_some(())
    })
    .await;
}
