//! What is wrong with the places that connections use shows in the status.

use crate::support::rules::contract;
use crate::support::tracker::{Fault, On, Refusal};
use crate::support::{Running, World, until};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use twinline_core::contract::Contract;
use twinline_core::item::Value;
use twinline_engine::WebhookStanding;
use twinline_engine::ops::NodeStatus;
use twinline_trackers::Subscription;

const PERIOD: Duration = Duration::from_secs(100);

fn world() -> World {
    let mut world = World::new(&["left", "right"]);
    world.settings.probe_period = PERIOD;
    world.sweep.period = PERIOD / 10;
    world.sweep.backed_off = PERIOD / 10;
    world
}

/// Rules whose left side is this project of the node `left`.
fn in_project(connection: &str, project: &str) -> Contract {
    let mut rules = contract(connection, "left", "right");
    rules.scopes.left = BTreeMap::from([("project".to_owned(), project.to_owned())]);
    rules
}

async fn faults(running: &Running) -> Vec<String> {
    let nodes = running.host.status().await.unwrap().nodes.into_iter();
    let mut left = nodes.filter(|node| node.node.as_str() == "left");
    left.next().unwrap().faults
}

#[tokio::test(start_paused = true)]
async fn the_faults_of_a_place_show_until_they_are_mended() {
    let world = world();
    let running = world
        .start(&[in_project("a", "A"), in_project("b", "B")])
        .await;
    let tracker = world.tracker("left");
    until("both were asked about", async || {
        tracker.state().places_probed.len() == 2
    })
    .await;
    assert!(faults(&running).await.is_empty());

    tracker.state().refused.insert("A".to_owned());
    tracker.state().refusal = Refusal::Gone;
    let archived = "B is archived: unarchive it".to_owned();
    tracker
        .state()
        .place_faults
        .insert("B".to_owned(), vec![archived.clone()]);
    until("both faults show", async || {
        faults(&running).await.len() == 2
    })
    .await;
    let gone = "project A: not reachable: 404 Not Found".to_owned();
    assert_eq!(faults(&running).await, [archived.clone(), gone]);

    tracker.state().refused.clear();
    until("the project is back", async || {
        faults(&running).await == [archived.clone()]
    })
    .await;
    tracker.state().place_faults.clear();
    until("it is mended", async || faults(&running).await.is_empty()).await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_place_is_asked_about_once_in_a_period_and_a_node_has_forty_of_them() {
    let world = world();
    let projects = 50;
    let rules: Vec<_> = (0..projects)
        .map(|number| in_project(&format!("c{number}"), &format!("P{number}")))
        .collect();
    let running = world.start(&rules).await;
    let tracker = world.tracker("left");
    tokio::time::sleep(PERIOD - PERIOD / 20).await;
    assert_eq!(tracker.state().places_probed.len(), 40);
    tokio::time::sleep(PERIOD).await;
    let probed = tracker.state().places_probed.clone();
    assert_eq!(probed.len(), 80);
    let ever: BTreeSet<_> = probed.into_iter().collect();
    assert_eq!(ever.len(), projects, "all have had their turn");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_place_that_does_not_answer_is_no_fault_of_its_own_and_what_was_known_stays() {
    let world = world();
    let tracker = world.tracker("left");
    let lacking = vec!["no right to write in A".to_owned()];
    tracker
        .state()
        .place_faults
        .insert("A".to_owned(), lacking.clone());
    let running = world.start(&[in_project("a", "A")]).await;
    until("the fault shows", async || {
        faults(&running).await == lacking
    })
    .await;
    tracker.fault(On::Place, Fault::Retry(None));
    let asked = tracker.state().places_probed.len();
    until("it was asked in vain", async || {
        tracker.state().places_probed.len() == asked + 1
    })
    .await;
    assert_eq!(faults(&running).await, lacking);
    running.stop().await;
}

/// The node as it shows in the status.
async fn left(running: &Running) -> NodeStatus {
    let nodes = running.host.status().await.unwrap().nodes.into_iter();
    let mut left = nodes.filter(|node| node.node.as_str() == "left");
    left.next().unwrap()
}

async fn stands(running: &Running, expected: &WebhookStanding) {
    until(&format!("{expected:?}"), async || {
        left(running).await.webhook == *expected
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_webhook_that_is_gone_or_switched_off_shows_and_is_to_be_registered_again() {
    let world = world();
    let running = world.start(&[in_project("a", "A")]).await;
    let tracker = world.tracker("left");
    let url = "https://edge/hooks/left";
    until("it was looked at", async || {
        tracker.state().webhooks_looked_at == [("A".to_owned(), url.to_owned())]
    })
    .await;
    assert_eq!(left(&running).await.webhook, WebhookStanding::Unasked);
    let scope = BTreeMap::from([("project".to_owned(), "A".to_owned())]);
    let register = async || {
        let node = "left".into();
        let ended = running.host.subscribe(&node, &scope, url, "secret").await;
        ended.unwrap().unwrap();
    };
    register().await;
    stands(&running, &WebhookStanding::Registered).await;
    assert_eq!(running.host.take_lost_webhooks(), [].into());
    let off = "it is switched off: switch it on".to_owned();
    for lost in [Subscription::Missing, Subscription::Off(off.clone())] {
        let is_off = lost.fault().is_some();
        tracker.state().webhooks.insert("A".to_owned(), lost);
        until("it is seen to be lost", async || {
            let webhook = left(&running).await.webhook;
            matches!(webhook, WebhookStanding::Failing { .. })
        })
        .await;
        let told: Vec<String> = is_off.then(|| off.clone()).into_iter().collect();
        assert_eq!(faults(&running).await, told);
        let lost = BTreeSet::from([("left".into(), scope.clone())]);
        assert_eq!(running.host.take_lost_webhooks(), lost);
        tracker.state().webhooks.clear();
        register().await;
        stands(&running, &WebhookStanding::Registered).await;
        assert!(faults(&running).await.is_empty());
    }
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn sweeps_that_find_what_no_webhook_told_are_counted_until_one_does() {
    let world = world();
    let running = world.start(&[contract("c", "left", "right")]).await;
    let item = world.make("left", "x");
    running.quiet().await;
    // The first sweep may have been faster than the first webhook.
    world.edit(&item, "summary", Value::text("told at first"));
    running.quiet().await;
    assert_eq!(left(&running).await.unannounced, 0);
    for found in 1..=2_u64 {
        let text = Value::text(format!("unannounced {found}"));
        world.tracker("left").edit(&item, "summary", text);
        until("a sweep finds it", async || {
            left(&running).await.unannounced == found
        })
        .await;
    }
    world.edit(&item, "summary", Value::text("told"));
    until("a webhook tells of one", async || {
        left(&running).await.unannounced == 0
    })
    .await;
    running.stop().await;
}
